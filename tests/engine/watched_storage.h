// A storage that lets a test see what a job does to it, and spoil it.

#ifndef FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_
#define FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/forwarding_storage.h"

namespace flxlink::engine {

// Hands everything on to another storage. Not thread-safe.
class WatchedStorage : public ForwardingStorage {
 public:
  // What befalls a job at one of its writes; those of link jobs count, from 1, reports of progress included.
  enum class Fate {
    kNone,
    kRefused,     // It and all later ones are UNAVAILABLE, and not done.
    kAnswerLost,  // It is done and says UNKNOWN; later ones are as with kRefused.
    kDeath,       // It is not done, and from then on nothing works, as for a process that died.
    kLateDeath,   // The same, once it is done.
    kMeddled,     // `meddle` is called before it.
  };

  using ForwardingStorage::ForwardingStorage;

  // Starts to count anew.
  void Expect(Fate fate, int64_t at_write, std::function<void()> meddle = nullptr) {
    fate_ = fate;
    at_write_ = at_write;
    meddle_ = std::move(meddle);
    writes_ = 0;
    full_scans_ = 0;
  }
  // Pages of a read of a whole side.
  int64_t full_scans() const { return full_scans_; }
  int64_t writes() const { return writes_; }

 protected:
  absl::Status Before(absl::string_view operation) override {
    lost_ = false;
    if (operation == "OpenOwner" || operation == "CloseOwner") return absl::OkStatus();
    if (Dead()) return absl::UnavailableError("the process has died");
    if (operation == "ReadListingKeys" || operation == "ReadChannelKeys") ++full_scans_;
    return IsWriteOfLinkJob(operation) ? BeforeWrite() : absl::OkStatus();
  }

  absl::Status After(absl::string_view /*operation*/, const absl::Status& status) override {
    return lost_ ? absl::UnknownError("the answer got lost") : status;
  }

 private:
  static bool IsWriteOfLinkJob(absl::string_view operation) {
    for (const absl::string_view write : {"WriteLinks", "DropLinkBase", "WriteKeyEntries", "SetLinkBase",
                                          "AddKeyEntries", "ForgetLinkChanges", "ReleaseLinks", "WriteProgress"}) {
      if (operation == write) return true;
    }
    return false;
  }

  bool Dead() const { return (fate_ == Fate::kDeath || fate_ == Fate::kLateDeath) && writes_ >= at_write_; }

  absl::Status BeforeWrite() {
    ++writes_;
    if (fate_ == Fate::kNone || writes_ < at_write_) return absl::OkStatus();
    if (fate_ == Fate::kMeddled) {
      if (writes_ == at_write_) meddle_();
      return absl::OkStatus();
    }
    lost_ = writes_ == at_write_ && (fate_ == Fate::kAnswerLost || fate_ == Fate::kLateDeath);
    return lost_ ? absl::OkStatus() : absl::UnavailableError("the storage is away");
  }

  Fate fate_ = Fate::kNone;
  int64_t at_write_ = 0;
  std::function<void()> meddle_;
  int64_t writes_ = 0;
  int64_t full_scans_ = 0;
  bool lost_ = false;  // The answer of the operation that goes on gets lost.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_

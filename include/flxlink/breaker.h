// The circuit breaker: changes that would harm a merchant most if they were wrong, such as prices of a third, are
// *held* when they are many. A held change is planned, shown and not sent until a person approves it; everything else
// goes out.
//
// A change is of a kind. When the changes of one kind that a job is to make, together with those that were made within
// the last 24 hours, are more than the channel allows, all of the job's changes of that kind are held: each is
// attention of its listing variant that names the job and the value. Changes that a person approved do not count, nor
// do those that a person orders for named listing variants.
//
// Plain values.

#ifndef FLXLINK_BREAKER_H_
#define FLXLINK_BREAKER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/problem.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

enum class ChangeKind : uint8_t {
  kReprice,  // A price of less than half or more than double the known one. From none or 0 it is no such change.
  kHide,     // A rule's: what buyers see is hidden.
  kShow,     // A rule's: what is hidden becomes visible.
  kZero,     // A quantity of 0 that nobody stated: its product was absent from a feed.
  kBreak,    // A link whose item is gone from the channel, as a pull or a fetch found.
  kUnlink,   // A doubtful link that the channel's policy dissolves (OnDoubt::kDissolve).
};

constexpr ChangeKind kChangeKinds[] = {ChangeKind::kReprice, ChangeKind::kHide,  ChangeKind::kShow,
                                       ChangeKind::kZero,    ChangeKind::kBreak, ChangeKind::kUnlink};
constexpr size_t kChangeKindCount = sizeof(kChangeKinds) / sizeof(kChangeKinds[0]);

// "reprice", "hide", "show", "zero", "break", "unlink".
absl::string_view ToString(ChangeKind kind);
// What ToString gives; nullopt for any other text.
absl::optional<ChangeKind> ParseChangeKind(absl::string_view text);
// Whether it is a change of the link itself, and sends nothing.
bool IsOfLink(ChangeKind kind);
// The code of the attention of a change that is held ("reprice_held").
absl::string_view HeldCode(ChangeKind kind);

// A number for each kind.
class ChangeCounts {
 public:
  int64_t& operator[](ChangeKind kind) { return counts_[static_cast<size_t>(kind)]; }
  int64_t operator[](ChangeKind kind) const { return counts_[static_cast<size_t>(kind)]; }
  ChangeCounts& operator+=(const ChangeCounts& other);
  // Whether each is 0.
  bool empty() const;

  friend bool operator==(const ChangeCounts& a, const ChangeCounts& b) { return a.counts_ == b.counts_; }

 private:
  std::array<int64_t, kChangeKindCount> counts_{};
};

// Some of the kinds.
class ChangeKinds {
 public:
  bool Has(ChangeKind kind) const { return (bits_ >> static_cast<int>(kind) & 1) != 0; }
  void Add(ChangeKind kind) { bits_ = static_cast<uint8_t>(bits_ | 1 << static_cast<int>(kind)); }

  friend bool operator==(const ChangeKinds& a, const ChangeKinds& b) { return a.bits_ == b.bits_; }

 private:
  uint8_t bits_ = 0;
};

// How many changes of a kind a channel allows within 24 hours.
struct ChangeLimit {
  ChangeKind kind = ChangeKind::kReprice;
  // A number of changes, or percent of the channel's links.
  int64_t amount = 0;
  bool is_percent = false;

  friend bool operator==(const ChangeLimit& a, const ChangeLimit& b) {
    return a.kind == b.kind && a.amount == b.amount && a.is_percent == b.is_percent;
  }
};

// Reads "reprice=20", "hide=5%". INVALID_ARGUMENT names the wrong part.
absl::StatusOr<ChangeLimit> ParseChangeLimit(absl::string_view text);
std::string FormatChangeLimit(const ChangeLimit& limit);

// How many changes a channel with so many links allows: as `limits` say of the kind, else the larger of 20 and a fifth
// of the links, at most 2,000.
int64_t AllowedChanges(absl::Span<const ChangeLimit> limits, ChangeKind kind, int64_t links);
// Of a channel with that many links or more it allows no more by default.
constexpr int64_t kLinksThatCount = 10000;
// It allows as many by default, however few links it has.
constexpr int64_t kLeastAllowed = 20;

// What became of a change that was held: kept with its link.
struct HeldChange {
  enum class State : uint8_t {
    kHeld,      // It waits for a person.
    kApproved,  // It goes with the next sync, or the next look at the item.
    kRefused,   // It is not sent, nor shown, for as long as this value is desired.
    kBefore,    // The price from before one that was approved: going back to it is no change of the kind.
  };

  ChangeKind kind = ChangeKind::kReprice;
  State state = State::kHeld;
  // What is to be sent, and ValueDigest (sync.h) of its value; mean nothing of a change of the link itself.
  SyncField field = SyncField::kPrice;
  uint64_t digest = 0;
  // The job that held it.
  int64_t job_id = 0;
  // kHeld: an attention of the link for as long as it is held.
  Problem problem{};

  friend bool operator==(const HeldChange& a, const HeldChange& b) {
    return a.kind == b.kind && a.state == b.state && a.field == b.field && a.digest == b.digest &&
           a.job_id == b.job_id && a.problem == b.problem;
  }
};

// "held", "approved", "refused", "before".
absl::string_view ToString(HeldChange::State state);
absl::optional<HeldChange::State> ParseHeldState(absl::string_view text);

// Held changes that a person decides on: those that a job held, of these kinds and of listing variants with these SKUs.
// Empty: all.
struct HeldSelection {
  int64_t job_id = 0;
  std::vector<ChangeKind> kinds;
  std::vector<std::string> skus;
};

// A change that is held, and of what.
struct HeldRow {
  int64_t listing_id = 0;
  std::string sku;
  HeldChange change;
};

}  // namespace flxlink

#endif  // FLXLINK_BREAKER_H_

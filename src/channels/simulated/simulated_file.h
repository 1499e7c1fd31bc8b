// SimulatedFile: the items of a simulated platform in a CSV file, so that a platform outlives the process, and so that
// a person can look at it and play the shop's staff with an editor.
//
// A row an item: external_id, parent_id, status, price, compare_at_price (in minor units), quantity, identity; of each
// location L on_hand@L and reserved@L, of each market M price@M, compare_at_price@M and published@M (yes); of
// each field F that cannot be set of the item fixed@F (the reason, a word of FixedReason); every other column is a
// field. One more row, without an external id, counts the calls, which go on with the seed from there.
//
// What the platform remembers besides (SimulatedPlatform::Save()) is in PATH.state, which is written after the CSV
// file. Who dies in between, or cannot write it, has not answered its call: what that call did is in the CSV file, and
// is taken for what a person did; its receipts and keys are not known; what landed in it that was on its way lands once
// more. Who removes that file makes the platform forget; who removes the CSV file gets a new platform.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_FILE_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/simulated_channel.h"
#include "src/files/file_lock.h"
#include "src/files/file_replacement.h"

namespace flxlink::simulated {

struct SimulatedContents {
  std::vector<SimulatedItem> items;
  int64_t calls = 0;
  std::string saved{};  // Not in the CSV file.
};

std::string FormatContents(const SimulatedContents& contents);
// INVALID_ARGUMENT names `path`, the line and what is wrong there.
absl::StatusOr<SimulatedContents> ParseContents(const std::string& path, std::string text);

// Locked, on PATH.lock, as long as it lives. Not thread-safe; two of one file exclude each other in one process too.
class SimulatedFile {
 public:
  // UNAVAILABLE: another call had it for as long as this one may take. CANCELLED: the call was meanwhile. Other errors
  // as of files::FileError.
  static absl::StatusOr<SimulatedFile> Open(const std::string& path, const CallContext& call);

  // NOT_FOUND: there is no such CSV file yet.
  absl::StatusOr<SimulatedContents> Read();
  // Each file at once: a reader sees the old one or the new one. ABORTED: a person has written it since it was read, or
  // made it where it was not there.
  absl::Status Write(const SimulatedContents& contents) const;

 private:
  SimulatedFile(const std::string& path, files::FileLock lock)
      : csv_{path, absl::nullopt}, state_{path + ".state", absl::nullopt}, lock_(std::move(lock)) {}

  struct Part {
    std::string path;
    absl::optional<files::FileStamp> stamp;  // As it was read. nullopt: it was not there.

    // NOT_FOUND: it is not there.
    absl::StatusOr<std::string> Read();
    absl::Status Write(absl::string_view bytes) const;
  };

  Part csv_;
  Part state_;
  files::FileLock lock_;
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_FILE_H_

#include "src/storage/sqlite/sqlite_locks.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace flxlink::sqlite {
namespace {

constexpr absl::Duration kFirstWait = absl::Microseconds(50);
constexpr absl::Duration kLongestWait = absl::Milliseconds(5);

// The writer lock is a lock of the file's first byte. What the file holds is the name of who took it last, in a fixed
// width so that it is overwritten as a whole.
constexpr int64_t kLockedByte = 0;
constexpr int kHolderWidth = 12;

std::string HolderText() { return absl::StrCat(absl::Dec(getpid(), absl::kSpacePad10), " \n"); }

}  // namespace

absl::StatusOr<WriterLock> WriterLock::Open(const std::string& store_path) {
  auto file = ForkClosedFile::Open(absl::StrCat(store_path, "-lock"));
  if (!file.ok()) return file.status();
  return WriterLock(*std::move(file));
}

absl::Status WriterLock::Acquire(absl::Duration timeout) {
  // The kernel has no wait with a limit for such locks. What was slept is counted, so that a clock that is set does not
  // matter.
  absl::Duration slept;
  for (absl::Duration wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
    const absl::StatusOr<bool> locked = file_->TryLock(kLockedByte);
    if (!locked.ok()) return locked.status();
    if (*locked) break;
    if (slept >= timeout) return TimedOut(timeout);
    absl::SleepFor(wait);
    slept += wait;
  }
  // The name only helps whoever waits in vain: that it could not be written is no reason to stop.
  const std::string holder = HolderText();
  static_cast<void>(pwrite(file_->descriptor(), holder.data(), holder.size(), 0) > 0);
  return absl::OkStatus();
}

void WriterLock::Release() {
  // Unlocking a byte that is locked cannot fail but for a descriptor that is closed already, which unlocks too.
  file_->Unlock(kLockedByte).IgnoreError();
}

absl::Status WriterLock::TimedOut(absl::Duration timeout) const {
  char holder[kHolderWidth + 1] = {};
  const ssize_t read = pread(file_->descriptor(), holder, kHolderWidth, 0);
  const std::string name = read > 0 ? std::string(absl::StripAsciiWhitespace(holder)) : "unknown";
  return absl::UnavailableError(absl::StrCat(file_->path(), ": another process (the last to take it was ", name,
                                             ") has held the writer lock for more than ", absl::FormatDuration(timeout),
                                             "; wait for it or end it, and try again"));
}

absl::StatusOr<OwnerLocks> OwnerLocks::Open(const std::string& store_path) {
  const std::string path = absl::StrCat(store_path, "-owners");
  auto held = ForkClosedFile::Open(path);
  if (!held.ok()) return held.status();
  auto probe = ForkClosedFile::Open(path);
  if (!probe.ok()) return probe.status();
  return OwnerLocks(*std::move(held), *std::move(probe));
}

absl::Status OwnerLocks::Hold(OwnerId owner) {
  const absl::StatusOr<bool> locked = held_->TryLock(owner);
  if (!locked.ok()) return locked.status();
  if (*locked) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(held_->path(), ": owner ", owner, " is alive elsewhere; restore the store and its files together"));
}

absl::Status OwnerLocks::LetGo(OwnerId owner) { return held_->Unlock(owner); }

absl::StatusOr<bool> OwnerLocks::IsAlive(OwnerId owner) const { return probe_->IsLocked(owner); }

}  // namespace flxlink::sqlite

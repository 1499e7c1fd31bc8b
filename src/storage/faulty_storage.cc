#include "flxlink/faulty_storage.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink {
namespace {

bool ChangesSomething(absl::string_view operation) {
  return operation != "Now" && !absl::StartsWith(operation, "Read") && !absl::StartsWith(operation, "Find") &&
         !absl::StartsWith(operation, "Count");
}

}  // namespace

FaultyStorage::FaultyStorage(Storage& inner, const StorageFaults& faults)
    : ForwardingStorage(inner), faults_(faults), random_(faults.seed) {}

void FaultyStorage::SetFaults(const StorageFaults& faults) {
  absl::MutexLock lock(&mutex_);
  faults_ = faults;
  random_.seed(faults.seed);
}

// One draw an operation and kind of fault, whatever the rates are, so that a changed rate does not move the others.
bool FaultyStorage::Happens(double rate) { return std::uniform_real_distribution<double>(0, 1)(random_) < rate; }

absl::Status FaultyStorage::Before(absl::string_view operation) {
  absl::MutexLock lock(&mutex_);
  if (!Happens(faults_.unavailable)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(operation, ": the storage is away; nothing was changed, try again"));
}

absl::Status FaultyStorage::After(absl::string_view operation, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  const bool lost = Happens(faults_.answer_lost);
  if (!lost || !status.ok() || !ChangesSomething(operation)) return status;
  return absl::UnknownError(absl::StrCat(operation, ": the answer was lost; repeat the operation"));
}

}  // namespace flxlink

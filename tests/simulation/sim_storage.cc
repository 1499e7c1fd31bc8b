#include "tests/simulation/sim_storage.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink::simulation {
namespace {

absl::Status Dead() { return absl::UnavailableError("the process is dead"); }

bool ChangesSomething(absl::string_view operation) {
  for (const absl::string_view reads : {"Read", "Find", "Count", "OpenOwner", "CloseOwner"}) {
    if (absl::StartsWith(operation, reads)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<OwnerId> SimStorage::OpenOwner() {
  absl::StatusOr<OwnerId> owner = ForwardingStorage::OpenOwner();
  if (owner.ok()) process_.owners.push_back(*owner);
  return owner;
}

absl::Status SimStorage::Before(absl::string_view operation) {
  if (operation == "Now") return process_.dead ? Dead() : absl::OkStatus();
  if (absl::Status status = Survive(operation); !status.ok()) return status;
  if (operation == "ReadClaimable" && process_.given_up) {
    process_.stop.Cancel();
    return absl::UnavailableError("the process begins nothing any more");
  }
  if (operation == "CloseOwner" || !scheduler_.Happens(faults_.unavailable)) return absl::OkStatus();
  scheduler_.Note(absl::StrCat(operation, ": away"));
  return absl::UnavailableError("the store is away");
}

absl::Status SimStorage::After(absl::string_view operation, const absl::Status& status) {
  if (process_.dead) return Dead();
  if (operation == "Now" || !ChangesSomething(operation)) return status;
  if (absl::Status survived = Survive(absl::StrCat(operation, ": ", absl::StatusCodeToString(status.code())));
      !survived.ok()) {
    return survived;
  }
  if (!status.ok() || !scheduler_.Happens(faults_.answer_lost)) return status;
  scheduler_.Note(absl::StrCat(operation, ": answer lost"));
  return absl::UnknownError("the answer got lost");
}

absl::Status SimStorage::Survive(absl::string_view what) {
  if (process_.dead) return Dead();
  scheduler_.Point(what);
  if (scheduler_.Happens(faults_.long_sleep)) {
    scheduler_.Note("oversleeps");
    scheduler_.Sleep(scheduler_.UpTo(faults_.longest_sleep));
  }
  if (!process_.dead && scheduler_.Happens(faults_.crash)) die_();
  return process_.dead ? Dead() : absl::OkStatus();
}

}  // namespace flxlink::simulation

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/held.h"

namespace flxlink::storage {
namespace {

constexpr int64_t kHoursKept = 25;  // A day, and the hour that has begun.

bool IsBreak(const HeldChange& change) { return change.kind == ChangeKind::kBreak; }

}  // namespace

int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3600; }

int64_t OldestHour(absl::Time now) { return HourOf(now) - kHoursKept + 1; }

RareVector<HeldChange> HeldAfterSettlement(const std::vector<HeldChange>& stored, int64_t dirty_version,
                                           const Settlement& row) {
  if (row.dirty_version >= dirty_version) return row.held;
  RareVector<HeldChange> held = stored;
  for (const HeldChange& change : row.held) {
    const bool is_new = std::find(stored.begin(), stored.end(), change) == stored.end();
    if (change.state == HeldChange::State::kBefore && is_new) held.Mutable().push_back(change);
  }
  return held;
}

BreakVerdict JudgeBreak(const std::vector<HeldChange>& held, GoneBy by) {
  const auto known = std::find_if(held.begin(), held.end(), &IsBreak);
  if (known == held.end()) return by == GoneBy::kHoldingLook ? BreakVerdict::kHolds : BreakVerdict::kBreaks;
  if (known->state == HeldChange::State::kApproved) return BreakVerdict::kApproved;
  return by == GoneBy::kPush ? BreakVerdict::kBreaks : BreakVerdict::kStays;
}

HeldChange HeldBreak(int64_t job_id, absl::string_view external_id) {
  HeldChange change;
  change.kind = ChangeKind::kBreak;
  change.job_id = job_id;
  change.problem = MakeProblem(
      problem_code::kBreakHeld, {{"job", absl::StrCat(job_id)}, {"external_id", std::string(external_id)}},
      absl::StrCat("item ", external_id, " is gone from the channel; job ", job_id,
                   " found more such items than the channel allows, so that its link waits for approval to break"));
  return change;
}

RareVector<HeldChange> WithoutBreak(const std::vector<HeldChange>& held) {
  RareVector<HeldChange> left;
  for (const HeldChange& change : held) {
    if (!IsBreak(change)) left.Mutable().push_back(change);
  }
  return left;
}

std::vector<Problem> WithBreakHeld(const std::vector<Problem>& attentions, const Problem& held) {
  std::vector<Problem> with = WithoutBreakHeld(attentions);
  const auto place =
      std::find_if(with.begin(), with.end(), [&](const Problem& other) { return other.code > held.code; });
  with.insert(place, held);
  return with;
}

std::vector<Problem> WithoutBreakHeld(const std::vector<Problem>& attentions) {
  std::vector<Problem> left;
  for (const Problem& problem : attentions) {
    if (problem.code != problem_code::kBreakHeld) left.push_back(problem);
  }
  return left;
}

bool IsSelected(const HeldSelection& selection, const HeldChange& change) {
  if (change.state != HeldChange::State::kHeld || change.job_id != selection.job_id) return false;
  return selection.kinds.empty() ||
         std::find(selection.kinds.begin(), selection.kinds.end(), change.kind) != selection.kinds.end();
}

int64_t DecideHeld(const HeldSelection& selection, HeldChange::State decision, RareVector<HeldChange>* held,
                   std::vector<Problem>* attentions) {
  int64_t decided = 0;
  for (HeldChange& change : held->Mutable()) {
    if (!IsSelected(selection, change)) continue;
    change.state = decision;
    attentions->erase(std::remove(attentions->begin(), attentions->end(), change.problem), attentions->end());
    change.problem = Problem();
    ++decided;
  }
  return decided;
}

}  // namespace flxlink::storage

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/held.h"

namespace flxlink::storage {
namespace {

constexpr int64_t kHoursKept = 25;  // A day, and the hour that has begun.

template <typename Predicate>
RareVector<HeldChange> Where(const std::vector<HeldChange>& held, Predicate stays) {
  RareVector<HeldChange> left;
  for (const HeldChange& change : held) {
    if (stays(change)) left.Mutable().push_back(change);
  }
  return left;
}

std::vector<Problem> Without(const std::vector<Problem>& attentions, absl::string_view code) {
  std::vector<Problem> left;
  for (const Problem& problem : attentions) {
    if (problem.code != code) left.push_back(problem);
  }
  return left;
}

// What was decided or held of the link itself; null: nothing of that kind.
const HeldChange* FindOfLink(const std::vector<HeldChange>& held, ChangeKind kind) {
  const auto found =
      std::find_if(held.begin(), held.end(), [&](const HeldChange& change) { return change.kind == kind; });
  return found == held.end() ? nullptr : &*found;
}

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

absl::optional<HeldChange::State> UnlinkState(const std::vector<HeldChange>& held) {
  const HeldChange* unlink = FindOfLink(held, ChangeKind::kUnlink);
  return unlink == nullptr ? absl::nullopt : absl::make_optional(unlink->state);
}

bool IsUndecidedDoubt(LinkState state, bool doubtful, const std::vector<HeldChange>& held) {
  return state == LinkState::kLinked && doubtful && !UnlinkState(held).has_value();
}

BreakVerdict JudgeBreak(const std::vector<HeldChange>& held, GoneBy by) {
  const HeldChange* known = FindOfLink(held, ChangeKind::kBreak);
  if (known == nullptr) return by == GoneBy::kHoldingLook ? BreakVerdict::kHolds : BreakVerdict::kBreaks;
  if (known->state == HeldChange::State::kApproved) return BreakVerdict::kApproved;
  return by == GoneBy::kPush ? BreakVerdict::kBreaks : BreakVerdict::kStays;
}

HeldChange HeldOfLink(ChangeKind kind, int64_t job_id, absl::string_view external_id) {
  const std::string what = kind == ChangeKind::kBreak
                               ? absl::StrCat("item ", external_id, " is gone from the channel; job ", job_id,
                                              " found more such items than the channel allows, so that its link waits "
                                              "for approval to break")
                               : absl::StrCat("the link to item ", external_id, " is doubtful; job ", job_id,
                                              " found more such links than the channel allows, so that it waits for "
                                              "approval to dissolve this one");
  HeldChange change;
  change.kind = kind;
  change.job_id = job_id;
  change.problem =
      MakeProblem(HeldCode(kind), {{"job", absl::StrCat(job_id)}, {"external_id", std::string(external_id)}}, what);
  return change;
}

RareVector<HeldChange> WithoutKind(const std::vector<HeldChange>& held, ChangeKind kind) {
  return Where(held, [&](const HeldChange& change) { return change.kind != kind; });
}

RareVector<HeldChange> HeldOnceBroken(const std::vector<HeldChange>& held) {
  return Where(held, [](const HeldChange& change) { return !IsOfLink(change.kind); });
}

std::vector<Problem> WithHeld(const std::vector<Problem>& attentions, const Problem& held) {
  std::vector<Problem> with = Without(attentions, held.code);
  const auto place =
      std::find_if(with.begin(), with.end(), [&](const Problem& other) { return other.code > held.code; });
  with.insert(place, held);
  return with;
}

std::vector<Problem> WithoutHeld(const std::vector<Problem>& attentions, ChangeKind kind) {
  return Without(attentions, HeldCode(kind));
}

ChangeCounts AtMost(const ChangeCounts& changes, int64_t made) {
  ChangeCounts counted;
  for (const ChangeKind kind : kChangeKinds) counted[kind] = std::min(changes[kind], made);
  return counted;
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

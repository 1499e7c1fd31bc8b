#include "src/engine/page_push.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/adapter_error.h"
#include "src/engine/open_pushes.h"

namespace flxlink::engine {
namespace {

// A push that conflicted as a whole is sent again, on the channel as it is by then; so is one that was given up because
// its job is to end, by the job that comes after.
bool WorthAnotherPush(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsCancelled(status) || WorthAnotherTry(status);
}

bool Holds(const std::vector<HeldChange>& held) {
  return std::any_of(held.begin(), held.end(),
                     [](const HeldChange& change) { return change.state == HeldChange::State::kHeld; });
}

}  // namespace

const PushKind& PagePush::KindOf(const sync::PushBatch& batch) const {
  return scope_.capabilities.push_kinds[static_cast<size_t>(batch.kind)];
}

absl::Status PagePush::Run(absl::FunctionRef<absl::Status()> give_way) {
  const std::vector<sync::PushBatch> batches = sync::MakePushBatches(plan_, scope_.capabilities.push_kinds);
  waiting_.assign(batches.begin(), batches.end());
  const auto goes_on = [this] { return !waiting_.empty() && !result_.stop; };
  while (goes_on()) {
    absl::Status status = PushRound();
    if (status.ok() && goes_on()) status = give_way();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PagePush::PushRound() {
  absl::StatusOr<std::vector<Call>> calls = TakeCalls();
  const absl::Status status = calls.ok() ? SendInTime(*std::move(calls)) : calls.status();
  return status.ok() ? context_.Report() : status;
}

// The next calls of one kind that can be under way together: the next of all, and those of its kind that follow, though
// others stand between. The first waits for what it takes of the account; others go along where theirs is there.
absl::StatusOr<std::vector<PagePush::Call>> PagePush::TakeCalls() {
  const PushKind& kind = KindOf(waiting_.front());
  const auto items_of = [](const sync::PushBatch& batch) { return static_cast<int64_t>(batch.items.size()); };
  absl::StatusOr<CallPermit> first = context_.Take(kind.cost, items_of(waiting_.front()));
  if (!first.ok()) return first.status();
  std::vector<Call> calls;
  auto next = waiting_.begin();
  for (absl::optional<CallPermit> permit = *std::move(first); permit.has_value();) {
    calls.push_back({std::move(*next), {}, *std::move(permit), {}});
    next = waiting_.erase(next);
    if (calls.size() >= static_cast<size_t>(kind.in_flight)) break;
    next = std::find_if(next, waiting_.end(), [&](const sync::PushBatch& batch) { return &KindOf(batch) == &kind; });
    if (next == waiting_.end()) break;
    permit = context_.TakeNow(kind.cost, items_of(*next));
  }
  return calls;
}

// The time is looked at right before the calls go out: who slept since the records were written must not send what a
// later worker takes for landed or lost. A kind without a timeout has none to pass.
absl::Status PagePush::SendInTime(std::vector<Call> calls) {
  const PushKind& kind = KindOf(calls.front().batch);
  const absl::Time begun = context_.options().clock->Now();
  absl::Status status = Begin(absl::MakeSpan(calls));
  if (!status.ok()) return status;
  calls.erase(std::remove_if(calls.begin(), calls.end(), [](const Call& call) { return call.batch.items.empty(); }),
              calls.end());
  if (calls.empty()) return absl::OkStatus();
  const bool in_time = context_.options().clock->Now() - begun < StartWithin(kind);
  if (in_time || kind.timeout <= absl::ZeroDuration()) return Send(absl::MakeSpan(calls), kind.timeout);
  for (const Call& call : calls) status.Update(SettleUntried(call));
  result_.again = true;
  return status;
}

// Where one cannot be recorded, none goes out.
absl::Status PagePush::Begin(absl::Span<Call> calls) {
  for (size_t i = 0; i < calls.size(); ++i) {
    const absl::Status status = BeginOne(&calls[i]);
    if (status.ok()) continue;
    // The error is what the job ends with; what cannot be written now ends with its deadline. Of the last one nobody
    // knows whether it was recorded.
    for (const Call& begun : calls.subspan(0, i + 1)) SettleUntried(begun).IgnoreError();
    return status;
  }
  return absl::OkStatus();
}

absl::Status PagePush::BeginOne(Call* call) {
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  call->begun_at = *now;
  call->record.push_id = context_.NextPushId();
  const PushKind& kind = KindOf(call->batch);
  call->record.kind = kind.name;
  call->record.call_deadline = *now + CallSpan(kind);
  call->record.receipt_deadline = *now + StartWithin(kind) + kind.receipt_timeout;
  call->record.policy_version = context_.channel().policy_version;
  for (const int64_t number : call->batch.items) {
    call->record.items.push_back(plan_.items[static_cast<size_t>(number)]);
  }
  const absl::StatusOr<std::vector<int64_t>> left_out = context_.RetryValue<std::vector<int64_t>>(
      [&] { return context_.storage().BeginPush(context_.fence(), call->record); });
  return left_out.ok() ? LeaveOut({left_out->begin(), left_out->end()}, call) : left_out.status();
}

// What was overtaken since it was planned is planned anew: next, or, where the channel has another policy now, by the
// job's next run, which goes by that.
absl::Status PagePush::LeaveOut(const absl::flat_hash_set<int64_t>& listing_ids, Call* call) {
  if (listing_ids.empty()) return absl::OkStatus();
  std::vector<int64_t> items;
  std::vector<PushItem> recorded;
  for (size_t i = 0; i < call->batch.items.size(); ++i) {
    if (listing_ids.contains(call->record.items[i].listing_id)) {
      const SyncPlan::ItemState& state = plan_.item_states[static_cast<size_t>(call->batch.items[i])];
      result_.overtaken.emplace_back(page_.sku[state.row]);
      scope_.breaker.NoteOvertaken(state.changes);
      continue;
    }
    items.push_back(call->batch.items[i]);
    recorded.push_back(std::move(call->record.items[i]));
  }
  call->batch.items = std::move(items);
  call->record.items = std::move(recorded);
  const absl::StatusOr<Channel> channel =
      context_.RetryValue<Channel>([&] { return context_.storage().ReadChannel(scope_.channel_id()); });
  if (!channel.ok()) return channel.status();
  if (channel->policy_version != context_.channel().policy_version) context_.Yield();
  return absl::OkStatus();
}

// The first error ends the sync; what the other calls came to is stored all the same.
absl::Status PagePush::Send(absl::Span<Call> calls, absl::Duration timeout) {
  const PushKind& kind = KindOf(calls.front().batch);
  std::vector<PushRequest> requests;
  std::vector<const CallPermit*> permits;
  for (const Call& call : calls) {
    requests.push_back({kind.name, call.record.items, sync::CallKeyOf(call.record.items)});
    permits.push_back(&call.permit);
  }
  const std::unique_ptr<CallContext> context = context_.StartCall(timeout, permits);
  absl::Status first_error;
  context_.adapter().PushSeveral(requests, *context, [&](size_t i, absl::StatusOr<PushReply> reply) {
    first_error.Update(TakeAnswer(calls[i], std::move(reply)));
  });
  return first_error;
}

absl::Status PagePush::TakeAnswer(Call& call, absl::StatusOr<PushReply> reply) {
  if (!reply.ok()) return TakeError(call, reply.status());
  return TakeOutcomes(call, reply->outcomes);
}

absl::Status PagePush::TakeOutcomes(Call& call, absl::Span<const PushOutcome> outcomes) {
  NoteThrottled(call, outcomes);
  SettlementBatch settlements = Settle(plan_, call.batch.items, outcomes, call.record.push_id);
  settlements.seen_at = call.begun_at;
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope_, settlements, &result_);
  if (!written.ok()) return written.status();
  NoteOutcomes(call, outcomes, settlements);
  NoteAttentions(scope_, page_, settlements, *written);
  return absl::OkStatus();
}

absl::Status PagePush::TakeError(Call& call, const absl::Status& error) {
  if (IsThrottled(error)) {
    result_.again = result_.stop = true;
    result_.wait = std::max(result_.wait, *RetryAfter(error));
    context_.TakeThrottled(call.permit, *RetryAfter(error));
    return SettleUntried(call);
  }
  if (absl::IsInvalidArgument(error) && !KindOf(call.batch).takes_good_items) return Halve(call, error);
  return TakeUnknown(call, error);
}

// Nothing is known of any item: the record stays open, and its links stay in doubt.
absl::Status PagePush::TakeUnknown(const Call& call, const absl::Status& error) {
  if (!WorthAnotherPush(error)) return AdapterError(error, context_.channel());
  for (const PushItem& item : call.record.items) scope_.unready.insert(item.channel_variant_id);
  result_.again = result_.stop = result_.failed = true;
  result_.reason = std::string(error.message());
  result_.wait = std::max(result_.wait, RetryAfter(error).value_or(absl::ZeroDuration()));
  return absl::OkStatus();
}

// The platform did nothing of it: the record is closed, and no item is in doubt because of it.
absl::Status PagePush::SettleUntried(const Call& call) {
  PushOutcome untried;
  untried.result = PushResult::kNotTried;
  const std::vector<PushOutcome> outcomes(call.batch.items.size(), untried);
  return WriteSettlements(scope_, Settle(plan_, call.batch.items, outcomes, call.record.push_id), &result_).status();
}

// The halves are the next calls.
absl::Status PagePush::Halve(Call& call, const absl::Status& refusal) {
  const std::vector<int64_t>& items = call.batch.items;
  if (items.size() == 1) {
    PushOutcome rejected;
    rejected.result = PushResult::kRejected;
    rejected.message = std::string(refusal.message());
    return TakeOutcomes(call, {rejected});
  }
  const absl::Status status = SettleUntried(call);
  if (!status.ok()) return status;
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  waiting_.push_front({call.batch.kind, {middle, items.end()}});
  waiting_.push_front({call.batch.kind, {items.begin(), middle}});
  return absl::OkStatus();
}

// The settlements have a row for each outcome that is known, in their order. Of the others nothing is settled.
void PagePush::NoteOutcomes(const Call& call, absl::Span<const PushOutcome> outcomes,
                            const SettlementBatch& settlements) {
  size_t row = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const bool known = outcomes[i].result != PushResult::kUnavailable;
    if (!known) scope_.unready.insert(call.record.items[i].channel_variant_id);
    NoteOutcome(call, i, outcomes[i], known ? settlements.rows[row++] : Settlement());
  }
}

void PagePush::NoteThrottled(Call& call, absl::Span<const PushOutcome> outcomes) {
  for (const PushOutcome& outcome : outcomes) {
    if (outcome.result == PushResult::kThrottled) context_.TakeThrottled(call.permit, outcome.retry_after);
  }
}

// The end of a link is counted once, whatever its steps.
void PagePush::NoteOutcome(const Call& call, size_t item, const PushOutcome& outcome, const Settlement& settlement) {
  const int64_t number = call.batch.items[item];
  const bool settled = settlement.settled;
  if (!settled) result_.again = true;
  switch (outcome.result) {
    case PushResult::kApplied:
      return NoteApplied(number, settled);
    case PushResult::kRejected:
      context_.Count("refused", 1);
      if (settled) context_.progress().failed += 1;
      return;
    case PushResult::kNotFound:
      context_.Count("broken", 1);
      context_.progress().failed += 1;
      return;
    case PushResult::kConflict:
      // An earlier push of it had landed.
      if (DifferenceOf(call.record.items[item].mask, settlement.mask).empty()) return NoteApplied(number, settled);
      NoteConflict(number, settlement);
      break;
    case PushResult::kThrottled:
      result_.wait = std::max(result_.wait, outcome.retry_after);
      result_.stop = true;
      break;
    case PushResult::kNotTried:
      // Nothing else could have been in its way.
      if (call.batch.items.size() == 1) result_.failed = true;
      break;
    case PushResult::kAccepted:
      context_.Count("accepted", 1);
      if (settled) context_.progress().done += 1;
      return;
    case PushResult::kUnavailable:
      result_.failed = true;
      break;
  }
  result_.reason = absl::StrCat("item ", call.record.items[item].external_id, ": ", ToString(outcome.result),
                                outcome.message.empty() ? "" : ": ", outcome.message);
}

// Where the conflict did not say what the channel has, somebody has to look.
void PagePush::NoteConflict(int64_t number, const Settlement& settlement) {
  result_.failed = true;
  if (!settlement.mask.empty() || !PresentFields(settlement.seen).empty()) return;
  const int64_t row = plan_.item_states[static_cast<size_t>(number)].row;
  result_.conflicted.emplace(page_.external_id[row], page_.sku[row]);
}

// A link of which something stays refused or held is not done, whatever else was applied.
void PagePush::NoteApplied(int64_t number, bool settled) {
  const PushItem& item = plan_.items[static_cast<size_t>(number)];
  for (const SyncField field : kSyncFields) {
    if (item.mask.Has(field)) context_.Count(SentCounter(field), 1);
  }
  if (!item.mask.content().empty()) context_.Count(kSentContent, 1);
  if (!settled) return;
  context_.Count("sent", 1);
  const SyncPlan::ItemState& state = plan_.item_states[static_cast<size_t>(number)];
  JobProgress& progress = context_.progress();
  (!state.refused.empty() ? progress.failed : Holds(state.held_once_applied) ? progress.held : progress.done) += 1;
}

}  // namespace flxlink::engine

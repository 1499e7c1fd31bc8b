#include "src/engine/page_push.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/engine/adapter_error.h"
#include "src/engine/receipts.h"

namespace flxlink::engine {
namespace {

// A push that conflicted as a whole is sent again, on the channel as it is by then.
bool WorthAnotherPush(const absl::Status& status) { return absl::IsAborted(status) || WorthAnotherTry(status); }

bool IsUnknown(const PushOutcome& outcome) {
  return outcome.result == PushResult::kAccepted || outcome.result == PushResult::kUnavailable;
}

// How long after a push began something of it can land.
absl::Duration LandingTime(const AdapterCapabilities& capabilities) {
  if (!capabilities.asynchronous_receipts) return capabilities.push_timeout;
  return std::max(capabilities.push_timeout, capabilities.receipt_timeout);
}

}  // namespace

absl::Status PagePush::Run() {
  const int64_t count = static_cast<int64_t>(plan_.items.size());
  const int64_t limit = scope_.capabilities.push_limit > 0 ? scope_.capabilities.push_limit : count;
  for (int64_t first = 0; first < count && !result_.stop; first += limit) {
    const absl::Status status = PushItems(first, std::min(limit, count - first));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PagePush::PushItems(int64_t first, int64_t count) {
  Batch batch;
  batch.first = first;
  batch.items = absl::MakeConstSpan(plan_.items).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  const absl::Status status = Begin(&batch);
  if (!status.ok()) return status;
  absl::StatusOr<PushReply> reply = context_.adapter().Push({batch.items, scope_.revision});
  return reply.ok() ? TakeReply(batch, *std::move(reply)) : TakeError(batch, reply.status());
}

// The tokens come first: the deadline counts from the call.
absl::Status PagePush::Begin(Batch* batch) {
  absl::Status status = context_.TakeTokens(scope_.capabilities.rate_limit.push_cost);
  if (!status.ok()) return status;
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  batch->push_id = context_.NextPushId();
  batch->deadline = *now + LandingTime(scope_.capabilities);
  PushRecord record;
  record.push_id = batch->push_id;
  record.call_deadline = batch->deadline;
  record.items.assign(batch->items.begin(), batch->items.end());
  return context_.Retry([&] { return context_.storage().BeginPush(context_.fence(), record); });
}

absl::Status PagePush::TakeReply(const Batch& batch, PushReply reply) {
  if (reply.outcomes.size() != batch.items.size()) {
    return absl::InternalError(absl::StrCat("the adapter ", context_.channel().config.adapter, " answered ",
                                            reply.outcomes.size(), " outcomes for ", batch.items.size(),
                                            " items; it must give one an item, fix it there"));
  }
  const absl::Status status = PollReceipts(context_, batch.deadline, &reply.outcomes);
  if (!status.ok()) return status;
  SettlementBatch settlements = Settle(plan_, batch.first, reply.outcomes, batch.push_id);
  settlements.revision = reply.revision;
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope_, settlements, &result_);
  if (!written.ok()) return written.status();
  if (!reply.revision.empty()) scope_.revision = reply.revision;
  NoteOutcomes(batch, reply.outcomes);
  NoteAttentions(scope_, page_, settlements, *written);
  return context_.Report();
}

absl::Status PagePush::TakeError(const Batch& batch, const absl::Status& error) {
  if (IsThrottled(error)) {
    result_.again = result_.stop = true;
    result_.wait = std::max(result_.wait, *RetryAfter(error));
    return SettleUntried(batch);
  }
  if (absl::IsInvalidArgument(error) && !scope_.capabilities.partial_success) return Bisect(batch, error);
  return TakeUnknown(batch, error);
}

// Nothing is known of any item: the record stays open, and its links stay in doubt.
absl::Status PagePush::TakeUnknown(const Batch& batch, const absl::Status& error) {
  if (!WorthAnotherPush(error)) return AdapterError(error, context_.channel());
  for (const PushItem& item : batch.items) scope_.unready.insert(item.listing_id);
  result_.again = result_.stop = result_.failed = true;
  result_.reason = std::string(error.message());
  result_.wait = std::max(result_.wait, RetryAfter(error).value_or(absl::ZeroDuration()));
  return absl::OkStatus();
}

// The platform did nothing of it: the record is closed, and no item is in doubt because of it.
absl::Status PagePush::SettleUntried(const Batch& batch) {
  PushOutcome untried;
  untried.result = PushResult::kNotTried;
  const std::vector<PushOutcome> outcomes(batch.items.size(), untried);
  return WriteSettlements(scope_, Settle(plan_, batch.first, outcomes, batch.push_id), &result_).status();
}

absl::Status PagePush::Bisect(const Batch& batch, const absl::Status& refusal) {
  if (batch.items.size() == 1) {
    PushOutcome rejected;
    rejected.result = PushResult::kRejected;
    rejected.message = std::string(refusal.message());
    return TakeReply(batch, {{std::move(rejected)}, ""});
  }
  absl::Status status = SettleUntried(batch);
  if (!status.ok()) return status;
  const int64_t count = static_cast<int64_t>(batch.items.size());
  status = PushItems(batch.first, count / 2);
  if (!status.ok() || result_.stop) return status;
  return PushItems(batch.first + count / 2, count - count / 2);
}

void PagePush::NoteOutcomes(const Batch& batch, absl::Span<const PushOutcome> outcomes) {
  const bool undecided = std::any_of(outcomes.begin(), outcomes.end(), [](const PushOutcome& outcome) {
    return outcome.result == PushResult::kAccepted;
  });
  if (undecided && !context_.yields()) NoteUndecided(batch, outcomes);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (IsUnknown(outcomes[i])) scope_.unready.insert(batch.items[i].listing_id);
    if (!undecided || !IsUnknown(outcomes[i])) NoteOutcome(batch.items[i], outcomes[i]);
  }
  // The channel moved under the whole push: what follows would conflict as well.
  if (result_.conflicted.size() >= batch.items.size()) result_.stop = true;
}

void PagePush::NoteOutcome(const PushItem& item, const PushOutcome& outcome) {
  switch (outcome.result) {
    case PushResult::kApplied:
      return NoteApplied(item);
    case PushResult::kRejected:
      context_.Count("refused", 1);
      context_.progress().failed += 1;
      return;
    case PushResult::kNotFound:
      context_.Count("broken", 1);
      context_.progress().failed += 1;
      context_.output().changed_link_inputs = true;
      return;
    case PushResult::kConflict:
      result_.conflicted.insert(item.listing_id);
      result_.failed = true;
      break;
    case PushResult::kThrottled:
      result_.wait = std::max(result_.wait, outcome.retry_after);
      result_.stop = true;
      break;
    case PushResult::kNotTried:
      break;
    case PushResult::kAccepted:
    case PushResult::kUnavailable:
      result_.failed = true;
      break;
  }
  result_.again = true;
  result_.reason = absl::StrCat("item ", item.external_id, ": ", ToString(outcome.result),
                                outcome.message.empty() ? "" : ": ", outcome.message);
}

void PagePush::NoteApplied(const PushItem& item) {
  context_.Count("sent", 1);
  for (const SyncField field : kSyncFields) {
    if (item.mask.Has(field)) context_.Count(SentCounter(field), 1);
  }
  if (!item.mask.content().empty()) context_.Count(kSentContent, 1);
  context_.progress().done += 1;
}

// Nothing more is heard of these items in this job.
void PagePush::NoteUndecided(const Batch& batch, absl::Span<const PushOutcome> outcomes) {
  const int64_t count = std::count_if(outcomes.begin(), outcomes.end(), IsUnknown);
  scope_.undecided_pushes.insert(batch.push_id);
  context_.Count("undecided", count);
  context_.progress().failed += count;
}

}  // namespace flxlink::engine

#include "src/engine/receipts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/engine/adapter_error.h"
#include "src/engine/open_pushes.h"

namespace flxlink::engine {
namespace {

// Receipts in one call at the most.
constexpr size_t kReceiptsInACall = 1000;
// How long to wait before a receipt is asked about again: a part of its age, within bounds.
constexpr int64_t kPartOfAge = 4;
constexpr absl::Duration kLongestWait = absl::Minutes(15);

// A receipt that is open, and where it stands.
struct OpenReceipt {
  const OpenPush* push = nullptr;
  const OpenItem* open = nullptr;
  PushOutcome outcome;
};

std::vector<OpenReceipt> FindReceipts(const std::vector<OpenPush>& pushes) {
  std::vector<OpenReceipt> receipts;
  for (const OpenPush& push : pushes) {
    for (const OpenItem& open : push.items) {
      if (open.receipt.empty()) continue;
      receipts.push_back({&push, &open, {}});
      receipts.back().outcome.result = PushResult::kAccepted;
    }
  }
  return receipts;
}

// Any other answer says nothing of what was accepted, which may still land.
bool Decides(PushResult result) {
  return result == PushResult::kApplied || result == PushResult::kRejected || result == PushResult::kNotFound ||
         result == PushResult::kConflict;
}

bool IsOpen(const OpenReceipt& receipt) { return receipt.outcome.result == PushResult::kAccepted; }

// Asks about all of them. What the channel does not answer now stays open.
absl::Status Ask(JobContext& context, std::vector<OpenReceipt>* receipts) {
  for (size_t first = 0; first < receipts->size(); first += kReceiptsInACall) {
    const absl::Span<OpenReceipt> some = absl::MakeSpan(*receipts).subspan(first, kReceiptsInACall);
    std::vector<std::string> texts;
    for (const OpenReceipt& receipt : some) texts.push_back(receipt.open->receipt);
    absl::StatusOr<std::vector<PushOutcome>> outcomes = context.PollReceipts(texts);
    if (!outcomes.ok()) {
      return WorthAnotherTry(outcomes.status()) ? absl::OkStatus() : AdapterError(outcomes.status(), context.channel());
    }
    for (size_t i = 0; i < some.size(); ++i) {
      if (Decides((*outcomes)[i].result)) some[i].outcome = std::move((*outcomes)[i]);
    }
  }
  return absl::OkStatus();
}

// Gives up what is too old, and says when to ask again about the rest.
absl::optional<absl::Time> GiveUpOld(SyncScope& scope, absl::Time now, std::vector<OpenReceipt>* receipts) {
  absl::optional<absl::Time> ask_again_at;
  for (OpenReceipt& receipt : *receipts) {
    if (!IsOpen(receipt)) continue;
    if (now >= receipt.push->receipt_deadline) {
      receipt.outcome.result = PushResult::kUnavailable;
      continue;
    }
    const PushKind* kind = FindPushKind(scope.capabilities, receipt.push->kind);
    const absl::Duration timeout = kind == nullptr ? absl::ZeroDuration() : kind->receipt_timeout;
    const absl::Duration age = timeout - (receipt.push->receipt_deadline - now);
    const absl::Duration wait = std::min(std::max(age / kPartOfAge, scope.context.Backoff(1)), kLongestWait);
    const absl::Time at = std::min(now + wait, receipt.push->receipt_deadline);
    ask_again_at = std::min(ask_again_at.value_or(at), at);
  }
  return ask_again_at;
}

// The links of the receipts as they are now, by listing id.
class Links {
 public:
  absl::Status Read(SyncScope& scope, absl::Span<const OpenReceipt> receipts) {
    std::vector<std::string> skus;
    for (const OpenReceipt& receipt : receipts) skus.push_back(receipt.open->sku);
    absl::StatusOr<SyncBatch> batch = scope.context.RetryValue<SyncBatch>(
        [&] { return scope.context.storage().ReadLinksBySku(scope.channel_id(), skus); });
    if (!batch.ok()) return batch.status();
    batch_ = *std::move(batch);
    for (size_t i = 0; i < batch_.rows.size(); ++i) row_of_.emplace(batch_.rows[i].listing_id, i);
    return absl::OkStatus();
  }

  const SyncBatch& batch() const { return batch_; }

  // One that is not there (any more) has nothing in doubt.
  SyncRow Find(int64_t listing_id) const {
    const auto found = row_of_.find(listing_id);
    return found == row_of_.end() ? SyncRow() : batch_.rows[found->second];
  }

 private:
  SyncBatch batch_;
  absl::flat_hash_map<int64_t, size_t> row_of_;
};

// What else is open of the links that have receipts.
struct OpenOfLink {
  std::vector<const OpenReceipt*> receipts;
  // Of pushes whose outcome is not known; what lingers is in doubt anew in its time.
  SyncFields unknown;
};
using OpenByLink = absl::flat_hash_map<int64_t, OpenOfLink>;

OpenByLink OpenOf(const std::vector<OpenReceipt>& receipts, const std::vector<OpenPush>& pushes) {
  OpenByLink open_of;
  for (const OpenReceipt& receipt : receipts) open_of[receipt.open->item.listing_id].receipts.push_back(&receipt);
  for (const OpenPush& push : pushes) {
    for (const OpenItem& open : push.items) {
      const auto link = open_of.find(open.item.listing_id);
      if (!open.receipt.empty() || open.lingers || link == open_of.end()) continue;
      link->second.unknown = UnionOf(link->second.unknown, open.item.mask);
    }
  }
  return open_of;
}

// The fields of the link that something else than `decided` may still set.
SyncFields StillOpen(const OpenByLink& open_of, const OpenReceipt& decided) {
  const OpenOfLink& link = open_of.at(decided.open->item.listing_id);
  SyncFields fields = link.unknown;
  for (const OpenReceipt* other : link.receipts) {
    if (other != &decided && IsOpen(*other)) fields = UnionOf(fields, other->open->item.mask);
  }
  return fields;
}

// A channel that did not find an item when it decided, which may have been at once, and has shown it since, is asked
// about it.
PushOutcome OutcomeOf(const PushKind* kind, const OpenReceipt& receipt, const SyncRow& link) {
  PushOutcome outcome = receipt.outcome;
  const bool seen_since =
      link.seen_at > receipt.push->call_deadline - (kind == nullptr ? absl::ZeroDuration() : CallSpan(*kind));
  if (outcome.result == PushResult::kNotFound && seen_since) outcome.result = PushResult::kConflict;
  return outcome;
}

void Note(SyncScope& scope, const OpenReceipt& receipt, PushResult result, const SyncRow& row, ReceiptsAsked* asked) {
  JobContext& context = scope.context;
  const PushItem& item = receipt.open->item;
  const auto look_again = [&] { asked->look_again.emplace(item.external_id, receipt.open->sku); };
  ++asked->ends;
  switch (result) {
    case PushResult::kApplied:
      context.Count("sent", 1);
      for (const SyncField field : kSyncFields) {
        if (item.mask.Has(field)) context.Count(SentCounter(field), 1);
      }
      if (!item.mask.content().empty()) context.Count(kSentContent, 1);
      // Something was sent since, and nobody knows which of the two landed last.
      if (item.dirty_version < row.dirty_version) look_again();
      return;
    case PushResult::kRejected:
      context.Count("refused", 1);
      return;
    case PushResult::kNotFound:
      context.Count("broken", 1);
      return;
    case PushResult::kConflict:
    case PushResult::kUnavailable:
      if (result == PushResult::kUnavailable) context.Count("receipts_lost", 1);
      look_again();
      return;
    case PushResult::kAccepted:
    case PushResult::kNotTried:
    case PushResult::kThrottled:
      return;
  }
}

// Settles those of one push that are decided or given up, from the first of `receipts` on; they are of few enough links
// for one storage operation.
absl::Status SettleSome(SyncScope& scope, absl::Span<const OpenReceipt> receipts, ReceiptsAsked* asked,
                        const OpenByLink& open_of) {
  SettlementBatch batch;
  batch.push_id = receipts.front().push->push_id;
  Links links;
  absl::Status status = links.Read(scope, receipts);
  if (!status.ok()) return status;
  for (const OpenReceipt& receipt : receipts) {
    if (IsOpen(receipt)) continue;
    const SyncRow link = links.Find(receipt.open->item.listing_id);
    const PushOutcome outcome = OutcomeOf(FindPushKind(scope.capabilities, receipt.push->kind), receipt, link);
    std::vector<Problem> attentions;
    Settlement row = SettleReceipt(*receipt.open, link, StillOpen(open_of, receipt), outcome, &attentions);
    if (!attentions.empty()) {
      batch.attentions.push_back(std::move(attentions));
      row.attentions = static_cast<int32_t>(batch.attentions.size()) - 1;
    }
    batch.rows.push_back(std::move(row));
    Note(scope, receipt, outcome.result, link, asked);
  }
  if (batch.rows.empty()) return absl::OkStatus();
  SyncPassResult result;
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope, batch, &result);
  if (!written.ok()) return written.status();
  NoteAttentions(scope, links.batch(), batch, *written);
  return scope.context.Report();
}

}  // namespace

absl::StatusOr<ReceiptsAsked> AskAboutReceipts(SyncScope& scope) {
  ReceiptsAsked asked;
  const absl::StatusOr<std::vector<OpenPush>> pushes = scope.context.RetryValue<std::vector<OpenPush>>(
      [&] { return scope.context.storage().ReadOpenPushes(scope.channel_id()); });
  if (!pushes.ok()) return pushes.status();
  std::vector<OpenReceipt> receipts = FindReceipts(*pushes);
  if (receipts.empty()) return asked;
  absl::Status status = Ask(scope.context, &receipts);
  if (!status.ok()) return status;
  const absl::StatusOr<absl::Time> now = scope.context.Now();
  if (!now.ok()) return now.status();
  asked.ask_again_at = GiveUpOld(scope, *now, &receipts);

  const OpenByLink open_of = OpenOf(receipts, *pushes);
  const size_t most = static_cast<size_t>(scope.context.page_rows());
  for (size_t first = 0, end = 0; first < receipts.size(); first = end) {
    while (end < receipts.size() && receipts[end].push == receipts[first].push && end - first < most) ++end;
    status = SettleSome(scope, absl::MakeConstSpan(receipts).subspan(first, end - first), &asked, open_of);
    if (!status.ok()) return status;
  }
  return asked;
}

}  // namespace flxlink::engine

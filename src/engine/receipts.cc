#include "src/engine/receipts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/engine/adapter_error.h"
#include "src/engine/open_pushes.h"

namespace flxlink::engine {
namespace {

// Receipts in one call at the most.
constexpr size_t kReceiptsInACall = 1000;
// How long to wait before a receipt is asked about again: a part of its age, within bounds, and up to half more.
constexpr int64_t kPartOfAge = 4;
constexpr absl::Duration kLongestWait = absl::Minutes(10);

// A receipt that is open, and where it stands.
struct OpenReceipt {
  const OpenPush* push = nullptr;
  const OpenItem* open = nullptr;
  PushOutcome outcome;
};

// In the order in which they were sent.
std::vector<OpenReceipt> FindReceipts(absl::Span<const OpenPush> pushes) {
  std::vector<OpenReceipt> receipts;
  for (const OpenPush& push : pushes) {
    for (const OpenItem& open : push.items) {
      if (open.receipt.empty()) continue;
      receipts.push_back({&push, &open, {}});
      receipts.back().outcome.result = PushResult::kAccepted;
    }
  }
  std::stable_sort(receipts.begin(), receipts.end(),
                   [](const OpenReceipt& a, const OpenReceipt& b) { return a.push->push_id < b.push->push_id; });
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

void GiveUpOld(absl::Time now, std::vector<OpenReceipt>* receipts) {
  for (OpenReceipt& receipt : *receipts) {
    if (IsOpen(receipt) && now >= receipt.push->receipt_deadline) receipt.outcome.result = PushResult::kUnavailable;
  }
}

// The next of times that are up to half the wait apart and the same for every wait that is about as long, so that what
// was sent at different times comes to be asked about together.
absl::Time Together(absl::Time at, absl::Duration wait) {
  absl::Duration step = absl::Seconds(1);
  while (4 * step <= wait) step *= 2;
  return absl::UnixEpoch() + absl::Ceil(at - absl::UnixEpoch(), step);
}

// When to ask again about a push that is not decided.
absl::Time NextAsk(const SyncScope& scope, const OpenPush& push, absl::Time now) {
  const PushKind* kind = FindPushKind(scope.capabilities, push.kind);
  const absl::Duration timeout = kind == nullptr ? absl::ZeroDuration() : kind->receipt_timeout;
  const absl::Duration age = timeout - (push.receipt_deadline - now);
  const absl::Duration wait = std::min(std::max(age / kPartOfAge, scope.context.Backoff(1)), kLongestWait);
  return std::min(Together(now + wait, wait), push.receipt_deadline);
}

// Puts off what is to be asked about again.
absl::Status PutOff(SyncScope& scope, absl::Time now, const std::vector<OpenReceipt>& receipts) {
  std::vector<PushLook> looks;
  for (const OpenReceipt& receipt : receipts) {
    const int64_t push_id = receipt.push->push_id;
    if (!IsOpen(receipt) || (!looks.empty() && looks.back().push_id == push_id)) continue;
    looks.push_back({push_id, NextAsk(scope, *receipt.push, now)});
  }
  if (looks.empty()) return absl::OkStatus();
  JobContext& context = scope.context;
  return context.Retry([&] { return context.storage().WritePushLooks(context.fence(), looks); });
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

// What is open of the links whose receipts are decided or given up: each field that something may still set, and what.
class OpenOfLinks {
 public:
  absl::Status Read(SyncScope& scope, const std::vector<OpenReceipt>& receipts) {
    std::vector<int64_t> listing_ids;
    for (const OpenReceipt& receipt : receipts) {
      if (IsOpen(receipt)) continue;
      decided_.emplace(receipt.push->push_id, receipt.open->item.listing_id);
      listing_ids.push_back(receipt.open->item.listing_id);
    }
    const absl::Status status = ReadAwaited(scope, listing_ids);
    return status.ok() ? ReadUnheard(scope) : status;
  }

  SyncFields Find(int64_t listing_id) const {
    const auto found = fields_.find(listing_id);
    return found == fields_.end() ? SyncFields() : found->second;
  }

 private:
  absl::Status ReadAwaited(SyncScope& scope, absl::Span<const int64_t> listing_ids) {
    const size_t most = static_cast<size_t>(scope.context.page_rows());
    for (size_t first = 0; first < listing_ids.size(); first += most) {
      const absl::StatusOr<std::vector<AwaitedItem>> awaited = scope.context.RetryValue<std::vector<AwaitedItem>>(
          [&] { return scope.context.storage().ReadAwaited(scope.channel_id(), listing_ids.subspan(first, most)); });
      if (!awaited.ok()) return awaited.status();
      for (const AwaitedItem& item : *awaited) {
        if (!decided_.contains({item.push_id, item.listing_id})) Add(item.listing_id, item.fields);
      }
    }
    return absl::OkStatus();
  }

  // What lingers is in doubt anew in its time.
  absl::Status ReadUnheard(SyncScope& scope) {
    return ForEachOpenPush(scope, absl::InfinitePast(), [&](absl::Span<const OpenPush> page) {
      for (const OpenPush& push : page) {
        for (const OpenItem& open : push.items) {
          if (IsUnheardOf(open)) Add(open.item.listing_id, open.item.mask);
        }
      }
      return absl::OkStatus();
    });
  }

  void Add(int64_t listing_id, const SyncFields& fields) {
    SyncFields& open = fields_[listing_id];
    open = UnionOf(open, fields);
  }

  absl::flat_hash_set<std::pair<int64_t, int64_t>> decided_;  // Push and listing variant.
  absl::flat_hash_map<int64_t, SyncFields> fields_;
};

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
                        const OpenOfLinks& open) {
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
    Settlement row = SettleReceipt(*receipt.open, link, open.Find(link.listing_id), outcome, &attentions);
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

// Settles those that are decided or given up.
absl::Status SettleDecided(SyncScope& scope, const std::vector<OpenReceipt>& receipts, ReceiptsAsked* asked) {
  if (std::all_of(receipts.begin(), receipts.end(), &IsOpen)) return absl::OkStatus();
  OpenOfLinks open;
  absl::Status status = open.Read(scope, receipts);
  const size_t most = static_cast<size_t>(scope.context.page_rows());
  for (size_t first = 0, end = 0; status.ok() && first < receipts.size(); first = end) {
    while (end < receipts.size() && receipts[end].push == receipts[first].push && end - first < most) ++end;
    status = SettleSome(scope, absl::MakeConstSpan(receipts).subspan(first, end - first), asked, open);
  }
  return status;
}

absl::Status LookAtPage(SyncScope& scope, absl::Span<const OpenPush> page, ReceiptsAsked* asked) {
  std::vector<OpenReceipt> receipts = FindReceipts(page);
  absl::Status status = Ask(scope.context, &receipts);
  if (!status.ok()) return status;
  const absl::StatusOr<absl::Time> now = scope.context.Now();
  if (!now.ok()) return now.status();
  GiveUpOld(*now, &receipts);
  status = SettleDecided(scope, receipts, asked);
  if (status.ok()) status = PutOff(scope, *now, receipts);
  for (const OpenPush& push : page) {
    if (status.ok()) status = GiveUpLingering(scope, push, *now);
  }
  return status;
}

}  // namespace

absl::Status AskAboutReceipts(SyncScope& scope, ReceiptsAsked* asked) {
  const absl::StatusOr<absl::Time> now = scope.context.Now();
  if (!now.ok()) return now.status();
  return ForEachOpenPush(scope, *now, [&](absl::Span<const OpenPush> page) { return LookAtPage(scope, page, asked); });
}

}  // namespace flxlink::engine

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flxlink/push.h"
#include "flxlink/sync.h"
#include "src/engine/adapter_error.h"
#include "src/engine/jobs.h"

namespace flxlink::engine {
namespace {

// A push that conflicted as a whole is sent again, on the channel as it is by then.
bool WorthAnotherPush(const absl::Status& status) { return absl::IsAborted(status) || WorthAnotherTry(status); }

// Adds row i of one batch to another.
void AddRow(const SyncBatch& from, int64_t i, SyncBatch* to) {
  to->rows.push_back(from.rows[static_cast<size_t>(i)]);
  to->sku.Add(from.sku[i]);
  to->external_id.Add(from.external_id[i]);
  to->parent_id.Add(from.parent_id[i]);
}

// The rows of a batch whose listing ids are in `ids`.
SyncBatch Select(const SyncBatch& batch, const absl::flat_hash_set<int64_t>& ids) {
  SyncBatch selected;
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (ids.contains(batch.rows[static_cast<size_t>(i)].listing_id)) AddRow(batch, i, &selected);
  }
  return selected;
}

// A link whose status was held back, because a sibling wanted another one, is done with and not dirty. When a sibling's
// status is on its way it is looked at again: they may agree by now. As many as one storage operation still takes.
void AddWaitingSiblings(const SyncBatch& siblings, const SyncPolicy& policy, SyncBatch* batch) {
  for (int64_t i = 0; i < siblings.size() && batch->size() < Storage::kMaxRows; ++i) {
    const SyncRow& row = siblings.rows[static_cast<size_t>(i)];
    if (row.dirty || row.status.paused || row.seen.status == ChannelStatus::kDead) continue;
    const ChannelStatus desired = Desired(row, policy).status;
    if (desired != ChannelStatus::kUnknown && desired != row.acknowledged.status) AddRow(siblings, i, batch);
  }
}

// One run of a sync job.
class SyncRun {
 public:
  explicit SyncRun(JobContext& context)
      : context_(context),
        capabilities_(context.adapter().capabilities()),
        policy_(MakeSyncPolicy(context.channel().config, capabilities_)),
        revision_(context.channel().pull.revision) {}

  absl::Status Run();

 private:
  // What one pass over the dirty links met.
  struct Pass {
    bool again = false;       // Something is left that another try may send.
    bool stop = false;        // The channel takes nothing now.
    bool progressed = false;  // Something was settled.
    absl::Duration wait = absl::ZeroDuration();
    std::string reason;                       // Why it has to be tried again.
    absl::flat_hash_set<int64_t> conflicted;  // Links whose channel side moved.
  };

  int64_t channel_id() const { return context_.channel().channel_id; }

  // Waits out the calls whose outcome nobody knows, so that none of them can land after what is sent now.
  absl::Status ResolveOpenPushes();
  absl::Status Pull();
  // Looks at links again, at all of them or those in `only`, and marks dirty what differs.
  absl::Status Reconcile(bool compare_seen, const absl::flat_hash_set<int64_t>* only);
  absl::Status Force();
  absl::Status PushUntilClean();
  absl::Status PrepareNextPass(int failures);
  absl::Status PushDirty();
  absl::Status PushPage(SyncBatch batch);
  absl::StatusOr<SyncBatch> ReadSiblings(const SyncBatch& batch);
  absl::Status PushItems(const SyncPlan& plan, int64_t first, int64_t count);
  absl::Status TakeReply(const SyncPlan& plan, int64_t first, absl::Span<const PushItem> items, int64_t push_id,
                         PushReply reply);
  // Where a platform refuses whole pushes: the good items go out all the same, and the bad ones are found.
  absl::Status Bisect(const SyncPlan& plan, int64_t first, absl::Span<const PushItem> items, int64_t push_id,
                      const absl::Status& refusal);
  absl::Status PollReceipts(std::vector<PushOutcome>* outcomes);
  void NoteOutcomes(absl::Span<const PushItem> items, absl::Span<const PushOutcome> outcomes);
  // Makes problems of the attentions of a settlement of the current page's links.
  void NoteAttentions(const SettlementBatch& batch);
  absl::Status WriteSettlements(const SettlementBatch& batch);

  JobContext& context_;
  const AdapterCapabilities& capabilities_;
  const SyncPolicy policy_;
  std::string revision_;
  absl::flat_hash_set<int64_t> forced_;  // Listing ids.
  Pass pass_;
  const SyncBatch* page_ = nullptr;  // The links that are being pushed.
};

absl::Status SyncRun::ResolveOpenPushes() {
  absl::StatusOr<std::vector<OpenPush>> open = context_.storage().ReadOpenPushes(channel_id());
  if (!open.ok()) return open.status();
  for (const OpenPush& push : *open) {
    absl::Status status = context_.Wait(push.call_deadline - context_.Now());
    if (!status.ok()) return status;
    status = context_.Retry([&] { return context_.storage().AbandonPush(context_.fence(), push.push_id); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SyncRun::Pull() {
  absl::Status status = PullChannel(context_);
  if (!status.ok() || context_.output().held.has_value()) return status;
  absl::StatusOr<Channel> channel = context_.storage().ReadChannel(channel_id());
  if (!channel.ok()) return channel.status();
  revision_ = channel->pull.revision;
  return absl::OkStatus();
}

absl::Status SyncRun::Reconcile(bool compare_seen, const absl::flat_hash_set<int64_t>* only) {
  for (int64_t after_id = 0;;) {
    absl::StatusOr<SyncBatch> links = context_.RetryValue<SyncBatch>(
        [&] { return context_.storage().ReadLinks(channel_id(), after_id, context_.page_rows()); });
    if (!links.ok()) return links.status();
    if (links->size() == 0) return absl::OkStatus();
    after_id = links->rows.back().listing_id;
    const std::vector<Reconciliation> found =
        PlanReconciliation(only == nullptr ? *links : Select(*links, *only), policy_, compare_seen);
    if (compare_seen) context_.Count("drifted", static_cast<int64_t>(found.size()));
    absl::Status status = context_.Retry(
        [&] { return context_.storage().WriteReconciliations(context_.fence(), found, context_.Now()); });
    if (status.ok()) status = context_.Report();
    if (!status.ok()) return status;
  }
}

absl::Status SyncRun::Force() {
  const std::vector<std::string>& skus = context_.job().options.force;
  const size_t page = static_cast<size_t>(context_.page_rows());
  std::set<std::string> linked;
  for (size_t at = 0; at < skus.size(); at += page) {
    absl::StatusOr<SyncBatch> links =
        context_.storage().ReadLinksBySku(channel_id(), absl::MakeConstSpan(skus).subspan(at, page));
    if (!links.ok()) return links.status();
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < links->size(); ++i) {
      ids.push_back(links->rows[static_cast<size_t>(i)].listing_id);
      linked.insert(std::string(links->sku[i]));
    }
    const absl::Status status =
        context_.Retry([&] { return context_.storage().ForceLinks(context_.fence(), ids, context_.Now()); });
    if (!status.ok()) return status;
    forced_.insert(ids.begin(), ids.end());
  }
  for (const std::string& sku : skus) {
    if (!linked.insert(sku).second) continue;
    context_.progress().total += 1;
    context_.progress().failed += 1;
    context_.AddProblem(
        sku, MakeProblem(problem_code::kNotLinked, {{"sku", sku}, {"channel", context_.channel().config.name}},
                         absl::StrCat("SKU ", sku, " has no link on channel ", context_.channel().config.name,
                                      ", so nothing can be sent")));
  }
  return absl::OkStatus();
}

absl::Status SyncRun::WriteSettlements(const SettlementBatch& batch) {
  const absl::Status status =
      context_.Retry([&] { return context_.storage().WriteSettlements(context_.fence(), batch, context_.Now()); });
  const bool settled =
      std::any_of(batch.rows.begin(), batch.rows.end(), [](const Settlement& row) { return row.settled || row.gone; });
  if (status.ok() && settled) pass_.progressed = true;
  return status;
}

absl::Status SyncRun::PollReceipts(std::vector<PushOutcome>* outcomes) {
  for (int tries = 1;; ++tries) {
    bool waiting = false;
    for (PushOutcome& outcome : *outcomes) {
      if (outcome.result != PushResult::kAccepted) continue;
      absl::StatusOr<PushOutcome> polled = context_.adapter().PollReceipt(outcome.receipt);
      if (polled.ok() && polled->result != PushResult::kAccepted) {
        outcome = *std::move(polled);
      } else if (polled.ok() || WorthAnotherPush(polled.status())) {
        waiting = true;
      } else {
        return polled.status();
      }
    }
    if (!waiting || tries >= context_.options().max_tries) return absl::OkStatus();
    const absl::Status status = context_.Wait(context_.Backoff(tries));
    if (!status.ok()) return status;
  }
}

void SyncRun::NoteOutcomes(absl::Span<const PushItem> items, absl::Span<const PushOutcome> outcomes) {
  for (size_t i = 0; i < items.size(); ++i) {
    const PushOutcome& outcome = outcomes[i];
    switch (outcome.result) {
      case PushResult::kApplied:
        context_.Count("sent", 1);
        if (items[i].mask.price) context_.Count("prices", 1);
        if (items[i].mask.quantity) context_.Count("quantities", 1);
        if (items[i].mask.status) context_.Count("statuses", 1);
        context_.progress().done += 1;
        continue;
      case PushResult::kRejected:
        context_.Count("refused", 1);
        context_.progress().failed += 1;
        continue;
      case PushResult::kNotFound:
        context_.Count("broken", 1);
        context_.progress().failed += 1;
        context_.output().changed_link_inputs = true;
        continue;
      case PushResult::kConflict:
        pass_.conflicted.insert(items[i].listing_id);
        break;
      case PushResult::kThrottled:
        pass_.wait = std::max(pass_.wait, outcome.retry_after);
        pass_.stop = true;
        break;
      case PushResult::kAccepted:
      case PushResult::kUnavailable:
        break;
    }
    pass_.again = true;
    pass_.reason = absl::StrCat("item ", items[i].external_id, ": ", ToString(outcome.result),
                                outcome.message.empty() ? "" : ": ", outcome.message);
  }
  // The channel moved under the whole push: what follows would conflict as well.
  if (pass_.conflicted.size() >= items.size()) pass_.stop = true;
}

void SyncRun::NoteAttentions(const SettlementBatch& batch) {
  for (const Settlement& settled : batch.rows) {
    if (settled.attentions < 0) continue;
    const auto row = std::find_if(page_->rows.begin(), page_->rows.end(),
                                  [&](const SyncRow& r) { return r.listing_id == settled.listing_id; });
    for (const Problem& problem : batch.attentions[static_cast<size_t>(settled.attentions)]) {
      context_.AddProblem(page_->sku[row - page_->rows.begin()], problem);
    }
    if (context_.output().problems.size() >= static_cast<size_t>(Job::kMaxProblems)) return;
  }
}

absl::Status SyncRun::TakeReply(const SyncPlan& plan, int64_t first, absl::Span<const PushItem> items, int64_t push_id,
                                PushReply reply) {
  if (reply.outcomes.size() != items.size()) {
    return absl::InternalError(absl::StrCat("the adapter ", context_.channel().config.adapter, " answered ",
                                            reply.outcomes.size(), " outcomes for ", items.size(), " items"));
  }
  absl::Status status = PollReceipts(&reply.outcomes);
  if (!status.ok()) return status;
  SettlementBatch batch = Settle(plan, first, reply.outcomes, push_id);
  batch.revision = reply.revision;
  status = WriteSettlements(batch);
  if (!status.ok()) return status;
  if (!reply.revision.empty()) revision_ = reply.revision;
  NoteOutcomes(items, reply.outcomes);
  NoteAttentions(batch);
  return context_.Report();
}

absl::Status SyncRun::PushItems(const SyncPlan& plan, int64_t first, int64_t count) {
  const absl::Span<const PushItem> items =
      absl::MakeConstSpan(plan.items).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  absl::Status status = context_.TakeTokens(capabilities_.rate_limit.push_cost);
  if (!status.ok()) return status;
  PushRecord record;
  record.push_id = context_.NextPushId();
  record.call_deadline = context_.Now() + capabilities_.push_timeout;
  record.items.assign(items.begin(), items.end());
  status = context_.Retry([&] { return context_.storage().BeginPush(context_.fence(), record); });
  if (!status.ok()) return status;

  absl::StatusOr<PushReply> reply = context_.adapter().Push({items, revision_});
  if (reply.ok()) return TakeReply(plan, first, items, record.push_id, *std::move(reply));
  if (absl::IsInvalidArgument(reply.status()) && !capabilities_.partial_success) {
    return Bisect(plan, first, items, record.push_id, reply.status());
  }
  // Nothing is known of any item: the record stays open, and its links stay in doubt.
  if (!WorthAnotherPush(reply.status())) return AdapterError(reply.status(), context_.channel());
  pass_.again = pass_.stop = true;
  pass_.reason = std::string(reply.status().message());
  pass_.wait = std::max(pass_.wait, RetryAfter(reply.status()).value_or(absl::ZeroDuration()));
  return absl::OkStatus();
}

absl::Status SyncRun::Bisect(const SyncPlan& plan, int64_t first, absl::Span<const PushItem> items, int64_t push_id,
                             const absl::Status& refusal) {
  if (items.size() == 1) {
    PushOutcome rejected;
    rejected.result = PushResult::kRejected;
    rejected.message = std::string(refusal.message());
    return TakeReply(plan, first, items, push_id, {{std::move(rejected)}, ""});
  }
  // The platform did nothing of it: as if every item were throttled, none is in doubt any more.
  PushOutcome untried;
  untried.result = PushResult::kThrottled;
  const std::vector<PushOutcome> outcomes(items.size(), untried);
  absl::Status status = WriteSettlements(Settle(plan, first, outcomes, push_id));
  if (!status.ok()) return status;
  const int64_t count = static_cast<int64_t>(items.size());
  status = PushItems(plan, first, count / 2);
  if (!status.ok() || pass_.stop) return status;
  return PushItems(plan, first + count / 2, count - count / 2);
}

absl::StatusOr<SyncBatch> SyncRun::ReadSiblings(const SyncBatch& batch) {
  if (policy_.status_grouping != PushGrouping::kProduct || !policy_.fields.status) return SyncBatch();
  std::set<std::string> parents;
  for (int64_t i = 0; i < batch.size(); ++i) {
    const SyncRow& row = batch.rows[static_cast<size_t>(i)];
    const ChannelStatus desired = Desired(row, policy_).status;
    const bool sends_status =
        desired != ChannelStatus::kUnknown && (row.in_doubt || desired != row.acknowledged.status);
    if (sends_status && !batch.parent_id[i].empty()) {
      parents.emplace(batch.parent_id[i]);
    }
  }
  if (parents.empty()) return SyncBatch();
  const std::vector<std::string> names(parents.begin(), parents.end());
  SyncBatch siblings;
  for (int64_t after_id = 0;;) {
    absl::StatusOr<SyncBatch> page = context_.RetryValue<SyncBatch>(
        [&] { return context_.storage().ReadLinksByParent(channel_id(), names, after_id, context_.page_rows()); });
    if (!page.ok()) return page.status();
    if (page->size() == 0) return siblings;
    after_id = page->rows.back().listing_id;
    for (int64_t i = 0; i < page->size(); ++i) AddRow(*page, i, &siblings);
  }
}

absl::Status SyncRun::PushPage(SyncBatch batch) {
  absl::StatusOr<SyncBatch> siblings = ReadSiblings(batch);
  if (!siblings.ok()) return siblings.status();
  AddWaitingSiblings(*siblings, policy_, &batch);
  page_ = &batch;
  const SyncPlan plan = PlanSync(batch, *siblings, policy_);
  JobProgress& progress = context_.progress();
  progress.total = std::max(progress.total, progress.done + progress.failed + batch.size());
  if (!plan.settled.rows.empty()) {
    const absl::Status status = WriteSettlements(plan.settled);
    if (!status.ok()) return status;
    for (const Settlement& row : plan.settled.rows) {
      const bool equal = row.attentions == kClearAttentions;
      (equal ? progress.done : progress.failed) += 1;
      context_.Count(equal ? "equal" : "held_back", 1);
    }
    NoteAttentions(plan.settled);
  }
  const int64_t item_count = static_cast<int64_t>(plan.items.size());
  const int64_t limit = capabilities_.push_limit > 0 ? capabilities_.push_limit : item_count;
  for (int64_t first = 0; first < item_count && !pass_.stop; first += limit) {
    const absl::Status status = PushItems(plan, first, std::min(limit, item_count - first));
    if (!status.ok()) return status;
  }
  return context_.Report();
}

absl::Status SyncRun::PushDirty() {
  Storage::DirtyCursor cursor;
  while (!pass_.stop) {
    absl::StatusOr<SyncBatch> batch = context_.RetryValue<SyncBatch>(
        [&] { return context_.storage().ReadDirty(channel_id(), &cursor, context_.page_rows()); });
    if (!batch.ok()) return batch.status();
    if (batch->size() == 0) break;
    const absl::Status status =
        PushPage(context_.job().options.only_forced ? Select(*batch, forced_) : *std::move(batch));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SyncRun::PrepareNextPass(int failures) {
  absl::Status status = context_.Wait(std::max(pass_.wait, context_.Backoff(failures + 1)));
  if (status.ok()) status = ResolveOpenPushes();
  if (!status.ok() || pass_.conflicted.empty()) return status;
  const JobProgress progress = context_.progress();
  status = Pull();
  context_.progress() = progress;
  if (!status.ok() || context_.output().held.has_value()) return status;
  return Reconcile(/*compare_seen=*/true, &pass_.conflicted);
}

absl::Status SyncRun::PushUntilClean() {
  for (int failures = 0;;) {
    pass_ = Pass();
    absl::Status status = PushDirty();
    if (!status.ok() || !pass_.again) return status;
    failures = pass_.progressed ? 0 : failures + 1;
    if (failures >= context_.options().max_tries) {
      return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kAdapterUnavailable,
                           {{"channel", context_.channel().config.name}},
                           absl::StrCat("channel ", context_.channel().config.name, " took nothing in ", failures,
                                        " tries; ", pass_.reason, "; what is left stays dirty"));
    }
    status = PrepareNextPass(failures);
    if (!status.ok() || context_.output().held.has_value()) return status;
  }
}

absl::Status SyncRun::Run() {
  for (absl::string_view name : {"sent", "prices", "quantities", "statuses", "equal", "held_back", "refused"})
    context_.Count(name, 0);
  const Channel& channel = context_.channel();
  const JobOptions& options = context_.job().options;
  absl::Status status = ResolveOpenPushes();
  if (!status.ok()) return status;
  if (options.full) {
    status = Pull();
    if (!status.ok() || context_.output().held.has_value()) return status;
    context_.progress() = JobProgress();
  }
  if (options.full || channel.policy_version > channel.evaluated_version) {
    status = Reconcile(options.full, nullptr);
    if (!status.ok()) return status;
    status = context_.Retry(
        [&] { return context_.storage().WriteEvaluatedVersion(context_.fence(), channel.policy_version); });
    if (!status.ok()) return status;
  }
  status = Force();
  return status.ok() ? PushUntilClean() : status;
}

}  // namespace

absl::Status RunSyncJob(JobContext& context) { return SyncRun(context).Run(); }

}  // namespace flxlink::engine

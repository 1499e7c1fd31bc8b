#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/sync.h"
#include "src/engine/batch_rows.h"
#include "src/engine/held_changes.h"
#include "src/engine/item_fetch.h"
#include "src/engine/jobs.h"
#include "src/engine/open_pushes.h"
#include "src/engine/receipts.h"
#include "src/engine/sync_pass.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {
namespace {

// Tells a job that yielded that it has forced what was named.
constexpr absl::string_view kForced = "forced";

// How often a job that has sent everything else, and waits for calls that may still land, looks for more to send.
constexpr absl::Duration kLookForMore = absl::Seconds(1);

// Up to how many links are counted when a job begins: of more its total is not known before its end, since counting a
// million of them would keep the first waiting for a second.
constexpr int64_t kMostCounted = Storage::kMaxRows;

// What a job leaves that fails for what may not pass is not to fail again every second.
constexpr absl::Duration kPauseAfterFailure = absl::Minutes(15);

// Where a job has come to that looks at all links again, once it has pulled what it compares them with.
struct CompareCursor {
  int64_t policy_version = 0;  // Those so far were looked at under this one.
  int64_t after_id = 0;
  int64_t looked_at = 0;
};

std::string FormatCursor(const CompareCursor& cursor) {
  return absl::StrCat(cursor.policy_version, "/", cursor.after_id, "/", cursor.looked_at);
}

// A job's cursor is a line that says where it compares, if it does, and then one for each item that it leaves to a
// pull.
std::pair<absl::string_view, absl::string_view> SplitCursor(absl::string_view cursor) {
  return absl::StrSplit(cursor, absl::MaxSplits('\n', 1));
}

// nullopt: it has not come so far.
absl::optional<CompareCursor> CursorOf(const Job& job) {
  const std::vector<absl::string_view> parts = absl::StrSplit(SplitCursor(job.cursor).first, '/');
  CompareCursor cursor;
  const bool is_cursor = parts.size() == 3 && absl::SimpleAtoi(parts[0], &cursor.policy_version) &&
                         absl::SimpleAtoi(parts[1], &cursor.after_id) && absl::SimpleAtoi(parts[2], &cursor.looked_at);
  return is_cursor ? absl::make_optional(cursor) : absl::nullopt;
}

// External ids of items.
using Items = absl::flat_hash_set<absl::string_view>;
// The SKU of each item's link, by the item's external id.
using ItemSkus = std::map<std::string, std::string>;

std::string FormatLeft(const ItemSkus& left) {
  std::string lines;
  for (const auto& [item, sku] : left) absl::StrAppend(&lines, "\n", absl::CEscape(item), "\t", absl::CEscape(sku));
  return lines;
}

ItemSkus LeftBy(const Job& job) {
  ItemSkus left;
  for (absl::string_view line : absl::StrSplit(SplitCursor(job.cursor).second, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits('\t', 1));
    std::string item;
    std::string sku;
    if (absl::CUnescape(parts.first, &item) && absl::CUnescape(parts.second, &sku)) left.emplace(item, sku);
  }
  return left;
}

// One run of a sync job.
class SyncRun {
 public:
  explicit SyncRun(JobContext& context)
      : context_(context), scope_(context), compared_(SplitCursor(context.job().cursor).first) {}

  absl::Status Run();

 private:
  absl::Status RunSteps();
  // What a job of the bulk lane does.
  absl::Status PullAndMark();
  bool NeedsPull() const;
  // What any other does.
  absl::Status Send();
  void CountFromZero();
  absl::StatusOr<int64_t> Compare();
  // Looks at all links again, or at those of `items` alone, and marks dirty what differs. How many it looked at.
  absl::StatusOr<int64_t> ReconcileAll(bool compare_seen, const Items* items);
  // Marks what a look found. How many that is.
  absl::StatusOr<int64_t> Reconcile(const std::vector<Reconciliation>& found);
  // The channel's policy or settings are others than when all links were last looked at.
  bool has_other_policy() const { return context_.channel().policy_version > context_.channel().evaluated_version; }
  // Looks at what the channel has of items that conflicted, or leaves that to a pull.
  absl::Status LookAgain(const ItemSkus& sku_of_item);
  absl::Status LookAtConflicts(ItemSkus conflicted);
  absl::Status LookAgainNow(const ItemSkus& sku_of_item);
  void LookAgainLater(const ItemSkus& sku_of_item);
  void WriteCursor() { context_.output().cursor = absl::StrCat(compared_, FormatLeft(left_)); }
  // What a job leaves to one that pulls first; `all`: the whole of what it was asked for.
  JobOptions WhatIsLeft(bool all) const;
  absl::Status CheckConflicts() const;
  // What comes before the pushes: once a job, also if it yields.
  absl::Status MarkDirty();
  absl::Status ReconcileChanged();
  absl::Status WriteEvaluated();
  absl::Status Force();
  absl::Status TakeDriftForKnown(const SyncBatch& links);
  absl::Status ForceSome(absl::Span<const std::string> skus, std::set<std::string>* linked);
  void NoteUnlinked(absl::string_view sku);
  absl::Status CountTotal();
  absl::Status PushUntilClean();
  absl::Status WaitForDeadline();
  // Whether any was decided or given up.
  absl::StatusOr<bool> AskAboutReceipts();
  absl::Status FinishReceipts();
  absl::Status LookAgainAt(absl::Time time, absl::Duration pause);
  absl::Status LookAgainAtOpenPushes(absl::Duration pause);
  absl::Duration WaitAfter(const SyncPassResult& pass, int idle) const;
  absl::Status PrepareNextPass(const SyncPassResult& last, absl::Duration wait);

  JobContext& context_;
  SyncScope scope_;
  std::string compared_;          // Up to where, as in the job's cursor.
  ItemSkus left_;                 // To be looked at, which takes a pull.
  std::string conflicted_again_;  // One that was looked at before this job began.
};

// So that a job says what it did not do, too. Fields that most channels do not sync are shown where they were sent.
void SyncRun::CountFromZero() {
  context_.Count("sent", 0);
  for (const SyncField field : {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}) {
    context_.Count(SentCounter(field), 0);
  }
  for (absl::string_view name : {"equal", "held_back", "refused"}) context_.Count(name, 0);
}

// From where it was before it yielded, if the policy is the same.
absl::StatusOr<int64_t> SyncRun::ReconcileAll(bool compare_seen, const Items* items) {
  CompareCursor begin;
  begin.policy_version = context_.channel().policy_version;
  CompareCursor cursor = CursorOf(context_.job()).value_or(begin);
  if (cursor.policy_version != begin.policy_version) cursor = begin;
  for (;;) {
    absl::StatusOr<SyncBatch> links = context_.RetryValue<SyncBatch>(
        [&] { return context_.storage().ReadLinks(scope_.channel_id(), cursor.after_id, context_.page_rows()); });
    if (!links.ok()) return links.status();
    if (links->size() == 0) return cursor.looked_at;
    cursor.after_id = links->rows.back().listing_id;
    if (items != nullptr) links = RowsWhere(*links, [&](int64_t i) { return items->contains(links->external_id[i]); });
    const absl::StatusOr<int64_t> found =
        Reconcile(PlanReconciliation(*links, scope_.policy, compare_seen, /*retry_refused=*/has_other_policy()));
    if (!found.ok()) return found.status();
    if (compare_seen) context_.Count("drifted", *found);
    cursor.looked_at += links->size();
    compared_ = FormatCursor(cursor);
    WriteCursor();
    const absl::Status status = context_.Report();
    if (!status.ok()) return status;
  }
}

absl::StatusOr<int64_t> SyncRun::Reconcile(const std::vector<Reconciliation>& found) {
  const absl::Status status = context_.Write(
      [&](absl::Time now) { return context_.storage().WriteReconciliations(context_.fence(), found, now); });
  if (!status.ok()) return status;
  return static_cast<int64_t>(found.size());
}

absl::Status SyncRun::WriteEvaluated() {
  return context_.Retry(
      [&] { return context_.storage().WriteEvaluatedVersion(context_.fence(), context_.channel().policy_version); });
}

// All links, where the channel's policy was changed.
absl::Status SyncRun::ReconcileChanged() {
  if (!has_other_policy()) return absl::OkStatus();
  const absl::Status status = ReconcileAll(/*compare_seen=*/false, /*items=*/nullptr).status();
  return status.ok() ? WriteEvaluated() : status;
}

// What is stored may be of another shop, or older than what the channel has of some items.
bool SyncRun::NeedsPull() const {
  const JobOptions& options = context_.job().options;
  return options.full || !options.items.empty() || context_.channel().pull.needed;
}

// Pulls everything, unless it has come farther before it yielded, and compares. What a person set on the channel is to
// be overwritten only where a full sync was asked for, or a push met it.
absl::Status SyncRun::PullAndMark() {
  if (!CursorOf(context_.job()).has_value()) {
    const absl::Status status = NeedsPull() ? PullChannel(context_) : absl::OkStatus();
    if (!status.ok()) return status;
    context_.progress() = JobProgress();
    context_.SetCount("drifted", 0);
  }
  const absl::StatusOr<int64_t> looked_at = Compare();
  if (!looked_at.ok()) return looked_at.status();
  context_.SetCount("compared", *looked_at);
  return context_.job().options.full ? WriteEvaluated() : absl::OkStatus();
}

absl::StatusOr<int64_t> SyncRun::Compare() {
  const JobOptions& options = context_.job().options;
  if (options.full) return ReconcileAll(/*compare_seen=*/true, /*items=*/nullptr);
  if (options.items.empty()) return 0;
  const Items items(options.items.begin(), options.items.end());
  return ReconcileAll(/*compare_seen=*/true, &items);
}

absl::Status SyncRun::MarkDirty() {
  absl::Status status = ReconcileChanged();
  if (status.ok()) status = Force();
  return status.ok() ? CountTotal() : status;
}

// One that goes on knows it, unless there were more than it counted.
absl::Status SyncRun::CountTotal() {
  const JobOptions& options = context_.job().options;
  JobProgress& progress = context_.progress();
  if (progress.total.has_value()) return absl::OkStatus();
  if (options.only_forced) {
    progress.total =
        static_cast<int64_t>(std::set<absl::string_view>(options.force.begin(), options.force.end()).size());
    return absl::OkStatus();
  }
  const absl::StatusOr<int64_t> dirty =
      context_.RetryValue<int64_t>([&] { return context_.storage().CountDirty(scope_.channel_id(), kMostCounted); });
  if (!dirty.ok()) return dirty.status();
  if (*dirty < kMostCounted) progress.total = progress.looked_at() + *dirty;
  return absl::OkStatus();
}

// What only the channel changed is what it has: that is what a push replaces, and a lower quantity is a sale.
absl::Status SyncRun::TakeDriftForKnown(const SyncBatch& links) {
  const SyncBatch drifted = RowsWhere(
      links, [&](int64_t i) { return !DriftedFields(links.rows[static_cast<size_t>(i)], scope_.policy).empty(); });
  if (drifted.size() == 0) return absl::OkStatus();
  const absl::StatusOr<int64_t> found = Reconcile(PlanReconciliation(drifted, scope_.policy, /*compare_seen=*/true));
  if (!found.ok()) return found.status();
  context_.Count("drifted", *found);
  return absl::OkStatus();
}

absl::Status SyncRun::ForceSome(absl::Span<const std::string> skus, std::set<std::string>* linked) {
  absl::StatusOr<SyncBatch> links =
      context_.RetryValue<SyncBatch>([&] { return context_.storage().ReadLinksBySku(scope_.channel_id(), skus); });
  if (!links.ok()) return links.status();
  std::vector<LinkPair> forced;
  for (int64_t i = 0; i < links->size(); ++i) {
    const SyncRow& row = links->rows[static_cast<size_t>(i)];
    forced.push_back({row.listing_id, row.channel_variant_id});
    linked->insert(std::string(links->sku[i]));
  }
  if (context_.HasCount(kForced)) return absl::OkStatus();
  const absl::Status status = TakeDriftForKnown(*links);
  if (!status.ok()) return status;
  return context_.Write([&](absl::Time now) { return context_.storage().ForceLinks(context_.fence(), forced, now); });
}

void SyncRun::NoteUnlinked(absl::string_view sku) {
  context_.progress().failed += 1;
  const std::string& channel = context_.channel().config.name;
  context_.AddProblem(
      sku, MakeProblem(problem_code::kNotLinked, {{"sku", std::string(sku)}, {"channel", channel}},
                       absl::StrCat("SKU ", sku, " has no link on channel ", channel, ", so nothing can be sent")));
}

absl::Status SyncRun::Force() {
  const std::vector<std::string>& skus = context_.job().options.force;
  const size_t page = static_cast<size_t>(context_.page_rows());
  std::set<std::string> linked;
  for (size_t at = 0; at < skus.size(); at += page) {
    const absl::Status status = ForceSome(absl::MakeConstSpan(skus).subspan(at, page), &linked);
    if (!status.ok()) return status;
  }
  if (skus.empty() || context_.HasCount(kForced)) return absl::OkStatus();
  context_.Count(kForced, static_cast<int64_t>(linked.size()));
  for (const std::string& sku : skus) {
    if (linked.insert(sku).second) NoteUnlinked(sku);
  }
  return absl::OkStatus();
}

absl::Status SyncRun::PrepareNextPass(const SyncPassResult& last, absl::Duration wait) {
  absl::Status status = context_.Wait(wait);
  if (status.ok()) status = ResolveOpenPushes(scope_);
  return status.ok() ? LookAtConflicts(last.conflicted) : status;
}

// What conflicts though it was just looked at waits for the next try, so that not one pull follows another.
absl::Status SyncRun::LookAtConflicts(ItemSkus conflicted) {
  if (CanLookAtItems(context_)) return LookAgain(conflicted);
  for (const std::string& item : context_.job().options.items) {
    if (conflicted.erase(item) == 0) continue;
    scope_.set_aside.insert(item);
    conflicted_again_ = item;
  }
  return LookAgain(conflicted);
}

absl::Status SyncRun::LookAgain(const ItemSkus& sku_of_item) {
  if (sku_of_item.empty()) return absl::OkStatus();
  if (CanLookAtItems(context_)) return LookAgainNow(sku_of_item);
  LookAgainLater(sku_of_item);
  return absl::OkStatus();
}

// The others are sent meanwhile.
void SyncRun::LookAgainLater(const ItemSkus& sku_of_item) {
  for (const auto& [item, sku] : sku_of_item) scope_.set_aside.insert(item);
  left_.insert(sku_of_item.begin(), sku_of_item.end());
  WriteCursor();
}

absl::Status SyncRun::LookAgainNow(const ItemSkus& sku_of_item) {
  std::vector<std::string> items;
  std::vector<std::string> skus;
  for (const auto& [item, sku] : sku_of_item) {
    items.push_back(item);
    skus.push_back(sku);
  }
  const JobProgress progress = context_.progress();
  const absl::Status status = LookAtItems(context_, items);
  context_.progress() = progress;
  if (!status.ok()) return status;
  SyncPolicy policy = scope_.policy;
  policy.read_lag = scope_.capabilities.fetch_lag;
  const size_t page = static_cast<size_t>(context_.page_rows());
  for (size_t at = 0; at < skus.size(); at += page) {
    absl::StatusOr<SyncBatch> links = context_.RetryValue<SyncBatch>([&] {
      return context_.storage().ReadLinksBySku(scope_.channel_id(), absl::MakeConstSpan(skus).subspan(at, page));
    });
    if (!links.ok()) return links.status();
    const absl::StatusOr<int64_t> found = Reconcile(PlanReconciliation(*links, policy, /*compare_seen=*/true));
    if (!found.ok()) return found.status();
  }
  return absl::OkStatus();
}

absl::Status SyncRun::PushUntilClean() {
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  scope_.begun_at = std::min(scope_.begun_at, *now);
  int idle = 0;      // Passes in a row that settled nothing.
  int failures = 0;  // Those of them in which something was tried. To be told to come later is no attempt.
  for (;;) {
    const absl::StatusOr<SyncPassResult> pass = RunSyncPass(scope_);
    if (!pass.ok()) return pass.status();
    if (pass->leaves) return LookAgainAt(absl::InfinitePast(), absl::ZeroDuration());
    if (!pass->again) {
      if (scope_.unready.empty()) return absl::OkStatus();
      const absl::Status waited = WaitForDeadline();
      if (!waited.ok()) return waited;
      continue;
    }
    idle = pass->progressed ? 0 : idle + 1;
    failures = pass->progressed ? 0 : failures + (pass->failed ? 1 : 0);
    if (failures >= context_.options().max_tries) {
      return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kAdapterUnavailable,
                           {{"channel", context_.channel().config.name}},
                           absl::StrCat("channel ", context_.channel().config.name, " took nothing in ", failures,
                                        " tries; ", pass->reason, "; what is left stays dirty"));
    }
    const absl::Status status = PrepareNextPass(*pass, WaitAfter(*pass, idle));
    if (!status.ok()) return status;
  }
}

// None where the channel took something and nothing went wrong: the next steps of links follow at once.
absl::Duration SyncRun::WaitAfter(const SyncPassResult& pass, int idle) const {
  if (!pass.failed && (pass.progressed || pass.wait > absl::ZeroDuration())) return pass.wait;
  return std::max(pass.wait, context_.Backoff(idle + 1));
}

// Everything else is sent; what is left are links with calls that may still land. They delay only themselves: what is
// changed or decided of others meanwhile is for the next pass, which comes before the deadline does.
absl::Status SyncRun::WaitForDeadline() {
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  const absl::Duration left = scope_.next_deadline - *now;
  absl::Status status = context_.Wait(std::min(left, kLookForMore));
  if (status.ok()) status = AskAboutReceipts().status();
  return status.ok() && left <= kLookForMore ? ResolveOpenPushes(scope_) : status;
}

// Before a job sends anything, while it waits for calls that may still land, and at its end. What is not decided then
// is for another job, so that this one does not hold its slot for hours.
absl::StatusOr<bool> SyncRun::AskAboutReceipts() {
  ReceiptsAsked asked;
  absl::Status status = engine::AskAboutReceipts(scope_, &asked);
  // What is to be left to a pull is known to this job alone, whatever ends it.
  if (status.ok() || !CanLookAtItems(context_)) status.Update(LookAgain(asked.look_again));
  if (!status.ok()) return status;
  return asked.ends > 0;
}

// Another job looks at the channel then, though not before the pause is over, or sooner where one is to anyway.
absl::Status SyncRun::LookAgainAt(absl::Time time, absl::Duration pause) {
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  time = std::max(time, *now + pause);
  absl::optional<absl::Time>& retry_at = context_.output().retry_at;
  retry_at = std::min(retry_at.value_or(time), time);
  return absl::OkStatus();
}

// What was accepted is asked about however the job ends, and what may have been accepted unheard of is sent once more
// when it can land no more.
absl::Status SyncRun::LookAgainAtOpenPushes(absl::Duration pause) {
  const absl::StatusOr<absl::Time> look_at =
      context_.RetryValue<absl::Time>([&] { return context_.storage().ReadNextLook(scope_.channel_id()); });
  if (!look_at.ok()) return look_at.status();
  return *look_at == absl::InfiniteFuture() ? absl::OkStatus() : LookAgainAt(*look_at, pause);
}

// What waited for receipts that are decided by now goes on at once; what the next ones decide is another job's.
absl::Status SyncRun::FinishReceipts() {
  absl::StatusOr<bool> ended = AskAboutReceipts();
  if (!ended.ok() || !*ended) return ended.status();
  const absl::Status status = PushUntilClean();
  if (!status.ok()) return status;
  ended = AskAboutReceipts();
  return ended.ok() && *ended ? LookAgainAt(absl::InfinitePast(), context_.Backoff(1)) : ended.status();
}

absl::Status SyncRun::Run() {
  const absl::Status status = RunSteps();
  const bool got_somewhere = status.ok() || context_.CountOf("accepted") > 0;
  const absl::Status arranged = LookAgainAtOpenPushes(got_somewhere ? context_.Backoff(1) : kPauseAfterFailure);
  return status.ok() ? arranged : status;
}

// What is left is left though the rest failed: that an item has to be looked at, nobody else knows.
absl::Status SyncRun::RunSteps() {
  if (LaneOf(context_.job()) == Lane::kBulk) return PullAndMark();
  LookAgainLater(LeftBy(context_.job()));
  const absl::Status status = Send();
  if (absl::IsCancelled(status)) return status;
  const bool leaves_all = status.ok() && context_.channel().pull.needed;
  if (leaves_all || !left_.empty()) context_.LeaveToPull(JobKind::kSync, WhatIsLeft(leaves_all));
  return status.ok() ? CheckConflicts() : status;
}

JobOptions SyncRun::WhatIsLeft(bool all) const {
  const JobOptions& asked = context_.job().options;
  const std::set<absl::string_view> forced(asked.force.begin(), asked.force.end());
  JobOptions left;
  left.pull_first = true;
  for (const auto& [item, sku] : left_) {
    left.items.push_back(item);
    if (!all && forced.count(sku) > 0) left.force.push_back(sku);
  }
  if (all) left.force = asked.force;
  left.only_forced = asked.only_forced && (all || left.force.size() == left.items.size());
  return left;
}

absl::Status SyncRun::CheckConflicts() const {
  if (conflicted_again_.empty()) return absl::OkStatus();
  const std::string& name = context_.channel().config.name;
  return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kAdapterUnavailable, {{"channel", name}},
                       absl::StrCat("item ", conflicted_again_, " of channel ", name,
                                    " has changed again since all were read; what is left stays dirty"));
}

absl::Status SyncRun::Send() {
  CountFromZero();
  absl::Status status = ResolveOpenPushes(scope_);
  if (status.ok()) status = AskAboutReceipts().status();
  // What is stored may be of another shop.
  if (context_.channel().pull.needed) return status;
  if (status.ok()) status = MarkDirty();
  if (status.ok()) status = CountChanges(scope_);
  if (status.ok()) status = PushUntilClean();
  const bool finishes = status.ok() && context_.CountOf("accepted") > 0;
  return finishes ? FinishReceipts() : status;
}

}  // namespace

absl::Status RunSyncJob(JobContext& context) { return SyncRun(context).Run(); }

}  // namespace flxlink::engine

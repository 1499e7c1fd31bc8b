#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/limits.h"
#include "flxlink/storage_kit/rules.h"
#include "flxlink/sync.h"
#include "src/model/quote.h"

namespace flxlink::storage {
namespace {

absl::Status NothingToHide(absl::string_view sku) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNotLinked,
                       {{"sku", std::string(sku)}, {"field", "status"}},
                       absl::StrCat("SKU ", sku, " is not linked, so that there is nothing to list or hide"));
}

PullState NoneRunning(const PullState& pull) {
  PullState none = pull;
  none.cursor.clear();
  none.since.clear();
  none.cursor_at.reset();
  none.job_id = 0;
  none.running = false;
  return none;
}

// Since when the slot has waited to be claimed.
absl::Time WaitsSince(const Slot& slot) {
  return slot.holder_job == 0 && slot.head_job == 0 ? slot.next_due : slot.head_created_at;
}

absl::Status CheckColumn(size_t size, int64_t rows, absl::string_view name) {
  if (size == static_cast<size_t>(rows)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("column ", name, " has ", size, " rows where the batch has ", rows,
                                                 "; give every column one entry a row"));
}

absl::Status CheckFields(const FieldColumns& fields, int64_t rows) {
  if (fields.names.size() != fields.columns.size()) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", fields.names.size(), " field names and ",
                                                   fields.columns.size(), " field columns; give each column a name"));
  }
  for (size_t i = 0; i < fields.names.size(); ++i) {
    const absl::optional<Problem> problem = CheckText("the name of field", fields.names[i], kMaxIndexedBytes);
    if (problem.has_value()) return WithProblem(absl::InvalidArgumentError(problem->message), *problem);
    absl::Status status = CheckColumn(static_cast<size_t>(fields.columns[i].size()), rows, fields.names[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

struct ColumnSize {
  absl::string_view name;
  size_t size;
};

// The columns, the fields and the number of rows of one batch.
absl::Status CheckShape(const std::vector<ColumnSize>& columns, const FieldColumns& fields, int64_t rows,
                        absl::string_view what) {
  absl::Status status = CheckRows(static_cast<size_t>(rows), what);
  for (const ColumnSize& column : columns) {
    if (status.ok()) status = CheckColumn(column.size, rows, column.name);
  }
  return status.ok() ? CheckFields(fields, rows) : status;
}

absl::Status CheckAge(absl::Duration age) {
  if (age >= absl::ZeroDuration() && age < absl::InfiniteDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a page of the age ", absl::FormatDuration(age),
                                                 "; state how long ago it was made, or zero where nobody knows"));
}

absl::Status CheckSighting(const Sighting& sighting) {
  absl::Status status = CheckRows(sighting.problems.size(), "item problems");
  if (status.ok()) status = CheckRows(sighting.missing.size(), "missing items");
  return status.ok() ? CheckAge(sighting.age) : status;
}

absl::Status CheckNoneEmpty(const StringColumn& column, absl::string_view name) {
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column[row].empty()) {
      return absl::InvalidArgumentError(absl::StrCat("row ", row, " has an empty ", name, "; every row needs one"));
    }
  }
  return absl::OkStatus();
}

bool IsSyncFieldName(absl::string_view name) {
  const absl::StatusOr<SyncFields> fields = ParseSyncFields(name);
  return fields.ok() && fields->Names().size() == 1;
}

absl::Status CheckFixed(const ChannelVariantBatch& batch) {
  for (size_t row = 0; row < batch.fixed.size(); ++row) {
    for (const FixedField& fixed : batch.fixed[row]) {
      if (IsSyncFieldName(fixed.field)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("row ", row, " has ", model::Quote(fixed.field), " fixed; name a field that can be synced"));
    }
  }
  return absl::OkStatus();
}

// Writes the stated fields of a row over those that are known.
void MergeFields(const FieldColumns& columns, int64_t row, std::vector<Field>* fields) {
  for (size_t i = 0; i < columns.names.size(); ++i) {
    const absl::string_view value = columns.columns[i][row];
    const auto known = std::find_if(fields->begin(), fields->end(),
                                    [&](const Field& field) { return field.name == columns.names[i]; });
    if (known != fields->end()) {
      if (value.empty()) {
        fields->erase(known);
      } else {
        known->value = std::string(value);
      }
    } else if (!value.empty()) {
      fields->push_back({columns.names[i], std::string(value)});
    }
  }
}

// As all storages keep times.
absl::Time InMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

// As of when the batch states its quantities.
absl::Time QuantityTime(const ProductBatch& batch, absl::Time now) {
  if (batch.quantity_as_of.has_value()) return InMicros(*batch.quantity_as_of);
  if (!batch.quantity_written_at.has_value()) return now;
  return std::min(InMicros(std::max(*batch.quantity_written_at, absl::UnixEpoch())), now);
}

auto ConfigParts(const ChannelConfig& config) {
  return std::tie(config.name, config.adapter, config.settings, config.link_priority, config.parent_guard,
                  config.strict, config.link_after_build, config.link_after_sync, config.relink_broken,
                  config.sync_fields, config.currency, config.oversell_guard, config.on_doubt, config.on_status_drift,
                  config.zero_prices, config.status_rules, config.limits, config.keep_days, config.keep_jobs);
}

void SortByCode(std::vector<Problem>* attentions) {
  std::sort(attentions->begin(), attentions->end(), [](const Problem& a, const Problem& b) { return a.code < b.code; });
}

absl::optional<std::string> KeyOf(const std::vector<Normalizer>& normalizers, const std::vector<Field>& fields,
                                  absl::string_view name) {
  std::string scratch;
  const absl::optional<absl::string_view> key = NormalizeKey(normalizers, FieldValue(fields, name), &scratch);
  return key.has_value() ? absl::make_optional(std::string(*key)) : absl::nullopt;
}

std::string WhyDoubtful(const PairVerdict& doubt) {
  if (doubt.rule == 0) return "no link rule finds the two equal any more";
  return absl::StrCat("under link rule ", doubt.rule, " it has the key ", model::Quote(doubt.channel_key),
                      ", and the listing variant ", model::Quote(doubt.listing_key));
}

Problem LinkDoubtful(const std::string& external_id, const PairVerdict& doubt) {
  return MakeProblem(problem_code::kLinkDoubtful,
                     {{"external_id", external_id},
                      {"rule", absl::StrCat(doubt.rule)},
                      {"listing_key", doubt.listing_key},
                      {"channel_key", doubt.channel_key}},
                     absl::StrCat("item ", external_id, " may be another product by now: ", WhyDoubtful(doubt)));
}

const FixedField* FindFixed(const std::vector<FixedField>& fixed, absl::string_view field) {
  const auto found =
      std::find_if(fixed.begin(), fixed.end(), [&](const FixedField& known) { return known.field == field; });
  return found == fixed.end() ? nullptr : &*found;
}

bool HasSameFixed(absl::string_view field, const SeenItem& a, const SeenItem& b) {
  const FixedField* const of_a = FindFixed(a.fixed, field);
  const FixedField* const of_b = FindFixed(b.fixed, field);
  return of_a == nullptr || of_b == nullptr ? of_a == of_b : *of_a == *of_b;
}

bool HasSameValue(absl::string_view field, const SeenItem& a, const SeenItem& b) {
  for (const SyncField known : kSyncFields) {
    if (ToString(known) == field) return a.values.Get(known) == b.values.Get(known);
  }
  return FieldValue(a.fields, field) == FieldValue(b.fields, field);
}

}  // namespace

absl::Status CheckRows(size_t rows, absl::string_view what) {
  if (rows <= static_cast<size_t>(Storage::kMaxRows)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(rows, " ", what, " in one operation; the limit is ", Storage::kMaxRows, ", work in pages"));
}

absl::Status CheckLimit(int64_t limit) {
  if (limit >= 1 && limit <= Storage::kMaxRows) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a limit of ", limit, " rows; use 1 to ", Storage::kMaxRows));
}

absl::Status CheckProducts(const ProductBatch& batch) {
  std::vector<ColumnSize> stated;
  for (const ColumnSize& column : {ColumnSize{"sku", static_cast<size_t>(batch.sku.size())},
                                   {"parent", static_cast<size_t>(batch.parent.size())},
                                   {"price", batch.price.size()},
                                   {"compare_at_price", batch.compare_at_price.size()},
                                   {"quantity", batch.quantity.size()},
                                   {"sync_priority", batch.sync_priority.size()}}) {
    if (column.size > 0) stated.push_back(column);
  }
  return CheckShape(stated, batch.fields, batch.size(), "product variants");
}

absl::Status CheckQuantityTime(const ProductBatch& batch, absl::Time now) {
  if (!batch.quantity_as_of.has_value()) return absl::OkStatus();
  const absl::Time at = *batch.quantity_as_of;
  if (at > absl::UnixEpoch() && at <= now) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("quantities as of ", absl::FormatTime(at, absl::UTCTimeZone()),
                                                 ", and now is ", absl::FormatTime(now, absl::UTCTimeZone()),
                                                 "; say when they were true"));
}

absl::Status CheckSource(absl::string_view source) {
  if (source.empty()) return absl::InvalidArgumentError("a source without a name; give it one");
  const absl::optional<Problem> problem = CheckText("the name of the source", source, kMaxIndexedBytes);
  return problem.has_value() ? WithProblem(absl::InvalidArgumentError(problem->message), *problem) : absl::OkStatus();
}

absl::Status CheckAbsent(AbsentProducts absent) {
  if (absent != AbsentProducts::kKeep) return absl::OkStatus();
  return absl::InvalidArgumentError("an import whose absent products are kept has nothing to sweep");
}

absl::Status CheckImport(const ProductImport& import, int64_t begun) {
  if (import.number == begun && begun > 0) return absl::OkStatus();
  const std::string source = model::Quote(import.source);
  if (begun == 0) return absl::FailedPreconditionError(absl::StrCat("source ", source, " has begun no import"));
  return absl::FailedPreconditionError(absl::StrCat("import ", import.number, " of source ", source,
                                                    " is not its last, which is ", begun, "; import all of it again"));
}

absl::Status CheckListings(const ListingBatch& batch) {
  absl::Status status = CheckShape({{"product_id", batch.product_id.size()},
                                    {"parent", static_cast<size_t>(batch.parent.size())},
                                    {"sync_priority", batch.sync_priority.size()}},
                                   batch.fields, batch.size(), "listing variants");
  return status.ok() ? CheckNoneEmpty(batch.sku, "sku") : status;
}

absl::Status CheckChannelVariants(const ChannelVariantBatch& batch) {
  const absl::Status status = CheckShape({{"parent_id", static_cast<size_t>(batch.parent_id.size())},
                                          {"price", batch.price.size()},
                                          {"quantity", batch.quantity.size()},
                                          {"status", batch.status.size()}},
                                         batch.fields, batch.size(), "channel variants");
  if (!status.ok()) return status;
  for (const ColumnSize& column : {ColumnSize{"compare_at_price", batch.compare_at_price.size()},
                                   {"handle", static_cast<size_t>(batch.handle.size())},
                                   {"fixed", batch.fixed.size()},
                                   {"aliases", batch.aliases.size()},
                                   {"identity", static_cast<size_t>(batch.identity.size())}}) {
    if (column.size == 0) continue;
    absl::Status shape = CheckColumn(column.size, batch.size(), column.name);
    if (!shape.ok()) return shape;
  }
  return CheckFixed(batch);
}

absl::Status CheckPulledPages(absl::Span<const PullPage> pages) {
  if (pages.empty()) return absl::InvalidArgumentError("no pulled page in the operation; give at least one");
  for (const PullPage& page : pages) {
    absl::Status status = CheckChannelVariants(page.items);
    if (status.ok()) status = CheckSighting(SightingOf(page));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckFetched(const FetchReply& reply) {
  const absl::Status status = CheckChannelVariants(reply.items);
  return status.ok() ? CheckSighting(SightingOf(reply)) : status;
}

absl::Status CheckSettlements(const SettlementBatch& batch) {
  absl::Status status = CheckRows(batch.rows.size(), "settlements");
  if (!status.ok()) return status;
  const int32_t attentions = static_cast<int32_t>(batch.attentions.size());
  for (const Settlement& row : batch.rows) {
    if (row.attentions < kKeepAttentions || row.attentions >= attentions) {
      return absl::InvalidArgumentError(absl::StrCat("the settlement of listing variant ", row.listing_id,
                                                     " names attentions ", row.attentions, " of ", attentions));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckQueueChange(const QueueChange& change) {
  absl::Status status = CheckRows(change.insert.size() + change.update.size(), "jobs");
  if (!status.ok()) return status;
  for (const std::vector<Job>* jobs : {&change.insert, &change.update}) {
    for (const Job& job : *jobs) {
      if (job.channel_id != change.slot.channel_id) {
        return absl::InvalidArgumentError(absl::StrCat("job ", job.job_id, " is of channel ", job.channel_id,
                                                       " and the slot of channel ", change.slot.channel_id,
                                                       "; change one channel's queue at a time"));
      }
      if (job.not_before == absl::InfiniteFuture()) {
        return absl::InvalidArgumentError(
            absl::StrCat("job ", job.job_id, " would never be due; give a time, or none to let it begin at once"));
      }
    }
  }
  const bool is_updated = std::any_of(change.update.begin(), change.update.end(),
                                      [&](const Job& job) { return job.job_id == change.report_of; });
  if (change.report_of == 0 || is_updated) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("job ", change.report_of, " reports and is not updated; update it with the same change"));
}

absl::Status CheckReport(const JobReport& report, int64_t stored) {
  if (report.problems_before < 0 || report.problems_before > stored) {
    return absl::InvalidArgumentError(absl::StrCat("a report's problems come after ", report.problems_before,
                                                   " and of its job ", stored, " are stored; leave none out"));
  }
  const int64_t count = report.problems_before + static_cast<int64_t>(report.problems.size());
  if (count <= Job::kMaxProblems) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(count, " problems of one job; the limit is ", Job::kMaxProblems, ", keep the first"));
}

absl::Status CheckKeyEntries(absl::Span<const KeyEntry> entries) {
  if (entries.size() > static_cast<size_t>(LinkIndex::kMaxKeyEntries)) {
    return absl::InvalidArgumentError(absl::StrCat(entries.size(), " key entries in one operation; the limit is ",
                                                   LinkIndex::kMaxKeyEntries, ", write them in pages"));
  }
  const auto fall = std::is_sorted_until(entries.begin(), entries.end());
  if (fall == entries.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("key entry ", fall - entries.begin(), " is below the one before it; sort them by hash, then id"));
}

absl::Status CheckLookups(size_t lookups, int64_t limit) {
  absl::Status status = CheckRows(lookups, "lookups");
  if (status.ok()) status = CheckLimit(limit);
  if (!status.ok() || static_cast<int64_t>(lookups) * limit <= Storage::kMaxRows) return status;
  return absl::InvalidArgumentError(absl::StrCat(lookups, " lookups of up to ", limit,
                                                 " entries; the product of both is at most ", Storage::kMaxRows));
}

absl::Status CheckLinkBaseText(absl::string_view text) {
  if (!text.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("a link base with an empty text; say what it was made by");
}

bool IsMoreUrgent(const Slot& a, const Slot& b) {
  // What is better when it is higher, the other way round.
  return std::make_tuple(b.head_prioritized_at, a.head_lane, b.head_priority, b.head_sync_priority, WaitsSince(a),
                         a.channel_id) < std::make_tuple(a.head_prioritized_at, b.head_lane, a.head_priority,
                                                         a.head_sync_priority, WaitsSince(b), b.channel_id);
}

absl::optional<absl::Time> LookAfter(absl::optional<absl::Time> before, absl::Span<const OpenItem> items,
                                     absl::Time receipts_at, absl::Time receipt_deadline) {
  if (std::any_of(items.begin(), items.end(), &IsUnheardOf)) return absl::nullopt;
  if (before.has_value()) return before;
  const bool has_receipt =
      std::any_of(items.begin(), items.end(), [](const OpenItem& open) { return !open.receipt.empty(); });
  return has_receipt ? receipts_at : receipt_deadline;
}

bool IsLastChange(const QueueChange& change, const Slot& slot) {
  return change.number != 0 && slot.change == change.number && slot.revision == change.expected_revision + 1;
}

bool IsWritten(const Channel& channel, int64_t expected_revision, const ChannelConfig& config,
               const absl::optional<ChannelConfig>& draft) {
  if (channel.revision != expected_revision + 1 || channel.draft.has_value() != draft.has_value()) return false;
  return SameConfig(channel.config, config) && (!draft.has_value() || SameConfig(*channel.draft, *draft));
}

bool HasJustBegun(const PullState& pull, const Fence& fence, absl::string_view since) {
  return pull.running && pull.job_id == fence.job_id && pull.since == since && !pull.cursor_at.has_value();
}

PullState Begun(const PullState& last, const Fence& fence, absl::string_view since) {
  PullState pull = NoneRunning(last);
  ++pull.pull_number;
  pull.since = std::string(since);
  pull.job_id = fence.job_id;
  pull.saw_unnamed = false;
  pull.running = true;
  return pull;
}

PullState Ended(const PullState& running, bool complete, absl::string_view mark, absl::Time now) {
  PullState pull = NoneRunning(running);
  if (running.since.empty()) pull.needed = false;
  if (complete && running.since.empty()) {
    ++pull.complete_pulls;
    pull.completed_at = now;
  }
  pull.mark = std::string(mark);
  return pull;
}

PullState AfterOtherSettings(const PullState& pull) {
  PullState after = NoneRunning(pull);
  if (pull.running) ++after.pull_number;
  after.needed = pull.pull_number > 0;
  after.mark.clear();
  return after;
}

absl::Status CheckSweep(const Channel& channel, int64_t pull_number) {
  if (!channel.pull.running || channel.pull.pull_number != pull_number) return PullNotRunning(channel, pull_number);
  return channel.pull.since.empty() ? absl::OkStatus() : PullNotWhole(channel, pull_number);
}

bool SameMarks(const ChannelConfig& a, const ChannelConfig& b) {
  return a.adapter == b.adapter && a.settings == b.settings;
}

absl::Status CheckFilter(const ListingFilter& filter) {
  if (filter.drifted) return absl::InvalidArgumentError("a storage cannot tell what drifted; ask the engine");
  absl::Status status = CheckRows(filter.skus.size(), "SKUs");
  if (status.ok()) status = CheckRows(filter.parents.size(), "parents");
  return status.ok() ? CheckRows(filter.attention_codes.size(), "attention codes") : status;
}

absl::Status CheckFilter(const ItemFilter& filter) {
  const absl::Status status = CheckRows(filter.external_ids.size(), "external ids");
  return status.ok() ? CheckRows(filter.parents.size(), "parents") : status;
}

absl::Status CheckNames(absl::Span<const std::string> parent_ids, absl::Span<const std::string> aliases,
                        int64_t limit) {
  absl::Status status = CheckLimit(limit);
  if (status.ok()) status = CheckRows(parent_ids.size(), "parents");
  return status.ok() ? CheckRows(aliases.size(), "aliases") : status;
}

bool SameConfig(const ChannelConfig& a, const ChannelConfig& b) { return ConfigParts(a) == ConfigParts(b); }

bool IsOutdated(const ProductState& known, const ProductBatch& batch) {
  return !batch.quantity.empty() && batch.quantity_as_of.has_value() &&
         known.quantity_at > InMicros(*batch.quantity_as_of);
}

ProductState MergeProduct(const ProductState& known, const ProductBatch& batch, int64_t row, absl::Time now) {
  const size_t at = static_cast<size_t>(row);
  ProductState merged = known;
  if (known.removed) {
    merged.removed = merged.absent = false;
    merged.quantity = kAbsent;
  }
  if (batch.sku.size() > 0) merged.sku = std::string(batch.sku[row]);
  if (batch.parent.size() > 0) merged.parent = std::string(batch.parent[row]);
  const bool states_money = !batch.price.empty() || !batch.compare_at_price.empty();
  if (states_money && batch.currency != known.currency) {
    merged.price = merged.compare_at_price = kAbsent;
    merged.currency = batch.currency;
  }
  if (!batch.price.empty()) merged.price = batch.price[at];
  if (!batch.compare_at_price.empty()) merged.compare_at_price = batch.compare_at_price[at];
  if (!batch.quantity.empty() && !IsOutdated(known, batch)) {
    merged.quantity = batch.quantity[at];
    merged.absent = false;
    merged.quantity_at = QuantityTime(batch, now);
  }
  if (!batch.sync_priority.empty()) {
    merged.sync_priority = batch.sync_priority[at] == kAbsent ? 0 : batch.sync_priority[at];
  }
  MergeFields(batch.fields, row, &merged.fields);
  return merged;
}

ProductState ZeroedProduct(const ProductState& known, absl::Time now) {
  ProductState zeroed = known;
  zeroed.quantity = 0;
  zeroed.quantity_at = now;
  return zeroed;
}

ProductState AbsentProduct(const ProductState& known, AbsentProducts absent, absl::Time now) {
  const bool is_done = known.removed || (absent == AbsentProducts::kZero && known.quantity == 0);
  if (is_done || absent == AbsentProducts::kKeep) return known;
  ProductState lost = absent == AbsentProducts::kZero ? ZeroedProduct(known, now) : RemovedProduct(known, now);
  lost.absent = true;
  return lost;
}

ProductState RemovedProduct(const ProductState& known, absl::Time now) {
  ProductState removed = ZeroedProduct(known, now);
  removed.removed = true;
  removed.absent = false;
  return removed;
}

ProductChange CompareProducts(const ProductState& before, const ProductState& after) {
  ProductChange change;
  change.values = before.price != after.price || before.compare_at_price != after.compare_at_price ||
                  before.currency != after.currency || before.quantity != after.quantity ||
                  before.removed != after.removed || before.absent != after.absent;
  const bool fell = after.quantity != kAbsent && (before.quantity == kAbsent || after.quantity < before.quantity);
  if (fell) change.rank = DirtyRank::kQuantityFell;
  change.quantity_was_at = before.quantity_at;
  change.quantity_is_at = after.quantity_at;
  change.any = change.values || before.sku != after.sku || before.parent != after.parent ||
               before.sync_priority != after.sync_priority || before.fields != after.fields;
  return change;
}

bool MarksLink(const ProductChange& change, absl::Time guarded_at) {
  return change.values || (change.quantity_was_at <= guarded_at && guarded_at < change.quantity_is_at);
}

bool IsLiveItem(bool gone, ChannelStatus status) { return !gone && status != ChannelStatus::kDead; }

ListingStatus StatusAfterLink(const ListingStatus& stored, ChannelStatus seen) {
  ListingStatus status = InitialStatus(seen);
  status.paused = stored.paused;
  return status;
}

absl::StatusOr<ListingStatus> StatusAfterEdit(const ListingStatus& stored, Health wanted, bool linked,
                                              absl::string_view sku) {
  if (wanted != Health::kListed && wanted != Health::kHidden && wanted != Health::kDelisted) {
    return absl::InvalidArgumentError(
        absl::StrCat("SKU ", sku, ": a person states listed, hidden or delisted, not ", ToString(wanted)));
  }
  if (!linked && wanted == Health::kHidden) return NothingToHide(sku);
  if (linked && stored.base == Health::kUnknown) {
    return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kStatusNotUnderstood,
                         {{"sku", std::string(sku)}},
                         absl::StrCat("SKU ", sku,
                                      ": its channel shows a status that is not understood, over which "
                                      "none is sent"));
  }
  return StateStatus(stored, wanted, linked);
}

ListingStatus StatusAfterUnlink(const ListingStatus& stored) {
  ListingStatus status;
  status.paused = stored.paused;
  return status;
}

Doubt DoubtWith(const Doubt& before, const PushItem& item) {
  return {UnionOf(before.fields, item.mask), QuantitiesInDoubt(before.fields, before.quantities, item),
          DifferenceOf(before.confirmed, item.mask)};
}

Doubt DoubtAfter(const Settlement& row) {
  if (row.gone) return {};
  return {row.in_doubt, row.quantities_in_doubt, row.confirmed};
}

ItemValues SeenAfterUnlink(const ItemValues& seen, const ItemValues& acknowledged, const SyncFields& in_doubt) {
  ItemValues known = seen;
  for (const SyncField field : kSyncFields) {
    if (field == SyncField::kStatus) continue;
    if (in_doubt.Has(field) || acknowledged.Get(field) != seen.Get(field)) known.Set(field, kAbsent);
  }
  if (acknowledged.status != ChannelStatus::kUnknown && seen.status != ChannelStatus::kDead) {
    known.status = acknowledged.status;
  }
  return known;
}

absl::string_view HandleAt(const ChannelVariantBatch& batch, int64_t row) {
  return batch.handle.size() == 0 ? absl::string_view() : batch.handle[row];
}

RareVector<FixedField> FixedAt(const ChannelVariantBatch& batch, int64_t row) {
  if (batch.fixed.empty() || batch.fixed[static_cast<size_t>(row)].empty()) return {};
  std::vector<FixedField> fixed = batch.fixed[static_cast<size_t>(row)];
  std::stable_sort(fixed.begin(), fixed.end(),
                   [](const FixedField& a, const FixedField& b) { return a.field < b.field; });
  const auto is_same = [](const FixedField& a, const FixedField& b) { return a.field == b.field; };
  fixed.erase(std::unique(fixed.begin(), fixed.end(), is_same), fixed.end());
  return fixed;
}

RareVector<std::string> AliasesAt(const ChannelVariantBatch& batch, int64_t row) {
  if (batch.aliases.empty() || batch.aliases[static_cast<size_t>(row)].empty()) return {};
  std::vector<std::string> aliases = batch.aliases[static_cast<size_t>(row)];
  std::sort(aliases.begin(), aliases.end());
  aliases.erase(std::unique(aliases.begin(), aliases.end()), aliases.end());
  if (aliases.front().empty()) aliases.erase(aliases.begin());
  return aliases;
}

absl::string_view IdentityAt(const ChannelVariantBatch& batch, int64_t row, absl::string_view known) {
  return batch.identity.size() == 0 || batch.identity[row].empty() ? known : batch.identity[row];
}

bool IsOther(absl::string_view linked, absl::string_view seen) {
  return !linked.empty() && !seen.empty() && linked != seen;
}

LinkAfterSighting AfterSighting(absl::string_view linked, absl::string_view seen) {
  return {IsOther(linked, seen) ? LinkState::kBroken : LinkState::kLinked, std::string(linked.empty() ? seen : linked)};
}

std::vector<Field> ListingKeys(absl::string_view sku, absl::string_view parent, std::vector<Field> fields) {
  fields.push_back({"sku", std::string(sku)});
  fields.push_back({"parent", std::string(parent)});
  return fields;
}

std::vector<Field> ItemKeys(absl::string_view external_id, std::vector<Field> fields) {
  fields.push_back({"id", std::string(external_id)});
  return fields;
}

bool HasOtherKeys(const LinkPriority& rules, const std::vector<Field>& before, const std::vector<Field>& after) {
  return std::any_of(rules.begin(), rules.end(), [&](const LinkRule& rule) {
    return KeyOf(rule.normalizers, before, rule.channel_field) != KeyOf(rule.normalizers, after, rule.channel_field);
  });
}

PairVerdict JudgePair(const LinkPriority& rules, const std::vector<Field>& listing, const std::vector<Field>& item) {
  PairVerdict verdict;
  for (size_t i = 0; i < rules.size(); ++i) {
    const LinkRule& rule = rules[i];
    absl::optional<std::string> listing_key = KeyOf(rule.normalizers, listing, rule.listing_field);
    absl::optional<std::string> channel_key = KeyOf(rule.normalizers, item, rule.channel_field);
    if (!listing_key.has_value() || !channel_key.has_value()) continue;
    if (*listing_key == *channel_key) return {true, 0, "", ""};
    if (verdict.rule != 0) continue;
    verdict.rule = static_cast<int32_t>(i) + 1;
    verdict.listing_key = *std::move(listing_key);
    verdict.channel_key = *std::move(channel_key);
  }
  return verdict;
}

bool IsDoubtfulAfter(bool doubtful, bool was_broken, const PairVerdict& verdict) {
  if (verdict.agrees) return false;
  return doubtful || was_broken || verdict.rule != 0;
}

bool CanBeDoubted(bool by_hand, bool own_ids) { return !by_hand || !own_ids; }

bool IsOfSightings(const Problem& attention) {
  constexpr absl::string_view kCodes[] = {problem_code::kHiddenOnChannel, problem_code::kItemDead,
                                          problem_code::kLinkDoubtful, problem_code::kStatusNotUnderstood};
  return std::find(std::begin(kCodes), std::end(kCodes), attention.code) != std::end(kCodes);
}

std::vector<Problem> SightingAttentions(absl::string_view external_id, ChannelStatus seen,
                                        const std::vector<Field>& item_fields, const ListingStatus& status,
                                        const absl::optional<PairVerdict>& doubt) {
  const std::string id(external_id);
  std::vector<Problem> attentions;
  if (status.kept_hidden) {
    attentions.push_back(MakeProblem(problem_code::kHiddenOnChannel, {{"external_id", id}},
                                     absl::StrCat("item ", id,
                                                  " was hidden on the channel after a status rule had "
                                                  "shown it")));
  }
  if (seen == ChannelStatus::kDead) {
    attentions.push_back(MakeProblem(problem_code::kItemDead, {{"external_id", id}},
                                     absl::StrCat("the channel has item ", id, " as dead")));
  }
  if (doubt.has_value()) attentions.push_back(LinkDoubtful(id, *doubt));
  if (seen == ChannelStatus::kNotUnderstood) {
    const std::string word(FieldValue(item_fields, "status"));
    attentions.push_back(MakeProblem(problem_code::kStatusNotUnderstood, {{"external_id", id}, {"status", word}},
                                     absl::StrCat("the channel shows item ", id, " with the status ",
                                                  model::Quote(word), ", which is not understood")));
  }
  return attentions;
}

std::vector<Problem> WithSightings(const std::vector<Problem>& stored, std::vector<Problem> sighted) {
  std::copy_if(stored.begin(), stored.end(), std::back_inserter(sighted),
               [](const Problem& attention) { return !IsOfSightings(attention); });
  SortByCode(&sighted);
  return sighted;
}

void AddSightedChanges(absl::string_view sku, absl::string_view external_id, const std::vector<Problem>& before,
                       const std::vector<Problem>& after, PullWriteResult* result) {
  const auto add = [&](const std::vector<Problem>& from, const std::vector<Problem>& others,
                       std::vector<SightedAttention>* to) {
    for (const Problem& attention : from) {
      if (!IsOfSightings(attention)) continue;
      const auto is_same = [&](const Problem& other) { return other.code == attention.code; };
      if (std::any_of(others.begin(), others.end(), is_same)) continue;
      to->push_back({std::string(sku), std::string(external_id), attention});
    }
  };
  add(after, before, &result->raised);
  add(before, after, &result->cleared);
}

ItemValues KnownAfterSighting(const ItemValues& acknowledged, const ItemValues& seen, const ListingStatus& status,
                              bool is_settled, const SyncFields& in_doubt) {
  ItemValues known = acknowledged;
  for (const SyncField field : kSyncFields) {
    if (!is_settled && !in_doubt.Has(field)) known.Set(field, seen.Get(field));
  }
  const bool is_adopted = status.author == StatusAuthor::kChannel && status.pending == PendingChange::kNone;
  if (is_adopted && !in_doubt.Has(SyncField::kStatus)) known.status = seen.status;
  return known;
}

RareVector<RefusedValue> RefusedAfterSighting(const std::vector<RefusedValue>& refused, const SeenItem& before,
                                              const SeenItem& after) {
  absl::flat_hash_set<uint64_t> ended;
  for (const RefusedValue& value : refused) {
    const bool same = HasSameValue(value.field, before, after) && HasSameFixed(value.field, before, after);
    if (!same) ended.insert(value.digest);
  }
  RareVector<RefusedValue> standing;
  for (const RefusedValue& value : refused) {
    if (!ended.contains(value.digest)) standing.Mutable().push_back(value);
  }
  return standing;
}

std::vector<Problem> WithoutEndedRefusals(const std::vector<Problem>& attentions,
                                          const std::vector<RefusedValue>& refused,
                                          const std::vector<RefusedValue>& standing) {
  const auto is_of = [](const Problem& problem) {
    return [&problem](const RefusedValue& value) { return value.problem == problem; };
  };
  std::vector<Problem> after;
  for (const Problem& problem : attentions) {
    const bool refusal = std::any_of(refused.begin(), refused.end(), is_of(problem));
    if (!refusal || std::any_of(standing.begin(), standing.end(), is_of(problem))) {
      after.push_back(problem);
      continue;
    }
    const auto other = std::find_if(standing.begin(), standing.end(),
                                    [&](const RefusedValue& value) { return value.problem.code == problem.code; });
    if (other != standing.end()) after.push_back(other->problem);
  }
  return after;
}

SyncFields ForcedAfterSettlement(const SyncFields& forced, int64_t dirty_version, const Settlement& row) {
  if (row.dirty_version < dirty_version) return forced;
  if (row.settled) return SyncFields();
  SyncFields left = DifferenceOf(forced, row.mask);
  for (const RefusedValue& refused : row.refused) left = DifferenceOf(left, FieldNamed(refused.field));
  return left;
}

Sighting SightingOf(const PullPage& page) {
  return {page.items, page.problems, page.deleted, page.age, page.holds_breaks};
}

Sighting SightingOf(const FetchReply& reply) {
  return {reply.items, reply.problems, reply.missing, reply.age, reply.holds_breaks};
}

absl::Time SeenAt(const Sighting& sighting, absl::Time now) { return now - sighting.age; }

bool IsOvertaken(absl::Time at, absl::Time seen_at, absl::Time gone_at) { return at < std::max(seen_at, gone_at); }

std::vector<absl::string_view> MissingItems(const Sighting& sighting) {
  if (sighting.missing.empty()) return {};
  absl::flat_hash_set<absl::string_view> found;
  for (int64_t row = 0; row < sighting.items.size(); ++row) found.insert(sighting.items.external_id[row]);
  for (const ItemProblem& item : sighting.problems) found.insert(item.external_id);
  std::vector<absl::string_view> missing;
  for (const std::string& external_id : sighting.missing) {
    if (!found.contains(external_id)) missing.push_back(external_id);
  }
  return missing;
}

void AddPage(PulledRowChoice rows, PullWriteResult* result) {
  for (RowRefusal& refusal : rows.refused) {
    result->refused.push_back({result->pages, refusal.row, std::move(refusal.problem)});
  }
  result->repeated += rows.repeated;
  result->unnamed += rows.unnamed;
  ++result->pages;
}

ChannelStatus AcknowledgedStatus(const Settlement& row) {
  return row.mask.Has(SyncField::kStatus) ? row.acknowledged.status : row.by_quantity;
}

ListingStatus StatusOnPush(const ListingStatus& stored, const PushItem& item) {
  return item.mask.Has(SyncField::kStatus) ? Sent(stored, item.values.status) : stored;
}

ListingStatus StatusAfterSettlement(const ListingStatus& stored, const Settlement& row,
                                    absl::FunctionRef<bool()> product_removed) {
  // A quantity was not sent as a status.
  const bool by_quantity = !row.mask.Has(SyncField::kStatus) && row.by_quantity == ChannelStatus::kHidden;
  ListingStatus status = by_quantity && product_removed() ? Sent(stored, row.by_quantity) : stored;
  status = Acknowledge(status, AcknowledgedStatus(row));
  if (row.in_doubt.Has(SyncField::kStatus)) return status;
  const ListingStatus returned = Returned(status);
  return returned == status || product_removed() ? status : returned;
}

bool WaitsToBeStated(const Problem& attention) { return attention.code == problem_code::kPendingChangeWaits; }

std::vector<Problem> AttentionsOf(const Settlement& row, const SettlementBatch& batch,
                                  const std::vector<Problem>& stored) {
  std::vector<Problem> attentions;
  if (row.attentions >= 0) attentions = batch.attentions[static_cast<size_t>(row.attentions)];
  std::copy_if(stored.begin(), stored.end(), std::back_inserter(attentions), &IsOfSightings);
  return WithWaiting(std::move(attentions), stored);
}

std::vector<Problem> WithWaiting(std::vector<Problem> attentions, const std::vector<Problem>& stored) {
  std::copy_if(stored.begin(), stored.end(), std::back_inserter(attentions), &WaitsToBeStated);
  SortByCode(&attentions);
  return attentions;
}

std::vector<Problem> WithStatedStatus(const std::vector<Problem>& stored, const ListingStatus& status) {
  std::vector<Problem> left;
  std::copy_if(stored.begin(), stored.end(), std::back_inserter(left), [&](const Problem& attention) {
    if (attention.code == problem_code::kHiddenOnChannel) return status.kept_hidden;
    return !WaitsToBeStated(attention);
  });
  return left;
}

void AddAttentionChanges(int64_t row, const std::vector<Problem>& before, const std::vector<Problem>& after,
                         SettlementResult* result) {
  for (const Problem& attention : before) {
    if (WaitsToBeStated(attention) || IsOfSightings(attention)) continue;
    const auto now =
        std::find_if(after.begin(), after.end(), [&](const Problem& other) { return other.code == attention.code; });
    if (now == after.end()) {
      result->cleared.push_back({row, attention});
    } else if (now->args == attention.args) {
      result->repeated.push_back({row, attention.code});
    }
  }
}

Problem ItemGone(absl::string_view external_id) {
  return MakeProblem(problem_code::kItemGone, {{"external_id", std::string(external_id)}},
                     absl::StrCat("item ", external_id, " is gone from the channel"));
}

Problem ItemReplaced(absl::string_view external_id, absl::string_view linked, absl::string_view seen) {
  return MakeProblem(
      problem_code::kItemReplaced,
      {{"external_id", std::string(external_id)}, {"linked", std::string(linked)}, {"seen", std::string(seen)}},
      absl::StrCat("another item stands under the id ", external_id, " now: it is ", seen, ", and ", linked,
                   " was linked"));
}

absl::Time EffectiveGuard(absl::Time guarded_at, absl::Time quantity_at) {
  return quantity_at > guarded_at ? absl::InfinitePast() : guarded_at;
}

absl::Time GuardAfterSettlement(absl::Time guarded_at, absl::Time quantity_at, const Settlement& row,
                                const SettlementBatch& batch) {
  if (row.guard_quantity) return batch.seen_at;
  const bool acknowledges = row.mask.Has(SyncField::kQuantity) && row.acknowledged.quantity != kAbsent;
  return acknowledges ? EffectiveGuard(guarded_at, quantity_at) : guarded_at;
}

void TakeReport(const JobReport& report, Job* job) {
  job->progress = report.progress;
  job->cursor = report.cursor;
  job->counts = report.counts;
}

void TakeReport(const Job& stored, const QueueChange& change, Job* update) {
  if (change.report_of == update->job_id) {
    TakeReport(change.report, update);
  } else {
    update->progress = stored.progress;
    update->cursor = stored.cursor;
    update->counts = stored.counts;
  }
}

std::vector<Field> RowFields(const FieldColumns& columns, int64_t row) {
  std::vector<Field> fields;
  for (size_t i = 0; i < columns.names.size(); ++i) {
    const absl::string_view value = columns.columns[i][row];
    if (!value.empty()) fields.push_back({columns.names[i], std::string(value)});
  }
  return fields;
}

void AddRowFields(const std::vector<Field>& fields, int64_t rows, FieldColumns* columns) {
  for (const Field& field : fields) {
    if (columns->Find(field.name) != nullptr) continue;
    columns->names.push_back(field.name);
    columns->columns.emplace_back();
    for (int64_t row = 0; row < rows; ++row) columns->columns.back().Add("");
  }
  for (size_t i = 0; i < columns->names.size(); ++i) columns->columns[i].Add(FieldValue(fields, columns->names[i]));
}

}  // namespace flxlink::storage

#include "tests/storage/store_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/support/open_pushes.h"

namespace flxlink {
namespace {

template <typename T>
T Read(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  ADD_FAILURE() << result.status();
  return T();
}

std::string Text(absl::Time time) {
  if (time == absl::InfinitePast()) return "never";
  return absl::StrCat(absl::ToUnixMicros(time), "us");
}

std::string Text(const absl::optional<absl::Time>& time) { return time.has_value() ? Text(*time) : "none"; }

std::string Text(const std::vector<Field>& fields) {
  return absl::StrJoin(
      fields, ",", [](std::string* out, const Field& field) { absl::StrAppend(out, field.name, "=", field.value); });
}

std::string Text(const FieldColumns& fields, int64_t row) {
  std::vector<Field> of_row;
  for (size_t i = 0; i < fields.names.size(); ++i) {
    const absl::string_view value = fields.columns[i][row];
    if (!value.empty()) of_row.push_back({fields.names[i], std::string(value)});
  }
  return Text(of_row);
}

std::string Text(const Problem& problem) {
  std::string text = absl::StrCat("[", problem.code, "|", problem.message);
  for (const Field& arg : problem.args) absl::StrAppend(&text, "|", arg.name, "=", arg.value);
  return absl::StrCat(text, "]");
}

std::string Text(const ListingStatus& status) {
  return absl::StrCat(ToString(status.base), "/", ToString(status.pending), status.paused ? "/paused" : "");
}

std::string Text(const ItemValues& values) {
  std::string text =
      absl::StrCat(values.price, "/", values.quantity, "/", ToString(values.status), "/", values.compare_at_price);
  for (const Field& field : values.content) absl::StrAppend(&text, "/", field.name, "=", field.value);
  return text;
}

std::string Text(const RareVector<HeldChange>& held) {
  return absl::StrJoin(held, ",", [](std::string* out, const HeldChange& change) {
    absl::StrAppend(out, ToString(change.kind), ":", ToString(change.state), ":", ToString(change.field), ":",
                    change.digest, ":", change.job_id, ":", change.problem.code);
  });
}

std::string Text(const RareVector<RefusedValue>& refused) {
  return absl::StrJoin(refused, ",", [](std::string* out, const RefusedValue& value) {
    absl::StrAppend(out, value.field, ":", value.digest, " ", value.problem.code, " ", value.problem.message);
  });
}

std::string Text(const PullState& pull) {
  return absl::StrCat("pull ", pull.pull_number, " cursor=", pull.cursor, " since=", pull.since, " mark=", pull.mark,
                      " at ", Text(pull.cursor_at), " job=", pull.job_id, " running=", pull.running,
                      " unnamed=", pull.saw_unnamed, " complete=", pull.complete_pulls, " at ",
                      Text(pull.completed_at));
}

std::string Text(const Channel& channel) {
  return absl::StrCat("channel ", channel.channel_id, " {", ToText(channel.config), "} draft {",
                      channel.draft.has_value() ? ToText(*channel.draft) : "none", "} revision=", channel.revision,
                      " policy=", channel.policy_version, " evaluated=", channel.evaluated_version,
                      " edit=", channel.edit_version, " ", Text(channel.pull), "\n");
}

std::string Text(const ListingRow& row) {
  std::string text = absl::StrCat(
      "listing ", row.listing_id, " ", row.sku, " parent=", row.parent, " {", Text(row.fields), "} ",
      ToString(row.link_state), " ", row.external_id, " rule=", row.rule, " reason=", ToString(row.reason),
      " by_hand=", row.by_hand, " ", Text(row.status), " ",
      row.price.has_value() ? absl::StrCat(FormatMoney(*row.price), " ", row.price->currency.code()) : "no price", " ",
      row.quantity.has_value() ? absl::StrCat(*row.quantity) : "no quantity", " priority=", row.sync_priority,
      " dirty=", row.dirty, " in_doubt=", row.in_doubt);
  for (const Problem& attention : row.attentions) absl::StrAppend(&text, " ", Text(attention));
  absl::StrAppend(&text, "\n");
  return text;
}

std::string Text(const LinkEvent& event) {
  return absl::StrCat("  ", ToString(event.kind), " ", event.external_id, " rule=", event.rule, " job=", event.job_id,
                      " at ", Text(event.at), "\n");
}

std::string Text(const RareVector<FixedField>& fixed) {
  return absl::StrJoin(fixed, ",", [](std::string* out, const FixedField& field) {
    absl::StrAppend(out, field.field, ":", ToString(field.reason));
  });
}

std::string LinkText(const SyncBatch& batch, int64_t i) {
  const SyncRow& row = batch.rows[static_cast<size_t>(i)];
  return absl::StrCat("link ", row.listing_id, " ", batch.sku[i], " ", batch.external_id[i],
                      " parent=", batch.parent_id[i], " handle=", batch.handle[i], " version=", row.dirty_version,
                      " product=", row.product_price, " ", row.product_currency.code(), "/", row.product_quantity,
                      " at ", Text(row.quantity_at), " ", Text(row.status), " acknowledged=", Text(row.acknowledged),
                      " seen=", Text(row.seen), " at ", Text(row.seen_at), " guarded=", Text(row.guarded_at),
                      " refused=", Text(row.refused), " held=", Text(row.held),
                      " forced=", FormatSyncFields(row.forced), " in_doubt=", FormatSyncFields(row.in_doubt), " (",
                      absl::StrJoin(row.quantities_in_doubt, ","), ") confirmed=", FormatSyncFields(row.confirmed),
                      " fixed=", Text(row.fixed), " dirty=", row.dirty, " at ", Text(row.acknowledged_at), "\n");
}

std::string ProductText(Storage& storage, bool removed) {
  std::string text;
  for (int64_t after = 0;;) {
    const ProductBatch page =
        Read(removed ? storage.ReadRemovedProducts(after, {}, 1) : storage.ReadProducts(after, {}, 1));
    if (page.size() == 0) return text;
    if (page.product_id[0] <= after) {
      ADD_FAILURE() << "product " << page.product_id[0] << " is not after " << after;
      return text;
    }
    after = page.product_id[0];
    absl::StrAppend(&text, removed ? "removed " : "", "product ", after, " ", page.key[0], " sku=", page.sku[0],
                    " parent=", page.parent[0], " ", page.price[0], " ", page.currency.code(), " ", page.quantity[0]);
    absl::StrAppend(&text, " priority=", page.sync_priority[0], " {", Text(page.fields, 0), "}\n");
  }
}

std::string ListingText(Storage& storage, int64_t channel_id) {
  std::string text;
  for (const ListingRow& row : Read(storage.ReadListings(channel_id, {}, 0, Storage::kMaxRows))) {
    absl::StrAppend(&text, Text(row));
    HistoryFilter filter;
    filter.sku = row.sku;
    for (const LinkHistoryRow& entry : Read(storage.ReadLinkHistory(channel_id, filter, {}, Storage::kMaxRows))) {
      absl::StrAppend(&text, Text(entry.event));
    }
  }
  return text;
}

std::string ItemText(Storage& storage, int64_t channel_id) {
  std::string text;
  const std::vector<std::string> fields = {"sku", "barcode"};
  const ChannelKeyPage page = Read(storage.ReadChannelKeys(channel_id, fields, 0, Storage::kMaxRows));
  for (int64_t i = 0; i < page.size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    absl::StrAppend(&text, "item ", page.channel_variant_id[at], " ", page.external_id[i], " parent=", page.parent[i],
                    " sku=", page.columns[0][i], " barcode=", page.columns[1][i]);
    absl::StrAppend(&text, " live=", page.live[at], "\n");
  }
  for (const ItemRow& row : Read(storage.ReadItems(channel_id, {}, 0, Storage::kMaxRows))) {
    if (!row.fixed.empty()) absl::StrAppend(&text, "item ", row.external_id, " fixed=", Text(row.fixed), "\n");
    for (const std::string& alias : row.aliases)
      absl::StrAppend(&text, "item ", row.external_id, " alias ", alias, "\n");
    if (!row.identity.empty()) absl::StrAppend(&text, "item ", row.external_id, " is ", row.identity, "\n");
  }
  return text;
}

std::string LinkText(Storage& storage, int64_t channel_id) {
  std::string text;
  const SyncBatch links = Read(storage.ReadLinks(channel_id, 0, Storage::kMaxRows));
  for (int64_t i = 0; i < links.size(); ++i) absl::StrAppend(&text, LinkText(links, i));
  for (const LinkPair& pair : Read(storage.ReadHandUnlinks(channel_id, {}, Storage::kMaxRows))) {
    absl::StrAppend(&text, "unlinked by hand ", pair.listing_id, " ", pair.channel_variant_id, "\n");
  }
  for (const OpenPush& push : ReadAllPushes(storage, channel_id)) {
    absl::StrAppend(&text, "push ", push.push_id, " ", push.kind, " deadlines ", Text(push.call_deadline), " ",
                    Text(push.receipt_deadline), " look at ", Text(push.look_at), " of");
    for (const OpenItem& open : push.items) {
      absl::StrAppend(&text, " ", open.item.listing_id, " v", open.item.dirty_version, " ",
                      FormatSyncFields(open.item.mask), " receipt ", open.receipt, open.lingers ? " lingers" : "");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::string ChangeText(Storage& storage, int64_t channel_id, LinkSide side) {
  std::string text;
  const std::vector<std::string> fields = {"sku", "barcode"};
  const LinkChangePage page =
      Read(storage.link_index()->ReadLinkChanges(channel_id, side, fields, 0, Storage::kMaxRows));
  for (int64_t i = 0; i < page.size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    absl::StrAppend(&text, "  ", side == LinkSide::kListing ? "listing " : "item ", page.id[at],
                    " known=", page.known[at], " live=", page.live[at], " parent=", page.parent[i]);
    absl::StrAppend(&text, " sku=", page.columns[0][i], " barcode=", page.columns[1][i], "\n");
  }
  return text;
}

std::string LinkBaseText(Storage& storage, int64_t channel_id) {
  if (storage.link_index() == nullptr) return "";
  const LinkBase base = Read(storage.link_index()->ReadLinkBase(channel_id));
  return absl::StrCat("link base {", base.text, "} entries=", base.entries, " added=", base.added,
                      " changes=", base.changes, "\n", ChangeText(storage, channel_id, LinkSide::kListing),
                      ChangeText(storage, channel_id, LinkSide::kChannel));
}

std::string QueueText(Storage& storage, int64_t channel_id) {
  std::string text = ToText(Read(storage.ReadQueue(channel_id)).slot);
  JobFilter filter;
  filter.channel = Read(storage.ReadChannel(channel_id)).config.name;
  for (const Job& job : Read(storage.ReadJobs(filter, std::numeric_limits<int64_t>::max(), Storage::kMaxRows))) {
    absl::StrAppend(&text, ToText(job));
  }
  return text;
}

}  // namespace

std::string ToText(const Job& job) {
  std::string text = absl::StrCat(
      "job ", job.job_id, " channel=", job.channel_id, " ", ToString(job.kind), " ", ToString(job.state), " ",
      ToString(job.trigger), " priority=", job.priority, "/", job.sync_priority.value_or(-1), " prioritized ",
      Text(job.prioritized_at), " passed=", job.passed, " cursor=", job.cursor, " not before ", Text(job.not_before),
      " skus=", absl::StrJoin(job.options.skus, ","), " force=", absl::StrJoin(job.options.force, ","),
      " only_forced=", job.options.only_forced, " full=", job.options.full, " pull_first=", job.options.pull_first,
      " release=", job.options.release_broken, " since_last=", job.options.since_last,
      " items=", absl::StrJoin(job.options.items, ","), " from_job=", job.from_job,
      " progress=", job.progress.total.value_or(-1), "/", job.progress.done, "/", job.progress.failed, "+",
      job.progress.held, " attempts=", job.attempts);
  absl::StrAppend(&text, " created ", Text(job.created_at), " started ", Text(job.started_at), " finished ",
                  Text(job.finished_at), " error=", Text(job.error.value_or(Problem())), " chain=");
  for (const JobKind kind : job.chain) absl::StrAppend(&text, ToString(kind), ",");
  absl::StrAppend(&text, " chained=", absl::StrJoin(job.chained, ","));
  for (const auto& [name, count] : job.counts) absl::StrAppend(&text, " ", name, "=", count);
  absl::StrAppend(&text, " problems=", job.problem_count);
  for (const JobProblem& problem : job.problems) absl::StrAppend(&text, " ", problem.subject, Text(problem.problem));
  return absl::StrCat(text, "\n");
}

std::string ToText(const Slot& slot) {
  return absl::StrCat("slot ", slot.channel_id, " revision=", slot.revision, " holder=", slot.holder_job,
                      " epoch=", slot.epoch, " claim=", slot.claim, " change=", slot.change, " owner=", slot.owner,
                      " paused=", slot.paused, " cancel=", slot.cancel_requested, " head=", slot.head_job, " ",
                      Text(slot.head_prioritized_at), " ", ToString(slot.head_lane), " ", slot.head_priority, "/",
                      slot.head_sync_priority.value_or(-1), " ", Text(slot.head_created_at), " next due ",
                      Text(slot.next_due), " owes=", slot.owes_bulk, "\n");
}

std::string ToText(const ChannelConfig& config) {
  std::string text = absl::StrCat(config.name, " ", config.adapter);
  for (const auto& [name, value] : config.settings) absl::StrAppend(&text, " ", name, "=", value);
  for (const LinkRule& rule : config.link_priority) {
    absl::StrAppend(&text, " rule ", rule.listing_field, "=", rule.channel_field, ":", ToString(rule.ambiguous));
    for (const Normalizer normalizer : rule.normalizers) absl::StrAppend(&text, "+", ToString(normalizer));
  }
  absl::StrAppend(&text, " guard=", config.parent_guard, " strict=", config.strict,
                  " after_build=", config.link_after_build, " after_sync=", config.link_after_sync,
                  " fields=", FormatSyncFields(config.sync_fields));
  absl::StrAppend(&text, " currency=", config.currency.code(), " oversell=", static_cast<int>(config.oversell_guard),
                  " zero_prices=", config.zero_prices);
  for (const StatusRule& rule : config.status_rules) {
    absl::StrAppend(&text, " status_rule ", static_cast<int>(rule.subject), ",", static_cast<int>(rule.comparison), ",",
                    rule.operand, ",", static_cast<int>(rule.action));
  }
  for (const ChangeLimit& limit : config.limits) absl::StrAppend(&text, " limit ", FormatChangeLimit(limit));
  return absl::StrCat(text, " keep_days=", config.keep_days, " keep_jobs=", config.keep_jobs);
}

std::string ToText(const Schedule& schedule) {
  const ScheduleSpec& spec = schedule.spec;
  return absl::StrCat("schedule ", schedule.channel_id, " ", schedule.name, " kind=", static_cast<int>(spec.kind), " ",
                      spec.hour, ":", spec.minute, " every ", absl::FormatDuration(spec.every), " cron=", spec.cron,
                      " zone=", spec.time_zone, " job=", static_cast<int>(schedule.job), " enabled=", schedule.enabled,
                      " next ", Text(schedule.next_fire), " ", Text(schedule.problem), "\n");
}

std::string StoreText(Storage& storage) {
  std::string text = absl::StrCat(ProductText(storage, false), ProductText(storage, true));
  for (const Channel& channel : Read(storage.ReadChannels())) {
    absl::StrAppend(&text, Text(channel), ListingText(storage, channel.channel_id),
                    ItemText(storage, channel.channel_id), LinkText(storage, channel.channel_id),
                    LinkBaseText(storage, channel.channel_id), QueueText(storage, channel.channel_id));
  }
  for (const Schedule& schedule : Read(storage.ReadSchedules())) absl::StrAppend(&text, ToText(schedule));
  return text;
}

}  // namespace flxlink

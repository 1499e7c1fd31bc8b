#include "src/cli/json_view.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/link_rule.h"
#include "flxlink/listing_status.h"
#include "flxlink/problem.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"

namespace flxlink::cli {
namespace {

Json Text(absl::string_view text) { return std::string(text); }

Json TextOrNull(absl::string_view text) { return text.empty() ? Json() : Text(text); }

// Numbers that are counted from 1, with 0 for none.
Json NumberOrNull(int64_t number) { return number == 0 ? Json() : Json(number); }

Json CountOrNull(const absl::optional<int64_t>& count) { return count.has_value() ? Json(*count) : Json(); }

Json InstantOrNull(const absl::optional<absl::Time>& time) {
  return time.has_value() ? Json(FormatInstant(*time)) : Json();
}

Json FieldsView(const std::vector<Field>& fields) {
  Json view = Json::object();
  for (const Field& field : fields) view[field.name] = field.value;
  return view;
}

Json FixedView(const std::vector<FixedField>& fixed) {
  Json view = Json::object();
  for (const FixedField& field : fixed) view[field.field] = Text(ToString(field.reason));
  return view;
}

std::string Word(const std::string& word) { return word; }
template <typename Enum>
std::string Word(Enum value) {
  return ToString(value).empty() ? "none" : std::string(ToString(value));
}

template <typename Key>
Json NumbersView(const std::map<Key, int64_t>& numbers) {
  Json view = Json::object();
  for (const auto& [key, number] : numbers) view[Word(key)] = number;
  return view;
}

// A link that a rule made has no reason but a warning.
Json ReasonView(const ListingRow& listing) {
  if (listing.by_hand) return "by_hand";
  return listing.reason == LinkReason::kExisting ? Json() : TextOrNull(ToString(listing.reason));
}

Json SyncFieldsView(const SyncFields& fields) { return Json(fields.Names()); }

Json ConfigView(const ChannelConfig& config) {
  Json settings = Json::object();
  for (const auto& [name, value] : config.settings) settings[name] = value;
  Json rules = Json::array();
  for (const LinkRule& rule : config.link_priority) rules.push_back(FormatLinkRule(rule));
  Json status_rules = Json::array();
  for (const StatusRule& rule : config.status_rules) status_rules.push_back(FormatStatusRule(rule, config.currency));
  Json limits = Json::array();
  for (const ChangeLimit& limit : config.limits) limits.push_back(FormatChangeLimit(limit));
  return {{"name", config.name},
          {"adapter", config.adapter},
          {"settings", std::move(settings)},
          {"rules", std::move(rules)},
          {"parent_guard", config.parent_guard},
          {"strict", config.strict},
          {"link_after_build", config.link_after_build},
          {"link_after_sync", config.link_after_sync},
          {"relink_broken", config.relink_broken},
          {"currency", Text(config.currency.code())},
          {"sync_fields", SyncFieldsView(config.sync_fields)},
          {"oversell", config.oversell_guard == OversellGuard::kHold ? "hold" : "overwrite"},
          {"on_doubt", config.on_doubt.has_value() ? Json(Text(ToString(*config.on_doubt))) : Json()},
          {"on_status_drift", Text(ToString(config.on_status_drift))},
          {"zero_prices", config.zero_prices},
          {"status_rules", std::move(status_rules)},
          {"limits", std::move(limits)},
          {"keep_days", config.keep_days},
          {"keep_jobs", config.keep_jobs}};
}

Json ProblemsView(const std::vector<JobProblem>& problems, absl::string_view channel) {
  Json views = Json::array();
  for (const JobProblem& problem : problems) views.push_back(JobProblemView(problem, channel));
  return views;
}

Json OptionsView(const JobOptions& options) {
  return {{"skus", options.skus},
          {"force", options.force},
          {"only_forced", options.only_forced},
          {"full", options.full},
          {"pull_first", options.pull_first},
          {"release_broken", options.release_broken},
          {"release_doubtful", options.release_doubtful},
          {"since_last", options.since_last},
          {"items", options.items}};
}

Json RuleView(const ListingExplanation::Rule& rule, size_t number) {
  return {{"rule", FormatLinkRule(rule.rule)},
          {"number", number},
          {"key", rule.has_key ? Json(rule.key) : Json()},
          {"value", TextOrNull(rule.value)},
          {"listings", rule.listings},
          {"listing_count", rule.listing_count},
          {"channel", rule.channel},
          {"channel_count", rule.channel_count},
          {"not_live", rule.not_live},
          {"refused", rule.refused},
          {"outcome", rule.linked ? Json("linked") : TextOrNull(ToString(rule.reason))},
          {"stopped", rule.stopped}};
}

Json EventView(const LinkEvent& event) {
  return {{"kind", Text(ToString(event.kind))},
          {"external_id", event.external_id},
          {"rule", NumberOrNull(event.rule)},
          {"job", NumberOrNull(event.job_id)},
          {"at", FormatInstant(event.at)}};
}

}  // namespace

Json ProblemView(const Problem& problem, const AdviceContext& context) {
  return {{"code", problem.code},
          {"args", FieldsView(problem.args)},
          {"message", problem.message},
          {"suggestion", AdviceFor(problem, context)}};
}

Json HeldView(const HeldRow& row) {
  const std::vector<Field>& args = row.change.problem.args;
  return {{"sku", row.sku},
          {"kind", Text(ToString(row.change.kind))},
          {"job", row.change.job_id},
          {"field", Text(FieldValue(args, "field"))},
          {"known", Text(FieldValue(args, "known"))},
          {"value", Text(FieldValue(args, "value"))}};
}

Json JobProblemView(const JobProblem& problem, absl::string_view channel) {
  Json view = {{"subject", problem.subject}};
  view.update(ProblemView(problem.problem, {std::string(channel), problem.subject}));
  return view;
}

std::string FormatInstant(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

Json ChannelView(const Channel& channel) {
  Json view = ConfigView(channel.config);
  view["draft"] = channel.draft.has_value() ? ConfigView(*channel.draft) : Json();
  view["complete_pulls"] = channel.pull.complete_pulls;
  view["last_complete_pull"] = InstantOrNull(channel.pull.completed_at);
  return view;
}

Json CountsView(const ChannelCounts& counts) {
  return {{"listings", counts.listings},
          {"link_states", NumbersView(counts.by_link_state)},
          {"unlinked_reasons", NumbersView(counts.unlinked_by_reason)},
          {"healths", NumbersView(counts.by_health)},
          {"attentions", NumbersView(counts.by_attention)},
          {"with_attention", counts.with_attention},
          {"dirty", counts.dirty},
          {"in_doubt", counts.in_doubt},
          {"items", counts.items},
          {"live_items", counts.live_items},
          {"unlinked_items", counts.unlinked_items},
          {"live_unlinked_items", counts.live_unlinked_items},
          {"open_jobs", NumbersView(counts.open_jobs)}};
}

Json ItemView(const ItemRow& item) {
  return {{"external_id", item.external_id},
          {"parent", TextOrNull(item.parent_id)},
          {"live", item.live},
          {"status", Text(ToString(item.status))},
          {"price", item.price.has_value() ? Json(FormatMoney(*item.price)) : Json()},
          {"quantity", item.quantity.has_value() ? Json(*item.quantity) : Json()},
          {"fields", FieldsView(item.fields)},
          {"fixed", FixedView(item.fixed)},
          {"aliases", item.aliases.get()},
          {"identity", TextOrNull(item.identity)},
          {"sku", TextOrNull(item.sku)},
          {"link_state", Text(ToString(item.link_state))},
          {"seen_at", FormatInstant(item.seen_at)}};
}

Json ProductView(const ProductBatch& products, int64_t row) {
  const size_t at = static_cast<size_t>(row);
  const auto money = [&](int64_t amount) {
    return amount == kAbsent ? Json() : Json(FormatMoney(Money{amount, products.currency}));
  };
  Json fields = Json::object();
  for (size_t i = 0; i < products.fields.names.size(); ++i) {
    const absl::string_view value = products.fields.columns[i][row];
    if (!value.empty()) fields[products.fields.names[i]] = Text(value);
  }
  return {{"key", Text(products.key[row])},
          {"sku", TextOrNull(products.sku[row])},
          {"parent", TextOrNull(products.parent[row])},
          {"price", money(products.price[at])},
          {"compare_at_price", money(products.compare_at_price[at])},
          {"currency", Text(products.currency.code())},
          {"quantity", products.quantity[at] == kAbsent ? Json() : Json(products.quantity[at])},
          {"sync_priority", products.sync_priority[at] == kAbsent ? 0 : products.sync_priority[at]},
          {"fields", std::move(fields)}};
}

Json ListingView(const ListingRow& listing, absl::string_view channel) {
  const AdviceContext context = {std::string(channel), listing.sku};
  const Problem* worst = WorstOf(listing.attentions);
  Json attentions = Json::array();
  for (const Problem& attention : listing.attentions) attentions.push_back(ProblemView(attention, context));
  Json view = {{"sku", listing.sku},
               {"parent", TextOrNull(listing.parent)},
               {"link_state", Text(ToString(listing.link_state))},
               {"external_id", TextOrNull(listing.external_id)},
               {"rule", NumberOrNull(listing.rule)},
               {"reason", ReasonView(listing)},
               {"health", Text(ToString(HealthOf(listing.status)))},
               {"price", listing.price.has_value() ? Json(FormatMoney(*listing.price)) : Json()},
               {"quantity", listing.quantity.has_value() ? Json(*listing.quantity) : Json()},
               {"sync_priority", listing.sync_priority},
               {"dirty", listing.dirty},
               {"attention", worst == nullptr ? Json() : ProblemView(*worst, context)},
               {"attentions", std::move(attentions)},
               {"pending", TextOrNull(ToString(PendingOf(listing.status, listing.product_removed)))},
               {"product_removed", listing.product_removed},
               {"status_author", Text(ToString(listing.status.author))},
               {"doubtful", listing.doubtful},
               {"in_doubt", listing.in_doubt}};
  if (!listing.drifted.empty()) view["drifted"] = listing.drifted.Names();
  return view;
}

Json PlannedLinkView(const PlannedLink& link) {
  return {{"sku", link.sku},
          {"state", Text(ToString(link.state))},
          {"external_id", TextOrNull(link.external_id)},
          {"rule", NumberOrNull(link.rule)},
          {"reason", TextOrNull(ToString(link.reason))}};
}

Json ExplanationView(const ListingExplanation& explanation, absl::string_view channel) {
  Json rules = Json::array();
  for (size_t i = 0; i < explanation.rules.size(); ++i) rules.push_back(RuleView(explanation.rules[i], i + 1));
  Json history = Json::array();
  for (const LinkEvent& event : explanation.history) history.push_back(EventView(event));
  return {{"listing", ListingView(explanation.listing, channel)},
          {"rules", std::move(rules)},
          {"history", std::move(history)}};
}

Json JobView(const Job& job) {
  Json counts = Json::object();
  for (const auto& [name, count] : job.counts) counts[name] = count;
  return {{"id", job.job_id},
          {"channel", job.channel},
          {"kind", Text(ToString(job.kind))},
          {"state", Text(ToString(job.state))},
          {"trigger", Text(ToString(job.trigger))},
          {"lane", Text(ToString(LaneOf(job)))},
          {"priority", job.priority},
          {"progress",
           {{"total", CountOrNull(job.progress.total)},
            {"done", job.progress.done},
            {"failed", job.progress.failed},
            {"held", job.progress.held}}},
          {"created_at", FormatInstant(job.created_at)},
          {"not_before", InstantOrNull(job.not_before)},
          {"started_at", InstantOrNull(job.started_at)},
          {"finished_at", InstantOrNull(job.finished_at)},
          {"error", job.error.has_value() ? ProblemView(*job.error, {job.channel, "", job.job_id}) : Json()},
          {"attempts", job.attempts},
          {"from_job", NumberOrNull(job.from_job)},
          {"counts", std::move(counts)},
          {"problem_count", job.problem_count},
          {"problems", ProblemsView(job.problems, job.channel)},
          {"options", OptionsView(job.options)}};
}

Json ScheduleView(const Schedule& schedule) {
  return {{"channel", schedule.channel},
          {"name", schedule.name},
          {"spec", FormatScheduleSpec(schedule.spec)},
          {"time_zone", schedule.spec.time_zone},
          {"job", Text(ToString(schedule.job))},
          {"enabled", schedule.enabled},
          {"next_fire", schedule.enabled ? Json(FormatInstant(schedule.next_fire)) : Json()},
          {"problem", schedule.problem.empty() ? Json() : ProblemView(schedule.problem, {schedule.channel, ""})}};
}

}  // namespace flxlink::cli

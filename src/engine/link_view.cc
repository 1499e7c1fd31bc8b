#include "src/engine/link_view.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/engine/link_problems.h"
#include "src/engine/link_store.h"
#include "src/linking/link_explain.h"
#include "src/linking/link_index.h"
#include "src/linking/link_input.h"
#include "src/linking/link_keys.h"

namespace flxlink::engine {
namespace {

// With more link changes than this it is faster to read the channel than the changes.
constexpr int64_t kMaxChanges = 1000;

// The channel, as long as a call goes on.
class CallLookup : public StorageLinkLookup {
 public:
  CallLookup(const EngineOptions& options, int64_t channel_id, const Call& call)
      : StorageLinkLookup(*options.storage, channel_id, options.page_rows), clock_(*options.clock), call_(call) {}

  absl::StatusOr<ListingKeyPage> ReadListingKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadListingKeys(fields, after_id);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadChannelKeys(fields, after_id);
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(LinkSide side, absl::Span<const std::string> fields,
                                                 int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadLinkChanges(side, fields, after_id);
  }

 private:
  const Clock& clock_;
  const Call call_;
};

// The SKUs or external ids of some rows, whose ids ascend, in their order.
absl::StatusOr<std::vector<std::string>> ReadNames(linking::LinkLookup& lookup, LinkSide side,
                                                   absl::Span<const int64_t> ids) {
  std::vector<std::string> names;
  const size_t page_rows = static_cast<size_t>(lookup.page_rows());
  for (size_t at = 0; at < ids.size(); at += page_rows) {
    const absl::Span<const int64_t> some = ids.subspan(at, page_rows);
    if (side == LinkSide::kListing) {
      absl::StatusOr<ListingKeyPage> page = lookup.ReadListingKeysById({"sku"}, some);
      if (!page.ok()) return page.status();
      for (int64_t i = 0; i < page->size(); ++i) names.emplace_back(page->columns[0][i]);
    } else {
      absl::StatusOr<ChannelKeyPage> page = lookup.ReadChannelKeysById({}, some);
      if (!page.ok()) return page.status();
      for (int64_t i = 0; i < page->size(); ++i) names.emplace_back(page->external_id[i]);
    }
  }
  if (names.size() != ids.size()) return absl::AbortedError("the channel changed while it was read; try again");
  return names;
}

// Collects what came of every listing variant that had no link.
class PlanCollector : public LinkSink {
 public:
  explicit PlanCollector(const linking::LinkInput& input) : input_(input) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const LinkOutcome& outcome = outcomes[i];
      if (outcome.reason == LinkReason::kExisting) continue;
      links_.push_back({"", outcome.state, "", outcome.rule, outcome.reason});
      listing_ids_.push_back(input_.listing_id(row_base + static_cast<int64_t>(i)));
      if (outcome.channel_row == kNoRow) continue;
      items_.emplace_back(input_.channel_variant_id(outcome.channel_row), links_.size() - 1);
    }
    return absl::OkStatus();
  }

  // Names of those that are told, and of no others, are read.
  absl::StatusOr<std::vector<PlannedLink>> Take(linking::LinkLookup& lookup) {
    absl::StatusOr<std::vector<std::string>> skus = ReadNames(lookup, LinkSide::kListing, listing_ids_);
    if (!skus.ok()) return skus.status();
    for (size_t i = 0; i < links_.size(); ++i) links_[i].sku = std::move((*skus)[i]);
    std::sort(items_.begin(), items_.end());
    std::vector<int64_t> ids;
    for (const auto& item : items_) ids.push_back(item.first);
    absl::StatusOr<std::vector<std::string>> external_ids = ReadNames(lookup, LinkSide::kChannel, ids);
    if (!external_ids.ok()) return external_ids.status();
    for (size_t i = 0; i < items_.size(); ++i) links_[items_[i].second].external_id = std::move((*external_ids)[i]);
    return std::move(links_);
  }

 private:
  const linking::LinkInput& input_;
  std::vector<PlannedLink> links_;
  std::vector<int64_t> listing_ids_;               // Of links_.
  std::vector<std::pair<int64_t, size_t>> items_;  // Id and place in links_.
};

absl::StatusOr<ListingExplanation::Rule> NameRule(const LinkRule& rule, RuleExplanation explained,
                                                  linking::LinkLookup& lookup) {
  absl::StatusOr<std::vector<std::string>> skus = ReadNames(lookup, LinkSide::kListing, explained.listing_rows);
  if (!skus.ok()) return skus.status();
  absl::StatusOr<std::vector<std::string>> external_ids = ReadNames(lookup, LinkSide::kChannel, explained.channel_rows);
  if (!external_ids.ok()) return external_ids.status();
  ListingExplanation::Rule named;
  named.rule = rule;
  named.has_key = explained.has_key;
  named.key = std::move(explained.key);
  named.listings = *std::move(skus);
  named.channel = *std::move(external_ids);
  named.listing_count = explained.listing_count;
  named.channel_count = explained.channel_count;
  named.reason = explained.reason;
  named.linked = explained.linked;
  named.stopped = explained.stopped;
  return named;
}

// What each rule says, by the key index where the last link job left one for these rules.
absl::StatusOr<std::vector<RuleExplanation>> ExplainRules(const EngineOptions& options, const Channel& channel,
                                                          const Linker& linker, linking::LinkLookup& lookup,
                                                          int64_t listing_id) {
  const auto explain = [&](linking::LinkLookup& indexed, const linking::LinkKeys& keys) {
    return linking::ExplainById(indexed, keys, linker, channel.config, listing_id,
                                ListingExplanation::Rule::kMaxCounted);
  };
  LinkIndex* const stored = options.storage->link_index();
  absl::StatusOr<LinkBase> base = stored == nullptr ? LinkBase() : stored->ReadLinkBase(channel.channel_id);
  if (!base.ok()) return base.status();
  const absl::optional<linking::LinkKeys> keys = linking::LinkKeys::OfBase(channel.config, base->text);
  if (keys.has_value() && base->changes <= kMaxChanges) {
    linking::UpdatedIndex index(lookup);
    const absl::Status status = index.ReadChanges(*keys);
    if (!status.ok()) return status;
    return explain(index, *keys);
  }
  const linking::LinkKeys own(channel.config, options.random());
  linking::ScannedIndex index(lookup, own);
  return explain(index, own);
}

}  // namespace

absl::StatusOr<LinkPlan> PlanLinks(const EngineOptions& options, const Channel& channel) {
  const absl::Status status = linking::CheckReadyToLink(channel);
  if (!status.ok()) return status;
  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  StorageLinkLookup lookup(*options.storage, channel.channel_id, options.page_rows);
  absl::StatusOr<std::unique_ptr<linking::LinkInput>> input =
      linking::LinkInput::Load(lookup, linking::LinkFields(linker->priority()));
  if (!input.ok()) return input.status();
  MatchOptions match = linking::ConfiguredOptions(channel.config);
  match.executor = options.executor;
  match.memory_limit_bytes = options.link_memory_bytes;
  PlanCollector collector(**input);
  absl::StatusOr<MatchStats> stats = linker->Match((*input)->match_input(), match, collector);
  if (!stats.ok()) return stats.status();
  LinkPlan plan;
  for (const linking::UnknownField& field : (*input)->UnknownFields()) {
    plan.problems.push_back(RuleFieldUnknown(channel.config.name, field));
  }
  input->reset();
  absl::StatusOr<std::vector<PlannedLink>> links = collector.Take(lookup);
  if (!links.ok()) return links.status();
  plan.links = *std::move(links);
  return plan;
}

absl::StatusOr<ListingExplanation> ExplainListing(const EngineOptions& options, const Channel& channel,
                                                  absl::string_view sku, const Call& call) {
  if (absl::Status status = CheckCall(call, options.clock->Now()); !status.ok()) return status;
  ListingFilter filter;
  filter.skus = {std::string(sku)};
  absl::StatusOr<std::vector<ListingRow>> found = options.storage->ReadListings(channel.channel_id, filter, 0, 1);
  if (!found.ok()) return found.status();
  if (found->empty()) {
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoListing,
                         {{"channel", channel.config.name}, {"sku", std::string(sku)}},
                         absl::StrCat("channel ", channel.config.name, " has no listing variant with SKU ", sku));
  }
  ListingExplanation explanation;
  explanation.listing = std::move(found->front());
  absl::StatusOr<std::vector<LinkEvent>> history =
      options.storage->ReadLinkHistory(channel.channel_id, explanation.listing.listing_id);
  if (!history.ok()) return history.status();
  explanation.history = *std::move(history);
  if (channel.config.link_priority.empty()) return explanation;

  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  CallLookup lookup(options, channel.channel_id, call);
  absl::StatusOr<std::vector<RuleExplanation>> rules =
      ExplainRules(options, channel, *linker, lookup, explanation.listing.listing_id);
  if (!rules.ok()) return rules.status();
  for (size_t r = 0; r < rules->size(); ++r) {
    absl::StatusOr<ListingExplanation::Rule> rule = NameRule(linker->priority()[r], std::move((*rules)[r]), lookup);
    if (!rule.ok()) return rule.status();
    explanation.rules.push_back(*std::move(rule));
  }
  return explanation;
}

}  // namespace flxlink::engine

#include "src/engine/link_view.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/link_input.h"

namespace flxlink::engine {
namespace {

MatchOptions OptionsOf(const EngineOptions& options, const Channel& channel) {
  MatchOptions match = ConfiguredOptions(channel.config);
  match.executor = options.executor;
  return match;
}

// Collects what came of every listing variant that had no link.
class PlanCollector : public LinkSink {
 public:
  explicit PlanCollector(const LinkInput& input) : input_(input) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const LinkOutcome& outcome = outcomes[i];
      if (outcome.reason == LinkReason::kExisting) continue;
      PlannedLink link;
      link.sku = std::string(input_.sku(row_base + static_cast<int64_t>(i)));
      link.state = outcome.state;
      link.rule = outcome.rule;
      link.reason = outcome.reason;
      if (outcome.channel_row != kNoRow) link.external_id = std::string(input_.external_id(outcome.channel_row));
      links_.push_back(std::move(link));
    }
    return absl::OkStatus();
  }

  std::vector<PlannedLink> Take() { return std::move(links_); }

 private:
  const LinkInput& input_;
  std::vector<PlannedLink> links_;
};

ListingExplanation::Rule NameRule(const LinkRule& rule, RuleExplanation explained, const LinkInput& input) {
  ListingExplanation::Rule named;
  named.rule = rule;
  named.has_key = explained.has_key;
  named.key = std::move(explained.key);
  for (const int64_t row : explained.listing_rows) named.listings.emplace_back(input.sku(row));
  for (const int64_t row : explained.channel_rows) named.channel.emplace_back(input.external_id(row));
  named.listing_count = explained.listing_count;
  named.channel_count = explained.channel_count;
  named.reason = explained.reason;
  named.linked = explained.linked;
  named.stopped = explained.stopped;
  return named;
}

}  // namespace

absl::StatusOr<std::vector<PlannedLink>> PlanLinks(const EngineOptions& options, const Channel& channel) {
  const absl::Status status = CheckReadyToLink(channel);
  if (!status.ok()) return status;
  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  absl::StatusOr<std::unique_ptr<LinkInput>> input = LinkInput::Load(
      *options.storage, channel.channel_id, LinkFields(linker->priority()), options.page_rows, LinkInput::Names::kLoad);
  if (!input.ok()) return input.status();
  PlanCollector collector(**input);
  absl::StatusOr<MatchStats> stats = linker->Match((*input)->match_input(), OptionsOf(options, channel), collector);
  if (!stats.ok()) return stats.status();
  return collector.Take();
}

absl::StatusOr<ListingExplanation> ExplainListing(const EngineOptions& options, const Channel& channel,
                                                  absl::string_view sku) {
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
  absl::StatusOr<std::unique_ptr<LinkInput>> input = LinkInput::Load(
      *options.storage, channel.channel_id, LinkFields(linker->priority()), options.page_rows, LinkInput::Names::kLoad);
  if (!input.ok()) return input.status();
  const int64_t row = (*input)->ListingRowOf(explanation.listing.listing_id);
  absl::StatusOr<std::vector<RuleExplanation>> rules =
      linker->Explain((*input)->match_input(), OptionsOf(options, channel), row);
  if (!rules.ok()) return rules.status();
  for (size_t r = 0; r < rules->size(); ++r) {
    explanation.rules.push_back(NameRule(linker->priority()[r], std::move((*rules)[r]), **input));
  }
  return explanation;
}

}  // namespace flxlink::engine

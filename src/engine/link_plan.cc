#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/link_names.h"
#include "src/engine/link_problems.h"
#include "src/engine/link_store.h"
#include "src/engine/link_view.h"
#include "src/engine/page_cursor.h"
#include "src/linking/link_input.h"

namespace flxlink::engine {
namespace {

// What would become of a listing variant.
struct PlanRow {
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;  // 0: it stays unlinked.
  int32_t rule = 0;
  LinkState state = LinkState::kUnlinked;
  LinkReason reason = LinkReason::kNone;
};

class LinkPlanImpl : public LinkPlan {
 public:
  LinkPlanImpl(Storage& storage, int64_t channel_id, std::vector<PlanRow> rows, std::vector<JobProblem> problems)
      : storage_(storage), channel_id_(channel_id), rows_(std::move(rows)), problems_(std::move(problems)) {}

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  const std::vector<JobProblem>& problems() const override { return problems_; }

  absl::StatusOr<PlannedLinkPage> Read(const PageRequest& request) const override {
    absl::StatusOr<std::vector<int64_t>> after = ParseCursor(request.after, 1, 0);
    if (!after.ok()) return after.status();
    if (request.limit < 1 || request.limit > Storage::kMaxRows) {
      return absl::InvalidArgumentError(
          absl::StrCat("PageRequest::limit is ", request.limit, "; it must be 1 to ", Storage::kMaxRows));
    }
    const int64_t first = std::min(std::max(after->at(0), int64_t{0}), size());
    const int64_t last = std::min(first + request.limit, size());
    PlannedLinkPage page;
    absl::StatusOr<std::vector<PlannedLink>> links =
        Name(absl::MakeConstSpan(rows_).subspan(static_cast<size_t>(first), static_cast<size_t>(last - first)));
    if (!links.ok()) return links.status();
    page.rows = *std::move(links);
    if (last < size()) page.next = FormatCursor({last});
    return page;
  }

 private:
  // The rows with the names of what their ids are of.
  absl::StatusOr<std::vector<PlannedLink>> Name(absl::Span<const PlanRow> rows) const {
    StorageLinkLookup lookup(storage_, channel_id_, Storage::kMaxRows);
    std::vector<int64_t> listing_ids;
    std::vector<std::pair<int64_t, size_t>> items;  // Id and place in `rows`.
    for (size_t i = 0; i < rows.size(); ++i) {
      listing_ids.push_back(rows[i].listing_id);
      if (rows[i].channel_variant_id != 0) items.emplace_back(rows[i].channel_variant_id, i);
    }
    std::sort(items.begin(), items.end());
    std::vector<int64_t> item_ids;
    for (const auto& item : items) item_ids.push_back(item.first);
    absl::StatusOr<std::vector<std::string>> skus = ReadNames(lookup, LinkSide::kListing, listing_ids);
    if (!skus.ok()) return skus.status();
    absl::StatusOr<std::vector<std::string>> external_ids = ReadNames(lookup, LinkSide::kChannel, item_ids);
    if (!external_ids.ok()) return external_ids.status();
    std::vector<PlannedLink> links;
    for (size_t i = 0; i < rows.size(); ++i) {
      links.push_back({std::move((*skus)[i]), rows[i].state, "", rows[i].rule, rows[i].reason});
    }
    for (size_t i = 0; i < items.size(); ++i) links[items[i].second].external_id = std::move((*external_ids)[i]);
    return links;
  }

  Storage& storage_;
  const int64_t channel_id_;
  const std::vector<PlanRow> rows_;
  const std::vector<JobProblem> problems_;
};

// Collects what came of every listing variant that had no link.
class PlanCollector : public LinkSink {
 public:
  explicit PlanCollector(const linking::LinkInput& input) : input_(input) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const LinkOutcome& outcome = outcomes[i];
      if (outcome.reason == LinkReason::kExisting) continue;
      PlanRow row;
      row.listing_id = input_.listing_id(row_base + static_cast<int64_t>(i));
      if (outcome.channel_row != kNoRow) row.channel_variant_id = input_.channel_variant_id(outcome.channel_row);
      row.rule = outcome.rule;
      row.state = outcome.state;
      row.reason = outcome.reason;
      rows_.push_back(row);
    }
    return absl::OkStatus();
  }

  std::vector<PlanRow> Take() { return std::move(rows_); }

 private:
  const linking::LinkInput& input_;
  std::vector<PlanRow> rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LinkPlan>> PlanLinks(const EngineOptions& options, const Channel& channel,
                                                    const Call& call) {
  absl::Status status = linking::CheckReadyToLink(channel);
  if (status.ok()) status = CheckCall(call, options.clock->Now());
  if (!status.ok()) return status;
  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  StorageLinkLookup lookup(*options.storage, channel.channel_id, options.page_rows);
  absl::StatusOr<std::unique_ptr<linking::LinkInput>> input =
      linking::LinkInput::Load(lookup, linking::LinkFields(linker->priority()));
  if (!input.ok()) return input.status();
  if (status = CheckCall(call, options.clock->Now()); !status.ok()) return status;
  MatchOptions match = linking::ConfiguredOptions(channel.config);
  match.executor = options.executor;
  match.memory_limit_bytes = options.link_memory_bytes;
  PlanCollector collector(**input);
  absl::StatusOr<MatchStats> stats = linker->Match((*input)->match_input(), match, collector);
  if (!stats.ok()) return stats.status();
  if (status = CheckCall(call, options.clock->Now()); !status.ok()) return status;
  std::vector<JobProblem> problems;
  for (const linking::UnknownField& field : (*input)->UnknownFields()) {
    problems.push_back(RuleFieldUnknown(channel.config.name, field));
  }
  return std::make_unique<LinkPlanImpl>(*options.storage, channel.channel_id, collector.Take(), std::move(problems));
}

}  // namespace flxlink::engine

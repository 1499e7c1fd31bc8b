#include "flxlink/linker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/linker/explanation.h"
#include "src/linker/link_details.h"
#include "src/linker/match_pass.h"

namespace flxlink {
namespace {

// Rows that the sink gets in one call, at most.
constexpr size_t kSinkRows = 1 << 14;

absl::Status CheckRowCount(absl::string_view side, int64_t rows) {
  if (rows <= std::numeric_limits<int32_t>::max()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("there are ", rows, " rows on the ", side, " side; a match takes up to ",
                                            std::numeric_limits<int32_t>::max()));
}

absl::Status CheckInput(const LinkPriority& priority, const MatchInput& input) {
  if (input.rule_columns.size() != priority.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are columns for ", input.rule_columns.size(), " rules and ", priority.size(), " rules"));
  }
  if (absl::Status status = CheckRowCount("listing", input.listings->row_count()); !status.ok()) return status;
  return CheckRowCount("channel", input.channel->row_count());
}

absl::StatusOr<MatchStats> RunRules(const MatchOptions& options, MatchPass* pass) {
  MatchStats stats;
  for (int rule = 0; rule < pass->rule_count(); ++rule) {
    if (absl::Status status = CheckCancelled(options); !status.ok()) return status;
    pass->BeginRule(rule);
    stats.rules.push_back(pass->ApplyRule(rule));
  }
  return stats;
}

// What remains to be counted once all rules have run.
void CountOutcomes(const MatchPass& pass, MatchStats* stats) {
  const std::vector<LinkOutcome>& outcomes = pass.links().outcomes();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].reason == LinkReason::kExisting) {
      ++stats->existing;
    } else if (outcomes[i].state == LinkState::kLinked) {
      ++stats->linked;
    } else if (pass.IsLive(static_cast<int32_t>(i))) {
      ++stats->unlinked;
    }
  }
}

absl::Status GiveToSink(const MatchPass& pass, const MatchOptions& options, LinkSink& sink) {
  absl::optional<LinkDetails> details;
  if (options.details) details.emplace(pass);
  const absl::Span<const LinkOutcome> outcomes = pass.links().outcomes();
  std::vector<LinkDetail> chunk_details;
  for (size_t begin = 0; begin < outcomes.size(); begin += kSinkRows) {
    const absl::Span<const LinkOutcome> chunk = outcomes.subspan(begin, kSinkRows);
    chunk_details.clear();
    for (size_t i = begin; details.has_value() && i < begin + chunk.size(); ++i) {
      absl::optional<LinkDetail> detail = details->Of(static_cast<int32_t>(i));
      if (detail.has_value()) chunk_details.push_back(*std::move(detail));
    }
    absl::Status status = CheckCancelled(options);
    if (status.ok()) status = sink.Accept(static_cast<int64_t>(begin), chunk, chunk_details);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

Linker::Linker(LinkPriority priority) : priority_(std::move(priority)) {}

absl::StatusOr<Linker> Linker::Create(LinkPriority priority) {
  if (priority.empty()) return absl::InvalidArgumentError("there is no link rule; give at least one");
  return Linker(std::move(priority));
}

absl::StatusOr<MatchStats> Linker::Match(const MatchInput& input, const MatchOptions& options, LinkSink& sink) const {
  if (absl::Status status = CheckInput(priority_, input); !status.ok()) return status;
  absl::StatusOr<MatchPass> pass = MatchPass::Create(priority_, input, options);
  if (!pass.ok()) return pass.status();
  absl::StatusOr<MatchStats> stats = RunRules(options, &*pass);
  if (!stats.ok()) return stats;
  stats->listing_rows = input.listings->row_count();
  stats->channel_rows = input.channel->row_count();
  CountOutcomes(*pass, &*stats);
  if (absl::Status status = GiveToSink(*pass, options, sink); !status.ok()) return status;
  return stats;
}

absl::StatusOr<std::vector<RuleExplanation>> Linker::Explain(const MatchInput& input, const MatchOptions& options,
                                                             int64_t listing_row) const {
  if (absl::Status status = CheckInput(priority_, input); !status.ok()) return status;
  if (listing_row < 0 || listing_row >= input.listings->row_count()) {
    return absl::InvalidArgumentError(absl::StrCat("there is no listing row ", listing_row));
  }
  absl::StatusOr<MatchPass> pass = MatchPass::Create(priority_, input, options);
  if (!pass.ok()) return pass.status();
  const auto row = static_cast<int32_t>(listing_row);
  std::vector<RuleExplanation> explanations;
  for (int rule = 0; rule < pass->rule_count(); ++rule) {
    if (absl::Status status = CheckCancelled(options); !status.ok()) return status;
    const size_t index = static_cast<size_t>(rule);
    absl::StatusOr<RuleExplanation> explanation =
        ExplainKey(input, input.rule_columns[index], priority_[index].normalizers, listing_row);
    if (!explanation.ok()) return explanation.status();
    pass->BeginRule(rule);
    if (pass->IsOpen(row)) {
      const Verdict verdict = pass->Judge(rule, row);
      explanation->reason = verdict.reason;
      explanation->linked = verdict.linked;
      explanation->stopped = verdict.stopped;
    }
    pass->ApplyRule(rule);
    explanations.push_back(*std::move(explanation));
  }
  return explanations;
}

}  // namespace flxlink

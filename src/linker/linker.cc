#include "flxlink/linker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/linker/explanation.h"
#include "src/linker/link_details.h"
#include "src/linker/match_pass.h"

namespace flxlink {
namespace {

// Rows that the sink gets in one call, at most: enough for a sink to share them among threads.
constexpr int64_t kSinkRows = 1 << 18;

// Rows that one task tells the outcomes of.
constexpr int64_t kBlockRows = 1 << 14;

// What ListingState has room for.
constexpr size_t kMaxRules = UINT16_MAX;

absl::Status CheckRowCount(absl::string_view side, int64_t rows) {
  if (rows <= linker::kMaxMatchRows) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("there are ", rows, " rows on the ", side, " side; a match takes up to ", linker::kMaxMatchRows));
}

absl::Status CheckInput(const LinkPriority& priority, const MatchInput& input) {
  if (input.rule_columns.size() != priority.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are columns for ", input.rule_columns.size(), " rules and ", priority.size(), " rules"));
  }
  if (absl::Status status = CheckRowCount("listing", input.listings->row_count()); !status.ok()) return status;
  return CheckRowCount("channel", input.channel->row_count());
}

absl::StatusOr<MatchStats> RunRules(const MatchOptions& options, linker::MatchPass* pass) {
  MatchStats stats;
  for (int rule = 0; rule < pass->rule_count(); ++rule) {
    if (absl::Status status = linker::CheckGoesOn(options); !status.ok()) return status;
    pass->BeginRule(rule);
    absl::StatusOr<RuleStats> applied = pass->ApplyRule(rule);
    if (!applied.ok()) return applied.status();
    stats.rules.push_back(*applied);
  }
  return stats;
}

void CountOutcome(const LinkOutcome& outcome, bool live, MatchStats* stats) {
  if (outcome.reason == LinkReason::kExisting) {
    ++stats->existing;
  } else if (outcome.state == LinkState::kLinked) {
    ++stats->linked;
  } else if (live) {
    ++stats->unlinked;
  }
}

// The outcomes of the rows from `begin` on, made and counted on all threads.
absl::Status TellOutcomes(const linker::MatchPass& pass, int64_t begin, std::vector<LinkOutcome>* outcomes,
                          MatchStats* stats) {
  const auto rows = static_cast<int64_t>(outcomes->size());
  std::vector<MatchStats> parts(static_cast<size_t>(pass.work().executor->width()));
  const auto blocks = static_cast<int>((rows + kBlockRows - 1) / kBlockRows);
  const absl::Status status = pass.work().ForEach(blocks, [&](int worker, int block) {
    MatchStats counts;
    for (int64_t i = block * kBlockRows; i < std::min(rows, (block + 1) * kBlockRows); ++i) {
      LinkOutcome& outcome = (*outcomes)[static_cast<size_t>(i)];
      outcome = pass.links().listing(begin + i).ToOutcome();
      CountOutcome(outcome, pass.IsLive(static_cast<int32_t>(begin + i)), &counts);
    }
    MatchStats& part = parts[static_cast<size_t>(worker)];
    part.existing += counts.existing;
    part.linked += counts.linked;
    part.unlinked += counts.unlinked;
  });
  for (const MatchStats& part : parts) {
    stats->existing += part.existing;
    stats->linked += part.linked;
    stats->unlinked += part.unlinked;
  }
  return status;
}

// Gives all outcomes to the sink, and counts them.
absl::Status GiveToSink(const linker::MatchPass& pass, const MatchOptions& options, LinkSink& sink, MatchStats* stats) {
  absl::optional<linker::LinkDetails> details;
  if (options.details) details.emplace(pass);
  const int64_t rows = pass.links().listing_rows();
  std::vector<LinkOutcome> chunk;
  std::vector<LinkDetail> chunk_details;
  for (int64_t begin = 0; begin < rows; begin += kSinkRows) {
    const int64_t end = std::min(rows, begin + kSinkRows);
    chunk.resize(static_cast<size_t>(end - begin));
    chunk_details.clear();
    absl::Status status = TellOutcomes(pass, begin, &chunk, stats);
    for (int64_t i = begin; details.has_value() && i < end; ++i) {
      absl::optional<LinkDetail> detail = details->Of(static_cast<int32_t>(i));
      if (detail.has_value()) chunk_details.push_back(*std::move(detail));
    }
    if (status.ok()) status = sink.Accept(begin, chunk, chunk_details);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

Linker::Linker(LinkPriority priority) : priority_(std::move(priority)) {}

absl::StatusOr<Linker> Linker::Create(LinkPriority priority) {
  if (priority.empty()) return absl::InvalidArgumentError("there is no link rule; give at least one");
  if (priority.size() > kMaxRules) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", priority.size(), " link rules; give at most ", kMaxRules));
  }
  return Linker(std::move(priority));
}

absl::StatusOr<MatchStats> Linker::Match(const MatchInput& input, const MatchOptions& options, LinkSink& sink) const {
  if (absl::Status status = CheckInput(priority_, input); !status.ok()) return status;
  absl::StatusOr<linker::MatchPass> pass = linker::MatchPass::Create(priority_, input, options);
  if (!pass.ok()) return pass.status();
  absl::StatusOr<MatchStats> stats = RunRules(options, &*pass);
  if (!stats.ok()) return stats;
  stats->listing_rows = input.listings->row_count();
  stats->channel_rows = input.channel->row_count();
  if (absl::Status status = GiveToSink(*pass, options, sink, &*stats); !status.ok()) return status;
  return stats;
}

absl::StatusOr<std::vector<RuleExplanation>> Linker::Explain(const MatchInput& input, const MatchOptions& options,
                                                             int64_t listing_row) const {
  if (absl::Status status = CheckInput(priority_, input); !status.ok()) return status;
  if (listing_row < 0 || listing_row >= input.listings->row_count()) {
    return absl::InvalidArgumentError(absl::StrCat("there is no listing row ", listing_row));
  }
  absl::StatusOr<linker::MatchPass> pass = linker::MatchPass::Create(priority_, input, options);
  if (!pass.ok()) return pass.status();
  const auto row = static_cast<int32_t>(listing_row);
  std::vector<RuleExplanation> explanations;
  for (int rule = 0; rule < pass->rule_count(); ++rule) {
    if (absl::Status status = linker::CheckGoesOn(options); !status.ok()) return status;
    const size_t index = static_cast<size_t>(rule);
    absl::StatusOr<RuleExplanation> explanation =
        linker::ExplainKey(input, input.rule_columns[index], priority_[index].normalizers, listing_row);
    if (!explanation.ok()) return explanation.status();
    pass->BeginRule(rule);
    if (pass->IsOpen(row)) {
      const linker::Verdict verdict = pass->Judge(rule, row);
      explanation->reason = verdict.reason;
      explanation->linked = verdict.linked;
      explanation->stopped = verdict.stopped;
    }
    if (absl::Status status = pass->ApplyRule(rule).status(); !status.ok()) return status;
    explanations.push_back(*std::move(explanation));
  }
  return explanations;
}

}  // namespace flxlink

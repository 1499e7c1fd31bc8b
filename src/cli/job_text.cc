#include "src/cli/job_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/link_rule.h"
#include "src/cli/advice.h"
#include "src/cli/digits.h"
#include "src/cli/json_view.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

int64_t CountOf(const Job& job, absl::string_view name) {
  for (const auto& [key, count] : job.counts) {
    if (key == name) return count;
  }
  return 0;
}

std::string NameOf(const Job& job) {
  return absl::StrCat("job ", job.job_id, " (", ToString(job.kind), " ", job.channel, ")");
}

std::string Counted(int64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// Adds a part that is worth a word only where it happened.
void AddIfAny(int64_t count, absl::string_view words, std::vector<std::string>* parts) {
  if (count > 0) parts->push_back(absl::StrCat(count, " ", words));
}

// What the job needs for the rest is read by the job that it chains.
void AddIfLeft(const Job& job, std::vector<std::string>* parts) {
  if (CountOf(job, "left_to_pull") > 0) parts->push_back("the rest is left to a pull of everything");
}

// What was seen of items, and what that did to their links.
void AddSightedParts(const Job& job, std::vector<std::string>* parts) {
  AddIfAny(CountOf(job, "gone"), "gone", parts);
  AddIfAny(CountOf(job, "broken"), "links broken", parts);
  AddIfAny(CountOf(job, "healed"), "links healed", parts);
  AddIfAny(CountOf(job, "doubtful"), "links doubtful", parts);
  AddIfAny(CountOf(job, "dissolved"), "of them dissolved", parts);
  AddIfAny(CountOf(job, "agreed"), "links not doubtful any more", parts);
}

std::vector<std::string> PullParts(const Job& job) {
  std::vector<std::string> parts = {absl::StrCat(CountOf(job, "inserted"), " new"),
                                    absl::StrCat(CountOf(job, "changed"), " changed"),
                                    absl::StrCat(CountOf(job, "unchanged"), " unchanged")};
  if (CountOf(job, "whole") > 0) {
    parts.insert(parts.begin(), "read everything, since there was no mark to begin at");
  }
  if (CountOf(job, "resumed") > 0) parts.insert(parts.begin(), "went on where the pull before it ended");
  AddSightedParts(job, &parts);
  const int64_t problems = CountOf(job, "item_problems");
  if (problems > 0) parts.push_back(Counted(problems, "item problem", "item problems"));
  AddIfLeft(job, &parts);
  return parts;
}

std::vector<std::string> BuildParts(const Job& job) {
  std::vector<std::string> parts = {absl::StrCat(CountOf(job, "created"), " created"),
                                    absl::StrCat(CountOf(job, "refreshed"), " refreshed"),
                                    absl::StrCat(CountOf(job, "unchanged"), " unchanged")};
  AddIfAny(job.progress.failed, "failed", &parts);
  return parts;
}

// "2 linked (1 by rule 1 sku=sku, 1 by rule 2 upc=barcode)".
std::string LinkedPart(const Job& job, const LinkPriority& priority) {
  std::vector<std::string> by_rule;
  for (size_t i = 0; i < priority.size(); ++i) {
    const int64_t count = CountOf(job, absl::StrCat("linked_by_rule_", i + 1));
    AddIfAny(count, absl::StrCat("by rule ", i + 1, " ", FormatLinkRule(priority[i])), &by_rule);
  }
  const std::string linked = absl::StrCat(CountOf(job, "linked"), " linked");
  return by_rule.empty() ? linked : absl::StrCat(linked, " (", absl::StrJoin(by_rule, ", "), ")");
}

std::vector<std::string> LinkParts(const Job& job, const LinkPriority& priority, const LinkRemainder* remainder) {
  std::vector<std::string> parts;
  AddIfAny(CountOf(job, "released"), "broken links released", &parts);
  AddIfAny(CountOf(job, "released_doubtful"), "doubtful links released", &parts);
  parts.push_back(LinkedPart(job, priority));
  AddIfAny(CountOf(job, "linked_contradicted"), "of them contradicted by another rule", &parts);
  AddIfAny(CountOf(job, "status_rules_would_change"), "of them with a status that the status rules would change",
           &parts);
  if (remainder == nullptr) {
    parts.push_back(absl::StrCat(CountOf(job, "unlinked"), " unlinked"));
    return parts;
  }
  AddIfAny(remainder->broken, "broken", &parts);
  int64_t unlinked = 0;
  for (const auto& [reason, count] : remainder->unlinked) unlinked += count;
  parts.push_back(absl::StrCat(unlinked, " unlinked", unlinked == 0 ? "" : ": ", FormatReasons(remainder->unlinked)));
  return parts;
}

std::vector<std::string> BulkSyncParts(const Job& job) {
  std::vector<std::string> parts = {absl::StrCat(CountOf(job, "compared"), " compared"),
                                    absl::StrCat(CountOf(job, "drifted"), " drifted")};
  AddIfAny(CountOf(job, "inserted"), "new", &parts);
  AddSightedParts(job, &parts);
  const int64_t problems = CountOf(job, "item_problems");
  if (problems > 0) parts.push_back(Counted(problems, "item problem", "item problems"));
  return parts;
}

std::vector<std::string> SyncParts(const Job& job) {
  if (LaneOf(job) == Lane::kBulk) return BulkSyncParts(job);
  std::vector<std::string> fields;
  const auto add_field = [&](absl::string_view name, absl::string_view one, absl::string_view many) {
    const int64_t count = CountOf(job, name);
    if (count > 0) fields.push_back(Counted(count, one, many));
  };
  add_field("prices", "price", "prices");
  add_field("quantities", "quantity", "quantities");
  add_field("statuses", "status", "statuses");
  add_field("compare_at_prices", "compare-at price", "compare-at prices");
  add_field("contents", "content", "contents");
  std::vector<std::string> parts;
  parts.push_back(absl::StrCat(CountOf(job, "sent"), " sent",
                               fields.empty() ? "" : absl::StrCat(" (", absl::StrJoin(fields, ", "), ")")));
  parts.push_back(absl::StrCat(CountOf(job, "equal"), " equal"));
  AddIfAny(CountOf(job, "fixed"), "fixed", &parts);
  AddIfAny(CountOf(job, "held_back"), "held back", &parts);
  parts.push_back(absl::StrCat(CountOf(job, "refused"), " refused"));
  AddIfAny(CountOf(job, "broken"), "links broken", &parts);
  AddIfLeft(job, &parts);
  return parts;
}

std::vector<std::string> RulesParts(const Job& job) {
  return {absl::StrCat(CountOf(job, "hidden"), " to hide"), absl::StrCat(CountOf(job, "unhidden"), " to unhide")};
}

std::vector<std::string> PartsOf(const Job& job, const LinkPriority& priority, const LinkRemainder* remainder) {
  switch (job.kind) {
    case JobKind::kPull:
    case JobKind::kFetch:
      return PullParts(job);
    case JobKind::kBuild:
      return BuildParts(job);
    case JobKind::kLink:
      return LinkParts(job, priority, remainder);
    case JobKind::kSync:
      return SyncParts(job);
    case JobKind::kRules:
      return RulesParts(job);
  }
  return {};
}

}  // namespace

std::string FormatReasons(const std::map<LinkReason, int64_t>& reasons) {
  std::vector<std::pair<LinkReason, int64_t>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return absl::StrJoin(sorted, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", ToString(entry.first));
  });
}

std::string SummarizeJob(const Job& job, const LinkPriority& priority, const LinkRemainder* remainder) {
  std::string line = absl::StrCat(ToString(job.kind), ": ", ToString(job.state));
  // What did not begin to count has done nothing.
  if (job.counts.empty() && job.state != JobState::kCompleted) return line;
  absl::StrAppend(&line, "; ", absl::StrJoin(PartsOf(job, priority, remainder), ", "));
  return line;
}

std::string DescribeProblems(const Job& job, size_t most) {
  std::string text;
  const size_t shown = std::min(most, job.problems.size());
  for (size_t i = 0; i < shown; ++i) {
    const JobProblem& problem = job.problems[i];
    absl::StrAppend(&text, "  ", OneLine(absl::StrCat(problem.subject, ": ", problem.problem.message)), "\n");
    // Problems of one kind often come together: one advice is for all their SKUs.
    if (i + 1 < shown && job.problems[i + 1].problem.code == problem.problem.code) continue;
    absl::StrAppend(&text, "    ", OneLine(AdviceFor(problem.problem, {job.channel, "SKU"})), "\n");
  }
  const int64_t more = job.problem_count - static_cast<int64_t>(shown);
  if (more > 0) absl::StrAppend(&text, "  and ", more, " more: flxlink job problems ", job.job_id, "\n");
  return text;
}

std::string DueAt(const Job& job) {
  const bool waits = job.state == JobState::kPending && job.not_before.has_value();
  return waits ? FormatInstant(*job.not_before) : "";
}

std::string DescribeProgress(const JobProgress& progress) {
  return absl::StrCat(GroupDigits(progress.done),
                      progress.total.has_value() ? absl::StrCat(" of ", GroupDigits(*progress.total)) : "", " done",
                      progress.failed == 0 ? "" : absl::StrCat(", ", GroupDigits(progress.failed), " failed"),
                      progress.held == 0 ? "" : absl::StrCat(", ", GroupDigits(progress.held), " held"));
}

std::string DescribeFailure(const Job& job) {
  const Problem error = job.error.value_or(Problem());
  const std::string advice = AdviceFor(error, {job.channel, "", job.job_id});
  const std::string what = NameOf(job);
  switch (job.state) {
    case JobState::kFailed:
      return absl::StrCat(what, " failed: ", error.message, "; ", advice);
    case JobState::kCancelled:
      return absl::StrCat(what, " was cancelled; to run it again: flxlink job rerun ", job.job_id);
    default:
      return absl::StrCat(what, " is ", ToString(job.state), "; see: flxlink job show ", job.job_id);
  }
}

absl::Status ResultOf(const Job& job) {
  if (job.state != JobState::kCompleted) return absl::FailedPreconditionError(DescribeFailure(job));
  const int64_t failed = job.progress.failed;
  if (failed == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(NameOf(job), " completed, but ", failed, " of ",
                                                    Counted(job.progress.looked_at(), "row", "rows"),
                                                    " failed; see: flxlink job problems ", job.job_id));
}

}  // namespace flxlink::cli

// Jobs in words, for people.

#ifndef FLXLINK_SRC_CLI_JOB_TEXT_H_
#define FLXLINK_SRC_CLI_JOB_TEXT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/job.h"
#include "flxlink/linker.h"

namespace flxlink::cli {

// What a link job left without a working link.
struct LinkRemainder {
  std::map<LinkReason, int64_t> unlinked;  // How many for each reason.
  int64_t broken = 0;
};

// "4 no_match, 3 ambiguous_listing", the most frequent first.
std::string FormatReasons(const std::map<LinkReason, int64_t>& reasons);

// One line: kind, state and what was done. A link job names the rules of `priority`, and `remainder`, where there is
// one, says why the rest is not linked.
std::string SummarizeJob(const Job& job, const LinkPriority& priority, const LinkRemainder* remainder);

// The first problems with what to do about them, a line each, and how many more there are. Empty where there are none.
std::string DescribeProblems(const Job& job, size_t most);

// When a pending job that waits for a time is due; empty: it waits for none.
std::string DueAt(const Job& job);

// "4 of 6 done, 1 failed"; "412,000 done" where the total is not known.
std::string DescribeProgress(const JobProgress& progress);

// What went wrong with a job that did not complete, and what to do about it.
std::string DescribeFailure(const Job& job);

// What a command ends with that was to see the job through: OK where it completed, and nothing of it failed.
absl::Status ResultOf(const Job& job);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_JOB_TEXT_H_

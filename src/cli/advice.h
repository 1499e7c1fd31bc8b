// What the user of this program can do about a problem: codes and their arguments, turned into its commands. Nothing
// below the command line knows how its commands are called.

#ifndef FLXLINK_SRC_CLI_ADVICE_H_
#define FLXLINK_SRC_CLI_ADVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/problem.h"

namespace flxlink::cli {

// What commands are to name, as far as it is known. It goes before the problem's arguments; what neither has stands in
// the advice in capitals, for the user to fill in.
struct AdviceContext {
  std::string channel;
  std::string sku;
  int64_t job_id = 0;  // The job that ended with the problem; 0: none did.
};

// One line, never empty. What has no command of its own, an adapter's code among others, gets general advice.
std::string AdviceFor(const Problem& problem, const AdviceContext& context);

// What an error says and, where it carries a problem that a command helps with, what to do: "message; advice".
std::string DescribeError(const absl::Status& status);

// What a command that was asked for several things exits with: OK where all were done, else an error. All `failures`
// but that one are printed, a line each.
absl::Status ReportFailures(const std::vector<absl::Status>& failures);

// Of several attentions the one with the worst consequences: stock first, then links, statuses and prices. nullptr
// where there is none.
const Problem* WorstOf(absl::Span<const Problem> attentions);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_ADVICE_H_

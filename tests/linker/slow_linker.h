// What the Linker must do, found by looking at every pair of rows: slow, and written in another way than the Linker. It
// can be given a flaw, so that tests can show that they would notice one.

#ifndef FLXLINK_TESTS_LINKER_SLOW_LINKER_H_
#define FLXLINK_TESTS_LINKER_SLOW_LINKER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "flxlink/linker.h"

namespace flxlink::linker {

struct SlowRow {
  std::vector<std::string> fields;
  std::string parent;
  bool live = true;
};

// One input of a match, small.
struct SlowWorld {
  std::vector<SlowRow> listings;
  std::vector<SlowRow> channel;
  LinkPriority priority;
  std::vector<MatchInput::RuleColumns> rule_columns;
  std::vector<RowPair> links;
  std::vector<RowPair> broken_links;
  std::vector<RowPair> hand_unlinks;
  bool parent_guard = false;
  bool strict = false;
};

enum class Flaw {
  kNone,
  kDeadListingsCount,
  kDeadChannelCounts,
  kDeadListingsAreMatched,
  kLinkedListingsDoNotCount,
  kBrokenLinksHoldNothing,
  kUnknownListingsHoldNothing,
  kHandUnlinksAreForgotten,
  kHandUnlinkedCarriersContradict,
  kOnlyEarlierRulesContradict,
  kDeadListingsLinksTellNoParents,
  kBrokenLinksTellParents,
  kLinksOfEarlierRulesTellNoParents,
  kAmbiguousNeverStops,
  kLastReasonWins,
};
constexpr int kFlawCount = static_cast<int>(Flaw::kLastReasonWins) + 1;

struct SlowResult {
  std::vector<LinkOutcome> outcomes;
  std::vector<LinkDetail> details;
  // trace[row][rule]: what the rule said; has_key, counts and rows are filled in for every row.
  std::vector<std::vector<RuleExplanation>> trace;
};

SlowResult SlowMatch(const SlowWorld& world, Flaw flaw);

}  // namespace flxlink::linker

#endif  // FLXLINK_TESTS_LINKER_SLOW_LINKER_H_

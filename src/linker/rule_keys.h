// The keys of one rule on both sides, as small numbers.

#ifndef FLXLINK_LINKER_RULE_KEYS_H_
#define FLXLINK_LINKER_RULE_KEYS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/executor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"

namespace flxlink {

// Only a key that live rows of both sides have gets a number; of the others it is enough to know that they match
// nothing.
using KeyId = uint32_t;
constexpr KeyId kNotLive = UINT32_MAX;        // The row is not live.
constexpr KeyId kNullKey = UINT32_MAX - 1;    // The row's key is null.
constexpr KeyId kUnmatched = UINT32_MAX - 2;  // No live row of the other side has the row's key.

inline bool IsMatched(KeyId id) { return id < kUnmatched; }

struct RuleKeys {
  // Who has one key, among live rows.
  struct Group {
    uint32_t listing_count = 0;
    uint32_t channel_count = 0;
    int32_t channel_row = 0;  // The first of them.

    bool IsUnique() const { return listing_count == 1 && channel_count == 1; }
  };

  std::vector<KeyId> listing_ids;  // By listing row.
  std::vector<KeyId> channel_ids;  // By channel row.
  std::vector<Group> groups;       // By KeyId. Numbers that no key has are left with counts of 0.
};

// Reads one column of either side and numbers its keys. Neither side may have more than 2^31-1 rows.
absl::StatusOr<RuleKeys> BuildRuleKeys(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                       const std::vector<Normalizer>& normalizers, Executor& executor);

}  // namespace flxlink

#endif  // FLXLINK_LINKER_RULE_KEYS_H_

// The keys of one rule on both sides, as numbers.

#ifndef FLXLINK_LINKER_RULE_KEYS_H_
#define FLXLINK_LINKER_RULE_KEYS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"
#include "src/linker/big_array.h"
#include "src/linker/key_code.h"

namespace flxlink::linker {

struct KeyWork;

// Only a key that live rows of both sides have has an id: one channel row that has it. Of any other key it is enough to
// know that it matches nothing.
struct RuleKeys {
  // A key that several channel rows have.
  struct Carriers {
    KeyId id = 0;
    uint32_t channel_rows = 0;
  };

  BigArray<KeyCode> listings;      // By listing row; kShared: several live rows of either side have the key.
  BigArray<KeyCode> channel;       // By channel row; kShared: several live listing rows have the key.
  std::vector<Carriers> carriers;  // Ascending by id.

  // Whether several live listing rows have the key; of one that is matched.
  bool SeveralListings(KeyId id) const { return (channel[id] & kShared) != 0; }
  // How many live channel rows have it.
  uint32_t ChannelRows(KeyId id) const;
};

// Reads one column of either side and numbers its keys. Neither side may have more than kMaxMatchRows.
absl::StatusOr<RuleKeys> BuildRuleKeys(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                       const std::vector<Normalizer>& normalizers, const KeyWork& work);

// Which rows of a column, live or not, have the same value, byte for byte: the codes are the number of the first row
// that has it, or kNullKey where it is only ASCII whitespace.
absl::StatusOr<BigArray<KeyCode>> GroupRows(const VariantSource& source, int column, const KeyWork& work);

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_RULE_KEYS_H_

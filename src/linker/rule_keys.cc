#include "src/linker/rule_keys.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/linker/key_join.h"
#include "src/linker/key_scan.h"

namespace flxlink::linker {
namespace {

BigArray<KeyCode> CodesFor(const VariantSource& source) {
  return BigArray<KeyCode>(static_cast<size_t>(source.row_count()));
}

}  // namespace

uint32_t RuleKeys::ChannelRows(KeyId id) const {
  const auto found = std::lower_bound(carriers.begin(), carriers.end(), id,
                                      [](const Carriers& entry, KeyId wanted) { return entry.id < wanted; });
  return found != carriers.end() && found->id == id ? found->channel_rows : 1;
}

absl::StatusOr<RuleKeys> BuildRuleKeys(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                       const std::vector<Normalizer>& normalizers, const KeyWork& work) {
  RuleKeys keys;
  keys.listings = CodesFor(*input.listings);
  keys.channel = CodesFor(*input.channel);
  std::vector<KeyJoin> joins(static_cast<size_t>(work.executor->width()));
  const absl::Status status =
      ScanAndJoin({{input.listings, columns.listing_column, true, &keys.listings},
                   {input.channel, columns.channel_column, true, &keys.channel}},
                  normalizers, work, [&](int worker, absl::Span<const KeyWriter> writers, size_t partition) {
                    joins[static_cast<size_t>(worker)].Join(writers, partition, &keys);
                  });
  if (!status.ok()) return status;
  for (const KeyJoin& join : joins) {
    keys.carriers.insert(keys.carriers.end(), join.carriers().begin(), join.carriers().end());
  }
  std::sort(keys.carriers.begin(), keys.carriers.end(),
            [](const RuleKeys::Carriers& a, const RuleKeys::Carriers& b) { return a.id < b.id; });
  return keys;
}

absl::StatusOr<BigArray<KeyCode>> GroupRows(const VariantSource& source, int column, const KeyWork& work) {
  BigArray<KeyCode> codes = CodesFor(source);
  std::vector<KeyJoin> joins(static_cast<size_t>(work.executor->width()));
  const absl::Status status = ScanAndJoin({{&source, column, false, &codes}}, {}, work,
                                          [&](int worker, absl::Span<const KeyWriter> writers, size_t partition) {
                                            joins[static_cast<size_t>(worker)].Group(writers, partition, &codes);
                                          });
  if (!status.ok()) return status;
  return codes;
}

}  // namespace flxlink::linker

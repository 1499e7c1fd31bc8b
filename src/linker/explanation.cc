#include "src/linker/explanation.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "src/linker/column_scan.h"

namespace flxlink::linker {
namespace {

absl::Status FindKey(const VariantSource& source, int column, const std::vector<Normalizer>& normalizers,
                     int64_t listing_row, RuleExplanation* explanation) {
  std::string scratch;
  return ScanColumn(source, column, [&](const ColumnChunk& chunk) {
    const int64_t i = listing_row - chunk.row_base;
    if (i < 0 || i >= chunk.values.size()) return;
    const absl::optional<absl::string_view> key = NormalizeKey(normalizers, chunk.values[i], &scratch);
    explanation->has_key = key.has_value();
    if (key.has_value()) explanation->key = std::string(*key);
  });
}

absl::Status FindRows(const VariantSource& source, int column, const std::vector<Normalizer>& normalizers,
                      absl::string_view key, std::vector<int64_t>* rows, int64_t* count) {
  std::string scratch;
  return ScanColumn(source, column, [&](const ColumnChunk& chunk) {
    for (int64_t i = 0; i < chunk.values.size(); ++i) {
      if (!chunk.IsLive(i) || NormalizeKey(normalizers, chunk.values[i], &scratch) != key) continue;
      if (++*count <= LinkDetail::kMaxNamed) rows->push_back(chunk.row_base + i);
    }
  });
}

}  // namespace

absl::StatusOr<RuleExplanation> ExplainKey(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                           const std::vector<Normalizer>& normalizers, int64_t listing_row) {
  RuleExplanation explanation;
  absl::Status status = FindKey(*input.listings, columns.listing_column, normalizers, listing_row, &explanation);
  if (!status.ok()) return status;
  if (!explanation.has_key) return explanation;
  status = FindRows(*input.listings, columns.listing_column, normalizers, explanation.key, &explanation.listing_rows,
                    &explanation.listing_count);
  if (!status.ok()) return status;
  status = FindRows(*input.channel, columns.channel_column, normalizers, explanation.key, &explanation.channel_rows,
                    &explanation.channel_count);
  if (!status.ok()) return status;
  return explanation;
}

}  // namespace flxlink::linker

#include "src/channels/csv/repeated_rows.h"

#include <string>

#include "absl/status/status.h"

namespace flxlink::csv_channel {

absl::StatusOr<RepeatedRows> RepeatedRows::Find(csv::ShopifyRows* rows, const CallContext& call,
                                                absl::FunctionRef<void(const csv::ShopifyVariant&)> see_first) {
  RepeatedRows repeated;
  absl::flat_hash_map<std::string, int64_t> lines;
  csv::ShopifyVariant variant;
  for (;;) {
    const absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) break;
    if (call.cancelled()) return absl::CancelledError("the call was cancelled");
    if (variant.id.empty()) continue;
    const auto [first, is_first] = lines.try_emplace(variant.id, variant.row.line);
    if (is_first) {
      see_first(variant);
    } else {
      repeated.first_lines_.emplace(variant.row.index, first->second);
    }
  }
  rows->reader().Rewind();
  return repeated;
}

absl::optional<int64_t> RepeatedRows::FirstLine(const csv::CsvPosition& row) const {
  const auto found = first_lines_.find(row.index);
  if (found == first_lines_.end()) return absl::nullopt;
  return found->second;
}

}  // namespace flxlink::csv_channel

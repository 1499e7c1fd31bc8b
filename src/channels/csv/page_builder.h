// The answer of a pull or a fetch while it is made: items and item problems.

#ifndef FLXLINK_SRC_CHANNELS_CSV_PAGE_BUILDER_H_
#define FLXLINK_SRC_CHANNELS_CSV_PAGE_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/money.h"
#include "flxlink/problem.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// The fields of every item.
std::vector<std::string> CsvLinkFields();

// Not thread-safe.
class PageBuilder {
 public:
  // `reader` is asked for the file's name only and must outlive this. `unclear` is told of each variant with a number
  // that can be read in two ways; empty: of each its own.
  PageBuilder(const csv::CsvReader* reader, const csv::ShopifyColumns& columns, const CellFormat& format,
              Problem unclear = {});

  // Adds the variant as an item, or the problem that keeps it from being one; and as an item with the problem that its
  // row says another status than its product. `first_line`: where the variant stands that has its id already.
  void Add(const csv::ShopifyVariant& variant, const absl::optional<int64_t>& first_line);

  // How many variants were added.
  int64_t size() const { return size_; }
  // Whether there is so much text that no more should be added.
  bool is_heavy() const;

  ChannelVariantBatch TakeItems() { return std::move(batch_); }
  std::vector<ItemProblem> TakeProblems() { return std::move(problems_); }

 private:
  absl::optional<Problem> FindProblem(const csv::ShopifyVariant& variant, const absl::optional<int64_t>& first_line,
                                      ItemValues* values) const;
  void AddItem(const csv::ShopifyVariant& variant, const ItemValues& values);

  const csv::CsvReader* reader_;
  const VariantCells cells_;
  const Problem unclear_;
  const bool tells_trackers_;
  int64_t size_ = 0;
  size_t bytes_ = 0;
  ChannelVariantBatch batch_;
  std::vector<ItemProblem> problems_;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_PAGE_BUILDER_H_

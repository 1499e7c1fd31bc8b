// Catalogs to link, made up: N listing variants and N channel variants, every row of which is computed from its number,
// so that sides of any size can be read again and again and take no memory.
//
// Both sides are of one merchant's items. The listings are in the order of the items and the channel's variants in
// another; each side has items that the other lacks. Two fields link them, the SKU and, where that fails, the UPC,
// which the channel calls barcode.
//
// Defects come at the rates that were counted in four real exports, the Shopify product CSVs apparel, fashion, jewelry
// and snowdevil (4,426 variants, that is, rows with a `Variant Price`, of 1,319 products). They are a channel's files,
// so that blank and repeated SKUs are made on the channel's side only: a listing always has a SKU of its own. What one
// side alone cannot tell is assumed.

#ifndef FLXLINK_BENCH_LINK_DATA_H_
#define FLXLINK_BENCH_LINK_DATA_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"

namespace flxlink {

// Counted in all four exports together.
constexpr double kBlankSkus = 644.0 / 4426;         // Rows whose `Variant SKU` is blank, of all.
constexpr double kRepeatedSkus = 18.0 / 3782;       // Rows whose SKU another row has, of those with one; all in pairs.
constexpr double kBlankBarcodes = 127.0 / 4426;     // Rows whose `Variant Barcode` is blank, of all.
constexpr double kRepeatedBarcodes = 64.0 / 4299;   // Rows whose barcode others have, of those with one …
constexpr int kBarcodeGroups[] = {14, 3, 4, 1, 1};  // … and how many groups of 2, 3 … 6 rows they are.

// Barcodes of 13 digits, of those of 12 or 13, in snowdevil; the other exports have no such barcodes.
constexpr double kLongBarcodes = 136.0 / 579;

// SKUs with a spreadsheet's apostrophe before them, in apparel, where one side's file went through a spreadsheet. All
// SKUs of fashion and all barcodes have it: both sides of such a store agree on it, and it is a byte like any other.
constexpr double kApostropheSkus = 15.0 / 95;

// Variants of a product, in turn: 67 / 20 = 3.35 on average, where the exports have 4,426 / 1,319 = 3.36, and in the
// proportions that they have.
constexpr int kProductSizes[] = {1, 4, 3, 1, 5, 2, 4, 1, 3, 8, 4, 1, 5, 2, 4, 1, 6, 3, 5, 4};

// Assumed.
constexpr double kItemsOnOneSide = 0.05;    // Items of either side that the other lacks.
constexpr double kOtherSkus = 0.03;         // SKUs that the channel made anew.
constexpr double kSwappedBarcodes = 0.002;  // Barcodes that the channel shows on another item, so that they contradict.
constexpr double kUntidySkus = 0.00025;     // SKUs in small letters with a space behind: none of 3,782 in the exports.

enum class DataSide : uint8_t { kListings, kChannel };

// Immutable and thread-safe.
class LinkData {
 public:
  // `rows` a side, at most 2,000,000,000.
  explicit LinkData(int64_t rows, uint64_t seed = 1);

  int64_t rows() const { return rows_; }

  // Each adds one cell of a row to `out`. Listing rows go on beyond rows(): with the items that only the channel has,
  // then with items that nobody has.
  void AppendId(DataSide side, int64_t row, std::string* out) const;
  void AppendParent(DataSide side, int64_t row, std::string* out) const;
  void AppendSku(DataSide side, int64_t row, std::string* out) const;
  void AppendBarcode(DataSide side, int64_t row, std::string* out) const;
  void AppendTitle(DataSide side, int64_t row, std::string* out) const;

 private:
  int64_t ItemOf(DataSide side, int64_t row) const;
  int64_t Permute(int64_t row) const;
  uint64_t Draw(int64_t item, uint64_t purpose) const;
  bool Happens(int64_t item, uint64_t purpose, double rate) const;
  int64_t BarcodeOwner(int64_t item) const;
  void AppendOwnSku(int64_t item, std::string* out) const;
  void AppendChannelSku(int64_t item, std::string* out) const;
  void AppendItemBarcode(int64_t item, std::string* out) const;

  int64_t rows_;
  int64_t one_sided_;  // Items of either side that the other lacks.
  uint64_t seed_;
  int bits_;  // Of the numbers that Permute stirs.
};

// One side of the data as columns: kSkuColumn and kBarcodeColumn.
class LinkDataSource : public VariantSource {
 public:
  static constexpr int kSkuColumn = 0;
  static constexpr int kBarcodeColumn = 1;

  // `data` must outlive the source.
  LinkDataSource(const LinkData& data, DataSide side) : data_(data), side_(side) {}

  int64_t row_count() const override { return data_.rows(); }
  int part_count() const override;
  absl::Status Scan(int part, absl::Span<const int> columns,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override;

 private:
  const LinkData& data_;
  const DataSide side_;
};

// The same columns in memory.
VariantTable MakeLinkTable(const LinkData& data, DataSide side);

}  // namespace flxlink

#endif  // FLXLINK_BENCH_LINK_DATA_H_

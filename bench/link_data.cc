#include "bench/link_data.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "absl/numeric/bits.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flxlink/string_column.h"

namespace flxlink {
namespace {

constexpr int64_t kPartRows = 1 << 16;
constexpr int64_t kChunkRows = 1 << 12;

// Items that share a value are this far apart, so that they are of different products.
constexpr int64_t kSkuPairDistance = 1 << 6;
constexpr int64_t kSwapDistance = 1 << 7;
constexpr int64_t kBarcodeGroupDistance = 1 << 8;
constexpr int64_t kMaxBarcodeGroup = 8;

// What a number is drawn for.
enum Purpose : uint64_t {
  kDrawBlankSku = 1,
  kDrawRepeatedSku,
  kDrawOtherSku,
  kDrawApostrophe,
  kDrawUntidySku,
  kDrawSkuForm,
  kDrawBlankBarcode,
  kDrawRepeatedBarcode,
  kDrawBarcodeGroup,
  kDrawLongBarcode,
  kDrawSwappedBarcode,
};

// SplitMix64's finalizer.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void AppendDigits(uint64_t number, int width, std::string* out) {
  char digits[20];
  char* const end = std::end(digits);
  char* at = end;
  for (; number != 0 || end - at < width; number /= 10) *--at = static_cast<char>('0' + number % 10);
  out->append(at, static_cast<size_t>(end - at));
}

constexpr int kProductsInTurn = static_cast<int>(std::end(kProductSizes) - std::begin(kProductSizes));

// The products of the items of one turn of kProductSizes.
const std::vector<int>& ProductsOfTurn() {
  static const auto* const products = [] {
    auto* made = new std::vector<int>;
    for (int p = 0; p < kProductsInTurn; ++p) made->insert(made->end(), static_cast<size_t>(kProductSizes[p]), p);
    return made;
  }();
  return *products;
}

uint64_t ProductOf(int64_t item) {
  const std::vector<int>& products = ProductsOfTurn();
  const auto turn = static_cast<int64_t>(products.size());
  return static_cast<uint64_t>(item / turn * kProductsInTurn + products[static_cast<size_t>(item % turn)]);
}

constexpr int CountBarcodeGroups() {
  int sum = 0;
  for (const int groups : kBarcodeGroups) sum += groups;
  return sum;
}
constexpr int kAllBarcodeGroups = CountBarcodeGroups();

// How many rows the group has that `draw` picks.
int64_t BarcodeGroupSize(uint64_t draw) {
  auto left = static_cast<int>(draw % static_cast<uint64_t>(kAllBarcodeGroups));
  int64_t size = 2;
  for (const int groups : kBarcodeGroups) {
    if (left < groups) break;
    left -= groups;
    ++size;
  }
  return size;
}

// The share of kMaxBarcodeGroup items in a row of which some share a barcode.
double BarcodeGroupRate() {
  double rows = 0;
  int64_t size = 2;
  for (const int groups : kBarcodeGroups) rows += static_cast<double>(groups * size++);
  return kRepeatedBarcodes * kMaxBarcodeGroup * kAllBarcodeGroups / rows;
}

// Adds the last digit of a GTIN: with it, the digits from the right, tripled at every second place, add up to a
// multiple of ten.
void AppendCheckDigit(size_t begin, std::string* out) {
  int sum = 0;
  int weight = 3;
  for (size_t at = out->size(); at > begin; --at) {
    sum += weight * ((*out)[at - 1] - '0');
    weight = 4 - weight;
  }
  out->push_back(static_cast<char>('0' + (10 - sum % 10) % 10));
}

using AppendCell = void (LinkData::*)(DataSide side, int64_t row, std::string* out) const;

AppendCell CellsOf(int column) {
  if (column == VariantSource::kParentColumn) return &LinkData::AppendParent;
  return column == LinkDataSource::kSkuColumn ? &LinkData::AppendSku : &LinkData::AppendBarcode;
}

}  // namespace

LinkData::LinkData(int64_t rows, uint64_t seed)
    : rows_(rows),
      one_sided_(static_cast<int64_t>(static_cast<double>(rows) * kItemsOnOneSide)),
      seed_(Mix(seed)),
      bits_(std::max(2, static_cast<int>(absl::bit_width(static_cast<uint64_t>(rows))))) {}

void LinkData::AppendId(DataSide side, int64_t row, std::string* out) const {
  const bool listing = side == DataSide::kListings;
  out->push_back(listing ? 'L' : '4');
  AppendDigits(static_cast<uint64_t>(ItemOf(side, row)), listing ? 9 : 13, out);
}

void LinkData::AppendParent(DataSide side, int64_t row, std::string* out) const {
  out->append(side == DataSide::kListings ? "P" : "item-");
  AppendDigits(ProductOf(ItemOf(side, row)), 8, out);
}

void LinkData::AppendSku(DataSide side, int64_t row, std::string* out) const {
  const int64_t item = ItemOf(side, row);
  if (side == DataSide::kListings) {
    AppendOwnSku(item, out);
  } else {
    AppendChannelSku(item, out);
  }
}

void LinkData::AppendBarcode(DataSide side, int64_t row, std::string* out) const {
  int64_t item = ItemOf(side, row);
  if (side == DataSide::kChannel && Happens(item & ~kSwapDistance, kDrawSwappedBarcode, kSwappedBarcodes)) {
    item ^= kSwapDistance;
  }
  AppendItemBarcode(item, out);
}

void LinkData::AppendTitle(DataSide side, int64_t row, std::string* out) const {
  const int64_t item = ItemOf(side, row);
  absl::StrAppend(out, "Item ", item, " of product ", ProductOf(item));
}

int64_t LinkData::ItemOf(DataSide side, int64_t row) const {
  return side == DataSide::kListings ? row : one_sided_ + Permute(row);
}

// Every step turns the numbers of bits_ bits into one another; what falls outside goes round again.
int64_t LinkData::Permute(int64_t row) const {
  const uint64_t mask = (uint64_t{1} << bits_) - 1;
  const int half = (bits_ + 1) / 2;
  auto x = static_cast<uint64_t>(row);
  do {
    x = (x * (seed_ | 1) + (seed_ >> 7)) & mask;
    x ^= x >> half;
    x = (x * 0x9e3779b97f4a7c15u) & mask;
    x ^= x >> half;
  } while (x >= static_cast<uint64_t>(rows_));
  return static_cast<int64_t>(x);
}

uint64_t LinkData::Draw(int64_t item, uint64_t purpose) const {
  return Mix(seed_ + static_cast<uint64_t>(item) * 0x9e3779b97f4a7c15u + (purpose << 56));
}

bool LinkData::Happens(int64_t item, uint64_t purpose, double rate) const {
  constexpr double kPowerOf53 = 9007199254740992.0;
  return static_cast<double>(Draw(item, purpose) >> 11) < rate * kPowerOf53;
}

void LinkData::AppendOwnSku(int64_t item, std::string* out) const {
  constexpr absl::string_view kVendors[] = {"AC", "BRK", "FOX", "KL", "NOR", "PX", "SDV", "WTR"};
  constexpr absl::string_view kSizes[] = {"", "", "-S", "-M", "-L", "-XL", "-BLK", "-10"};
  const uint64_t form = Draw(item, kDrawSkuForm);
  const absl::string_view vendor = kVendors[form % 8];
  const absl::string_view size = kSizes[form / 8 % 8];
  out->append(vendor.data(), vendor.size());
  AppendDigits(static_cast<uint64_t>(item), 7, out);
  out->append(size.data(), size.size());
}

void LinkData::AppendChannelSku(int64_t item, std::string* out) const {
  if (Happens(item, kDrawBlankSku, kBlankSkus)) return;
  const int64_t first = item & ~kSkuPairDistance;
  if (Happens(first, kDrawRepeatedSku, kRepeatedSkus)) {
    AppendOwnSku(first, out);
    return;
  }
  if (Happens(item, kDrawOtherSku, kOtherSkus)) {
    out->append("NEW-");
    AppendDigits(static_cast<uint64_t>(item), 7, out);
    return;
  }
  if (Happens(item, kDrawApostrophe, kApostropheSkus)) out->push_back('\'');
  const size_t begin = out->size();
  AppendOwnSku(item, out);
  if (!Happens(item, kDrawUntidySku, kUntidySkus)) return;
  for (size_t at = begin; at < out->size(); ++at)
    (*out)[at] = absl::ascii_tolower(static_cast<unsigned char>((*out)[at]));
  out->push_back(' ');
}

// The item whose barcode the item has.
int64_t LinkData::BarcodeOwner(int64_t item) const {
  static const double kRate = BarcodeGroupRate();
  const int64_t first = item & ~((kMaxBarcodeGroup - 1) * kBarcodeGroupDistance);
  if (!Happens(first, kDrawRepeatedBarcode, kRate)) return item;
  const int64_t place = (item - first) / kBarcodeGroupDistance;
  return place < BarcodeGroupSize(Draw(first, kDrawBarcodeGroup)) ? first : item;
}

void LinkData::AppendItemBarcode(int64_t item, std::string* out) const {
  if (Happens(item, kDrawBlankBarcode, kBlankBarcodes)) return;
  // Prime to ten, so that every item has a number of its own.
  constexpr uint64_t kStride = 7919993;
  constexpr uint64_t kNumbers = 10000000000;
  const int64_t owner = BarcodeOwner(item);
  const size_t begin = out->size();
  out->append(Happens(owner, kDrawLongBarcode, kLongBarcodes) ? "40" : "8");
  AppendDigits(static_cast<uint64_t>(owner) % kNumbers * kStride % kNumbers, 10, out);
  AppendCheckDigit(begin, out);
}

int LinkDataSource::part_count() const {
  return static_cast<int>(std::max(int64_t{1}, (data_.rows() + kPartRows - 1) / kPartRows));
}

absl::Status LinkDataSource::Scan(int part, absl::Span<const int> columns,
                                  absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const {
  const int64_t part_end = std::min(data_.rows(), (part + int64_t{1}) * kPartRows);
  std::string cell;
  std::vector<StringColumn> values(columns.size());
  std::vector<StringColumnView> views(columns.size());
  for (int64_t begin = part * kPartRows; begin < part_end; begin += kChunkRows) {
    const int64_t end = std::min(part_end, begin + kChunkRows);
    for (size_t c = 0; c < columns.size(); ++c) {
      const AppendCell append = CellsOf(columns[c]);
      values[c].Clear();
      for (int64_t row = begin; row < end; ++row) {
        cell.clear();
        (data_.*append)(side_, row, &cell);
        values[c].Add(cell);
      }
      views[c] = values[c].view();
    }
    VariantChunk chunk;
    chunk.row_base = begin;
    chunk.row_count = static_cast<int32_t>(end - begin);
    chunk.columns = views;
    if (absl::Status status = visit(chunk); !status.ok()) return status;
  }
  return absl::OkStatus();
}

VariantTable MakeLinkTable(const LinkData& data, DataSide side) {
  VariantTable table(2);
  std::string sku;
  std::string barcode;
  std::string parent;
  for (int64_t row = 0; row < data.rows(); ++row) {
    sku.clear();
    barcode.clear();
    parent.clear();
    data.AppendSku(side, row, &sku);
    data.AppendBarcode(side, row, &barcode);
    data.AppendParent(side, row, &parent);
    table.AddRow({sku, barcode}, parent);
  }
  return table;
}

}  // namespace flxlink

// Catalogs in CSV files: variants to match, existing links, products to import.
//
// The functions and classes here read a file to its end (again, where something is wrong with it) and then forget it;
// none is written. Files are regular files: no FIFO, folder or device. Anything constructed here is immutable, and so
// safe for any number of threads.
//
// CSV is RFC 4180 with a header row: cells separated by commas, semicolons or tabs, told from the header row or by a
// line like "sep=;" before it; a cell with a separator, quote or line break in double quotes, quotes inside it doubled;
// lines ended by LF or CRLF; UTF-8, a byte-order mark at the start allowed, or UTF-16 with one. Nothing is trimmed.
// Blank lines, rows whose cells are all empty and empty header cells at the end are passed over. A cell holds up to 1
// MiB.
//
// Errors: NOT_FOUND where a file cannot be opened. INVALID_ARGUMENT where it is no regular file, in one line "FILE:
// what; how to fix it", and for what is in it, always one line "FILE:LINE: what; how to fix it", where LINE is the
// physical line, from 1, on which the record starts: a wrong number of cells, an unterminated quote, text after a
// closing quote or a quote in an unquoted cell, a carriage return without line feed, invalid UTF-8, a cell above the
// limit, a repeated column, a missing column that was asked for (one that is nearly it is named), an empty or repeated
// id.

#ifndef FLXLINK_CATALOG_CSV_H_
#define FLXLINK_CATALOG_CSV_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/csv_field.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "flxlink/money.h"
#include "flxlink/product.h"

namespace flxlink {

// What the columns of a file mean.
enum class CsvDialect {
  // One row a variant. Column names are field names.
  kGeneric,
  // Shopify's product export. A row with an option value, SKU, barcode, price or quantity is a variant, any other row
  // is
  // passed over. Columns may have the names of older exports or today's (`URL handle`, `SKU`, `Price` …). Rows of one
  // handle are one product, wherever they stand.
  // Fields are sku, barcode, handle, title, vendor, price, quantity, status, option1, option2, option3 and id. The id
  // is handle and option values joined by '/', with '\' before '/' and '\' inside a part, trailing empty options
  // dropped; the parent is the handle. Title, vendor and status come from the product's first row in the file, the
  // status from
  // `Status`, else from `Published`.
  kShopify,
};

// "generic", "shopify".
absl::string_view ToString(CsvDialect dialect);
// INVALID_ARGUMENT names the dialects.
absl::StatusOr<CsvDialect> ParseCsvDialect(absl::string_view text);

// ---------------------------------------------------------------------------------------------------------------------
// Variants to match
// ---------------------------------------------------------------------------------------------------------------------

// What to read of a file of variants, and how.
struct CsvCatalogOptions {
  CsvDialect dialect = CsvDialect::kGeneric;
  // The fields to keep: fields[i] is column i of Scan(). One may be given twice.
  std::vector<std::string> fields;
  // Keep parent ids. Without them, every parent is empty. Default on.
  bool parents = true;
  // Keep what FindRow() needs, about 11 bytes a row. Default on.
  bool lookup = true;
  // Sets the hash function by which ids are compared. Nothing read depends on it; who writes the files should not be
  // able to know it. Default 0.
  uint64_t hash_seed = 0;
};

// One file's variants as a source for the Linker. In the generic dialect the column `id` is required and unique,
// `parent_id` is optional, and every column but `parent_id` is a field, `id` too. All rows are live.
class CsvCatalog : public VariantSource {
 public:
  // Reads the file, in the generic dialect on all threads of the executor. INVALID_ARGUMENT also where the dialect has
  // no field of that name, or there are more than 4,294,967,294 rows.
  static absl::StatusOr<std::unique_ptr<CsvCatalog>> Read(const std::string& path, const CsvCatalogOptions& options,
                                                          Executor& executor);
  ~CsvCatalog() override;

  int64_t row_count() const override;
  // A part is what stood in about a megabyte of the file.
  int part_count() const override;
  absl::Status Scan(int part, absl::Span<const int> columns,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override;

  // The id of a row, and its parent, empty for none. Valid as long as the catalog.
  absl::string_view id(int64_t row) const;
  absl::string_view parent(int64_t row) const;

  // Makes ids[i] the id of rows[i]; both have the same size. For rows all over the catalog much quicker than one by
  // one, since memory is fetched ahead: 16 to 256 rows at a time are a good number.
  void GetIds(absl::Span<const int64_t> rows, absl::Span<absl::string_view> ids) const;

  // The row that has the id, or kNoRow. Only with CsvCatalogOptions::lookup.
  int64_t FindRow(absl::string_view id) const;

 private:
  class Impl;
  explicit CsvCatalog(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// Existing links between two catalogs.
struct CsvLinks {
  // For MatchInput::links. An id that its catalog does not have is kNoRow.
  std::vector<RowPair> pairs;
  // The ids that have no row: by the row of the other side.
  absl::flat_hash_map<int64_t, std::string> missing_channel_ids;  // By listing row: the links that are broken.
  absl::flat_hash_map<int64_t, std::string> missing_listing_ids;  // By channel row: who holds it.
};

// Reads a file with the columns `listing_id` and `channel_id`; both catalogs must be able to look rows up.
// INVALID_ARGUMENT also where either id is empty or repeated, since links are 1:1.
absl::StatusOr<CsvLinks> ReadLinksCsv(const std::string& path, const CsvCatalog& listings, const CsvCatalog& channel);

// ---------------------------------------------------------------------------------------------------------------------
// Products
// ---------------------------------------------------------------------------------------------------------------------

struct ProductCsvOptions {
  // Generic: `sku` is required, unique and not blank, and is the key. `price` and `compare_at_price` are decimal
  // numbers, `quantity` and `sync_priority` are whole numbers (5.0 is 5), `parent` is the product. Every other column
  // is a field under its name; a column without a name is passed over. Shopify: the key is the variant's id, sku may be
  // blank or repeated, and the parent is the handle. Fields are barcode, handle, title, vendor, status, option1,
  // option2, option3 and id.
  //
  // The file states the columns that it has: a blank cell takes the value away, a missing column leaves it as it was
  // (see ProductBatch).
  CsvDialect dialect = CsvDialect::kGeneric;
  // Fields that stand in columns of other names: the field, then the header of its column. In the generic dialect any
  // field, in the Shopify dialect sku, price, compare_at_price, quantity or one of the fields above but id. A file
  // without such a column is an error, and so is a field or a header that is named twice.
  std::vector<std::pair<std::string, std::string>> columns{};
  Currency currency;  // Of the prices; the file does not say. Default USD.
  // The decimal mark of the file's numbers; the other one may stand between thousands. Default: the point in a file
  // separated by commas, and in others what each number tells: a mark before other than three last digits, or after the
  // other mark. A number that could be either (1.234) is an error then.
  absl::optional<DecimalMark> decimal{};
  int64_t page_rows = 10000;  // Rows handed over at a time; fewer where they are long.
};

// Reads a file of products and hands it to `visit` page by page, in the file's order. A number that cannot be read is
// an error of the file too, and so is a price below zero. The quantities were written down when the file was
// (ProductBatch::quantity_written_at). Pages before the one with an error have been handed over by then. Stops at the
// first error of `visit` and returns it.
absl::Status ReadProductCsv(const std::string& path, const ProductCsvOptions& options,
                            absl::FunctionRef<absl::Status(const ProductBatch&)> visit);

}  // namespace flxlink

#endif  // FLXLINK_CATALOG_CSV_H_

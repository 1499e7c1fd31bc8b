#include "flxlink/catalog_csv.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/csv/catalog_rows.h"
#include "src/csv/csv_page.h"
#include "src/csv/csv_reader.h"
#include "src/csv/csv_text.h"
#include "src/csv/page_reader.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink {

absl::string_view ToString(CsvDialect dialect) { return dialect == CsvDialect::kShopify ? "shopify" : "generic"; }

absl::StatusOr<CsvDialect> ParseCsvDialect(absl::string_view text) {
  for (const CsvDialect dialect : {CsvDialect::kGeneric, CsvDialect::kShopify}) {
    if (ToString(dialect) == text) return dialect;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no CSV dialect ", model::Quote(text), "; use generic or shopify"));
}

namespace {

// Puts rows that come one by one into pages.
class PageFiller {
 public:
  explicit PageFiller(size_t columns) : columns_(columns) {}

  void Add(absl::Span<const absl::string_view> cells) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      columns_[i].Add(cells[i]);
      bytes_ += cells[i].size();
    }
    if (bytes_ >= csv::kCsvRangeBytes || columns_[0].size() >= kMaxPageRows) Flush();
  }

  std::vector<csv::CsvPage> Finish() {
    if (columns_[0].size() > 0) Flush();
    return std::move(pages_);
  }

 private:
  static constexpr int64_t kMaxPageRows = 1 << 14;

  void Flush() {
    pages_.emplace_back(columns_);
    for (StringColumn& column : columns_) column.Clear();
    bytes_ = 0;
  }

  std::vector<StringColumn> columns_;
  size_t bytes_ = 0;
  std::vector<csv::CsvPage> pages_;
};

// One row at a time: its cells in the order of a page's columns, the id first, and the line on which it starts.
struct Row {
  std::vector<absl::string_view> cells;
  int64_t line = 0;
};
using NextRow = absl::FunctionRef<absl::StatusOr<bool>(Row* row)>;

}  // namespace

class CsvCatalog::Impl {
 public:
  explicit Impl(const CsvCatalogOptions& options) : options_(options) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status ReadGeneric(const std::string& path, Executor& executor);
  absl::Status ReadShopify(const std::string& path);

  const csv::CatalogRows& rows() const { return rows_; }
  absl::string_view parent(int64_t row) const { return has_parents_ ? rows_.cell(row, kParents) : absl::string_view(); }
  bool HasColumn(int column) const { return column >= kParentColumn && column < static_cast<int>(fields_.size()); }
  StringColumnView ColumnOf(int page, int column) const;

 private:
  // Columns of a page. The parents are not there if they are not wanted, or the file has none.
  static constexpr size_t kIds = 0;
  static constexpr size_t kParents = 1;

  absl::Status SelectColumns(const csv::CsvReader& reader, csv::CsvSelection* selection);
  bool ReadAtOnce(const std::string& path, const csv::CsvText& text, Executor& executor);
  absl::Status ReadRecords(csv::CsvReader* reader);
  absl::Status ReadRows(const csv::CsvReader& reader, size_t columns, NextRow next);
  absl::StatusOr<int64_t> TakePages(std::vector<csv::CsvPage> pages, Executor& executor);

  const CsvCatalogOptions options_;
  csv::CatalogRows rows_;
  bool has_parents_ = false;
  std::vector<size_t> fields_;       // By field: its column of a page.
  std::vector<int32_t> no_offsets_;  // Those of as many empty strings as any page has rows.
};

StringColumnView CsvCatalog::Impl::ColumnOf(int page, int column) const {
  if (column != kParentColumn) return rows_.page(page).column(fields_[static_cast<size_t>(column)]);
  if (has_parents_) return rows_.page(page).column(kParents);
  const size_t offsets = static_cast<size_t>(rows_.page(page).rows()) + 1;
  return StringColumnView(absl::MakeConstSpan(no_offsets_).first(offsets), "");
}

// Which columns of a generic file go to which of the pages.
absl::Status CsvCatalog::Impl::SelectColumns(const csv::CsvReader& reader, csv::CsvSelection* selection) {
  absl::StatusOr<int> id = reader.RequireColumn("id");
  if (!id.ok()) return id.status();
  std::vector<int>& wanted = selection->wanted;
  wanted = {*id};
  const int parent = reader.FindColumn("parent_id");
  has_parents_ = options_.parents && parent != csv::CsvReader::kNoColumn;
  if (has_parents_) wanted.push_back(parent);
  fields_.clear();
  for (const std::string& field : options_.fields) {
    absl::StatusOr<int> column = reader.RequireColumn(field);
    if (!column.ok()) return column.status();
    const auto place = std::find(wanted.begin(), wanted.end(), *column);
    fields_.push_back(static_cast<size_t>(place - wanted.begin()));
    if (place == wanted.end()) wanted.push_back(*column);
  }
  selection->column_count = reader.cell_count();
  selection->first_filled = true;
  return absl::OkStatus();
}

// Takes the pages for the rows. Tells a row whose id is repeated, as CatalogRows::IndexIds().
absl::StatusOr<int64_t> CsvCatalog::Impl::TakePages(std::vector<csv::CsvPage> pages, Executor& executor) {
  rows_ = csv::CatalogRows(std::move(pages));
  if (rows_.row_count() > csv::RowIndex::kMaxRows)
    return absl::OutOfRangeError("there are too many rows; split the file");
  int32_t most_rows = 0;
  for (int page = 0; page < rows_.page_count(); ++page) most_rows = std::max(most_rows, rows_.page(page).rows());
  if (!has_parents_) no_offsets_.assign(static_cast<size_t>(most_rows) + 1, 0);
  const int64_t repeated = rows_.IndexIds(options_.hash_seed, executor);
  if (!options_.lookup) rows_.DropIndex();
  return repeated;
}

// Reads a generic file on all threads. False where that finds anything wrong, or is not sure.
bool CsvCatalog::Impl::ReadAtOnce(const std::string& path, const csv::CsvText& text, Executor& executor) {
  absl::StatusOr<csv::CsvReader> header = csv::CsvReader::Stream(path, text);
  csv::CsvSelection selection;
  if (!header.ok() || header->separator() != ',' || !SelectColumns(*header, &selection).ok()) return false;
  absl::optional<std::vector<csv::CsvPage>> pages =
      csv::ReadCsvPages(text, header->next_begin(), selection, csv::kCsvRangeBytes, executor);
  if (!pages.has_value()) return false;
  const absl::StatusOr<int64_t> repeated = TakePages(*std::move(pages), executor);
  return repeated.ok() && *repeated == kNoRow;
}

// Reads rows one by one, and finds the first thing that is wrong. Repeated ids are looked for at the end, among the
// rows before whatever else is wrong, and so come before it.
absl::Status CsvCatalog::Impl::ReadRows(const csv::CsvReader& reader, size_t columns, NextRow next) {
  PageFiller pages(columns);
  std::vector<int64_t> lines;
  absl::Status ended;
  Row row;
  for (;;) {
    const absl::StatusOr<bool> found = next(&row);
    ended = found.status();
    if (!found.ok() || !*found) break;
    if (row.cells[kIds].empty()) {
      ended = reader.ErrorAt(row.line, "the id is empty; give every variant one");
      break;
    }
    if (absl::c_any_of(row.cells, &csv::IsTooLong)) {
      ended = reader.TooLongAt(row.line);
      break;
    }
    pages.Add(row.cells);
    lines.push_back(row.line);
  }
  const absl::StatusOr<int64_t> repeated = TakePages(pages.Finish(), InlineExecutor());
  if (!repeated.ok()) return reader.ErrorAt(lines.back(), repeated.status().message());
  if (*repeated == kNoRow) return ended;
  const absl::string_view id = rows_.cell(*repeated, kIds);
  return reader.ErrorAt(lines[static_cast<size_t>(*repeated)],
                        absl::StrCat("the id ", model::Quote(id), " is there twice; give every variant its own"));
}

absl::Status CsvCatalog::Impl::ReadRecords(csv::CsvReader* reader) {
  csv::CsvSelection selection;
  if (absl::Status status = SelectColumns(*reader, &selection); !status.ok()) return status;
  csv::CsvRecord record;
  return ReadRows(*reader, selection.wanted.size(), [&](Row* row) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok() || !*found) return found;
    row->line = record.position.line;
    row->cells.clear();
    for (const int column : selection.wanted) row->cells.push_back(record.fields[column]);
    return found;
  });
}

absl::Status CsvCatalog::Impl::ReadGeneric(const std::string& path, Executor& executor) {
  absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path);
  if (!text.ok()) return text.status();
  if (ReadAtOnce(path, *text, executor)) return absl::OkStatus();
  // Something is wrong, and CsvReader knows what. If it finds nothing, then its rows are the right ones.
  absl::StatusOr<std::string> all = text->Release();
  if (!all.ok()) return all.status();
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText(path, *std::move(all));
  if (!reader.ok()) return reader.status();
  return ReadRecords(&*reader);
}

absl::Status CsvCatalog::Impl::ReadShopify(const std::string& path) {
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<int> numbers;
  for (const std::string& field : options_.fields) {
    absl::StatusOr<int> number = csv::RequireShopifyField(*reader, field);
    if (!number.ok()) return number.status();
    fields_.push_back(kParents + 1 + numbers.size());
    numbers.push_back(*number);
  }
  has_parents_ = true;
  csv::ShopifySelection selection;
  selection.texts = absl::c_linear_search(options_.fields, "title") || absl::c_linear_search(options_.fields, "vendor");
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(&*reader, selection);
  if (!rows.ok()) return rows.status();
  csv::ShopifyVariant variant;
  return ReadRows(*reader, kParents + 1 + numbers.size(), [&](Row* row) -> absl::StatusOr<bool> {
    absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok() || !*found) return found;
    if (absl::Status status = rows->CheckHandle(variant); !status.ok()) return status;
    row->line = variant.row.line;
    row->cells = {variant.id, options_.parents ? variant.handle : absl::string_view()};
    for (const int number : numbers) row->cells.push_back(csv::ShopifyFieldValue(variant, number));
    return found;
  });
}

CsvCatalog::CsvCatalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvCatalog::~CsvCatalog() = default;

absl::StatusOr<std::unique_ptr<CsvCatalog>> CsvCatalog::Read(const std::string& path, const CsvCatalogOptions& options,
                                                             Executor& executor) {
  auto impl = std::make_unique<Impl>(options);
  const absl::Status status =
      options.dialect == CsvDialect::kShopify ? impl->ReadShopify(path) : impl->ReadGeneric(path, executor);
  if (!status.ok()) return status;
  return std::unique_ptr<CsvCatalog>(new CsvCatalog(std::move(impl)));
}

int64_t CsvCatalog::row_count() const { return impl_->rows().row_count(); }
int CsvCatalog::part_count() const { return impl_->rows().page_count(); }
absl::string_view CsvCatalog::id(int64_t row) const { return impl_->rows().cell(row, 0); }
absl::string_view CsvCatalog::parent(int64_t row) const { return impl_->parent(row); }
int64_t CsvCatalog::FindRow(absl::string_view id) const { return impl_->rows().FindRow(id); }

void CsvCatalog::GetIds(absl::Span<const int64_t> rows, absl::Span<absl::string_view> ids) const {
  impl_->rows().GetIds(rows, ids);
}

absl::Status CsvCatalog::Scan(int part, absl::Span<const int> columns,
                              absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const {
  std::vector<StringColumnView> views;
  for (const int column : columns) {
    if (!impl_->HasColumn(column)) return absl::InvalidArgumentError(absl::StrCat("there is no column ", column));
    views.push_back(impl_->ColumnOf(part, column));
  }
  const csv::CatalogRows& rows = impl_->rows();
  return visit({rows.row_base(part), rows.page(part).rows(), views, {}});
}

namespace {

// Sees to it that a column of a links file names nothing twice.
class UniqueIds {
 public:
  UniqueIds(const csv::CsvReader* reader, std::string column) : reader_(reader), column_(std::move(column)) {}

  absl::Status Add(int64_t line, absl::string_view id) {
    if (id.empty()) return reader_->ErrorAt(line, absl::StrCat(column_, " is empty; name both sides of the link"));
    if (csv::IsTooLong(id)) return reader_->TooLongAt(line);
    if (seen_.emplace(id).second) return absl::OkStatus();
    return reader_->ErrorAt(
        line, absl::StrCat(column_, " ", model::Quote(id), " is there twice; links are 1:1, remove one of the two"));
  }

 private:
  const csv::CsvReader* reader_;
  std::string column_;
  absl::flat_hash_set<std::string> seen_;
};

}  // namespace

absl::StatusOr<CsvLinks> ReadLinksCsv(const std::string& path, const CsvCatalog& listings, const CsvCatalog& channel) {
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<int> listing_column = reader->RequireColumn("listing_id");
  if (!listing_column.ok()) return listing_column.status();
  absl::StatusOr<int> channel_column = reader->RequireColumn("channel_id");
  if (!channel_column.ok()) return channel_column.status();

  CsvLinks links;
  UniqueIds listing_ids(&*reader, "listing_id");
  UniqueIds channel_ids(&*reader, "channel_id");
  csv::CsvRecord record;
  for (;;) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok()) return found.status();
    if (!*found) return links;
    const absl::string_view listing_id = record.fields[*listing_column];
    const absl::string_view channel_id = record.fields[*channel_column];
    absl::Status status = listing_ids.Add(record.position.line, listing_id);
    if (status.ok()) status = channel_ids.Add(record.position.line, channel_id);
    if (!status.ok()) return status;
    const RowPair pair = {listings.FindRow(listing_id), channel.FindRow(channel_id)};
    links.pairs.push_back(pair);
    if (pair.channel_row == kNoRow) links.missing_channel_ids[pair.listing_row] = std::string(channel_id);
    if (pair.listing_row == kNoRow) links.missing_listing_ids[pair.channel_row] = std::string(listing_id);
  }
}

}  // namespace flxlink

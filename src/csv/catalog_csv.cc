#include "flxlink/catalog_csv.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/csv/csv_reader.h"
#include "src/csv/id_index.h"
#include "src/csv/paged_strings.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink {

absl::string_view ToString(CsvDialect dialect) { return dialect == CsvDialect::kShopify ? "shopify" : "generic"; }

absl::StatusOr<CsvDialect> ParseCsvDialect(absl::string_view text) {
  for (const CsvDialect dialect : {CsvDialect::kGeneric, CsvDialect::kShopify}) {
    if (ToString(dialect) == text) return dialect;
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no CSV dialect ", Quote(text), "; use generic or shopify"));
}

class CsvCatalog::Impl {
 public:
  explicit Impl(size_t fields) : fields_(fields), index_(&ids_) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status ReadGeneric(CsvReader* reader, absl::Span<const std::string> fields);
  absl::Status ReadShopify(CsvReader* reader, absl::Span<const std::string> fields);

  const PagedStrings& ids() const { return ids_; }
  const PagedStrings& parents() const { return parents_; }
  const IdIndex& index() const { return index_; }
  bool HasColumn(int column) const { return column >= kParentColumn && column < static_cast<int>(fields_.size()); }
  const PagedStrings& column(int column) const {
    return column == kParentColumn ? parents_ : fields_[static_cast<size_t>(column)];
  }

 private:
  absl::Status AddId(const CsvReader& reader, int64_t line, absl::string_view id);

  PagedStrings ids_;
  PagedStrings parents_;
  std::vector<PagedStrings> fields_;
  IdIndex index_;
};

absl::Status CsvCatalog::Impl::AddId(const CsvReader& reader, int64_t line, absl::string_view id) {
  if (id.empty()) return reader.ErrorAt(line, "the id is empty; give every variant one");
  const int64_t row = ids_.size();
  ids_.Add(id);
  if (index_.Insert(row, id)) return absl::OkStatus();
  return reader.ErrorAt(line, absl::StrCat("the id ", Quote(id), " is there twice; give every variant its own"));
}

absl::Status CsvCatalog::Impl::ReadGeneric(CsvReader* reader, absl::Span<const std::string> fields) {
  absl::StatusOr<int> id = reader->RequireColumn("id");
  if (!id.ok()) return id.status();
  const int parent = reader->FindColumn("parent_id");
  std::vector<int> columns;
  for (const std::string& field : fields) {
    absl::StatusOr<int> column = reader->RequireColumn(field);
    if (!column.ok()) return column.status();
    columns.push_back(*column);
  }
  CsvRecord record;
  for (;;) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    if (absl::Status status = AddId(*reader, record.position.line, record.fields[*id]); !status.ok()) return status;
    parents_.Add(parent == CsvReader::kNoColumn ? absl::string_view() : record.fields[parent]);
    for (size_t i = 0; i < columns.size(); ++i) fields_[i].Add(record.fields[columns[i]]);
  }
}

absl::Status CsvCatalog::Impl::ReadShopify(CsvReader* reader, absl::Span<const std::string> fields) {
  std::vector<int> numbers;
  for (const std::string& field : fields) {
    absl::StatusOr<int> number = RequireShopifyField(*reader, field);
    if (!number.ok()) return number.status();
    numbers.push_back(*number);
  }
  absl::StatusOr<ShopifyRows> rows = ShopifyRows::Create(reader);
  if (!rows.ok()) return rows.status();
  ShopifyVariant variant;
  for (;;) {
    absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    if (absl::Status status = AddId(*reader, variant.row.line, variant.id); !status.ok()) return status;
    parents_.Add(variant.handle);
    for (size_t i = 0; i < numbers.size(); ++i) fields_[i].Add(ShopifyFieldValue(variant, numbers[i]));
  }
}

CsvCatalog::CsvCatalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvCatalog::~CsvCatalog() = default;

absl::StatusOr<std::unique_ptr<CsvCatalog>> CsvCatalog::Read(const std::string& path, CsvDialect dialect,
                                                             absl::Span<const std::string> fields) {
  absl::StatusOr<CsvReader> reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  auto impl = std::make_unique<Impl>(fields.size());
  const absl::Status status =
      dialect == CsvDialect::kShopify ? impl->ReadShopify(&*reader, fields) : impl->ReadGeneric(&*reader, fields);
  if (!status.ok()) return status;
  return std::unique_ptr<CsvCatalog>(new CsvCatalog(std::move(impl)));
}

int64_t CsvCatalog::row_count() const { return impl_->ids().size(); }
absl::string_view CsvCatalog::id(int64_t row) const { return impl_->ids()[row]; }
absl::string_view CsvCatalog::parent(int64_t row) const { return impl_->parents()[row]; }
int64_t CsvCatalog::FindRow(absl::string_view id) const { return impl_->index().Find(id); }

absl::Status CsvCatalog::Scan(absl::Span<const int> columns,
                              absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const {
  for (const int column : columns) {
    if (!impl_->HasColumn(column)) return absl::InvalidArgumentError(absl::StrCat("there is no column ", column));
  }
  std::vector<StringColumnView> views(columns.size());
  const size_t pages = impl_->ids().pages().size();
  int64_t row_base = 0;
  for (size_t page = 0; page < pages; ++page) {
    for (size_t i = 0; i < columns.size(); ++i) views[i] = impl_->column(columns[i]).pages()[page].view();
    const int64_t row_count = impl_->ids().pages()[page].size();
    const absl::Status status = visit({row_base, static_cast<int32_t>(row_count), views, {}});
    if (!status.ok()) return status;
    row_base += row_count;
  }
  return absl::OkStatus();
}

namespace {

// Sees to it that a column of a links file names nothing twice.
class UniqueIds {
 public:
  UniqueIds(const CsvReader* reader, std::string column) : reader_(reader), column_(std::move(column)) {}

  absl::Status Add(int64_t line, absl::string_view id) {
    if (id.empty()) return reader_->ErrorAt(line, absl::StrCat(column_, " is empty; name both sides of the link"));
    if (seen_.emplace(id).second) return absl::OkStatus();
    return reader_->ErrorAt(
        line, absl::StrCat(column_, " ", Quote(id), " is there twice; links are 1:1, remove one of the two"));
  }

 private:
  const CsvReader* reader_;
  std::string column_;
  absl::flat_hash_set<std::string> seen_;
};

}  // namespace

absl::StatusOr<CsvLinks> ReadLinksCsv(const std::string& path, const CsvCatalog& listings, const CsvCatalog& channel) {
  absl::StatusOr<CsvReader> reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<int> listing_column = reader->RequireColumn("listing_id");
  if (!listing_column.ok()) return listing_column.status();
  absl::StatusOr<int> channel_column = reader->RequireColumn("channel_id");
  if (!channel_column.ok()) return channel_column.status();

  CsvLinks links;
  UniqueIds listing_ids(&*reader, "listing_id");
  UniqueIds channel_ids(&*reader, "channel_id");
  CsvRecord record;
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

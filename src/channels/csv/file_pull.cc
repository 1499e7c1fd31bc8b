#include "src/channels/csv/file_pull.h"

#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {
namespace {

// A page ends early at this much text, so that its columns stay far below what a StringColumn can hold.
constexpr size_t kMaxPageBytes = size_t{64} << 20;

constexpr absl::string_view kLinkFields[] = {"id",     "sku",     "barcode", "handle", "title",
                                             "vendor", "option1", "option2", "option3"};

// Fills a page with variants.
class PageBuilder {
 public:
  explicit PageBuilder(int64_t limit) : limit_(limit) {
    batch_.fields.names = CsvLinkFields();
    batch_.fields.columns.resize(batch_.fields.names.size());
  }

  bool full() const { return batch_.size() >= limit_ || bytes_ >= kMaxPageBytes; }

  void Add(const csv::ShopifyVariant& variant, const ItemValues& values) {
    batch_.external_id.Add(variant.id);
    batch_.parent_id.Add(variant.handle);
    AddValues(values, &batch_);
    // In the order of kLinkFields.
    const absl::string_view fields[] = {variant.id,         variant.sku,        variant.barcode,
                                        variant.handle,     variant.title,      variant.vendor,
                                        variant.options[0], variant.options[1], variant.options[2]};
    static_assert(std::size(fields) == std::size(kLinkFields), "one value a link field");
    for (size_t i = 0; i < std::size(fields); ++i) {
      batch_.fields.columns[i].Add(fields[i]);
      bytes_ += fields[i].size();
    }
  }

  ChannelVariantBatch Take() { return std::move(batch_); }

 private:
  int64_t limit_;
  size_t bytes_ = 0;
  ChannelVariantBatch batch_;
};

// Reads the page of ReadPage().
class PageReader {
 public:
  PageReader(csv::CsvReader* reader, Currency currency, bool is_first, int64_t limit)
      : reader_(reader), currency_(currency), is_first_(is_first), page_(limit) {}

  absl::StatusOr<PullPage> Read(const PullCursor& from) {
    absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader_);
    if (!rows.ok()) return rows.status();
    words_ = StatusWordsOf(*reader_, rows->columns());
    if (!is_first_) reader_->Seek(from.product);
    PullPage page;
    page.revision = from.revision;
    csv::ShopifyVariant variant;
    while (page.next_cursor.empty() || is_first_) {
      const absl::StatusOr<bool> found = rows->Next(&variant);
      if (!found.ok()) return found.status();
      if (!*found) break;
      if (variant.row.index < from.variant) continue;
      if (absl::Status status = Take(variant, from.revision, &page.next_cursor); !status.ok()) return status;
    }
    page.items = page_.Take();
    return page;
  }

 private:
  absl::Status Take(const csv::ShopifyVariant& variant, const std::string& revision, std::string* next_cursor) {
    const absl::StatusOr<ItemValues> values = ReadItemValues(*reader_, variant, words_, currency_);
    if (!values.ok()) return values.status();
    if (is_first_) {
      if (absl::Status status = CheckNew(variant); !status.ok()) return status;
    }
    if (!page_.full()) {
      page_.Add(variant, *values);
    } else if (next_cursor->empty()) {
      *next_cursor = FormatPullCursor({revision, variant.product_row, variant.row.index});
    }
    return absl::OkStatus();
  }

  absl::Status CheckNew(const csv::ShopifyVariant& variant) {
    const auto [first, is_new] = lines_.try_emplace(variant.id, variant.row.line);
    if (is_new) return absl::OkStatus();
    return reader_->ErrorAt(variant.row.line,
                            absl::StrCat("the variant ", model::Quote(variant.id), " is there already, on line ",
                                         first->second, "; give one of them other option values, or remove it"));
  }

  csv::CsvReader* reader_;
  Currency currency_;
  bool is_first_;
  StatusWords words_ = StatusWords::kNone;
  PageBuilder page_;
  absl::flat_hash_map<std::string, int64_t> lines_;  // Where each external id stands.
};

}  // namespace

std::vector<std::string> CsvLinkFields() { return {std::begin(kLinkFields), std::end(kLinkFields)}; }

absl::StatusOr<PullPage> ReadPage(csv::CsvReader* reader, Currency currency, const PullCursor& from, int64_t limit) {
  return PageReader(reader, currency, from.is_start(), limit).Read(from);
}

}  // namespace flxlink::csv_channel

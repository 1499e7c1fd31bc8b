#include "src/channels/csv/page_builder.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/channels/csv/item_handle.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {
namespace {

// Beyond this much text the columns would come near to what a StringColumn can hold.
constexpr size_t kHeavyBytes = size_t{64} << 20;

constexpr absl::string_view kLinkFields[] = {"id",     "sku",     "barcode", "handle",  "title",
                                             "vendor", "option1", "option2", "option3", "inventory_policy"};

Problem RepeatedItem(const csv::CsvReader& reader, const csv::ShopifyVariant& variant, int64_t first_line) {
  return MakeProblem(
      problem_code::kRepeatedItem,
      {{"external_id", variant.id},
       {"file", reader.name()},
       {"line", absl::StrCat(variant.row.line)},
       {"first_line", absl::StrCat(first_line)}},
      absl::StrCat(reader.name(), ":", variant.row.line, ": the variant ", model::Quote(variant.id),
                   " is there already, on line ", first_line, "; give one of them other option values, or remove it"));
}

RareVector<FixedField> FixedOf(const csv::ShopifyVariant& variant) {
  if (variant.is_tracked) return {};
  return {{std::string(ToString(SyncField::kQuantity)), FixedReason::kNotTracked}};
}

}  // namespace

std::vector<std::string> CsvLinkFields() { return {std::begin(kLinkFields), std::end(kLinkFields)}; }

PageBuilder::PageBuilder(const csv::CsvReader* reader, const csv::ShopifyColumns& columns, const CellFormat& format,
                         Problem unclear)
    : reader_(reader),
      cells_(*reader, columns, format),
      unclear_(std::move(unclear)),
      tells_trackers_(columns.tracker != csv::CsvReader::kNoColumn) {
  batch_.fields.names = CsvLinkFields();
  // The word of a status that is not understood, which no rule compares.
  batch_.fields.names.emplace_back(ToString(SyncField::kStatus));
  batch_.fields.columns.resize(batch_.fields.names.size());
}

bool PageBuilder::is_heavy() const { return bytes_ >= kHeavyBytes; }

void PageBuilder::Add(const csv::ShopifyVariant& variant, const absl::optional<int64_t>& first_line) {
  ++size_;
  ItemValues values;
  absl::optional<Problem> problem = FindProblem(variant, first_line, &values);
  if (!problem.has_value()) {
    AddItem(variant, values);
    problem = cells_.FindOtherStatus(variant);
  }
  if (problem.has_value()) problems_.push_back({variant.id, *std::move(problem)});
}

// Sets the values where there is none.
absl::optional<Problem> PageBuilder::FindProblem(const csv::ShopifyVariant& variant,
                                                 const absl::optional<int64_t>& first_line, ItemValues* values) const {
  if (variant.id.empty()) return ProblemFrom(cells_.NoHandle(variant));
  if (first_line.has_value()) return RepeatedItem(*reader_, variant, *first_line);
  absl::StatusOr<ItemValues> read = cells_.ReadValues(variant);
  if (read.ok()) {
    *values = *std::move(read);
    return absl::nullopt;
  }
  Problem problem = ProblemFrom(read.status());
  const bool is_told_of_the_file = problem.code == problem_code::kUnclearNumbers && !unclear_.empty();
  return is_told_of_the_file ? unclear_ : problem;
}

void PageBuilder::AddItem(const csv::ShopifyVariant& variant, const ItemValues& values) {
  batch_.external_id.Add(variant.id);
  batch_.parent_id.Add(variant.handle);
  batch_.handle.Add(HandleOf(variant));
  AddValues(values, &batch_);
  if (tells_trackers_) batch_.fixed.push_back(FixedOf(variant));
  // In the order of kLinkFields.
  const absl::string_view fields[] = {variant.id,         variant.sku,    variant.barcode,    variant.handle,
                                      variant.title,      variant.vendor, variant.options[0], variant.options[1],
                                      variant.options[2], variant.policy};
  static_assert(std::size(fields) == std::size(kLinkFields), "one value a link field");
  for (size_t i = 0; i < std::size(fields); ++i) {
    batch_.fields.columns[i].Add(fields[i]);
    bytes_ += fields[i].size();
  }
  const bool is_understood = values.status != ChannelStatus::kNotUnderstood;
  batch_.fields.columns.back().Add(is_understood ? absl::string_view() : variant.status);
}

}  // namespace flxlink::csv_channel

#include "src/channels/csv/file_push.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {
namespace {

PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message) {
  PushOutcome outcome;
  outcome.result = PushResult::kRejected;
  outcome.code = std::string(code);
  outcome.field = std::string(field);
  outcome.message = std::move(message);
  return outcome;
}

// The fields that are numbers, each in a cell of the variant's own row.
constexpr SyncField kNumbers[] = {SyncField::kPrice, SyncField::kQuantity, SyncField::kCompareAtPrice};

absl::string_view ColumnName(SyncField field) {
  if (field == SyncField::kPrice) return "Variant Price";
  return field == SyncField::kQuantity ? "Variant Inventory Qty" : "Variant Compare At Price";
}

PushOutcome MissingColumn(absl::string_view column, absl::string_view field) {
  return Rejected(problem_code::kMissingColumn, field,
                  absl::StrCat("the file has no column \"", column, "\"; add it, or do not sync the ", field));
}

PushOutcome MissingValue(absl::string_view field) {
  return Rejected(problem_code::kMissingValue, field,
                  absl::StrCat("there is no ", field, " to write; give the product one"));
}

// Words keep the capitals of the cell that they replace.
std::string InTheCaseOf(absl::string_view cell, absl::string_view word) {
  const bool capitals = absl::AsciiStrToUpper(cell) == cell && absl::AsciiStrToLower(cell) != cell;
  return capitals ? absl::AsciiStrToUpper(word) : std::string(word);
}

}  // namespace

absl::StatusOr<FilePush> FilePush::Create(csv::CsvReader* reader, Currency currency, absl::Span<const PushItem> items) {
  FilePush push(reader, currency);
  if (absl::Status status = push.FindVariants(items); !status.ok()) return status;
  push.FindDisagreements(items);
  for (const PushItem& item : items) {
    push.outcomes_.push_back(push.Judge(item));
    if (push.outcomes_.back().result != PushResult::kApplied) continue;
    if (absl::Status status = push.Apply(item); !status.ok()) return status;
  }
  return push;
}

absl::Status FilePush::FindVariants(absl::Span<const PushItem> items) {
  absl::flat_hash_set<absl::string_view> wanted;
  for (const PushItem& item : items) wanted.insert(item.external_id);
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader_);
  if (!rows.ok()) return rows.status();
  columns_ = rows->columns();
  words_ = StatusWordsOf(*reader_, columns_);
  csv::ShopifyVariant variant;
  for (;;) {
    const absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    if (wanted.contains(variant.id)) variants_.try_emplace(variant.id, variant);
  }
}

void FilePush::FindDisagreements(absl::Span<const PushItem> items) {
  absl::flat_hash_map<size_t, ChannelStatus> wanted;
  for (const PushItem& item : items) {
    const auto found = variants_.find(item.external_id);
    if (!item.mask.Has(SyncField::kStatus) || found == variants_.end()) continue;
    const size_t product = found->second.product_row.begin;
    const auto [first, is_first] = wanted.try_emplace(product, item.values.status);
    if (!is_first && first->second != item.values.status) disagreeing_.insert(product);
  }
}

PushOutcome FilePush::JudgeStatus(const PushItem& item, const csv::ShopifyVariant& variant) const {
  PushOutcome applied;
  applied.result = PushResult::kApplied;
  if (!item.mask.Has(SyncField::kStatus)) return applied;
  if (words_ == StatusWords::kNone) return MissingColumn("Status", "status");
  if (!StatusWord(words_, item.values.status).has_value()) {
    return Rejected(problem_code::kUnsupportedStatus, "status",
                    absl::StrCat("the file has no word for the status \"", ToString(item.values.status),
                                 "\"; choose another status"));
  }
  if (disagreeing_.contains(variant.product_row.begin)) {
    return Rejected(problem_code::kSiblingsDisagree, "status",
                    absl::StrCat("the variants of ", model::Quote(variant.handle),
                                 " share one status and want different ones; decide on one"));
  }
  return applied;
}

PushOutcome FilePush::Judge(const PushItem& item) const {
  const auto found = variants_.find(item.external_id);
  if (found == variants_.end()) {
    PushOutcome outcome;
    outcome.result = PushResult::kNotFound;
    outcome.message = absl::StrCat("the file has no variant ", model::Quote(item.external_id));
    return outcome;
  }
  const absl::optional<PushOutcome> refusal = JudgeValues(item);
  return refusal.has_value() ? *refusal : JudgeStatus(item, found->second);
}

absl::optional<PushOutcome> FilePush::JudgeValues(const PushItem& item) const {
  for (const SyncField field : kNumbers) {
    if (!item.mask.Has(field)) continue;
    if (item.values.Get(field) == kAbsent) return MissingValue(ToString(field));
    if (ColumnOf(field) == csv::CsvReader::kNoColumn) return MissingColumn(ColumnName(field), ToString(field));
  }
  if (item.mask.content().empty()) return absl::nullopt;
  const std::string& name = item.mask.content().front();
  return Rejected(problem_code::kUnsupportedField, name,
                  absl::StrCat("the csv channel cannot write the ", name, "; do not sync it"));
}

int FilePush::ColumnOf(SyncField field) const {
  if (field == SyncField::kPrice) return columns_.price;
  if (field == SyncField::kQuantity) return columns_.quantity;
  return field == SyncField::kCompareAtPrice ? columns_.compare_at_price : csv::CsvReader::kNoColumn;
}

absl::Status FilePush::Apply(const PushItem& item) {
  const csv::ShopifyVariant& variant = variants_.at(item.external_id);
  if (absl::Status status = ApplyNumbers(item, variant); !status.ok()) return status;
  if (item.mask.Has(SyncField::kStatus)) ApplyStatus(item.values.status, variant);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FilePush::ReadNumber(SyncField field, const csv::ShopifyVariant& variant) const {
  if (field == SyncField::kPrice) return ReadPrice(*reader_, variant, currency_);
  if (field == SyncField::kQuantity) return ReadQuantity(*reader_, variant);
  return ReadCompareAtPrice(variant, currency_);
}

absl::Status FilePush::ApplyNumbers(const PushItem& item, const csv::ShopifyVariant& variant) {
  std::vector<csv::CsvSpan> cells;
  for (const SyncField field : kNumbers) {
    if (!item.mask.Has(field)) continue;
    const absl::StatusOr<int64_t> now = ReadNumber(field, variant);
    if (!now.ok()) return now.status();
    if (cells.empty()) cells = reader_->CellSpans(variant.row);
    const int64_t value = item.values.Get(field);
    const std::string text = field == SyncField::kQuantity ? absl::StrCat(value) : FormatMoney({value, currency_});
    Put(cells[static_cast<size_t>(ColumnOf(field))], *now == value, text);
  }
  return absl::OkStatus();
}

void FilePush::ApplyStatus(ChannelStatus value, const csv::ShopifyVariant& variant) {
  const std::vector<csv::CsvSpan> cells = reader_->CellSpans(variant.product_row);
  Put(cells[static_cast<size_t>(columns_.status)], ParseStatusWord(words_, variant.status) == value,
      InTheCaseOf(variant.status, *StatusWord(words_, value)));
}

// A cell that says the value already keeps its bytes, also when an earlier item of the same push has changed it. A cell
// in quotes stays in quotes; numbers and words never need them.
void FilePush::Put(const csv::CsvSpan& cell, bool says_it_already, absl::string_view value) {
  if (says_it_already) {
    edits_.erase(cell.begin);
    return;
  }
  const bool quoted = absl::StartsWith(reader_->text().substr(cell.begin, cell.end - cell.begin), "\"");
  const absl::string_view quote = quoted ? "\"" : "";
  edits_[cell.begin] = {cell.end, absl::StrCat(quote, value, quote)};
}

std::string FilePush::Text() const {
  const absl::string_view old = reader_->text();
  std::string text;
  text.reserve(old.size() + edits_.size() * 8);
  size_t copied = 0;
  for (const auto& [begin, edit] : edits_) {
    absl::StrAppend(&text, old.substr(copied, begin - copied), edit.text);
    copied = edit.end;
  }
  absl::StrAppend(&text, old.substr(copied));
  return text;
}

}  // namespace flxlink::csv_channel

#include "src/channels/csv/file_push.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flxlink/listing_status.h"
#include "flxlink/problem.h"
#include "src/channels/csv/call_check.h"
#include "src/channels/csv/item_handle.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {
namespace {

// How much of the old file is copied, and of the new one written, at once.
constexpr size_t kPartBytes = size_t{128} << 10;

PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message) {
  PushOutcome outcome;
  outcome.result = PushResult::kRejected;
  outcome.code = std::string(code);
  outcome.field = std::string(field);
  outcome.message = std::move(message);
  return outcome;
}

PushOutcome Conflict(absl::string_view what) {
  PushOutcome outcome;
  outcome.result = PushResult::kConflict;
  outcome.message = absl::StrCat(what, "; pull again");
  return outcome;
}

// Words keep the capitals of the cell that they replace. Numbers have none.
std::string InTheCaseOf(absl::string_view cell, absl::string_view word) {
  const bool capitals = absl::AsciiStrToUpper(cell) == cell && absl::AsciiStrToLower(cell) != cell;
  return capitals ? absl::AsciiStrToUpper(word) : std::string(word);
}

// Hands small parts on as large ones.
class Buffer {
 public:
  explicit Buffer(files::TextSink sink) : sink_(sink) {}

  absl::Status Add(absl::string_view part) {
    text_.append(part.data(), part.size());
    return text_.size() < kPartBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    const absl::Status status = sink_(text_);
    text_.clear();
    return status;
  }

 private:
  files::TextSink sink_;
  std::string text_;
};

}  // namespace

// The old file, of which a part is in memory.
class FilePush::OldFile {
 public:
  OldFile(const std::string& name, const csv::CsvText& text) : name_(name), text_(text) {}

  // So that what is read several times from `begin` on is at hand, as far as a part reaches.
  void GoTo(size_t begin, size_t end) {
    if (begin < begin_ || end > begin_ + part_.size()) Load(begin);
  }

  // Gives the bytes [begin, end) to the sink, in parts.
  absl::Status Read(size_t begin, size_t end, files::TextSink sink) {
    while (begin < end) {
      const bool is_there = begin >= begin_ && begin - begin_ < part_.size();
      if (!is_there && !Load(begin)) return files::ChangedMeanwhile(name_);
      const absl::string_view part = absl::string_view(part_).substr(begin - begin_, end - begin);
      if (absl::Status status = sink(part); !status.ok()) return status;
      begin += part.size();
    }
    return absl::OkStatus();
  }

 private:
  bool Load(size_t begin) {
    if (begin >= text_.size()) return false;
    begin_ = begin;
    part_.resize(std::min(kPartBytes, text_.size() - begin));
    if (text_.Read(begin, begin + part_.size(), &part_[0])) return true;
    part_.clear();
    return false;
  }

  const std::string& name_;
  const csv::CsvText& text_;
  size_t begin_ = 0;
  std::string part_;
};

absl::StatusOr<FilePush> FilePush::Create(const std::string& name, const csv::CsvText& text, const CellFormat& format,
                                          absl::Span<const PushItem> items, const CallContext& call) {
  FilePush push(name, text, format);
  if (absl::Status status = push.FindRows(items, call); !status.ok()) return status;
  push.FindDisagreements(items);
  push.outcomes_.reserve(items.size());
  for (const PushItem& item : items) {
    push.outcomes_.push_back(push.Judge(item));
    if (push.outcomes_.back().result == PushResult::kApplied) push.Apply(item);
  }
  return push;
}

absl::Status FilePush::FindRows(absl::Span<const PushItem> items, const CallContext& call) {
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Stream(name_, *text_);
  if (!reader.ok()) return reader.status();
  absl::flat_hash_set<absl::string_view> wanted;
  absl::flat_hash_set<std::string> handles;
  bool sets_status = false;
  for (const PushItem& item : items) {
    sets_status = sets_status || item.mask.Has(SyncField::kStatus);
    wanted.insert(item.external_id);
    handles.insert(csv::ShopifyHandleOf(item.external_id));
  }
  // The mark is the file's: the rows that are written may show none.
  const auto see_prices = [this](absl::string_view price, absl::string_view compare_at_price) {
    if (!mark_.has_value()) mark_ = cells_->MarkOf(price, compare_at_price);
  };
  absl::StatusOr<csv::ShopifyRows> rows =
      csv::ShopifyRows::Create(&*reader, {&handles, /*texts=*/false, CheckOf(call), see_prices});
  if (!rows.ok()) return rows.status();
  separator_ = reader->separator();
  cells_.emplace(*reader, rows->columns(), format_);
  csv::ShopifyVariant variant;
  for (;;) {
    const absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    if (sets_status) NoteStatus(variant);
    // Of several rows with one id the first counts.
    if (!wanted.contains(variant.id)) continue;
    if (!rows_.contains(variant.id)) rows_.emplace(variant.id, ReadRow(variant));
  }
}

FilePush::Row FilePush::ReadRow(const csv::ShopifyVariant& variant) const {
  Row row;
  row.position = variant.row;
  row.product = variant.product_row;
  row.handle = HandleOf(variant);
  row.is_tracked = variant.is_tracked;
  const auto take = [&](SyncField field, const auto& value) {
    if (value.ok()) {
      row.values.Set(field, static_cast<int64_t>(*value));
    } else {
      row.unreadable.emplace_back(field, value.status().message());
    }
  };
  take(SyncField::kPrice, cells_->ReadPrice(variant));
  take(SyncField::kQuantity, cells_->ReadQuantity(variant));
  take(SyncField::kStatus, cells_->ReadStatus(variant));
  take(SyncField::kCompareAtPrice, cells_->ReadCompareAtPrice(variant));
  return row;
}

// A file that says a product's status on more than its first row is to say one throughout after the push as well. What
// says another is a person's: the pull tells of it (status_disagrees).
void FilePush::NoteStatus(const csv::ShopifyVariant& variant) {
  if (variant.row.begin == variant.product_row.begin || variant.row_status.empty()) return;
  if (!absl::EqualsIgnoreCase(variant.row_status, variant.status)) return;
  agreeing_[variant.product_row.begin].push_back(variant.row);
}

void FilePush::FindDisagreements(absl::Span<const PushItem> items) {
  absl::flat_hash_map<size_t, ChannelStatus> wanted;
  for (const PushItem& item : items) {
    const auto found = rows_.find(item.external_id);
    if (!item.mask.Has(SyncField::kStatus) || found == rows_.end()) continue;
    const size_t product = found->second.product.begin;
    const auto [first, is_first] = wanted.try_emplace(product, item.values.status);
    if (!is_first && first->second != item.values.status) disagreeing_.insert(product);
  }
}

PushOutcome FilePush::Judge(const PushItem& item) const {
  PushOutcome outcome;
  const auto found = rows_.find(item.external_id);
  if (found == rows_.end()) {
    outcome.result = PushResult::kNotFound;
    outcome.message = absl::StrCat(name_, ": there is no variant ", model::Quote(item.external_id));
    return outcome;
  }
  const Row& row = found->second;
  if (absl::optional<PushOutcome> conflict = JudgeHandle(item, row)) return *std::move(conflict);
  if (absl::optional<PushOutcome> refusal = JudgeValues(item)) return *std::move(refusal);
  if (absl::optional<PushOutcome> refusal = JudgeFixed(item, row)) return *std::move(refusal);
  if (absl::optional<PushOutcome> refusal = JudgeStatus(item, row)) return *std::move(refusal);
  if (absl::optional<PushOutcome> refusal = JudgeReadable(item, row)) return *std::move(refusal);
  if (absl::optional<PushOutcome> conflict = Compare(item, row)) return *std::move(conflict);
  outcome.result = PushResult::kApplied;
  return outcome;
}

absl::optional<PushOutcome> FilePush::JudgeHandle(const PushItem& item, const Row& row) const {
  if (item.handle.empty() || item.handle == row.handle) return absl::nullopt;
  return Conflict(absl::StrCat(name_, ":", row.position.line, ": the row of ", model::Quote(item.external_id),
                               " has another SKU or barcode than when it was read: found the digest ", row.handle,
                               ", expected ", item.handle));
}

absl::optional<PushOutcome> FilePush::JudgeValues(const PushItem& item) const {
  for (const SyncField field : kSyncFields) {
    if (!item.mask.Has(field)) continue;
    const absl::string_view name = ToString(field);
    if (item.values.Get(field) == kAbsent) {
      return Rejected(problem_code::kMissingValue, name,
                      absl::StrCat("there is no ", name, " to write; give the product one"));
    }
    if (cells_->ColumnOf(field) == csv::CsvReader::kNoColumn) {
      return Rejected(
          problem_code::kMissingColumn, name,
          absl::StrCat("the file has no column \"", cells_->NameOf(field), "\"; add it, or do not sync the ", name));
    }
    if (absl::optional<PushOutcome> refusal = JudgeText(field, item.values.Get(field))) return refusal;
  }
  if (item.mask.content().empty()) return absl::nullopt;
  const std::string& name = item.mask.content().front();
  return Rejected(problem_code::kUnsupportedField, name,
                  absl::StrCat("the csv channel cannot write the ", name, "; do not sync it"));
}

// What the next pull could not read is not written: no later push would set it right.
absl::optional<PushOutcome> FilePush::JudgeText(SyncField field, int64_t value) const {
  if (field != SyncField::kPrice && field != SyncField::kCompareAtPrice) return absl::nullopt;
  const absl::Status status = cells_->CheckPriceText(CellText(field, value));
  if (status.ok()) return absl::nullopt;
  return Rejected(problem_code::kBadSetting, ToString(field),
                  absl::StrCat(status.message(), ": set `decimal` of the channel"));
}

absl::optional<PushOutcome> FilePush::JudgeFixed(const PushItem& item, const Row& row) const {
  if (row.is_tracked || !item.mask.Has(SyncField::kQuantity)) return absl::nullopt;
  return Rejected(problem_code::kFieldFixed, ToString(SyncField::kQuantity),
                  absl::StrCat(name_, ":", row.position.line, ": the inventory of ", model::Quote(item.external_id),
                               " is not tracked; name who tracks it, or do not sync its quantity"));
}

absl::optional<PushOutcome> FilePush::JudgeStatus(const PushItem& item, const Row& row) const {
  if (!item.mask.Has(SyncField::kStatus)) return absl::nullopt;
  if (!StatusWord(cells_->words(), item.values.status).has_value()) {
    return Rejected(problem_code::kUnsupportedStatus, "status",
                    absl::StrCat("the file has no word for the status \"", ToString(item.values.status),
                                 "\"; choose another status"));
  }
  if (disagreeing_.count(row.product.begin) == 0) return absl::nullopt;
  return Rejected(problem_code::kSiblingsDisagree, "status",
                  absl::StrCat("the variants of the product of ", model::Quote(item.external_id),
                               " share one status and want different ones; decide on one"));
}

// What nobody can read is not written over, whatever is known of it. A conflict it is not: looking again shows the
// same, so that the two would never come to an end.
absl::optional<PushOutcome> FilePush::JudgeReadable(const PushItem& item, const Row& row) const {
  for (const auto& [field, message] : row.unreadable) {
    if (item.mask.Has(field)) return Rejected(problem_code::kUnreadableItem, ToString(field), message);
  }
  return absl::nullopt;
}

// An empty cell has nothing that could be destroyed, whatever was known of it, and a pull that shows nothing changes
// nothing of what is known: the conflict would never end.
absl::optional<PushOutcome> FilePush::Compare(const PushItem& item, const Row& row) const {
  for (const SyncField field : kSyncFields) {
    if (!item.mask.Has(field)) continue;
    const int64_t there = row.values.Get(field);
    const int64_t known = item.known.Get(field);
    if (there == kAbsent || known == kAbsent || there == known || there == item.values.Get(field)) continue;
    const int64_t line = field == SyncField::kStatus ? row.product.line : row.position.line;
    PushOutcome conflict = Conflict(absl::StrCat(name_, ":", line, ": column \"", cells_->NameOf(field), "\" of ",
                                                 model::Quote(item.external_id), ": found ", CellText(field, there),
                                                 ", expected ", CellText(field, known)));
    CopyFields(item.mask, row.values, &conflict.seen);
    return conflict;
  }
  return absl::nullopt;
}

// For messages also what no cell is given: by flxlink's own name a status without a word.
std::string FilePush::CellText(SyncField field, int64_t value) const {
  if (field == SyncField::kQuantity) return absl::StrCat(value);
  if (field != SyncField::kStatus) {
    const std::string price = FormatMoney({value, format_.currency});
    return mark_ == DecimalMark::kComma ? absl::StrReplaceAll(price, {{".", ","}}) : price;
  }
  const auto status = static_cast<ChannelStatus>(value);
  return std::string(StatusWord(cells_->words(), status).value_or(ToString(status)));
}

// A cell that says the value already keeps its bytes, also when an earlier item of the same push has changed it.
void FilePush::Apply(const PushItem& item) {
  const Row& row = rows_.at(item.external_id);
  for (const SyncField field : kSyncFields) {
    if (!item.mask.Has(field)) continue;
    const int64_t value = item.values.Get(field);
    for (const csv::CsvPosition& record : TakeRecords(field, row)) {
      const CellKey cell = {record.begin, cells_->ColumnOf(field)};
      if (row.values.Get(field) == value) {
        edits_.erase(cell);
      } else {
        edits_[cell] = {record.end, CellText(field, value)};
      }
    }
  }
}

// Where a field of the row's variant stands. All items of a product want one status (JudgeStatus), so that its further
// rows are given for the first of them only: else the time of a push would grow with the square of a product's
// variants.
std::vector<csv::CsvPosition> FilePush::TakeRecords(SyncField field, const Row& row) {
  if (field != SyncField::kStatus) return {row.position};
  std::vector<csv::CsvPosition> records = std::move(agreeing_[row.product.begin]);
  agreeing_.erase(row.product.begin);
  records.push_back(row.product);
  return records;
}

// A cell in quotes stays in quotes; a number with a decimal comma needs them between commas.
std::string FilePush::InTheQuotesOf(absl::string_view cell, absl::string_view value) const {
  const bool is_quoted = absl::StartsWith(cell, "\"") || value.find(separator_) != absl::string_view::npos;
  const absl::string_view quote = is_quoted ? "\"" : "";
  return absl::StrCat(quote, InTheCaseOf(cell, value), quote);
}

// Where the cells of a record stand in the file.
absl::StatusOr<std::vector<csv::CsvSpan>> FilePush::FindCells(size_t begin, size_t end, OldFile* old) const {
  old->GoTo(begin, end);
  csv::CellFinder finder(separator_);
  const auto look = [&](absl::string_view part) {
    finder.Add(part);
    return absl::OkStatus();
  };
  if (absl::Status status = old->Read(begin, end, look); !status.ok()) return status;
  std::vector<csv::CsvSpan> cells = finder.Finish();
  for (csv::CsvSpan& cell : cells) cell = {begin + cell.begin, begin + cell.end};
  return cells;
}

// Writes the record of `edit` with all edits of it, and returns the one behind them. Only cells that are edited are
// taken into memory as a whole.
absl::StatusOr<FilePush::Edits::const_iterator> FilePush::WriteRecord(Edits::const_iterator edit, OldFile* old,
                                                                      files::TextSink sink) const {
  const size_t begin = edit->first.first;
  const size_t end = edit->second.record_end;
  const absl::StatusOr<std::vector<csv::CsvSpan>> cells = FindCells(begin, end, old);
  if (!cells.ok()) return cells.status();
  size_t copied = begin;
  for (; edit != edits_.end() && edit->first.first == begin; ++edit) {
    const auto column = static_cast<size_t>(edit->first.second);
    if (column >= cells->size()) return files::ChangedMeanwhile(name_);
    const csv::CsvSpan span = (*cells)[column];
    std::string cell;
    const auto take = [&](absl::string_view part) {
      absl::StrAppend(&cell, part);
      return absl::OkStatus();
    };
    absl::Status status = old->Read(copied, span.begin, sink);
    if (status.ok()) status = old->Read(span.begin, span.end, take);
    if (status.ok()) status = sink(InTheQuotesOf(cell, edit->second.value));
    if (!status.ok()) return status;
    copied = span.end;
  }
  if (absl::Status status = old->Read(copied, end, sink); !status.ok()) return status;
  return edit;
}

absl::Status FilePush::Write(files::TextSink sink) const {
  OldFile old(name_, *text_);
  Buffer buffer(sink);
  const auto add = [&](absl::string_view part) { return buffer.Add(part); };
  size_t copied = 0;
  for (Edits::const_iterator edit = edits_.begin(); edit != edits_.end();) {
    if (absl::Status status = old.Read(copied, edit->first.first, add); !status.ok()) return status;
    copied = edit->second.record_end;
    absl::StatusOr<Edits::const_iterator> next = WriteRecord(edit, &old, add);
    if (!next.ok()) return next.status();
    edit = *next;
  }
  if (absl::Status status = old.Read(copied, text_->size(), add); !status.ok()) return status;
  return buffer.Flush();
}

}  // namespace flxlink::csv_channel

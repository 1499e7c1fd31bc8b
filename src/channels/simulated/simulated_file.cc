#include "src/channels/simulated/simulated_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "flxlink/csv_field.h"
#include "flxlink/field.h"
#include "src/csv/csv_reader.h"
#include "src/files/file_replacement.h"
#include "src/files/regular_file.h"
#include "src/model/quote.h"

namespace flxlink::simulated {
namespace {

// A row as it stands in the file: its cells that are not empty, by column.
using Cells = std::vector<Field>;

void AddNumber(const std::string& column, int64_t number, Cells* cells) {
  if (number != kAbsent) cells->push_back({column, absl::StrCat(number)});
}

Cells CellsOf(const SimulatedItem& item) {
  Cells cells = {{"external_id", item.external_id}, {"parent_id", item.parent_id}};
  if (item.values.status != ChannelStatus::kUnknown) {
    cells.push_back({"status", std::string(ToString(item.values.status))});
  }
  AddNumber("price", item.values.price, &cells);
  AddNumber("compare_at_price", item.values.compare_at_price, &cells);
  AddNumber("quantity", item.values.quantity, &cells);
  cells.push_back({"identity", item.identity});
  for (const SimulatedStock& stock : item.stock) {
    AddNumber(absl::StrCat("on_hand@", stock.location), stock.on_hand, &cells);
    AddNumber(absl::StrCat("reserved@", stock.location), stock.reserved, &cells);
  }
  for (const SimulatedPrice& price : item.prices) {
    AddNumber(absl::StrCat("price@", price.market), price.price, &cells);
    AddNumber(absl::StrCat("compare_at_price@", price.market), price.compare_at_price, &cells);
  }
  for (const FixedField& fixed : item.fixed) {
    cells.push_back({absl::StrCat("fixed@", fixed.field), std::string(ToString(fixed.reason))});
  }
  for (const std::string& market : item.published) cells.push_back({absl::StrCat("published@", market), "yes"});
  cells.insert(cells.end(), item.fields.begin(), item.fields.end());
  cells.erase(std::remove_if(cells.begin(), cells.end(), [](const Field& cell) { return cell.value.empty(); }),
              cells.end());
  return cells;
}

void AppendRow(const std::vector<std::string>& columns, const Cells& cells, std::string* out) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) *out += ',';
    AppendCsvField(FieldValue(cells, columns[i]), out);
  }
  *out += '\n';
}

absl::optional<ChannelStatus> ParseStatus(absl::string_view word) {
  for (const ChannelStatus status : {ChannelStatus::kListed, ChannelStatus::kHidden, ChannelStatus::kDead}) {
    if (word == ToString(status)) return status;
  }
  return absl::nullopt;
}

// The entry of `id`, made where there is none.
template <typename Entry>
Entry& EntryOf(std::string Entry::*name, absl::string_view id, std::vector<Entry>* entries) {
  for (Entry& entry : *entries) {
    if (entry.*name == id) return entry;
  }
  entries->emplace_back();
  entries->back().*name = std::string(id);
  return entries->back();
}

// Where a number of that column goes. nullptr: the column is one of texts.
int64_t* NumberOf(absl::string_view column, SimulatedItem* item) {
  if (column == "price") return &item->values.price;
  if (column == "compare_at_price") return &item->values.compare_at_price;
  if (column == "quantity") return &item->values.quantity;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(column, absl::MaxSplits('@', 1));
  if (!absl::StrContains(column, '@')) return nullptr;
  if (parts.first == "on_hand") return &EntryOf(&SimulatedStock::location, parts.second, &item->stock).on_hand;
  if (parts.first == "reserved") return &EntryOf(&SimulatedStock::location, parts.second, &item->stock).reserved;
  if (parts.first == "price") return &EntryOf(&SimulatedPrice::market, parts.second, &item->prices).price;
  if (parts.first != "compare_at_price") return nullptr;
  return &EntryOf(&SimulatedPrice::market, parts.second, &item->prices).compare_at_price;
}

// These return what is wrong with the cell. Empty: nothing.

std::string SetFixed(absl::string_view field, absl::string_view reason, SimulatedItem* item) {
  if (FieldNamed(field).empty()) return "the column names no field that can be set";
  const absl::optional<FixedReason> parsed = ParseFixedReason(reason);
  if (!parsed.has_value()) {
    return "make it a reason: not_tracked, kept_by_parent, kept_by_platform, made_of_others or not_stocked";
  }
  item->fixed.Mutable().push_back({std::string(field), *parsed});
  return "";
}

std::string SetCell(absl::string_view column, absl::string_view value, SimulatedItem* item) {
  if (int64_t* number = NumberOf(column, item); number != nullptr) {
    return absl::SimpleAtoi(value, number) ? "" : "make it a whole number";
  }
  if (column == "status") {
    const absl::optional<ChannelStatus> status = ParseStatus(value);
    item->values.status = status.value_or(ChannelStatus::kUnknown);
    return status.has_value() ? "" : "make it a status: listed, hidden or dead";
  }
  if (absl::StartsWith(column, "fixed@")) return SetFixed(column.substr(column.find('@') + 1), value, item);
  if (absl::StartsWith(column, "published@")) {
    item->published.emplace_back(column.substr(column.find('@') + 1));
  } else if (column == "external_id") {
    item->external_id = std::string(value);
  } else if (column == "parent_id") {
    item->parent_id = std::string(value);
  } else if (column == "identity") {
    item->identity = std::string(value);
  } else {
    item->fields.push_back({std::string(column), std::string(value)});
  }
  return "";
}

absl::Status ReadRow(const csv::CsvReader& reader, const csv::CsvRecord& record, SimulatedItem* item) {
  for (size_t i = 0; i < reader.columns().size(); ++i) {
    const absl::string_view value = record.fields[static_cast<int64_t>(i)];
    if (value.empty() || reader.columns()[i] == "calls") continue;
    const std::string wrong = SetCell(reader.columns()[i], value, item);
    if (wrong.empty()) continue;
    return reader.ErrorAt(record.position.line, absl::StrCat("column ", model::Quote(reader.columns()[i]), " is ",
                                                             model::Quote(value), "; ", wrong));
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatContents(const SimulatedContents& contents) {
  std::vector<Cells> rows = {{{"calls", absl::StrCat(contents.calls)}}};
  for (const SimulatedItem& item : contents.items) rows.push_back(CellsOf(item));
  std::vector<std::string> columns = {"external_id"};
  for (const Cells& row : rows) {
    for (const Field& cell : row) {
      if (std::find(columns.begin(), columns.end(), cell.name) == columns.end()) columns.push_back(cell.name);
    }
  }
  std::string text;
  Cells header;
  for (const std::string& column : columns) header.push_back({column, column});
  AppendRow(columns, header, &text);
  for (const Cells& row : rows) AppendRow(columns, row, &text);
  return text;
}

absl::StatusOr<SimulatedContents> ParseContents(const std::string& path, std::string text) {
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText(path, std::move(text));
  if (!reader.ok()) return reader.status();
  const absl::StatusOr<int> id_column = reader->RequireColumn("external_id");
  if (!id_column.ok()) return id_column.status();
  const int calls_column = reader->FindColumn("calls");
  SimulatedContents contents;
  csv::CsvRecord record;
  while (true) {
    const absl::StatusOr<bool> is_there = reader->Next(&record);
    if (!is_there.ok()) return is_there.status();
    if (!*is_there) return contents;
    // All cells are read, and written again.
    if (absl::Status status = reader->CheckLengths(record); !status.ok()) return status;
    if (record.fields[*id_column].empty()) {
      const bool has_calls = calls_column != csv::CsvReader::kNoColumn;
      if (has_calls && absl::SimpleAtoi(record.fields[calls_column], &contents.calls)) continue;
      return reader->ErrorAt(record.position.line, "there is no external_id; fill it, or remove the row");
    }
    SimulatedItem item;
    if (absl::Status status = ReadRow(*reader, record, &item); !status.ok()) return status;
    contents.items.push_back(std::move(item));
  }
}

absl::StatusOr<SimulatedFile> SimulatedFile::Open(const std::string& path, const CallContext& call) {
  absl::StatusOr<files::FileLock> lock = files::FileLock::Acquire(absl::StrCat(path, ".lock"), call.time_left(), call);
  if (!lock.ok()) return lock.status();
  return SimulatedFile(path, *std::move(lock));
}

absl::StatusOr<std::string> SimulatedFile::Part::Read() {
  const absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  stamp.emplace(file->info());
  return file->ReadAll();
}

absl::Status SimulatedFile::Part::Write(absl::string_view bytes) const {
  const auto make = [&](files::TextSink sink) { return sink(bytes); };
  return stamp.has_value() ? files::ReplaceFile(path, *stamp, make) : files::MakeFile(path, make);
}

absl::StatusOr<SimulatedContents> SimulatedFile::Read() {
  absl::StatusOr<std::string> saved = state_.Read();
  if (absl::IsNotFound(saved.status())) saved = std::string();
  if (!saved.ok()) return saved.status();
  absl::StatusOr<std::string> text = csv_.Read();
  if (!text.ok()) return text.status();
  absl::StatusOr<SimulatedContents> contents = ParseContents(csv_.path, *std::move(text));
  if (contents.ok()) contents->saved = *std::move(saved);
  return contents;
}

absl::Status SimulatedFile::Write(const SimulatedContents& contents) const {
  if (absl::Status status = csv_.Write(FormatContents(contents)); !status.ok()) return status;
  return state_.Write(contents.saved);
}

}  // namespace flxlink::simulated

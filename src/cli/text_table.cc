#include "src/cli/text_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

constexpr size_t kRowsAtOnce = 1000;

// Every byte of UTF-8 but those that continue a character.
size_t CharacterCount(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) : output_(Output::ToStdout()), widths_(header.size()) {
  rows_.push_back(std::move(header));
}

absl::Status TextTable::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
  return rows_.size() < kRowsAtOnce ? absl::OkStatus() : WriteRows();
}

absl::Status TextTable::Finish() {
  const absl::Status status = WriteRows();
  return status.ok() ? output_->Finish() : status;
}

absl::Status TextTable::WriteRows() {
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], CharacterCount(row[i]));
  }
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    size_t gap = 0;  // Spaces owed before the next cell that is not empty: none stand at a line's end.
    for (size_t i = 0; i < row.size(); ++i) {
      if (!row[i].empty()) {
        line.append(gap, ' ');
        line.append(row[i]);
        gap = 0;
      }
      gap += widths_[i] - CharacterCount(row[i]) + 2;
    }
    line.push_back('\n');
    if (absl::Status status = output_->Write(line); !status.ok()) return status;
  }
  rows_.clear();
  return absl::OkStatus();
}

}  // namespace flxlink::cli

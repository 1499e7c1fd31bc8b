// Finds the cells of CSV records, quickly.
//
// It knows RFC 4180 and no more: a cell is either in quotes from its first byte to its last, quotes inside doubled, or
// holds no quote, comma, CR or LF; lines end by LF or CRLF. On anything else it gives up, and leaves it to CsvReader to
// say what that is. What it takes, CsvReader takes too, with the same cells.

#ifndef FLXLINK_CSV_RECORD_SCANNER_H_
#define FLXLINK_CSV_RECORD_SCANNER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flxlink::csv {

// Where a cell's value stands in the text, without the quotes around it.
struct CsvCell {
  uint32_t begin;
  uint32_t size : 31;               // In the text.
  uint32_t has_doubled_quotes : 1;  // Of two quotes in a row, the value has one.
};

// Not thread-safe.
class RecordScanner {
 public:
  // How many bytes behind the text must be readable, whatever they are: it looks at whole blocks.
  static constexpr size_t kPaddingBytes = 64;
  static constexpr size_t kMaxTextBytes = size_t{1} << 30;

  enum class Found {
    kRecord,
    kBlankLine,
    kEnd,         // There is no more text.
    kIncomplete,  // The text ends before the record does.
    kOdd,         // No record of RFC 4180 with as many cells as there should be, none of them too long.
  };

  // Begins at `begin` of the text, where a record does. The text holds at most kMaxTextBytes. `is_last`: it ends where
  // the file does, so that its last line needs no end.
  RecordScanner(absl::string_view text, size_t begin, bool is_last);

  // Finds the next record. Column i of it goes to cells[slots[i]], so that several columns nobody asks for can share a
  // slot. After kIncomplete and kOdd there is nothing more to be had.
  Found Next(absl::Span<const int> slots, absl::Span<CsvCell> cells);

  // Where the next record begins; where the one does that is incomplete or odd.
  size_t at() const { return at_; }

  // Whether a byte of the text looked at so far is not ASCII. It may be one behind at().
  bool saw_non_ascii() const { return saw_non_ascii_; }

 private:
  // What ends a cell.
  enum class CellEnd { kComma, kLine, kIncomplete, kOdd };

  size_t NextSpecial();
  void LoadBlock();
  bool ReadQuoted(CsvCell* cell, size_t* end);
  CellEnd ReadCell(CsvCell* cell);
  CellEnd FinishCell(size_t end);

  const char* text_;
  size_t size_;
  bool is_last_;
  size_t at_;
  size_t cell_begin_;
  // The special bytes (comma, quote, CR, LF) not consumed yet of the 64 bytes from block_: bit i is byte block_ + i.
  size_t block_;
  uint64_t specials_ = 0;
  bool saw_non_ascii_ = false;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_RECORD_SCANNER_H_

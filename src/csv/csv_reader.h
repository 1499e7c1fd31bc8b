// Reads CSV text: RFC 4180 with a header row, cells separated by commas, semicolons or tabs, UTF-8 with an optional
// byte-order mark, lines ended by LF or CRLF.
//
// The grammar is libcsv's. This wraps it with what libcsv does not do: physical line numbers and byte spans of every
// record, errors that name file and line, and the checks on cell count, encoding and size.

#ifndef FLXLINK_CSV_CSV_READER_H_
#define FLXLINK_CSV_CSV_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/csv_field.h"  // AppendCsvField, for those who write cells back.
#include "flxlink/string_column.h"
#include "src/csv/csv_text.h"

namespace flxlink::csv {

// The longest field that is read, in bytes after unquoting.
constexpr size_t kMaxCsvFieldBytes = size_t{1} << 20;

// Whether it is only the beginning of a cell (CsvRecord::fields).
inline bool IsTooLong(absl::string_view field) { return field.size() > kMaxCsvFieldBytes; }

// Where a record stands in its file.
struct CsvPosition {
  int64_t index = 0;  // Among the file's records, from 0; the header does not count.
  int64_t line = 0;   // The physical line, from 1, on which it starts.
  // Its bytes in the file, with its line end.
  size_t begin = 0;
  size_t end = 0;
};

struct CsvRecord {
  CsvPosition position;
  // Unquoted, one per cell of the header. Of a cell longer than kMaxCsvFieldBytes it is a beginning, a little longer
  // than that too: it is the matter of whoever reads its column, and nobody else's.
  StringColumn fields;
};

// Part of a text, [begin, end).
struct CsvSpan {
  size_t begin = 0;
  size_t end = 0;
};

// Finds where the cells stand in the text of one record that a CsvReader has read: quotes included, separators and line
// end not. The text is given in parts, none of which is kept.
class CellFinder {
 public:
  explicit CellFinder(char separator) : separator_(separator) {}

  void Add(absl::string_view part);
  // When all of it was given.
  std::vector<CsvSpan> Finish();

 private:
  const char separator_;
  bool is_quoted_ = false;
  size_t at_ = 0;     // Where the next part begins.
  size_t begin_ = 0;  // Where the cell begins that is not in spans_ yet.
  char last_[2] = {};
  std::vector<CsvSpan> spans_;
};

// The same for a record that is in memory.
std::vector<CsvSpan> CellSpans(absl::string_view record, char separator);

// Reads one file, record by record. Blank lines and records whose cells are all empty are passed over.
//
// What separates cells is told from the header row: of comma, semicolon and tab the one that it has most of outside of
// quotes, and where none leads the comma. A line "sep=;" before it says so instead.
//
// What is in memory of a record does not grow with cells beyond kMaxCsvFieldBytes.
//
// Every error is INVALID_ARGUMENT and reads "FILE:LINE: what; how to fix it" in one line, LINE being the physical line
// on which the record starts. After an error the reader is not to be used further.
//
// Not thread-safe, apart from the const functions.
class CsvReader {
 public:
  // Reads the file at `path` whole, and its header. Other errors as of CsvText.
  static absl::StatusOr<CsvReader> Open(const std::string& path);

  // The same for a text that was read already; `name` stands for the file in errors.
  static absl::StatusOr<CsvReader> FromText(std::string name, std::string text);

  // Reads `text`, which must outlive it, a part at a time, as far as it is asked for: what is in memory grows with the
  // records' cells and not with the file. Where the text cannot be read it and Next() are UNAVAILABLE.
  static absl::StatusOr<CsvReader> Stream(std::string name, const CsvText& text);

  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader();

  const std::string& name() const;
  // The header's names; all different. Without empty cells at its end.
  const std::vector<std::string>& columns() const;
  // How many cells each record has: the columns, and the empty header cells behind them.
  size_t cell_count() const;
  char separator() const;

  // Lets columns be found by other names: pairs of a name and the header's. A column that has such a name itself goes
  // without one. INVALID_ARGUMENT where there is no such column, or a name or a column is given twice.
  absl::Status Rename(absl::Span<const std::pair<std::string, std::string>> names);
  // The names by which columns are found: the header's, or those given instead. Empty: it goes without one.
  const std::vector<std::string>& names() const;

  static constexpr int kNoColumn = -1;
  // The number of a column, or kNoColumn.
  int FindColumn(absl::string_view column) const;
  // That of the first of several names that the file has.
  int FindColumn(absl::Span<const absl::string_view> names) const;
  // The same, with an error where the file has no such column, that names the header's line and the column that is
  // nearly the one wanted.
  absl::StatusOr<int> RequireColumn(absl::string_view column) const;
  absl::StatusOr<int> RequireColumn(absl::Span<const absl::string_view> names) const;

  // Reads the next record; false when there is none.
  absl::StatusOr<bool> Next(CsvRecord* record);

  // Where that record begins, or blank lines before it.
  size_t next_begin() const;

  // Makes `position`, of a record of this same text, the next that is read.
  void Seek(const CsvPosition& position);
  // Makes the first record the next that is read.
  void Rewind();

  // The error of a cell that IsTooLong(), which starts on that line.
  absl::Status TooLongAt(int64_t line) const;
  // That error where the record has such a cell.
  absl::Status CheckLengths(const CsvRecord& record) const;

  // The error "FILE:LINE: message".
  absl::Status ErrorAt(int64_t line, absl::string_view message) const;

 private:
  class Impl;
  explicit CsvReader(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_CSV_READER_H_

#include "src/csv/page_reader.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "src/csv/csv_reader.h"
#include "src/csv/record_scanner.h"
#include "src/model/utf8.h"

namespace flxlink::csv {
namespace {

// The text is cut at fixed places, and each range [cut, next cut) is read by one thread: the records that begin in it.
// Which line begins a record depends on whether the cut lies inside quotes, which only the text before it can tell. A
// range does not wait for that but guesses. There are just two cases, and under the wrong one text and quotes trade
// places, which nearly always comes at once to something that is no record.
//
// A guess is never trusted. The ranges are put together in order: the first one begins where the header ends, and each
// further one counts only if the place that it guessed for its first record is the very place where the records before
// it were found to end; otherwise it is read again from there. So, by induction, every record that is kept was read
// from where it really begins, just as in reading the file from its beginning. Wrong guesses, also those that somebody
// provokes, cost time (at most that of reading the file on one thread) and nothing else.

// Usually more than the last record of a range needs behind the range's end.
constexpr size_t kOverhangBytes = 4096;

// A part of a text in memory, with the padding that RecordScanner wants.
class Window {
 public:
  explicit Window(const CsvText* text) : text_(text) {}

  // False where the text cannot be read, or the part is too long.
  bool Load(size_t begin, size_t end) {
    begin_ = begin;
    end_ = std::min(end, text_->size());
    assert(begin_ <= end_);
    if (end_ - begin_ > RecordScanner::kMaxTextBytes) return false;
    const size_t needed = end_ - begin_ + RecordScanner::kPaddingBytes;
    if (bytes_.size() < needed) bytes_.resize(needed);
    return text_->Read(begin_, end_, &bytes_[0]);
  }

  // Loads as much again behind the end.
  bool Grow() { return Load(begin_, end_ + (end_ - begin_)); }

  size_t begin() const { return begin_; }
  bool is_last() const { return end_ == text_->size(); }
  absl::string_view text() const { return absl::string_view(bytes_.data(), end_ - begin_); }

 private:
  const CsvText* text_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string bytes_;
};

// The records from some place on.
struct Run {
  bool sound = false;  // Nothing odd came. Otherwise the rest has no meaning.
  size_t begin = 0;
  size_t end = 0;  // Where the next record begins.
  CsvPage page;
};

// Whether CsvReader passes over it.
bool IsEmptyRecord(absl::string_view record) {
  return absl::c_all_of(CellSpans(record, ','), [&](const CsvSpan& cell) {
    const absl::string_view text = record.substr(cell.begin, cell.end - cell.begin);
    return text.empty() || text == "\"\"";
  });
}

// What one thread reads with.
class RangeReader {
 public:
  RangeReader(const CsvText* text, const CsvSelection* selection)
      : window_(text),
        first_filled_(selection->first_filled),
        columns_(selection->wanted.size()),
        slots_(selection->column_count, static_cast<int>(columns_)) {
    for (size_t i = 0; i < columns_; ++i) slots_[static_cast<size_t>(selection->wanted[i])] = static_cast<int>(i);
  }

  // Reads the records that begin in [begin, end); the first one begins at `begin`.
  Run Read(size_t begin, size_t end) { return window_.Load(begin, end + kOverhangBytes) ? Scan(begin, end) : Run(); }

  // The same, with a guess where the first one begins. Not sound where no guess leads to records.
  Run Guess(size_t begin, size_t end);

 private:
  // The window's text is counted from its own begin in these.
  size_t NextLine(size_t at, size_t end, bool* odd) const;
  RecordScanner::Found ReadRecords(size_t end, RecordScanner* scanner);
  absl::Span<CsvCell> NextCells();

  Run Scan(size_t begin, size_t end);
  size_t stride() const { return columns_ + 1; }

  Window window_;
  bool first_filled_;
  size_t columns_;
  std::vector<int> slots_;  // By column: its place among a record's cells. Those that are not kept share the last one.
  std::vector<CsvCell> cells_;
  size_t cell_count_ = 0;
};

// The begin of the line after the one at `at`, or `end`. `odd` tells whether the quotes passed on the way are odd in
// number, those before `at` included.
size_t RangeReader::NextLine(size_t at, size_t end, bool* odd) const {
  const absl::string_view text = window_.text();
  for (; at < end; ++at) {
    if (text[at] == '"') *odd = !*odd;
    if (text[at] == '\n') return at + 1;
  }
  return end;
}

Run RangeReader::Guess(size_t begin, size_t end) {
  // From the byte before, since a line may begin just here.
  if (!window_.Load(begin - 1, end + kOverhangBytes)) return Run();
  const size_t base = window_.begin();
  bool odd = false;
  size_t line = NextLine(0, end - base, &odd);
  if (line == end - base) return Run();
  Run run = Scan(base + line, end);
  if (run.sound) return run;
  const bool tried = odd;
  while (line < end - base && odd == tried) line = NextLine(line, end - base, &odd);
  return line < end - base ? Scan(base + line, end) : Run();
}

// Room for one more record's cells.
absl::Span<CsvCell> RangeReader::NextCells() {
  if (cells_.size() < cell_count_ + stride()) cells_.resize(2 * cells_.size() + stride());
  return absl::MakeSpan(cells_).subspan(cell_count_, stride());
}

// Reads records until the next one would not begin before `end`, which is kEnd, or something else comes.
RecordScanner::Found RangeReader::ReadRecords(size_t end, RecordScanner* scanner) {
  while (scanner->at() < end) {
    const absl::Span<CsvCell> cells = NextCells();
    const size_t begin = scanner->at();
    const RecordScanner::Found found = scanner->Next(slots_, cells);
    if (found == RecordScanner::Found::kBlankLine) continue;
    if (found != RecordScanner::Found::kRecord) return found;
    if (cells[0].size == 0 && IsEmptyRecord(window_.text().substr(begin, scanner->at() - begin))) continue;
    if (first_filled_ && cells[0].size == 0) return RecordScanner::Found::kOdd;
    cell_count_ += stride();
  }
  return RecordScanner::Found::kEnd;
}

Run RangeReader::Scan(size_t begin, size_t end) {
  const size_t base = window_.begin();
  size_t at = begin - base;
  bool saw_non_ascii = false;
  RecordScanner::Found found;
  cell_count_ = 0;
  do {
    RecordScanner scanner(window_.text(), at, window_.is_last());
    found = ReadRecords(end - base, &scanner);
    at = scanner.at();
    saw_non_ascii |= scanner.saw_non_ascii();
  } while (found == RecordScanner::Found::kIncomplete && window_.Grow());
  Run run;
  run.begin = begin;
  run.end = base + at;
  // Text and cells are valid together: what parts cells from each other is ASCII.
  const absl::string_view text = window_.text().substr(begin - base, run.end - run.begin);
  run.sound = found == RecordScanner::Found::kEnd && (!saw_non_ascii || model::IsValidUtf8(text));
  if (run.sound) {
    const absl::Span<const CsvCell> cells = absl::MakeConstSpan(cells_).first(cell_count_);
    run.page = CsvPage(window_.text().data(), cells, stride(), columns_);
  }
  return run;
}

// The runs of all ranges, right or wrong. Range i begins at body + i * range_bytes.
std::vector<Run> ReadRanges(const CsvText& text, size_t body, const CsvSelection& selection, size_t range_bytes,
                            Executor& executor) {
  std::vector<Run> runs((text.size() - body + range_bytes - 1) / range_bytes);
  std::atomic<size_t> next{0};
  const auto work = [&](int) {
    RangeReader reader(&text, &selection);
    for (size_t i = next++; i < runs.size(); i = next++) {
      const size_t begin = body + i * range_bytes;
      const size_t end = std::min(begin + range_bytes, text.size());
      runs[i] = i == 0 ? reader.Read(begin, end) : reader.Guess(begin, end);
    }
  };
  executor.ParallelFor(std::min(executor.width(), static_cast<int>(runs.size())), work);
  return runs;
}

}  // namespace

absl::optional<std::vector<CsvPage>> ReadCsvPages(const CsvText& text, size_t body, const CsvSelection& selection,
                                                  size_t range_bytes, Executor& executor) {
  std::vector<Run> runs = ReadRanges(text, body, selection, range_bytes, executor);
  RangeReader reader(&text, &selection);
  std::vector<CsvPage> pages;
  size_t at = body;
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t end = std::min(body + (i + 1) * range_bytes, text.size());
    if (at >= end) continue;  // A long record hides the whole range.
    if (!runs[i].sound || runs[i].begin != at) runs[i] = reader.Read(at, end);
    if (!runs[i].sound) return absl::nullopt;
    at = runs[i].end;
    if (runs[i].page.rows() > 0) pages.push_back(std::move(runs[i].page));
  }
  return pages;
}

}  // namespace flxlink::csv

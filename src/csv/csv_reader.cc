#include "src/csv/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "src/csv/column_names.h"
#include "src/csv/file_kind.h"
#include "src/files/regular_file.h"
#include "src/model/quote.h"
#include "src/model/utf8.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libcsv grows its buffer by this; its default of 128 makes long fields slow.
constexpr size_t kParserBlockBytes = 64 << 10;

// How much of a text that is read a part at a time is taken in at once, and how much of a line is given to libcsv.
constexpr size_t kWindowBytes = size_t{128} << 10;

// How much libcsv keeps of a cell that is too long: a longest cell, a character that begins behind it, and a quote.
constexpr size_t kKeptBytes = kMaxCsvFieldBytes + 8;

// No character is trimmed from a field's ends.
int NoSpace(unsigned char) { return 0; }

constexpr absl::string_view kSeparators = ",;\t";

absl::string_view NameOf(char separator) {
  if (separator == ',') return "commas";
  return separator == ';' ? "semicolons" : "tabs";
}

// What separates the cells of a header row.
char SeparatorOf(absl::string_view header) {
  size_t counts[kSeparators.size()] = {};
  bool is_quoted = false;
  for (const char c : header) {
    if (c == '"') is_quoted = !is_quoted;
    const size_t separator = kSeparators.find(c);
    if (!is_quoted && separator != absl::string_view::npos) ++counts[separator];
  }
  // The first of the largest.
  return kSeparators[static_cast<size_t>(std::max_element(std::begin(counts), std::end(counts)) - std::begin(counts))];
}

// What is given of a cell that is too long: whole characters.
absl::string_view BeginningOf(absl::string_view cell) {
  constexpr size_t kLongestCharacter = 4;
  size_t size = std::min(cell.size(), kMaxCsvFieldBytes + kLongestCharacter);
  const auto splits = [&] { return size < cell.size() && (static_cast<unsigned char>(cell[size]) & 0xC0) == 0x80; };
  while (size > kMaxCsvFieldBytes + 1 && splits()) --size;
  return cell.substr(0, size);
}

bool IsEmpty(const StringColumn& fields) {
  for (int64_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].empty()) return false;
  }
  return true;
}

// A csv_parser that is freed.
class Parser {
 public:
  Parser() {
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_space_func(&parser_, &NoSpace);
    csv_set_blk_size(&parser_, kParserBlockBytes);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { csv_free(&parser_); }

  csv_parser* get() { return &parser_; }

 private:
  csv_parser parser_;
};

}  // namespace

// The reader has seen that quotes stand around whole cells only, and inside them in pairs.
void CellFinder::Add(absl::string_view part) {
  for (const char c : part) {
    if (c == '"') is_quoted_ = !is_quoted_;
    if (c == separator_ && !is_quoted_) {
      spans_.push_back({begin_, at_});
      begin_ = at_ + 1;
    }
    last_[0] = std::exchange(last_[1], c);
    ++at_;
  }
}

std::vector<CsvSpan> CellFinder::Finish() {
  const bool has_feed = last_[1] == '\n';
  const bool has_return = has_feed && last_[0] == '\r';
  spans_.push_back({begin_, at_ - (has_feed ? 1 : 0) - (has_return ? 1 : 0)});
  return std::move(spans_);
}

std::vector<CsvSpan> CellSpans(absl::string_view record, char separator) {
  CellFinder finder(separator);
  finder.Add(record);
  return finder.Finish();
}

class CsvReader::Impl {
 public:
  Impl(std::string name, std::string text) : name_(std::move(name)), window_(std::move(text)), size_(window_.size()) {}
  Impl(std::string name, const CsvText& source) : name_(std::move(name)), source_(&source), size_(source.size()) {}

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::vector<std::string>& names() { return names_; }
  int64_t header_line() const { return header_line_; }
  size_t cell_count() const { return cell_count_; }
  char separator() const { return separator_; }
  size_t next_begin() const { return at_; }

  absl::Status ReadHeader();
  absl::StatusOr<bool> Next(CsvRecord* record);
  void Seek(const CsvPosition& position);
  void Rewind() { Seek(first_); }

  absl::Status CheckLengths(const CsvRecord& record) const;
  absl::Status TooLongAt(int64_t line) const {
    return ErrorAt(line, absl::StrCat("a cell is longer than ", kMaxCsvFieldBytes, " bytes; shorten it"));
  }
  absl::Status ErrorAt(int64_t line, absl::string_view message) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", line, ": ", message));
  }

 private:
  // What libcsv's callbacks write to.
  struct Row {
    StringColumn* fields = nullptr;
    bool done = false;
    bool too_long = false;  // As a whole.
  };

  static void OnField(void* bytes, size_t size, void* data);
  static void OnRow(int, void* data) { static_cast<Row*>(data)->done = true; }

  // What is in memory, from a byte of it on.
  absl::string_view Loaded(size_t begin) const { return absl::string_view(window_).substr(begin - window_begin_); }
  size_t loaded_end() const { return window_begin_ + window_.size(); }
  bool LoadMore();
  bool LoadAhead(size_t bytes);

  size_t EndOfLine(size_t begin);
  size_t EndOfPart();
  absl::string_view HeaderText();
  absl::Status ReadSeparator();
  void SkipBlankLines();
  absl::StatusOr<bool> ReadRecord(CsvRecord* record);
  absl::Status FeedPart(size_t record_begin, int64_t record_line, size_t end);
  absl::Status Feed(int64_t record_line, size_t end);
  absl::Status Finish(int64_t record_line);
  // False, or the error that ended the text too early.
  absl::StatusOr<bool> AtTheEnd() const;
  absl::Status CheckFields(const CsvRecord& record) const;
  absl::Status CheckCellCount(const CsvRecord& record) const;
  std::string ColumnForError(int64_t column) const;

  std::string name_;
  const CsvText* source_ = nullptr;  // nullptr: the window is the whole text.
  std::string window_;               // The part of the text that is in memory.
  size_t window_begin_ = 0;          // Where that begins in the text.
  size_t size_;                      // Of the whole text.
  bool is_broken_ = false;           // The text cannot be read any further.
  std::vector<std::string> columns_;
  std::vector<std::string> names_;  // By which columns are found.
  size_t cell_count_ = 0;
  char separator_ = ',';
  int64_t header_line_ = 1;
  CsvPosition first_;  // Of the first record, or of blank lines before it.
  Parser parser_;
  Row row_;
  size_t at_ = 0;  // The first byte not read yet.
  int64_t line_ = 1;
  int64_t next_index_ = 0;
};

void CsvReader::Impl::OnField(void* bytes, size_t size, void* data) {
  Row* row = static_cast<Row*>(data);
  absl::string_view field(static_cast<const char*>(bytes), size);
  if (IsTooLong(field)) field = BeginningOf(field);
  row->too_long = row->too_long || !row->fields->Fits(field);
  row->fields->Add(row->too_long ? "" : field);
}

// Lets go of what was read. False where there is no more.
bool CsvReader::Impl::LoadMore() {
  const size_t begin = loaded_end();
  const size_t more = std::min(kWindowBytes, size_ - begin);
  if (more == 0 || is_broken_) return false;
  window_.erase(0, at_ - window_begin_);
  window_begin_ = at_;
  window_.resize(window_.size() + more);
  is_broken_ = !source_->Read(begin, begin + more, &window_[window_.size() - more]);
  if (is_broken_) window_.resize(window_.size() - more);
  return !is_broken_;
}

// Sees to it that so many bytes not read yet are in memory. False where there are not as many.
bool CsvReader::Impl::LoadAhead(size_t bytes) {
  while (loaded_end() - at_ < bytes) {
    if (!LoadMore()) return false;
  }
  return true;
}

// The end of the physical line that begins at `begin`: past its LF.
size_t CsvReader::Impl::EndOfLine(size_t begin) {
  for (;;) {
    const size_t feed = Loaded(begin).find('\n');
    if (feed != absl::string_view::npos) return begin + feed + 1;
    begin = loaded_end();
    if (!LoadMore()) return begin;
  }
}

// The end of the physical line that is being read, past its LF, or of a first part of it where it is long. No part ends
// between CR and LF.
size_t CsvReader::Impl::EndOfPart() {
  const auto find = [&] { return Loaded(at_).substr(0, kWindowBytes).find('\n'); };
  size_t feed = find();
  if (feed == absl::string_view::npos) {
    LoadAhead(kWindowBytes + 1);
    feed = find();
  }
  if (feed != absl::string_view::npos) return at_ + feed + 1;
  const absl::string_view loaded = Loaded(at_);
  if (loaded.size() <= kWindowBytes) return loaded_end();
  const bool splits = absl::StartsWith(loaded.substr(kWindowBytes - 1), "\r\n");
  return at_ + kWindowBytes + (splits ? 1 : 0);
}

void CsvReader::Impl::SkipBlankLines() {
  for (;;) {
    LoadAhead(2);
    const absl::string_view rest = Loaded(at_);
    if (absl::StartsWith(rest, "\n")) {
      at_ += 1;
    } else if (absl::StartsWith(rest, "\r\n")) {
      at_ += 2;
    } else {
      return;
    }
    ++line_;
  }
}

// Gives libcsv the text up to `end`. Of a cell that is too long it forgets the end, which it would keep in memory.
absl::Status CsvReader::Impl::Feed(int64_t record_line, size_t end) {
  const size_t size = end - at_;
  const size_t read = csv_parse(parser_.get(), Loaded(at_).data(), size, &OnField, &OnRow, &row_);
  at_ += read;
  parser_.get()->entry_pos = std::min(parser_.get()->entry_pos, kKeptBytes);
  if (read == size) return absl::OkStatus();
  if (csv_error(parser_.get()) != CSV_EPARSE) return absl::ResourceExhaustedError("out of memory while reading CSV");
  if (Loaded(at_).front() == '"') {
    return ErrorAt(record_line,
                   "a quote inside a cell that is not in quotes; put the cell in quotes and double its quotes");
  }
  return ErrorAt(record_line, "text after a closing quote; double the quotes inside the cell");
}

// Gives libcsv the rest of a part of a physical line. A CR that no LF follows is text inside quotes and an error
// outside; libcsv would take it for a line end.
absl::Status CsvReader::Impl::FeedPart(size_t record_begin, int64_t record_line, size_t end) {
  while (at_ < end) {
    const absl::string_view rest = Loaded(at_).substr(0, end - at_);
    const size_t found = rest.find('\r');
    const bool lone = found != absl::string_view::npos && !absl::StartsWith(Loaded(at_).substr(found).substr(1), "\n");
    const size_t after = at_ + found + 1;
    const bool first = lone && after == record_begin + 1;
    if (absl::Status status = Feed(record_line, lone ? after : end); !status.ok()) return status;
    if (first || (lone && row_.done)) {
      return ErrorAt(record_line, "a carriage return without a line feed; end lines by LF or CRLF");
    }
  }
  return absl::OkStatus();
}

absl::Status CsvReader::Impl::Finish(int64_t record_line) {
  if (csv_fini(parser_.get(), &OnField, &OnRow, &row_) == 0) return absl::OkStatus();
  return ErrorAt(record_line,
                 "a quote that is opened here is never closed; close it, or double it if it belongs to the text");
}

absl::StatusOr<bool> CsvReader::Impl::AtTheEnd() const {
  if (!is_broken_) return false;
  return absl::UnavailableError(absl::StrCat(name_, ": cannot be read; check the file"));
}

absl::StatusOr<bool> CsvReader::Impl::ReadRecord(CsvRecord* record) {
  record->fields.Clear();
  row_ = Row{&record->fields};
  SkipBlankLines();
  if (!LoadAhead(1)) return AtTheEnd();
  record->position.line = line_;
  record->position.begin = at_;
  while (!row_.done && LoadAhead(1)) {
    const size_t end = EndOfPart();
    const bool ends_line = Loaded(end - 1).front() == '\n';
    if (absl::Status status = FeedPart(record->position.begin, record->position.line, end); !status.ok()) return status;
    if (ends_line) ++line_;
  }
  if (!row_.done) {
    if (is_broken_) return AtTheEnd();
    if (absl::Status status = Finish(record->position.line); !status.ok()) return status;
  }
  record->position.end = at_;
  return true;
}

std::string CsvReader::Impl::ColumnForError(int64_t column) const {
  if (column >= static_cast<int64_t>(columns_.size())) return absl::StrCat("cell ", column + 1);
  return absl::StrCat("column ", model::Quote(columns_[static_cast<size_t>(column)]));
}

absl::Status CsvReader::Impl::CheckFields(const CsvRecord& record) const {
  if (row_.too_long) return ErrorAt(record.position.line, "the row is too long; shorten its cells");
  for (int64_t i = 0; i < record.fields.size(); ++i) {
    if (!model::IsValidUtf8(record.fields[i])) {
      return ErrorAt(record.position.line,
                     absl::StrCat(ColumnForError(i), " is not valid UTF-8",
                                  LooksLikeWindows1252(record.fields[i]) ? " and looks like Windows-1252" : "",
                                  "; save the file as UTF-8"));
    }
  }
  return absl::OkStatus();
}

absl::Status CsvReader::Impl::CheckLengths(const CsvRecord& record) const {
  for (int64_t i = 0; i < record.fields.size(); ++i) {
    if (IsTooLong(record.fields[i])) return TooLongAt(record.position.line);
  }
  return absl::OkStatus();
}

absl::Status CsvReader::Impl::CheckCellCount(const CsvRecord& record) const {
  const auto cells = static_cast<size_t>(record.fields.size());
  if (cells == cell_count_) return absl::OkStatus();
  return ErrorAt(record.position.line,
                 absl::StrCat("the row has ", cells, cells == 1 ? " cell" : " cells", ", the header has ", cell_count_,
                              "; add what is missing, or put cells that hold ", NameOf(separator_), " in quotes"));
}

// The text of the record that comes next, as far as quotes tell.
absl::string_view CsvReader::Impl::HeaderText() {
  size_t end = at_;
  for (bool is_open = true; is_open;) {
    const size_t next = EndOfLine(end);
    if (next == end) break;
    end = next;
    is_open = absl::c_count(Loaded(at_).substr(0, end - at_), '"') % 2 != 0;
  }
  return Loaded(at_).substr(0, end - at_);
}

absl::Status CsvReader::Impl::ReadSeparator() {
  SkipBlankLines();
  const absl::string_view text = HeaderText();
  const absl::string_view line = absl::StripSuffix(absl::StripSuffix(text, "\n"), "\r");
  constexpr absl::string_view kSays = "sep=";
  if (!absl::StartsWith(line, kSays) || line.size() != kSays.size() + 1) {
    separator_ = SeparatorOf(line);
    return absl::OkStatus();
  }
  separator_ = line.back();
  if (!absl::StrContains(kSeparators, line.substr(kSays.size()))) {
    return ErrorAt(line_, absl::StrCat("cells separated by ", model::Quote(line.substr(kSays.size())),
                                       " are not read; use a comma, a semicolon or a tab"));
  }
  at_ += text.size();
  ++line_;
  return absl::OkStatus();
}

absl::Status CsvReader::Impl::ReadHeader() {
  if (LoadAhead(kByteOrderMark.size()) && absl::StartsWith(Loaded(at_), kByteOrderMark)) at_ += kByteOrderMark.size();
  if (absl::Status status = ReadSeparator(); !status.ok()) return status;
  csv_set_delim(parser_.get(), static_cast<unsigned char>(separator_));
  CsvRecord header;
  absl::StatusOr<bool> found = ReadRecord(&header);
  if (!found.ok()) return found.status();
  if (!*found) return ErrorAt(1, "there is no header row; name the columns in the first row");
  if (absl::Status status = CheckFields(header); !status.ok()) return status;
  if (absl::Status status = CheckLengths(header); !status.ok()) return status;
  header_line_ = header.position.line;
  cell_count_ = static_cast<size_t>(header.fields.size());
  int64_t named = header.fields.size();
  while (named > 0 && header.fields[named - 1].empty()) --named;
  absl::flat_hash_set<absl::string_view> seen;
  for (int64_t i = 0; i < named; ++i) {
    if (!seen.insert(header.fields[i]).second) {
      return ErrorAt(header_line_, absl::StrCat("the column ", model::Quote(header.fields[i]),
                                                " is there twice; rename or remove one of them"));
    }
    columns_.emplace_back(header.fields[i]);
  }
  names_ = columns_;
  first_.begin = at_;
  first_.line = line_;
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Impl::Next(CsvRecord* record) {
  do {
    absl::StatusOr<bool> found = ReadRecord(record);
    if (!found.ok() || !*found) return found;
    if (absl::Status status = CheckCellCount(*record); !status.ok()) return status;
  } while (!row_.too_long && IsEmpty(record->fields));
  record->position.index = next_index_++;
  if (absl::Status status = CheckFields(*record); !status.ok()) return status;
  return true;
}

// Between two records libcsv is in its first state, so that it need not be told.
void CsvReader::Impl::Seek(const CsvPosition& position) {
  at_ = std::min(position.begin, size_);
  if (at_ < window_begin_ || at_ > loaded_end()) {
    window_.clear();
    window_begin_ = at_;
  }
  line_ = position.line;
  next_index_ = position.index;
}

namespace {

// What other separators people use.
constexpr absl::string_view kOtherSeparators = "|:";

// What follows "there is no column X" where none is meant by another name.
std::string WhyNoneIsNear(const std::vector<std::string>& header) {
  const auto value = absl::c_find_if(header, &LooksLikeNumber);
  if (value != header.end()) {
    return absl::StrCat(", and ", model::Quote(*value),
                        " stands in the first row, which seems to be no header row; name the columns in the first row");
  }
  const absl::string_view only = header.size() == 1 ? absl::string_view(header[0]) : absl::string_view();
  const size_t other = only.find_first_of(kOtherSeparators);
  if (other == absl::string_view::npos) return "; add it to the header, or name another one";
  return absl::StrCat(", and the header is one cell with ", model::Quote(only.substr(other, 1)),
                      " in it; separate cells by commas, semicolons or tabs");
}

// What follows "there is no column X".
std::string WhyNoColumn(const std::vector<std::string>& header, absl::Span<const absl::string_view> names) {
  const absl::string_view near = FindNearColumn(header, names);
  if (near.empty()) return WhyNoneIsNear(header);
  return absl::StrCat(", only ", model::Quote(near), "; rename that one if it is meant, or name another one");
}

}  // namespace

CsvReader::CsvReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

absl::StatusOr<CsvReader> CsvReader::Open(const std::string& path) {
  absl::StatusOr<CsvText> file = CsvText::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::string> text = file->Release();
  if (!text.ok()) return text.status();
  return FromText(path, *std::move(text));
}

absl::StatusOr<CsvReader> CsvReader::Stream(std::string name, const CsvText& text) {
  CsvReader reader(std::make_unique<Impl>(std::move(name), text));
  if (absl::Status status = reader.impl_->ReadHeader(); !status.ok()) return status;
  return reader;
}

absl::StatusOr<CsvReader> CsvReader::FromText(std::string name, std::string text) {
  CsvReader reader(std::make_unique<Impl>(std::move(name), std::move(text)));
  if (absl::Status status = reader.impl_->ReadHeader(); !status.ok()) return status;
  return reader;
}

const std::string& CsvReader::name() const { return impl_->name(); }
const std::vector<std::string>& CsvReader::columns() const { return impl_->columns(); }

size_t CsvReader::cell_count() const { return impl_->cell_count(); }
char CsvReader::separator() const { return impl_->separator(); }

const std::vector<std::string>& CsvReader::names() const { return impl_->names(); }

absl::Status CsvReader::Rename(absl::Span<const std::pair<std::string, std::string>> names) {
  std::vector<std::string> renamed = columns();
  absl::flat_hash_set<absl::string_view> given;
  absl::flat_hash_set<int> taken;
  for (const auto& [name, header] : names) {
    const absl::StatusOr<int> column = RequireColumn(header);
    if (!column.ok()) return column.status();
    if (!given.insert(name).second || !taken.insert(*column).second) {
      return ErrorAt(impl_->header_line(),
                     absl::StrCat("the column ", model::Quote(header), " is to be ", model::Quote(name),
                                  ", and one of both is named before; name each once"));
    }
    // A column that has the name goes without one.
    std::replace(renamed.begin(), renamed.end(), name, std::string());
    renamed[static_cast<size_t>(*column)] = name;
  }
  impl_->names() = std::move(renamed);
  return absl::OkStatus();
}

int CsvReader::FindColumn(absl::string_view column) const {
  const auto found = std::find(names().begin(), names().end(), column);
  return found == names().end() ? kNoColumn : static_cast<int>(found - names().begin());
}

int CsvReader::FindColumn(absl::Span<const absl::string_view> names) const {
  for (const absl::string_view name : names) {
    const int found = FindColumn(name);
    if (found != kNoColumn) return found;
  }
  return kNoColumn;
}

absl::StatusOr<int> CsvReader::RequireColumn(absl::string_view column) const {
  return RequireColumn(absl::MakeConstSpan(&column, 1));
}

absl::StatusOr<int> CsvReader::RequireColumn(absl::Span<const absl::string_view> names) const {
  const int found = FindColumn(names);
  if (found != kNoColumn) return found;
  std::string error = "there is no column ";
  absl::StrAppend(&error, absl::StrJoin(names, " or ", [](std::string* out, absl::string_view name) {
    absl::StrAppend(out, model::Quote(name));
  }));
  return ErrorAt(impl_->header_line(), absl::StrCat(error, WhyNoColumn(columns(), names)));
}

absl::StatusOr<bool> CsvReader::Next(CsvRecord* record) { return impl_->Next(record); }
size_t CsvReader::next_begin() const { return impl_->next_begin(); }
void CsvReader::Seek(const CsvPosition& position) { impl_->Seek(position); }
void CsvReader::Rewind() { impl_->Rewind(); }

absl::Status CsvReader::TooLongAt(int64_t line) const { return impl_->TooLongAt(line); }
absl::Status CsvReader::CheckLengths(const CsvRecord& record) const { return impl_->CheckLengths(record); }

absl::Status CsvReader::ErrorAt(int64_t line, absl::string_view message) const { return impl_->ErrorAt(line, message); }

}  // namespace flxlink::csv

#include "src/csv/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/csv/regular_file.h"
#include "src/model/quote.h"
#include "src/model/utf8.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libcsv grows its buffer by this; its default of 128 makes long fields slow.
constexpr size_t kParserBlockBytes = 64 << 10;

// No character is trimmed from a field's ends.
int NoSpace(unsigned char) { return 0; }

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

class CsvReader::Impl {
 public:
  Impl(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
    if (absl::StartsWith(text_, kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  const std::string& name() const { return name_; }
  absl::string_view text() const { return text_; }
  const std::vector<std::string>& columns() const { return columns_; }
  int64_t header_line() const { return header_line_; }
  size_t next_begin() const { return at_; }

  absl::Status ReadHeader();
  absl::StatusOr<bool> Next(CsvRecord* record);
  void Seek(const CsvPosition& position);

  absl::Status ErrorAt(int64_t line, absl::string_view message) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", line, ": ", message));
  }

 private:
  // What libcsv's callbacks write to.
  struct Row {
    StringColumn* fields = nullptr;
    bool done = false;
    bool too_long = false;
  };

  static void OnField(void* bytes, size_t size, void* data);
  static void OnRow(int, void* data) { static_cast<Row*>(data)->done = true; }

  size_t EndOfLine(size_t begin) const;
  void SkipBlankLines();
  absl::StatusOr<bool> ReadRecord(CsvRecord* record);
  absl::Status FeedLine(size_t record_begin, int64_t record_line, size_t end);
  absl::Status Feed(int64_t record_line, size_t end);
  absl::Status Finish(int64_t record_line);
  absl::Status CheckFields(const CsvRecord& record) const;
  absl::Status CheckCellCount(const CsvRecord& record) const;
  std::string ColumnForError(int64_t column) const;

  std::string name_;
  std::string text_;
  std::vector<std::string> columns_;
  int64_t header_line_ = 1;
  Parser parser_;
  Row row_;
  size_t at_ = 0;  // The first byte not read yet.
  int64_t line_ = 1;
  int64_t next_index_ = 0;
};

void CsvReader::Impl::OnField(void* bytes, size_t size, void* data) {
  Row* row = static_cast<Row*>(data);
  const absl::string_view field(static_cast<const char*>(bytes), size);
  if (size > kMaxCsvFieldBytes || !row->fields->Fits(field)) {
    row->too_long = true;
    row->fields->Add("");
  } else {
    row->fields->Add(field);
  }
}

// The end of the physical line that begins at `begin`: past its LF.
size_t CsvReader::Impl::EndOfLine(size_t begin) const {
  const void* feed = std::memchr(text_.data() + begin, '\n', text_.size() - begin);
  return feed == nullptr ? text_.size() : static_cast<size_t>(static_cast<const char*>(feed) - text_.data()) + 1;
}

void CsvReader::Impl::SkipBlankLines() {
  for (;;) {
    const absl::string_view rest = text().substr(at_);
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

// Gives libcsv the text up to `end`.
absl::Status CsvReader::Impl::Feed(int64_t record_line, size_t end) {
  const size_t size = end - at_;
  const size_t read = csv_parse(parser_.get(), text_.data() + at_, size, &OnField, &OnRow, &row_);
  at_ += read;
  if (read == size) return absl::OkStatus();
  if (csv_error(parser_.get()) != CSV_EPARSE) return absl::ResourceExhaustedError("out of memory while reading CSV");
  if (text_[at_] == '"') {
    return ErrorAt(record_line,
                   "a quote inside a cell that is not in quotes; put the cell in quotes and double its quotes");
  }
  return ErrorAt(record_line, "text after a closing quote; double the quotes inside the cell");
}

// Gives libcsv the rest of a physical line. A CR that no LF follows is text inside quotes and an error outside; libcsv
// would take it for a line end.
absl::Status CsvReader::Impl::FeedLine(size_t record_begin, int64_t record_line, size_t end) {
  while (at_ < end) {
    const void* found = std::memchr(text_.data() + at_, '\r', end - at_);
    const size_t after =
        found == nullptr ? end : static_cast<size_t>(static_cast<const char*>(found) - text_.data()) + 1;
    const bool lone = found != nullptr && !(after < end && text_[after] == '\n');
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

absl::StatusOr<bool> CsvReader::Impl::ReadRecord(CsvRecord* record) {
  record->fields.Clear();
  row_ = Row{&record->fields};
  SkipBlankLines();
  if (at_ == text_.size()) return false;
  record->position.line = line_;
  record->position.begin = at_;
  while (!row_.done && at_ < text_.size()) {
    const absl::Status status = FeedLine(record->position.begin, record->position.line, EndOfLine(at_));
    if (!status.ok()) return status;
    ++line_;
  }
  if (!row_.done) {
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
  if (row_.too_long) {
    return ErrorAt(record.position.line,
                   absl::StrCat("a cell is longer than ", kMaxCsvFieldBytes, " bytes; shorten it"));
  }
  for (int64_t i = 0; i < record.fields.size(); ++i) {
    if (!model::IsValidUtf8(record.fields[i])) {
      return ErrorAt(record.position.line,
                     absl::StrCat(ColumnForError(i), " is not valid UTF-8; save the file as UTF-8"));
    }
  }
  return absl::OkStatus();
}

absl::Status CsvReader::Impl::CheckCellCount(const CsvRecord& record) const {
  const auto cells = static_cast<size_t>(record.fields.size());
  if (cells == columns_.size()) return absl::OkStatus();
  return ErrorAt(record.position.line,
                 absl::StrCat("the row has ", cells, cells == 1 ? " cell" : " cells", ", the header has ",
                              columns_.size(), "; add what is missing, or put cells that hold commas in quotes"));
}

absl::Status CsvReader::Impl::ReadHeader() {
  CsvRecord header;
  absl::StatusOr<bool> found = ReadRecord(&header);
  if (!found.ok()) return found.status();
  if (!*found) return ErrorAt(1, "there is no header row; name the columns in the first row");
  if (absl::Status status = CheckFields(header); !status.ok()) return status;
  header_line_ = header.position.line;
  absl::flat_hash_set<absl::string_view> seen;
  for (int64_t i = 0; i < header.fields.size(); ++i) {
    if (!seen.insert(header.fields[i]).second) {
      return ErrorAt(header_line_, absl::StrCat("the column ", model::Quote(header.fields[i]),
                                                " is there twice; rename or remove one of them"));
    }
    columns_.emplace_back(header.fields[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Impl::Next(CsvRecord* record) {
  absl::StatusOr<bool> found = ReadRecord(record);
  if (!found.ok() || !*found) return found;
  record->position.index = next_index_++;
  if (absl::Status status = CheckCellCount(*record); !status.ok()) return status;
  if (absl::Status status = CheckFields(*record); !status.ok()) return status;
  return true;
}

// Between two records libcsv is in its first state, so that it need not be told.
void CsvReader::Impl::Seek(const CsvPosition& position) {
  at_ = std::min(position.begin, text_.size());
  line_ = position.line;
  next_index_ = position.index;
}

CsvReader::CsvReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

absl::StatusOr<CsvReader> CsvReader::Open(const std::string& path) {
  absl::StatusOr<RegularFile> file = RegularFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::string> text = file->ReadAll();
  if (!text.ok()) return text.status();
  return FromText(path, *std::move(text));
}

absl::StatusOr<CsvReader> CsvReader::ReadHeader(const std::string& path, const CsvText& text) {
  for (size_t size = size_t{1} << 16;; size *= 2) {
    std::string begin(std::min(size, text.size()), '\0');
    if (!text.Read(0, begin.size(), &begin[0])) {
      return absl::UnavailableError(absl::StrCat(path, ": cannot be read; check the file"));
    }
    absl::StatusOr<CsvReader> reader = FromText(path, std::move(begin));
    // A header that goes to the end of this text may go on behind it.
    if (size >= text.size() || (reader.ok() && reader->next_begin() < size)) return reader;
  }
}

absl::StatusOr<CsvReader> CsvReader::FromText(std::string name, std::string text) {
  CsvReader reader(std::make_unique<Impl>(std::move(name), std::move(text)));
  if (absl::Status status = reader.impl_->ReadHeader(); !status.ok()) return status;
  return reader;
}

const std::string& CsvReader::name() const { return impl_->name(); }
absl::string_view CsvReader::text() const { return impl_->text(); }
const std::vector<std::string>& CsvReader::columns() const { return impl_->columns(); }

int CsvReader::FindColumn(absl::string_view column) const {
  const auto found = std::find(columns().begin(), columns().end(), column);
  return found == columns().end() ? kNoColumn : static_cast<int>(found - columns().begin());
}

absl::StatusOr<int> CsvReader::RequireColumn(absl::string_view column) const {
  const int found = FindColumn(column);
  if (found != kNoColumn) return found;
  return ErrorAt(impl_->header_line(), absl::StrCat("there is no column ", model::Quote(column),
                                                    "; add it to the header, or name another one"));
}

absl::StatusOr<bool> CsvReader::Next(CsvRecord* record) { return impl_->Next(record); }
size_t CsvReader::next_begin() const { return impl_->next_begin(); }
void CsvReader::Seek(const CsvPosition& position) { impl_->Seek(position); }

std::vector<CsvSpan> CsvReader::CellSpans(const CsvPosition& position) const {
  Parser parser;
  int64_t cells = 0;
  const auto on_field = [](void*, size_t, void* data) { ++*static_cast<int64_t*>(data); };
  const auto on_row = [](int, void*) {};
  std::vector<CsvSpan> spans;
  size_t begin = position.begin;
  for (size_t at = position.begin; at < position.end; ++at) {
    csv_parse(parser.get(), text().data() + at, 1, on_field, on_row, &cells);
    if (cells == static_cast<int64_t>(spans.size())) continue;
    spans.push_back({begin, at});
    begin = at + 1;
  }
  csv_fini(parser.get(), on_field, on_row, &cells);
  if (cells > static_cast<int64_t>(spans.size())) spans.push_back({begin, position.end});
  return spans;
}

absl::Status CsvReader::ErrorAt(int64_t line, absl::string_view message) const { return impl_->ErrorAt(line, message); }

}  // namespace flxlink::csv

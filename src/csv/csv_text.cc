#include "src/csv/csv_text.h"

#include <cstring>
#include <utility>

#include "absl/strings/string_view.h"
#include "src/csv/file_kind.h"

namespace flxlink::csv {
namespace {

// What is looked at to tell what a file is.
constexpr size_t kFirstBytes = 64;

absl::Time ModifiedAt(const files::RegularFile& file) { return absl::TimeFromTimespec(file.info().st_mtim); }

}  // namespace

CsvText::CsvText(std::string text) : text_(std::move(text)), size_(text_.size()) {}
CsvText::CsvText(files::RegularFile file)
    : file_(std::move(file)), size_(file_->size()), modified_at_(ModifiedAt(*file_)) {}

absl::StatusOr<CsvText> CsvText::Open(const std::string& path) {
  absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  char first[kFirstBytes] = {};
  const absl::StatusOr<size_t> read_first = file->ReadAt(0, sizeof(first), first);
  if (!read_first.ok()) return read_first.status();
  const absl::string_view begin(first, *read_first);
  if (absl::Status status = CheckIsText(path, begin); !status.ok()) return status;
  const TextEncoding encoding = EncodingOf(begin);
  if (file->size() > 0 && encoding == TextEncoding::kUtf8) return CsvText(*std::move(file));
  absl::StatusOr<std::string> text = file->ReadAll();
  if (text.ok()) text = ToUtf8(path, *std::move(text));
  if (!text.ok()) return text.status();
  CsvText read(*std::move(text));
  read.encoding_ = encoding;
  read.modified_at_ = ModifiedAt(*file);
  return read;
}

bool CsvText::Read(size_t begin, size_t end, char* out) const {
  if (file_.has_value()) {
    const absl::StatusOr<size_t> read = file_->ReadAt(begin, end - begin, out);
    return read.ok() && *read == end - begin;
  }
  std::memcpy(out, text_.data() + begin, end - begin);
  return true;
}

absl::StatusOr<std::string> CsvText::Release() {
  if (file_.has_value()) return file_->ReadAll();
  return std::move(text_);
}

}  // namespace flxlink::csv

#include "src/csv/csv_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flxlink::csv {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

absl::StatusOr<File> OpenFile(const std::string& path) {
  File file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file != nullptr) return file;
  return absl::NotFoundError(absl::StrCat(path, ": cannot be opened (", std::strerror(errno), "); check the path"));
}

// What the system says of a regular file's size; 0 where it says nothing, as of a pipe.
size_t SizeOf(FILE* file) {
  struct stat info {};
  const bool known = fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
  return known ? static_cast<size_t>(info.st_size) : 0;
}

absl::StatusOr<std::string> ReadToEnd(const std::string& path, FILE* file) {
  // The size is a hint only. The byte more shows the end without another round.
  const size_t expected = SizeOf(file);
  std::string text(expected > 0 ? expected + 1 : size_t{1} << 16, '\0');
  size_t size = 0;
  for (;;) {
    size += std::fread(&text[size], 1, text.size() - size, file);
    if (size < text.size()) break;
    text.resize(text.size() * 2);
  }
  if (std::ferror(file)) {
    return absl::UnavailableError(absl::StrCat(path, ": cannot be read (", std::strerror(errno), "); check the file"));
  }
  text.resize(size);
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  absl::StatusOr<File> file = OpenFile(path);
  if (!file.ok()) return file.status();
  return ReadToEnd(path, file->get());
}

CsvText::CsvText(std::string text) : file_(nullptr, &std::fclose), text_(std::move(text)), size_(text_.size()) {}
CsvText::CsvText(std::string path, File file, size_t size)
    : path_(std::move(path)), file_(std::move(file)), size_(size) {}

absl::StatusOr<CsvText> CsvText::Open(const std::string& path) {
  absl::StatusOr<File> file = OpenFile(path);
  if (!file.ok()) return file.status();
  const size_t size = SizeOf(file->get());
  if (size > 0) return CsvText(path, *std::move(file), size);
  absl::StatusOr<std::string> text = ReadToEnd(path, file->get());
  if (!text.ok()) return text.status();
  return CsvText(*std::move(text));
}

bool CsvText::Read(size_t begin, size_t end, char* out) const {
  if (file_ == nullptr) {
    std::memcpy(out, text_.data() + begin, end - begin);
    return true;
  }
  while (begin < end) {
    const ssize_t size = pread(fileno(file_.get()), out, end - begin, static_cast<off_t>(begin));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    begin += static_cast<size_t>(size);
    out += size;
  }
  return true;
}

absl::StatusOr<std::string> CsvText::Release() {
  if (file_ == nullptr) return std::move(text_);
  return ReadToEnd(path_, file_.get());
}

}  // namespace flxlink::csv

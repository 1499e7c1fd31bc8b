// The bytes of a CSV file, from wherever they come.

#ifndef FLXLINK_CSV_CSV_TEXT_H_
#define FLXLINK_CSV_CSV_TEXT_H_

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace flxlink::csv {

// The whole of a file, pipes too. NOT_FOUND where it cannot be opened, UNAVAILABLE where it cannot be read.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// A text that is read a range at a time, by several threads at once: a file of a known size straight from there, so
// that no more of it need be in memory than is being worked on; anything else (a pipe, say) is read whole by Open().
//
// The const functions are thread-safe.
class CsvText {
 public:
  // Errors as of ReadWholeFile().
  static absl::StatusOr<CsvText> Open(const std::string& path);

  // A text that is there already.
  explicit CsvText(std::string text);

  size_t size() const { return size_; }

  // Puts the bytes [begin, end) at `out`. False where they are not all to be had, because the file is damaged or has
  // become shorter since.
  bool Read(size_t begin, size_t end, char* out) const;

  // Gives the whole text away, as ReadWholeFile(). This object is of no further use.
  absl::StatusOr<std::string> Release();

 private:
  using File = std::unique_ptr<FILE, int (*)(FILE*)>;

  CsvText(std::string path, File file, size_t size);

  std::string path_;
  File file_;  // Null where the text is in memory.
  std::string text_;
  size_t size_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_CSV_TEXT_H_

// The bytes of a CSV file, a range at a time.

#ifndef FLXLINK_CSV_CSV_TEXT_H_
#define FLXLINK_CSV_CSV_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "src/csv/utf16.h"
#include "src/files/regular_file.h"

namespace flxlink::csv {

// A text that is read a range at a time, by several threads at once, straight from its file, so that no more of it need
// be in memory than is being worked on. What says no size (some of /proc) is read whole by Open().
//
// The const functions are thread-safe.
class CsvText {
 public:
  // A file in UTF-16 is read whole and given in UTF-8. Errors as of files::RegularFile, of ToUtf8(), and of
  // CheckIsText().
  static absl::StatusOr<CsvText> Open(const std::string& path);

  // A text that is there already.
  explicit CsvText(std::string text);

  size_t size() const { return size_; }
  // When the file was last modified before it was opened. nullopt: the text is of no file.
  const absl::optional<absl::Time>& modified_at() const { return modified_at_; }
  // The file's. The bytes given are UTF-8 in any case.
  TextEncoding encoding() const { return encoding_; }

  // Puts the bytes [begin, end) at `out`. False where they are not all to be had, because the file is damaged or has
  // become shorter since.
  bool Read(size_t begin, size_t end, char* out) const;

  // Gives the whole text away. This object is of no further use. Errors as of files::RegularFile.
  absl::StatusOr<std::string> Release();

 private:
  explicit CsvText(files::RegularFile file);

  absl::optional<files::RegularFile> file_;  // None where the text is in memory.
  std::string text_;
  size_t size_;
  absl::optional<absl::Time> modified_at_;
  TextEncoding encoding_ = TextEncoding::kUtf8;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_CSV_TEXT_H_

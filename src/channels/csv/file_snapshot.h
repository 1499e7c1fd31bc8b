// A product CSV as it was read at one moment.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/channels/csv/file_replacement.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv_channel {

// What a file with these contents is known by: their digest.
std::string RevisionOf(absl::string_view text);

// Not thread-safe.
class FileSnapshot {
 public:
  // Reads the file once, whole. Errors as of CsvReader::Open().
  static absl::StatusOr<FileSnapshot> Read(const std::string& path);

  // Taken before the file was read, so that a writer who heeds no lock is noticed whenever he comes.
  const FileStamp& stamp() const { return stamp_; }
  const std::string& revision() const { return revision_; }
  csv::CsvReader& reader() { return reader_; }

 private:
  FileSnapshot(const FileStamp& stamp, std::string revision, csv::CsvReader reader)
      : stamp_(stamp), revision_(std::move(revision)), reader_(std::move(reader)) {}

  FileStamp stamp_;
  std::string revision_;
  csv::CsvReader reader_;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_

// A product CSV as a pull reads it: as it was at one moment, for all pages.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/problem.h"
#include "src/channels/csv/repeated_rows.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"
#include "src/files/file_replacement.h"

namespace flxlink::csv_channel {

// Not thread-safe.
class FileSnapshot {
 public:
  // Reads the file once, whole. Errors as of CsvReader::Open() and ShopifyRows::Create().
  static absl::StatusOr<FileSnapshot> Read(const std::string& path);

  // Taken before the file was read, so that a writer who heeds no lock is noticed whenever he comes.
  const files::FileStamp& stamp() const { return stamp_; }
  // What a file with these contents is known by: their digest.
  const std::string& revision() const { return revision_; }
  csv::ShopifyRows& rows() { return rows_; }

  // Looks through the whole file, once in its life. Errors as of RepeatedRows::Find.
  absl::Status Check(const CellFormat& format, const CallContext& call);
  // There are some only after Check.
  const RepeatedRows& repeated() const { return *repeated_; }
  // See UnclearNumbers::Told. Empty before Check.
  const Problem& unclear() const { return unclear_; }

 private:
  FileSnapshot(const files::FileStamp& stamp, std::string revision, std::unique_ptr<csv::CsvReader> reader,
               csv::ShopifyRows rows)
      : stamp_(stamp), revision_(std::move(revision)), reader_(std::move(reader)), rows_(std::move(rows)) {}

  files::FileStamp stamp_;
  std::string revision_;
  std::unique_ptr<csv::CsvReader> reader_;  // Where `rows_` can always find it.
  csv::ShopifyRows rows_;
  absl::optional<RepeatedRows> repeated_;
  Problem unclear_;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_SNAPSHOT_H_

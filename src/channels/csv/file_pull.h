// Pages of a pull of a product CSV, and fetches of single variants.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "flxlink/channel_adapter.h"
#include "src/channels/csv/file_snapshot.h"
#include "src/channels/csv/pull_cursor.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv_channel {

// Reads the page at `from`, which is of the file's own revision; `limit` is above zero. The file was checked: what is
// no CSV was found then, before anything of the file was taken in, and what the products say is known.
absl::StatusOr<PullPage> ReadPage(FileSnapshot* file, const CellFormat& format, const PullCursor& from, int64_t limit);

// Reads the whole file, from its first record on, for the variants named.
//
// INVALID_ARGUMENT names file and line of what is no CSV. CANCELLED: the call was.
absl::StatusOr<FetchReply> ReadNamed(csv::CsvReader* reader, const CellFormat& format, const FetchRequest& request,
                                     const CallContext& call);

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_

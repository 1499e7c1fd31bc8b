// A pull of a product CSV: its variants, page by page.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/money.h"
#include "src/channels/csv/pull_cursor.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv_channel {

// The fields of every page.
std::vector<std::string> CsvLinkFields();

// Reads the page at `from`, which is of the file's own revision, from a reader that stands at the start; `limit` is
// above zero.
//
// A pull's first page reads the file to its end, so that a mistake anywhere in it fails the pull before anything of it
// is taken in. The other pages are of the same bytes: they begin where the cursor says and end where they are full.
//
// INVALID_ARGUMENT names file and line of what cannot be read, and both lines of an external id that is there twice.
absl::StatusOr<PullPage> ReadPage(csv::CsvReader* reader, Currency currency, const PullCursor& from, int64_t limit);

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_PULL_H_

// Where a pull of a product CSV goes on.

#ifndef FLXLINK_SRC_CHANNELS_CSV_PULL_CURSOR_H_
#define FLXLINK_SRC_CHANNELS_CSV_PULL_CURSOR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv_channel {

// Names a variant of one revision of a file.
//
// Plain data.
struct PullCursor {
  std::string revision;
  csv::CsvPosition row;  // Its `end` is not kept.

  // Whether it is made for the beginning of a pull. No record begins at the first byte: the header does.
  bool is_start() const { return row.begin == 0; }
};

std::string FormatPullCursor(const PullCursor& cursor);

// Reads what FormatPullCursor wrote. INVALID_ARGUMENT for anything else.
absl::StatusOr<PullCursor> ParsePullCursor(absl::string_view text);

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_PULL_CURSOR_H_

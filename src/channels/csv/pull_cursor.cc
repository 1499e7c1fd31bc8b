#include "src/channels/csv/pull_cursor.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {

std::string FormatPullCursor(const PullCursor& cursor) {
  return absl::StrCat(cursor.revision, ":", cursor.row.begin, ":", cursor.row.line, ":", cursor.row.index);
}

absl::StatusOr<PullCursor> ParsePullCursor(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  PullCursor cursor;
  if (parts.size() == 4 && absl::SimpleAtoi(parts[1], &cursor.row.begin) &&
      absl::SimpleAtoi(parts[2], &cursor.row.line) && absl::SimpleAtoi(parts[3], &cursor.row.index)) {
    cursor.revision = std::string(parts[0]);
    return cursor;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(model::Quote(text), " is not a cursor of this channel; start the pull over"));
}

}  // namespace flxlink::csv_channel

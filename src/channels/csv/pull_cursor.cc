#include "src/channels/csv/pull_cursor.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {

std::string FormatPullCursor(const PullCursor& cursor) {
  return absl::StrCat(cursor.revision, ":", cursor.product.begin, ":", cursor.product.line, ":", cursor.product.index,
                      ":", cursor.variant);
}

absl::StatusOr<PullCursor> ParsePullCursor(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  PullCursor cursor;
  if (parts.size() == 5 && absl::SimpleAtoi(parts[1], &cursor.product.begin) &&
      absl::SimpleAtoi(parts[2], &cursor.product.line) && absl::SimpleAtoi(parts[3], &cursor.product.index) &&
      absl::SimpleAtoi(parts[4], &cursor.variant)) {
    cursor.revision = std::string(parts[0]);
    return cursor;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(model::Quote(text), " is not a cursor of this channel; start the pull over"));
}

}  // namespace flxlink::csv_channel

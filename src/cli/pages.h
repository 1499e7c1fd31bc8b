// Long lists, read page by page.

#ifndef FLXLINK_SRC_CLI_PAGES_H_
#define FLXLINK_SRC_CLI_PAGES_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/page.h"

namespace flxlink::cli {

// No limit to the rows of a list.
constexpr int64_t kAllRows = std::numeric_limits<int64_t>::max();

// Calls `visit` with every page that `read` gives for a PageRequest, until one of the two fails or there were `limit`
// rows.
template <typename Read, typename Visit>
absl::Status ForEachPage(Read read, Visit visit, int64_t limit = kAllRows) {
  PageRequest request;
  do {
    request.limit = std::min(request.limit, limit);
    auto page = read(request);
    if (!page.ok()) return page.status();
    if (absl::Status status = visit(page->rows); !status.ok()) return status;
    limit -= static_cast<int64_t>(page->rows.size());
    request.after = std::move(page->next);
  } while (!request.after.empty() && limit > 0);
  return absl::OkStatus();
}

// The same with every row.
template <typename Read, typename Visit>
absl::Status ForEachRow(Read read, Visit visit, int64_t limit = kAllRows) {
  int64_t left = limit;
  const auto visit_all = [&](const auto& rows) {
    for (const auto& row : rows) {
      if (left-- <= 0) break;  // A page of what is held has all of a listing variant.
      if (absl::Status status = visit(row); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  return ForEachPage(read, visit_all, limit);
}

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_PAGES_H_

// Long lists, read page by page.

#ifndef FLXLINK_SRC_CLI_PAGES_H_
#define FLXLINK_SRC_CLI_PAGES_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/page.h"

namespace flxlink::cli {

// Calls `visit` with every page that `read` gives for a PageRequest, until one of the two fails.
template <typename Read, typename Visit>
absl::Status ForEachPage(Read read, Visit visit) {
  PageRequest request;
  do {
    auto page = read(request);
    if (!page.ok()) return page.status();
    if (absl::Status status = visit(page->rows); !status.ok()) return status;
    request.after = std::move(page->next);
  } while (!request.after.empty());
  return absl::OkStatus();
}

// The same with every row.
template <typename Read, typename Visit>
absl::Status ForEachRow(Read read, Visit visit) {
  return ForEachPage(read, [&](const auto& rows) {
    for (const auto& row : rows) {
      if (absl::Status status = visit(row); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_PAGES_H_

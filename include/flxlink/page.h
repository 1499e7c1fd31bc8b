// Pages: how lists that may be long are read, one page after another.
//
//   flxlink::PageRequest request;
//   do {
//     auto page = engine->ListListings("shop", filter, request);
//     …
//     request.after = page->next;
//   } while (!request.after.empty());
//
// Each page is read in one transaction, and nothing is held between two: a row that comes, goes or changes meanwhile
// may be in the list or not, and no other row is missed or comes twice.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PAGE_H_
#define FLXLINK_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace flxlink {

// Which page of a list to read.
struct PageRequest {
  // Where the page begins: what the page before gave as `next`. Default, empty: the list's beginning. What it says is
  // nobody's business; INVALID_ARGUMENT where it came from no page of such a list.
  std::string after;
  // The most rows, 1 to Storage::kMaxRows; otherwise INVALID_ARGUMENT. Default 1,000.
  int64_t limit = 1000;
};

// A page of a list.
template <typename Row>
struct Page {
  // May be fewer than asked for, also none, though there are more.
  std::vector<Row> rows;
  // What to ask for next. Empty: this is the last page.
  std::string next;
};

}  // namespace flxlink

#endif  // FLXLINK_PAGE_H_

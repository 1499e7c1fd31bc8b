// Every record of a push of a channel that is not settled.

#ifndef FLXLINK_TESTS_SUPPORT_OPEN_PUSHES_H_
#define FLXLINK_TESTS_SUPPORT_OPEN_PUSHES_H_

#include <cstdint>
#include <vector>

#include "flxlink/storage.h"
#include "gtest/gtest.h"

namespace flxlink {

// In the order in which storage gives them. A failed read fails the test.
inline std::vector<OpenPush> ReadAllPushes(LinkStorage& storage, int64_t channel_id) {
  LinkStorage::PushCursor cursor;
  std::vector<OpenPush> pushes;
  for (;;) {
    const absl::StatusOr<std::vector<OpenPush>> page =
        storage.ReadOpenPushes(channel_id, absl::InfiniteFuture(), &cursor, Storage::kMaxRows);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return pushes;
    pushes.insert(pushes.end(), page->begin(), page->end());
  }
}

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_OPEN_PUSHES_H_

// A storage that lets a test act in the middle of a job.

#ifndef FLXLINK_TESTS_ENGINE_HOOKED_STORAGE_H_
#define FLXLINK_TESTS_ENGINE_HOOKED_STORAGE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/forwarding_storage.h"

namespace flxlink::engine {

// Hands everything on to another storage. As thread-safe as its hooks.
class HookedStorage : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override {
    const absl::StatusOr<ProgressReply> reply = ForwardingStorage::WriteProgress(fence, report);
    if (after_progress) after_progress(fence, report.progress);
    return reply;
  }

  absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override {
    const absl::StatusOr<SyncBatch> page = ForwardingStorage::ReadDirty(channel_id, cursor, limit);
    if (after_read_dirty && page.ok()) after_read_dirty(*page);
    return page;
  }

  absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id, absl::Time due, PushCursor* cursor,
                                                       int64_t limit) override {
    absl::StatusOr<std::vector<OpenPush>> page = ForwardingStorage::ReadOpenPushes(channel_id, due, cursor, limit);
    if (after_read_pushes && page.ok()) after_read_pushes(*page);
    return page;
  }

  // Called after each read of open pushes.
  std::function<void(const std::vector<OpenPush>&)> after_read_pushes;
  // Called after each read of dirty links.
  std::function<void(const SyncBatch&)> after_read_dirty;
  // Called after each report of a job.
  std::function<void(const Fence&, const JobProgress&)> after_progress;
  // Called before each operation, which is made if it answers OK.
  std::function<absl::Status(absl::string_view operation)> before;

 protected:
  absl::Status Before(absl::string_view operation) override { return before ? before(operation) : absl::OkStatus(); }
};

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_HOOKED_STORAGE_H_

#include "src/engine/open_pushes.h"

#include <vector>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

absl::Status Resolve(JobContext& context, const OpenPush& push) {
  const absl::StatusOr<absl::Time> now = context.Now();
  if (!now.ok()) return now.status();
  const absl::Status status = context.Wait(push.call_deadline - *now);
  if (!status.ok()) return status;
  return context.Retry([&] { return context.storage().AbandonPush(context.fence(), push.push_id); });
}

}  // namespace

absl::Status ResolveOpenPushes(SyncScope& scope) {
  absl::StatusOr<std::vector<OpenPush>> open = scope.context.RetryValue<std::vector<OpenPush>>(
      [&] { return scope.context.storage().ReadOpenPushes(scope.channel_id()); });
  if (!open.ok()) return open.status();
  scope.unready.clear();
  for (const OpenPush& push : *open) {
    if (scope.undecided_pushes.contains(push.push_id)) {
      scope.unready.insert(push.listing_ids.begin(), push.listing_ids.end());
      continue;
    }
    const absl::Status status = Resolve(scope.context, push);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace flxlink::engine

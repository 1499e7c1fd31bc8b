#include "src/engine/open_pushes.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

bool IsUnknown(const OpenItem& open) { return open.receipt.empty(); }

// Long enough to write the records of the calls that go out together.
constexpr absl::Duration kLongestStart = absl::Seconds(5);

}  // namespace

absl::Duration StartWithin(const PushKind& kind) { return std::min(kind.timeout, kLongestStart); }

absl::Duration CallSpan(const PushKind& kind) { return StartWithin(kind) + kind.timeout; }

absl::Status ResolveOpenPushes(SyncScope& scope) {
  JobContext& context = scope.context;
  absl::StatusOr<std::vector<OpenPush>> pushes =
      context.RetryValue<std::vector<OpenPush>>([&] { return context.storage().ReadOpenPushes(scope.channel_id()); });
  if (!pushes.ok()) return pushes.status();
  const absl::StatusOr<absl::Time> now = context.Now();
  if (!now.ok()) return now.status();
  scope.unready.clear();
  scope.next_deadline = absl::InfiniteFuture();
  for (const OpenPush& push : *pushes) {
    if (std::none_of(push.items.begin(), push.items.end(), &IsUnknown)) continue;
    if (push.call_deadline <= *now) {
      const absl::Status status =
          context.Retry([&] { return context.storage().AbandonPush(context.fence(), push.push_id); });
      if (!status.ok()) return status;
      continue;
    }
    scope.next_deadline = std::min(scope.next_deadline, push.call_deadline);
    for (const OpenItem& open : push.items) {
      if (IsUnknown(open)) scope.unready.insert(open.item.channel_variant_id);
    }
  }
  return absl::OkStatus();
}

}  // namespace flxlink::engine

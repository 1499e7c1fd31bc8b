#include "src/engine/open_pushes.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

bool IsUnknown(const OpenItem& open) { return open.receipt.empty(); }

// Long enough to write the records of the calls that go out together.
constexpr absl::Duration kLongestStart = absl::Seconds(5);

// Whether the channel may have accepted what nobody has heard of, and set it after what is sent later.
bool MayLinger(const SyncScope& scope, const OpenPush& push, absl::Time now) {
  const PushKind* kind = FindPushKind(scope.capabilities, push.kind);
  const bool gives_receipts = kind == nullptr || kind->receipt_timeout > absl::ZeroDuration();
  const bool last_stands = kind != nullptr && kind->later_wins;
  return gives_receipts && !last_stands && now < push.receipt_deadline;
}

absl::Status Linger(SyncScope& scope, const OpenPush& push) {
  scope.lingers_until = std::min(scope.lingers_until, push.receipt_deadline);
  const bool lingers = std::all_of(push.items.begin(), push.items.end(),
                                   [](const OpenItem& open) { return open.lingers || !IsUnknown(open); });
  if (lingers) return absl::OkStatus();
  JobContext& context = scope.context;
  return context.Retry([&] { return context.storage().LetPushLinger(context.fence(), push.push_id); });
}

absl::Status Resolve(SyncScope& scope, const OpenPush& push, absl::Time now) {
  JobContext& context = scope.context;
  if (push.call_deadline > now) {
    scope.next_deadline = std::min(scope.next_deadline, push.call_deadline);
    for (const OpenItem& open : push.items) {
      if (IsUnknown(open)) scope.unready.insert(open.item.channel_variant_id);
    }
    return absl::OkStatus();
  }
  if (MayLinger(scope, push, now)) return Linger(scope, push);
  return context.Write([&](absl::Time at) { return context.storage().AbandonPush(context.fence(), push.push_id, at); });
}

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
  scope.next_deadline = scope.lingers_until = absl::InfiniteFuture();
  for (const OpenPush& push : *pushes) {
    if (std::none_of(push.items.begin(), push.items.end(), &IsUnknown)) continue;
    const absl::Status status = Resolve(scope, push, *now);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace flxlink::engine

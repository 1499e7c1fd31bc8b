#include "src/engine/open_pushes.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

// Long enough to write the records of the calls that go out together.
constexpr absl::Duration kLongestStart = absl::Seconds(5);

// Whether the channel may have accepted what nobody has heard of, and set it after what is sent later.
bool MayLinger(const SyncScope& scope, const OpenPush& push, absl::Time now) {
  const PushKind* kind = FindPushKind(scope.capabilities, push.kind);
  const bool gives_receipts = kind == nullptr || kind->receipt_timeout > absl::ZeroDuration();
  const bool last_stands = kind != nullptr && kind->later_wins;
  return gives_receipts && !last_stands && now < push.receipt_deadline;
}

absl::Status Abandon(JobContext& context, const OpenPush& push) {
  return context.Write([&](absl::Time at) { return context.storage().AbandonPush(context.fence(), push.push_id, at); });
}

absl::Status Resolve(SyncScope& scope, const OpenPush& push, absl::Time now) {
  JobContext& context = scope.context;
  if (push.call_deadline > now) {
    scope.next_deadline = std::min(scope.next_deadline, push.call_deadline);
    for (const OpenItem& open : push.items) {
      if (IsUnheardOf(open)) scope.unready.insert(open.item.channel_variant_id);
    }
    return absl::OkStatus();
  }
  if (!MayLinger(scope, push, now)) return Abandon(context, push);
  return context.Retry([&] { return context.storage().LetPushLinger(context.fence(), push.push_id); });
}

}  // namespace

absl::Duration StartWithin(const PushKind& kind) { return std::min(kind.timeout, kLongestStart); }

absl::Duration CallSpan(const PushKind& kind) { return StartWithin(kind) + kind.timeout; }

absl::Status ForEachOpenPush(SyncScope& scope, absl::Time due,
                             absl::FunctionRef<absl::Status(absl::Span<const OpenPush> page)> visit) {
  JobContext& context = scope.context;
  LinkStorage::PushCursor cursor;
  for (;;) {
    LinkStorage::PushCursor next;
    const absl::StatusOr<std::vector<OpenPush>> page = context.RetryValue<std::vector<OpenPush>>([&] {
      next = cursor;
      return context.storage().ReadOpenPushes(scope.channel_id(), due, &next, context.page_rows());
    });
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    const absl::Status status = visit(*page);
    if (!status.ok()) return status;
    cursor = next;
  }
}

absl::Status ResolveOpenPushes(SyncScope& scope) {
  const absl::StatusOr<absl::Time> now = scope.context.Now();
  if (!now.ok()) return now.status();
  scope.unready.clear();
  scope.next_deadline = absl::InfiniteFuture();
  return ForEachOpenPush(scope, absl::InfinitePast(), [&](absl::Span<const OpenPush> page) {
    for (const OpenPush& push : page) {
      const absl::Status status = Resolve(scope, push, *now);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::Status GiveUpLingering(SyncScope& scope, const OpenPush& push, absl::Time now) {
  const bool gives_up = now >= push.receipt_deadline && std::any_of(push.items.begin(), push.items.end(),
                                                                    [](const OpenItem& open) { return open.lingers; });
  return gives_up ? Abandon(scope.context, push) : absl::OkStatus();
}

}  // namespace flxlink::engine

// Pushes whose outcome nobody knows.

#ifndef FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_
#define FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/push.h"
#include "flxlink/push_kind.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// How long after its record was written a call may go out, and how long after the record was nothing of it can land any
// more.
absl::Duration StartWithin(const PushKind& kind);
absl::Duration CallSpan(const PushKind& kind);

// Calls `visit` with pages of records: those of which something is unheard of, and those that are to be looked at by
// `due`. What `visit` puts off beyond that is not met again.
absl::Status ForEachOpenPush(SyncScope& scope, absl::Time due,
                             absl::FunctionRef<absl::Status(absl::Span<const OpenPush> page)> visit);

// Takes what nobody will hear of any more out of the records of calls that cannot land any more: those fields may be
// sent again. Of calls that still can, the items are unready, see SyncScope; each delays only itself. What may have
// been accepted unheard of lingers until its receipt deadline: it is sent again as well, and once more then
// (GiveUpLingering). What has a receipt stays as it is.
absl::Status ResolveOpenPushes(SyncScope& scope);

// Takes out of the record what lingers in it, if its receipt deadline has passed by now.
absl::Status GiveUpLingering(SyncScope& scope, const OpenPush& push, absl::Time now);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_

// The queries on which claiming, firing, syncing and incremental linking wait. They are apart so that a test can ask
// SQLite for their plans: each must be answered from an index, without sorting. The predicate of a partial index is
// repeated literally (see sqlite_schema.cc).

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_QUERIES_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_QUERIES_H_

#include "absl/strings/string_view.h"

namespace flxlink::sqlite {

// What ReadSyncRow and AddSyncRows of sqlite_sync.cc read.
#define FLXLINK_SELECT_SYNC_ROW                                                                           \
  "SELECT l.listing_id, l.dirty_version, p.price, p.compare_at_price, p.currency, p.quantity, "           \
  "p.quantity_at, l.health, l.pending, l.paused, "                                                        \
  "l.acked_price, l.acked_quantity, l.acked_status, l.acked_compare_at_price, "                           \
  "c.price, c.quantity, c.status, c.compare_at_price, "                                                   \
  "c.seen_at, l.guarded_at, l.refused, l.in_doubt, l.dirty_since, v.sku, c.external_id, "                 \
  "c.parent_id, l.sync_priority, l.channel_variant_id, c.handle, c.fixed, l.acked_at, "                   \
  "l.linked_version, l.quantities_in_doubt, l.forced, l.dirty_rank, l.confirmed, "                        \
  "l.status_author, l.status_before, l.kept_hidden, l.doubtful, p.removed, l.held, p.absent FROM link l " \
  "CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id "          \
  "CROSS JOIN product_variant p ON p.product_id = v.product_id "                                          \
  "CROSS JOIN channel_variant c ON c.channel_id = l.channel_id AND "                                      \
  "c.channel_variant_id = l.channel_variant_id "

#define FLXLINK_CAN_BE_PUSHED                                                                     \
  "l.dirty_since IS NOT NULL AND l.state = 'linked' AND l.paused = 0 AND l.health <> 'delisted' " \
  "AND c.gone = 0 AND c.status IS NOT 'dead' "

// What is in doubt of a link that is still as an item of a push was planned for it.
constexpr absl::string_view kLinkAsPlanned =
    "SELECT l.in_doubt, l.quantities_in_doubt, l.confirmed FROM link l CROSS JOIN channel_variant c ON "
    "c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id WHERE l.channel_id = ?1 AND "
    "l.listing_id = ?2 AND "
    "l.channel_variant_id = ?3 AND l.dirty_version = ?4 AND " FLXLINK_CAN_BE_PUSHED;

// The rest of the cursor's sync priority, and everything of lower ones: two ranges of the index link_dirty, where one
// condition over both would read all that is before the cursor.
constexpr absl::string_view kDirtyOfPriority = FLXLINK_SELECT_SYNC_ROW
    "WHERE l.channel_id = ?1 AND l.sync_priority = ?2 AND (l.dirty_rank, l.dirty_since, l.listing_id) > (?3, ?4, ?5) "
    "AND " FLXLINK_CAN_BE_PUSHED "ORDER BY l.dirty_rank, l.dirty_since, l.listing_id LIMIT ?6";
constexpr absl::string_view kDirtyFromPriority = FLXLINK_SELECT_SYNC_ROW
    "WHERE l.channel_id = ?1 AND l.sync_priority <= ?2 "
    "AND " FLXLINK_CAN_BE_PUSHED "ORDER BY l.sync_priority DESC, l.dirty_rank, l.dirty_since, l.listing_id LIMIT ?3";
constexpr absl::string_view kCountDirty =
    "SELECT count(*) FROM (SELECT 1 FROM link l INDEXED BY link_dirty CROSS JOIN channel_variant c ON "
    "c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id WHERE l.channel_id = ?1 "
    "AND " FLXLINK_CAN_BE_PUSHED " LIMIT ?2)";
constexpr absl::string_view kDirtyPriority =
    "SELECT sync_priority FROM link WHERE channel_id = ?1 AND dirty_since IS NOT NULL AND state = 'linked' AND "
    "paused = 0 AND health <> 'delisted' ORDER BY sync_priority DESC LIMIT 1";

// Links of which something is held or was decided.
constexpr absl::string_view kHolding =
    "SELECT l.listing_id, v.sku, l.held FROM link l INDEXED BY link_held CROSS JOIN listing_variant v ON "
    "v.channel_id = l.channel_id AND v.listing_id = l.listing_id WHERE l.channel_id = ?1 AND l.listing_id > ?2 AND "
    "l.held IS NOT NULL ORDER BY l.listing_id";

// Open pushes of which something is unheard of, and those that are to be looked at by a time: two ranges of the index
// push_look.
#define FLXLINK_SELECT_PUSH "SELECT push_id, kind, call_deadline, receipt_deadline, look_at FROM push_record "
constexpr absl::string_view kUnheardPushes = FLXLINK_SELECT_PUSH
    "INDEXED BY push_look WHERE channel_id = ?1 AND look_at IS NULL AND push_id > ?2 ORDER BY push_id";
constexpr absl::string_view kDuePushes = FLXLINK_SELECT_PUSH
    "INDEXED BY push_look WHERE channel_id = ?1 AND look_at <= ?2 AND (look_at, push_id) > (?3, ?4) ORDER BY look_at, "
    "push_id";
constexpr absl::string_view kNextLook =
    "SELECT look_at FROM push_record INDEXED BY push_look WHERE channel_id = ?1 AND look_at IS NOT NULL ORDER BY "
    "look_at LIMIT 1";
constexpr absl::string_view kAwaited =
    "SELECT push_id, fields FROM push_item INDEXED BY push_item_awaited WHERE channel_id = ?1 AND listing_id = ?2 "
    "AND receipt IS NOT NULL ORDER BY push_id";
// The same with values, of one link since it was linked.
constexpr absl::string_view kAwaitedValues =
    "SELECT fields, price, quantity, status, compare_at_price, content FROM push_item INDEXED BY push_item_awaited "
    "WHERE channel_id = ?1 AND listing_id = ?2 AND receipt IS NOT NULL AND channel_variant_id = ?3 AND "
    "dirty_version >= ?4 ORDER BY push_id";

#define FLXLINK_SELECT_SLOT                                                                                          \
  "SELECT channel_id, revision, holder_job, epoch, owner, paused, cancel_requested, head_job, head_prioritized_at, " \
  "head_priority, head_created_at, claim, change, next_due, head_lane, owes_bulk, head_sync_priority FROM slot "

// Slots that are free and have a head, the most urgent first.
constexpr absl::string_view kFreeSlots = FLXLINK_SELECT_SLOT
    "WHERE holder_job IS NULL AND paused = 0 AND head_job IS NOT NULL "
    "ORDER BY head_prioritized_at DESC, head_lane, head_priority DESC, head_sync_priority DESC, head_created_at, "
    "channel_id LIMIT ?1";
// Slots that are free, have no head, and have something to do by now, the longest due first.
constexpr absl::string_view kDueSlots = FLXLINK_SELECT_SLOT
    "WHERE holder_job IS NULL AND paused = 0 AND head_job IS NULL AND next_due <= ?1 "
    "ORDER BY next_due, channel_id LIMIT ?2";
// Slots that are held, as many as jobs run.
constexpr absl::string_view kHeldSlots = FLXLINK_SELECT_SLOT "WHERE holder_job IS NOT NULL AND paused = 0";
// Who holds them.
constexpr absl::string_view kHolders = "SELECT DISTINCT owner FROM slot WHERE holder_job IS NOT NULL AND paused = 0";
// When the first slot after that time has something to do by itself.
constexpr absl::string_view kNextDueSlot =
    "SELECT next_due FROM slot WHERE holder_job IS NULL AND paused = 0 AND head_job IS NULL AND next_due > ?1 "
    "ORDER BY next_due LIMIT 1";

// Finished jobs, by what PruneJobs looks at. Each combination of kind, state and `changed` that there is, one after
// another; of one the oldest and the newest.
#define FLXLINK_FINISHED "state IN ('completed', 'failed', 'cancelled')"
constexpr absl::string_view kFinishedCount =
    "SELECT count(*) FROM (SELECT 1 FROM job WHERE channel_id = ?1 AND " FLXLINK_FINISHED " LIMIT ?2)";
constexpr absl::string_view kNextFinishedGroup =
    "SELECT kind, state, changed FROM job INDEXED BY job_finished WHERE channel_id = ?1 AND "
    "(kind, state, changed) > (?2, ?3, ?4) AND " FLXLINK_FINISHED " ORDER BY kind, state, changed LIMIT 1";
#define FLXLINK_FINISHED_OF_GROUP                                                                                     \
  "SELECT job_id, kind, state, changed, finished_at FROM job WHERE channel_id = ?1 AND kind = ?2 AND state = ?3 AND " \
  "changed = ?4 AND " FLXLINK_FINISHED
constexpr absl::string_view kOldestFinished = FLXLINK_FINISHED_OF_GROUP " ORDER BY finished_at, job_id LIMIT ?5";
constexpr absl::string_view kNewestFinished =
    FLXLINK_FINISHED_OF_GROUP " ORDER BY finished_at DESC, job_id DESC LIMIT 1";

#define FLXLINK_SELECT_SCHEDULE                                                                             \
  "SELECT s.channel_id, c.name, s.name, s.kind, s.hour, s.minute, s.every_us, s.cron, s.time_zone, s.job, " \
  "s.enabled, s.next_fire, s.problem_code, s.problem_args, s.problem_message FROM schedule s "              \
  "CROSS JOIN channel c ON c.channel_id = s.channel_id "

// Schedules that are due, the longest due first.
constexpr absl::string_view kDueSchedules = FLXLINK_SELECT_SCHEDULE
    "WHERE s.enabled = 1 AND s.next_fire <= ?1 ORDER BY s.next_fire, s.channel_id, s.name LIMIT ?2";
// When the first schedule after that time is due.
constexpr absl::string_view kNextDueSchedule =
    "SELECT next_fire FROM schedule WHERE enabled = 1 AND next_fire > ?1 ORDER BY next_fire LIMIT 1";

// The run of key entries that may hold an entry, and those of the same hash that begin after it.
constexpr absl::string_view kKeyRunAt =
    "SELECT entries FROM key_run WHERE channel_id = ?1 AND side = ?2 AND key_number = ?3 AND "
    "(first_hash, first_id) <= (?4, ?5) ORDER BY first_hash DESC, first_id DESC LIMIT 1";
constexpr absl::string_view kKeyRunsAfter =
    "SELECT entries FROM key_run WHERE channel_id = ?1 AND side = ?2 AND key_number = ?3 AND "
    "first_hash = ?4 AND first_id > ?5 ORDER BY first_id";
constexpr absl::string_view kAddedKeys =
    "SELECT id FROM key_added WHERE channel_id = ?1 AND side = ?2 AND key_number = ?3 AND hash = ?4 AND id > ?5 "
    "ORDER BY id LIMIT ?6";

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_QUERIES_H_

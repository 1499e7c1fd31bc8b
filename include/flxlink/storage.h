// Storage: where flxlink keeps everything, behind one interface that a host can implement over its own database.
//
// One atomic domain. Every operation is one transaction: it happens wholly, durably, or not at all. Operations are
// coarse (a page of rows, never one row of many) and *repeatable*: after an error that leaves open whether the commit
// happened, the caller repeats the operation, and doing it twice is as doing it once. For that callers choose ids and
// give absolute numbers.
//
// A storage has roles, each with a header: channels (channel_storage.h), catalog (catalog_storage.h), links and sync
// (link_storage.h), jobs and schedules (job_storage.h). They are parts of one atomic domain: an operation of one role
// changes what others keep, in its own transaction. A fifth is optional, the link index (link_index.h).
//
// Repeating. At each operation that writes, "Repeat:" says what a second call with the same arguments, but for a later
// `now`, does after one that was carried out and whose answer got lost. Where nothing is said, it changes nothing more
// and answers the same, but for counts of what was changed, which are then lower.
//
// Fences. Operations of a running job take a Fence, which names the claim that it works under. They change nothing and
// return FAILED_PRECONDITION with the problem slot_lost (problem.h) unless the channel's slot is held by that job in
// that epoch with that claim: whoever lost the slot must stop. No other refusal has that code.
//   - The fence holds until the commit: nobody can claim the slot between the look at it and the operation's end.
//   - All rows that an operation names must belong to the fence's channel; rows of another are NOT_FOUND.
//   - Where life is told by leases, a lease that ran out does not make the fence stale. A takeover does, so a worker
//     that is late, and was not missed, goes on.
//
// Limits. No operation takes or returns more than kMaxRows rows, the pages of a pull counted one by one; larger is
// INVALID_ARGUMENT, and so is a limit below 1. Key entries of a link index have a limit of their own
// (LinkIndex::kMaxKeyEntries). No operation keeps anything open in the database after it returned, so a page's reader
// never holds up others.
//
// Order. What is listed "by" texts (names, SKUs, external ids, keys) is ordered and compared by their bytes, whatever
// collation a database would choose: a PostgreSQL column has COLLATE "C". Ids ascend as integers, times from the
// earliest. A page begins after what its call names. A page that is empty is the last; where an operation says so, one
// that is shorter than asked for is too, so that it has to be filled.
//
// Ids. Which numbers there are, who chooses them, and whether later ones are higher:
//   channel_id, product_id, listing_id, channel_variant_id    storage; later ones are higher
//   job_id                                                    the caller, from ReserveIds; higher if it asked later
//   owner                                                     storage; none comes a second time
//   push_id                                                   the caller; unique in a channel
//   pull_number, revision, policy_version, edit_version       storage; by one, within a channel (revision: of
//                                                             Channel and of Slot, each its own)
//   epoch                                                     the caller; one more at each claim, within a channel
//   dirty_version                                             storage; grows, within a listing variant
//   claim, QueueChange::number                                the caller, at random
// On a server ids are given out before they are committed, so a row with a lower id can appear behind a reader that
// pages by "ids above". The engine needs no more than this: a row that was committed before the first page was read is
// on some page.
//
// Errors, beyond those named at an operation. They may carry a problem (ProblemFrom); its code says more:
//   OK
//   INVALID_ARGUMENT     the arguments are wrong whatever is stored: too many rows, a limit below 1, an empty text
//   NOT_FOUND            there is no such channel, listing variant, job …
//   ALREADY_EXISTS       what is to be made is there
//   FAILED_PRECONDITION  the fence is stale (slot_lost), or the rows are not in a state that allows it (any other code
//                        or none); trying again does not help
//   ABORTED              a compare-and-set lost: read again, decide again, write again
//   UNAVAILABLE          the database is busy or away, and nothing was changed; try again
//   UNKNOWN              it is not known whether the change was made; repeat it
//   DATA_LOSS            the database is damaged
//   RESOURCE_EXHAUSTED   the disk is full; nothing was changed
//   INTERNAL             the implementation is at fault; nothing was changed
//
// Time. Whatever is compared between machines or processes (when a job was made, how old a cursor is, when a push can
// land no more, whether a schedule is due) comes from one clock, storage's: the engine reads Now and hands what it read
// to the operations that write a time. No operation takes a time of a host's own clock.
//
// An implementation passes flxlink/conformance/storage.h, and decides by the functions of flxlink/storage_kit/ what all
// must decide alike. One that adds something to another storage derives from
// ForwardingStorage (forwarding_storage.h).

#ifndef FLXLINK_STORAGE_H_
#define FLXLINK_STORAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/catalog_storage.h"
#include "flxlink/channel_storage.h"
#include "flxlink/job_storage.h"
#include "flxlink/link_index.h"
#include "flxlink/link_storage.h"

namespace flxlink {

// Thread-safe.
class Storage : public ChannelStorage, public CatalogStorage, public LinkStorage, public JobStorage {
 public:
  // The most rows that one operation takes or returns.
  static constexpr int64_t kMaxRows = 10000;

  // Numbers that this store never gave out before: the first of `count` consecutive ones, from 1. Repeat: other
  // ones; those of the answer that got lost are wasted.
  virtual absl::StatusOr<int64_t> ReserveIds(int64_t count) = 0;

  // The time now, UTC, in whole microseconds, by the one clock that all users of the store share (of a database, its
  // server's). UNAVAILABLE where that clock cannot be asked.
  //
  // What an implementation owes: two users who ask at the same moment are told times that differ by less than a second.
  // The answer may come from an earlier one and a steady clock (never from the host's time of day), as long as that
  // holds. It may step where somebody sets the shared clock, in either direction: nothing that must not go wrong is
  // ordered by it, fences are. It is asked before each write of a job, so it must be cheap: no round trip each time.
  virtual absl::StatusOr<absl::Time> Now() = 0;

  // The store's link index, as long-lived as this; nullptr where it keeps none. Without one every link job judges its
  // whole channel, and explaining a listing variant reads it; everything else is the same. A storage that keeps one
  // derives from LinkIndex too and returns itself.
  virtual LinkIndex* link_index() { return nullptr; }
};

}  // namespace flxlink

#endif  // FLXLINK_STORAGE_H_

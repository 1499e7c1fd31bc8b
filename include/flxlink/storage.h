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
// Fences. Operations of a running job take a Fence. They change nothing and return FAILED_PRECONDITION unless the
// channel's slot is held by that job in that epoch: whoever lost the slot must stop.
//
// Limits. No operation takes or returns more than kMaxRows rows; larger is INVALID_ARGUMENT. No operation keeps
// anything open in the database after it returned, so a page's reader never holds up others.
//
// Errors, beyond those named at an operation:
//   NOT_FOUND            there is no such channel, listing variant, job …
//   FAILED_PRECONDITION  the fence is stale, or the rows are not in a state that allows it; trying again does not help
//   ABORTED              a compare-and-set lost: read again, decide again, write again
//   UNAVAILABLE          the database is busy or away, and nothing was changed; try again
//   UNKNOWN              it is not known whether the change was made; repeat it
//   DATA_LOSS            the database is damaged
//   RESOURCE_EXHAUSTED   the disk is full; nothing was changed
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

  // Numbers that this store never gave out before: the first of `count` consecutive ones, from 1. A lost answer wastes
  // them.
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

// The circuit breaker of one running job: how many changes of each kind it may make, and which kinds it holds. See
// flxlink/breaker.h.

#ifndef FLXLINK_SRC_ENGINE_CIRCUIT_BREAKER_H_
#define FLXLINK_SRC_ENGINE_CIRCUIT_BREAKER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/breaker.h"
#include "flxlink/sync.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Belongs to one running job; used by one thread at a time. What it holds is kept in the job's counts ("reprice_held"),
// so that it holds the same after a yield.
class CircuitBreaker {
 public:
  // The context must outlive it.
  explicit CircuitBreaker(JobContext& context);

  const Breaker& state() const { return state_; }
  // Whether it holds all kinds.
  bool holds_all() const;

  // Whether so many changes of any kind, together with those that were made, may be more than is allowed.
  absl::StatusOr<bool> MayHold(int64_t changes);
  // Holds the kinds of which these changes, with those that were made, are more than is allowed. Returns whether that
  // is any that was not held before.
  absl::StatusOr<bool> HoldBeyond(const ChangeCounts& changes);

  // A page of a sync between its plan and its end: what is planned of it and not made yet counts like what was made, so
  // that what goes out in between does not use the same allowance.
  class Page {
   public:
    // The breaker must outlive it. Pages end in the reverse of the order in which they began.
    Page(CircuitBreaker& breaker, const ChangeCounts& planned) : breaker_(breaker), before_(breaker.planned_) {
      breaker_.planned_ += planned;
    }
    ~Page() { breaker_.planned_ = before_; }
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

   private:
    CircuitBreaker& breaker_;
    const ChangeCounts before_;
  };

  // These were made, and storage has counted them. They were planned of the page that began last.
  void NoteMade(const ChangeCounts& changes);
  // These, of the page that began last, are planned anew.
  void NoteOvertaken(const ChangeCounts& changes) { Unplan(changes); }
  // These are held from now on.
  void NoteHeld(const ChangeCounts& changes);

 private:
  // Breaks are not planned.
  void Unplan(const ChangeCounts& changes);
  absl::Status ReadMade();
  absl::StatusOr<int64_t> CountLinks();
  absl::StatusOr<int64_t> Allowed(ChangeKind kind);
  absl::StatusOr<bool> IsBeyond(ChangeKind kind, int64_t changes);

  JobContext& context_;
  Breaker state_;
  absl::optional<int64_t> links_;  // Read when that matters.
  bool has_read_made_ = false;
  ChangeCounts made_;     // In 24 hours, by this job and before it.
  ChangeCounts planned_;  // Of pages that are under way.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_CIRCUIT_BREAKER_H_

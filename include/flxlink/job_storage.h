// JobStorage: the role of a storage that keeps jobs, slots, owners and schedules. See storage.h for what holds of every
// operation.

#ifndef FLXLINK_JOB_STORAGE_H_
#define FLXLINK_JOB_STORAGE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/bell.h"
#include "flxlink/filter.h"
#include "flxlink/job.h"
#include "flxlink/schedule.h"

namespace flxlink {

// Thread-safe.
class JobStorage {
 public:
  virtual ~JobStorage() = default;

  // -- Jobs, slots, owners

  // A new owner, alive until CloseOwner or, as far as storage can tell, its process's end: storage must notice death by
  // itself (a kernel lock, a lease) and must never take a slow owner for a dead one without a lease that ran out.
  // Repeat: another owner; the one whose answer got lost holds no slot, so it is in nobody's way.
  virtual absl::StatusOr<OwnerId> OpenOwner() = 0;
  // Repeat: OK, as for an owner that was never open.
  virtual absl::Status CloseOwner(OwnerId owner) = 0;

  // How often a living owner must call KeepAlive, where storage tells life by leases; a lease lasts several times as
  // long. InfiniteDuration: never.
  virtual absl::Duration keep_alive_interval() const = 0;

  // A sign of life: the lease of all that the owner holds begins anew, by storage's time. A storage with leases keeps
  // them by itself, beside the slots, and begins one anew here, at a claim and with progress. An owner whose lease ran
  // out lives again with this unless its slots were taken over meanwhile; what it lost, its fences show.
  // FAILED_PRECONDITION: the owner was closed, or storage knows it for dead and has forgotten it; it claims nothing any
  // more.
  virtual absl::Status KeepAlive(OwnerId owner) = 0;

  virtual absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) = 0;

  // ABORTED where the slot's revision is not change.expected_revision any more, or the schedule that fires is not
  // there, not enabled, or its next fire not change.fire->expected. What a job has come to is changed by its report
  // only, since whoever changes the queue may have read an older one. Repeat: ALREADY_EXISTS, where it inserts jobs, or
  // where its number is that of the queue's last change; the engine takes that for OK. Where others have changed the
  // queue since, and it inserts nothing: ABORTED, and reading the queue again shows what came of it.
  virtual absl::Status WriteQueue(const QueueChange& change) = 0;

  // Channels whose slot can be claimed at `now`, storage's time: not paused, and either free with a head or a next_due
  // that is not after `now`, or held by an owner that died. The most urgent head first: latest prioritized, then urgent
  // before bulk, then highest priority, then oldest. A free slot without a head stands where one would whose head is
  // urgent, with priority 0 and the age of its next_due.
  virtual absl::StatusOr<std::vector<int64_t>> ReadClaimable(absl::Time now, int64_t limit) = 0;

  struct ProgressReply {
    bool cancel_requested = false;
    // Slot::revision: whether it is worth reading the queue again.
    int64_t queue_revision = 0;
  };
  // What the running job has come to; also a sign of life, as KeepAlive is. It is written with every step, so it must
  // cost the same however many problems are stored already. It outlives the end of this process; a loss of power may
  // take it back, but then also everything that was written after it. Repeat: the same, again.
  virtual absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) = 0;

  // NOT_FOUND (no_job) also of one that was removed since.
  virtual absl::StatusOr<Job> ReadJob(int64_t job_id) = 0;

  // The job's problems from number `first` on, counted from 0, in the order in which they were noted. Fewer than
  // `limit`: there are no more. NOT_FOUND: no_job.
  virtual absl::StatusOr<std::vector<JobProblem>> ReadJobProblems(int64_t job_id, int64_t first, int64_t limit) = 0;

  // Jobs that match the filter, with ids below `before_id`, newest first. Fewer than `limit`: there are no more. None
  // where there is no channel of the filter's name.
  virtual absl::StatusOr<std::vector<Job>> ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) = 0;

  // Removes finished jobs of the channel: those that ChoosePruned (storage_kit/retention.h) chooses by its
  // configuration, at most `limit`. Returns how many; fewer than `limit`: there are no more. Open jobs, whatever names
  // a removed one (Job::from_job, LinkEvent::job_id) and the queue's revision stay as they are. It is asked after every
  // job, so where there is nothing to remove it must be cheap, hold up no writer, and read no job but by an index. A
  // limit is 1 to kMaxRows. Repeat: removes the next.
  virtual absl::StatusOr<int64_t> PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) = 0;

  // -- Schedules

  // Sets the channel's schedule of this name, in place of the one that is there. Returns whether one was. Repeat: true.
  virtual absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) = 0;
  // OK also where the channel has no schedule of this name.
  virtual absl::Status ClearSchedule(int64_t channel_id, absl::string_view name) = 0;

  // All schedules, by channel_id and name.
  virtual absl::StatusOr<std::vector<Schedule>> ReadSchedules() = 0;

  // The enabled schedules whose next fire is not after `now`, the longest due first; then by channel_id and name. Costs
  // nothing for those that are not due. Fires are recorded with WriteQueue.
  virtual absl::StatusOr<std::vector<Schedule>> ReadDueSchedules(absl::Time now, int64_t limit) = 0;

  // -- Waking who waits for work. A storage may leave all three at their defaults: then each worker that has nothing to
  // do asks for work every EngineOptions::poll_interval, and is woken at once by what engines over this object do.

  // What those sleep on who wait for a queue to change. Engines over this object ring it after what they change
  // themselves; a storage rings it where it learns of what others did (a notification of its database). A storage that
  // hands everything on to another one hands on that one's. As long-lived as this. Default: a bell of its own.
  virtual Bell& work_bell() { return work_bell_; }

  // A number that is another than before once anybody, in whatever process, has changed a queue or a schedule, or an
  // owner that held a slot has died. To be compared with what this object said earlier. It may change without cause,
  // which costs its readers a look. Whoever sleeps reads it each poll_interval, so it must be as cheap as the storage
  // can make it, whatever the number of channels, jobs and schedules. Default: always another one.
  virtual absl::StatusOr<uint64_t> ReadWorkNumber() { return ++work_number_; }

  // The first time after `now` at which something becomes due by itself: a job on a slot that is free, not paused and
  // without a head (Slot::next_due), or an enabled schedule. InfiniteFuture: nothing does. Costs as little as one
  // ReadDueSchedules. Default: InfiniteFuture, for which a storage whose work number always changes need not know more.
  virtual absl::StatusOr<absl::Time> ReadNextDue(absl::Time /*now*/) { return absl::InfiniteFuture(); }

 private:
  Bell work_bell_;
  std::atomic<uint64_t> work_number_{0};
};

}  // namespace flxlink

#endif  // FLXLINK_JOB_STORAGE_H_

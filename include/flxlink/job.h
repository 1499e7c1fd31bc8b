// Jobs and slots: the units of scheduled work, and the right to do them.
//
// A *job* is one unit of work on one channel. Each channel has one *slot*, and whoever holds it runs one job: at most
// one job of a channel runs at a time, anywhere. Each time the slot is claimed its *epoch* grows and a random *claim*
// number is drawn, and every write of a running job names (channel, job, epoch, claim): a worker that lost its slot,
// and does not know it yet, changes nothing. The claim is for stores that can lose their last commits (a standby is
// promoted): there an epoch can come a second time, for another worker.
//
// Whether a slot's owner is still alive is for storage to say (see JobStorage::OpenOwner). A live job is never taken
// away because it is slow.
//
// Two lanes. Whole pulls and full syncs take as long as the platform takes: they are *bulk*, everything else is
// *urgent*. Where an urgent job finds that it needs a whole pull, it leaves what needs it to a bulk job, and ends. A
// running bulk job gives way, between two of its steps, to an urgent one that is due, and goes on afterwards where it
// was; when an urgent job has ended, a step is owed to the bulk lane, so that neither keeps the other from getting on.
// A running build or sync gives way to an urgent job that was prioritized later or, neither being prioritized, has a
// higher priority.
//
// Of the pending jobs that are due, one that a person prioritized is next, the latest before others. Then come urgent
// jobs, and then bulk ones. Among urgent jobs one that Job::kMaxPassed younger ones have passed goes before others that
// nobody prioritized, then priority decides, then age. Among bulk ones one that has begun goes before all others, so
// that at most one is begun and not ended; then what is prioritized, then priority, then age. Two rules go across the
// lanes:
//   - A prioritized bulk job that has begun is passed only by fetches, syncs, and what was prioritized after it.
//   - A step that is owed to the bulk lane comes before what nobody prioritized.
//
// Among channels the one goes first whose next job was prioritized last; then urgent before bulk, then by priority,
// then by the highest sync priority among the links that a sync was queued for, then by age (storage_kit/rules.h).
//
// What may happen to a queue is decided by pure functions of the engine over these rows and written by compare-and-set
// on the slot's revision.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_JOB_H_
#define FLXLINK_JOB_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/problem.h"
#include "flxlink/schedule.h"

namespace flxlink {

enum class JobKind : uint8_t {
  kPull,   // Mirror the channel's items.
  kBuild,  // Make listing variants from product variants.
  kLink,   // Link unlinked listing variants.
  kSync,   // Send what differs of the fields that the channel syncs.
  kRules,  // Set statuses by the channel's status rules.
  kFetch,  // Mirror named items of the channel.
};

enum class JobState : uint8_t {
  kPending,
  kRunning,
  kCompleted,  // Final.
  kFailed,     // Final.
  kCancelled,  // Final.
};

enum class JobTrigger : uint8_t {
  kHand,
  kSchedule,
  kChain,
  kRerun,
  kNotice,  // A platform told that something changed.
  kRetry,   // Another job left something to look at again: receipts that are open, say.
};

enum class Lane : uint8_t {
  kUrgent,  // Somebody waits for it.
  kBulk,    // It takes long anyway.
};

// "pull", "build", "link", "sync", "rules", "fetch".
absl::string_view ToString(JobKind kind);
// "pending", "running", "completed", "failed", "cancelled".
absl::string_view ToString(JobState state);
// "hand", "schedule", "chain", "rerun", "notice", "retry".
absl::string_view ToString(JobTrigger trigger);
// "urgent", "bulk".
absl::string_view ToString(Lane lane);
absl::optional<JobState> ParseJobState(absl::string_view text);

// Completed, failed or cancelled.
bool IsFinal(JobState state);

// Absolute numbers, so that a report can be repeated.
struct JobProgress {
  // What `done`, `failed` and `held` come to. nullopt: not known, as of a pull, or more than was counted when the job
  // began. Known before the end, it is always more than they are so far; of a job that completed, it is what they are.
  absl::optional<int64_t> total;
  int64_t done = 0;
  int64_t failed = 0;
  // Of a sync: links of which something is not sent for now, and that says so as attention: the circuit breaker or the
  // oversell guard holds it, say. No failure.
  int64_t held = 0;

  // How many it has come to.
  int64_t looked_at() const { return done + failed + held; }

  friend bool operator==(const JobProgress& a, const JobProgress& b) {
    return a.total == b.total && a.done == b.done && a.failed == b.failed && a.held == b.held;
  }
};

// One thing that went wrong within a job and did not stop it.
struct JobProblem {
  // A SKU, an external id, a product key.
  std::string subject;
  Problem problem;

  friend bool operator==(const JobProblem& a, const JobProblem& b) {
    return a.subject == b.subject && a.problem == b.problem;
  }
};

// What a job is asked to do beyond its kind. Asked of a job of its kind and lane that is pending already and has not
// begun, both wishes are joined: the job does all that either asked for.
struct JobOptions {
  // build: only these. Empty: all.
  std::vector<std::string> skus;
  // sync: send every field of these, dirty or not, whatever the channel has acknowledged and refused. What was seen of
  // their items is known before that, so that a lower quantity sets the oversell guard. What is fixed, awaited or held
  // back by the guard is left out all the same.
  std::vector<std::string> force;
  // sync: nothing but `force`. Off: what is dirty too.
  bool only_forced = false;
  // sync: mirror all of the channel's items, compare each with what it is to have and mark what differs; a sync without
  // this, which the job chains, sends it, and `force` with it.
  bool full = false;
  // sync: as `full`, but compare only `items`, and mirror only where there are some or the channel needs it
  // (PullState::needed). To such a job a sync leaves what it can send only after a look at the whole channel, and
  // ends.
  bool pull_first = false;
  // link: dissolve broken links first.
  bool release_broken = false;
  // link: dissolve doubtful links first, also those of which that is held or was refused.
  bool release_doubtful = false;
  // pull: only what changed since the mark that the last pull left (PullState::mark), where there is one and the
  // adapter can (AdapterCapabilities::since); else, and where the platform does not know the mark any more, everything,
  // which the job counts as "whole". Such a pull breaks a link only where the platform says that its item is gone.
  bool since_last = false;
  // fetch: the external ids of the items to look at; at least one. Where the channel cannot be asked for single items
  // (AdapterCapabilities::fetch_limit) the job leaves that to a whole pull, which it chains.
  // sync: of items that conflicted on such a channel. With pull_first they are to be looked at; in the sync after that
  // they have been, and one that conflicts once more waits for its next try.
  std::vector<std::string> items;

  friend bool operator==(const JobOptions& a, const JobOptions& b) {
    return a.skus == b.skus && a.force == b.force && a.only_forced == b.only_forced && a.full == b.full &&
           a.pull_first == b.pull_first && a.release_broken == b.release_broken &&
           a.release_doubtful == b.release_doubtful && a.since_last == b.since_last && a.items == b.items;
  }
};

// What a job did, in named counts ("linked", "sent" …) in a fixed order.
//
// A link job judges listing variants that have no link: all that are live or, where it knows what changed since the
// last one, those that the changes can affect. It counts as "judged" how many it judged, as "linked" how many of them
// it linked ("linked_by_rule_1" … by which rule, "linked_contradicted" with that warning), and as "unlinked" the rest
// of them, once, at its end; as "released" and "released_doubtful" the links that it was asked to dissolve, and as
// "status_rules_would_change" the new links that a rules job would hide or unhide.
//
// A sync or fetch that left the rest to a bulk job, which it chained, counts that as "left_to_pull".
using JobCounts = std::vector<std::pair<std::string, int64_t>>;

// What a job has come to, stored at the end of each of its steps, as a whole and after what the step itself has stored.
// A worker that dies between the two leaves a step that was done and is not in the report. Where the job goes on by the
// cursor it does that step again, finds most of it done already, and counts it once. Where it goes on by what is stored
// (a pull by its channel's cursor, a sync by what is dirty) the counts and problems of that one step are lost. Nothing
// is counted or noted twice, and nothing of an earlier step is lost.
//
// Absolute, so that it can be repeated.
struct JobReport {
  JobProgress progress;
  // Job::cursor.
  std::string cursor;
  JobCounts counts;
  // Of the job's problems that are stored so many stay, the first ones, at most all of them; after them come
  // `problems`. Together at most Job::kMaxProblems.
  int64_t problems_before = 0;
  std::vector<JobProblem> problems;
};

// The lane of such a job: bulk are a pull of everything, a full sync, and one that pulls first.
Lane LaneOf(JobKind kind, const JobOptions& options);

// As what a chain counts such a job: a bulk sync as a pull, which marks what differs, any other as what it is.
JobKind KindInChain(JobKind kind, const JobOptions& options);

// The priority of a job of which nobody stated one: of a sync that is forced 30, of a fetch 25, of any other sync 20,
// of link and rules 10, of a build 5; of a pull 10 if it is one since the last, and of bulk jobs 0.
int64_t DefaultPriority(JobKind kind, const JobOptions& options);

struct Job {
  // Unique in the store; a later job has a higher one.
  int64_t job_id = 0;
  int64_t channel_id = 0;
  // The channel's name. Set by reading; not looked at by writing.
  std::string channel;
  JobKind kind = JobKind::kSync;
  JobState state = JobState::kPending;
  JobTrigger trigger = JobTrigger::kHand;
  // Within a lane, higher runs first.
  int64_t priority = 0;
  // Of a partial sync that is not only of what is forced: the highest sync priority among the links that were dirty
  // when it was asked for, of several requests the highest. By it, after `priority`, channels stand among each other.
  // nullopt: nothing was dirty.
  absl::optional<int64_t> sync_priority{};
  // When a person moved it ahead of everything that was pending then. InfinitePast: never.
  absl::Time prioritized_at = absl::InfinitePast();
  // How many younger jobs of its lane began while it was pending and due. With kMaxPassed it goes next.
  int64_t passed = 0;
  // Of a pending job: it does not begin before this time of storage's clock, and until then is in nobody's way. Not
  // set, which is the default, and once it has begun: it waits for its turn only. Never InfiniteFuture.
  absl::optional<absl::Time> not_before;
  JobOptions options;
  // The kinds that led here, first to last, a bulk sync as the pull that it is; a chain never visits a kind twice.
  std::vector<JobKind> chain;
  // The job that this one came from: with the triggers kRerun and kRetry the one that it repeats, with kChain the one
  // that queued it. 0: none.
  int64_t from_job = 0;
  // The jobs that it queued when it completed, or joined with what was pending, in that order. Retries are not among
  // them.
  std::vector<int64_t> chained;

  JobProgress progress;
  // Times it was started; more than 1 after a worker died. One that yielded was not begun in vain: that does not count.
  int64_t attempts = 0;
  absl::Time created_at;
  absl::optional<absl::Time> started_at;
  absl::optional<absl::Time> finished_at;

  // Where it goes on after it yielded or its worker died, in words of its kind. Empty: at its beginning, or its kind
  // knows by what is stored.
  std::string cursor;
  JobCounts counts;
  // How many problems of it are kept: of more than kMaxProblems the first ones. Set by reading; not looked at by
  // writing, and nor is `problems`.
  int64_t problem_count = 0;
  // The first kProblemsShown of them. JobStorage::ReadJobProblems and Engine::ListJobProblems have all.
  std::vector<JobProblem> problems;
  // Why it failed or is held.
  absl::optional<Problem> error;

  static constexpr int64_t kMaxProblems = 1000;
  static constexpr int64_t kProblemsShown = 100;
  static constexpr int64_t kMaxPassed = 8;
};

Lane LaneOf(const Job& job);

// The chain of the jobs that this one chains.
std::vector<JobKind> ChainAfter(const Job& job);

// Whether the job, if it is pending, may begin at `now`.
bool IsDue(const Job& job, absl::Time now);

// A request for a job.
struct JobRequest {
  JobKind kind = JobKind::kSync;
  JobTrigger trigger = JobTrigger::kHand;
  // Not set: DefaultPriority().
  absl::optional<int64_t> priority;
  // See Job. Joined with a pending job, both are due at the earlier of the two times.
  absl::optional<absl::Time> not_before;
  JobOptions options;
  std::vector<JobKind> chain;
  int64_t from_job = 0;
  // sync: adds to JobOptions::force, when the job is asked for, the listing variants that have drifted by then
  // (ListingFilter::drifted). It reads all of the channel's links.
  bool force_drifted = false;
};

// A living process, or part of one, that runs jobs. Given by storage; never reused.
using OwnerId = int64_t;

// A channel's slot.
struct Slot {
  int64_t channel_id = 0;
  // The queue's: grows with every change of the slot or of an open job.
  int64_t revision = 0;
  // QueueChange::number of the last change.
  uint64_t change = 0;
  // The running job. 0: free.
  int64_t holder_job = 0;
  // Grows with every claim.
  int64_t epoch = 0;
  // Drawn at random at every claim. 0: free.
  uint64_t claim = 0;
  OwnerId owner = 0;
  // Nothing is claimed while it is, and the running job gives way.
  bool paused = false;
  // Of the running job.
  bool cancel_requested = false;
  // An urgent job has ended since a bulk one last began, and a bulk one is due: it goes next, for a step.
  bool owes_bulk = false;
  // Of the pending jobs that were due at the last change the one that is next, were no step owed to the bulk lane: how
  // the channel stands among others, copied here so that claiming costs the same whatever waits. 0: none.
  int64_t head_job = 0;
  absl::Time head_prioritized_at = absl::InfinitePast();
  Lane head_lane = Lane::kUrgent;
  int64_t head_priority = 0;
  absl::optional<int64_t> head_sync_priority{};
  absl::Time head_created_at = absl::InfinitePast();
  // The earliest Job::not_before of the pending jobs that were not due at the last change. From then on the head may be
  // another one than the slot says. InfiniteFuture: there is none.
  absl::Time next_due = absl::InfiniteFuture();
};

// What every write of a running job names.
struct Fence {
  int64_t channel_id = 0;
  int64_t job_id = 0;
  int64_t epoch = 0;
  uint64_t claim = 0;
};

// A channel's queue as read in one transaction: the slot and every job that is pending, running or held, by job_id.
struct QueueSnapshot {
  // The channel's name.
  std::string channel;
  Slot slot;
  // Of the slot's owner; false where the slot is free.
  bool owner_alive = false;
  // The highest sync priority among the channel's links that are dirty, linked, not paused and not delisted. nullopt:
  // there is none. Of links whose items are dead it does not matter whether they count.
  absl::optional<int64_t> dirty_priority{};
  std::vector<Job> open_jobs;
};

// A step of the channel's schedule `name`: its fire at `expected` is done, the next is at `next`.
struct ScheduleFire {
  std::string name;
  absl::Time expected;
  absl::Time next;
  // Not empty: there is no next fire, and the schedule is disabled with this problem.
  Problem problem;
};

// A change of a queue, to be written in one transaction if the slot's revision still is what it was.
struct QueueChange {
  // By which storage knows a change that is written a second time: drawn at random for each change. 0: it is not known.
  uint64_t number = 0;
  int64_t expected_revision = 0;
  // Its new state; storage gives it the next revision, and the change's number.
  Slot slot;
  // New jobs. ALREADY_EXISTS if one is there: the change was made before.
  std::vector<Job> insert;
  // New states of jobs that are there; what they have come to (JobReport) stays as it is stored, whatever these say.
  std::vector<Job> update;
  // What one of them comes to with this change. 0: none of them does.
  int64_t report_of = 0;
  JobReport report;
  absl::optional<ScheduleFire> fire;
  // Nobody is told of it, as of a claim: it need not outlast a loss of power before a later write does that must.
  bool is_step = false;
};

}  // namespace flxlink

#endif  // FLXLINK_JOB_H_

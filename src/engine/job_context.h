// What a running job works with: its channel, its adapter, its fence, and how it reports, waits and retries.

#ifndef FLXLINK_SRC_ENGINE_JOB_CONTEXT_H_
#define FLXLINK_SRC_ENGINE_JOB_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/account.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "flxlink/storage.h"
#include "src/engine/account_limits.h"
#include "src/engine/lookout.h"
#include "src/engine/reporter.h"

namespace flxlink::engine {

// What a job brings home besides its Status.
struct JobOutput {
  // Job::cursor, as of the last step that was reported: what is set after that is not stored.
  std::string cursor;
  // The job yields since it has to read everything, which is for the bulk lane.
  bool becomes_bulk = false;
  JobCounts counts;
  // What only a pull of everything can do, and the job therefore leaves to a bulk job of this kind and with these
  // options (jobs::LeftBy). nullopt: it did all.
  absl::optional<JobRequest> left;
  // When a sync has to look again at what the channel decides on later. nullopt: there is nothing.
  absl::optional<absl::Time> retry_at;
};

// Whether `status` is a refusal since the fence is stale: another worker took over.
bool IsSlotLost(const absl::Status& status);

// Whether the running job is to yield: asked at each of its steps and while it waits. Once it says so it stays so.
using ShouldYield = absl::FunctionRef<bool()>;

// Whether what failed with `status` may go well if it is done again: away, slow, throttled, or of unknown outcome.
bool WorthAnotherTry(const absl::Status& status);

class CircuitBreaker;

// Belongs to one running job; used by one thread at a time.
class JobContext {
 public:
  // All must outlive it. The limits are those of the adapter's account, which all its callers share. What the job has
  // come to is where it goes on, once it has read what it noted.
  JobContext(const EngineOptions& options, Reporter& reporter, std::shared_ptr<AccountLimits> limits,
             const Channel& channel, const ChannelAdapter& adapter, const Job& job, const Fence& fence,
             ShouldYield should_yield);
  ~JobContext();

  // Reads the problems that earlier runs of the job have noted, so that none is noted twice. Before anything else.
  absl::Status ReadNoted();

  Storage& storage() const { return *options_.storage; }
  const EngineOptions& options() const { return options_; }
  Reporter& reporter() const { return reporter_; }
  const Channel& channel() const { return channel_; }
  const ChannelAdapter& adapter() const { return adapter_; }
  const Job& job() const { return job_; }
  const Fence& fence() const { return fence_; }
  int64_t page_rows() const { return options_.page_rows; }

  // Whether an earlier run of the job has come to something: it yielded, or its worker died.
  bool resumed() const { return job_.attempts > 1 || !job_.counts.empty(); }
  // Whether the job is to yield: its thread is to end, it has been told to, its channel is paused, or it gives way to
  // another job (jobs::GivesWay).
  bool yields() const { return ends_soon() || is_paused_ || (gives_way_ && !stays_); }
  // Whether another job of the channel is due.
  bool others_wait() const { return others_wait_; }
  // yields() as of now, for steps that can be cut short: the queue is looked at, though not at every call.
  bool IsWanted();
  // The job is to yield, since it went by what is not so any more: its next run goes by what is.
  void Yield() { yields_ = true; }
  // Whether the job gives way to no other for now: it would only lose what it has done. Off at first.
  void Stay(bool stays) { stays_ = stays; }

  // Which changes the job is to hold.
  CircuitBreaker& breaker() { return *breaker_; }

  JobOutput& output() { return output_; }
  JobProgress& progress() { return progress_; }
  // As it is told while more is to come: a total that is reached was counted too low, and is none.
  JobProgress progress_so_far() const;
  // What the job has come to so far, with the problems that are not known to be stored.
  JobReport report_so_far() const;

  // Adds to a named count; counts keep the order in which they were first named.
  void Count(absl::string_view name, int64_t amount);
  // Sets a count anew, for what the job looks at again from the start.
  void SetCount(absl::string_view name, int64_t amount);
  int64_t CountOf(absl::string_view name) const;
  // Whether the job has counted that, in an earlier run too.
  bool HasCount(absl::string_view name) const;
  // Whether the channel can be linked and storage holds changes that linking has not judged, this job's or any before
  // it. A storage without a link index cannot say: there it is whether this job counted some. True where storage does
  // not answer: a link job too many does no harm.
  bool HasUnjudgedChanges();
  // Notes a problem with one variant, once; only the first Job::kMaxProblems are kept.
  void AddProblem(absl::string_view subject, Problem problem);

  // Leaves the rest of what the job was asked for to a bulk job, see JobOutput::left, and counts that it did.
  void LeaveToPull(JobKind kind, JobOptions options);

  // Stores what the job has come to, and tells of its progress: the end of a step. CANCELLED: a person asked the job to
  // stop, or it is to yield.
  absl::Status Report();
  // Stores it without that: what the next write goes by.
  absl::Status Store() { return StoreReport().status(); }
  // Tells what was counted since it was last told.
  void ReportCounts();

  // Runs `call` again while it is unavailable, throttled, or of unknown outcome, with growing waits, up to the engine's
  // max_tries. For what may be said twice.
  absl::Status Retry(absl::FunctionRef<absl::Status()> call);
  template <typename T>
  absl::StatusOr<T> RetryValue(absl::FunctionRef<absl::StatusOr<T>()> call) {
    absl::StatusOr<T> result = absl::UnknownError("never called");
    const absl::Status status = Retry([&] {
      result = call();
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }

  // The channel as storage has it now; channel() is as the job began.
  absl::StatusOr<Channel> ReadChannel();
  // Storage's time (see Storage::Now), which is what is compared with any time that is kept.
  absl::StatusOr<absl::Time> Now();
  // Retry for a write that is given storage's time, read anew for each try.
  absl::Status Write(absl::FunctionRef<absl::Status(absl::Time now)> call);
  template <typename T>
  absl::StatusOr<T> WriteValue(absl::FunctionRef<absl::StatusOr<T>(absl::Time now)> call) {
    return RetryValue<T>([&]() -> absl::StatusOr<T> {
      const absl::StatusOr<absl::Time> now = storage().Now();
      return now.ok() ? call(*now) : now.status();
    });
  }

  // What is done before the job waits (for tokens, a platform, storage), so that nothing that it holds is kept back
  // meanwhile. Its error ends the wait. It may wait itself.
  void set_before_wait(std::function<absl::Status()> before_wait) { before_wait_ = std::move(before_wait); }

  // The wait before try number `tries` + 1.
  absl::Duration Backoff(int tries) const;
  // The one way to wait. CANCELLED: a person asked the job to stop meanwhile, or it is to yield. What engines over the
  // same storage do to that end is noticed at once, what others do within the engine's poll_interval.
  absl::Status Wait(absl::Duration duration);

  // Waits until a push of so many items may begin, by the limits of the account, and takes what it costs; the permit is
  // kept until the call has ended. The pages of a whole pull are bulk calls, all others are urgent. Errors are those of
  // Wait.
  //
  // Nothing that holds a permit waits for another: two jobs that each hold a slot of the other's would wait for ever.
  // Who can do with more calls at the same time takes the first with Take and the others with TakeNow.
  absl::StatusOr<CallPermit> Take(const CallCost& cost, int64_t items);
  // The same where it is to be had at once; else nothing.
  absl::optional<CallPermit> TakeNow(const CallCost& cost, int64_t items);

  // What goes with one call of the adapter that begins now and may take so long, to be used on this thread. It is
  // cancelled once the job is to yield, or a person asked it to stop: asking whether it is costs next to nothing. What
  // the platform says of its limits in an answer is that of one of the calls that have these permits, which outlive it.
  std::unique_ptr<CallContext> StartCall(absl::Duration timeout, absl::Span<const CallPermit* const> permits);
  // The platform did not take the call that has this permit: nobody else of the account makes such a call for so long.
  void TakeThrottled(CallPermit& permit, absl::Duration retry_after) const;

  // Calls of the adapter, each with its permit and its context, repeated ones included. Pull and Fetch are retried; the
  // age of what they give includes the time that the call took, since it may be as of when that began. A push takes its
  // permit before its record is written, see page_push.h. CANCELLED only where the job is to end or yield: an adapter
  // that says so by itself is taken for one that was unavailable.
  absl::StatusOr<PullPage> Pull(const PullRequest& request);
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request);
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts);

  // A number that no other push of the channel has.
  int64_t NextPushId();

 private:
  class JobCall;

  // The answer of a read that costs that much, whose permit is given back when it has ended.
  template <typename T>
  absl::StatusOr<T> Read(const CallCost& cost, int64_t items, Lane lane,
                         absl::FunctionRef<absl::StatusOr<T>(const CallContext& call)> read);
  absl::StatusOr<CallPermit> Take(const CallCost& cost, int64_t items, Lane lane);
  // Whether a call that is under way is to end early.
  bool EndsCalls();
  // Sleeps for at most so long; returns how long it was.
  absl::Duration SleepSlice(absl::Duration slice);
  // Looks at the queue where it may have changed since it was last looked at. Unless the bell was rung, storage is
  // asked for that once in so long.
  absl::Status LookForChange(absl::Duration every);
  bool ends_soon() const { return yields_ || should_yield_(); }
  // Looks whether another job is to run first, where the queue, which has that revision now, may have changed since it
  // was last looked at.
  absl::Status LookAtQueue(int64_t revision);
  // The same for what has become due by itself.
  absl::Status LookForDue();
  bool IsTimeToAsk(absl::Duration every);
  // CANCELLED: a person asked the job to stop. An error of the fence: another worker has the slot.
  absl::StatusOr<Storage::ProgressReply> StoreReport();
  absl::Status ReadQueue();
  absl::Status TakeQueue();
  // CANCELLED: the job is to yield. Or why else it is to end, as far as that is known.
  absl::Status CheckYield() const;

  const EngineOptions& options_;
  Reporter& reporter_;
  const std::shared_ptr<AccountLimits> limits_;
  const Channel& channel_;
  const ChannelAdapter& adapter_;
  const Job& job_;
  const Fence fence_;
  const ShouldYield should_yield_;
  bool yields_ = false;
  bool is_paused_ = false;
  bool gives_way_ = false;
  bool others_wait_ = false;
  bool stays_ = false;
  bool has_stepped_ = false;  // A step was reported.
  // Of the queue as it was last looked at; and when it will have changed by itself.
  absl::optional<int64_t> queue_revision_;
  absl::Time next_due_ = absl::InfiniteFuture();
  JobOutput output_;
  std::unique_ptr<CircuitBreaker> breaker_;
  JobCounts told_;  // What was told of output_.counts.
  // The job's problems by their subjects, how many of them are stored, and the others, in their order.
  absl::flat_hash_map<std::string, std::vector<Problem>> noted_;
  int64_t stored_problems_ = 0;
  std::vector<JobProblem> new_problems_;
  JobProgress progress_;
  int64_t pushes_ = 0;
  Lookout lookout_;      // For changes of the queue since it was last looked at.
  absl::Time asked_at_;  // When storage was last asked whether the queue has changed.
  absl::Status ended_;   // Why the job is to end, where that was found out during a step or a call.
  std::function<absl::Status()> before_wait_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_JOB_CONTEXT_H_

#include "src/engine/job_context.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "src/engine/backoff.h"
#include "src/engine/circuit_breaker.h"
#include "src/jobs/queue_order.h"
#include "src/linking/link_input.h"

namespace flxlink::engine {
namespace {

// How often one whose step or call can be cut short asks storage whether anything has changed, unless the bell rings.
constexpr absl::Duration kPeekEvery = absl::Milliseconds(20);

constexpr absl::Duration kShortestWait = absl::Milliseconds(1);

// What linking reads was changed by a job where one of these is not 0.
constexpr absl::string_view kLinkInputCounts[] = {"inserted", "changed", "healed",    "gone",
                                                  "created",  "broken",  "refreshed", "dissolved"};

// How often one who waits looks whether the job is to yield.
absl::Duration LookAgainAfter(const EngineOptions& options) { return std::max(options.poll_interval, kShortestWait); }

// What a read answers, as old as it is when the call has ended. Time that runs backwards is none: somebody has set the
// clock.
template <typename Read>
auto Aged(const Clock& clock, Read read) -> decltype(read()) {
  const absl::Time begun = clock.Now();
  auto answer = read();
  if (answer.ok()) answer->age += std::max(clock.Now() - begun, absl::ZeroDuration());
  return answer;
}

absl::Status Cancelled() { return absl::CancelledError("cancelled by a person"); }

}  // namespace

bool IsSlotLost(const absl::Status& status) { return ProblemFrom(status).code == problem_code::kSlotLost; }

bool WorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
      return true;
    case absl::StatusCode::kResourceExhausted:
      // A throttled channel says for how long; a full disk does not.
      return IsThrottled(status);
    default:
      return false;
  }
}

// A call of the adapter that is under way.
class JobContext::JobCall : public CallContext {
 public:
  JobCall(JobContext& context, absl::Duration timeout, absl::Span<const CallPermit* const> permits)
      : context_(context), deadline_(context.options().clock->Now() + timeout) {
    for (const CallPermit* permit : permits) calls_.push_back(permit->call());
  }

  absl::Duration time_left() const override { return deadline_ - context_.options().clock->Now(); }
  bool cancelled() const override { return context_.EndsCalls(); }
  void TellLevel(const BucketLevel& level) const override {
    context_.limits_->TakeLevel(calls_, level, context_.options().clock->Now());
  }
  void Log(LogLevel level, absl::string_view text) const override {
    context_.reporter().AdapterSaid(context_.job(), level, text);
  }

 private:
  JobContext& context_;
  const absl::Time deadline_;
  std::vector<int64_t> calls_;  // Of the account's limits.
};

JobContext::JobContext(const EngineOptions& options, Reporter& reporter, std::shared_ptr<AccountLimits> limits,
                       const Channel& channel, const ChannelAdapter& adapter, const Job& job, const Fence& fence,
                       ShouldYield should_yield)
    : options_(options),
      reporter_(reporter),
      limits_(std::move(limits)),
      channel_(channel),
      adapter_(adapter),
      job_(job),
      fence_(fence),
      should_yield_(should_yield),
      told_(job.counts),
      stored_problems_(job.problem_count),
      progress_(job.progress),
      lookout_(options),
      asked_at_(options.clock->Now()) {
  output_.cursor = job.cursor;
  output_.counts = job.counts;
  // Reads there what it holds.
  breaker_ = std::make_unique<CircuitBreaker>(*this);
}

JobContext::~JobContext() = default;

absl::Status JobContext::ReadNoted() {
  if (job_.problem_count == 0) return absl::OkStatus();
  const absl::StatusOr<std::vector<JobProblem>> stored =
      RetryValue<std::vector<JobProblem>>([&] { return storage().ReadJobProblems(job_.job_id, 0, Job::kMaxProblems); });
  if (!stored.ok()) return stored.status();
  for (const JobProblem& problem : *stored) noted_[problem.subject].push_back(problem.problem);
  return absl::OkStatus();
}

void JobContext::Count(absl::string_view name, int64_t amount) {
  for (auto& [key, value] : output_.counts) {
    if (key == name) {
      value += amount;
      return;
    }
  }
  output_.counts.emplace_back(std::string(name), amount);
}

void JobContext::SetCount(absl::string_view name, int64_t amount) { Count(name, amount - CountOf(name)); }

int64_t JobContext::CountOf(absl::string_view name) const {
  for (const auto& [key, value] : output_.counts) {
    if (key == name) return value;
  }
  return 0;
}

bool JobContext::HasCount(absl::string_view name) const {
  return std::any_of(output_.counts.begin(), output_.counts.end(),
                     [&](const auto& count) { return count.first == name; });
}

bool JobContext::HasUnjudgedChanges() {
  const absl::StatusOr<Channel> channel = ReadChannel();
  if (channel.ok() && !linking::CheckReadyToLink(*channel).ok()) return false;
  LinkIndex* const index = storage().link_index();
  if (index == nullptr) {
    return std::any_of(std::begin(kLinkInputCounts), std::end(kLinkInputCounts),
                       [&](absl::string_view name) { return CountOf(name) > 0; });
  }
  const absl::StatusOr<LinkBase> base = RetryValue<LinkBase>([&] { return index->ReadLinkBase(channel_.channel_id); });
  return !base.ok() || base->text.empty() || base->changes > 0;
}

void JobContext::AddProblem(absl::string_view subject, Problem problem) {
  if (stored_problems_ + static_cast<int64_t>(new_problems_.size()) >= Job::kMaxProblems) return;
  std::vector<Problem>& noted = noted_[subject];
  if (std::find(noted.begin(), noted.end(), problem) != noted.end()) return;
  noted.push_back(problem);
  new_problems_.push_back({std::string(subject), std::move(problem)});
}

void JobContext::LeaveToPull(JobKind kind, JobOptions options) {
  SetCount("left_to_pull", 1);
  output_.left.emplace();
  output_.left->kind = kind;
  output_.left->options = std::move(options);
}

JobProgress JobContext::progress_so_far() const {
  JobProgress so_far = progress_;
  if (so_far.looked_at() >= so_far.total.value_or(0)) so_far.total.reset();
  return so_far;
}

JobReport JobContext::report_so_far() const {
  return {progress_so_far(), output_.cursor, output_.counts, stored_problems_, new_problems_};
}

absl::StatusOr<Storage::ProgressReply> JobContext::StoreReport() {
  const JobReport report = report_so_far();
  absl::StatusOr<Storage::ProgressReply> reply =
      RetryValue<Storage::ProgressReply>([&] { return storage().WriteProgress(fence_, report); });
  if (!reply.ok()) return reply;
  stored_problems_ += static_cast<int64_t>(report.problems.size());
  new_problems_.clear();
  return reply;
}

absl::Status JobContext::Report() {
  const absl::StatusOr<Storage::ProgressReply> reply = StoreReport();
  if (!reply.ok()) return reply.status();
  has_stepped_ = true;
  ReportCounts();
  reporter_.Progressed(job_, progress_so_far());
  if (reply->cancel_requested) return Cancelled();
  const absl::Status status = LookAtQueue(reply->queue_revision);
  return status.ok() ? CheckYield() : status;
}

absl::Status JobContext::LookAtQueue(int64_t revision) {
  return revision == queue_revision_ ? LookForDue() : ReadQueue();
}

absl::Status JobContext::LookForChange(absl::Duration every) {
  if (!IsTimeToAsk(every)) return absl::OkStatus();
  return lookout_.HasChanged() ? ReadQueue() : LookForDue();
}

// Storage's time, which says it, is had again soon.
absl::Status JobContext::LookForDue() {
  if (next_due_ == absl::InfiniteFuture()) return absl::OkStatus();
  const absl::StatusOr<absl::Time> now = storage().Now();
  return now.ok() && *now >= next_due_ ? ReadQueue() : absl::OkStatus();
}

bool JobContext::IsWanted() {
  // The end of the step finds out what is wrong.
  LookForChange(kPeekEvery).IgnoreError();
  return yields();
}

// A clock that was set back does not put it off.
bool JobContext::IsTimeToAsk(absl::Duration every) {
  const absl::Duration passed = options_.clock->Now() - asked_at_;
  if (!lookout_.was_rung() && passed >= absl::ZeroDuration() && passed < every) return false;
  asked_at_ = options_.clock->Now();
  return true;
}

// Tries once: where that fails in passing, another look is never far, and who waits may be waiting for storage itself.
absl::Status JobContext::ReadQueue() {
  lookout_.Begin();
  const absl::Status status = TakeQueue();
  if (WorthAnotherTry(status)) {
    lookout_.Forget();
  } else if (ended_.ok()) {
    ended_ = status;
  }
  return ended_;
}

absl::Status JobContext::TakeQueue() {
  const absl::StatusOr<absl::Time> now = storage().Now();
  if (!now.ok()) return now.status();
  const absl::StatusOr<QueueSnapshot> queue = storage().ReadQueue(channel_.channel_id);
  if (!queue.ok()) return queue.status();
  const Slot& slot = queue->slot;
  const bool is_held = slot.holder_job == fence_.job_id && slot.epoch == fence_.epoch && slot.claim == fence_.claim;
  // Which storage says in its own words.
  if (!is_held) return storage().WriteProgress(fence_, report_so_far()).status();
  if (slot.cancel_requested) return Cancelled();
  queue_revision_ = slot.revision;
  next_due_ = slot.next_due;
  is_paused_ = slot.paused;
  gives_way_ = jobs::GivesWay(*queue, job_, *now);
  others_wait_ = jobs::OthersWait(*queue, *now);
  return absl::OkStatus();
}

// Counts are only ever added at the end, so those that were told come first.
void JobContext::ReportCounts() {
  JobCounts more;
  for (size_t i = 0; i < output_.counts.size(); ++i) {
    const int64_t told = i < told_.size() ? told_[i].second : 0;
    if (output_.counts[i].second > told) more.emplace_back(output_.counts[i].first, output_.counts[i].second - told);
  }
  told_ = output_.counts;
  if (!more.empty()) reporter_.Counted(job_, more);
}

absl::Duration JobContext::Backoff(int tries) const { return engine::Backoff(options_, tries); }

absl::Status JobContext::Retry(absl::FunctionRef<absl::Status()> call) {
  for (int tries = 1;; ++tries) {
    const absl::Status status = call();
    if (status.ok() || !WorthAnotherTry(status) || tries >= options_.max_tries) return status;
    const absl::Status waited = Wait(std::max(Backoff(tries), RetryAfter(status).value_or(absl::ZeroDuration())));
    if (!waited.ok()) return waited;
  }
}

absl::StatusOr<Channel> JobContext::ReadChannel() {
  return RetryValue<Channel>([&] { return storage().ReadChannel(channel_.channel_id); });
}

absl::StatusOr<absl::Time> JobContext::Now() {
  return RetryValue<absl::Time>([&] { return storage().Now(); });
}

absl::Status JobContext::Write(absl::FunctionRef<absl::Status(absl::Time now)> call) {
  return Retry([&] {
    const absl::StatusOr<absl::Time> now = storage().Now();
    return now.ok() ? call(*now) : now.status();
  });
}

absl::Status JobContext::Wait(absl::Duration duration) {
  if (duration > absl::ZeroDuration() && before_wait_ != nullptr) {
    std::function<absl::Status()> before_wait = std::exchange(before_wait_, nullptr);
    const absl::Status status = before_wait();
    before_wait_ = std::move(before_wait);
    if (!status.ok()) return status;
  }
  while (duration > absl::ZeroDuration()) {
    if (absl::Status status = CheckYield(); !status.ok()) return status;
    duration -= SleepSlice(std::min(duration, LookAgainAfter(options_)));
    if (absl::Status status = LookForChange(LookAgainAfter(options_)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// A clock that is set meanwhile makes it neither longer nor shorter than the slice.
absl::Duration JobContext::SleepSlice(absl::Duration slice) {
  const absl::Time begun = options_.clock->Now();
  lookout_.Sleep(slice);
  if (!lookout_.was_rung()) return slice;
  return std::min(std::max(options_.clock->Now() - begun, absl::ZeroDuration()), slice);
}

absl::Status JobContext::CheckYield() const { return yields() ? absl::CancelledError("the job yields") : ended_; }

// To give way is no reason: the call is a step that is under way.
bool JobContext::EndsCalls() {
  if (ended_.ok() && ends_soon()) ended_ = CheckYield();
  if (ended_.ok()) ended_ = LookForChange(kPeekEvery);
  return !ended_.ok();
}

absl::StatusOr<CallPermit> JobContext::Take(const CallCost& cost, int64_t items) {
  return Take(cost, items, Lane::kUrgent);
}

// Who has not done a step yet waits for its turn: a job that gave way here each time would never get on.
absl::StatusOr<CallPermit> JobContext::Take(const CallCost& cost, int64_t items, Lane lane) {
  const bool stays = std::exchange(stays_, stays_ || !has_stepped_);
  const absl::Cleanup done = [&] { stays_ = stays; };
  CallPermit permit(limits_, cost, items, lane);
  for (;;) {
    const absl::Duration wait = permit.Try(options_.clock->Now());
    if (wait <= absl::ZeroDuration()) return permit;
    const absl::Status status = Wait(std::min(wait, LookAgainAfter(options_)));
    if (!status.ok()) return status;
  }
}

absl::optional<CallPermit> JobContext::TakeNow(const CallCost& cost, int64_t items) {
  CallPermit permit(limits_, cost, items, Lane::kUrgent);
  if (permit.Try(options_.clock->Now()) > absl::ZeroDuration()) return absl::nullopt;
  return permit;
}

std::unique_ptr<CallContext> JobContext::StartCall(absl::Duration timeout,
                                                   absl::Span<const CallPermit* const> permits) {
  return std::make_unique<JobCall>(*this, timeout, permits);
}

void JobContext::TakeThrottled(CallPermit& permit, absl::Duration retry_after) const {
  permit.TakeThrottled(retry_after, options_.clock->Now());
}

template <typename T>
absl::StatusOr<T> JobContext::Read(const CallCost& cost, int64_t items, Lane lane,
                                   absl::FunctionRef<absl::StatusOr<T>(const CallContext& call)> read) {
  absl::StatusOr<CallPermit> permit = Take(cost, items, lane);
  if (!permit.ok()) return permit.status();
  absl::StatusOr<T> answer = read(*StartCall(adapter_.capabilities().read_timeout, {&*permit}));
  if (IsThrottled(answer.status())) TakeThrottled(*permit, *RetryAfter(answer.status()));
  if (!absl::IsCancelled(answer.status())) return answer;
  if (!ended_.ok()) return ended_;
  return absl::UnavailableError(absl::StrCat("the adapter ended the call by itself: ", answer.status().message()));
}

absl::StatusOr<PullPage> JobContext::Pull(const PullRequest& request) {
  const Lane lane = request.mark.empty() ? Lane::kBulk : Lane::kUrgent;
  return RetryValue<PullPage>([&] {
    return Read<PullPage>(adapter_.capabilities().pull_cost, request.limit, lane, [&](const CallContext& call) {
      return Aged(*options_.clock, [&] { return adapter_.Pull(request, call); });
    });
  });
}

absl::StatusOr<FetchReply> JobContext::Fetch(const FetchRequest& request) {
  return RetryValue<FetchReply>([&] {
    return Read<FetchReply>(
        adapter_.capabilities().fetch_cost, static_cast<int64_t>(request.external_ids.size()), Lane::kUrgent,
        [&](const CallContext& call) { return Aged(*options_.clock, [&] { return adapter_.Fetch(request, call); }); });
  });
}

absl::StatusOr<std::vector<PushOutcome>> JobContext::PollReceipts(absl::Span<const std::string> receipts) {
  return Read<std::vector<PushOutcome>>(adapter_.capabilities().poll_cost, static_cast<int64_t>(receipts.size()),
                                        Lane::kUrgent,
                                        [&](const CallContext& call) { return adapter_.PollReceipts(receipts, call); });
}

// An epoch is held once, so its number and a count make a number that no earlier holder of the slot used.
int64_t JobContext::NextPushId() { return (fence_.epoch << 32) + ++pushes_; }

}  // namespace flxlink::engine

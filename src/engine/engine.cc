#include "flxlink/engine.h"

#include <algorithm>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "src/engine/backoff.h"
#include "src/engine/job_context.h"
#include "src/engine/job_queue.h"
#include "src/engine/link_view.h"
#include "src/engine/queue_gauges.h"
#include "src/engine/reporter.h"
#include "src/engine/safe_adapter.h"
#include "src/engine/worker.h"
#include "src/jobs/queue.h"

namespace flxlink {
namespace {

uint64_t MachineRandom() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

absl::Status CheckOptions(const EngineOptions& options) {
  if (options.storage == nullptr) return absl::InvalidArgumentError("EngineOptions::storage is required");
  if (options.adapters == nullptr) return absl::InvalidArgumentError("EngineOptions::adapters is required");
  if (options.page_rows < 1 || options.page_rows > Storage::kMaxRows) {
    return absl::InvalidArgumentError(
        absl::StrCat("EngineOptions::page_rows is ", options.page_rows, "; it must be 1 to ", Storage::kMaxRows));
  }
  if (options.event_capacity < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("EngineOptions::event_capacity is ", options.event_capacity, "; it must be at least 1"));
  }
  if (options.max_tries < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("EngineOptions::max_tries is ", options.max_tries, "; it must be at least 1"));
  }
  return absl::OkStatus();
}

// How long an external id may be, in bytes.
constexpr size_t kMaxExternalId = 1000;

absl::Status CheckExternalId(absl::string_view id) {
  if (id.empty()) return absl::InvalidArgumentError("an external id is empty; give the item's id on the platform");
  if (id.size() > kMaxExternalId) {
    return absl::InvalidArgumentError(
        absl::StrCat("an external id has ", id.size(), " bytes; it may have ", kMaxExternalId));
  }
  if (id.find('\0') == absl::string_view::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("an external id has a character U+0000; give the item's id on the platform");
}

class EngineImpl : public Engine {
 public:
  EngineImpl(const EngineOptions& options, std::unique_ptr<CredentialResolver> own_credentials, OwnerId owner)
      : own_credentials_(std::move(own_credentials)),
        options_(WithCredentials(options, own_credentials_.get())),
        reporter_(options_),
        retries_(options_),
        queue_(*options_.storage, options_.random, &reporter_),
        owner_(owner),
        worker_(options_, queue_, reporter_, owner) {
    if (storage().keep_alive_interval() < absl::InfiniteDuration()) keep_alive_ = std::thread([this] { KeepAlive(); });
  }

  ~EngineImpl() override {
    SendLentThreadsAway();
    Stop(absl::ZeroDuration(), Call());
    AwaitLentThreads();
    worker_.WriteEnds();
    ending_.Notify();
    if (keep_alive_.joinable()) keep_alive_.join();
    storage().CloseOwner(owner_).IgnoreError();  // Storage notices the owner's end by itself, only later.
  }

  absl::StatusOr<Channel> AddChannel(const ChannelConfig& config) override {
    const absl::Status status = CheckConfig(config);
    if (!status.ok()) return status;
    return storage().CreateChannel(config);
  }

  absl::StatusOr<Channel> EditChannel(absl::string_view name, bool as_draft,
                                      absl::FunctionRef<absl::Status(ChannelConfig&)> edit) override {
    return WriteChannel(name, [&](Channel& channel) -> absl::Status {
      ChannelConfig config = as_draft && channel.draft.has_value() ? *channel.draft : channel.config;
      absl::Status status = edit(config);
      if (!status.ok()) return status;
      if (config.name != channel.config.name) {
        return absl::InvalidArgumentError(absl::StrCat("channel ", channel.config.name, " cannot be renamed"));
      }
      status = CheckConfig(config);
      if (!status.ok()) return status;
      if (as_draft) {
        channel.draft = std::move(config);
      } else {
        channel.config = std::move(config);
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<Channel> ApplyDraft(absl::string_view name) override {
    return WriteChannel(name, [&](Channel& channel) -> absl::Status {
      if (!channel.draft.has_value()) {
        return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoDraft,
                             {{"channel", std::string(name)}}, absl::StrCat("channel ", name, " has no draft"));
      }
      channel.config = *std::move(channel.draft);
      channel.draft.reset();
      return absl::OkStatus();
    });
  }

  absl::StatusOr<Channel> GetChannel(absl::string_view name) override { return storage().ReadChannel(name); }
  absl::StatusOr<std::vector<Channel>> ListChannels() override { return storage().ReadChannels(); }

  absl::Status RemoveChannel(absl::string_view name) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    return channel.ok() ? storage().RemoveChannel(channel->channel_id) : channel.status();
  }

  absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch) override {
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    if (batch.size() <= options_.page_rows) return storage().WriteProducts(batch, *now);
    ProductWriteResult total;
    for (int64_t first = 0; first < batch.size(); first += options_.page_rows) {
      absl::StatusOr<ProductWriteResult> written = storage().WriteProducts(
          SliceProducts(batch, first, std::min(options_.page_rows, batch.size() - first)), *now);
      if (!written.ok()) return written.status();
      total.inserted += written->inserted;
      total.changed += written->changed;
      total.unchanged += written->unchanged;
      total.dirtied += written->dirtied;
    }
    return total;
  }

  absl::Status ForEachListing(absl::string_view name, const ListingFilter& filter,
                              absl::FunctionRef<absl::Status(const ListingRow&)> visit) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    for (int64_t after_id = 0;;) {
      absl::StatusOr<std::vector<ListingRow>> page =
          storage().ReadListings(channel->channel_id, filter, after_id, options_.page_rows);
      if (!page.ok()) return page.status();
      if (page->empty()) return absl::OkStatus();
      after_id = page->back().listing_id;
      for (const ListingRow& row : *page) {
        const absl::Status status = visit(row);
        if (!status.ok()) return status;
      }
    }
  }

  absl::Status EditListing(absl::string_view name, absl::string_view sku, const ListingEdit& edit) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    const absl::Status status = storage().EditListing(channel->channel_id, sku, edit, *now);
    if (status.ok()) ReportEdit(channel->config.name, sku, edit);
    return status;
  }

  absl::StatusOr<ListingExplanation> Explain(absl::string_view name, absl::string_view sku, const Call& call) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::ExplainListing(options_, *channel, sku, call);
  }

  absl::StatusOr<LinkPlan> PlanLinks(absl::string_view name) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::PlanLinks(options_, *channel);
  }

  absl::StatusOr<Job> Enqueue(absl::string_view name, const JobRequest& request) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return queue_.Enqueue(channel->channel_id, request);
  }

  absl::StatusOr<Job> NoteItems(absl::string_view channel, absl::Span<const std::string> external_ids) override {
    if (external_ids.empty()) return absl::InvalidArgumentError("a notice names no item; give the external ids");
    for (const std::string& id : external_ids) {
      if (absl::Status status = CheckExternalId(id); !status.ok()) return status;
    }
    JobRequest request;
    request.kind = JobKind::kPull;
    request.trigger = JobTrigger::kNotice;
    return Enqueue(channel, request);
  }

  absl::StatusOr<Job> GetJob(int64_t job_id) override { return storage().ReadJob(job_id); }

  absl::StatusOr<std::vector<Job>> ListJobs(const JobFilter& filter, int64_t limit) override {
    return storage().ReadJobs(filter, std::numeric_limits<int64_t>::max(), limit);
  }

  absl::StatusOr<Job> Prioritize(int64_t job_id) override { return queue_.Prioritize(job_id); }
  absl::StatusOr<Job> Cancel(int64_t job_id) override { return queue_.Cancel(job_id); }
  absl::StatusOr<Job> Approve(int64_t job_id) override { return queue_.Approve(job_id); }

  absl::StatusOr<Job> Rerun(int64_t job_id) override {
    absl::StatusOr<Job> job = storage().ReadJob(job_id);
    if (!job.ok()) return job.status();
    if (!IsFinal(job->state)) {
      return ProblemStatus(
          absl::StatusCode::kFailedPrecondition, problem_code::kJobOpen, {{"job", absl::StrCat(job_id)}},
          absl::StrCat("job ", job_id, " is ", ToString(job->state), "; only a job that has ended can be run again"));
    }
    return queue_.Enqueue(job->channel_id, jobs::RerunRequest(*job));
  }

  absl::Status PauseChannel(absl::string_view name) override { return SetPaused(name, true); }
  absl::Status ResumeChannel(absl::string_view name) override { return SetPaused(name, false); }

  absl::StatusOr<ScheduleSetting> SetSchedule(absl::string_view channel, const ScheduleSpec& spec, ScheduledJob job,
                                              absl::string_view name) override {
    Schedule schedule;
    schedule.name = std::string(name.empty() ? ToString(job) : name);
    schedule.spec = spec;
    schedule.job = job;
    absl::Status status = ValidateScheduleName(schedule.name);
    if (!status.ok()) return status;
    absl::StatusOr<Channel> found = storage().ReadChannel(channel);
    if (!found.ok()) return found.status();
    schedule.channel_id = found->channel_id;
    schedule.channel = found->config.name;
    status = SetNextFire(schedule);
    if (!status.ok()) return status;
    absl::StatusOr<bool> replaced = storage().WriteSchedule(schedule);
    if (!replaced.ok()) return replaced.status();
    return ScheduleSetting{std::move(schedule), *replaced};
  }

  absl::StatusOr<Schedule> EnableSchedule(absl::string_view channel, absl::string_view name, bool enabled) override {
    absl::StatusOr<Schedule> schedule = FindSchedule(channel, name);
    if (!schedule.ok()) return schedule.status();
    schedule->enabled = enabled;
    // One that cannot fire any more can be disabled all the same.
    absl::Status status = enabled ? SetNextFire(*schedule) : absl::OkStatus();
    if (status.ok()) status = storage().WriteSchedule(*schedule).status();
    if (!status.ok()) return status;
    return schedule;
  }

  absl::StatusOr<Schedule> ClearSchedule(absl::string_view channel, absl::string_view name) override {
    absl::StatusOr<Schedule> schedule = FindSchedule(channel, name);
    if (!schedule.ok()) return schedule.status();
    const absl::Status status = storage().ClearSchedule(schedule->channel_id, schedule->name);
    if (!status.ok()) return status;
    return schedule;
  }

  absl::StatusOr<std::vector<Schedule>> ListSchedules() override { return storage().ReadSchedules(); }

  absl::StatusOr<int> FireSchedules() override {
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<std::vector<Schedule>> due = storage().ReadDueSchedules(*now, Storage::kMaxRows);
    if (!due.ok()) return due.status();
    int fired = 0;
    for (const Schedule& schedule : *due) {
      Try(schedule.channel, absl::StrCat("schedule ", schedule.name, " of channel ", schedule.channel),
          [&] { return Fire(schedule, *now, fired); });
    }
    return fired;
  }

  std::unique_ptr<EventStream> Subscribe(const EventFilter& filter) override { return reporter_.Subscribe(filter); }

  absl::StatusOr<std::vector<Metric>> ReadMetrics() override {
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<std::vector<Metric>> gauges = engine::ReadQueueGauges(storage(), *now);
    if (!gauges.ok()) return gauges;
    std::vector<Metric> metrics = reporter_.ReadCounters();
    metrics.insert(metrics.end(), gauges->begin(), gauges->end());
    return metrics;
  }

  absl::StatusOr<int> RunPending(int max_jobs, const Call& call) override {
    return OnLentThread([&] { return RunClaimable(max_jobs, call); });
  }

  absl::StatusOr<Job> RunUntilFinal(int64_t job_id, const Call& call) override {
    return OnLentThread([&] { return ServeUntilFinal(job_id, call); });
  }

  absl::Status Start(int workers) override {
    absl::MutexLock lock(&mutex_);
    if (!threads_.empty()) return absl::FailedPreconditionError("the engine's workers run already; stop them first");
    if (workers < 1) return absl::InvalidArgumentError(absl::StrCat(workers, " workers; at least 1 is needed"));
    stopping_ = yielding_ = false;
    working_ = workers;
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { Work(); });
    return absl::OkStatus();
  }

  void Stop(absl::Duration grace, const Call& call) override {
    std::vector<std::thread> threads;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      threads.swap(threads_);
    }
    AwaitWorkers(options_.clock->Now() + grace, call);
    {
      absl::MutexLock lock(&mutex_);
      yielding_ = true;
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  static EngineOptions WithCredentials(EngineOptions options, const CredentialResolver* own) {
    if (options.credentials == nullptr) options.credentials = own;
    return options;
  }

  Storage& storage() { return *options_.storage; }

  // The settings by themselves, with the adapter, and the rules against what the adapter offers.
  absl::Status CheckConfig(const ChannelConfig& config) {
    absl::Status status = ValidateChannelConfig(config);
    if (!status.ok()) return status;
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter =
        engine::MakeSafeAdapter(*options_.adapters, {config, *options_.credentials}, reporter_);
    if (!adapter.ok()) return adapter.status();
    const std::vector<std::string>& fields = (*adapter)->capabilities().link_fields;
    for (const LinkRule& rule : config.link_priority) {
      if (fields.empty() || std::find(fields.begin(), fields.end(), rule.channel_field) != fields.end()) continue;
      return ProblemStatus(
          absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
          {{"channel", config.name}, {"setting", FormatLinkRule(rule)}},
          absl::StrCat("rule ", FormatLinkRule(rule), ": the ", config.adapter, " adapter has no field ",
                       rule.channel_field, "; it has ", absl::StrJoin(fields, ", ")));
    }
    return absl::OkStatus();
  }

  // Reads a channel, changes its config or draft and writes it back, again if somebody else was faster.
  absl::StatusOr<Channel> WriteChannel(absl::string_view name, absl::FunctionRef<absl::Status(Channel&)> change) {
    for (;;) {
      absl::StatusOr<Channel> before = storage().ReadChannel(name);
      if (!before.ok()) return before.status();
      Channel channel = *before;
      absl::Status status = change(channel);
      if (!status.ok()) return status;
      const ChannelConfig& was = before->config;
      const ChannelConfig& is = channel.config;
      const bool moves_policy = !(was.sync_fields == is.sync_fields) || was.currency != is.currency ||
                                was.oversell_guard != is.oversell_guard;
      status = storage().WriteChannel(channel.channel_id, before->revision, is, channel.draft, moves_policy);
      if (status.ok()) return storage().ReadChannel(name);
      if (!absl::IsAborted(status)) return status;
    }
  }

  void ReportEdit(absl::string_view channel, absl::string_view sku, const ListingEdit& edit) {
    LinkChanges links;
    links.made = edit.kind == ListingEdit::Kind::kLink ? 1 : 0;
    links.released = edit.kind == ListingEdit::Kind::kUnlink ? 1 : 0;
    if (links.made + links.released > 0) reporter_.LinkEdited(channel, sku, edit.external_id, links);
  }

  absl::Status SetPaused(absl::string_view name, bool paused) {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    return channel.ok() ? queue_.Pause(channel->channel_id, paused) : channel.status();
  }

  // The channel's schedules, by name.
  absl::StatusOr<std::vector<Schedule>> SchedulesOf(const Channel& channel) {
    absl::StatusOr<std::vector<Schedule>> schedules = storage().ReadSchedules();
    if (!schedules.ok()) return schedules.status();
    const auto is_others = [&](const Schedule& schedule) { return schedule.channel_id != channel.channel_id; };
    schedules->erase(std::remove_if(schedules->begin(), schedules->end(), is_others), schedules->end());
    return schedules;
  }

  // The channel's schedule of this name or, where that is empty, its only one.
  absl::StatusOr<Schedule> FindSchedule(absl::string_view channel_name, absl::string_view name) {
    absl::StatusOr<Channel> channel = storage().ReadChannel(channel_name);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<Schedule>> schedules = SchedulesOf(*channel);
    if (!schedules.ok()) return schedules.status();
    if (schedules->empty()) {
      return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoSchedule,
                           {{"channel", std::string(channel_name)}},
                           absl::StrCat("channel ", channel_name, " has no schedule"));
    }
    if (name.empty() && schedules->size() == 1) return std::move(schedules->front());
    std::vector<std::string> names;
    for (Schedule& schedule : *schedules) {
      if (schedule.name == name) return std::move(schedule);
      names.push_back(schedule.name);
    }
    const std::string there = absl::StrJoin(names, ", ");
    if (name.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("channel ", channel_name, " has several schedules: ", there, "; name one of them"));
    }
    return absl::NotFoundError(absl::StrCat("channel ", channel_name, " has no schedule ", name, "; it has ", there));
  }

  // Lets the schedule fire from now on.
  absl::Status SetNextFire(Schedule& schedule) {
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<absl::Time> next = NextFire(schedule.spec, *now);
    if (!next.ok()) return next.status();
    schedule.next_fire = *next;
    schedule.problem = {};
    return absl::OkStatus();
  }

  // Counts it in `fired`. Why a schedule is disabled is its error too.
  absl::Status Fire(const Schedule& schedule, absl::Time now, int& fired) {
    // From now, not from the fire that was missed: missed ones are made up by one.
    const absl::StatusOr<absl::Time> next = NextFire(schedule.spec, now);
    const absl::StatusOr<bool> done = queue_.Fire(schedule, next, now);
    if (!done.ok()) return done.status();
    if (!*done) return absl::OkStatus();
    ++fired;
    return next.status();
  }

  // Does `work`, unless it failed `where` it is a moment ago, and reports what fails.
  void Try(absl::string_view channel, const std::string& where, absl::FunctionRef<absl::Status()> work) {
    if (retries_.Waits(where)) return;
    const absl::Status status = work();
    if (status.ok()) {
      retries_.Succeeded(where);
    } else {
      retries_.Failed(where);
      reporter_.Trouble(channel, where, status);
    }
  }

  static absl::Status Leaving() {
    return absl::CancelledError("the engine is being destroyed; go on with another one");
  }

  // Whether lent threads are to leave.
  bool IsLeaving() {
    absl::MutexLock lock(&mutex_);
    return leaving_;
  }

  // Does `call`, so that the destructor waits for it. Nothing of the engine may be touched afterwards.
  template <typename Call>
  auto OnLentThread(Call call) -> decltype(call()) {
    {
      absl::MutexLock lock(&mutex_);
      if (leaving_) return Leaving();
      ++lent_threads_;
    }
    absl::Cleanup leave = [this] {
      absl::MutexLock lock(&mutex_);
      --lent_threads_;
    };
    return call();
  }

  void SendLentThreadsAway() {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
  }

  void AwaitLentThreads() {
    absl::MutexLock lock(&mutex_);
    const auto all_left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return lent_threads_ == 0; };
    mutex_.Await(absl::Condition(&all_left));
  }

  // Why a lent thread is to leave; OK: it may stay.
  absl::Status CheckLent(const Call& call) { return IsLeaving() ? Leaving() : CheckCall(call, options_.clock->Now()); }

  absl::StatusOr<int> RunClaimable(int max_jobs, const Call& call) {
    const auto should_yield = [&] { return !CheckLent(call).ok(); };
    for (int ran = 0; ran < max_jobs; ++ran) {
      if (absl::Status status = CheckLent(call); !status.ok()) return status;
      absl::StatusOr<bool> one = worker_.RunAny(should_yield);
      if (!one.ok()) return one.status();
      if (*one) continue;
      // Nothing was left, or what ran has yielded.
      if (absl::Status status = CheckLent(call); !status.ok()) return status;
      return ran;
    }
    return max_jobs;
  }

  absl::StatusOr<Job> ServeUntilFinal(int64_t job_id, const Call& call) {
    const auto should_yield = [&] { return !CheckLent(call).ok(); };
    for (int failures = 0; !IsLeaving();) {
      absl::StatusOr<Job> job = storage().ReadJob(job_id);
      if (job.ok() && (IsFinal(job->state) || job->state == JobState::kHeld)) return job;
      if (absl::Status status = CheckLent(call); !status.ok()) return status;
      absl::StatusOr<bool> ran =
          job.ok() ? worker_.RunNext(job->channel_id, should_yield) : absl::StatusOr<bool>(job.status());
      if (ran.ok() && !*ran) ran = CheckNotPaused(*job);
      failures = ran.ok() ? 0 : failures + 1;
      const bool try_again = engine::WorthAnotherTry(ran.status()) && failures < options_.max_tries;
      if (!ran.ok() && !try_again) return ran.status();
      if (!ran.ok() || !*ran) Rest(ran.ok() ? options_.poll_interval : engine::Backoff(options_, failures));
    }
    return Leaving();
  }

  // False, or FAILED_PRECONDITION where the job waits for its channel to be resumed.
  absl::StatusOr<bool> CheckNotPaused(const Job& job) {
    absl::StatusOr<QueueSnapshot> queue = storage().ReadQueue(job.channel_id);
    if (!queue.ok()) return queue.status();
    for (const Job& open : queue->open_jobs) {
      if (!queue->slot.paused || open.job_id != job.job_id || open.state != JobState::kPending) continue;
      return absl::FailedPreconditionError(absl::StrCat("channel ", queue->channel, " is paused, so job ", job.job_id,
                                                        " waits; resume the channel to let it run"));
    }
    return false;
  }

  bool Stopping() {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  // Waits for `duration`, or until lent threads are to leave.
  void Rest(absl::Duration duration) {
    const absl::Duration slice = std::max(options_.poll_interval, absl::Milliseconds(1));
    for (; duration > absl::ZeroDuration() && !IsLeaving(); duration -= slice) {
      options_.clock->Sleep(std::min(duration, slice));
    }
  }

  bool Yielding() {
    absl::MutexLock lock(&mutex_);
    return yielding_;
  }

  // Waits until the workers have ended, `until` has come, or the call ends.
  void AwaitWorkers(absl::Time until, const Call& call) {
    for (;;) {
      const absl::Time now = options_.clock->Now();
      {
        absl::MutexLock lock(&mutex_);
        if (working_ == 0 || now >= until || !CheckCall(call, now).ok()) return;
      }
      options_.clock->Sleep(std::min(options_.poll_interval, until - now));
    }
  }

  // One of the engine's own threads.
  void Work() {
    absl::Cleanup ended = [this] {
      absl::MutexLock lock(&mutex_);
      --working_;
    };
    const auto should_yield = [this] { return Yielding(); };
    while (!Stopping()) {
      bool worked = false;
      Try("", "the schedules in storage", [&] {
        absl::StatusOr<int> fired = FireSchedules();
        worked = fired.ok() && *fired > 0;
        return fired.status();
      });
      Try("", "the queues in storage", [&] {
        absl::StatusOr<bool> ran = worker_.RunAny(should_yield);
        worked = worked || (ran.ok() && *ran);
        return ran.status();
      });
      if (!worked) options_.clock->Sleep(options_.poll_interval);
    }
  }

  void KeepAlive() {
    while (!ending_.WaitForNotificationWithTimeout(storage().keep_alive_interval())) {
      // A sign of life that was missed is made up by the next; when they all fail the lease runs out, and the fences
      // hold.
      storage().KeepAlive(owner_).IgnoreError();
    }
  }

  const std::unique_ptr<CredentialResolver> own_credentials_;
  const EngineOptions options_;
  engine::Reporter reporter_;
  engine::RetryTimes<std::string> retries_;  // Of what Try does.
  engine::JobQueue queue_;
  const OwnerId owner_;
  engine::Worker worker_;

  absl::Mutex mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  int working_ ABSL_GUARDED_BY(mutex_) = 0;        // Of the engine's own threads.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;  // They begin nothing any more …
  bool yielding_ ABSL_GUARDED_BY(mutex_) = false;  // … and what they run yields.
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
  int lent_threads_ ABSL_GUARDED_BY(mutex_) = 0;

  absl::Notification ending_;
  std::thread keep_alive_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options) {
  const absl::Status status = CheckOptions(options);
  if (!status.ok()) return status;
  EngineOptions complete = options;
  if (complete.clock == nullptr) complete.clock = &SystemClock();
  if (!complete.random) complete.random = MachineRandom;
  absl::StatusOr<OwnerId> owner = complete.storage->OpenOwner();
  if (!owner.ok()) return owner.status();
  return std::make_unique<EngineImpl>(complete, NewEnvironmentCredentials(), *owner);
}

}  // namespace flxlink

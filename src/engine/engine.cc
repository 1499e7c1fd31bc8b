#include "flxlink/engine.h"

#include <algorithm>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "src/engine/job_queue.h"
#include "src/engine/link_view.h"
#include "src/engine/worker.h"
#include "src/jobs/queue.h"

namespace flxlink {
namespace {

// Channels that RunPending looks at before it asks storage again for the most urgent.
constexpr int64_t kClaimableAtOnce = 16;

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
  if (options.max_tries < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("EngineOptions::max_tries is ", options.max_tries, "; it must be at least 1"));
  }
  return absl::OkStatus();
}

class EngineImpl : public Engine {
 public:
  EngineImpl(const EngineOptions& options, std::unique_ptr<CredentialResolver> own_credentials, OwnerId owner)
      : own_credentials_(std::move(own_credentials)),
        options_(WithCredentials(options, own_credentials_.get())),
        queue_(*options_.storage, *options_.clock),
        owner_(owner),
        worker_(options_, queue_, owner) {
    if (storage().keep_alive_interval() < absl::InfiniteDuration()) keep_alive_ = std::thread([this] { KeepAlive(); });
  }

  ~EngineImpl() override {
    Stop().IgnoreError();  // Whoever wants the workers' errors calls Stop.
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
    const absl::Time now = options_.clock->Now();
    if (batch.size() <= options_.page_rows) return storage().WriteProducts(batch, now);
    ProductWriteResult total;
    for (int64_t first = 0; first < batch.size(); first += options_.page_rows) {
      absl::StatusOr<ProductWriteResult> written =
          storage().WriteProducts(SliceProducts(batch, first, std::min(options_.page_rows, batch.size() - first)), now);
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
    return storage().EditListing(channel->channel_id, sku, edit, options_.clock->Now());
  }

  absl::StatusOr<ListingExplanation> Explain(absl::string_view name, absl::string_view sku) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::ExplainListing(options_, *channel, sku);
  }

  absl::StatusOr<std::vector<PlannedLink>> PlanLinks(absl::string_view name) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::PlanLinks(options_, *channel);
  }

  absl::StatusOr<Job> Enqueue(absl::string_view name, const JobRequest& request) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return queue_.Enqueue(channel->channel_id, request);
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

  absl::StatusOr<Schedule> SetSchedule(absl::string_view name, const ScheduleSpec& spec, ScheduledJob job) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return StartSchedule({channel->channel_id, spec, job, true, absl::Time()});
  }

  absl::StatusOr<Schedule> EnableSchedule(absl::string_view name, bool enabled) override {
    absl::StatusOr<Schedule> schedule = FindSchedule(name);
    if (!schedule.ok()) return schedule.status();
    schedule->enabled = enabled;
    return StartSchedule(*std::move(schedule));
  }

  absl::Status ClearSchedule(absl::string_view name) override {
    absl::StatusOr<Schedule> schedule = FindSchedule(name);
    return schedule.ok() ? storage().ClearSchedule(schedule->channel_id) : schedule.status();
  }

  absl::StatusOr<std::vector<Schedule>> ListSchedules() override { return storage().ReadSchedules(); }

  absl::StatusOr<int> FireSchedules() override {
    absl::StatusOr<std::vector<Schedule>> schedules = storage().ReadSchedules();
    if (!schedules.ok()) return schedules.status();
    int fired = 0;
    for (const Schedule& schedule : *schedules) {
      absl::StatusOr<bool> fire = queue_.Fire(schedule);
      if (!fire.ok()) return fire.status();
      fired += *fire ? 1 : 0;
    }
    return fired;
  }

  absl::StatusOr<int> RunPending(int max_jobs) override {
    int ran = 0;
    while (ran < max_jobs) {
      absl::StatusOr<std::vector<int64_t>> claimable = storage().ReadClaimable(kClaimableAtOnce);
      if (!claimable.ok()) return claimable.status();
      bool ran_one = false;
      for (const int64_t channel_id : *claimable) {
        absl::StatusOr<bool> run = worker_.RunNext(channel_id);
        if (!run.ok()) return run.status();
        if (!*run) continue;
        ran_one = true;
        break;  // What is most urgent now may be another one than before.
      }
      if (!ran_one) return ran;
      ++ran;
    }
    return ran;
  }

  absl::StatusOr<Job> RunUntilFinal(int64_t job_id) override {
    for (;;) {
      absl::StatusOr<Job> job = storage().ReadJob(job_id);
      if (!job.ok() || IsFinal(job->state) || job->state == JobState::kHeld) return job;
      absl::StatusOr<bool> run = worker_.RunNext(job->channel_id);
      if (!run.ok()) return run.status();
      if (!*run) options_.clock->Sleep(options_.poll_interval);
    }
  }

  absl::Status Start(int workers) override {
    absl::MutexLock lock(&mutex_);
    if (!threads_.empty()) return absl::FailedPreconditionError("the engine's workers run already; stop them first");
    if (workers < 1) return absl::InvalidArgumentError(absl::StrCat(workers, " workers; at least 1 is needed"));
    stopping_ = false;
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { Work(); });
    return absl::OkStatus();
  }

  absl::Status Stop() override {
    std::vector<std::thread> threads;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
    absl::MutexLock lock(&mutex_);
    return std::exchange(worker_error_, absl::OkStatus());
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
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = options_.adapters->Make({config, *options_.credentials});
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

  absl::StatusOr<Schedule> FindSchedule(absl::string_view name) {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<Schedule>> schedules = storage().ReadSchedules();
    if (!schedules.ok()) return schedules.status();
    for (Schedule& schedule : *schedules) {
      if (schedule.channel_id == channel->channel_id) return std::move(schedule);
    }
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoSchedule, {{"channel", std::string(name)}},
                         absl::StrCat("channel ", name, " has no schedule"));
  }

  absl::StatusOr<Schedule> StartSchedule(Schedule schedule) {
    absl::StatusOr<absl::Time> next = NextFire(schedule.spec, options_.clock->Now());
    if (!next.ok()) return next.status();
    schedule.next_fire = *next;
    const absl::Status status = storage().WriteSchedule(schedule);
    if (!status.ok()) return status;
    return schedule;
  }

  bool Stopping() {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  // One of the engine's own threads.
  void Work() {
    while (!Stopping()) {
      absl::StatusOr<int> done = FireSchedules();
      if (done.ok()) done = RunPending(1);
      if (!done.ok()) {
        absl::MutexLock lock(&mutex_);
        worker_error_.Update(done.status());
      }
      if (!done.ok() || *done == 0) options_.clock->Sleep(options_.poll_interval);
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
  engine::JobQueue queue_;
  const OwnerId owner_;
  engine::Worker worker_;

  absl::Mutex mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status worker_error_ ABSL_GUARDED_BY(mutex_);

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

#include "flxlink/engine.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/limits.h"
#include "src/engine/backoff.h"
#include "src/engine/drifted_listings.h"
#include "src/engine/item_problems.h"
#include "src/engine/job_context.h"
#include "src/engine/job_queue.h"
#include "src/engine/link_view.h"
#include "src/engine/lookout.h"
#include "src/engine/page_cursor.h"
#include "src/engine/product_pages.h"
#include "src/engine/queue_gauges.h"
#include "src/engine/reporter.h"
#include "src/engine/safe_adapter.h"
#include "src/engine/worker.h"
#include "src/jobs/queue.h"
#include "src/jobs/queue_list.h"

namespace flxlink {
namespace {

uint64_t MachineRandom() {
  // Opening one costs more than several draws.
  thread_local std::random_device device;
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

// Names of a sort (`what`) by which items are named. One that no storage could keep names nothing.
absl::Status CheckNames(absl::string_view what, absl::Span<const std::string> names) {
  for (const std::string& name : names) {
    if (name.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("an empty ", what, " names nothing; leave it out, or fill it"));
    }
    const absl::optional<Problem> problem = storage::CheckText(what, name, storage::kMaxIndexedBytes);
    if (problem.has_value()) return WithProblem(absl::InvalidArgumentError(problem->message), *problem);
  }
  return absl::OkStatus();
}

bool IsOfItems(const NoticedItems& items) {
  return !items.external_ids.empty() || !items.parent_ids.empty() || !items.aliases.empty();
}

absl::Status CheckNoticed(const NoticedItems& items) {
  if (!IsOfItems(items)) return absl::InvalidArgumentError("no item is named; name one");
  absl::Status status = CheckNames("external_id", items.external_ids);
  if (status.ok()) status = CheckNames("parent_id", items.parent_ids);
  return status.ok() ? CheckNames("alias", items.aliases) : status;
}

absl::Status NothingKnown(absl::string_view channel) {
  return absl::NotFoundError(absl::StrCat("nothing is known on channel ", channel,
                                          " by any of the names that were noticed; the next pull sees what is new"));
}

class EngineImpl : public Engine {
 private:
  using Served = engine::Worker::Served;

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
    storage().work_bell().Ring();
  }

  absl::StatusOr<Channel> AddChannel(const ChannelConfig& config) override {
    const absl::Status status = CheckConfig(config);
    if (!status.ok()) return status;
    return storage().CreateChannel(config);
  }

  absl::StatusOr<Channel> PutChannel(const ChannelConfig& config, int64_t expected_revision, bool as_draft) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(config.name);
    if (!channel.ok()) return channel.status();
    if (channel->revision != expected_revision) return ChangedMeanwhile(*channel, expected_revision);
    const absl::Status status = CheckConfig(config);
    if (!status.ok()) return status;
    const Channel before = *channel;
    if (as_draft) {
      channel->draft = config;
    } else {
      channel->config = config;
    }
    return WriteChannel(before, *channel);
  }

  absl::StatusOr<Channel> ApplyDraft(absl::string_view name) override {
    return EndDraft(name, [](Channel& channel) { channel.config = *channel.draft; });
  }

  absl::StatusOr<Channel> DiscardDraft(absl::string_view name) override {
    return EndDraft(name, [](Channel&) {});
  }

  absl::StatusOr<Channel> GetChannel(absl::string_view name) override { return storage().ReadChannel(name); }
  absl::StatusOr<std::vector<Channel>> ListChannels() override { return storage().ReadChannels(); }

  absl::StatusOr<ChannelCounts> CountChannel(absl::string_view name) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    return channel.ok() ? storage().CountChannel(channel->channel_id) : channel.status();
  }

  absl::Status RemoveChannel(absl::string_view name) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    return channel.ok() ? storage().RemoveChannel(channel->channel_id) : channel.status();
  }

  ProductWriteRun WriteProducts(const ProductBatch& batch, const Call& call) override {
    return engine::WriteProducts(options_, batch, call);
  }

  ProductRemovalRun RemoveProducts(absl::Span<const std::string> skus, const Call& call) override {
    return engine::RemoveProducts(options_, skus, call);
  }

  absl::StatusOr<ProductImport> BeginImport(absl::string_view source) override { return storage().BeginImport(source); }

  absl::StatusOr<AbsentResult> EndImport(const ProductImport& import, AbsentProducts absent,
                                         const Call& call) override {
    return engine::EndImport(options_, import, absent, call);
  }

  absl::StatusOr<ProductPage> ListProducts(const ProductFilter& filter, const PageRequest& request) override {
    absl::StatusOr<std::vector<int64_t>> after = engine::ParseCursor(request.after, 1, 0);
    if (!after.ok()) return after.status();
    absl::StatusOr<ProductBatch> rows = storage().ReadProducts(after->at(0), filter.skus, request.limit);
    if (!rows.ok()) return rows.status();
    ProductPage page;
    // A page may be short because the currency changes after it.
    if (rows->size() > 0) page.next = engine::FormatCursor({rows->product_id.back()});
    page.rows = *std::move(rows);
    return page;
  }

  absl::StatusOr<ListingPage> ListListings(absl::string_view name, const ListingFilter& filter,
                                           const PageRequest& request) override {
    if (filter.drifted) return ListDrifted(name, filter, request);
    absl::StatusOr<ListingPage> page = ReadListingPage(name, filter, request);
    const absl::Status status = page.ok() ? NameRelinks(name, &page->rows) : page.status();
    if (!status.ok()) return status;
    return page;
  }

  absl::StatusOr<ItemPage> ListItems(absl::string_view name, const ItemFilter& filter,
                                     const PageRequest& request) override {
    return ListOfChannel<ItemRow>(
        name, request, 1,
        [&](int64_t channel_id, const std::vector<int64_t>& after) {
          return storage().ReadItems(channel_id, filter, after[0], request.limit);
        },
        [](const ItemRow& row) { return std::vector<int64_t>{row.channel_variant_id}; });
  }

  absl::StatusOr<JobProblemPage> ListItemProblems(absl::string_view name, const PageRequest& request) override {
    const absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::ListItemProblems(storage(), channel->config.name, request);
  }

  absl::StatusOr<LinkHistoryPage> ListLinkHistory(absl::string_view name, const HistoryFilter& filter,
                                                  const PageRequest& request) override {
    return ListOfChannel<LinkHistoryRow>(
        name, request, 2,
        [&](int64_t channel_id, const std::vector<int64_t>& after) {
          return storage().ReadLinkHistory(channel_id, filter, {after[0], after[1]}, request.limit);
        },
        [](const LinkHistoryRow& row) {
          return std::vector<int64_t>{row.place.listing_id, row.place.number};
        });
  }

  absl::StatusOr<std::vector<absl::Status>> EditListings(absl::string_view name, absl::Span<const ListingEdit> edits,
                                                         const Call& call) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    std::vector<absl::Status> statuses;
    const size_t page_rows = static_cast<size_t>(options_.page_rows);
    for (size_t at = 0; at < edits.size(); at += page_rows) {
      absl::StatusOr<std::vector<absl::Status>> page = EditPage(*channel, edits.subspan(at, page_rows), call);
      if (!page.ok()) {
        statuses.resize(edits.size(), page.status());
        break;
      }
      for (absl::Status& status : *page) statuses.push_back(std::move(status));
    }
    return statuses;
  }

  absl::StatusOr<ListingExplanation> Explain(absl::string_view name, absl::string_view sku, const Call& call) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::ExplainListing(options_, *channel, sku, call);
  }

  absl::StatusOr<std::unique_ptr<LinkPlan>> PlanLinks(absl::string_view name, const Call& call) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    return engine::PlanLinks(options_, *channel, call);
  }

  absl::StatusOr<Job> Enqueue(absl::string_view name, const JobRequest& request) override {
    if (request.kind == JobKind::kFetch) {
      const NoticedItems items{request.options.items, {}, {}};
      if (absl::Status status = CheckNoticed(items); !status.ok()) return status;
    }
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    if (!request.force_drifted) return queue_.Enqueue(channel->channel_id, request);
    const absl::StatusOr<JobRequest> resolved = WithDrifted(*channel, request);
    return resolved.ok() ? queue_.Enqueue(channel->channel_id, *resolved) : resolved.status();
  }

  absl::StatusOr<Job> NoteItems(absl::string_view name, const NoticedItems& items) override {
    if (absl::Status status = CheckNoticed(items); !status.ok()) return status;
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<std::string>> external_ids = FindNoticed(channel->channel_id, items);
    if (!external_ids.ok()) return external_ids.status();
    if (external_ids->empty()) return NothingKnown(channel->config.name);
    JobRequest request;
    request.kind = JobKind::kFetch;
    request.trigger = JobTrigger::kNotice;
    request.options.items = *std::move(external_ids);
    return queue_.Enqueue(channel->channel_id, request);
  }

  absl::StatusOr<Job> TakeNotice(absl::string_view name, const Notice& notice) override {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = MakeAdapter(channel->config);
    if (!adapter.ok()) return adapter.status();
    absl::StatusOr<NoticedItems> items = (*adapter)->ReadNotice(notice);
    if (!items.ok()) return items.status();
    return IsOfItems(*items) ? NoteItems(name, *items) : NothingKnown(channel->config.name);
  }

  absl::StatusOr<Job> GetJob(int64_t job_id) override { return storage().ReadJob(job_id); }

  absl::StatusOr<JobProblemPage> ListJobProblems(int64_t job_id, const PageRequest& request) override {
    absl::StatusOr<std::vector<int64_t>> first = engine::ParseCursor(request.after, 1, 0);
    if (!first.ok()) return first.status();
    return engine::ToPage(storage().ReadJobProblems(job_id, first->at(0), request.limit), request.limit,
                          [&](const JobProblem&) { return std::vector<int64_t>{first->at(0) + request.limit}; });
  }

  absl::StatusOr<std::vector<Job>> ListQueue(absl::string_view channel) override {
    const absl::StatusOr<std::vector<QueueSnapshot>> queues = channel.empty() ? ReadOpenQueues() : ReadQueueOf(channel);
    if (!queues.ok()) return queues.status();
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    return jobs::ListQueue(*queues, *now);
  }

  absl::StatusOr<JobPage> ListJobs(const JobFilter& filter, const PageRequest& request) override {
    if (!filter.channel.empty()) {
      if (absl::StatusOr<Channel> found = storage().ReadChannel(filter.channel); !found.ok()) return found.status();
    }
    absl::StatusOr<std::vector<int64_t>> before =
        engine::ParseCursor(request.after, 1, std::numeric_limits<int64_t>::max());
    if (!before.ok()) return before.status();
    return engine::ToPage(storage().ReadJobs(filter, before->at(0), request.limit), request.limit,
                          [](const Job& job) { return std::vector<int64_t>{job.job_id}; });
  }

  std::vector<absl::StatusOr<Job>> Prioritize(absl::Span<const int64_t> job_ids) override {
    // The last that is moved comes to stand first.
    std::vector<absl::StatusOr<Job>> jobs;
    for (auto id = job_ids.rbegin(); id != job_ids.rend(); ++id) jobs.push_back(queue_.Prioritize(*id));
    std::reverse(jobs.begin(), jobs.end());
    return jobs;
  }

  std::vector<absl::StatusOr<Job>> Cancel(absl::Span<const int64_t> job_ids) override {
    std::vector<absl::StatusOr<Job>> jobs;
    for (const int64_t job_id : job_ids) jobs.push_back(queue_.Cancel(job_id));
    return jobs;
  }

  absl::StatusOr<HeldPage> ListHeld(int64_t job_id, const PageRequest& request) override {
    const absl::StatusOr<Job> job = storage().ReadJob(job_id);
    if (!job.ok()) return job.status();
    const absl::StatusOr<std::vector<int64_t>> after = engine::ParseCursor(request.after, 1, 0);
    if (!after.ok()) return after.status();
    return engine::ToPage(storage().ReadHeldChanges(job->channel_id, job_id, after->at(0), request.limit),
                          request.limit, [](const HeldRow& row) { return std::vector<int64_t>{row.listing_id}; });
  }

  absl::StatusOr<std::vector<Job>> ApproveHeld(const HeldSelection& selection) override {
    const absl::StatusOr<Job> job = storage().ReadJob(selection.job_id);
    if (!job.ok()) return job.status();
    // What is sent by a sync, and what is looked at once more before its link breaks or is dissolved.
    const absl::StatusOr<std::vector<std::string>> of_links = FindOfLinks(*job, selection);
    if (!of_links.ok()) return of_links.status();
    const absl::StatusOr<int64_t> decided = DecideHeld(*job, selection, HeldChange::State::kApproved);
    if (!decided.ok()) return decided.status();
    std::vector<Job> jobs;
    for (const JobRequest& request : RequestsAfter(*of_links, *decided)) {
      absl::StatusOr<Job> asked = queue_.Enqueue(job->channel_id, request);
      if (!asked.ok()) return asked.status();
      jobs.push_back(*std::move(asked));
    }
    return jobs;
  }

  absl::StatusOr<int64_t> RefuseHeld(const HeldSelection& selection) override {
    const absl::StatusOr<Job> job = storage().ReadJob(selection.job_id);
    if (!job.ok()) return job.status();
    return DecideHeld(*job, selection, HeldChange::State::kRefused);
  }

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
    absl::StatusOr<bool> replaced = WriteSchedule(schedule);
    if (!replaced.ok()) return replaced.status();
    return ScheduleSetting{std::move(schedule), *replaced};
  }

  absl::StatusOr<Schedule> EnableSchedule(absl::string_view channel, absl::string_view name, bool enabled) override {
    absl::StatusOr<Schedule> schedule = FindSchedule(channel, name);
    if (!schedule.ok()) return schedule.status();
    schedule->enabled = enabled;
    // One that cannot fire any more can be disabled all the same.
    absl::Status status = enabled ? SetNextFire(*schedule) : absl::OkStatus();
    if (status.ok()) status = WriteSchedule(*schedule).status();
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

  absl::Status Serve(const Call& call) override {
    const auto check = [&] { return CheckLent(call); };
    return OnLentThread([&] { return ServeWhile(check, [&] { return !check().ok(); }); });
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
    storage().work_bell().Ring();
    AwaitWorkers(options_.clock->Now() + grace, call);
    {
      absl::MutexLock lock(&mutex_);
      yielding_ = true;
    }
    storage().work_bell().Ring();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  static EngineOptions WithCredentials(EngineOptions options, const CredentialResolver* own) {
    if (options.credentials == nullptr) options.credentials = own;
    return options;
  }

  Storage& storage() { return *options_.storage; }

  absl::StatusOr<std::vector<QueueSnapshot>> ReadQueueOf(absl::string_view channel) {
    const absl::StatusOr<Channel> found = storage().ReadChannel(channel);
    if (!found.ok()) return found.status();
    absl::StatusOr<QueueSnapshot> queue = storage().ReadQueue(found->channel_id);
    if (!queue.ok()) return queue.status();
    return std::vector<QueueSnapshot>{*std::move(queue)};
  }

  // Those of channels with open jobs, so that idle channels cost nothing.
  absl::StatusOr<std::vector<QueueSnapshot>> ReadOpenQueues() {
    const absl::StatusOr<std::set<int64_t>> channel_ids = FindChannelsWithOpenJobs();
    if (!channel_ids.ok()) return channel_ids.status();
    std::vector<QueueSnapshot> queues;
    for (const int64_t channel_id : *channel_ids) {
      absl::StatusOr<QueueSnapshot> queue = storage().ReadQueue(channel_id);
      // It was removed meanwhile.
      if (absl::IsNotFound(queue.status())) continue;
      if (!queue.ok()) return queue.status();
      queues.push_back(*std::move(queue));
    }
    return queues;
  }

  absl::StatusOr<std::set<int64_t>> FindChannelsWithOpenJobs() {
    JobFilter filter;
    filter.states = {JobState::kPending, JobState::kRunning};
    std::set<int64_t> channel_ids;
    for (int64_t before_id = std::numeric_limits<int64_t>::max();;) {
      const absl::StatusOr<std::vector<Job>> jobs = storage().ReadJobs(filter, before_id, options_.page_rows);
      if (!jobs.ok()) return jobs.status();
      for (const Job& job : *jobs) channel_ids.insert(job.channel_id);
      if (static_cast<int64_t>(jobs->size()) < options_.page_rows) return channel_ids;
      before_id = jobs->back().job_id;
    }
  }

  // The external ids of what a notice names, each once: those that it gives first, as they are.
  absl::StatusOr<std::vector<std::string>> FindNoticed(int64_t channel_id, const NoticedItems& items) {
    std::vector<std::string> external_ids;
    absl::flat_hash_set<std::string> named;
    const auto add = [&](const std::string& id) {
      if (named.insert(id).second) external_ids.push_back(id);
    };
    for (const std::string& id : items.external_ids) add(id);
    if (items.parent_ids.empty() && items.aliases.empty()) return external_ids;
    int64_t after_id = 0;
    for (bool more = true; more;) {
      const absl::StatusOr<std::vector<NamedItem>> page =
          storage().FindItems(channel_id, items.parent_ids, items.aliases, after_id, options_.page_rows);
      if (!page.ok()) return page.status();
      for (const NamedItem& item : *page) add(item.external_id);
      more = static_cast<int64_t>(page->size()) == options_.page_rows;
      if (more) after_id = page->back().channel_variant_id;
    }
    return external_ids;
  }

  absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakeAdapter(const ChannelConfig& config) {
    return engine::MakeSafeAdapter(*options_.adapters, {config, *options_.credentials}, reporter_);
  }

  // The settings by themselves, with the adapter, and the rules against what the adapter offers.
  absl::Status CheckConfig(const ChannelConfig& config) {
    absl::Status status = ValidateChannelConfig(config);
    if (!status.ok()) return status;
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = MakeAdapter(config);
    if (!adapter.ok()) return adapter.status();
    status = CheckContent(config, (*adapter)->capabilities());
    if (!status.ok()) return status;
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

  // Price, quantity and status are synced as far as the adapter can set them; content was asked for by its name.
  static absl::Status CheckContent(const ChannelConfig& config, const AdapterCapabilities& capabilities) {
    const SyncFields settable = SettableFields(capabilities);
    for (const std::string& name : config.sync_fields.content()) {
      if (settable.HasContent(name)) continue;
      return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                           {{"channel", config.name}, {"setting", name}},
                           absl::StrCat("channel ", config.name, ": the ", config.adapter, " adapter cannot set ", name,
                                        "; sync some of ", FormatSyncFields(settable)));
    }
    return absl::OkStatus();
  }

  static absl::Status ChangedMeanwhile(const Channel& channel, int64_t expected_revision) {
    const std::string& name = channel.config.name;
    return ProblemStatus(absl::StatusCode::kAborted, problem_code::kChangedMeanwhile, {{"channel", name}},
                         absl::StrCat("channel ", name, " is at revision ", channel.revision, ", not ",
                                      expected_revision, "; read it again and make the change anew"));
  }

  // Writes the config and draft of `after`. ABORTED: the channel is not as it was `before`.
  absl::StatusOr<Channel> WriteChannel(const Channel& before, const Channel& after) {
    const ChannelConfig& was = before.config;
    const ChannelConfig& is = after.config;
    const bool moves_policy = !(was.sync_fields == is.sync_fields) || was.currency != is.currency ||
                              was.oversell_guard != is.oversell_guard || was.on_doubt != is.on_doubt ||
                              was.on_status_drift != is.on_status_drift || was.zero_prices != is.zero_prices ||
                              was.adapter != is.adapter || was.settings != is.settings;
    const absl::Status status =
        storage().WriteChannel(before.channel_id, before.revision, is, after.draft, moves_policy);
    return status.ok() ? storage().ReadChannel(before.channel_id) : status;
  }

  // Takes the draft away after `use` has used it; again if somebody else was faster.
  absl::StatusOr<Channel> EndDraft(absl::string_view name, absl::FunctionRef<void(Channel&)> use) {
    for (;;) {
      absl::StatusOr<Channel> before = storage().ReadChannel(name);
      if (!before.ok()) return before.status();
      if (!before->draft.has_value()) {
        return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoDraft,
                             {{"channel", std::string(name)}}, absl::StrCat("channel ", name, " has no draft"));
      }
      Channel channel = *before;
      use(channel);
      channel.draft.reset();
      absl::StatusOr<Channel> written = WriteChannel(*before, channel);
      if (!absl::IsAborted(written.status())) return written;
    }
  }

  // A page of a channel's rows. `read` is given the channel's id and the place after which the page begins, `numbers`
  // numbers; `place_of` gives a row's.
  template <typename Row, typename Read, typename PlaceOf>
  absl::StatusOr<Page<Row>> ListOfChannel(absl::string_view name, const PageRequest& request, size_t numbers, Read read,
                                          PlaceOf place_of) {
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<int64_t>> after = engine::ParseCursor(request.after, numbers, 0);
    if (!after.ok()) return after.status();
    return engine::ToPage(read(channel->channel_id, *after), request.limit, place_of);
  }

  absl::Status NameRelinks(absl::string_view name, std::vector<ListingRow>* rows) {
    const auto is_broken = [](const ListingRow& row) { return row.link_state == LinkState::kBroken; };
    if (std::none_of(rows->begin(), rows->end(), is_broken)) return absl::OkStatus();
    absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    return channel.ok() ? engine::NameRelinks(options_, *channel, rows) : channel.status();
  }

  absl::StatusOr<ListingPage> ReadListingPage(absl::string_view name, const ListingFilter& filter,
                                              const PageRequest& request) {
    return ListOfChannel<ListingRow>(
        name, request, 1,
        [&](int64_t channel_id, const std::vector<int64_t>& after) {
          return storage().ReadListings(channel_id, filter, after[0], request.limit);
        },
        [](const ListingRow& row) { return std::vector<int64_t>{row.listing_id}; });
  }

  absl::StatusOr<SyncPolicy> PolicyOf(const ChannelConfig& config) {
    const absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = MakeAdapter(config);
    if (!adapter.ok()) return adapter.status();
    return MakeSyncPolicy(config, (*adapter)->capabilities());
  }

  // A page of what drifted.
  absl::StatusOr<ListingPage> ListDrifted(absl::string_view name, const ListingFilter& filter,
                                          const PageRequest& request) {
    const absl::StatusOr<Channel> channel = storage().ReadChannel(name);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<SyncPolicy> policy = PolicyOf(channel->config);
    if (!policy.ok()) return policy.status();
    ListingFilter all = filter;
    all.drifted = false;
    absl::StatusOr<ListingPage> page = ReadListingPage(name, all, request);
    if (!page.ok()) return page;
    const absl::Status status = engine::NoteDrift(storage(), *channel, *policy, &page->rows);
    if (!status.ok()) return status;
    const auto is_other = [&](const ListingRow& row) { return !Matches(row, filter); };
    page->rows.erase(std::remove_if(page->rows.begin(), page->rows.end(), is_other), page->rows.end());
    return page;
  }

  // The request of a sync that forces what has drifted, too.
  absl::StatusOr<JobRequest> WithDrifted(const Channel& channel, const JobRequest& request) {
    if (request.kind != JobKind::kSync) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a ", ToString(request.kind), " forces nothing; ask for what drifted (force_drifted) of a sync"));
    }
    const absl::StatusOr<SyncPolicy> policy = PolicyOf(channel.config);
    if (!policy.ok()) return policy.status();
    absl::StatusOr<std::vector<std::string>> skus =
        engine::FindDrifted(storage(), channel, *policy, options_.page_rows);
    if (!skus.ok()) return skus.status();
    JobRequest resolved = request;
    std::vector<std::string>& force = resolved.options.force;
    force.insert(force.end(), std::make_move_iterator(skus->begin()), std::make_move_iterator(skus->end()));
    return resolved;
  }

  // One page of edits, and what is told of them.
  absl::StatusOr<std::vector<absl::Status>> EditPage(const Channel& channel, absl::Span<const ListingEdit> edits,
                                                     const Call& call) {
    if (absl::Status status = CheckCall(call, options_.clock->Now()); !status.ok()) return status;
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<std::vector<EditOutcome>> outcomes = storage().EditListings(channel.channel_id, edits, *now);
    if (!outcomes.ok()) return outcomes.status();
    std::vector<absl::Status> statuses;
    for (size_t i = 0; i < edits.size(); ++i) {
      EditOutcome& outcome = (*outcomes)[i];
      if (outcome.changed_link) ReportLinkEdit(channel.config.name, edits[i]);
      statuses.push_back(std::move(outcome.status));
    }
    return statuses;
  }

  // An edit that made or dissolved a link.
  void ReportLinkEdit(absl::string_view channel, const ListingEdit& edit) {
    const bool made = edit.kind == ListingEdit::Kind::kLink;
    LinkChanges links;
    (made ? links.made : links.released) = 1;
    reporter_.LinkEdited(channel, edit.sku, edit.external_id, links);
  }

  // The items of the selected changes that are of links themselves.
  absl::StatusOr<std::vector<std::string>> FindOfLinks(const Job& job, const HeldSelection& selection) {
    std::vector<std::string> items;
    const std::set<std::string> skus(selection.skus.begin(), selection.skus.end());
    for (int64_t after = 0;;) {
      const absl::StatusOr<std::vector<HeldRow>> rows =
          storage().ReadHeldChanges(job.channel_id, job.job_id, after, options_.page_rows);
      if (!rows.ok()) return rows.status();
      if (rows->empty()) return items;
      after = rows->back().listing_id;
      for (const HeldRow& row : *rows) {
        if (!IsOfLink(row.change.kind) || !storage::IsSelected(selection, row.change)) continue;
        if (!skus.empty() && skus.count(row.sku) == 0) continue;
        items.emplace_back(FieldValue(row.change.problem.args, "external_id"));
      }
    }
  }

  // More items than can be asked for by name are looked at by a whole pull.
  static std::vector<JobRequest> RequestsAfter(const std::vector<std::string>& items, int64_t decided) {
    std::vector<JobRequest> requests;
    const int64_t of_links = static_cast<int64_t>(items.size());
    if (of_links > 0) {
      requests.emplace_back();
      const bool by_name = of_links <= Storage::kMaxRows;
      requests.back().kind = by_name ? JobKind::kFetch : JobKind::kPull;
      if (by_name) requests.back().options.items = items;
    }
    if (decided > of_links) {
      requests.emplace_back();
      requests.back().kind = JobKind::kSync;
    }
    return requests;
  }

  // In pages, so that no other writer waits for long. What fails in between can be repeated.
  absl::StatusOr<int64_t> DecideHeld(const Job& job, const HeldSelection& selection, HeldChange::State decision) {
    int64_t decided = 0;
    for (;;) {
      const absl::StatusOr<absl::Time> now = storage().Now();
      if (!now.ok()) return now.status();
      const absl::StatusOr<int64_t> some =
          storage().DecideHeldChanges(job.channel_id, selection, decision, options_.page_rows, *now);
      if (!some.ok()) return some.status();
      decided += *some;
      if (*some == 0) break;
    }
    if (decided > 0) return decided;
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNothingHeld, {{"job", absl::StrCat(job.job_id)}},
                         absl::StrCat("job ", job.job_id, " holds no such change"));
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

  absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) {
    absl::StatusOr<bool> replaced = storage().WriteSchedule(schedule);
    storage().work_bell().Ring();
    return replaced;
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
    {
      absl::MutexLock lock(&mutex_);
      leaving_ = true;
    }
    storage().work_bell().Ring();
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
      absl::StatusOr<Served> one = worker_.RunAny(should_yield);
      if (!one.ok()) return one.status();
      if (*one == Served::kJob) continue;
      // Nothing was left, or what ran has yielded.
      if (absl::Status status = CheckLent(call); !status.ok()) return status;
      return ran;
    }
    return max_jobs;
  }

  absl::StatusOr<Job> ServeUntilFinal(int64_t job_id, const Call& call) {
    const auto should_yield = [&] { return !CheckLent(call).ok(); };
    engine::Lookout lookout(options_);
    for (int failures = 0; !IsLeaving();) {
      lookout.Begin();
      absl::StatusOr<Job> job = storage().ReadJob(job_id);
      if (job.ok() && IsFinal(job->state)) return job;
      if (absl::Status status = CheckLent(call); !status.ok()) return status;
      const absl::StatusOr<bool> waits = job.ok() ? WaitsForItsTime(*job) : job.status();
      if (waits.ok() && *waits) return job;
      absl::StatusOr<Served> served = Served::kNothing;
      if (waits.ok()) {
        served = worker_.RunNext(job->channel_id, should_yield);
      } else {
        served = waits.status();
      }
      absl::Status status = served.status();
      if (served.ok() && *served == Served::kNothing) status = CheckNotPaused(*job);
      failures = status.ok() ? 0 : failures + 1;
      const bool try_again = engine::WorthAnotherTry(status) && failures < options_.max_tries;
      if (!status.ok() && !try_again) return status;
      if (!status.ok()) {
        Rest(engine::Backoff(options_, failures));
      } else if (*served != Served::kJob) {
        Follow(lookout, *served, call);
      }
    }
    return Leaving();
  }

  // Waits until it is worth looking at a job that somebody else runs, or the call ends.
  void Follow(engine::Lookout& lookout, Served served, const Call& call) {
    do {
      lookout.Sleep(options_.poll_interval);
    } while (served == Served::kNothing && !lookout.HasChanged() && CheckLent(call).ok());
  }

  // Whether the job is pending and not due.
  absl::StatusOr<bool> WaitsForItsTime(const Job& job) {
    if (job.state != JobState::kPending || !job.not_before.has_value()) return false;
    const absl::StatusOr<absl::Time> now = storage().Now();
    if (!now.ok()) return now.status();
    return !IsDue(job, *now);
  }

  // FAILED_PRECONDITION where the job waits for its channel to be resumed.
  absl::Status CheckNotPaused(const Job& job) {
    absl::StatusOr<QueueSnapshot> queue = storage().ReadQueue(job.channel_id);
    if (!queue.ok()) return queue.status();
    for (const Job& open : queue->open_jobs) {
      if (!queue->slot.paused || open.job_id != job.job_id || open.state != JobState::kPending) continue;
      return absl::FailedPreconditionError(absl::StrCat("channel ", queue->channel, " is paused, so job ", job.job_id,
                                                        " waits; resume the channel to let it run"));
    }
    return absl::OkStatus();
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
      const uint64_t heard = storage().work_bell().rings();
      const absl::Time now = options_.clock->Now();
      {
        absl::MutexLock lock(&mutex_);
        if (working_ == 0 || now >= until || !CheckCall(call, now).ok()) return;
      }
      options_.clock->SleepUnless(storage().work_bell(), heard, std::min(options_.poll_interval, until - now));
    }
  }

  // One of the engine's own threads.
  void Work() {
    const auto check = [this] { return Stopping() ? absl::CancelledError("the engine stops") : absl::OkStatus(); };
    ServeWhile(check, [this] { return Yielding(); }).IgnoreError();
    {
      absl::MutexLock lock(&mutex_);
      --working_;
    }
    storage().work_bell().Ring();
  }

  // Fires schedules and runs jobs until `check` says why not.
  absl::Status ServeWhile(absl::FunctionRef<absl::Status()> check, engine::ShouldYield should_yield) {
    engine::Lookout lookout(options_);
    for (;;) {
      if (absl::Status status = check(); !status.ok()) return status;
      lookout.Begin();
      const absl::Time looked_at = options_.clock->Now();
      const absl::StatusOr<absl::Time> now = storage().Now();
      const Served served = LookForWork(should_yield);
      if (served == Served::kJob) continue;
      const absl::Time next_try = std::min(retries_.NextDue(looked_at), worker_.NextTry(looked_at));
      const bool look_soon = served == Served::kBusy || !now.ok();
      AwaitWork(lookout, look_soon ? absl::InfinitePast() : FindNextDue(*now), next_try, check);
    }
  }

  // Fires what is due, and runs the most urgent job.
  Served LookForWork(engine::ShouldYield should_yield) {
    Served result = Served::kNothing;
    Try("", "the schedules in storage", [&] {
      const absl::StatusOr<int> fired = FireSchedules();
      if (fired.ok() && *fired > 0) result = Served::kJob;
      return fired.status();
    });
    Try("", "the queues in storage", [&] {
      const absl::StatusOr<Served> served = worker_.RunAny(should_yield);
      if (served.ok() && *served != Served::kNothing && result != Served::kJob) result = *served;
      return served.status();
    });
    return result;
  }

  // When something becomes due that was not at `now`, by storage's clock. InfinitePast: it is not known.
  absl::Time FindNextDue(absl::Time now) {
    const absl::StatusOr<absl::Time> next = storage().ReadNextDue(now);
    return next.ok() ? *next : absl::InfinitePast();
  }

  // Sleeps until there may be something to do: a queue has changed, something becomes due at `next_due` by storage's
  // clock, or what failed is to be tried again at `next_try`; or `check` fails. Where it is not known what becomes due,
  // for one poll_interval.
  void AwaitWork(const engine::Lookout& lookout, absl::Time next_due, absl::Time next_try,
                 absl::FunctionRef<absl::Status()> check) {
    absl::Duration left;
    do {
      const absl::StatusOr<absl::Time> now = storage().Now();
      const bool is_known = now.ok() && next_due != absl::InfinitePast();
      left = options_.poll_interval;
      if (is_known) left = std::min(next_due - *now, next_try - options_.clock->Now());
      lookout.Sleep(left);
    } while (left > options_.poll_interval && check().ok() && !lookout.HasChanged());
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

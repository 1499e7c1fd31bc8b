// Engine: the facade of flxlink. It wires storage, channel adapters, clock and threads together, and is all that a host
// needs: it takes products in, keeps channels, makes and runs jobs, and shows listings.
//
//   auto storage = flxlink::OpenSqliteStorage("shop.db");
//   flxlink::AdapterRegistry adapters;
//   flxlink::RegisterCsvChannel(adapters);
//   flxlink::EngineOptions options;
//   options.storage = storage->get();
//   options.adapters = &adapters;
//   auto engine = flxlink::Engine::Create(options);
//   auto channel = (*engine)->AddChannel(config);
//   flxlink::JobRequest request;
//   request.kind = flxlink::JobKind::kPull;
//   auto job = (*engine)->Enqueue("shop", request);
//   job = (*engine)->RunUntilFinal(job->job_id);
//
// Threads. Jobs run on threads that the host lends (Serve, RunPending, RunUntilFinal) or on the engine's own (Start,
// Stop); it is the same code. Several engines, in one process or many, may work on one store: each channel's slot sees
// to it that one job runs.

#ifndef FLXLINK_ENGINE_H_
#define FLXLINK_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/breaker.h"
#include "flxlink/call.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_counts.h"
#include "flxlink/channel_variant.h"
#include "flxlink/clock.h"
#include "flxlink/event.h"
#include "flxlink/executor.h"
#include "flxlink/filter.h"
#include "flxlink/job.h"
#include "flxlink/link_state.h"
#include "flxlink/linker.h"
#include "flxlink/listing.h"
#include "flxlink/metrics.h"
#include "flxlink/page.h"
#include "flxlink/product.h"
#include "flxlink/schedule.h"
#include "flxlink/storage.h"

namespace flxlink {

struct EngineOptions {
  // Required. Must outlive the engine.
  Storage* storage = nullptr;
  // Required: the adapters that channels may name. Must outlive the engine.
  const AdapterRegistry* adapters = nullptr;
  // Where adapters get their secrets. Default: the environment (NewEnvironmentCredentials).
  const CredentialResolver* credentials = nullptr;
  // For waiting (sleeps, backoff, poll intervals, rate limits, the deadlines of calls) and for Event::at. Times that
  // are kept or compared with kept ones are storage's (Storage::Now). Default: the machine's (SystemClock).
  Clock* clock = nullptr;
  // Threads for matching within one link job. Default: the job's own thread only.
  Executor* executor = nullptr;
  // How much memory a link job's match may use for itself, in bytes; see MatchOptions::memory_limit_bytes. What it
  // reads of the channel comes on top. Default 0: as much as is fastest.
  int64_t link_memory_bytes = 0;
  // Rows in one storage operation, 1 to Storage::kMaxRows. Default 10,000.
  int64_t page_rows = Storage::kMaxRows;
  // Tries of a call that a channel throttled or was unavailable for, before the job fails. Default 5.
  int max_tries = 5;
  // The wait before the second try; doubled for each further one, at most a minute. Default 1 s.
  absl::Duration first_backoff = absl::Seconds(1);
  // How often those who wait (workers without work, jobs that wait, who follows a job) ask storage whether anything has
  // changed, which is one cheap read (JobStorage::ReadWorkNumber), and look whether their call has ended. What engines
  // over the same Storage object do wakes them at once, and so does what becomes due; only what other processes do is
  // noticed by asking. Default 100 ms.
  absl::Duration poll_interval = absl::Milliseconds(100);
  // Numbers that nobody can foresee, for hash functions whose keys come from strangers, and for claims (job.h). Must be
  // thread-safe. Default: the machine's (std::random_device).
  std::function<uint64_t()> random;
  // Events that wait in one stream at the most; what comes on top is dropped, progress first. Default 1,000.
  int64_t event_capacity = 1000;
};

using ListingPage = Page<ListingRow>;
using ItemPage = Page<ItemRow>;
using LinkHistoryPage = Page<LinkHistoryRow>;
using JobPage = Page<Job>;
using JobProblemPage = Page<JobProblem>;
using HeldPage = Page<HeldRow>;

// A page of products, in columns. All of its prices are in one currency.
struct ProductPage {
  ProductBatch rows;
  // What to ask for next. Empty: this is the last page.
  std::string next;
};

// A link that a link job would make now, or the reason why not.
struct PlannedLink {
  std::string sku;
  LinkState state = LinkState::kUnlinked;
  std::string external_id;
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;
};
using PlannedLinkPage = Page<PlannedLink>;

// What a link job would have done when the plan was made. It holds a few numbers a listing variant; names are read with
// each page.
//
// Thread-safe. The engine may be gone before it; the engine's storage must not.
class LinkPlan {
 public:
  virtual ~LinkPlan() = default;

  // How many listing variants are unlinked, or would be linked.
  virtual int64_t size() const = 0;
  // What a link job would say of the rules, such as rule_field_unknown: no variant has the field that a rule names.
  virtual const std::vector<JobProblem>& problems() const = 0;
  // Of every unlinked listing variant, in the order of ListListings. ABORTED: what the plan names has been removed
  // since; make another plan.
  virtual absl::StatusOr<PlannedLinkPage> Read(const PageRequest& page) const = 0;
};

// Everything about why one listing variant is linked as it is or, where its link is broken, what the rules would do if
// that were dissolved; in time that does not grow with the channel where a link job has left its index. Where storage
// keeps none (Storage::link_index), the channel is read.
struct ListingExplanation {
  ListingRow listing;
  struct Rule {
    LinkRule rule;
    bool has_key = false;
    std::string key;
    // What the listing variant has in the rule's field. Where that is not empty and there is no key, a normalizer
    // refused it.
    std::string value;
    // SKUs of live listing variants with that key, this one included, and external ids of live items with it; the first
    // LinkDetail::kMaxNamed of each.
    std::vector<std::string> listings;
    std::vector<std::string> channel;
    // External ids of items with that key that no rule links, since they are gone or archived.
    std::vector<std::string> not_live;
    // External ids of items that have in the rule's field what a normalizer refused of the listing variant.
    std::vector<std::string> refused;
    // How many there are, counted up to kMaxCounted.
    int64_t listing_count = 0;
    int64_t channel_count = 0;
    static constexpr int64_t kMaxCounted = 1000;
    LinkReason reason = LinkReason::kNone;
    bool linked = false;
    bool stopped = false;
  };
  std::vector<Rule> rules;
  std::vector<LinkEvent> history;
};

// What setting a schedule did.
struct ScheduleSetting {
  Schedule schedule;
  // There was one of this name.
  bool replaced = false;
};

// Thread-safe.
class Engine {
 public:
  // INVALID_ARGUMENT names the option that is missing or out of range. Opens an owner in the storage (see
  // Storage::OpenOwner).
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const EngineOptions& options);

  // As Stop(absl::ZeroDuration()), for threads that are lent to it (Serve, RunPending, RunUntilFinal) too: jobs yield,
  // nothing of them is lost, and lent threads are waited for and return CANCELLED. Then it gives up its owner. A call
  // of an adapter that is on its way is waited for.
  virtual ~Engine() = default;

  // -- Channels. Names are ChannelConfig::name; NOT_FOUND where there is none.

  // INVALID_ARGUMENT: a setting is wrong, or a rule compares a channel field that the adapter does not offer.
  virtual absl::StatusOr<Channel> AddChannel(const ChannelConfig& config) = 0;
  // Puts `config` in place of the configuration of the channel of its name or, with `as_draft`, in place of its draft,
  // which changes nothing else until ApplyDraft. `expected_revision` is Channel::revision as it was when `config` was
  // made. ABORTED, with the problem changed_meanwhile: the channel has another revision by now; read it, make the
  // change anew and put that. INVALID_ARGUMENT as AddChannel.
  virtual absl::StatusOr<Channel> PutChannel(const ChannelConfig& config, int64_t expected_revision, bool as_draft) = 0;
  absl::StatusOr<Channel> PutChannel(const ChannelConfig& config, int64_t expected_revision) {
    return PutChannel(config, expected_revision, false);
  }
  // Puts the draft into force. FAILED_PRECONDITION: there is none.
  virtual absl::StatusOr<Channel> ApplyDraft(absl::string_view name) = 0;
  // Forgets the draft. FAILED_PRECONDITION: there is none.
  virtual absl::StatusOr<Channel> DiscardDraft(absl::string_view name) = 0;
  virtual absl::StatusOr<Channel> GetChannel(absl::string_view name) = 0;
  virtual absl::StatusOr<std::vector<Channel>> ListChannels() = 0;
  // The channel in numbers, all of one moment. It reads the whole channel: about a second for a million variants.
  virtual absl::StatusOr<ChannelCounts> CountChannel(absl::string_view name) = 0;
  // Removes it with its listings, links, jobs and schedules. FAILED_PRECONDITION while a job of it runs.
  virtual absl::Status RemoveChannel(absl::string_view name) = 0;
  // While a channel is paused its jobs are queued and none begins; one that runs yields at its next step, and goes on
  // once the channel is resumed. Repeating either changes nothing.
  virtual absl::Status PauseChannel(absl::string_view name) = 0;
  virtual absl::Status ResumeChannel(absl::string_view name) = 0;

  // -- Products

  // Any number of rows; written in pages. Prices and quantities that change mark their links dirty. A row that cannot
  // be kept is refused, and the others are written. The run says how far it came, and why it ended early: storage's
  // error, or CANCELLED or DEADLINE_EXCEEDED where the call ended, which is looked at before each page.
  virtual ProductWriteRun WriteProducts(const ProductBatch& batch, const Call& call) = 0;
  ProductWriteRun WriteProducts(const ProductBatch& batch) { return WriteProducts(batch, Call()); }
  // Removes the product variants of these SKUs, any number of them, in pages (see product.h). Their links get the
  // quantity 0 with the next sync; their listings, links and statuses stay. Repeating it changes nothing. It ends early
  // as WriteProducts does.
  virtual ProductRemovalRun RemoveProducts(absl::Span<const std::string> skus, const Call& call) = 0;
  ProductRemovalRun RemoveProducts(absl::Span<const std::string> skus) { return RemoveProducts(skus, Call()); }

  // Begins an import of a source (see product.h): batches that are to be part of it name it (ProductBatch::import). It
  // ends the source's imports before, of which nothing more is taken in. INVALID_ARGUMENT: a name that is empty, longer
  // than a key, or no UTF-8.
  virtual absl::StatusOr<ProductImport> BeginImport(absl::string_view source) = 0;
  // Once all rows of an import are written: what is absent becomes what `absent` says, in pages. To be left out where
  // rows could not be written. On an error it may have been done in part; repeating it finishes the work.
  // FAILED_PRECONDITION: another import of the source has begun since.
  virtual absl::StatusOr<AbsentResult> EndImport(const ProductImport& import, AbsentProducts absent,
                                                 const Call& call) = 0;
  absl::StatusOr<AbsentResult> EndImport(const ProductImport& import, AbsentProducts absent) {
    return EndImport(import, absent, Call());
  }

  // Products that match the filter, in the order in which they first came.
  virtual absl::StatusOr<ProductPage> ListProducts(const ProductFilter& filter, const PageRequest& page) = 0;

  // -- Listings and items

  // Listing variants of a channel that match the filter, in the order in which they were first built. With
  // ListingFilter::drifted the page is read in two transactions, and looks at as many links as it may have rows. The
  // attention of a broken link names the item that the rules would link its listing variant to (item_gone), where the
  // last link job has left an index that tells.
  virtual absl::StatusOr<ListingPage> ListListings(absl::string_view channel, const ListingFilter& filter,
                                                   const PageRequest& page) = 0;
  // Items of a channel that match the filter, in the order in which a pull first saw them.
  virtual absl::StatusOr<ItemPage> ListItems(absl::string_view channel, const ItemFilter& filter,
                                             const PageRequest& page) = 0;
  // What the last job that looked at all of a channel's items (a whole pull, or a full sync) could not read of them, in
  // the order in which it was noted: the subjects are external ids, as far as there are such. What it told of links is
  // their attention.
  virtual absl::StatusOr<JobProblemPage> ListItemProblems(absl::string_view channel, const PageRequest& page) = 0;
  // What happened to links, by listing variant in the order of ListListings and, of each, oldest first.
  virtual absl::StatusOr<LinkHistoryPage> ListLinkHistory(absl::string_view channel, const HistoryFilter& filter,
                                                          const PageRequest& page) = 0;
  // Makes the edits, any number of them, in their order. What became of each: NOT_FOUND, there is no such SKU or item;
  // FAILED_PRECONDITION, it cannot be made as things are. One that fails changes nothing and does not keep others from
  // being made. Written in pages; where one cannot be written its error is that of its edits and of all after them, and
  // so is CANCELLED or DEADLINE_EXCEEDED where the call ended, which is looked at before each page.
  virtual absl::StatusOr<std::vector<absl::Status>> EditListings(absl::string_view channel,
                                                                 absl::Span<const ListingEdit> edits,
                                                                 const Call& call) = 0;
  absl::StatusOr<std::vector<absl::Status>> EditListings(absl::string_view channel,
                                                         absl::Span<const ListingEdit> edits) {
    return EditListings(channel, edits, Call());
  }
  // The same for one, which `sku` names.
  absl::Status EditListing(absl::string_view channel, absl::string_view sku, ListingEdit edit) {
    edit.sku = std::string(sku);
    absl::StatusOr<std::vector<absl::Status>> statuses = EditListings(channel, {edit});
    return statuses.ok() ? statuses->front() : statuses.status();
  }
  virtual absl::StatusOr<ListingExplanation> Explain(absl::string_view channel, absl::string_view sku,
                                                     const Call& call) = 0;
  absl::StatusOr<ListingExplanation> Explain(absl::string_view channel, absl::string_view sku) {
    return Explain(channel, sku, Call());
  }
  // What a link job would do now. Changes nothing. FAILED_PRECONDITION as a link job would fail: no rule, or no
  // complete pull yet. It takes about as long as a link job that judges everything; a call that ends is noticed between
  // reading, matching and giving the plan back.
  virtual absl::StatusOr<std::unique_ptr<LinkPlan>> PlanLinks(absl::string_view channel, const Call& call) = 0;
  absl::StatusOr<std::unique_ptr<LinkPlan>> PlanLinks(absl::string_view channel) { return PlanLinks(channel, Call()); }

  // -- Jobs

  // Asks for a job. While one of that kind is pending, that one is returned, with both wishes joined; while one is
  // running, a follow-up is queued. INVALID_ARGUMENT: a fetch names no item, or one as in NoteItems; another job than a
  // sync forces what drifted; or the job would never be due.
  virtual absl::StatusOr<Job> Enqueue(absl::string_view channel, const JobRequest& request) = 0;
  // The platform tells that these items changed: asks for a fetch of them, with the trigger kNotice, or joins one that
  // is pending. Where the channel's adapter has no fetch_limit that job chains a whole pull. External ids are
  // fetched as given, known or not. Parents and aliases are those that were last seen of items, gone ones included:
  // under one that nobody knows, or that has new items, the new ones are not fetched, and the next pull (since a mark,
  // where the adapter can) sees them. INVALID_ARGUMENT: nothing is named, more than Storage::kMaxRows parents or
  // aliases are, or a name is empty or beyond what is kept (storage_kit/limits.h). NOT_FOUND: no external id is given,
  // and storage knows nothing by any of the other names, so that there is nothing to fetch.
  virtual absl::StatusOr<Job> NoteItems(absl::string_view channel, const NoticedItems& items) = 0;
  absl::StatusOr<Job> NoteItems(absl::string_view channel, absl::Span<const std::string> external_ids) {
    return NoteItems(channel, NoticedItems{{external_ids.begin(), external_ids.end()}, {}, {}});
  }
  // The same for a notice as the platform sent it, which the channel's adapter reads. NOT_FOUND also where it is of
  // something else than items: nothing is to be done about it. Other errors as of ChannelAdapter::ReadNotice, too.
  virtual absl::StatusOr<Job> TakeNotice(absl::string_view channel, const Notice& notice) = 0;
  virtual absl::StatusOr<Job> GetJob(int64_t job_id) = 0;
  // What went wrong within the job and did not stop it, in the order in which it was noted; the first
  // Job::kMaxProblems. Also of a job that is running, as of its last step.
  virtual absl::StatusOr<JobProblemPage> ListJobProblems(int64_t job_id, const PageRequest& page) = 0;
  // The open jobs of the channel, or of all channels where its name is empty, in the order in which they will run, if
  // nothing else is asked for: what runs, what is due, what is not yet due, and what is pending on a paused
  // channel. Between channels what is due comes as one worker would take it.
  virtual absl::StatusOr<std::vector<Job>> ListQueue(absl::string_view channel) = 0;
  // Jobs that match the filter, newest first. NOT_FOUND: there is no channel of the filter's name.
  virtual absl::StatusOr<JobPage> ListJobs(const JobFilter& filter, const PageRequest& page) = 0;
  // Moves pending jobs ahead of every other pending job of their channels; of these the first named runs first. What
  // became of each, in their order: the job, NOT_FOUND, or FAILED_PRECONDITION where it is not pending.
  virtual std::vector<absl::StatusOr<Job>> Prioritize(absl::Span<const int64_t> job_ids) = 0;
  absl::StatusOr<Job> Prioritize(int64_t job_id) { return Prioritize(absl::MakeConstSpan(&job_id, 1)).front(); }
  // Cancels pending jobs at once, running ones at their next step. What became of each, in their order: the
  // job, NOT_FOUND, or FAILED_PRECONDITION where it is final.
  virtual std::vector<absl::StatusOr<Job>> Cancel(absl::Span<const int64_t> job_ids) = 0;
  absl::StatusOr<Job> Cancel(int64_t job_id) { return Cancel(absl::MakeConstSpan(&job_id, 1)).front(); }
  // A new job with the same wishes, on today's data. FAILED_PRECONDITION: the old one is not final.
  virtual absl::StatusOr<Job> Rerun(int64_t job_id) = 0;
  // The changes that the circuit breaker held of this job and that wait for a person (breaker.h), by listing variant:
  // a page has all of each, and so may have more rows than it was asked for.
  virtual absl::StatusOr<HeldPage> ListHeld(int64_t job_id, const PageRequest& page) = 0;
  // Approves of what a job held, exactly as it was held: what has another value by now is judged anew. The jobs that do
  // it: a sync, and a fetch, or a pull, that looks at items once more before their links break or are dissolved.
  // NOT_FOUND: there is no such job, or nothing of the selection is held.
  virtual absl::StatusOr<std::vector<Job>> ApproveHeld(const HeldSelection& selection) = 0;
  // Drops what a job held: it is not sent while that value is desired. How many changes that are. NOT_FOUND as above.
  virtual absl::StatusOr<int64_t> RefuseHeld(const HeldSelection& selection) = 0;

  // -- Schedules

  // A channel may have several, each with a name. To EnableSchedule and ClearSchedule an empty name means the channel's
  // only one; FAILED_PRECONDITION names them where there are several, NOT_FOUND says that there is none.

  // Sets the schedule of this name, in place of the one that is there. An empty name: that of the job it makes. What it
  // would have fired before now is not made up.
  virtual absl::StatusOr<ScheduleSetting> SetSchedule(absl::string_view channel, const ScheduleSpec& spec,
                                                      ScheduledJob job, absl::string_view name) = 0;
  // Enabling starts from now: what would have fired meanwhile is not made up.
  virtual absl::StatusOr<Schedule> EnableSchedule(absl::string_view channel, absl::string_view name, bool enabled) = 0;
  // Returns the schedule that was cleared.
  virtual absl::StatusOr<Schedule> ClearSchedule(absl::string_view channel, absl::string_view name) = 0;
  // By channel_id and name.
  virtual absl::StatusOr<std::vector<Schedule>> ListSchedules() = 0;
  // Makes the jobs of the schedules that are due. Returns how many fired. One that cannot fire is told as
  // EventKind::kTrouble and does not keep others from it; one whose next fire cannot be computed any more fires, is
  // disabled and keeps the problem. The engine's own workers do this by themselves.
  virtual absl::StatusOr<int> FireSchedules() = 0;

  // -- Running

  // Runs claimable jobs, of all channels, on this thread until none is left that is due or `max_jobs` ran; the jobs
  // that these chain count too. Returns how many ran, however they ended. A channel that cannot be served is told as
  // EventKind::kTrouble, tried again later, and does not keep others from being served. CANCELLED: the engine is being
  // destroyed, or the call was cancelled. A call that ends makes the job that it runs yield, see Stop.
  virtual absl::StatusOr<int> RunPending(int max_jobs, const Call& call) = 0;
  absl::StatusOr<int> RunPending(int max_jobs) { return RunPending(max_jobs, Call()); }

  // Serves the queue of the job's channel on this thread until the job is final. A job that is not due is not
  // waited for: it is returned as it is, pending. While another owner holds the slot it follows, and takes over if that
  // owner dies. FAILED_PRECONDITION: the job waits and its channel is paused. CANCELLED: the engine is being destroyed,
  // or the call was cancelled. Other errors are storage's, after max_tries. A call that ends makes the job that it runs
  // yield, see Stop, and leaves one that it waits for in the queue.
  virtual absl::StatusOr<Job> RunUntilFinal(int64_t job_id, const Call& call) = 0;
  absl::StatusOr<Job> RunUntilFinal(int64_t job_id) { return RunUntilFinal(job_id, Call()); }

  // Fires schedules and runs jobs, of all channels, on this thread until the call ends; sleeps while there is nothing
  // to do. What goes wrong is told as EventKind::kTrouble and tried again. Returns CANCELLED, where the engine is being
  // destroyed too, or DEADLINE_EXCEEDED. A call that ends, which is noticed within the poll_interval, makes the job
  // that it runs yield, see Stop.
  virtual absl::Status Serve(const Call& call) = 0;

  // Starts `workers` threads that fire schedules and run jobs, as Serve does, until Stop. FAILED_PRECONDITION: they run
  // already.
  virtual absl::Status Start(int workers) = 0;
  // How long Stop lets jobs go on unless it is told otherwise.
  static constexpr absl::Duration kDefaultGrace = absl::Seconds(30);
  // Begins no job any more, lets those that run go on for `grace` or until the call ends, then makes them yield, and
  // joins the workers. From any thread; repeating it does nothing.
  //
  // A job yields at its next step or wait (for a channel that throttles it, for another try), never in the middle of a
  // call of its adapter, which is waited for. It goes back to pending, keeps its place in the queue, its progress,
  // counts and problems, and takes in no other wish: a request is queued behind it. That is neither a failure nor an
  // attempt. Later it goes on, on any engine: a pull from its cursor, if that is younger than an hour; a sync with what
  // is still dirty; a link job with a new pass; a build or rules job from the start, over what is done already. Only
  // the problem status_rule is not noted for what a link job linked before it yielded.
  virtual void Stop(absl::Duration grace, const Call& call) = 0;
  void Stop(absl::Duration grace) { Stop(grace, Call()); }
  void Stop() { Stop(kDefaultGrace, Call()); }

  // -- Watching

  // What this engine does from now on, to whoever takes it from the stream; see event.h.
  virtual std::unique_ptr<EventStream> Subscribe(const EventFilter& filter) = 0;

  // Counters of this engine since it was created, and gauges of the store's queues, by name:
  //
  //   flxlink_adapter_calls_total         channel, call (pull, fetch, push, poll), result (ok, throttled …)
  //   flxlink_events_missed_total
  //   flxlink_job_counts_total            channel, kind, count: what jobs counted (inserted, sent, linked …)
  //   flxlink_job_run_seconds_total       kind
  //   flxlink_jobs_ended_total            kind, state (completed, failed, cancelled)
  //   flxlink_throttled_total             channel
  //   flxlink_troubles_total              what went wrong outside of jobs
  //   flxlink_oldest_pending_seconds      channel: how long its oldest job that is due waits; 0: none does
  //   flxlink_queue_jobs                  channel, state (pending, running): the jobs that are open
  //
  // A counter that nothing has happened for is left out. Costs a read of each channel's queue.
  virtual absl::StatusOr<std::vector<Metric>> ReadMetrics() = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_ENGINE_H_

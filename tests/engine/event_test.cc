// What an engine tells while it works: events, the log, metrics; and that none of them tells a secret.

#include "flxlink/event.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/manual_clock.h"
#include "tests/support/prometheus_text.h"

namespace flxlink::engine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr absl::string_view kSecret = "open sesame";

class KnownCredentials : public CredentialResolver {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view, absl::string_view) const override {
    return std::string(kSecret);
  }
};

const Call kNoWaiting{absl::InfinitePast(), nullptr};

class EventTest : public ::testing::Test {
 protected:
  EventTest() : memory_(NewMemoryStorage(clock_)), storage_(*memory_), platform_(clock_, {}) {
    adapters_.Register(
        "scripted", [this](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
          const absl::StatusOr<std::string> secret = context.credentials.Resolve(context.config.name, "token");
          if (!secret.ok()) return secret.status();
          return std::make_unique<ScriptedAdapter>(platform_, script_);
        });
    NewEngine(1000);
    for (const char* name : {"shop", "next"}) AddChannel(name);
    for (int i = 1; i <= 6; ++i) {
      platform_.SetItem({absl::StrCat("i", i), "", {1000, 5, ChannelStatus::kListed}, {{"sku", absl::StrCat("s", i)}}});
    }
  }

  void NewEngine(int64_t capacity) {
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.credentials = &credentials_;
    options.page_rows = 2;
    options.event_capacity = capacity;
    engine_ = *Engine::Create(options);
  }

  void AddChannel(const std::string& name) {
    ChannelConfig config;
    config.name = name;
    config.adapter = "scripted";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    config.link_after_sync = config.link_after_build = false;
    ASSERT_TRUE(engine_->AddChannel(config).ok());
  }

  Job Run(JobKind kind, const std::string& channel = "shop") {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->Enqueue(channel, request);
    EXPECT_TRUE(job.ok()) << job.status();
    return *engine_->RunUntilFinal(job->job_id);
  }

  // From now on the channel takes so long that each page of a pull is stored, and told, as it comes.
  void SlowPulls() {
    script_.pull = [this] {
      clock_.Advance(absl::Milliseconds(500));
      return absl::OkStatus();
    };
  }

  // States products s1 to s6 at this price.
  void WriteProducts(int64_t price) {
    ProductBatch batch;
    for (int i = 1; i <= 6; ++i) {
      batch.key.Add(absl::StrCat("s", i));
      batch.sku.Add(absl::StrCat("s", i));
      batch.parent.Add("");
      batch.price.push_back(price);
      batch.quantity.push_back(5);
      batch.sync_priority.push_back(0);
    }
    ASSERT_TRUE(engine_->WriteProducts(batch).status.ok());
  }

  // Everything that waits in the stream.
  static std::vector<Event> Take(EventStream& stream) {
    std::vector<Event> events;
    for (absl::StatusOr<Event> event = stream.Next(kNoWaiting); event.ok(); event = stream.Next(kNoWaiting)) {
      events.push_back(*std::move(event));
    }
    return events;
  }

  // "job_state pending", "job_progress 2", "links", …
  static std::vector<std::string> Texts(const std::vector<Event>& events) {
    std::vector<std::string> texts;
    for (const Event& event : events) {
      std::string text(ToString(event.kind));
      if (event.kind == EventKind::kJobState) absl::StrAppend(&text, " ", ToString(event.job.state));
      if (event.kind == EventKind::kJobProgress) absl::StrAppend(&text, " ", event.job.progress.done);
      if (event.kind == EventKind::kMissed) absl::StrAppend(&text, " ", event.missed);
      if (event.kind == EventKind::kLog) absl::StrAppend(&text, " ", ToString(event.level), " ", event.problem.code);
      texts.push_back(std::move(text));
    }
    return texts;
  }

  ManualClock clock_;
  const std::unique_ptr<Storage> memory_;
  HookedStorage storage_;
  SimulatedPlatform platform_;
  ChannelScript script_;
  KnownCredentials credentials_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EventTest, AJobIsToldFromItsQueueToItsEnd) {
  SlowPulls();
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  const Job job = Run(JobKind::kPull);
  const std::vector<Event> events = Take(*stream);
  EXPECT_THAT(Texts(events), ElementsAre("job_state pending", "job_state running", "job_progress 2", "job_progress 4",
                                         "job_progress 6", "job_progress 6", "job_state completed"));
  for (const Event& event : events) {
    EXPECT_EQ(event.job.job_id, job.job_id);
    EXPECT_EQ(event.channel, "shop");
    EXPECT_EQ(event.job.channel, "shop");
  }
  EXPECT_EQ(events.back().job.counts, job.counts);
}

TEST_F(EventTest, AFilterTakesAChannelAJobAndKinds) {
  EventFilter shop;
  shop.channel = "shop";
  shop.kinds = {EventKind::kJobState};
  const std::unique_ptr<EventStream> of_shop = engine_->Subscribe(shop);
  EventFilter other;
  other.job_id = 999;
  const std::unique_ptr<EventStream> of_other = engine_->Subscribe(other);
  Run(JobKind::kPull, "next");
  EXPECT_THAT(Take(*of_shop), IsEmpty());
  Run(JobKind::kPull, "shop");
  EXPECT_THAT(Texts(Take(*of_shop)), ElementsAre("job_state pending", "job_state running", "job_state completed"));
  EXPECT_THAT(Take(*of_other), IsEmpty());
}

TEST_F(EventTest, AFullQueueDropsProgressFirstAndSaysHowMuch) {
  NewEngine(4);
  SlowPulls();
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  Run(JobKind::kPull);
  EXPECT_THAT(Texts(Take(*stream)), ElementsAre("missed 3", "job_state pending", "job_state running", "job_progress 6",
                                                "job_state completed"));
  Run(JobKind::kPull);
  Run(JobKind::kPull, "next");
  EXPECT_THAT(Texts(Take(*stream)), ElementsAre("missed 10", "job_state completed", "job_state pending",
                                                "job_state running", "job_state completed"));
}

TEST_F(EventTest, AStreamOutlivesItsEngine) {
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  Run(JobKind::kPull);
  engine_.reset();
  EXPECT_THAT(Take(*stream), Not(IsEmpty()));
  EXPECT_EQ(stream->Next().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(EventTest, TheEndOfTheEngineWakesWhoWaits) {
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  absl::Status status;
  std::thread waiting([&] { status = stream->Next().status(); });
  engine_.reset();
  waiting.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(EventTest, ACallThatEndsEndsTheWaiting) {
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  EXPECT_EQ(stream->Next(kNoWaiting).status().code(), absl::StatusCode::kDeadlineExceeded);
  Cancellation cancellation;
  std::thread canceller([&] { cancellation.Cancel(); });
  EXPECT_EQ(stream->Next({absl::InfiniteFuture(), &cancellation}).status().code(), absl::StatusCode::kCancelled);
  canceller.join();
}

TEST_F(EventTest, LinksAreToldByThePageAndThoseMadeByHandByName) {
  EventFilter filter;
  filter.kinds = {EventKind::kLinks};
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(filter);
  WriteProducts(1000);
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  EXPECT_THAT(Take(*stream), IsEmpty());
  Run(JobKind::kLink);
  int64_t made = 0;
  for (const Event& event : Take(*stream)) made += event.links.made;
  EXPECT_EQ(made, 6);

  platform_.RemoveItem("i1");
  Run(JobKind::kPull);
  std::vector<Event> events = Take(*stream);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].links.broken, 1);

  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s2", edit).ok());
  events = Take(*stream);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].sku, "s2");
  EXPECT_EQ(events[0].links.released, 1);
}

TEST_F(EventTest, AHandEditThatChangesNoLinkTellsNothing) {
  WriteProducts(1000);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  EventFilter filter;
  filter.kinds = {EventKind::kLinks};
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(filter);
  ListingEdit edit;
  for (const ListingEdit::Kind kind : {ListingEdit::Kind::kUnlink, ListingEdit::Kind::kLink}) {
    edit.kind = kind;
    edit.external_id = kind == ListingEdit::Kind::kLink ? "i2" : "";
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(engine_->EditListing("shop", "s2", edit).ok());
    ASSERT_EQ(Take(*stream).size(), 1u) << "the second finds it done";
  }
  EXPECT_FALSE(engine_->EditListing("shop", "s1", edit).ok()) << "i2 is taken";
  edit.kind = ListingEdit::Kind::kPause;
  ASSERT_TRUE(engine_->EditListing("shop", "s2", edit).ok());
  EXPECT_THAT(Take(*stream), IsEmpty());
}

TEST_F(EventTest, AnAttentionIsToldWithItsProblem) {
  WriteProducts(1000);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  EventFilter filter;
  filter.kinds = {EventKind::kAttentionRaised};
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(filter);
  WriteProducts(kHighestSimulatedPrice + 1);
  Run(JobKind::kSync);
  const std::vector<Event> events = Take(*stream);
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].problem.code, "invalid_price");
  EXPECT_EQ(events[0].sku, "s1");
  EXPECT_EQ(events[0].external_id, "i1");
}

TEST_F(EventTest, AnAttentionThatIsOverIsTold) {
  WriteProducts(1000);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  WriteProducts(kHighestSimulatedPrice + 1);
  Run(JobKind::kSync);
  EventFilter filter;
  filter.kinds = {EventKind::kAttentionRaised, EventKind::kAttentionCleared};
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(filter);
  WriteProducts(1000);  // As the channel has it: nothing is pushed.
  Run(JobKind::kSync);
  std::vector<Event> events = Take(*stream);
  EXPECT_THAT(Texts(events), Each("attention_cleared"));
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].problem.code, "invalid_price");
  EXPECT_EQ(events[0].sku, "s1");
  EXPECT_EQ(events[0].external_id, "i1");
  EXPECT_EQ(events[0].channel, "shop");
  EXPECT_EQ(events[0].job.kind, JobKind::kSync);

  WriteProducts(kHighestSimulatedPrice + 1);
  Run(JobKind::kSync);
  EXPECT_THAT(Texts(Take(*stream)), Each("attention_raised"));
  WriteProducts(2000);
  Run(JobKind::kSync);
  events = Take(*stream);
  EXPECT_THAT(Texts(events), Each("attention_cleared")) << "by a push";
  EXPECT_EQ(events.size(), 6u);
  WriteProducts(3000);
  Run(JobKind::kSync);
  EXPECT_THAT(Take(*stream), IsEmpty());
}

// The write of a queue whose answer was lost is found to be done, and told once.
TEST_F(EventTest, AChangeWhoseAnswerGotLostIsTold) {
  bool lose = false;
  class LosingStorage : public ForwardingStorage {
   public:
    LosingStorage(Storage& inner, bool& lose) : ForwardingStorage(inner), lose_(lose) {}
    absl::Status WriteQueue(const QueueChange& change) override {
      const absl::Status status = ForwardingStorage::WriteQueue(change);
      if (!status.ok() || !lose_) return status;
      lose_ = false;
      return absl::UnknownError("the answer got lost");
    }

   private:
    bool& lose_;
  } losing(storage_, lose);
  EngineOptions options;
  options.storage = &losing;
  options.adapters = &adapters_;
  options.clock = &clock_;
  options.credentials = &credentials_;
  const std::unique_ptr<Engine> engine = *Engine::Create(options);
  const std::unique_ptr<EventStream> stream = engine->Subscribe({});
  JobRequest request;
  request.kind = JobKind::kPull;
  lose = true;
  const absl::StatusOr<Job> job = engine->Enqueue("shop", request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_THAT(Texts(Take(*stream)), ElementsAre("job_state pending"));
}

// -- The log

TEST_F(EventTest, TheLogIsAskedForAndHasLevels) {
  EventFilter all;
  all.kinds = {EventKind::kLog};
  all.min_level = LogLevel::kDebug;
  const std::unique_ptr<EventStream> debug = engine_->Subscribe(all);
  EventFilter warnings = all;
  warnings.min_level = LogLevel::kWarning;
  const std::unique_ptr<EventStream> warning = engine_->Subscribe(warnings);
  script_.pull = Times(1, absl::UnavailableError("away"));
  Run(JobKind::kPull);
  EXPECT_THAT(Texts(Take(*debug)), ElementsAre("log info job_pending", "log info job_running", "log debug unavailable",
                                               "log info job_completed"));
  EXPECT_THAT(Take(*warning), IsEmpty());
  script_.pull = [] { return absl::InvalidArgumentError("no such file"); };
  Run(JobKind::kPull);
  const std::vector<Event> events = Take(*warning);
  ASSERT_THAT(Texts(events), ElementsAre("log warning job_failed"));
  EXPECT_THAT(events[0].problem.message, HasSubstr("no such file"));
}

TEST_F(EventTest, NothingThatIsToldHasASecret) {
  EventFilter filter;
  filter.kinds = {EventKind::kJobState, EventKind::kJobProgress, EventKind::kTrouble, EventKind::kLog};
  filter.min_level = LogLevel::kDebug;
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(filter);
  script_.pull = [] {
    const std::string message = absl::StrCat("GET https://shop/?token=", kSecret, " failed");
    return WithProblem(absl::InvalidArgumentError(message),
                       MakeProblem("refused", {{"url", absl::StrCat("?token=", kSecret)}}, message));
  };
  const Job job = Run(JobKind::kPull);
  EXPECT_EQ(job.error->message, "GET https://shop/?token=*** failed");
  EXPECT_EQ(job.error->args, (std::vector<Field>{{"url", "?token=***"}}));
  for (const Event& event : Take(*stream)) {
    const Problem error = event.job.error.value_or(Problem());
    EXPECT_THAT(event.problem.message, Not(HasSubstr(std::string(kSecret))));
    EXPECT_THAT(error.message, Not(HasSubstr(std::string(kSecret))));
  }
  const std::vector<Metric> metrics = *engine_->ReadMetrics();
  for (const Metric& metric : metrics) {
    for (const Field& label : metric.labels) EXPECT_THAT(label.value, Not(HasSubstr(std::string(kSecret))));
  }
}

// -- Metrics

class MetricsTest : public EventTest {
 protected:
  // The number of that name whose labels have these values; -1: there is none.
  double Value(const std::string& name, const std::vector<std::string>& values) {
    const absl::StatusOr<std::vector<Metric>> metrics = engine_->ReadMetrics();
    EXPECT_TRUE(metrics.ok()) << metrics.status();
    for (const PrometheusSample& sample : ParsePrometheus(FormatPrometheus(*metrics))) {
      std::vector<std::string> found;
      for (const Field& label : sample.labels) found.push_back(label.value);
      if (sample.name == name && found == values) return sample.value;
    }
    return -1;
  }
};

TEST_F(MetricsTest, CountersAreWhatThisEngineDid) {
  script_.pull = Times(1, Throttled(absl::Seconds(3)));
  Run(JobKind::kPull);
  EXPECT_EQ(Value("flxlink_adapter_calls_total", {"shop", "pull", "ok"}), 3);
  EXPECT_EQ(Value("flxlink_adapter_calls_total", {"shop", "pull", "throttled"}), 1);
  EXPECT_EQ(Value("flxlink_throttled_total", {"shop"}), 1);
  EXPECT_EQ(Value("flxlink_job_counts_total", {"shop", "pull", "inserted"}), 6);
  EXPECT_EQ(Value("flxlink_jobs_ended_total", {"pull", "completed"}), 1);
  EXPECT_EQ(Value("flxlink_job_run_seconds_total", {"pull"}), 3);
  Run(JobKind::kPull, "next");
  EXPECT_EQ(Value("flxlink_jobs_ended_total", {"pull", "completed"}), 2);
  EXPECT_EQ(Value("flxlink_job_counts_total", {"next", "pull", "inserted"}), 6);
  EXPECT_EQ(Value("flxlink_throttled_total", {"next"}), -1);
}

TEST_F(MetricsTest, GaugesAreTheQueuesOfTheStore) {
  JobRequest request;
  for (const JobKind kind : {JobKind::kPull, JobKind::kBuild}) {
    request.kind = kind;
    ASSERT_TRUE(engine_->Enqueue("shop", request).ok());
    clock_.Advance(absl::Seconds(7));
  }
  EXPECT_EQ(Value("flxlink_queue_jobs", {"shop", "pending"}), 2);
  EXPECT_EQ(Value("flxlink_queue_jobs", {"next", "pending"}), 0);
  EXPECT_EQ(Value("flxlink_oldest_pending_seconds", {"shop"}), 14);
  request.kind = JobKind::kSync;
  request.not_before = clock_.Now() + absl::Seconds(7);
  ASSERT_TRUE(engine_->Enqueue("next", request).ok());
  EXPECT_EQ(Value("flxlink_queue_jobs", {"next", "pending"}), 1);
  EXPECT_EQ(Value("flxlink_oldest_pending_seconds", {"next"}), 0);
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(Value("flxlink_oldest_pending_seconds", {"next"}), 2);
  EXPECT_EQ(*engine_->RunPending(10), 3);
  EXPECT_EQ(Value("flxlink_queue_jobs", {"shop", "pending"}), 0);
  EXPECT_EQ(Value("flxlink_oldest_pending_seconds", {"shop"}), 0);
}

TEST_F(MetricsTest, MissedEventsAreCounted) {
  NewEngine(4);
  SlowPulls();
  const std::unique_ptr<EventStream> stream = engine_->Subscribe({});
  Run(JobKind::kPull);
  EXPECT_EQ(Value("flxlink_events_missed_total", {}), 3);
}

}  // namespace
}  // namespace flxlink::engine

// Jobs that yield, and jobs whose workers die between two steps: at every step of every kind, what another engine makes
// of the rest is what would have come of it undisturbed; and Stop, which makes jobs yield.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "flxlink/engine.h"
#include "flxlink/faulty_storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {
namespace {

using ::testing::HasSubstr;

// A channel of six items and six products, on a storage that a test looks into; pages have two rows.
class World {
 public:
  explicit World(bool asynchronous_receipts = false)
      : asynchronous_receipts_(asynchronous_receipts),
        memory_(NewMemoryStorage(clock_)),
        hooked_(*memory_),
        platform_(clock_, Options(asynchronous_receipts)) {
    adapters_.Register("scripted", [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      if (!makes_adapters) return absl::InvalidArgumentError("a setting is missing");
      return std::make_unique<ScriptedAdapter>(platform_, script);
    });
    for (int i = 1; i <= 6; ++i) SetItem(i, 1000);
    engine = NewEngine(hooked_);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "scripted";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    config.status_rules = {
        {StatusRule::Subject::kPrice, StatusRule::Comparison::kEqual, 2000, StatusRule::Action::kHide}};
    channel_id_ = engine->AddChannel(config)->channel_id;
    WriteProducts(1000);
  }

  ~World() { engine.reset(); }

  std::unique_ptr<Engine> NewEngine(Storage& storage) {
    EngineOptions options;
    options.storage = &storage;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 2;
    return *Engine::Create(options);
  }
  std::unique_ptr<Engine> NewEngine() { return NewEngine(*memory_); }

  // Pulls are so slow from now on that each page is stored as it comes.
  void SlowPulls() {
    script.pull = [this] {
      clock_.Advance(absl::Milliseconds(500));
      return absl::OkStatus();
    };
  }

  void SetItem(int i, int64_t price) {
    platform_.SetItem({absl::StrCat("i", i), "", {price, 5, ChannelStatus::kListed}, {{"sku", absl::StrCat("s", i)}}});
  }

  void WriteProducts(int64_t price) {
    ProductBatch batch;
    for (int i = 1; i <= 6; ++i) {
      batch.key.Add(absl::StrCat("s", i));
      batch.sku.Add(absl::StrCat("s", i));
      batch.parent.Add("");
      batch.price.push_back(i == 6 ? kHighestSimulatedPrice + 1 : price);  // The last one is refused by the channel.
      batch.quantity.push_back(5);
      batch.sync_priority.push_back(0);
    }
    ASSERT_TRUE(engine->WriteProducts(batch).status.ok());
  }

  int64_t Enqueue(const JobRequest& request) { return engine->Enqueue("shop", request)->job_id; }
  int64_t Enqueue(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    return Enqueue(request);
  }

  // Runs these, one after the other, and what they chained.
  void Run(const std::vector<JobKind>& kinds) {
    for (const JobKind kind : kinds) {
      Enqueue(kind);
      ASSERT_TRUE(engine->RunPending(10).ok());
    }
  }

  Job Read(int64_t job_id) { return *memory_->ReadJob(job_id); }

  // All that a job can have changed, times left out, and how it ended.
  std::string Text(int64_t job_id) {
    std::string text;
    const Job job = Read(job_id);
    absl::StrAppend(&text, "job ", ToString(job.state), " ", job.attempts, " ", job.error.value_or(Problem()).message,
                    "\n");
    // A link job that goes on makes a whole pass.
    if (job.kind != JobKind::kLink) {
      absl::StrAppend(&text, job.progress.done, "+", job.progress.failed, " of ", job.progress.total.value_or(-1),
                      "\n");
    }
    for (const auto& [name, count] : job.counts) {
      // A run that goes on may look at rows again, and sends every field of what is in doubt.
      if (name == "unchanged" || name == "resumed") continue;
      if (asynchronous_receipts_ && (name == "quantities" || name == "statuses")) continue;
      absl::StrAppend(&text, "  ", name, " ", count, "\n");
    }
    for (const JobProblem& problem : job.problems) absl::StrAppend(&text, "  ", problem.subject, "\n");
    const std::vector<ListingRow> rows = *memory_->ReadListings(channel_id_, {}, 0, 100);
    for (const ListingRow& row : rows) {
      absl::StrAppend(&text, row.sku, " ", ToString(row.link_state), " ", row.external_id, " ", row.rule, " ",
                      ToString(row.reason), " ", row.dirty, row.in_doubt, " ", ToString(HealthOf(row.status)), " ",
                      row.attentions.size(), "\n");
    }
    for (const SimulatedItem& item : platform_.Items()) {
      absl::StrAppend(&text, item.external_id, " ", item.values.price, " ", ToString(item.values.status), "\n");
    }
    const std::vector<Job> jobs = *memory_->ReadJobs({}, job_id + 100, 100);
    for (const Job& other : jobs) {
      absl::StrAppend(&text, ToString(other.kind), " ", ToString(other.state), " ", ToString(other.trigger), "\n");
    }
    return text;
  }

  HookedStorage& storage() { return hooked_; }
  HookedClock& clock() { return clock_; }
  SimulatedPlatform& platform() { return platform_; }
  int64_t channel_id() const { return channel_id_; }

  ChannelScript script;
  bool makes_adapters = true;
  std::unique_ptr<Engine> engine;

 private:
  static SimulatedOptions Options(bool asynchronous_receipts) {
    SimulatedOptions options;
    if (asynchronous_receipts) OnlyKind(options).receipt_timeout = absl::Minutes(10);
    options.faults.max_receipt_delay = absl::Seconds(5);
    return options;
  }

  const bool asynchronous_receipts_;
  HookedClock clock_;
  const std::unique_ptr<Storage> memory_;
  HookedStorage hooked_;
  SimulatedPlatform platform_;
  AdapterRegistry adapters_;
  int64_t channel_id_ = 0;
};

// -- Every kind, at every step

struct YieldCase {
  std::string name;
  JobRequest request;
  std::function<void(World&)> prepare;
  bool asynchronous_receipts = false;
};

JobRequest Request(JobKind kind) {
  JobRequest request;
  request.kind = kind;
  return request;
}

void Link(World& world) { world.Run({JobKind::kBuild, JobKind::kPull, JobKind::kLink}); }

std::vector<YieldCase> Cases() {
  std::vector<YieldCase> cases;
  cases.push_back({"pull", Request(JobKind::kPull), [](World& world) {
                     world.Run({JobKind::kBuild, JobKind::kPull});
                     world.platform().RemoveItem("i1");
                     world.platform().RemoveItem("i4");
                     world.SetItem(5, 1100);
                     world.SetItem(7, 1000);
                     // These cannot be kept.
                     const std::string odd("a\0", 2);
                     for (const char* const id : {"i2", "i6"}) {
                       world.platform().SetItem({id, odd, {1000, 5, ChannelStatus::kListed}, {}});
                     }
                   }});
  cases.push_back({"build", Request(JobKind::kBuild), [](World& world) { world.Run({JobKind::kPull}); }});
  YieldCase some{"build_some", Request(JobKind::kBuild), [](World& world) { world.Run({JobKind::kPull}); }};
  some.request.options.skus = {"s1", "nope", "s2", "s5", "s1", "s6", "nope"};
  cases.push_back(some);
  cases.push_back({"link", Request(JobKind::kLink), [](World& world) {
                     world.Run({JobKind::kPull});
                     world.Enqueue(JobKind::kBuild);
                     // Its chained link job is joined by the one that is tested.
                     ASSERT_EQ(*world.engine->RunPending(1), 1);
                   }});
  cases.push_back({"link_incremental", Request(JobKind::kLink), [](World& world) {
                     Link(world);
                     world.SetItem(8, 1000);
                     for (const char* const sku : {"s2", "s3"}) {
                       ListingEdit edit;
                       edit.kind = ListingEdit::Kind::kUnlink;
                       ASSERT_TRUE(world.engine->EditListing("shop", sku, edit).ok());
                       edit.kind = ListingEdit::Kind::kClearUnlink;
                       ASSERT_TRUE(world.engine->EditListing("shop", sku, edit).ok());
                     }
                   }});
  cases.push_back({"rules", Request(JobKind::kRules), [](World& world) {
                     Link(world);
                     world.WriteProducts(2000);
                   }});
  YieldCase fetch{"fetch", Request(JobKind::kFetch), [](World& world) {
                    Link(world);
                    world.platform().RemoveItem("i4");
                    for (const int i : {1, 5, 7}) world.SetItem(i, 1100);
                    world.SetItem(2, 1200);  // Nobody asks for it.
                  }};
  fetch.request.options.items = {"i1", "i3", "i4", "i5", "i7", "i8", "i9"};
  cases.push_back(fetch);
  const auto dirty = [](World& world) {
    Link(world);
    world.Run({JobKind::kSync});
    world.WriteProducts(1200);
  };
  cases.push_back({"sync", Request(JobKind::kSync), dirty});
  cases.push_back({"sync_receipts", Request(JobKind::kSync), dirty, true});
  YieldCase forced{"sync_forced", Request(JobKind::kSync), dirty};
  forced.request.options.force = {"s1", "s4", "nope"};
  forced.request.options.only_forced = true;
  cases.push_back(forced);
  YieldCase full{"sync_full", Request(JobKind::kSync), [](World& world) {
                   Link(world);
                   world.Run({JobKind::kSync});
                   for (const int i : {1, 2, 5}) world.SetItem(i, 777);
                   world.platform().RemoveItem("i4");
                 }};
  full.request.options.full = true;
  cases.push_back(full);
  return cases;
}

class YieldTest : public ::testing::TestWithParam<YieldCase> {};

// What comes of the case's job where nobody disturbs it.
std::string UndisturbedText(const YieldCase& test) {
  World world(test.asynchronous_receipts);
  test.prepare(world);
  const int64_t id = world.Enqueue(test.request);
  EXPECT_TRUE(world.engine->RunUntilFinal(id).ok());
  return world.Text(id);
}

TEST_P(YieldTest, AnotherEngineMakesOfTheRestWhatWouldHaveCome) {
  const YieldCase& test = GetParam();
  const std::string expected = UndisturbedText(test);
  ASSERT_THAT(expected, HasSubstr("job completed 1 "));

  int yields = 0;
  for (int step = 1;; ++step) {
    SCOPED_TRACE(absl::StrCat("asked to yield before operation ", step));
    World world(test.asynchronous_receipts);
    test.prepare(world);
    const int64_t job_id = world.Enqueue(test.request);
    Cancellation cancellation;
    int operations = 0;
    world.storage().before = [&](absl::string_view) {
      if (++operations == step) cancellation.Cancel();
      return absl::OkStatus();
    };
    const absl::StatusOr<Job> first = world.engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation});
    world.storage().before = nullptr;
    if (operations < step) break;
    if (!first.ok()) {
      ++yields;
      EXPECT_EQ(first.status().code(), absl::StatusCode::kCancelled);
      EXPECT_EQ(world.Read(job_id).state, JobState::kPending);
      EXPECT_EQ(world.Read(job_id).attempts, 0);
    }
    world.engine.reset();
    const std::unique_ptr<Engine> other = world.NewEngine();
    ASSERT_TRUE(other->RunUntilFinal(job_id).ok());
    EXPECT_EQ(world.Text(job_id), expected);
    if (HasFailure()) return;
  }
  EXPECT_GE(yields, 3);
}

// Runs the job until its worker has reported that often, and dies. False: the job ended before.
bool RunAndDie(World& world, int64_t job_id, int reports) {
  bool is_dead = false;
  world.storage().after_progress = [&](const Fence&, const JobProgress&) { is_dead = --reports <= 0; };
  world.storage().before = [&](absl::string_view) {
    return is_dead ? absl::FailedPreconditionError("the worker is dead") : absl::OkStatus();
  };
  world.engine->RunUntilFinal(job_id).IgnoreError();
  world.engine.reset();
  world.storage().after_progress = nullptr;
  world.storage().before = nullptr;
  if (!is_dead) return false;
  const Slot slot = world.storage().ReadQueue(world.channel_id())->slot;
  EXPECT_EQ(slot.holder_job, job_id);
  EXPECT_EQ(world.storage().CloseOwner(slot.owner), absl::OkStatus());
  return true;
}

// Counts and problems among them: all are there, each once.
TEST_P(YieldTest, AWorkerThatDiesBetweenTwoStepsLosesNothing) {
  const YieldCase& test = GetParam();
  const std::string expected = absl::StrReplaceAll(UndisturbedText(test), {{"job completed 1 ", "job completed 2 "}});

  int deaths = 0;
  for (int step = 1;; ++step) {
    SCOPED_TRACE(absl::StrCat("dies after report ", step));
    World world(test.asynchronous_receipts);
    test.prepare(world);
    const int64_t job_id = world.Enqueue(test.request);
    if (!RunAndDie(world, job_id, step)) break;
    ++deaths;
    const std::unique_ptr<Engine> other = world.NewEngine();
    ASSERT_TRUE(other->RunUntilFinal(job_id).ok());
    EXPECT_EQ(world.Text(job_id), expected);
    if (HasFailure()) return;
  }
  EXPECT_GE(deaths, 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, YieldTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

// -- What a yield keeps, and what it leaves alone

// Runs the job until it has reported that often, then ends the call.
absl::Status RunAndYield(World& world, int64_t job_id, int reports) {
  Cancellation cancellation;
  world.storage().after_progress = [&](const Fence&, const JobProgress&) {
    if (--reports == 0) cancellation.Cancel();
  };
  const absl::Status status = world.engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation}).status();
  world.storage().after_progress = nullptr;
  return status;
}

TEST(YieldedJobTest, APullThatYieldedGoesOnFromItsCursor) {
  World world;
  world.SlowPulls();
  const int64_t job_id = world.Enqueue(JobKind::kPull);
  EXPECT_EQ(RunAndYield(world, job_id, 2).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world.Read(job_id).progress.done, 4);
  EXPECT_EQ(CountOf(world.Read(job_id), "inserted"), 4);
  const int64_t before = world.platform().Counters().items_pulled;
  const Job job = *world.engine->RunUntilFinal(job_id);
  EXPECT_EQ(world.platform().Counters().items_pulled - before, 2) << "only what was missing";
  EXPECT_EQ(CountOf(job, "inserted"), 6);
  EXPECT_EQ(job.progress.done, 6);
}

TEST(YieldedJobTest, WhereItsAdapterCannotBeMadeItFailsWithWhatItCameTo) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kBuild);
  ASSERT_EQ(RunAndYield(world, job_id, 2).code(), absl::StatusCode::kCancelled);
  const Job yielded = world.Read(job_id);
  ASSERT_EQ(yielded.progress.done, 4);
  world.makes_adapters = false;
  const Job failed = *world.engine->RunUntilFinal(job_id);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.progress.done, 4);
  EXPECT_EQ(failed.counts, yielded.counts);
}

TEST(YieldedJobTest, APullThatYieldedAnHourAgoStartsOver) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kPull);
  EXPECT_EQ(RunAndYield(world, job_id, 2).code(), absl::StatusCode::kCancelled);
  world.clock().Advance(absl::Hours(1));
  const int64_t before = world.platform().Counters().items_pulled;
  EXPECT_EQ(world.engine->RunUntilFinal(job_id)->progress.done, 6);
  EXPECT_EQ(world.platform().Counters().items_pulled - before, 6);
}

TEST(YieldedJobTest, OneThatYieldedTakesNoOtherWishIn) {
  World world;
  Link(world);
  world.WriteProducts(1200);
  const int64_t job_id = world.Enqueue(JobKind::kSync);
  EXPECT_EQ(RunAndYield(world, job_id, 1).code(), absl::StatusCode::kCancelled);
  JobRequest forced = Request(JobKind::kSync);
  forced.options.force = {"s1"};
  forced.priority = world.Read(job_id).priority;
  const int64_t follow_up = world.Enqueue(forced);
  EXPECT_NE(follow_up, job_id);
  EXPECT_EQ(world.Enqueue(JobKind::kSync), follow_up) << "which takes in what comes later";
  EXPECT_EQ(*world.engine->RunPending(1), 1);
  EXPECT_EQ(world.Read(job_id).state, JobState::kCompleted) << "it keeps its place in the queue";
}

TEST(YieldedJobTest, AnEndedCallRunsNoMoreJobs) {
  World world;
  const int64_t build = world.Enqueue(JobKind::kBuild);
  const int64_t pull = world.Enqueue(JobKind::kPull);
  Cancellation cancellation;
  world.storage().after_progress = [&](const Fence&, const JobProgress&) { cancellation.Cancel(); };
  EXPECT_EQ(world.engine->RunPending(5, {absl::InfiniteFuture(), &cancellation}).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(world.Read(build).state, JobState::kPending);
  EXPECT_FALSE(world.Read(pull).started_at.has_value());
}

// Wherever it yielded: what it judges once more it has not counted yet.
TEST(YieldedJobTest, ALinkJobThatFailsAfterItYieldedKeepsWhatItCounted) {
  int yields = 0;
  for (int step = 1;; ++step) {
    SCOPED_TRACE(absl::StrCat("asked to yield at operation ", step));
    World world;
    world.platform().RemoveItem("i2");
    world.Run({JobKind::kPull});
    world.Enqueue(JobKind::kBuild);
    ASSERT_EQ(*world.engine->RunPending(1), 1);
    const int64_t job_id = world.Enqueue(JobKind::kLink);
    Cancellation cancellation;
    int operations = 0;
    world.storage().before = [&](absl::string_view operation) {
      if (++operations < step || operation == "WriteQueue") return absl::OkStatus();
      cancellation.Cancel();
      return absl::UnavailableError("the storage is away");
    };
    world.engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation}).IgnoreError();
    if (operations < step) break;
    const Job yielded = world.Read(job_id);
    if (yielded.state != JobState::kPending) continue;
    ++yields;
    world.storage().before = [&](absl::string_view operation) {
      return operation == "ReadHandUnlinks" ? absl::DataLossError("a damaged row") : absl::OkStatus();
    };
    const absl::StatusOr<Job> failed = world.engine->RunUntilFinal(job_id);
    ASSERT_TRUE(failed.ok()) << failed.status();
    EXPECT_EQ(failed->state, JobState::kFailed);
    for (const auto& [name, count] : yielded.counts) EXPECT_EQ(CountOf(*failed, name), count) << name;
  }
  EXPECT_GE(yields, 3);
}

// A throttled channel says when it may be asked again; who is to yield does not wait for that.
TEST(YieldedJobTest, ADeadlineEndsAWaitForTheChannel) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kPull);
  world.script.pull = [] { return Throttled(absl::Hours(1)); };
  const absl::Time start = world.clock().Now();
  const Call call{start + absl::Seconds(5), nullptr};
  EXPECT_EQ(world.engine->RunUntilFinal(job_id, call).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LE(world.clock().Now() - start, absl::Seconds(6));
  EXPECT_EQ(world.Read(job_id).state, JobState::kPending);
}

TEST(YieldedJobTest, ACancelOfAJobThatYieldsIsNotForgotten) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kPull);
  const std::unique_ptr<Engine> other = world.NewEngine();
  Cancellation cancellation;
  // Asked for after the last report of the job, so that it does not see it.
  bool asked = false;
  world.storage().before = [&](absl::string_view operation) {
    if (operation == "WriteQueue" && cancellation.cancelled() && !asked) {
      asked = true;
      EXPECT_TRUE(other->Cancel(job_id).ok());
    }
    return absl::OkStatus();
  };
  world.storage().after_progress = [&](const Fence&, const JobProgress&) { cancellation.Cancel(); };
  EXPECT_EQ(world.engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation})->state, JobState::kCancelled);
}

// -- The write of a yield

TEST(YieldedJobTest, AYieldThatCannotBeWrittenIsWrittenLater) {
  for (const absl::StatusCode code : {absl::StatusCode::kUnavailable, absl::StatusCode::kUnknown}) {
    World world;
    world.SlowPulls();
    const int64_t job_id = world.Enqueue(JobKind::kPull);
    Cancellation cancellation;
    world.storage().after_progress = [&](const Fence&, const JobProgress&) { cancellation.Cancel(); };
    world.storage().before = [&](absl::string_view operation) {
      const bool fails = operation == "WriteQueue" && cancellation.cancelled();
      return fails ? absl::Status(code, "the storage is away") : absl::OkStatus();
    };
    EXPECT_FALSE(world.engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation}).ok());
    EXPECT_EQ(world.Read(job_id).state, JobState::kRunning);
    world.storage().before = nullptr;
    world.storage().after_progress = nullptr;
    world.engine.reset();
    EXPECT_EQ(world.Read(job_id).state, JobState::kPending) << "the engine's end wrote it";
    EXPECT_EQ(world.Read(job_id).attempts, 0);
    EXPECT_EQ(CountOf(world.Read(job_id), "inserted"), 2);
  }
}

// From the report on at which the job yields, answers get lost and storage is away now and then.
TEST(YieldedJobTest, OnAFaultyStorageEveryYieldedJobEndsOnce) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    World world;
    const int64_t job_id = world.Enqueue(JobKind::kPull);
    FaultyStorage faulty(world.storage(), {});
    std::unique_ptr<Engine> engine = world.NewEngine(faulty);
    StorageFaults faults;
    faults.seed = seed;
    faults.unavailable = 0.3;
    faults.answer_lost = 0.3;
    Cancellation cancellation;
    world.storage().after_progress = [&](const Fence&, const JobProgress&) {
      cancellation.Cancel();
      faulty.SetFaults(faults);
    };
    engine->RunUntilFinal(job_id, {absl::InfiniteFuture(), &cancellation}).IgnoreError();
    faulty.SetFaults({});
    engine.reset();
    world.storage().after_progress = nullptr;
    EXPECT_NE(world.Read(job_id).state, JobState::kRunning);
    const absl::StatusOr<Job> job = world.engine->RunUntilFinal(job_id);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, JobState::kCompleted);
    EXPECT_EQ(job->attempts, 1);
    EXPECT_EQ(job->progress.done, 6);
  }
}

// -- What a worker that dies leaves

TEST(DeadWorkersJobTest, ABuildGoesOnFromItsCursor) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kBuild);
  ASSERT_TRUE(RunAndDie(world, job_id, 2));
  const Job left = world.Read(job_id);
  EXPECT_EQ(left.state, JobState::kRunning);
  EXPECT_EQ(CountOf(left, "created"), 4);
  EXPECT_NE(left.cursor, "");
  int built = 0;
  world.storage().before = [&](absl::string_view operation) {
    if (operation == "WriteListings") ++built;
    return absl::OkStatus();
  };
  const Job job = *world.NewEngine(world.storage())->RunUntilFinal(job_id);
  EXPECT_EQ(built, 1) << "only what was missing";
  EXPECT_EQ(job.attempts, 2);
  EXPECT_EQ(CountOf(job, "created"), 6);
  EXPECT_EQ(CountOf(job, "unchanged"), 0);
  EXPECT_EQ(job.progress.done, 6);
  EXPECT_EQ(job.cursor, "") << "it has ended";
}

// Another one has read the queue before the dead one's last report, and takes over after it.
TEST(DeadWorkersJobTest, WhoTakesOverGoesByTheLastReport) {
  World world;
  const int64_t job_id = world.Enqueue(JobKind::kBuild);
  ASSERT_TRUE(RunAndDie(world, job_id, 1));
  const Slot slot = world.storage().ReadQueue(world.channel_id())->slot;
  JobReport last;
  last.counts = {{"created", 40}};
  last.cursor = "1000000";
  bool has_reported = false;
  last.problems = {{"sku", {"code", {}, "message"}}};
  world.storage().before = [&](absl::string_view operation) {
    if (operation != "WriteQueue" || std::exchange(has_reported, true)) return absl::OkStatus();
    return world.storage().WriteProgress({world.channel_id(), job_id, slot.epoch, slot.claim}, last).status();
  };
  const Job job = *world.NewEngine(world.storage())->RunUntilFinal(job_id);
  EXPECT_EQ(CountOf(job, "created"), 40);
  EXPECT_EQ(job.problems, last.problems);
}

// More than a job shows.
TEST(DeadWorkersJobTest, EveryProblemIsNotedOnceAndTheFirstAreKept) {
  World world;
  JobRequest request = Request(JobKind::kBuild);
  for (int64_t i = 0; i < Job::kMaxProblems + 10; ++i) request.options.skus.push_back(absl::StrCat("n", i));
  const int64_t job_id = world.Enqueue(request);
  ASSERT_TRUE(RunAndDie(world, job_id, 100));
  EXPECT_EQ(world.Read(job_id).problem_count, 200);
  EXPECT_EQ(world.Read(job_id).problems.size(), static_cast<size_t>(Job::kProblemsShown));
  const std::unique_ptr<Engine> other = world.NewEngine();
  ASSERT_EQ(other->RunUntilFinal(job_id)->progress.failed, Job::kMaxProblems + 10);
  std::vector<std::string> subjects;
  PageRequest page;
  page.limit = 300;
  do {
    const absl::StatusOr<JobProblemPage> problems = other->ListJobProblems(job_id, page);
    ASSERT_TRUE(problems.ok()) << problems.status();
    for (const JobProblem& problem : problems->rows) subjects.push_back(problem.subject);
    page.after = problems->next;
  } while (!page.after.empty());
  ASSERT_EQ(subjects.size(), static_cast<size_t>(Job::kMaxProblems));
  EXPECT_EQ(std::set<std::string>(subjects.begin(), subjects.end()).size(), subjects.size());
  EXPECT_EQ(subjects.front(), "n0");
  EXPECT_EQ(world.Read(job_id).problem_count, Job::kMaxProblems);
}

// -- Stop

TEST(StopTest, WithinTheGraceAJobComesToItsEnd) {
  World world;
  absl::Notification runs;
  absl::Notification go_on;
  const int64_t job_id = world.Enqueue(JobKind::kPull);
  world.storage().after_progress = [&](const Fence&, const JobProgress&) {
    if (runs.HasBeenNotified()) return;
    runs.Notify();
    go_on.WaitForNotification();
  };
  ASSERT_TRUE(world.engine->Start(1).ok());
  runs.WaitForNotification();
  // Only who waits for the worker sleeps: the worker goes on once Stop has begun.
  world.clock().on_sleep = [&] {
    if (!go_on.HasBeenNotified()) go_on.Notify();
  };
  world.engine->Stop(absl::InfiniteDuration());
  EXPECT_EQ(world.Read(job_id).state, JobState::kCompleted);
}

// A worker that runs a pull which has one page, and for the next one would wait for ever.
class EndlessStopTest : public ::testing::Test {
 protected:
  EndlessStopTest() : job_id_(world_.Enqueue(JobKind::kPull)) {
    world_.script.pull = [this] { return calls_++ == 0 ? absl::OkStatus() : Throttled(absl::InfiniteDuration()); };
    EXPECT_TRUE(world_.engine->Start(1).ok());
    while (world_.Read(job_id_).progress.done < 2) std::this_thread::yield();
  }

  void ExpectYielded() {
    EXPECT_EQ(world_.Read(job_id_).state, JobState::kPending);
    EXPECT_EQ(world_.Read(job_id_).progress.done, 2);
    EXPECT_EQ(world_.Read(job_id_).attempts, 0);
  }

  World world_;
  int calls_ = 0;
  const int64_t job_id_;
};

TEST_F(EndlessStopTest, AfterTheGraceAJobYields) {
  const absl::Time start = world_.clock().Now();
  world_.engine->Stop();
  EXPECT_GE(world_.clock().Now() - start, Engine::kDefaultGrace);
  ExpectYielded();
  world_.script.pull = [] { return absl::OkStatus(); };
  ASSERT_TRUE(world_.engine->Start(1).ok()) << "it can be started again";
  EXPECT_EQ(world_.engine->RunUntilFinal(job_id_)->state, JobState::kCompleted);
  world_.engine->Stop();
}

TEST_F(EndlessStopTest, ACallThatEndsEndsTheGrace) {
  Cancellation cancellation;
  cancellation.Cancel();
  world_.engine->Stop(absl::InfiniteDuration(), {absl::InfiniteFuture(), &cancellation});
  ExpectYielded();
}

TEST_F(EndlessStopTest, TheEndOfTheEngineMakesItsJobsYield) {
  world_.engine.reset();
  ExpectYielded();
}

}  // namespace
}  // namespace flxlink::engine

#include "tests/simulation/world.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/people.h"
#include "tests/simulation/process.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/shop.h"
#include "tests/simulation/sim_adapter.h"
#include "tests/simulation/sim_storage.h"
#include "tests/simulation/twins.h"
#include "tests/simulation/witness_storage.h"

namespace flxlink::simulation {
namespace {

constexpr absl::Duration kPatience = absl::Hours(72);
// How often those who wait ask whether other processes have changed anything.
constexpr absl::Duration kPoll = absl::Seconds(10);

std::unique_ptr<Storage> OpenStore(const std::string& sqlite_path, const Clock& clock) {
  if (sqlite_path.empty()) return NewMemoryStorage(clock);
  SqliteOptions options;
  options.clock = &clock;
  options.bulk_write_time = absl::Hours(1);
  return *OpenSqliteStorage(sqlite_path, options);
}

class World {
 public:
  explicit World(const WorldOptions& options);

  Verdict Run();

 private:
  // A process between its start and its death.
  struct Life {
    Process process;
    std::unique_ptr<SimClock> clock;
    std::unique_ptr<SimStorage> storage;
    AdapterRegistry adapters;
    std::unique_ptr<Engine> engine;

    bool over() const { return process.dead || process.given_up || process.stop.cancelled(); }
    void Stop() {
      process.stop.Cancel();
      process.bell.Ring();
    }
  };
  // Where processes run, one after another, each with as many workers.
  struct Host {
    int workers = 1;
    std::shared_ptr<Life> life;
  };

  // -- How it is made.

  void OpenShop(const std::string& name);
  void SetSchedule(const std::string& name);
  void RegisterAdapter(Process& process, AdapterRegistry& adapters);
  EngineOptions OptionsOf(Storage& storage, const AdapterRegistry& adapters, Clock& clock);
  std::shared_ptr<Life> StartLife();
  std::vector<Actor> Actors();

  // -- What the actors do.

  void Work(Host& host, bool starts);
  void Serve(Life& life);
  void Kill(Life& life);
  void GiveUp(Life& life);
  void GiveCommands();
  void BeFate();
  void Strike(Life& life);
  void Judge();

  void Calm();
  bool AwaitIdle();
  bool IsIdle();
  bool NeedsSync(const Shop& shop);
  bool stopped() const { return stopped_ || scheduler_.exhausted(); }

  Scheduler scheduler_;
  Oracles oracles_{scheduler_};
  SimClock clock_{scheduler_};
  const std::unique_ptr<Storage> store_;
  const std::unique_ptr<Storage> twin_;
  WitnessStorage witness_;
  std::vector<std::unique_ptr<Shop>> shops_;

  ProcessFaults faults_;
  SimulatedFaults platform_faults_;
  std::vector<Host> hosts_;

  // What people work with: a process that does not die.
  ProcessFaults office_faults_;
  Process office_process_;
  SimStorage office_storage_{witness_, scheduler_, office_process_, office_faults_, [] {}};
  AdapterRegistry office_adapters_;
  std::unique_ptr<Engine> office_;
  std::unique_ptr<People> people_;

  // Actors of the first phase that are not done.
  int busy_ = 0;
  bool stopped_ = false;
  int64_t deaths_ = 0;
};

World::World(const WorldOptions& options)
    : scheduler_(options.seed, options.trace),
      store_(OpenStore(options.sqlite_path, clock_)),
      twin_(MakeTwin(options.twin, *store_)),
      witness_(*twin_, *store_, oracles_) {
  faults_.unavailable = Maybe(scheduler_, .02);
  faults_.answer_lost = Maybe(scheduler_, .02);
  faults_.crash = Maybe(scheduler_, .002);
  faults_.long_sleep = Maybe(scheduler_, .002);
  platform_faults_ = ChoosePlatformFaults(scheduler_);
  RegisterAdapter(office_process_, office_adapters_);
  office_ = *Engine::Create(OptionsOf(office_storage_, office_adapters_, clock_));
  people_ = std::make_unique<People>(scheduler_, oracles_, shops_, *office_);
  const uint64_t shops = 1 + scheduler_.Choose(2);
  for (uint64_t i = 0; i < shops; ++i) OpenShop(absl::StrCat("shop", i));
  hosts_.resize(2 + scheduler_.Choose(2));
  for (Host& host : hosts_) host.workers = static_cast<int>(1 + scheduler_.Choose(2));
}

void World::OpenShop(const std::string& name) {
  auto shop = std::make_unique<Shop>();
  const SimulatedOptions platform = ChoosePlatform(scheduler_, platform_faults_);
  shop->platform = std::make_shared<SimulatedPlatform>(clock_, platform);
  for (uint64_t i = 0; i < kItems; ++i) shop->platform->SetItem(NewItem(i, 1000, 5));
  shops_.push_back(std::move(shop));
  ChannelConfig config = ChooseChannel(scheduler_, name);
  // By what is chosen anyway, as in ChoosePlatform.
  if (platform.seed % 5 == 0) config.limits = CautiousLimits();
  shops_.back()->channel = *office_->AddChannel(config);
  oracles_.Allows(shops_.back()->channel.channel_id, config.limits);
  if (!shops_.back()->platform->capabilities().own_ids) oracles_.HoldsDoubtful(shops_.back()->channel.channel_id);
  if (scheduler_.Choose(2) == 0) SetSchedule(name);
  NoteShop(scheduler_, *shops_.back());
}

void World::SetSchedule(const std::string& name) {
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kEvery;
  spec.every = absl::Minutes(1);
  const ScheduledJob job = scheduler_.Choose(2) == 0 ? ScheduledJob::kSync : ScheduledJob::kBuild;
  office_->SetSchedule(name, spec, job, "often").status().IgnoreError();
}

void World::RegisterAdapter(Process& process, AdapterRegistry& adapters) {
  adapters.Register(
      "simulated", [this, &process](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
        for (const std::unique_ptr<Shop>& shop : shops_) {
          // While a channel is added it has no name yet.
          const bool meant = shop->channel.config.name == context.config.name || shop == shops_.back();
          if (!meant) continue;
          return std::make_unique<SimAdapter>(*shop->platform, shop->channel, scheduler_, process, oracles_);
        }
        return absl::NotFoundError("no such shop");
      });
}

EngineOptions World::OptionsOf(Storage& storage, const AdapterRegistry& adapters, Clock& clock) {
  EngineOptions options;
  options.storage = &storage;
  options.adapters = &adapters;
  options.clock = &clock;
  options.page_rows = 2;
  // Looks that find nothing new are most of a history otherwise.
  options.poll_interval = kPoll;
  options.random = [this] { return scheduler_.Choose(~uint64_t{0}) | 1; };
  return options;
}

// nullptr: it could not start.
std::shared_ptr<World::Life> World::StartLife() {
  auto life = std::make_shared<Life>();
  life->process.ahead = scheduler_.UpTo(absl::Seconds(6)) - absl::Seconds(3);
  life->clock = std::make_unique<SimClock>(scheduler_, &life->process);
  life->storage =
      std::make_unique<SimStorage>(witness_, scheduler_, life->process, faults_, [this, &it = *life] { Kill(it); });
  RegisterAdapter(life->process, life->adapters);
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Create(OptionsOf(*life->storage, life->adapters, *life->clock));
  if (!engine.ok()) return nullptr;
  life->engine = *std::move(engine);
  return life;
}

std::vector<Actor> World::Actors() {
  std::vector<Actor> actors;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    for (int worker = 0; worker < hosts_[i].workers; ++worker) {
      actors.push_back({absl::StrCat("worker", i, ".", worker), [this, i, worker] { Work(hosts_[i], worker == 0); }});
    }
  }
  const auto of_first_phase = [this](std::function<void()> act) -> std::function<void()> {
    ++busy_;
    return [this, act = std::move(act)] {
      act();
      --busy_;
    };
  };
  actors.push_back({"merchant", of_first_phase([this] { people_->BeMerchant(); })});
  actors.push_back({"person", of_first_phase([this] { people_->BePerson(); })});
  actors.push_back({"customer", of_first_phase([this] { people_->BeCustomer(); })});
  actors.push_back({"commands", of_first_phase([this] { GiveCommands(); })});
  actors.push_back({"fate", of_first_phase([this] { BeFate(); })});
  actors.push_back({"judge", [this] { Judge(); }});
  return actors;
}

Verdict World::Run() {
  people_->WriteProducts({0, 1, 2, 3, 4, 5});
  office_faults_.unavailable = faults_.unavailable;
  office_faults_.answer_lost = faults_.answer_lost;
  scheduler_.Run(Actors());
  if (scheduler_.exhausted()) oracles_.Fail("O5", "the history does not end");
  Verdict verdict;
  verdict.failure = oracles_.failure();
  verdict.tail.assign(scheduler_.tail().begin(), scheduler_.tail().end());
  verdict.digest = scheduler_.digest();
  verdict.points = scheduler_.points();
  verdict.deaths = deaths_;
  verdict.items_judged = oracles_.items_judged();
  return verdict;
}

// -- Processes

void World::Work(Host& host, bool starts) {
  while (!stopped()) {
    const std::shared_ptr<Life> life = host.life;
    if (life != nullptr) {
      Serve(*life);
      if (host.life == life) host.life = nullptr;
    } else if (starts) {
      scheduler_.Sleep(scheduler_.UpTo(absl::Seconds(2)));
      host.life = StartLife();
    } else {
      scheduler_.Sleep(absl::Milliseconds(500));
    }
  }
}

void World::Serve(Life& life) {
  const absl::Status status = life.engine->Serve({absl::InfiniteFuture(), &life.process.stop});
  const bool was_asked = absl::IsCancelled(status) && !life.process.dead && !life.process.given_up;
  if (!was_asked) Kill(life);
}

void World::Kill(Life& life) {
  if (life.process.dead) return;
  life.process.dead = true;
  ++deaths_;
  scheduler_.Note("dies");
  GiveUp(life);
  life.Stop();
}

// Its owners are dead for everybody else.
void World::GiveUp(Life& life) {
  life.process.given_up = true;
  for (const OwnerId owner : life.process.owners) {
    oracles_.OwnerDied(owner);
    store_->CloseOwner(owner).IgnoreError();
  }
  life.process.bell.Ring();
}

// -- Commands and fate

// Commands of a terminal: each asks for a job and runs or follows it to its end, in a process of its own.
void World::GiveCommands() {
  const uint64_t commands = scheduler_.Choose(4);
  for (uint64_t i = 0; i < commands && people_->Pause(4); ++i) {
    const std::shared_ptr<Life> life = StartLife();
    if (life == nullptr) continue;
    const absl::StatusOr<int64_t> job_id = people_->Ask(people_->AnyShop(), people_->ChooseRequest(), *life->engine);
    const Call call{life->clock->Now() + absl::Minutes(5), &life->process.stop};
    if (job_id.ok()) life->engine->RunUntilFinal(*job_id, call).status().IgnoreError();
  }
}

void World::BeFate() {
  const uint64_t blows = scheduler_.Choose(6);
  for (uint64_t i = 0; i < blows && people_->Pause(8); ++i) {
    const std::shared_ptr<Life> life = hosts_[scheduler_.Choose(hosts_.size())].life;
    if (life != nullptr && !life->over()) Strike(*life);
  }
}

void World::Strike(Life& life) {
  switch (scheduler_.Choose(4)) {
    case 0:
      return Kill(life);
    case 1:
      scheduler_.Note("takes a living owner for dead");
      return GiveUp(life);
    case 2:
      scheduler_.Note("ends a process");
      return life.Stop();
    default:
      scheduler_.Note("sets a clock");
      life.process.ahead += scheduler_.UpTo(absl::Seconds(20)) - absl::Seconds(10);
  }
}

// -- The end

void World::Calm() {
  scheduler_.Note("calm");
  faults_ = {};
  office_faults_ = {};
  SimulatedFaults well;
  // What is seen in the very instant of an acknowledgement says nothing about it.
  well.min_latency = absl::Milliseconds(1);
  well.max_latency = absl::Milliseconds(5);
  well.accepted = platform_faults_.accepted;
  well.max_receipt_delay = platform_faults_.max_receipt_delay;
  for (const std::unique_ptr<Shop>& shop : shops_) {
    shop->platform->SetFaults(well);
  }
  people_->PutRight();
  scheduler_.Sleep(2 * absl::Minutes(1) + kPoll);
  oracles_.JudgeSchedules(*store_);
  for (const std::unique_ptr<Shop>& shop : shops_) {
    store_->ClearSchedule(shop->channel.channel_id, "often").IgnoreError();
  }
}

bool World::IsIdle() {
  return std::all_of(shops_.begin(), shops_.end(), [this](const std::unique_ptr<Shop>& shop) {
    const absl::StatusOr<QueueSnapshot> queue = store_->ReadQueue(shop->channel.channel_id);
    return queue.ok() && queue->open_jobs.empty();
  });
}

bool World::AwaitIdle() {
  const absl::Time until = scheduler_.now() + kPatience;
  for (absl::Duration look = absl::Seconds(1); !IsIdle() && !stopped();) {
    if (scheduler_.now() > until) {
      oracles_.Fail("O5", "jobs are still open after three days without trouble");
      return false;
    }
    scheduler_.Sleep(look);
    look = std::min(2 * look, absl::Duration(absl::Minutes(10)));
  }
  return !stopped() && oracles_.failure().empty();
}

bool World::NeedsSync(const Shop& shop) {
  LinkStorage::DirtyCursor cursor;
  const absl::StatusOr<SyncBatch> dirty = store_->ReadDirty(shop.channel.channel_id, &cursor, 1);
  return dirty.ok() && dirty->size() > 0;
}

void World::Judge() {
  while (busy_ > 0 && !stopped()) scheduler_.Sleep(absl::Seconds(1));
  Calm();
  bool goes_on = AwaitIdle();
  const auto run = [&](JobKind kind, bool full = false) {
    if (!goes_on) return;
    people_->AskFor(kind, full);
    goes_on = AwaitIdle();
  };
  const auto was_pulled = [this](const std::unique_ptr<Shop>& shop) {
    return store_->ReadChannel(shop->channel.channel_id)->pull.complete_pulls > 0;
  };
  if (!std::all_of(shops_.begin(), shops_.end(), was_pulled)) run(JobKind::kPull);
  run(JobKind::kBuild);
  run(JobKind::kLink);
  const auto needs_sync = [this](const std::unique_ptr<Shop>& shop) { return NeedsSync(*shop); };
  // A sync that fails leaves its changes for the next one.
  for (int i = 0; i < 5 && goes_on && (i == 0 || std::any_of(shops_.begin(), shops_.end(), needs_sync)); ++i) {
    run(JobKind::kSync);
  }
  const auto judge = [&](bool all) {
    if (!goes_on) return;
    oracles_.JudgeJobs(*store_);
    for (const std::unique_ptr<Shop>& shop : shops_) {
      oracles_.JudgeChannel(*office_, *store_, shop->channel);
      oracles_.JudgeItems(*store_, shop->channel, *shop->platform, all ? std::set<std::string>() : shop->edited);
    }
  };
  judge(false);
  if (goes_on && people_->ApproveHeldChanges()) goes_on = AwaitIdle();
  run(JobKind::kSync, true);
  run(JobKind::kSync);
  judge(true);
  stopped_ = true;
  for (const Host& host : hosts_) {
    if (host.life != nullptr) host.life->Stop();
  }
}

}  // namespace

Verdict Simulate(const WorldOptions& options) { return World(options).Run(); }

std::string ReplayCommand(const WorldOptions& options) {
  return absl::StrCat("flxlink_simulate --seed ", options.seed, options.twin.empty() ? "" : " --twin ", options.twin,
                      " --trace");
}

}  // namespace flxlink::simulation

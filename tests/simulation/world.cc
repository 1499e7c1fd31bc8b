#include "tests/simulation/world.h"

#include <algorithm>
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
#include "tests/simulation/process.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/sim_adapter.h"
#include "tests/simulation/sim_storage.h"
#include "tests/simulation/twins.h"
#include "tests/simulation/witness_storage.h"

namespace flxlink::simulation {
namespace {

constexpr int kItems = 6;
constexpr absl::Duration kPatience = absl::Hours(72);
// How long workers that found nothing to do rest, unless a queue changes.
constexpr absl::Duration kRest = absl::Seconds(30);
// About as long as a few calls take.
constexpr absl::Duration kMoment = absl::Seconds(2);

std::string Sku(uint64_t i) { return absl::StrCat("s", i); }
std::string ItemId(uint64_t i) { return absl::StrCat("i", i); }

std::unique_ptr<Storage> OpenStore(const std::string& sqlite_path, const Clock& clock) {
  if (sqlite_path.empty()) return NewMemoryStorage(clock);
  SqliteOptions options;
  options.clock = &clock;
  options.bulk_write_time = absl::Hours(1);
  return *OpenSqliteStorage(sqlite_path, options);
}

// A channel and its platform.
struct Shop {
  Channel channel;
  std::shared_ptr<SimulatedPlatform> platform;
  // Items that people changed there.
  std::set<std::string> edited;
};

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
    // Its owner was taken for dead while it lives: its last job is under way.
    bool given_up = false;
    // It is asked to end.
    Cancellation stop;

    bool over() const { return process.dead || given_up || stop.cancelled(); }
  };
  // Where processes run, one after another, each with as many workers.
  struct Host {
    int workers = 1;
    std::shared_ptr<Life> life;
  };

  // -- How it is made.

  void ChooseFaults();
  SimulatedOptions PlatformOptions();
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
  void BeMerchant();
  void BePerson();
  void BeCustomer();
  void Judge();

  void WriteProducts(const std::set<uint64_t>& numbers);
  // What people ask for is refused only where the store is in trouble.
  void CheckOnlyTrouble(const absl::Status& status);
  void Ask(const Shop& shop, const JobRequest& request) { Ask(shop, request, *office_).IgnoreError(); }
  // The job that was told.
  absl::StatusOr<int64_t> Ask(const Shop& shop, const JobRequest& request, Engine& engine);
  void AskFor(JobKind kind, bool full = false);
  JobRequest ChooseRequest();
  void DoSomething(Shop& shop);
  void ChangeJob(int64_t job_id);
  void SyncPrices(const Shop& shop, bool on);
  void EditListing(const Shop& shop);
  void ChangeItem(Shop& shop);
  void AddItem(Shop& shop, uint64_t number);
  void RemoveItem(Shop& shop, uint64_t number);

  // Ends what somebody does in the first phase.
  void Done() { --busy_; }
  bool Pause(absl::Duration most);
  void Calm();
  bool AwaitIdle();
  bool IsIdle();
  void ApproveAll();
  bool NeedsSync(const Shop& shop);
  bool stopped() const { return stopped_ || scheduler_.exhausted(); }
  Shop& AnyShop() { return *shops_[scheduler_.Choose(shops_.size())]; }

  Scheduler scheduler_;
  Oracles oracles_{scheduler_};
  SimClock clock_{scheduler_};
  const std::unique_ptr<Storage> store_;
  const std::unique_ptr<Storage> twin_;
  WitnessStorage witness_;
  std::vector<std::unique_ptr<Shop>> shops_;

  ProcessFaults faults_;
  SimulatedFaults platform_faults_;
  // Between two things that somebody does, at the most.
  absl::Duration pace_;
  std::vector<Host> hosts_;

  // What people work with: a process that does not die.
  ProcessFaults people_faults_;
  Process people_;
  SimStorage people_storage_{witness_, scheduler_, people_, people_faults_, [] {}};
  AdapterRegistry people_adapters_;
  std::unique_ptr<Engine> office_;
  std::vector<int64_t> jobs_;

  int busy_ = 0;
  bool stopped_ = false;
  int64_t deaths_ = 0;
};

World::World(const WorldOptions& options)
    : scheduler_(options.seed, options.trace),
      store_(OpenStore(options.sqlite_path, clock_)),
      twin_(MakeTwin(options.twin, *store_)),
      witness_(*twin_, *store_, oracles_) {
  ChooseFaults();
  RegisterAdapter(people_, people_adapters_);
  office_ = *Engine::Create(OptionsOf(people_storage_, people_adapters_, clock_));
  const uint64_t shops = 1 + scheduler_.Choose(2);
  for (uint64_t i = 0; i < shops; ++i) OpenShop(absl::StrCat("shop", i));
  hosts_.resize(2 + scheduler_.Choose(2));
  for (Host& host : hosts_) host.workers = static_cast<int>(1 + scheduler_.Choose(2));
}

// Each sort of fault is there in some worlds and not in others.
void World::ChooseFaults() {
  const auto maybe = [this](double rate) { return scheduler_.Choose(3) == 0 ? 0 : rate; };
  faults_.unavailable = maybe(.02);
  faults_.answer_lost = maybe(.02);
  faults_.crash = maybe(.002);
  faults_.long_sleep = maybe(.002);
  platform_faults_.min_latency = absl::Milliseconds(1);
  platform_faults_.max_latency = absl::Milliseconds(scheduler_.Choose(2) == 0 ? 30 : 900);
  platform_faults_.push_lost_reply = maybe(.1);
  platform_faults_.push_late = maybe(.1);
  platform_faults_.unavailable = maybe(.05);
  platform_faults_.throttled = maybe(.05);
  platform_faults_.item_unavailable = maybe(.05);
  platform_faults_.not_ready = maybe(.1);
  platform_faults_.item_rejected = maybe(.03);
  platform_faults_.page_problem = maybe(.03);
  platform_faults_.receipt_lost = maybe(.1);
  platform_faults_.accepted = .7;
  platform_faults_.max_receipt_delay = absl::Seconds(1 + scheduler_.Choose(60));
  pace_ = absl::Milliseconds(200) * (1 << (2 * scheduler_.Choose(4)));
}

SimulatedOptions World::PlatformOptions() {
  SimulatedOptions options;
  options.seed = scheduler_.Choose(1u << 30) + 1;
  options.faults = platform_faults_;
  if (scheduler_.Choose(3) == 0) {
    options.capabilities = SplitSimulatedCapabilities();
    if (scheduler_.Choose(2) == 0) options.capabilities.account.buckets = {{"catalog", 12, 2}, {"inventory", 6, 1}};
  }
  if (scheduler_.Choose(3) == 0) {
    SinceReads since;
    since.sees = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
    since.sees_new_items = since.sees_deletions = true;
    options.capabilities.since = since;
  }
  PushKind& first = options.capabilities.push_kinds.front();
  if (scheduler_.Choose(3) == 0) {
    first.receipt_timeout = absl::Minutes(5);
    first.later_wins = scheduler_.Choose(2) == 0;
    // An accepted push whose answer got lost can land after a later one was applied: known, and not mended yet.
    if (!first.later_wins) options.faults.push_lost_reply = 0;
  }
  const bool compares = scheduler_.Choose(2) == 0;
  const absl::Duration timeout = absl::Seconds(scheduler_.Choose(2) == 0 ? 5 : 60);
  for (PushKind& kind : options.capabilities.push_kinds) {
    kind.timeout = timeout;
    kind.max_items = static_cast<int64_t>(2 + scheduler_.Choose(3));
    kind.in_flight = static_cast<int32_t>(1 + scheduler_.Choose(2));
    if (compares) kind.compares = kind.fields;
  }
  return options;
}

void World::OpenShop(const std::string& name) {
  auto shop = std::make_unique<Shop>();
  shop->platform = std::make_shared<SimulatedPlatform>(clock_, PlatformOptions());
  for (uint64_t i = 0; i < kItems; ++i) {
    shop->platform->SetItem({ItemId(i), "", {1000, 5, ChannelStatus::kListed}, {{"sku", Sku(i)}}});
  }
  shops_.push_back(std::move(shop));
  ChannelConfig config;
  config.name = name;
  config.adapter = "simulated";
  config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
  config.link_after_build = true;
  if (scheduler_.Choose(4) == 0) config.break_limit = 0;
  if (scheduler_.Choose(2) == 0) {
    config.status_rules = {*ParseStatusRule("quantity<=2:hide", config.currency),
                           *ParseStatusRule("quantity>2:unhide", config.currency)};
  }
  shops_.back()->channel = *office_->AddChannel(config);
  if (scheduler_.Choose(2) == 0) SetSchedule(name);
  for (const PushKind& kind : shops_.back()->platform->capabilities().push_kinds) {
    scheduler_.Note(absl::StrCat(name, " takes ", kind.name, " within ", absl::FormatDuration(kind.timeout),
                                 ", receipts within ", absl::FormatDuration(kind.receipt_timeout),
                                 kind.later_wins ? ", later ones win" : "", kind.compares.empty() ? "" : ", compares"));
  }
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
  options.poll_interval = absl::Seconds(5);
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
  busy_ = 5;
  actors.push_back({"merchant", [this] { BeMerchant(); }});
  actors.push_back({"person", [this] { BePerson(); }});
  actors.push_back({"customer", [this] { BeCustomer(); }});
  actors.push_back({"commands", [this] { GiveCommands(); }});
  actors.push_back({"fate", [this] { BeFate(); }});
  actors.push_back({"judge", [this] { Judge(); }});
  return actors;
}

Verdict World::Run() {
  WriteProducts({0, 1, 2, 3, 4, 5});
  people_faults_.unavailable = faults_.unavailable;
  people_faults_.answer_lost = faults_.answer_lost;
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
  while (!stopped() && !life.over()) {
    const absl::StatusOr<int> fired = life.engine->FireSchedules();
    const absl::StatusOr<int> ran = life.over() ? 0 : life.engine->RunPending(1, {absl::InfiniteFuture(), &life.stop});
    const bool worked = (fired.ok() && *fired > 0) || (ran.ok() && *ran > 0);
    if (!worked && !life.over() && !stopped()) scheduler_.Rest(kRest);
  }
  if (!life.stop.cancelled()) Kill(life);
}

void World::Kill(Life& life) {
  if (life.process.dead) return;
  life.process.dead = true;
  ++deaths_;
  scheduler_.Note("dies");
  GiveUp(life);
}

// Its owners are dead for everybody else.
void World::GiveUp(Life& life) {
  life.given_up = true;
  for (const OwnerId owner : life.process.owners) {
    oracles_.OwnerDied(owner);
    store_->CloseOwner(owner).IgnoreError();
  }
  scheduler_.Wake();
}

// -- People and fate

bool World::Pause(absl::Duration most) {
  scheduler_.Sleep(scheduler_.UpTo(most));
  return !stopped() && oracles_.failure().empty();
}

// Commands of a terminal: each asks for a job and runs or follows it to its end, in a process of its own.
void World::GiveCommands() {
  const uint64_t commands = scheduler_.Choose(4);
  for (uint64_t i = 0; i < commands && Pause(4 * pace_); ++i) {
    const std::shared_ptr<Life> life = StartLife();
    if (life == nullptr) continue;
    const absl::StatusOr<int64_t> job_id = Ask(AnyShop(), ChooseRequest(), *life->engine);
    const Call call{life->clock->Now() + absl::Minutes(5), &life->stop};
    if (job_id.ok()) life->engine->RunUntilFinal(*job_id, call).status().IgnoreError();
  }
  Done();
}

void World::BeFate() {
  const uint64_t blows = scheduler_.Choose(6);
  for (uint64_t i = 0; i < blows && Pause(8 * pace_); ++i) {
    const std::shared_ptr<Life> life = hosts_[scheduler_.Choose(hosts_.size())].life;
    if (life != nullptr && !life->over()) Strike(*life);
  }
  Done();
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
      life.stop.Cancel();
      return scheduler_.Wake();
    default:
      scheduler_.Note("sets a clock");
      life.process.ahead += scheduler_.UpTo(absl::Seconds(20)) - absl::Seconds(10);
  }
}

void World::WriteProducts(const std::set<uint64_t>& numbers) {
  ProductBatch batch;
  for (const uint64_t i : numbers) {
    batch.key.Add(Sku(i));
    batch.sku.Add(Sku(i));
    batch.parent.Add("");
    batch.price.push_back(static_cast<int64_t>(1000 + scheduler_.Choose(50)));
    batch.quantity.push_back(static_cast<int64_t>(1 + scheduler_.Choose(9)));
    batch.sync_priority.push_back(static_cast<int64_t>(i % 2));
  }
  CheckOnlyTrouble(office_->WriteProducts(batch).status);
}

void World::BeMerchant() {
  for (int i = 0; i < 14 && Pause(pace_); ++i) {
    if (scheduler_.Choose(12) == 0) {
      office_->RemoveProducts({Sku(scheduler_.Choose(kItems))}).status.IgnoreError();
    } else {
      WriteProducts({scheduler_.Choose(kItems), scheduler_.Choose(kItems)});
    }
  }
  Done();
}

void World::CheckOnlyTrouble(const absl::Status& status) {
  const bool is_trouble = absl::IsUnavailable(status) || absl::IsUnknown(status) || absl::IsCancelled(status);
  if (!status.ok() && !is_trouble) oracles_.Fail("O4", absl::StrCat("somebody is refused: ", status.ToString()));
}

absl::StatusOr<int64_t> World::Ask(const Shop& shop, const JobRequest& request, Engine& engine) {
  const int64_t asked_at = oracles_.moment();
  const absl::StatusOr<Job> job = engine.Enqueue(shop.channel.config.name, request);
  CheckOnlyTrouble(job.status());
  if (!job.ok()) return job.status();
  scheduler_.Note(absl::StrCat("asks for ", ToString(request.kind), request.options.full ? " (full)" : "", " of ",
                               shop.channel.config.name, ": job ", job->job_id));
  oracles_.Accepted(asked_at, request, *job);
  jobs_.push_back(job->job_id);
  scheduler_.Wake();
  return job->job_id;
}

void World::AskFor(JobKind kind, bool full) {
  JobRequest request;
  request.kind = kind;
  request.options.full = full;
  for (const std::unique_ptr<Shop>& shop : shops_) Ask(*shop, request);
}

JobRequest World::ChooseRequest() {
  constexpr JobKind kKinds[] = {JobKind::kPull, JobKind::kBuild, JobKind::kLink, JobKind::kSync,
                                JobKind::kSync, JobKind::kFetch, JobKind::kRules};
  JobRequest request;
  request.kind = kKinds[scheduler_.Choose(7)];
  if (request.kind == JobKind::kFetch) request.options.items = {ItemId(scheduler_.Choose(kItems))};
  request.options.since_last = request.kind == JobKind::kPull && scheduler_.Choose(2) == 0;
  if (request.kind == JobKind::kSync) {
    request.options.full = scheduler_.Choose(4) == 0;
    if (scheduler_.Choose(3) == 0) request.options.force = {Sku(scheduler_.Choose(kItems))};
    request.options.only_forced = !request.options.full && !request.options.force.empty() && scheduler_.Choose(2) == 0;
  }
  return request;
}

void World::BePerson() {
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) AskFor(kind);
  for (int i = 0; i < 18 && Pause(pace_); ++i) DoSomething(AnyShop());
  Done();
}

void World::DoSomething(Shop& shop) {
  const std::string& name = shop.channel.config.name;
  const uint64_t choice = scheduler_.Choose(16);
  if (choice < 8) return Ask(shop, ChooseRequest());
  if (choice < 11) return EditListing(shop);
  if (choice == 11) return office_->PauseChannel(name).IgnoreError();
  if (choice == 12) {
    office_->ResumeChannel(name).IgnoreError();
    return scheduler_.Wake();
  }
  if (choice == 13) return SyncPrices(shop, scheduler_.Choose(2) == 0);
  if (!jobs_.empty()) ChangeJob(jobs_[scheduler_.Choose(jobs_.size())]);
}

void World::ChangeJob(int64_t job_id) {
  const uint64_t choice = scheduler_.Choose(6);
  if (choice < 3) return office_->Prioritize(job_id).status().IgnoreError();
  if (choice == 3) return office_->Cancel(job_id).status().IgnoreError();
  const absl::StatusOr<Job> job = office_->Rerun(job_id);
  if (job.ok()) jobs_.push_back(job->job_id);
}

void World::SyncPrices(const Shop& shop, bool on) {
  const absl::StatusOr<Channel> channel = office_->GetChannel(shop.channel.config.name);
  if (!channel.ok()) return;
  ChannelConfig config = channel->config;
  config.sync_fields = {SyncField::kQuantity, SyncField::kStatus};
  if (on) config.sync_fields = ChannelConfig().sync_fields;
  scheduler_.Note(absl::StrCat(config.name, on ? " syncs prices" : " syncs no prices"));
  office_->PutChannel(config, channel->revision).status().IgnoreError();
}

void World::EditListing(const Shop& shop) {
  using Kind = ListingEdit::Kind;
  constexpr Kind kKinds[] = {Kind::kPause, Kind::kResume,      Kind::kSetPriority, Kind::kSetStatus,
                             Kind::kLink,  Kind::kClearUnlink, Kind::kUnlink};
  constexpr Health kHealths[] = {Health::kListed, Health::kHidden, Health::kDelisted};
  ListingEdit edit;
  edit.kind = kKinds[scheduler_.Choose(7)];
  edit.sync_priority = static_cast<int64_t>(scheduler_.Choose(3));
  edit.status = kHealths[scheduler_.Choose(3)];
  edit.external_id = ItemId(scheduler_.Choose(kItems));
  office_->EditListing(shop.channel.config.name, Sku(scheduler_.Choose(kItems)), edit).IgnoreError();
}

// People who change things on the platform: only in some worlds.
void World::BeCustomer() {
  const uint64_t deeds = scheduler_.Choose(2) == 0 ? 0 : 1 + scheduler_.Choose(6);
  for (uint64_t i = 0; i < deeds && Pause(3 * pace_); ++i) ChangeItem(AnyShop());
  Done();
}

void World::ChangeItem(Shop& shop) {
  const uint64_t number = scheduler_.Choose(kItems);
  const std::string id = ItemId(number);
  scheduler_.Point(absl::StrCat("changes ", shop.channel.config.name, "/", id));
  shop.edited.insert(id);
  if (!shop.platform->FindItem(id).has_value()) {
    AddItem(shop, number);
  } else if (scheduler_.Choose(2) == 0) {
    RemoveItem(shop, number);
  } else {
    // A price by hand, or a sale.
    ItemValues values;
    values.price = static_cast<int64_t>(2000 + scheduler_.Choose(50));
    values.quantity = 0;
    shop.platform->EditItem(id, {scheduler_.Choose(2) == 0 ? SyncField::kPrice : SyncField::kQuantity}, values);
  }
  if (scheduler_.Choose(4) != 0) office_->NoteItems(shop.channel.config.name, {id}).status().IgnoreError();
}

void World::AddItem(Shop& shop, uint64_t number) {
  shop.platform->SetItem({ItemId(number), "", {900, 3, ChannelStatus::kListed}, {{"sku", Sku(number)}}});
  oracles_.ItemBack(shop.channel.channel_id, ItemId(number));
}

// For a while only, half of the time, and then more often than not while a pull is under way.
void World::RemoveItem(Shop& shop, uint64_t number) {
  const bool comes_back = scheduler_.Choose(2) == 0;
  JobRequest pull;
  pull.kind = JobKind::kPull;
  if (comes_back) Ask(shop, pull);
  if (comes_back) scheduler_.Sleep(scheduler_.UpTo(kMoment));
  shop.platform->RemoveItem(ItemId(number));
  oracles_.ItemRemoved(shop.channel.channel_id, ItemId(number));
  if (!comes_back) return;
  scheduler_.Sleep(scheduler_.UpTo(kMoment));
  AddItem(shop, number);
}

// -- The end

void World::Calm() {
  scheduler_.Note("calm");
  faults_ = {};
  people_faults_ = {};
  SimulatedFaults well;
  well.accepted = platform_faults_.accepted;
  well.max_receipt_delay = platform_faults_.max_receipt_delay;
  for (const std::unique_ptr<Shop>& shop : shops_) {
    shop->platform->SetFaults(well);
    office_->ResumeChannel(shop->channel.config.name).IgnoreError();
    SyncPrices(*shop, true);
    for (uint64_t i = 0; i < kItems; ++i) {
      ListingEdit edit;
      edit.kind = ListingEdit::Kind::kResume;
      office_->EditListing(shop->channel.config.name, Sku(i), edit).IgnoreError();
    }
  }
  scheduler_.Wake();
  scheduler_.Sleep(2 * absl::Minutes(1) + kRest);
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
    ApproveAll();
    scheduler_.Sleep(look);
    look = std::min(2 * look, absl::Duration(absl::Minutes(10)));
  }
  return !stopped() && oracles_.failure().empty();
}

void World::ApproveAll() {
  JobFilter held;
  held.states = {JobState::kHeld};
  const absl::StatusOr<JobPage> jobs = office_->ListJobs(held, {});
  if (!jobs.ok() || jobs->rows.empty()) return;
  for (const Job& job : jobs->rows) office_->Approve(job.job_id).status().IgnoreError();
  scheduler_.Wake();
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
    AskFor(kind, full);
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
  run(JobKind::kSync, true);
  run(JobKind::kSync);
  judge(true);
  stopped_ = true;
  scheduler_.Wake();
}

}  // namespace

Verdict Simulate(const WorldOptions& options) { return World(options).Run(); }

std::string ReplayCommand(const WorldOptions& options) {
  return absl::StrCat("flxlink_simulate --seed ", options.seed, options.twin.empty() ? "" : " --twin ", options.twin,
                      " --trace");
}

}  // namespace flxlink::simulation

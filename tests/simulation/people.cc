#include "tests/simulation/people.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink::simulation {
namespace {

// About as long as a few calls take.
constexpr absl::Duration kMoment = absl::Seconds(2);

}  // namespace

bool People::Pause(int64_t paces) {
  scheduler_.Sleep(scheduler_.UpTo(paces * pace_));
  return !scheduler_.exhausted() && oracles_.failure().empty();
}

void People::WriteProducts(const std::set<uint64_t>& numbers) {
  ProductBatch batch;
  for (const uint64_t i : numbers) {
    batch.key.Add(Sku(i));
    batch.sku.Add(Sku(i));
    batch.parent.Add("");
    const auto price = static_cast<int64_t>(1000 + scheduler_.Choose(50));
    batch.price.push_back(AnyIsCautious() && price % 3 == 0 ? 3 * price : price);
    batch.quantity.push_back(static_cast<int64_t>(1 + scheduler_.Choose(9)));
    batch.sync_priority.push_back(static_cast<int64_t>(i % 2));
  }
  CheckOnlyTrouble(office_.WriteProducts(batch).status);
}

void People::BeMerchant() {
  for (int i = 0; i < 14 && Pause(1); ++i) {
    if (scheduler_.Choose(12) == 0) {
      office_.RemoveProducts({Sku(scheduler_.Choose(kItems))}).status.IgnoreError();
    } else {
      WriteProducts({scheduler_.Choose(kItems), scheduler_.Choose(kItems)});
    }
  }
}

void People::CheckOnlyTrouble(const absl::Status& status) {
  const bool is_trouble = absl::IsUnavailable(status) || absl::IsUnknown(status) || absl::IsCancelled(status);
  if (!status.ok() && !is_trouble) oracles_.Fail("O4", absl::StrCat("somebody is refused: ", status.ToString()));
}

absl::StatusOr<int64_t> People::Ask(const Shop& shop, const JobRequest& request, Engine& engine) {
  const int64_t asked_at = oracles_.moment();
  const absl::StatusOr<Job> job = engine.Enqueue(shop.channel.config.name, request);
  CheckOnlyTrouble(job.status());
  if (!job.ok()) return job.status();
  scheduler_.Note(absl::StrCat("asks for ", ToString(request.kind), request.options.full ? " (full)" : "", " of ",
                               shop.channel.config.name, ": job ", job->job_id));
  oracles_.Accepted(asked_at, request, *job);
  jobs_.push_back(job->job_id);
  return job->job_id;
}

void People::AskFor(JobKind kind, bool full) {
  JobRequest request;
  request.kind = kind;
  request.options.full = full;
  for (const std::unique_ptr<Shop>& shop : shops_) Ask(*shop, request);
}

JobRequest People::ChooseRequest() {
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

void People::BePerson() {
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) AskFor(kind);
  for (int i = 0; i < 18 && Pause(1); ++i) {
    DoSomething(AnyShop());
    if (AnyIsCautious()) DecideOnSome();
  }
}

void People::DoSomething(Shop& shop) {
  const std::string& name = shop.channel.config.name;
  const uint64_t choice = scheduler_.Choose(16);
  if (choice < 8) return Ask(shop, ChooseRequest());
  if (choice < 11) return EditListing(shop);
  if (choice == 11) return office_.PauseChannel(name).IgnoreError();
  if (choice == 12) return office_.ResumeChannel(name).IgnoreError();
  if (choice == 13) return SyncPrices(shop, scheduler_.Choose(2) == 0);
  if (!jobs_.empty()) ChangeJob(jobs_[scheduler_.Choose(jobs_.size())]);
}

void People::ChangeJob(int64_t job_id) {
  const uint64_t choice = scheduler_.Choose(6);
  if (choice < 3) return office_.Prioritize(job_id).status().IgnoreError();
  if (choice == 3) return office_.Cancel(job_id).status().IgnoreError();
  const absl::StatusOr<Job> job = office_.Rerun(job_id);
  if (job.ok()) jobs_.push_back(job->job_id);
}

void People::SyncPrices(const Shop& shop, bool on) {
  const absl::StatusOr<Channel> channel = office_.GetChannel(shop.channel.config.name);
  if (!channel.ok()) return;
  ChannelConfig config = channel->config;
  config.settings = {{"prices", on ? "yes" : "no"}};
  config.sync_fields = {SyncField::kQuantity, SyncField::kStatus};
  if (on) config.sync_fields = ChannelConfig().sync_fields;
  scheduler_.Note(absl::StrCat(config.name, on ? " syncs prices" : " syncs no prices"));
  office_.PutChannel(config, channel->revision).status().IgnoreError();
}

void People::EditListing(const Shop& shop) {
  using Kind = ListingEdit::Kind;
  constexpr Kind kKinds[] = {Kind::kPause, Kind::kResume,      Kind::kSetPriority, Kind::kSetStatus,
                             Kind::kLink,  Kind::kClearUnlink, Kind::kUnlink};
  constexpr Health kHealths[] = {Health::kListed, Health::kHidden, Health::kDelisted};
  ListingEdit edit;
  edit.kind = kKinds[scheduler_.Choose(7)];
  edit.sync_priority = static_cast<int64_t>(scheduler_.Choose(3));
  edit.status = kHealths[scheduler_.Choose(3)];
  edit.external_id = ItemId(scheduler_.Choose(kItems));
  office_.EditListing(shop.channel.config.name, Sku(scheduler_.Choose(kItems)), edit).IgnoreError();
}

// People who change things on the platform: only in some worlds.
void People::BeCustomer() {
  const uint64_t deeds = scheduler_.Choose(2) == 0 ? 0 : 1 + scheduler_.Choose(6);
  for (uint64_t i = 0; i < deeds && Pause(3); ++i) ChangeItem(AnyShop());
}

void People::ChangeItem(Shop& shop) {
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
  if (scheduler_.Choose(4) != 0) office_.NoteItems(shop.channel.config.name, {id}).status().IgnoreError();
}

// Where ids are used again, half of them come back as another product.
void People::AddItem(Shop& shop, uint64_t number) {
  SimulatedItem item = NewItem(number, 900, 3);
  const bool is_another = !shop.platform->capabilities().own_ids && number % 2 == 0;
  if (is_another) item.fields = {{"sku", absl::StrCat("another ", number)}};
  shop.platform->SetItem(std::move(item));
  oracles_.ItemBack(shop.channel.channel_id, ItemId(number));
}

// For a while only, half of the time, and then more often than not while a pull is under way.
void People::RemoveItem(Shop& shop, uint64_t number) {
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

bool People::AnyIsCautious() const {
  return std::any_of(shops_.begin(), shops_.end(),
                     [](const std::unique_ptr<Shop>& shop) { return !shop->channel.config.limits.empty(); });
}

std::vector<int64_t> People::HoldingJobs() {
  PageRequest all;
  all.limit = Storage::kMaxRows;
  const absl::StatusOr<JobPage> jobs = office_.ListJobs({}, all);
  std::vector<int64_t> holding;
  if (!jobs.ok()) return holding;
  for (const Job& job : jobs->rows) {
    const bool held = std::any_of(job.counts.begin(), job.counts.end(), [](const auto& count) {
      return count.second > 0 && absl::EndsWith(count.first, "_held");
    });
    if (!held) continue;
    const absl::StatusOr<HeldPage> changes = office_.ListHeld(job.job_id, {});
    if (changes.ok() && !changes->rows.empty()) holding.push_back(job.job_id);
  }
  return holding;
}

// On all that one of the jobs holds, or on what it holds of one listing variant.
void People::DecideOnSome() {
  if (scheduler_.Choose(3) != 0) return;
  const std::vector<int64_t> jobs = HoldingJobs();
  if (jobs.empty()) return;
  HeldSelection selection;
  selection.job_id = jobs[scheduler_.Choose(jobs.size())];
  if (scheduler_.Choose(2) == 0) selection.skus = {Sku(scheduler_.Choose(kItems))};
  if (scheduler_.Choose(3) == 0) {
    office_.RefuseHeld(selection).status().IgnoreError();
  } else {
    office_.ApproveHeld(selection).status().IgnoreError();
  }
}

bool People::ApproveHeldChanges() {
  const std::vector<int64_t> jobs = HoldingJobs();
  for (const int64_t job_id : jobs) {
    HeldSelection selection;
    selection.job_id = job_id;
    office_.ApproveHeld(selection).status().IgnoreError();
  }
  return !jobs.empty();
}

// What they did that keeps links from being synced.
void People::PutRight() {
  for (const std::unique_ptr<Shop>& shop : shops_) {
    office_.ResumeChannel(shop->channel.config.name).IgnoreError();
    SyncPrices(*shop, true);
    for (uint64_t i = 0; i < kItems; ++i) {
      ListingEdit edit;
      edit.kind = ListingEdit::Kind::kResume;
      office_.EditListing(shop->channel.config.name, Sku(i), edit).IgnoreError();
    }
  }
}

}  // namespace flxlink::simulation

#include "tests/simulation/oracles.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"

namespace flxlink::simulation {
namespace {

constexpr int64_t kAll = 1000;

std::string Name(const Job& job) { return absl::StrCat(ToString(job.kind), " job ", job.job_id); }

template <typename T>
bool Covers(const std::vector<T>& all, const std::vector<T>& part) {
  return std::all_of(part.begin(), part.end(),
                     [&](const T& one) { return std::find(all.begin(), all.end(), one) != all.end(); });
}

// Whether a job with these options does all that was asked for.
bool Covers(const JobOptions& job, const JobOptions& request) {
  return (job.full || !request.full) && (!job.since_last || request.since_last) &&
         (!job.only_forced || request.only_forced) && Covers(job.force, request.force) &&
         Covers(job.items, request.items) && (job.skus.empty() || Covers(job.skus, request.skus));
}

// What a job counts once more that looks at everything again, since its worker died.
bool IsCountedAnew(absl::string_view name) {
  constexpr absl::string_view kCountedAnew[] = {"unchanged", "item_problems", "drifted", "compared"};
  return std::find(std::begin(kCountedAnew), std::end(kCountedAnew), name) != std::end(kCountedAnew);
}

// Of which a person refused something, or has not decided yet.
std::set<int64_t> UndoneListings(Storage& storage, int64_t channel_id) {
  std::set<int64_t> listing_ids;
  const absl::StatusOr<SyncBatch> links = storage.ReadLinks(channel_id, 0, kAll);
  for (size_t i = 0; links.ok() && i < links->rows.size(); ++i) {
    const SyncRow& row = links->rows[i];
    const auto is_undone = [](const HeldChange& change) {
      return change.state == HeldChange::State::kHeld || change.state == HeldChange::State::kRefused;
    };
    if (std::any_of(row.held.begin(), row.held.end(), is_undone)) listing_ids.insert(row.listing_id);
  }
  return listing_ids;
}

}  // namespace

void Oracles::Fail(absl::string_view oracle, absl::string_view what) {
  if (!failure_.empty()) return;
  failure_ = absl::StrCat(oracle, ": ", what);
  scheduler_.Note(absl::StrCat("FAILURE ", failure_));
}

void Oracles::ProductsWritten(const ProductBatch& batch) {
  for (int64_t i = 0; i < batch.size(); ++i) {
    Statement& statement = statements_[std::string(batch.sku[i])];
    const auto row = static_cast<size_t>(i);
    statement = {batch.price[row], batch.quantity[row]};
  }
}

void Oracles::ProductsRemoved(absl::Span<const std::string> skus) {
  for (const std::string& sku : skus) statements_[sku].quantity = 0;
}

void Oracles::QueueWritten(const QueueChange& change) {
  ++moment_;
  const int64_t channel_id = change.slot.channel_id;
  const OwnerId owner = holders_[channel_id].owner;
  JudgeClaim(change.slot, holders_[channel_id]);
  // What ends in a change ends before another begins.
  for (const Job& job : change.update) {
    const bool ends = jobs_[job.job_id].state == JobState::kRunning && IsFinal(job.state);
    if (ends && LaneOf(job) == Lane::kUrgent && IsBulkDue(channel_id)) owed_.insert(channel_id);
  }
  for (const Job& job : change.update) {
    JudgeYield(job, owner);
    JudgeUpdate(job);
  }
  for (const Job& job : change.insert) {
    if (!jobs_.emplace(job.job_id, job).second) Fail("O3", absl::StrCat(Name(job), " is made twice"));
  }
  if (!IsBulkDue(channel_id)) owed_.erase(channel_id);
  if (change.fire.has_value()) JudgeFire(channel_id, *change.fire);
}

void Oracles::JudgeYield(const Job& job, OwnerId owner) {
  const Job& known = jobs_[job.job_id];
  const bool yields = known.state == JobState::kRunning && job.state == JobState::kPending;
  if (yields && calls_[{job.channel_id, owner}] > 0) {
    Fail("O13", absl::StrCat(Name(job), " yields while a call is under way"));
  }
  if (job.progress.total.has_value() && job.progress.looked_at() > *job.progress.total) {
    Fail("O14", absl::StrCat(Name(job), " has done more than there is"));
  }
  const bool is_orphan = orphaned_.count(job.job_id) > 0;
  for (const auto& [name, before] : known.counts) {
    if (is_orphan && IsCountedAnew(name)) continue;
    const auto now =
        std::find_if(job.counts.begin(), job.counts.end(),
                     [&name = name](const std::pair<std::string, int64_t>& count) { return count.first == name; });
    if (now != job.counts.end() && now->second >= before) continue;
    Fail("O14", absl::StrCat(Name(job), " had counted ", name, " ", before));
  }
}

void Oracles::CallBegins(int64_t channel_id, const std::vector<OwnerId>& owners) {
  for (const OwnerId owner : owners) ++calls_[{channel_id, owner}];
}

void Oracles::CallEnds(int64_t channel_id, const std::vector<OwnerId>& owners) {
  for (const OwnerId owner : owners) --calls_[{channel_id, owner}];
}

void Oracles::JudgeFire(int64_t channel_id, const ScheduleFire& fire) {
  scheduler_.Note(absl::StrCat("fires ", fire.name, " of ", absl::FormatTime(fire.expected, absl::UTCTimeZone())));
  if (!fires_.insert({{channel_id, fire.name}, fire.expected}).second) {
    Fail("O11", absl::StrCat("schedule ", fire.name, " fires twice at one instant"));
  }
}

void Oracles::JudgeClaim(const Slot& slot, Holder& holder) {
  const Holder now{slot.holder_job, slot.epoch, slot.claim, slot.owner};
  const std::string who = absl::StrCat("the slot of job ", holder.job_id, ", epoch ", holder.epoch, ", of owner ",
                                       holder.owner, " by that of job ", now.job_id, ", epoch ", now.epoch);
  if (now.epoch < holder.epoch) Fail("O1", absl::StrCat("the epoch falls: ", who));
  if (now.epoch == holder.epoch && now.job_id != 0 && now.job_id != holder.job_id) {
    Fail("O1", absl::StrCat("another job in the same epoch: ", who));
  }
  if (now.epoch > holder.epoch) {
    const bool is_free = holder.job_id == 0 || dead_.count(holder.owner) > 0;
    if (!is_free) Fail("O1", absl::StrCat("taken from a living owner: ", who));
    if (holder.job_id != 0) orphaned_.insert(holder.job_id);
    claimed_at_[slot.channel_id] = scheduler_.now();
    if (now.claim == holder.claim) Fail("O1", absl::StrCat("the same claim: ", who));
    scheduler_.Note(absl::StrCat("owner ", now.owner, " claims job ", now.job_id, ", epoch ", now.epoch));
  }
  const OwnerId owner = now.epoch == holder.epoch && now.job_id != 0 ? holder.owner : now.owner;
  holder = now;
  holder.owner = owner;
}

void Oracles::JudgeUpdate(const Job& job) {
  Job& known = jobs_[job.job_id];
  if (IsFinal(known.state)) {
    Fail("O3", absl::StrCat(Name(job), " was ", ToString(known.state), " and becomes ", ToString(job.state)));
  }
  if (known.state != job.state) {
    scheduler_.Note(absl::StrCat(Name(job), " is ", ToString(job.state),
                                 job.error.has_value() ? absl::StrCat(": ", job.error->message) : ""));
  }
  const bool begins = known.state == JobState::kPending && job.state == JobState::kRunning;
  if (begins) JudgeLanes(job);
  known = job;
  if (begins) begun_.emplace(job.job_id, moment_);
  // A pull since the last that has to be one of everything waits as if it had not begun.
  if (job.state == JobState::kPending && !job.started_at.has_value()) begun_.erase(job.job_id);
}

bool Oracles::IsBulkDue(int64_t channel_id) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const std::pair<const int64_t, Job>& entry) {
    const Job& job = entry.second;
    return job.channel_id == channel_id && job.state == JobState::kPending && LaneOf(job) == Lane::kBulk &&
           !job.not_before.has_value();
  });
}

void Oracles::JudgeLanes(const Job& begins) {
  const bool is_bulk = LaneOf(begins) == Lane::kBulk;
  for (const auto& [job_id, job] : jobs_) {
    const bool waits = job.channel_id == begins.channel_id && job_id != begins.job_id &&
                       job.state == JobState::kPending && LaneOf(job) == Lane::kBulk;
    if (is_bulk && waits && job.started_at.has_value() && !begins.started_at.has_value()) {
      Fail("O12", absl::StrCat(Name(begins), " begins while ", Name(job), " is begun"));
    }
  }
  if (!is_bulk && owed_.count(begins.channel_id) > 0 && begins.prioritized_at == absl::InfinitePast()) {
    Fail("O12", absl::StrCat(Name(begins), " goes before a bulk job that is owed a step"));
  }
  if (is_bulk) owed_.erase(begins.channel_id);
}

void Oracles::PullBegun(int64_t channel_id, int64_t pull_number) {
  std::pair<int64_t, absl::Time>& pull = pulls_[channel_id];
  if (pull.first != pull_number) pull = {pull_number, scheduler_.now()};
}

void Oracles::ItemsSeen(int64_t channel_id, const ChannelVariantBatch& items) {
  for (int64_t i = 0; i < items.size(); ++i) {
    seen_at_[{channel_id, std::string(items.external_id[i])}] = fetch_began_[channel_id];
  }
}

void Oracles::ItemRemoved(int64_t channel_id, const std::string& external_id) {
  absent_until_[{channel_id, external_id}] = absl::InfiniteFuture();
}

void Oracles::ItemBack(int64_t channel_id, const std::string& external_id) {
  absent_until_[{channel_id, external_id}] = scheduler_.now();
}

void Oracles::LinksBroken(int64_t channel_id, const std::set<std::string>& external_ids, bool by_pull) {
  for (const std::string& id : external_ids) {
    CountBreak({channel_id, id}, /*holdable=*/true);
    absl::Time since = by_pull ? pulls_[channel_id].second : claimed_at_[channel_id];
    const auto seen = seen_at_.find({channel_id, id});
    if (by_pull && seen != seen_at_.end()) since = std::max(since, seen->second);
    LinkBroken({channel_id, id}, since);
  }
}

void Oracles::LinksBrokenBy(int64_t push_id, int64_t channel_id, const std::set<std::string>& external_ids) {
  for (const std::string& id : external_ids) {
    CountBreak({channel_id, id}, /*holdable=*/false);
    LinkBroken({channel_id, id}, begun_pushes_[{channel_id, push_id}]);
  }
}

void Oracles::Allows(int64_t channel_id, const std::vector<ChangeLimit>& limits) {
  for (const ChangeLimit& limit : limits) allowed_[channel_id][limit.kind] = limit.amount;
}

void Oracles::BreaksApproved(int64_t channel_id, const std::set<std::string>& external_ids) {
  for (const std::string& id : external_ids) approved_breaks_.insert({channel_id, id});
}

void Oracles::CountBreak(const Item& item, bool holdable) {
  if (approved_breaks_.erase(item) == 0) CountChange(item.first, ChangeKind::kBreak, holdable);
}

void Oracles::CountChange(int64_t channel_id, ChangeKind kind, bool holdable) {
  const auto limits = allowed_.find(channel_id);
  if (limits == allowed_.end() || limits->second.count(kind) == 0) return;
  std::vector<absl::Time>& made = changes_made_[{channel_id, kind}];
  made.push_back(scheduler_.now());
  // The processes' clocks differ.
  const absl::Time since = scheduler_.now() - absl::Hours(23);
  const auto in_a_day = std::count_if(made.begin(), made.end(), [&](absl::Time at) { return at > since; });
  if (!holdable || in_a_day <= limits->second[kind]) return;
  Fail("O17", absl::StrCat("a channel gets ", in_a_day, " changes of the kind ", ToString(kind), " in a day"));
}

std::vector<Oracles::Change> Oracles::ChangesOf(const PushItem& item, const SyncRow& link) {
  std::vector<Change> changes;
  const auto known = [&](SyncField field) {
    return link.acknowledged.Get(field) != kAbsent ? link.acknowledged.Get(field) : link.seen.Get(field);
  };
  const auto add = [&](ChangeKind kind, SyncField field) {
    const uint64_t digest = ValueDigest(ToString(field), item.values);
    const auto is_free = [&](const HeldChange& held) {
      const bool is_decided = held.state == HeldChange::State::kApproved || held.state == HeldChange::State::kBefore;
      return is_decided && held.field == field && held.digest == digest;
    };
    if (std::any_of(link.held.begin(), link.held.end(), is_free)) return;
    changes.push_back({kind, field, item.values.Get(field)});
  };
  const int64_t price = known(SyncField::kPrice);
  const bool has_price = item.mask.Has(SyncField::kPrice) && price != kAbsent && price > 0;
  if (has_price && (item.values.price > 2 * price || 2 * item.values.price < price)) {
    add(ChangeKind::kReprice, SyncField::kPrice);
  }
  const bool by_rule = link.status.author == StatusAuthor::kRule && !link.product_removed;
  const bool has_status = item.mask.Has(SyncField::kStatus) && by_rule;
  if (has_status && known(SyncField::kStatus) != static_cast<int64_t>(item.values.status)) {
    if (item.values.status == ChannelStatus::kHidden) add(ChangeKind::kHide, SyncField::kStatus);
    if (item.values.status == ChannelStatus::kListed) add(ChangeKind::kShow, SyncField::kStatus);
  }
  return changes;
}

void Oracles::Settled(int64_t channel_id, const SettlementBatch& batch) {
  const auto push = changes_begun_.find({channel_id, batch.push_id});
  if (push == changes_begun_.end()) return;
  for (const Settlement& row : batch.rows) {
    const auto changes = push->second.find(row.listing_id);
    if (changes == push->second.end()) continue;
    std::vector<Change>& begun = changes->second;
    const auto acknowledged = std::partition(begun.begin(), begun.end(), [&](const Change& change) {
      return !row.mask.Has(change.field) || row.acknowledged.Get(change.field) != change.value;
    });
    for (auto change = acknowledged; change != begun.end(); ++change) {
      CountChange(channel_id, change->kind, /*holdable=*/true);
    }
    begun.erase(acknowledged, begun.end());
  }
}

void Oracles::LinkBroken(const Item& item, absl::Time since) {
  const auto absent = absent_until_.find(item);
  if (absent != absent_until_.end() && absent->second >= since) return;
  Fail("O10", absl::StrCat("the link of ", item.second, " breaks, though the item was there all the time"));
}

void Oracles::WrittenUnder(const Fence& fence, absl::string_view operation) {
  const Holder& holder = holders_[fence.channel_id];
  if (fence.job_id == holder.job_id && fence.epoch == holder.epoch && fence.claim == holder.claim) return;
  Fail("O2", absl::StrCat(operation, " under job ", fence.job_id, ", epoch ", fence.epoch, ", while job ",
                          holder.job_id, " runs in epoch ", holder.epoch));
}

void Oracles::PushBegun(int64_t channel_id, const PushRecord& record, absl::Span<const int64_t> left_out,
                        const SyncBatch& links) {
  // The engine repeats one whose answer got lost.
  if (!begun_pushes_.insert({{channel_id, record.push_id}, scheduler_.now()}).second) return;
  std::map<int64_t, int64_t> row_of;
  for (int64_t i = 0; i < links.size(); ++i) row_of[links.rows[static_cast<size_t>(i)].listing_id] = i;
  for (const PushItem& item : record.items) {
    if (std::find(left_out.begin(), left_out.end(), item.listing_id) != left_out.end()) continue;
    deadlines_[item.idempotency_key] = record.call_deadline;
    const auto row = row_of.find(item.listing_id);
    if (row == row_of.end()) {
      Fail("O7", absl::StrCat("a push of listing variant ", item.listing_id, " begins, which has no link"));
      continue;
    }
    const SyncRow& link = links.rows[static_cast<size_t>(row->second)];
    JudgePush(channel_id, item, link, links.sku[row->second]);
    changes_begun_[{channel_id, record.push_id}][item.listing_id] = ChangesOf(item, link);
  }
}

void Oracles::JudgePush(int64_t channel_id, const PushItem& item, const SyncRow& link, absl::string_view sku) {
  const Statement& statement = statements_[std::string(sku)];
  const bool price = !item.mask.Has(SyncField::kPrice) || item.values.price == statement.price;
  const bool quantity = !item.mask.Has(SyncField::kQuantity) || item.values.quantity == statement.quantity;
  if (!price || !quantity) {
    Fail("O7", absl::StrCat("a push of ", sku, " begins with price ", item.values.price, " and quantity ",
                            item.values.quantity, ", not ", statement.price, " and ", statement.quantity));
  }
  if (link.doubtful && holds_doubtful_.count(channel_id) > 0) {
    Fail("O15", absl::StrCat("a push of ", sku, " begins though its link is doubtful"));
  }
  if (item.mask.Has(SyncField::kStatus) && DesiredStatus(link.status, link.product_removed) != item.values.status) {
    Fail("O16", absl::StrCat("a push of ", sku, " begins with the status ", ToString(item.values.status),
                             ", which nobody has stated"));
  }
}

void Oracles::PushArrives(int64_t channel_id, const PushRequest& request, absl::Duration timeout) {
  for (const PushItem& item : request.items) {
    const absl::Time deadline = deadlines_[item.idempotency_key];
    if (scheduler_.now() + timeout > deadline) {
      Fail("O8", absl::StrCat("a push of ", item.external_id, " arrives too late"));
    }
    for (const SyncField field : kSyncFields) {
      if (!item.mask.Has(field)) continue;
      OnItsWay& earlier = on_their_way_[{{channel_id, item.external_id}, field}];
      if (!earlier.key.empty() && scheduler_.now() < earlier.deadline) {
        Fail("O9", absl::StrCat("a push of ", item.external_id, " arrives while an earlier one may still land"));
      }
      earlier = {item.idempotency_key, deadline};
    }
  }
}

void Oracles::PushAnswered(int64_t channel_id, const PushRequest& request, const absl::StatusOr<PushReply>& reply) {
  // Throttled or refused as a whole: nothing of it is done.
  const bool none = IsThrottled(reply.status()) || absl::IsInvalidArgument(reply.status());
  if (!reply.ok() && !none) return;
  for (size_t i = 0; i < request.items.size(); ++i) {
    const PushItem& item = request.items[i];
    if (reply.ok() && reply->outcomes[i].result == PushResult::kUnavailable) continue;
    for (const SyncField field : kSyncFields) {
      const auto found = on_their_way_.find({{channel_id, item.external_id}, field});
      if (found != on_their_way_.end() && found->second.key == item.idempotency_key) on_their_way_.erase(found);
    }
  }
}

void Oracles::Accepted(int64_t asked_at, const JobRequest& request, const Job& job) {
  requests_.push_back({asked_at, request, job.job_id});
  if (jobs_.count(job.job_id) == 0) Fail("O3", absl::StrCat(Name(job), " was told and is not there"));
}

void Oracles::JudgeSchedules(Storage& storage) {
  const absl::StatusOr<std::vector<Schedule>> schedules = storage.ReadSchedules();
  if (!schedules.ok()) return Fail("O11", schedules.status().message());
  for (const Schedule& schedule : *schedules) {
    if (schedule.enabled && schedule.next_fire > scheduler_.now() - absl::Minutes(1)) continue;
    Fail("O11", absl::StrCat("schedule ", schedule.name, " of ", schedule.channel, " does not fire"));
  }
}

void Oracles::JudgeJobs(Storage& storage) {
  for (const auto& [job_id, known] : jobs_) {
    const absl::StatusOr<Job> job = storage.ReadJob(job_id);
    const absl::string_view state = ToString(known.state);
    if (!job.ok() || job->state != known.state) Fail("O3", absl::StrCat("job ", job_id, " is not ", state));
    if (!IsFinal(known.state)) Fail("O5", absl::StrCat("job ", job_id, " is still ", state));
  }
  for (const Request& request : requests_) {
    const absl::StatusOr<Job> job = storage.ReadJob(request.job_id);
    if (job.ok()) JudgeRequest(request, *job);
  }
}

void Oracles::JudgeRequest(const Request& request, const Job& job) {
  const auto begun = begun_.find(job.job_id);
  if (begun != begun_.end() && begun->second <= request.asked_at) {
    Fail("O4", absl::StrCat(Name(job), " had begun when it took a request in"));
  }
  if (begun == begun_.end() && job.state != JobState::kCancelled) {
    Fail("O4", absl::StrCat(Name(job), " never began and is ", ToString(job.state)));
  }
  if (job.kind != request.request.kind || !Covers(job.options, request.request.options)) {
    Fail("O4", absl::StrCat(Name(job), " does not do what was asked for"));
  }
}

void Oracles::JudgeChannel(Engine& engine, Storage& storage, const Channel& channel) {
  LinkStorage::PushCursor open;
  const absl::StatusOr<std::vector<OpenPush>> pushes =
      storage.ReadOpenPushes(channel.channel_id, absl::InfiniteFuture(), &open, 1);
  if (!pushes.ok() || !pushes->empty()) Fail("O5", absl::StrCat(channel.config.name, " has open pushes"));
  LinkStorage::DirtyCursor cursor;
  const absl::StatusOr<SyncBatch> dirty = storage.ReadDirty(channel.channel_id, &cursor, kAll);
  if (!dirty.ok() || dirty->size() > 0) {
    Fail("O5", absl::StrCat(channel.config.name, " has dirty links", dirty.ok() ? ": " : "",
                            dirty.ok() ? dirty->sku[0] : ""));
  }
  const absl::StatusOr<std::unique_ptr<LinkPlan>> plan = engine.PlanLinks(channel.config.name);
  const absl::StatusOr<PlannedLinkPage> links = plan.ok() ? (*plan)->Read({}) : plan.status();
  if (!links.ok()) return Fail("O5", links.status().message());
  for (const PlannedLink& link : links->rows) {
    if (link.state == LinkState::kLinked) Fail("O5", absl::StrCat(channel.config.name, " does not link ", link.sku));
  }
}

void Oracles::JudgeItems(Storage& storage, const Channel& channel, SimulatedPlatform& platform,
                         const std::set<std::string>& edited) {
  const absl::StatusOr<std::vector<ListingRow>> rows = storage.ReadListings(channel.channel_id, {}, 0, kAll);
  if (!rows.ok()) return Fail("O6", rows.status().message());
  const std::set<int64_t> undone = UndoneListings(storage, channel.channel_id);
  for (const ListingRow& row : *rows) {
    if (row.link_state == LinkState::kLinked && row.attentions.empty() && IsLive(row.status) &&
        edited.count(row.external_id) == 0 && undone.count(row.listing_id) == 0) {
      JudgeRow(channel.config.name, row, platform);
    }
  }
}

void Oracles::JudgeRow(const std::string& channel, const ListingRow& row, SimulatedPlatform& platform) {
  const absl::optional<SimulatedItem> item = platform.FindItem(row.external_id);
  if (!item.has_value()) return Fail("O6", absl::StrCat(channel, "/", row.sku, " is linked to an item that is gone"));
  ++items_judged_;
  // Where siblings share a status one of them can change it for another that is not linked yet: known, and not mended
  // yet.
  const bool is_shared = platform.capabilities().kept_by_parent.Has(SyncField::kStatus);
  const absl::optional<ChannelStatus> status = DesiredStatus(row.status, row.product_removed);
  if (!is_shared && status.has_value() && *status != item->values.status) {
    Fail("O6", absl::StrCat(channel, "/", row.sku, ": the item is ", ToString(item->values.status), ", not ",
                            ToString(*status)));
  }
  const Statement& statement = statements_[row.sku];
  if (item->values.price == statement.price && item->values.quantity == statement.quantity) return;
  Fail("O6", absl::StrCat(channel, "/", row.sku, ": the item has price ", item->values.price, " and quantity ",
                          item->values.quantity, ", not ", statement.price, " and ", statement.quantity));
}

}  // namespace flxlink::simulation

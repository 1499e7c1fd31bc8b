#include "tests/simulation/shop.h"

#include <vector>

#include "absl/time/time.h"

namespace flxlink::simulation {

SimulatedItem NewItem(uint64_t number, int64_t price, int64_t quantity) {
  return {
      ItemId(number), absl::StrCat("p", number / 2), {price, quantity, ChannelStatus::kListed}, {{"sku", Sku(number)}}};
}

double Maybe(Scheduler& scheduler, double rate) { return scheduler.Choose(3) == 0 ? 0 : rate; }

SimulatedFaults ChoosePlatformFaults(Scheduler& scheduler) {
  SimulatedFaults faults;
  faults.min_latency = absl::Milliseconds(1);
  faults.max_latency = absl::Milliseconds(scheduler.Choose(2) == 0 ? 30 : 900);
  faults.push_lost_reply = Maybe(scheduler, .1);
  faults.push_late = Maybe(scheduler, .1);
  faults.unavailable = Maybe(scheduler, .05);
  faults.throttled = Maybe(scheduler, .05);
  faults.item_unavailable = Maybe(scheduler, .05);
  faults.not_ready = Maybe(scheduler, .1);
  faults.item_rejected = Maybe(scheduler, .03);
  faults.page_problem = Maybe(scheduler, .03);
  faults.receipt_lost = Maybe(scheduler, .1);
  faults.accepted = .7;
  faults.max_receipt_delay = absl::Seconds(1 + scheduler.Choose(60));
  return faults;
}

SimulatedOptions ChoosePlatform(Scheduler& scheduler, const SimulatedFaults& faults) {
  SimulatedOptions options;
  options.seed = scheduler.Choose(1u << 30) + 1;
  options.faults = faults;
  if (scheduler.Choose(3) == 0) {
    options.capabilities = SplitSimulatedCapabilities();
    if (scheduler.Choose(2) == 0) options.capabilities.account.buckets = {{"catalog", 12, 2}, {"inventory", 6, 1}};
  }
  if (scheduler.Choose(3) == 0) {
    SinceReads since;
    since.sees = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
    since.sees_new_items = since.sees_deletions = true;
    options.capabilities.since = since;
  }
  // By what is chosen anyway, so that the histories of the other seeds stay what they were.
  if (options.seed % 4 == 0) options.capabilities.fetch_limit = 0;
  options.capabilities.own_ids = options.seed % 3 != 0;
  std::vector<PushKind>& kinds = options.capabilities.push_kinds;
  PushKind& slow = kinds[scheduler.Choose(kinds.size())];
  if (scheduler.Choose(3) == 0) {
    slow.receipt_timeout = absl::Minutes(5);
    slow.later_wins = scheduler.Choose(2) == 0;
  }
  const bool compares = scheduler.Choose(2) == 0;
  const absl::Duration timeout = absl::Seconds(scheduler.Choose(2) == 0 ? 5 : 60);
  for (PushKind& kind : kinds) {
    kind.timeout = timeout;
    kind.max_items = static_cast<int64_t>(2 + scheduler.Choose(3));
    kind.in_flight = static_cast<int32_t>(1 + scheduler.Choose(2));
    if (compares) kind.compares = kind.fields;
  }
  return options;
}

ChannelConfig ChooseChannel(Scheduler& scheduler, const std::string& name) {
  ChannelConfig config;
  config.name = name;
  config.adapter = "simulated";
  config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
  config.link_after_build = true;
  if (scheduler.Choose(2) == 0) {
    config.status_rules = {*ParseStatusRule("quantity<=2:hide", config.currency),
                           *ParseStatusRule("quantity>2:unhide", config.currency)};
  }
  return config;
}

std::vector<ChangeLimit> CautiousLimits() {
  std::vector<ChangeLimit> limits;
  for (const ChangeKind kind : kChangeKinds) limits.push_back({kind, 1, false});
  return limits;
}

void NoteShop(Scheduler& scheduler, const Shop& shop) {
  for (const PushKind& kind : shop.platform->capabilities().push_kinds) {
    scheduler.Note(absl::StrCat(shop.channel.config.name, " takes ", kind.name, " within ",
                                absl::FormatDuration(kind.timeout), ", receipts within ",
                                absl::FormatDuration(kind.receipt_timeout), kind.later_wins ? ", later ones win" : "",
                                kind.compares.empty() ? "" : ", compares"));
  }
  if (!shop.channel.config.limits.empty()) scheduler.Note(absl::StrCat(shop.channel.config.name, " is cautious"));
}

}  // namespace flxlink::simulation

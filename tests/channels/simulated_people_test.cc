#include "src/channels/simulated/simulated_people.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gtest/gtest.h"
#include "src/channels/simulated/simulated_place.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_options.h"

namespace flxlink {
namespace {

constexpr int kItems = 10;
constexpr int kCalls = 200;

class SimulatedPeopleTest : public ::testing::Test {
 protected:
  void Make(const SimulatedFaults& faults, SimulatedOptions options = {}) {
    options.faults = faults;
    platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
    for (int i = 0; i < kItems; ++i) {
      SimulatedItem item = {absl::StrCat("i", i),
                            i < 3 ? "parent" : "",
                            {100, 1000, ChannelStatus::kListed},
                            {{"sku", absl::StrCat("s", i)}, {"title", absl::StrCat("t", i)}}};
      for (const std::string& location : options.locations) item.stock.push_back({location, 1000, 10});
      for (const std::string& market : options.markets) item.prices.push_back({market, 100});
      item.identity = absl::StrCat("identity-", i);
      platform_->SetItem(std::move(item));
    }
  }

  void Call() {
    for (int i = 0; i < kCalls; ++i) EXPECT_TRUE(platform_->Pull({}, NoLimitCall()).ok());
  }

  std::set<SimulatedDeed::Kind> Kinds() {
    std::set<SimulatedDeed::Kind> kinds;
    for (const SimulatedDeed& deed : platform_->Deeds()) kinds.insert(deed.kind);
    return kinds;
  }

  // What channels at that place would have after what people did to `items`, taken from what is told of it.
  static void Redo(const SimulatedDeed& deed, std::map<std::string, SimulatedItem>* items) {
    SimulatedItem& item = items->at(deed.external_id);
    ItemValues before = simulated::ValuesAt(deed.place, item);
    before.content.clear();
    if (deed.fields.HasContent("title")) before.SetContent("title", FieldValue(item.fields, "title"));
    ItemValues seen;
    CopyFields(deed.fields, before, &seen);
    EXPECT_EQ(seen, deed.before) << deed.external_id;
    ItemValues after = deed.after;
    if (deed.fields.HasContent("title")) item.fields[1].value = *after.FindContent("title");
    after.content.clear();
    simulated::SetAt(deed.place, PresentFields(after), after, &item);
  }

  std::map<std::string, SimulatedItem> Items() {
    std::map<std::string, SimulatedItem> items;
    for (SimulatedItem& item : platform_->Items()) items.emplace(item.external_id, item);
    return items;
  }

  ManualClock clock_;
  std::shared_ptr<SimulatedPlatform> platform_;
};

TEST_F(SimulatedPeopleTest, NobodyDoesAnythingUnasked) {
  Make({});
  Call();
  EXPECT_TRUE(platform_->Deeds().empty());
}

TEST_F(SimulatedPeopleTest, EditsAreToldOf) {
  SimulatedFaults faults;
  faults.edits = 1;
  for (const bool has_places : {false, true}) {
    SimulatedOptions options;
    if (has_places) HaveSeveralPlaces(options);
    Make(faults, options);
    std::map<std::string, SimulatedItem> items = Items();
    Call();
    std::set<std::string> fields;
    std::set<std::string> places;
    for (const SimulatedDeed& deed : platform_->Deeds()) {
      Redo(deed, &items);
      fields.insert(FormatSyncFields(deed.fields));
      places.insert(absl::StrCat(deed.place.location, "/", deed.place.market));
    }
    EXPECT_EQ(fields, (std::set<std::string>{"price", "quantity", "status", "title"}));
    EXPECT_EQ(places.size(), has_places ? 6u : 1u);
    EXPECT_EQ(Kinds(), std::set<SimulatedDeed::Kind>{SimulatedDeed::Kind::kEdit});
    EXPECT_EQ(platform_->Counters().deeds, kCalls);
    for (const auto& [id, item] : Items()) {
      EXPECT_EQ(item.values, items.at(id).values);
      EXPECT_EQ(item.stock, items.at(id).stock);
      EXPECT_EQ(item.prices, items.at(id).prices);
      EXPECT_EQ(item.fields, items.at(id).fields);
    }
  }
}

TEST_F(SimulatedPeopleTest, AnEditOfWhatSiblingsShareIsOneOfAll) {
  SimulatedFaults faults;
  faults.edits = 1;
  SimulatedOptions options;
  options.capabilities.kept_by_parent = {SyncField::kStatus};
  Make(faults, options);
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_TRUE(platform_->Pull({}, NoLimitCall()).ok());
    EXPECT_EQ(platform_->FindItem("i0")->values.status, platform_->FindItem("i1")->values.status);
    EXPECT_EQ(platform_->FindItem("i0")->values.status, platform_->FindItem("i2")->values.status);
  }
}

TEST_F(SimulatedPeopleTest, SalesLowerWhatCanBeSold) {
  SimulatedFaults faults;
  faults.sales = 1;
  Make(faults);
  Call();
  const std::vector<SimulatedDeed> deeds = platform_->Deeds();
  EXPECT_FALSE(deeds.empty());
  for (const SimulatedDeed& deed : deeds) {
    EXPECT_EQ(deed.kind, SimulatedDeed::Kind::kSale);
    EXPECT_LT(deed.after.quantity, deed.before.quantity);
    EXPECT_GE(deed.after.quantity, 0);
  }
}

TEST_F(SimulatedPeopleTest, WhatIsSoldAtALocationIsReservedOrSent) {
  SimulatedFaults faults;
  faults.sales = 1;
  SimulatedOptions options;
  HaveSeveralPlaces(options);
  Make(faults, options);
  std::map<std::string, SimulatedItem> items = Items();
  Call();
  int64_t sold = 0;
  for (const SimulatedDeed& deed : platform_->Deeds()) {
    EXPECT_LT(deed.after.quantity, deed.before.quantity);
    sold += deed.before.quantity - deed.after.quantity;
  }
  int64_t reserved = 0;
  int64_t sent = 0;
  for (const auto& [id, item] : Items()) {
    for (size_t i = 0; i < item.stock.size(); ++i) {
      reserved += item.stock[i].reserved - items.at(id).stock[i].reserved;
      sent += items.at(id).stock[i].on_hand - item.stock[i].on_hand;
      EXPECT_GE(item.stock[i].on_hand, item.stock[i].reserved);
    }
  }
  EXPECT_GT(reserved, 0);
  EXPECT_GT(sent, 0);
  EXPECT_EQ(reserved + sent, sold);
}

TEST_F(SimulatedPeopleTest, IdsAreUsedAgainForOtherItems) {
  SimulatedFaults faults;
  faults.removals = 0.1;
  faults.reuses = 0.1;
  Make(faults);
  Call();
  EXPECT_EQ(Kinds(), (std::set<SimulatedDeed::Kind>{SimulatedDeed::Kind::kRemoval, SimulatedDeed::Kind::kReuse}));
  std::set<std::string> skus;
  int reused = 0;
  const absl::StatusOr<PullPage> page = platform_->Pull({}, NoLimitCall());
  ASSERT_TRUE(page.ok()) << page.status();
  for (int64_t row = 0; row < page->items.size(); ++row) {
    const std::string sku((*page->items.fields.Find("sku"))[row]);
    EXPECT_TRUE(skus.insert(sku).second) << sku;
    const bool is_reused = absl::StrContains(sku, "-reused-");
    EXPECT_EQ(absl::StartsWith(page->items.identity[row], "reused-"), is_reused);
    reused += is_reused ? 1 : 0;
  }
  EXPECT_GT(reused, 0);
}

}  // namespace
}  // namespace flxlink

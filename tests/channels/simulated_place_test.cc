#include "src/channels/simulated/simulated_place.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_options.h"

namespace flxlink {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const SyncFields kQuantity = {SyncField::kQuantity};

class SimulatedPlaceTest : public ::testing::Test {
 protected:
  SimulatedPlaceTest() {
    SimulatedOptions options;
    HaveSeveralPlaces(options);
    OnlyKind(options).compares = kQuantity;
    platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
    SimulatedItem item = {"1", "", {kAbsent, kAbsent, ChannelStatus::kListed}, {{"sku", "s"}}};
    item.stock = {{"berlin", 10, 3}, {"lyon", 20, 0}};
    item.prices = {{"de", 1000, 1500}, {"fr", 1200}};
    item.published = {"fr"};
    platform_->SetItem(item);
  }

  ItemValues Shown(const ChannelAdapter& adapter) {
    const absl::StatusOr<PullPage> page = adapter.Pull({}, call_);
    EXPECT_TRUE(page.ok()) << page.status();
    return ValuesAt(page->items, 0);
  }

  PushResult Push(const ChannelAdapter& adapter, const ItemValues& known, const ItemValues& values) {
    PushItem item;
    item.external_id = "1";
    item.mask = PresentFields(values);
    item.known = known;
    item.values = values;
    const absl::StatusOr<PushReply> reply = adapter.Push({"items", {&item, 1}, ""}, call_);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->outcomes[0].result : PushResult::kUnavailable;
  }

  std::string ErrorOf(ChannelSettings settings) {
    const absl::Status status = TryMakeSimulatedAdapter(platform_, std::move(settings)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  ManualClock clock_;
  NoLimitCall call_;
  std::shared_ptr<SimulatedPlatform> platform_;
};

TEST_F(SimulatedPlaceTest, WhatIsNotSaidIsAskedFor) {
  EXPECT_THAT(ErrorOf({{"market", "de"}}), HasSubstr("make the setting location one of: berlin, lyon"));
  EXPECT_THAT(ErrorOf({{"location", "lyon"}}), HasSubstr("make the setting market one of: de, fr, us"));
  EXPECT_THAT(ErrorOf({{"location", "rome"}, {"market", "de"}}), HasSubstr("no location \"rome\""));
  EXPECT_THAT(ErrorOf({{"location", "lyon"}, {"market", "de"}, {"hiding", "x"}}), HasSubstr("publication"));
  EXPECT_THAT(ErrorOf({{"location", "lyon"}, {"market", "de"}, {"quantity_means", "x"}}), HasSubstr("on_hand"));
  EXPECT_THAT(ErrorOf({{"colour", "red"}}), HasSubstr("no setting \"colour\""));
}

TEST_F(SimulatedPlaceTest, WhatThePlatformDoesNotHaveIsRefused) {
  platform_ = std::make_shared<SimulatedPlatform>(clock_, SimulatedOptions());
  EXPECT_THAT(ErrorOf({{"location", "lyon"}}), HasSubstr("has no locations; remove the setting location"));
  EXPECT_THAT(ErrorOf({{"market", "de"}}), HasSubstr("has no markets; remove the setting market"));
}

TEST_F(SimulatedPlaceTest, ASingleOneNeedNotBeSaid) {
  SimulatedOptions options;
  options.locations = {"berlin"};
  options.markets = {"de"};
  SimulatedItem item = *platform_->FindItem("1");
  platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
  platform_->SetItem(std::move(item));
  EXPECT_EQ(Shown(*MakeSimulatedAdapter(platform_)), (ItemValues{1000, 7, ChannelStatus::kListed, 1500}));
}

TEST_F(SimulatedPlaceTest, EachChannelSeesItsOwn) {
  EXPECT_EQ(Shown(*MakeSimulatedAdapter(platform_, {{"location", "berlin"}, {"market", "de"}})),
            (ItemValues{1000, 7, ChannelStatus::kListed, 1500}));
  EXPECT_EQ(
      Shown(*MakeSimulatedAdapter(platform_, {{"location", "berlin"}, {"market", "de"}, {"hiding", "publication"}})),
      (ItemValues{1000, 7, ChannelStatus::kHidden, 1500}));
  EXPECT_EQ(Shown(*MakeSimulatedAdapter(platform_,
                                        {{"location", "berlin"}, {"market", "fr"}, {"quantity_means", "on_hand"}})),
            (ItemValues{1200, 10, ChannelStatus::kListed}));
  EXPECT_EQ(Shown(*MakeSimulatedAdapter(platform_, {{"location", "lyon"}, {"market", "us"}, {"hiding", "none"}})),
            (ItemValues{kAbsent, 20}));
}

TEST_F(SimulatedPlaceTest, APushSetsItsOwn) {
  const auto adapter = MakeSimulatedAdapter(platform_, {{"location", "berlin"}, {"market", "us"}});
  EXPECT_EQ(Push(*adapter, {kAbsent, 7}, {1300, 5}), PushResult::kApplied);
  const SimulatedItem item = *platform_->FindItem("1");
  EXPECT_EQ(item.stock, (std::vector<SimulatedStock>{{"berlin", 8, 3}, {"lyon", 20, 0}}));
  EXPECT_EQ(item.prices, (std::vector<SimulatedPrice>{{"de", 1000, 1500}, {"fr", 1200}, {"us", 1300}}));
}

// What is compared is what the channel means: a reservation takes from what can be sold, and from nothing on the shelf.
TEST_F(SimulatedPlaceTest, AReservationChangesOneQuantityOnly) {
  SimulatedItem item = *platform_->FindItem("1");
  item.stock[0].reserved = 4;
  platform_->SetItem(item);
  const auto available = MakeSimulatedAdapter(platform_, {{"location", "berlin"}, {"market", "de"}});
  EXPECT_EQ(Push(*available, {kAbsent, 7}, {kAbsent, 9}), PushResult::kConflict);
  const auto on_hand =
      MakeSimulatedAdapter(platform_, {{"location", "berlin"}, {"market", "de"}, {"quantity_means", "on_hand"}});
  EXPECT_EQ(Push(*on_hand, {kAbsent, 10}, {kAbsent, 12}), PushResult::kApplied);
  EXPECT_EQ(platform_->FindItem("1")->stock[0], (SimulatedStock{"berlin", 12, 4}));
}

TEST_F(SimulatedPlaceTest, AnItemThatALocationDoesNotStockHasNoQuantityThere) {
  SimulatedItem item = *platform_->FindItem("1");
  item.stock.pop_back();
  platform_->SetItem(item);
  const auto adapter = MakeSimulatedAdapter(platform_, {{"location", "lyon"}, {"market", "de"}});
  const absl::StatusOr<PullPage> page = adapter->Pull({}, call_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items.quantity[0], kAbsent);
  EXPECT_EQ(page->items.fixed[0].get(), (std::vector<FixedField>{{"quantity", FixedReason::kNotStocked}}));
  EXPECT_EQ(Push(*adapter, {}, {kAbsent, 1}), PushResult::kRejected);
}

TEST_F(SimulatedPlaceTest, WhatHidesIsDeclared) {
  const auto capabilities = [&](const std::string& hiding) {
    return MakeSimulatedAdapter(platform_, {{"location", "lyon"}, {"market", "de"}, {"hiding", hiding}})
        ->capabilities();
  };
  EXPECT_THAT(capabilities("status").status_set, SizeIs(3));
  EXPECT_FALSE(capabilities("status").hides_by_quantity);
  EXPECT_EQ(capabilities("publication").status_set,
            (std::vector<ChannelStatus>{ChannelStatus::kListed, ChannelStatus::kHidden}));
  EXPECT_THAT(capabilities("none").status_set, SizeIs(0));
  EXPECT_TRUE(capabilities("none").hides_by_quantity);
  EXPECT_FALSE(SettableFields(capabilities("none")).Has(SyncField::kStatus));
}

TEST_F(SimulatedPlaceTest, WhatCannotSetQuantitiesDoesNotHideByThem) {
  AdapterCapabilities capabilities = DefaultSimulatedCapabilities();
  SimulatedPlace place;
  place.hiding = Hiding::kNone;
  EXPECT_TRUE(simulated::CapabilitiesAt(place, capabilities).hides_by_quantity);
  capabilities.push_kinds.front().fields = {SyncField::kPrice};
  EXPECT_FALSE(simulated::CapabilitiesAt(place, capabilities).hides_by_quantity);
}

TEST_F(SimulatedPlaceTest, APublicationCannotBeDead) {
  const auto adapter =
      MakeSimulatedAdapter(platform_, {{"location", "lyon"}, {"market", "fr"}, {"hiding", "publication"}});
  EXPECT_EQ(Push(*adapter, {}, {kAbsent, kAbsent, ChannelStatus::kDead}), PushResult::kRejected);
  EXPECT_EQ(Push(*adapter, {}, {kAbsent, kAbsent, ChannelStatus::kHidden}), PushResult::kApplied);
  EXPECT_THAT(platform_->FindItem("1")->published, SizeIs(0));
  EXPECT_EQ(platform_->FindItem("1")->values.status, ChannelStatus::kListed);
}

}  // namespace
}  // namespace flxlink

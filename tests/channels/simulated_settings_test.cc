#include "src/channels/simulated/simulated_settings.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"

namespace flxlink::simulated {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string ErrorOf(ChannelSettings settings) {
  const absl::Status status = SettingsOf(SimulatedConfig(std::move(settings))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(SimulatedSettingsTest, EachIsRead) {
  const absl::StatusOr<SimulatedSettings> settings = SettingsOf(SimulatedConfig({{"path", "shop.sim"},
                                                                                 {"seed", "7"},
                                                                                 {"items", "3"},
                                                                                 {"latency_ms", "40"},
                                                                                 {"locations", "berlin, lyon,berlin"},
                                                                                 {"markets", "de"},
                                                                                 {"sales", "0.5"}}));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->path, "shop.sim");
  EXPECT_EQ(settings->options.seed, 7u);
  EXPECT_EQ(settings->items, 3);
  EXPECT_EQ(settings->options.faults.min_latency, absl::Milliseconds(20));
  EXPECT_EQ(settings->options.faults.max_latency, absl::Milliseconds(40));
  EXPECT_EQ(settings->options.locations, (std::vector<std::string>{"berlin", "lyon"}));
  EXPECT_EQ(settings->options.markets, std::vector<std::string>{"de"});
  EXPECT_EQ(settings->options.faults.sales, 0.5);
  EXPECT_EQ(settings->options.faults.edits, 0);
}

SimulatedSettings Read(ChannelSettings settings) {
  const absl::StatusOr<SimulatedSettings> read = SettingsOf(SimulatedConfig(std::move(settings)));
  EXPECT_TRUE(read.ok()) << read.status();
  return *read;
}

std::vector<PushKind> KindsOf(ChannelSettings settings) {
  return Read(std::move(settings)).options.capabilities.push_kinds;
}

TEST(SimulatedSettingsTest, CallsMayBeSplit) {
  EXPECT_THAT(KindsOf({}), SizeIs(1));
  EXPECT_THAT(KindsOf({{"calls", "one"}}), SizeIs(1));
  const std::vector<PushKind> kinds = KindsOf({{"calls", "split"}});
  ASSERT_THAT(kinds, SizeIs(3));
  EXPECT_EQ(kinds[1].name, "quantities");
  EXPECT_EQ(kinds[1].keys, IdempotencyKeys::kItem);
}

TEST(SimulatedSettingsTest, ABatchMayBeRefusedWhole) {
  for (const PushKind& kind : KindsOf({{"calls", "split"}})) EXPECT_TRUE(kind.takes_good_items);
  for (const PushKind& kind : KindsOf({{"calls", "split"}, {"whole_batches", "yes"}})) {
    EXPECT_FALSE(kind.takes_good_items);
  }
}

TEST(SimulatedSettingsTest, WhatComesLater) {
  const SimulatedSettings plain = Read({});
  EXPECT_EQ(plain.options.faults.accepted, 1);
  EXPECT_EQ(plain.options.capabilities.push_kinds[0].timeout, absl::Minutes(1));
  EXPECT_EQ(plain.options.capabilities.push_kinds[0].receipt_timeout, absl::ZeroDuration());
  const SimulatedSettings settings = Read({{"calls", "split"},
                                           {"timeout_s", "2"},
                                           {"receipts", "7200"},
                                           {"later_wins", "yes"},
                                           {"accepted", "0.5"},
                                           {"receipt_lost", "0.25"},
                                           {"push_late", "0.125"},
                                           {"reuses", "0.75"},
                                           {"pull_lag_s", "30"},
                                           {"fetch_lag_s", "3"}});
  for (const PushKind& kind : settings.options.capabilities.push_kinds) {
    EXPECT_EQ(kind.timeout, absl::Seconds(2));
    EXPECT_EQ(kind.receipt_timeout, absl::Hours(2));
    EXPECT_TRUE(kind.later_wins);
  }
  EXPECT_FALSE(Read({{"receipts", "7200"}}).options.capabilities.push_kinds[0].later_wins);
  EXPECT_FALSE(Read({{"later_wins", "yes"}}).options.capabilities.push_kinds[0].later_wins) << "there are no receipts";
  EXPECT_EQ(settings.options.faults.max_receipt_delay, absl::Hours(2));
  EXPECT_EQ(settings.options.faults.accepted, 0.5);
  EXPECT_EQ(settings.options.faults.receipt_lost, 0.25);
  EXPECT_EQ(settings.options.faults.push_late, 0.125);
  EXPECT_EQ(settings.options.faults.reuses, 0.75);
  EXPECT_EQ(settings.options.capabilities.pull_lag, absl::Seconds(30));
  EXPECT_EQ(settings.options.capabilities.fetch_lag, absl::Seconds(3));
  EXPECT_TRUE(CheckCapabilities(settings.options.capabilities).ok());
}

// Who is on the same platform shares its account.
TEST(SimulatedSettingsTest, TheAccountIsThePlatforms) {
  const auto account = [](ChannelSettings settings) {
    return Read(std::move(settings)).options.capabilities.account.name;
  };
  EXPECT_EQ(account({{"path", "shop.sim"}, {"seed", "2"}}), "shop.sim");
  EXPECT_EQ(account({{"seed", "2"}, {"hiding", "none"}}), account({{"seed", "2"}}));
  EXPECT_NE(account({{"seed", "2"}}), account({{"seed", "3"}}));
}

TEST(SimulatedSettingsTest, WrongOnesAreNamed) {
  EXPECT_THAT(ErrorOf({{"colour", "red"}}), HasSubstr("no setting \"colour\"; there are: path, seed"));
  EXPECT_THAT(ErrorOf({{"items", "many"}}), HasSubstr("items is \"many\"; make it a number from 0 to 1000000"));
  EXPECT_THAT(ErrorOf({{"seed", "-1"}}), HasSubstr("seed"));
  EXPECT_THAT(ErrorOf({{"latency_ms", "60001"}}), HasSubstr("latency_ms"));
  EXPECT_THAT(ErrorOf({{"throttled", "2"}}), HasSubstr("a rate from 0 (never) to 1 (always)"));
  EXPECT_THAT(ErrorOf({{"edits", "nan"}}), HasSubstr("a rate"));
  EXPECT_THAT(ErrorOf({{"receipts", "86401"}}), HasSubstr("a number from 0 to 86400"));
  EXPECT_THAT(ErrorOf({{"timeout_s", "0"}}), HasSubstr("timeout_s is \"0\"; make it a number from 1 to 86400"));
  EXPECT_THAT(ErrorOf({{"fixed", "all"}}), HasSubstr("a rate"));
  EXPECT_THAT(ErrorOf({{"calls", "three"}}), HasSubstr("calls is \"three\"; make it one or split"));
  EXPECT_THAT(ErrorOf({{"whole_batches", "1"}}), HasSubstr("whole_batches is \"1\"; make it no or yes"));
}

// Channels at different places of a platform are on the same one.
TEST(SimulatedSettingsTest, ThePlaceMakesNoOtherPlatform) {
  const auto text = [](ChannelSettings settings) { return SettingsOf(SimulatedConfig(std::move(settings)))->text; };
  EXPECT_EQ(text({{"seed", "2"}, {"location", "a"}, {"items", "3"}}), text({{"items", "3"}, {"seed", "2"}}));
  EXPECT_NE(text({{"seed", "2"}}), text({{"seed", "3"}}));
}

TEST(SimulatedSettingsTest, FirstItemsComeFromTheSeed) {
  SimulatedSettings settings;
  settings.items = 30;
  const std::vector<SimulatedItem> items = FirstItems(settings);
  ASSERT_THAT(items, SizeIs(30));
  EXPECT_EQ(items[3].external_id, "item-4");
  EXPECT_EQ(FieldValue(items[3].fields, "sku"), "SKU-4");
  EXPECT_EQ(items[3].parent_id, items[5].parent_id);
  EXPECT_NE(items[3].parent_id, items[2].parent_id);
  EXPECT_EQ(FirstItems(settings)[3].values, items[3].values);
  settings.options.seed = 2;
  EXPECT_FALSE(FirstItems(settings)[3].values == items[3].values);
  settings.options.locations = {"berlin", "lyon"};
  settings.options.markets = {"de", "fr"};
  for (const SimulatedItem& item : FirstItems(settings)) {
    EXPECT_THAT(item.stock, SizeIs(2));
    EXPECT_THAT(item.prices, SizeIs(2));
    EXPECT_EQ(item.published, settings.options.markets);
    for (const SimulatedStock& stock : item.stock) EXPECT_GE(stock.on_hand, stock.reserved);
  }
  EXPECT_GT(FirstItems(settings)[2].prices[1].compare_at_price, FirstItems(settings)[2].prices[1].price);
}

// Only the fields that are fixed differ from a platform without them.
TEST(SimulatedSettingsTest, FieldsOfSomeItemsAreFixed) {
  SimulatedSettings settings;
  settings.items = 200;
  const std::vector<SimulatedItem> plain = FirstItems(settings);
  settings.fixed = 0.5;
  const std::vector<SimulatedItem> items = FirstItems(settings);
  std::set<std::string> fields;
  std::set<FixedReason> reasons;
  int fixed = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_TRUE(plain[i].fixed.empty());
    EXPECT_EQ(items[i].values, plain[i].values);
    for (const FixedField& field : items[i].fixed) {
      ++fixed;
      fields.insert(field.field);
      reasons.insert(field.reason);
    }
  }
  EXPECT_GT(fixed, 60);
  EXPECT_LT(fixed, 140);
  EXPECT_THAT(fields, ::testing::ElementsAre("price", "quantity", "status"));
  EXPECT_THAT(reasons, SizeIs(5));
}

}  // namespace
}  // namespace flxlink::simulated

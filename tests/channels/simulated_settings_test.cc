#include "src/channels/simulated/simulated_settings.h"

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

TEST(SimulatedSettingsTest, WrongOnesAreNamed) {
  EXPECT_THAT(ErrorOf({{"colour", "red"}}), HasSubstr("no setting \"colour\"; there are: path, seed"));
  EXPECT_THAT(ErrorOf({{"items", "many"}}), HasSubstr("items is \"many\"; make it a number from 0 to 1000000"));
  EXPECT_THAT(ErrorOf({{"seed", "-1"}}), HasSubstr("seed"));
  EXPECT_THAT(ErrorOf({{"latency_ms", "60001"}}), HasSubstr("latency_ms"));
  EXPECT_THAT(ErrorOf({{"throttled", "2"}}), HasSubstr("a rate from 0 (never) to 1 (always)"));
  EXPECT_THAT(ErrorOf({{"edits", "nan"}}), HasSubstr("a rate"));
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
}

}  // namespace
}  // namespace flxlink::simulated

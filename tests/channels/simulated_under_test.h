// A small simulated platform, for the conformance suite.

#ifndef FLXLINK_TESTS_CHANNELS_SIMULATED_UNDER_TEST_H_
#define FLXLINK_TESTS_CHANNELS_SIMULATED_UNDER_TEST_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gtest/gtest.h"
#include "src/channels/simulated/simulated_place.h"
#include "tests/support/manual_clock.h"

namespace flxlink {

using ChannelSettings = std::vector<std::pair<std::string, std::string>>;

inline ChannelConfig SimulatedConfig(ChannelSettings settings) {
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "simulated";
  config.settings = std::move(settings);
  return config;
}

inline absl::StatusOr<std::unique_ptr<ChannelAdapter>> TryMakeSimulatedAdapter(
    const std::shared_ptr<SimulatedPlatform>& platform, ChannelSettings settings) {
  AdapterRegistry registry;
  RegisterSimulatedChannel(registry, platform);
  const ChannelConfig config = SimulatedConfig(std::move(settings));
  const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
  return registry.Make({config, *credentials});
}

// An adapter as a host makes it.
inline std::unique_ptr<ChannelAdapter> MakeSimulatedAdapter(const std::shared_ptr<SimulatedPlatform>& platform,
                                                            ChannelSettings settings = {}) {
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = TryMakeSimulatedAdapter(platform, std::move(settings));
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

// Every item has stock at all locations of the platform and prices on all of its markets, and is published on them: the
// channel is at one of them, and the others are what nobody may touch.
class SimulatedUnderTest : public ChannelUnderTest {
 public:
  explicit SimulatedUnderTest(const SimulatedOptions& options, ChannelSettings settings = {})
      : faults_(options.faults),
        settings_(std::move(settings)),
        place_(*simulated::PlaceOf(SimulatedConfig(settings_), options)),
        platform_(std::make_shared<SimulatedPlatform>(clock_, options)) {
    for (const ConformanceItem& item : Items()) Add(item);
  }

  std::unique_ptr<ChannelAdapter> MakeAdapter() override { return MakeSimulatedAdapter(platform_, settings_); }

  // Looked at without simulated_place.h, which sets it.
  std::string LookAtRest(absl::string_view external_id) override {
    const absl::optional<SimulatedItem> item = platform_->FindItem(external_id);
    if (!item.has_value()) return "";
    std::string rest = item->parent_id;
    if (place_.hiding != Hiding::kStatus) absl::StrAppend(&rest, "\n", ToString(item->values.status));
    const SyncFields settable = Settable();
    for (const Field& field : item->fields) {
      if (!settable.HasContent(field.name)) absl::StrAppend(&rest, "\n", field.name, "=", field.value);
    }
    for (const SimulatedStock& stock : item->stock) {
      absl::StrAppend(&rest, "\n", stock.location, ": ", stock.reserved, " reserved");
      if (stock.location != place_.location) absl::StrAppend(&rest, " of ", stock.on_hand);
    }
    for (const SimulatedPrice& price : item->prices) {
      if (price.market == place_.market) continue;
      absl::StrAppend(&rest, "\n", price.market, ": ", price.price, ", before ", price.compare_at_price);
    }
    std::vector<std::string> published = item->published;
    std::sort(published.begin(), published.end());
    for (const std::string& market : published) {
      if (place_.hiding == Hiding::kPublication && market == place_.market) continue;
      absl::StrAppend(&rest, "\npublished on ", market);
    }
    return rest;
  }

  std::vector<ConformanceItem> Items() override {
    std::vector<ConformanceItem> items = {
        {"11", "shirt", {1000, 5, ChannelStatus::kListed, 1500}, {{"sku", "s-red"}, {"color", "Red"}}},
        {"12", "shirt", {1100, 6, ChannelStatus::kListed}, {{"sku", "s-blue"}, {"color", "Blue"}}},
        {"2", "mug", {700, 1, ChannelStatus::kListed}, {{"sku", "mug"}}},
        {"3", "", {300, 40, ChannelStatus::kListed, 350}, {{"sku", "pen"}, {"title", "Pen"}}}};
    for (ConformanceItem& item : items) {
      item.values = WithContent(item.values, item.fields);
      if (place_.hiding == Hiding::kNone) item.values.status = ChannelStatus::kUnknown;
    }
    return items;
  }

  std::vector<PushItem> BadItems() override {
    std::vector<PushItem> items(2);
    items[0].external_id = "11";
    items[0].mask = {SyncField::kPrice};
    items[0].values.price = -1;
    items[1].external_id = "12";
    items[1].mask = {SyncField::kStatus};
    items[1].values.status = ChannelStatus::kUnknown;
    const SyncFields settable = Settable();
    if (!settable.Has(SyncField::kPrice)) items.clear();
    return items;
  }

  absl::optional<ItemValues> Look(absl::string_view external_id) override {
    const absl::optional<SimulatedItem> item = platform_->FindItem(external_id);
    if (!item.has_value()) return absl::nullopt;
    return WithContent(simulated::ValuesAt(place_, *item), item->fields);
  }

  // Every other field that can be set.
  std::vector<FixedField> Fix(absl::string_view external_id) override {
    SimulatedItem item = *platform_->FindItem(external_id);
    const std::vector<std::string> names = Settable().Names();
    std::vector<FixedField> fixed;
    for (size_t i = 0; i < names.size(); i += 2) fixed.push_back({names[i], static_cast<FixedReason>(i / 2 % 5)});
    item.fixed = fixed;
    platform_->SetItem(std::move(item));
    std::sort(fixed.begin(), fixed.end(), [](const FixedField& a, const FixedField& b) { return a.field < b.field; });
    return fixed;
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    EXPECT_TRUE(platform_->EditItem(external_id, mask, values, place_));
  }
  void Remove(absl::string_view external_id) override { EXPECT_TRUE(platform_->RemoveItem(external_id)); }
  bool Add(const ConformanceItem& item) override {
    SimulatedItem simulated = {item.external_id, item.parent_id, item.values, item.fields};
    simulated.values.content.clear();
    if (place_.hiding != Hiding::kStatus) simulated.values.status = ChannelStatus::kListed;
    const bool is_on_hand = place_.quantity_means == QuantityMeans::kOnHand;
    for (const std::string& location : platform_->options().locations) {
      const int64_t on_hand = item.values.quantity + (is_on_hand ? 0 : 4);
      simulated.stock.push_back({location, location == place_.location ? on_hand : 90, 4});
    }
    for (const std::string& market : platform_->options().markets) {
      simulated.prices.push_back({market, 5000, 6000});
      if (market == place_.market) simulated.prices.back() = {market, item.values.price, item.values.compare_at_price};
    }
    simulated.identity = absl::StrCat("identity of ", item.external_id);
    simulated.published = platform_->options().markets;
    if (simulated.published.empty()) simulated.published = {""};
    simulated.aliases = {absl::StrCat("inventory of ", item.external_id)};
    platform_->SetItem(std::move(simulated));
    return true;
  }
  bool SetThrottled(bool throttled) override {
    SimulatedFaults faults = faults_;
    faults.throttled = throttled ? 1 : 0;
    platform_->SetFaults(faults);
    return true;
  }
  void Advance() override { clock_.Advance(absl::Seconds(1)); }

 protected:
  SimulatedPlatform& platform() { return *platform_; }

 private:
  SyncFields Settable() const { return SettableFields(simulated::CapabilitiesAt(place_, platform_->capabilities())); }

  ItemValues WithContent(ItemValues values, const std::vector<Field>& fields) const {
    const SyncFields settable = Settable();
    for (const std::string& name : settable.content()) {
      values.SetContent(name, FieldValue(fields, name));
    }
    return values;
  }

  const SimulatedFaults faults_;
  const ChannelSettings settings_;
  const SimulatedPlace place_;
  ManualClock clock_;
  const std::shared_ptr<SimulatedPlatform> platform_;
};

}  // namespace flxlink

#endif  // FLXLINK_TESTS_CHANNELS_SIMULATED_UNDER_TEST_H_

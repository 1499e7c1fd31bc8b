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
#include "tests/support/manual_clock.h"

namespace flxlink {

// An adapter as a host makes it.
inline std::unique_ptr<ChannelAdapter> MakeSimulatedAdapter(const std::shared_ptr<SimulatedPlatform>& platform) {
  AdapterRegistry registry;
  RegisterSimulatedChannel(registry, platform);
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "simulated";
  const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = registry.Make({config, *credentials});
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

class SimulatedUnderTest : public ChannelUnderTest {
 public:
  explicit SimulatedUnderTest(const SimulatedOptions& options)
      : faults_(options.faults), platform_(std::make_shared<SimulatedPlatform>(clock_, options)) {
    for (const ConformanceItem& item : Items()) {
      SimulatedItem simulated = {item.external_id, item.parent_id, item.values, item.fields};
      simulated.values.content.clear();
      simulated.aliases = {absl::StrCat("inventory of ", item.external_id)};
      platform_->SetItem(std::move(simulated));
    }
  }

  std::unique_ptr<ChannelAdapter> MakeAdapter() override { return MakeSimulatedAdapter(platform_); }

  std::string LookAtRest(absl::string_view external_id) override {
    const absl::optional<SimulatedItem> item = platform_->FindItem(external_id);
    if (!item.has_value()) return "";
    const SyncFields settable = SettableFields(platform_->capabilities());
    std::string rest = item->parent_id;
    for (const Field& field : item->fields) {
      if (!settable.HasContent(field.name)) absl::StrAppend(&rest, "\n", field.name, "=", field.value);
    }
    return rest;
  }

  std::vector<ConformanceItem> Items() override {
    std::vector<ConformanceItem> items = {
        {"11", "shirt", {1000, 5, ChannelStatus::kListed, 1500}, {{"sku", "s-red"}, {"color", "Red"}}},
        {"12", "shirt", {1100, 6, ChannelStatus::kListed}, {{"sku", "s-blue"}, {"color", "Blue"}}},
        {"2", "mug", {700, 1, ChannelStatus::kListed}, {{"sku", "mug"}}},
        {"3", "", {300, 40, ChannelStatus::kListed, 350}, {{"sku", "pen"}, {"title", "Pen"}}}};
    for (ConformanceItem& item : items) item.values = WithContent(item.values, item.fields);
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
    const SyncFields settable = SettableFields(platform_->capabilities());
    if (!settable.Has(SyncField::kPrice)) items.clear();
    return items;
  }

  absl::optional<ItemValues> Look(absl::string_view external_id) override {
    const absl::optional<SimulatedItem> item = platform_->FindItem(external_id);
    if (!item.has_value()) return absl::nullopt;
    return WithContent(item->values, item->fields);
  }

  // Every other field that can be set.
  std::vector<FixedField> Fix(absl::string_view external_id) override {
    SimulatedItem item = *platform_->FindItem(external_id);
    const std::vector<std::string> names = SettableFields(platform_->capabilities()).Names();
    std::vector<FixedField> fixed;
    for (size_t i = 0; i < names.size(); i += 2) fixed.push_back({names[i], static_cast<FixedReason>(i / 2 % 5)});
    item.fixed = fixed;
    platform_->SetItem(std::move(item));
    std::sort(fixed.begin(), fixed.end(), [](const FixedField& a, const FixedField& b) { return a.field < b.field; });
    return fixed;
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    EXPECT_TRUE(platform_->EditItem(external_id, mask, values));
  }
  void Remove(absl::string_view external_id) override { EXPECT_TRUE(platform_->RemoveItem(external_id)); }
  bool Add(const ConformanceItem& item) override {
    SimulatedItem simulated = {item.external_id, item.parent_id, item.values, item.fields};
    simulated.values.content.clear();
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
  ItemValues WithContent(ItemValues values, const std::vector<Field>& fields) const {
    const SyncFields settable = SettableFields(platform_->capabilities());
    for (const std::string& name : settable.content()) {
      values.SetContent(name, FieldValue(fields, name));
    }
    return values;
  }

  const SimulatedFaults faults_;
  ManualClock clock_;
  const std::shared_ptr<SimulatedPlatform> platform_;
};

}  // namespace flxlink

#endif  // FLXLINK_TESTS_CHANNELS_SIMULATED_UNDER_TEST_H_

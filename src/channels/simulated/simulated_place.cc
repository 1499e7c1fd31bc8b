#include "src/channels/simulated/simulated_place.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink::simulated {
namespace {

absl::Status BadPlace(const ChannelConfig& config, absl::string_view setting, absl::string_view what,
                      const std::vector<std::string>& ids) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                       {{"channel", config.name}, {"setting", std::string(setting)}},
                       absl::StrCat("channel ", model::Quote(config.name), ": ", what, ids.empty() ? "" : ": ",
                                    absl::StrJoin(ids, ", ")));
}

// One of `ids`, as the setting says; of a single one it need not.
absl::StatusOr<std::string> IdOf(const ChannelConfig& config, absl::string_view setting,
                                 const std::vector<std::string>& ids) {
  const absl::string_view id = SettingOf(config, setting);
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return std::string(id);
  if (!id.empty() && ids.empty()) {
    return BadPlace(config, setting, absl::StrCat("the platform has no ", setting, "s; remove the setting ", setting),
                    ids);
  }
  if (!id.empty()) {
    return BadPlace(config, setting,
                    absl::StrCat("the platform has no ", setting, " ", model::Quote(id), "; make the setting one of"),
                    ids);
  }
  if (ids.size() > 1) {
    return BadPlace(config, setting,
                    absl::StrCat("the platform has more than one ", setting, "; make the setting ", setting, " one of"),
                    ids);
  }
  return ids.empty() ? std::string() : ids.front();
}

template <typename Item>
auto StockAt(const SimulatedPlace& place, Item& item) {
  return std::find_if(item.stock.begin(), item.stock.end(),
                      [&](const SimulatedStock& stock) { return stock.location == place.location; });
}

template <typename Item>
auto PriceAt(const SimulatedPlace& place, Item& item) {
  return std::find_if(item.prices.begin(), item.prices.end(),
                      [&](const SimulatedPrice& price) { return price.market == place.market; });
}

ChannelStatus StatusAt(const SimulatedPlace& place, const SimulatedItem& item) {
  const ChannelStatus status = item.values.status;
  if (place.hiding == Hiding::kNone) return ChannelStatus::kUnknown;
  if (place.hiding == Hiding::kStatus || status == ChannelStatus::kDead) return status;
  const auto& on = item.published;
  return std::find(on.begin(), on.end(), place.market) == on.end() ? ChannelStatus::kHidden : ChannelStatus::kListed;
}

// What is reserved of what lies there and is not the channel's to give.
int64_t TakenOf(const SimulatedPlace& place, const SimulatedStock& stock) {
  return place.quantity_means == QuantityMeans::kOnHand ? 0 : stock.reserved;
}

void SetStock(const SimulatedPlace& place, int64_t quantity, SimulatedItem* item) {
  const auto stock = StockAt(place, *item);
  if (stock != item->stock.end()) stock->on_hand = quantity + TakenOf(place, *stock);
}

// The price set that is sent: with everything that it had, since it takes the place of the one that is there.
void SetPrices(const SimulatedPlace& place, const SyncFields& mask, const ItemValues& values, SimulatedItem* item) {
  std::vector<SimulatedPrice> prices = item->prices;
  const auto found = PriceAt(place, *item);
  const size_t at = static_cast<size_t>(found - item->prices.begin());
  if (at == prices.size()) prices.push_back({place.market});
  if (mask.Has(SyncField::kPrice)) prices[at].price = values.price;
  if (mask.Has(SyncField::kCompareAtPrice)) prices[at].compare_at_price = values.compare_at_price;
  item->prices = std::move(prices);
}

void SetStatus(const SimulatedPlace& place, ChannelStatus status, SimulatedItem* item) {
  if (place.hiding == Hiding::kStatus) {
    item->values.status = status;
    return;
  }
  auto& on = item->published;
  on.erase(std::remove(on.begin(), on.end(), place.market), on.end());
  if (status == ChannelStatus::kListed) on.push_back(place.market);
}

}  // namespace

absl::StatusOr<SimulatedPlace> PlaceOf(const ChannelConfig& config, const SimulatedOptions& options) {
  SimulatedPlace place;
  absl::StatusOr<std::string> location = IdOf(config, "location", options.locations);
  if (!location.ok()) return location.status();
  place.location = *std::move(location);
  absl::StatusOr<std::string> market = IdOf(config, "market", options.markets);
  if (!market.ok()) return market.status();
  place.market = *std::move(market);
  const absl::StatusOr<QuantityMeans> quantity_means = QuantityMeansOf(config);
  if (!quantity_means.ok()) return quantity_means.status();
  place.quantity_means = *quantity_means;
  const absl::StatusOr<Hiding> hiding = HidingOf(config);
  if (!hiding.ok()) return hiding.status();
  place.hiding = *hiding;
  return place;
}

AdapterCapabilities CapabilitiesAt(const SimulatedPlace& place, AdapterCapabilities capabilities) {
  std::vector<ChannelStatus>& statuses = capabilities.status_set;
  if (place.hiding == Hiding::kPublication) {
    statuses.erase(std::remove(statuses.begin(), statuses.end(), ChannelStatus::kDead), statuses.end());
  }
  if (place.hiding != Hiding::kNone) return capabilities;
  statuses.clear();
  capabilities.hides_by_quantity = SettableFields(capabilities).Has(SyncField::kQuantity);
  capabilities.kept_by_parent.Remove(SyncField::kStatus);
  std::vector<PushKind>& kinds = capabilities.push_kinds;
  for (PushKind& kind : kinds) {
    kind.fields.Remove(SyncField::kStatus);
    kind.compares.Remove(SyncField::kStatus);
  }
  kinds.erase(std::remove_if(kinds.begin(), kinds.end(), [](const PushKind& kind) { return kind.fields.empty(); }),
              kinds.end());
  return capabilities;
}

ItemValues ValuesAt(const SimulatedPlace& place, const SimulatedItem& item) {
  ItemValues values = item.values;
  values.status = StatusAt(place, item);
  if (!place.location.empty()) {
    const auto stock = StockAt(place, item);
    values.quantity = stock == item.stock.end() ? kAbsent : stock->on_hand - TakenOf(place, *stock);
  }
  if (!place.market.empty()) {
    const auto price = PriceAt(place, item);
    values.price = price == item.prices.end() ? kAbsent : price->price;
    values.compare_at_price = price == item.prices.end() ? kAbsent : price->compare_at_price;
  }
  return values;
}

RareVector<FixedField> FixedAt(const SimulatedPlace& place, const SimulatedItem& item) {
  if (place.location.empty() || StockAt(place, item) != item.stock.end()) return item.fixed;
  std::vector<FixedField> fixed(item.fixed.begin(), item.fixed.end());
  fixed.push_back({"quantity", FixedReason::kNotStocked});
  return fixed;
}

void SetAt(const SimulatedPlace& place, const SyncFields& mask, const ItemValues& values, SimulatedItem* item) {
  SyncFields own = mask;
  if (mask.Has(SyncField::kStatus)) {
    SetStatus(place, values.status, item);
    own.Remove(SyncField::kStatus);
  }
  if (!place.location.empty()) {
    if (mask.Has(SyncField::kQuantity)) SetStock(place, values.quantity, item);
    own.Remove(SyncField::kQuantity);
  }
  if (!place.market.empty()) {
    if (mask.Has(SyncField::kPrice) || mask.Has(SyncField::kCompareAtPrice)) SetPrices(place, mask, values, item);
    own.Remove(SyncField::kPrice);
    own.Remove(SyncField::kCompareAtPrice);
  }
  CopyFields(own, values, &item->values);
}

}  // namespace flxlink::simulated

#include "src/channels/simulated/simulated_people.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/field.h"
#include "src/channels/simulated/simulated_place.h"
#include "src/channels/simulated/simulated_state.h"

namespace flxlink::simulated {
namespace {

// What the channel there sees of an item; the title, where there is one, among it.
ItemValues SeenAt(const SimulatedPlace& place, const SimulatedItem& item) {
  ItemValues values = ValuesAt(place, item);
  if (!FieldValue(item.fields, "title").empty()) values.SetContent("title", FieldValue(item.fields, "title"));
  return values;
}

}  // namespace

void SimulatedPeople::Act(const SimulatedFaults& faults, absl::Time now) {
  if (chance_.Happens(faults.edits)) Edit(now);
  if (chance_.Happens(faults.sales)) Sell(now);
  if (chance_.Happens(faults.removals)) Remove(now);
  if (chance_.Happens(faults.reuses)) Reuse(now);
}

void SimulatedPeople::Save(internal::SimulatedPeopleRecord* record) const {
  for (const SimulatedItem& item : removed_) Encode(item, record->add_removed());
  record->set_reuses(reuses_);
}

void SimulatedPeople::Restore(const internal::SimulatedPeopleRecord& record) {
  for (const internal::SimulatedItemRecord& item : record.removed()) removed_.push_back(Decode(item));
  reuses_ = record.reuses();
}

const SimulatedItem* SimulatedPeople::AnyItem() {
  const SimulatedItems::Rows& rows = items_.rows();
  if (rows.empty()) return nullptr;
  return &std::next(rows.begin(), NumberBelow(rows.size()))->second.item;
}

// `item` is gone or changed when this returns.
void SimulatedPeople::Set(SimulatedDeed::Kind kind, const SimulatedItem& item, const SimulatedPlace& place,
                          const ItemValues& values, absl::Time now) {
  SimulatedDeed deed;
  deed.kind = kind;
  deed.at = now;
  deed.external_id = item.external_id;
  deed.place = place;
  deed.fields = PresentFields(values);
  CopyFields(deed.fields, SeenAt(place, item), &deed.before);
  deed.after = values;
  items_.EditWithSiblings(deed.external_id, deed.fields, values, place, now);
  deeds_.push_back(std::move(deed));
}

void SimulatedPeople::Edit(absl::Time now) {
  const SimulatedItem* item = AnyItem();
  if (item == nullptr) return;
  using Way = void (SimulatedPeople::*)(const SimulatedItem&, absl::Time);
  const std::vector<Way> ways = {&SimulatedPeople::EditPrice, &SimulatedPeople::EditQuantity,
                                 &SimulatedPeople::EditStatus, &SimulatedPeople::EditTitle};
  (this->*AnyOf(ways))(*item, now);
}

void SimulatedPeople::EditPrice(const SimulatedItem& item, absl::Time now) {
  SimulatedPlace place;
  if (!options_.markets.empty()) place.market = AnyOf(options_.markets);
  ItemValues values;
  values.price = NumberBelow(10000);
  Set(SimulatedDeed::Kind::kEdit, item, place, values, now);
}

void SimulatedPeople::EditQuantity(const SimulatedItem& item, absl::Time now) {
  SimulatedPlace place;
  if (!options_.locations.empty()) {
    if (item.stock.empty()) return;
    place.location = AnyOf(item.stock).location;
  }
  ItemValues values;
  values.quantity = NumberBelow(100);
  Set(SimulatedDeed::Kind::kEdit, item, place, values, now);
}

void SimulatedPeople::EditStatus(const SimulatedItem& item, absl::Time now) {
  const std::vector<ChannelStatus>& statuses = options_.capabilities.status_set;
  if (statuses.empty()) return;
  ItemValues values;
  values.status = AnyOf(statuses);
  Set(SimulatedDeed::Kind::kEdit, item, {}, values, now);
}

void SimulatedPeople::EditTitle(const SimulatedItem& item, absl::Time now) {
  ItemValues values;
  values.SetContent("title", absl::StrCat("Title ", NumberBelow(10000)));
  Set(SimulatedDeed::Kind::kEdit, item, {}, values, now);
}

void SimulatedPeople::Sell(absl::Time now) {
  const SimulatedItem* item = AnyItem();
  if (item == nullptr) return;
  if (options_.locations.empty()) {
    SellQuantity(*item, now);
  } else {
    SellStock(*item, now);
  }
}

void SimulatedPeople::SellQuantity(const SimulatedItem& item, absl::Time now) {
  if (item.values.quantity <= 0) return;
  ItemValues values;
  values.quantity = NumberBelow(static_cast<uint64_t>(item.values.quantity));
  Set(SimulatedDeed::Kind::kSale, item, {}, values, now);
}

// What is sold is sent at once, or reserved.
void SimulatedPeople::SellStock(const SimulatedItem& item, absl::Time now) {
  if (item.stock.empty()) return;
  SimulatedPlace place;
  place.location = AnyOf(item.stock).location;
  const int64_t available = ValuesAt(place, item).quantity;
  if (available <= 0) return;
  const bool is_sent = chance_.Below(2) == 0;
  ItemValues values;
  values.quantity = NumberBelow(static_cast<uint64_t>(available));
  SimulatedItem sold = item;
  Set(SimulatedDeed::Kind::kSale, item, place, values, now);
  if (is_sent) return;
  for (SimulatedStock& stock : sold.stock) {
    if (stock.location == place.location) stock.reserved += available - values.quantity;
  }
  items_.Set(std::move(sold), now);
}

void SimulatedPeople::Remove(absl::Time now) {
  const SimulatedItem* item = AnyItem();
  if (item == nullptr) return;
  SimulatedDeed deed;
  deed.kind = SimulatedDeed::Kind::kRemoval;
  deed.at = now;
  deed.external_id = item->external_id;
  removed_.push_back(*item);
  items_.Remove(deed.external_id, now);
  deeds_.push_back(std::move(deed));
}

// Another item under the id of one that they removed, unless somebody else has put one there.
void SimulatedPeople::Reuse(absl::Time now) {
  if (removed_.empty()) return;
  const auto place = removed_.begin() + NumberBelow(removed_.size());
  SimulatedItem item = std::move(*place);
  removed_.erase(place);
  if (items_.rows().find(item.external_id) != items_.rows().end()) return;
  ++reuses_;
  for (Field& field : item.fields) absl::StrAppend(&field.value, "-reused-", reuses_);
  if (!item.identity.empty()) item.identity = absl::StrCat("reused-", reuses_);
  SimulatedDeed deed;
  deed.kind = SimulatedDeed::Kind::kReuse;
  deed.at = now;
  deed.external_id = item.external_id;
  items_.Set(std::move(item), now);
  deeds_.push_back(std::move(deed));
}

}  // namespace flxlink::simulated

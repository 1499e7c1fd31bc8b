#include "src/channels/simulated/simulated_state.h"

#include <xxhash.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "flxlink/field.h"
#include "flxlink/sync_fields.h"

namespace flxlink::simulated {
namespace {

void Encode(const Field& field, internal::SimulatedFieldRecord* record) {
  record->set_name(field.name);
  record->set_value(field.value);
}

void Encode(const ItemValues& values, internal::SimulatedValuesRecord* record) {
  record->set_price(values.price);
  record->set_quantity(values.quantity);
  record->set_status(static_cast<int>(values.status));
  record->set_compare_at_price(values.compare_at_price);
  for (const Field& field : values.content) Encode(field, record->add_content());
}

ItemValues Decode(const internal::SimulatedValuesRecord& record) {
  ItemValues values = {record.price(), record.quantity(), static_cast<ChannelStatus>(record.status()),
                       record.compare_at_price()};
  for (const internal::SimulatedFieldRecord& field : record.content()) values.SetContent(field.name(), field.value());
  return values;
}

uint64_t DigestOf(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

void Encode(const SimulatedItem& item, internal::SimulatedItemRecord* record) {
  record->set_external_id(item.external_id);
  record->set_parent_id(item.parent_id);
  Encode(item.values, record->mutable_values());
  for (const Field& field : item.fields) Encode(field, record->add_fields());
  for (const FixedField& fixed : item.fixed) {
    internal::SimulatedFixedRecord* to = record->add_fixed();
    to->set_field(fixed.field);
    to->set_reason(static_cast<int>(fixed.reason));
  }
  for (const SimulatedStock& stock : item.stock) {
    internal::SimulatedStockRecord* to = record->add_stock();
    to->set_location(stock.location);
    to->set_on_hand(stock.on_hand);
    to->set_reserved(stock.reserved);
  }
  for (const SimulatedPrice& price : item.prices) {
    internal::SimulatedPriceRecord* to = record->add_prices();
    to->set_market(price.market);
    to->set_price(price.price);
    to->set_compare_at_price(price.compare_at_price);
  }
  for (const std::string& market : item.published) record->add_published(market);
  record->set_identity(item.identity);
  for (const std::string& alias : item.aliases) record->add_aliases(alias);
}

SimulatedItem Decode(const internal::SimulatedItemRecord& record) {
  SimulatedItem item;
  item.external_id = record.external_id();
  item.parent_id = record.parent_id();
  item.values = Decode(record.values());
  for (const internal::SimulatedFieldRecord& field : record.fields()) {
    item.fields.push_back({field.name(), field.value()});
  }
  std::vector<FixedField> fixed;
  for (const internal::SimulatedFixedRecord& from : record.fixed()) {
    fixed.push_back({from.field(), static_cast<FixedReason>(from.reason())});
  }
  item.fixed = std::move(fixed);
  for (const internal::SimulatedStockRecord& stock : record.stock()) {
    item.stock.push_back({stock.location(), stock.on_hand(), stock.reserved()});
  }
  for (const internal::SimulatedPriceRecord& price : record.prices()) {
    item.prices.push_back({price.market(), price.price(), price.compare_at_price()});
  }
  item.published.assign(record.published().begin(), record.published().end());
  item.identity = record.identity();
  item.aliases = std::vector<std::string>(record.aliases().begin(), record.aliases().end());
  return item;
}

void Encode(const PushItem& item, internal::SimulatedPushItemRecord* record) {
  record->set_external_id(item.external_id);
  record->set_parent_id(item.parent_id);
  record->set_handle(item.handle);
  record->set_mask(FormatSyncFields(item.mask));
  Encode(item.values, record->mutable_values());
  Encode(item.known, record->mutable_known());
}

PushItem Decode(const internal::SimulatedPushItemRecord& record) {
  PushItem item;
  item.external_id = record.external_id();
  item.parent_id = record.parent_id();
  item.handle = record.handle();
  item.mask = ParseSyncFields(record.mask()).value_or(SyncFields());
  item.values = Decode(record.values());
  item.known = Decode(record.known());
  return item;
}

void Encode(const SimulatedPlace& place, internal::SimulatedPlaceRecord* record) {
  record->set_location(place.location);
  record->set_market(place.market);
  record->set_quantity_means(static_cast<int>(place.quantity_means));
  record->set_hiding(static_cast<int>(place.hiding));
}

SimulatedPlace Decode(const internal::SimulatedPlaceRecord& record) {
  return {record.location(), record.market(), static_cast<QuantityMeans>(record.quantity_means()),
          static_cast<Hiding>(record.hiding())};
}

void Encode(const PushOutcome& outcome, internal::SimulatedAnswerRecord* record) {
  record->set_result(static_cast<int>(outcome.result));
  record->set_code(outcome.code);
  record->set_message(outcome.message);
  record->set_field(outcome.field);
  record->set_receipt(outcome.receipt);
  Encode(outcome.seen, record->mutable_seen());
}

PushOutcome Decode(const internal::SimulatedAnswerRecord& record) {
  PushOutcome outcome;
  outcome.result = static_cast<PushResult>(record.result());
  outcome.code = record.code();
  outcome.message = record.message();
  outcome.field = record.field();
  outcome.receipt = record.receipt();
  outcome.seen = Decode(record.seen());
  return outcome;
}

std::string PackState(const internal::SimulatedStateRecord& state) {
  internal::SimulatedSavedRecord saved;
  saved.set_state(state.SerializeAsString());
  saved.set_digest(DigestOf(saved.state()));
  return saved.SerializeAsString();
}

absl::StatusOr<internal::SimulatedStateRecord> UnpackState(absl::string_view bytes) {
  internal::SimulatedSavedRecord saved;
  internal::SimulatedStateRecord state;
  // Protobuf's own limit is that of an int.
  constexpr size_t kMaxBytes = size_t{1} << 30;
  if (bytes.size() <= kMaxBytes && saved.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
      saved.digest() == DigestOf(saved.state()) && state.ParseFromString(saved.state())) {
    return state;
  }
  return absl::InvalidArgumentError("what the simulated platform remembered is damaged");
}

}  // namespace flxlink::simulated

#include "src/channels/simulated/simulated_items.h"

#include <xxhash.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "src/channels/simulated/simulated_place.h"
#include "src/channels/simulated/simulated_state.h"

namespace flxlink::simulated {
namespace {

// What an item has of a content field stands among its fields.
void SetField(absl::string_view name, absl::string_view value, std::vector<Field>* fields) {
  for (Field& field : *fields) {
    if (field.name != name) continue;
    field.value = std::string(value);
    return;
  }
  fields->push_back({std::string(name), std::string(value)});
}

void SetMasked(const SyncFields& mask, const ItemValues& from, const SimulatedPlace& place, SimulatedItem* to) {
  SetAt(place, mask, from, to);
  to->values.content.clear();
  for (const std::string& name : mask.content()) {
    const std::string* value = from.FindContent(name);
    SetField(name, value == nullptr ? "" : *value, &to->fields);
  }
}

std::string HandleOf(const std::string& external_id, int64_t number) {
  return absl::StrCat("handle-", absl::Hex(XXH3_64bits(external_id.data(), external_id.size())), "-", number);
}

// For the first field of `mask` that is not in `settable`.
PushOutcome Unsupported(const SyncFields& mask, const SyncFields& settable) {
  const std::vector<std::string> wanted = mask.Names();
  const std::vector<std::string> possible = settable.Names();
  const auto field = std::find_if(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(possible.begin(), possible.end(), name) == possible.end();
  });
  return Rejected(problem_code::kUnsupportedField, *field,
                  absl::StrCat("the platform does not let the ", *field, " be set by this kind of push"));
}

// For the first of the masked fields that is fixed; applied: none is.
PushOutcome JudgeFixed(const SyncFields& mask, const RareVector<FixedField>& all_fixed) {
  const std::vector<std::string> wanted = mask.Names();
  for (const FixedField& fixed : all_fixed) {
    if (std::find(wanted.begin(), wanted.end(), fixed.field) == wanted.end()) continue;
    return Rejected(problem_code::kFieldFixed, fixed.field,
                    absl::StrCat("the ", fixed.field, " of this item cannot be set: ", ToString(fixed.reason)));
  }
  return OutcomeOf(PushResult::kApplied);
}

// The name of the first compared field of which the item has neither what is known nor what it is to be. Empty: none.
std::string ChangedField(const SyncFields& compares, const PushItem& push, const SimulatedItem& item,
                         const SimulatedPlace& place) {
  const ItemValues values = ValuesAt(place, item);
  const SyncFields compared = IntersectionOf(IntersectionOf(push.mask, compares), PresentFields(push.known));
  for (const SyncField field : kSyncFields) {
    if (!compared.Has(field)) continue;
    const int64_t now = values.Get(field);
    if (now != push.known.Get(field) && now != push.values.Get(field)) return std::string(ToString(field));
  }
  for (const std::string& name : compared.content()) {
    const absl::string_view now = FieldValue(item.fields, name);
    if (now != *push.known.FindContent(name) && now != *push.values.FindContent(name)) return name;
  }
  return "";
}

// What the item has of these fields.
ItemValues ValuesOf(const SyncFields& fields, const SimulatedItem& item, const SimulatedPlace& place) {
  ItemValues values;
  CopyFields(fields, ValuesAt(place, item), &values);
  for (const std::string& name : fields.content()) values.SetContent(name, FieldValue(item.fields, name));
  return values;
}

using Numbers = std::map<std::string, int64_t>;

void EncodeRow(const SimulatedItems::Row& row, internal::SimulatedRowRecord* record) {
  Encode(row.item, record->mutable_item());
  record->set_handle(row.handle);
  record->set_changed(row.changed);
}

SimulatedItems::Row DecodeRow(const internal::SimulatedRowRecord& record) {
  return {Decode(record.item()), record.handle(), record.changed()};
}

void EncodeNumbers(const Numbers& numbers,
                   google::protobuf::RepeatedPtrField<internal::SimulatedNumberRecord>* records) {
  for (const auto& [name, number] : numbers) {
    internal::SimulatedNumberRecord* record = records->Add();
    record->set_name(name);
    record->set_number(number);
  }
}

Numbers DecodeNumbers(const google::protobuf::RepeatedPtrField<internal::SimulatedNumberRecord>& records) {
  Numbers numbers;
  for (const internal::SimulatedNumberRecord& record : records) numbers[record.name()] = record.number();
  return numbers;
}

}  // namespace

PushOutcome OutcomeOf(PushResult result) {
  PushOutcome outcome;
  outcome.result = result;
  return outcome;
}

PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message) {
  PushOutcome outcome = OutcomeOf(PushResult::kRejected);
  outcome.code = std::string(code);
  outcome.field = std::string(field);
  outcome.message = std::move(message);
  return outcome;
}

SimulatedItems::SimulatedItems(const AdapterCapabilities& capabilities)
    : capabilities_(capabilities),
      sees_(capabilities.since.value_or(SinceReads())),
      memory_(std::max(capabilities.pull_lag + sees_.overlap, capabilities.fetch_lag)) {}

int64_t SimulatedItems::Note(absl::string_view external_id, absl::Time now) {
  if (memory_ > absl::ZeroDuration()) {
    while (!log_.empty() && log_.front().at <= now - memory_) log_.pop_front();
    const auto found = rows_.find(external_id);
    log_.push_back(
        {now, std::string(external_id), found == rows_.end() ? absl::nullopt : absl::make_optional(found->second)});
  }
  return ++changes_;
}

void SimulatedItems::Set(SimulatedItem item, absl::Time now) {
  const bool is_new = rows_.find(item.external_id) == rows_.end();
  const int64_t number = Note(item.external_id, now);
  removed_.erase(item.external_id);
  Row& row = rows_[item.external_id];
  if (is_new) row.handle = HandleOf(item.external_id, ++handles_given_[item.external_id]);
  if (!is_new || sees_.sees_new_items) row.changed = number;
  row.item = std::move(item);
}

bool SimulatedItems::Edit(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
                          const SimulatedPlace& place, absl::Time now) {
  const auto found = rows_.find(external_id);
  if (found == rows_.end()) return false;
  const int64_t number = Note(external_id, now);
  if (!IntersectionOf(mask, sees_.sees).empty()) found->second.changed = number;
  SetMasked(mask, values, place, &found->second.item);
  return true;
}

void SimulatedItems::EditWithSiblings(const std::string& external_id, const SyncFields& mask, const ItemValues& values,
                                      const SimulatedPlace& place, absl::Time now) {
  if (!Edit(external_id, mask, values, place, now)) return;
  const std::string& parent_id = rows_.find(external_id)->second.item.parent_id;
  const SyncFields shared = IntersectionOf(mask, capabilities_.kept_by_parent);
  if (shared.empty() || parent_id.empty()) return;
  for (const auto& [id, row] : rows_) {
    if (id != external_id && row.item.parent_id == parent_id) Edit(id, shared, values, place, now);
  }
}

bool SimulatedItems::Remove(absl::string_view external_id, absl::Time now) {
  const auto found = rows_.find(external_id);
  if (found == rows_.end()) return false;
  const int64_t number = Note(external_id, now);
  if (sees_.sees_deletions) removed_[found->first] = number;
  rows_.erase(found);
  return true;
}

void SimulatedItems::SetAll(std::vector<SimulatedItem> items, absl::Time now) {
  std::set<std::string> gone;
  for (const auto& [id, row] : rows_) gone.insert(id);
  for (SimulatedItem& item : items) {
    gone.erase(item.external_id);
    const auto found = rows_.find(item.external_id);
    if (found == rows_.end() || !(found->second.item == item)) Set(std::move(item), now);
  }
  for (const std::string& external_id : gone) Remove(external_id, now);
}

void SimulatedItems::Save(internal::SimulatedItemsRecord* record) const {
  for (const auto& [id, row] : rows_) EncodeRow(row, record->add_rows());
  for (const Change& change : log_) {
    internal::SimulatedChangeRecord* to = record->add_log();
    to->set_at(Encode(change.at));
    to->set_external_id(change.external_id);
    if (change.before.has_value()) EncodeRow(*change.before, to->mutable_before());
  }
  record->set_changes(changes_);
  EncodeNumbers(removed_, record->mutable_removed());
  EncodeNumbers(handles_given_, record->mutable_handles_given());
}

void SimulatedItems::Restore(const internal::SimulatedItemsRecord& record) {
  for (const internal::SimulatedRowRecord& row : record.rows()) rows_[row.item().external_id()] = DecodeRow(row);
  for (const internal::SimulatedChangeRecord& change : record.log()) {
    log_.push_back({DecodeTime(change.at()), change.external_id(),
                    change.has_before() ? absl::make_optional(DecodeRow(change.before())) : absl::nullopt});
  }
  changes_ = record.changes();
  removed_ = DecodeNumbers(record.removed());
  handles_given_ = DecodeNumbers(record.handles_given());
}

SimulatedItems::Rows SimulatedItems::RowsAt(absl::Time time) const {
  Rows rows = rows_;
  for (auto change = log_.rbegin(); change != log_.rend() && change->at > time; ++change) {
    if (change->before.has_value()) {
      rows.insert_or_assign(change->external_id, *change->before);
    } else {
      rows.erase(change->external_id);
    }
  }
  return rows;
}

int64_t SimulatedItems::LastChangeBy(absl::Time time) const {
  const auto is_later = [&](const Change& change) { return change.at > time; };
  return changes_ - (std::find_if_not(log_.rbegin(), log_.rend(), is_later) - log_.rbegin());
}

std::vector<std::string> SimulatedItems::Removed(int64_t after, int64_t last) const {
  std::vector<std::string> external_ids;
  for (const auto& [external_id, number] : removed_) {
    if (number > after && number <= last) external_ids.push_back(external_id);
  }
  return external_ids;
}

PushOutcome SimulatedItems::Judge(const PushKind& kind, const PushItem& item, const SimulatedPlace& place) const {
  const auto found = rows_.find(item.external_id);
  if (found == rows_.end()) {
    PushOutcome outcome = OutcomeOf(PushResult::kNotFound);
    outcome.message = "the platform has no such item";
    return outcome;
  }
  PushOutcome outcome = JudgeValues(kind, item, place);
  if (outcome.result == PushResult::kApplied) outcome = JudgeFixed(item.mask, FixedAt(place, found->second.item));
  if (outcome.result != PushResult::kApplied) return outcome;
  if (!item.handle.empty() && item.handle != found->second.handle) {
    outcome.result = PushResult::kConflict;
    outcome.message = "the platform has another item under that id";
    return outcome;
  }
  const std::string changed = ChangedField(kind.compares, item, found->second.item, place);
  if (changed.empty()) return outcome;
  outcome.result = PushResult::kConflict;
  outcome.message = absl::StrCat("the ", changed, " is not what it was");
  outcome.seen = ValuesOf(IntersectionOf(item.mask, kind.compares), found->second.item, place);
  return outcome;
}

PushOutcome SimulatedItems::JudgeValues(const PushKind& kind, const PushItem& item, const SimulatedPlace& place) const {
  const SyncFields settable = IntersectionOf(item.mask, kind.fields);
  if (!(settable == item.mask)) return Unsupported(item.mask, settable);
  for (const SyncField field : {SyncField::kPrice, SyncField::kCompareAtPrice}) {
    if (!item.mask.Has(field)) continue;
    const int64_t price = item.values.Get(field);
    if (price >= 0 && price <= kHighestSimulatedPrice) continue;
    return Rejected(problem_code::kInvalidPrice, ToString(field),
                    price < 0 ? "the price is below zero" : "the price is too high");
  }
  if (item.mask.Has(SyncField::kQuantity) && item.values.quantity < 0 && !capabilities_.takes_negative_quantities) {
    return Rejected(problem_code::kRejected, ToString(SyncField::kQuantity), "the quantity is below zero");
  }
  const std::vector<ChannelStatus> statuses = CapabilitiesAt(place, capabilities_).status_set;
  if (item.mask.Has(SyncField::kStatus) &&
      std::find(statuses.begin(), statuses.end(), item.values.status) == statuses.end()) {
    return Rejected(problem_code::kUnsupportedStatus, "status",
                    absl::StrCat("the platform has no status \"", ToString(item.values.status), "\""));
  }
  return OutcomeOf(PushResult::kApplied);
}

PushOutcome SimulatedItems::Land(const PushKind& kind, const PushItem& item, const SimulatedPlace& place,
                                 absl::Time now) {
  PushOutcome outcome = Judge(kind, item, place);
  if (outcome.result != PushResult::kApplied) return outcome;
  EditWithSiblings(item.external_id, item.mask, item.values, place, now);
  return outcome;
}

ChannelVariantBatch SimulatedItems::Batch(const std::vector<const Row*>& rows, const SimulatedPlace& place) const {
  ChannelVariantBatch batch;
  batch.fields.names = FieldNames(rows);
  batch.fields.columns.resize(batch.fields.names.size());
  for (const Row* row : rows) {
    batch.external_id.Add(row->item.external_id);
    batch.parent_id.Add(row->item.parent_id);
    batch.handle.Add(row->handle);
    AddValues(ValuesAt(place, row->item), &batch);
    batch.fixed.push_back(FixedAt(place, row->item));
    batch.identity.Add(row->item.identity);
    batch.aliases.push_back(row->item.aliases);
    for (size_t i = 0; i < batch.fields.names.size(); ++i) {
      batch.fields.columns[i].Add(FieldValue(row->item.fields, batch.fields.names[i]));
    }
  }
  return batch;
}

// The declared ones and the content that can be set; where none are declared also those that the items have, in the
// order in which they come up.
std::vector<std::string> SimulatedItems::FieldNames(const std::vector<const Row*>& rows) const {
  std::vector<std::string> names = capabilities_.link_fields;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  const SyncFields settable = SettableFields(capabilities_);
  for (const std::string& name : settable.content()) add(name);
  if (!capabilities_.link_fields.empty()) return names;
  for (const Row* row : rows) {
    for (const Field& field : row->item.fields) add(field.name);
  }
  return names;
}

}  // namespace flxlink::simulated

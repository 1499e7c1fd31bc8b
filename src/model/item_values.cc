#include "flxlink/item_values.h"

#include <algorithm>

namespace flxlink {
namespace {

bool IsNamedBelow(const Field& field, absl::string_view name) { return field.name < name; }

}  // namespace

const std::string* ItemValues::FindContent(absl::string_view name) const {
  for (const Field& field : content) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

void ItemValues::SetContent(absl::string_view name, absl::string_view value) {
  std::vector<Field>& fields = content.Mutable();
  const auto at = std::lower_bound(fields.begin(), fields.end(), name, &IsNamedBelow);
  if (at != fields.end() && at->name == name) {
    at->value = std::string(value);
  } else {
    fields.insert(at, {std::string(name), std::string(value)});
  }
}

void ItemValues::RemoveContent(absl::string_view name) {
  if (content.empty()) return;
  std::vector<Field>& fields = content.Mutable();
  const auto at = std::lower_bound(fields.begin(), fields.end(), name, &IsNamedBelow);
  if (at != fields.end() && at->name == name) fields.erase(at);
}

SyncFields PresentFields(const ItemValues& values) {
  SyncFields fields;
  for (const SyncField field : kSyncFields) {
    if (values.Get(field) != kAbsent) fields.Add(field);
  }
  for (const Field& field : values.content) fields.AddContent(field.name);
  return fields;
}

void CopyFields(const SyncFields& mask, const ItemValues& from, ItemValues* to) {
  for (const SyncField field : kSyncFields) {
    if (mask.Has(field)) to->Set(field, from.Get(field));
  }
  for (const std::string& name : mask.content()) {
    const std::string* value = from.FindContent(name);
    if (value != nullptr) {
      to->SetContent(name, *value);
    } else {
      to->RemoveContent(name);
    }
  }
}

}  // namespace flxlink

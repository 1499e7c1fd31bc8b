#include "flxlink/sync_fields.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

constexpr size_t kMaxContentName = 64;

bool IsContentCharacter(char c) {
  const unsigned char u = static_cast<unsigned char>(c);
  return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '_';
}

bool IsContentName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxContentName && std::all_of(name.begin(), name.end(), &IsContentCharacter);
}

const SyncField* FindSyncField(absl::string_view name) {
  const SyncField* found = std::find_if(std::begin(kSyncFields), std::end(kSyncFields),
                                        [&](SyncField field) { return ToString(field) == name; });
  return found == std::end(kSyncFields) ? nullptr : found;
}

}  // namespace

absl::string_view ToString(SyncField field) {
  switch (field) {
    case SyncField::kPrice:
      return "price";
    case SyncField::kQuantity:
      return "quantity";
    case SyncField::kStatus:
      return "status";
    case SyncField::kCompareAtPrice:
      return "compare_at_price";
  }
  return "";
}

SyncFields::SyncFields(std::initializer_list<SyncField> fields, const std::vector<std::string>& content) {
  for (const SyncField field : fields) Add(field);
  for (const std::string& name : content) AddContent(name);
}

bool SyncFields::HasContent(absl::string_view name) const {
  return !content_.empty() && std::binary_search(content_.begin(), content_.end(), name);
}

void SyncFields::AddContent(absl::string_view name) {
  std::vector<std::string>& names = content_.Mutable();
  const auto at = std::lower_bound(names.begin(), names.end(), name);
  if (at == names.end() || *at != name) names.insert(at, std::string(name));
}

std::vector<std::string> SyncFields::Names() const {
  std::vector<std::string> names;
  for (const SyncField field : kSyncFields) {
    if (Has(field)) names.emplace_back(ToString(field));
  }
  names.insert(names.end(), content_.begin(), content_.end());
  return names;
}

SyncFields UnionOf(const SyncFields& a, const SyncFields& b) {
  SyncFields fields = a;
  fields.bits_ = static_cast<uint8_t>(a.bits_ | b.bits_);
  for (const std::string& name : b.content_) fields.AddContent(name);
  return fields;
}

SyncFields IntersectionOf(const SyncFields& a, const SyncFields& b) {
  SyncFields fields;
  fields.bits_ = static_cast<uint8_t>(a.bits_ & b.bits_);
  if (a.content_.empty() || b.content_.empty()) return fields;
  std::set_intersection(a.content_.begin(), a.content_.end(), b.content_.begin(), b.content_.end(),
                        std::back_inserter(fields.content_.Mutable()));
  return fields;
}

SyncFields DifferenceOf(const SyncFields& a, const SyncFields& b) {
  SyncFields fields;
  fields.bits_ = static_cast<uint8_t>(a.bits_ & ~b.bits_);
  for (const std::string& name : a.content_) {
    if (!b.HasContent(name)) fields.AddContent(name);
  }
  return fields;
}

absl::StatusOr<SyncFields> ParseSyncFields(absl::string_view text) {
  SyncFields fields;
  if (text.empty()) return fields;
  for (const absl::string_view name : absl::StrSplit(text, ',')) {
    if (const SyncField* field = FindSyncField(name)) {
      fields.Add(*field);
    } else if (IsContentName(name)) {
      fields.AddContent(name);
    } else {
      return absl::InvalidArgumentError(absl::StrCat(model::Quote(name),
                                                     " cannot be synced; use price, quantity, status, compare_at_price "
                                                     "and names of content, separated by commas"));
    }
  }
  return fields;
}

SyncFields FieldNamed(absl::string_view name) {
  const bool is_one = !name.empty() && name.find(',') == absl::string_view::npos;
  return is_one ? ParseSyncFields(name).value_or(SyncFields()) : SyncFields();
}

std::string FormatSyncFields(const SyncFields& fields) { return absl::StrJoin(fields.Names(), ","); }

}  // namespace flxlink

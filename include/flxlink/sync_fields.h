// SyncFields: a set of the fields that a sync can set on a channel.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_SYNC_FIELDS_H_
#define FLXLINK_SYNC_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/rare_vector.h"

namespace flxlink {

// The fields that have a meaning of their own. Every other field is content, known by its name: title, description …
enum class SyncField : uint8_t { kPrice, kQuantity, kStatus, kCompareAtPrice };

// All of them, in the order in which sets are walked and written. Content follows, by name.
constexpr SyncField kSyncFields[] = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus,
                                     SyncField::kCompareAtPrice};

// "price", "quantity", "status", "compare_at_price".
absl::string_view ToString(SyncField field);

// Cheap to copy while it has no content.
class SyncFields {
 public:
  SyncFields() = default;
  SyncFields(std::initializer_list<SyncField> fields, const std::vector<std::string>& content = {});

  bool Has(SyncField field) const { return (bits_ & BitOf(field)) != 0; }
  bool HasContent(absl::string_view name) const;
  bool empty() const { return bits_ == 0 && content_.empty(); }

  void Add(SyncField field) { bits_ = static_cast<uint8_t>(bits_ | BitOf(field)); }
  void Remove(SyncField field) { bits_ = static_cast<uint8_t>(bits_ & ~BitOf(field)); }
  void AddContent(absl::string_view name);

  // The names of the content fields, ascending, each once.
  const std::vector<std::string>& content() const { return content_; }

  // The fields without content, one bit each: 1 << SyncField. Digests are made of them.
  uint8_t bits() const { return bits_; }

  // The names of all fields: price, quantity, status, compare_at_price, then content, by name.
  std::vector<std::string> Names() const;

  friend SyncFields UnionOf(const SyncFields& a, const SyncFields& b);
  friend SyncFields IntersectionOf(const SyncFields& a, const SyncFields& b);
  friend SyncFields DifferenceOf(const SyncFields& a, const SyncFields& b);
  friend bool operator==(const SyncFields& a, const SyncFields& b) {
    return a.bits_ == b.bits_ && a.content_ == b.content_;
  }

 private:
  static constexpr int BitOf(SyncField field) { return 1 << static_cast<int>(field); }

  uint8_t bits_ = 0;
  RareVector<std::string> content_;
};

// The fields that are in either, those that are in both, and those of `a` that are not in `b`.
SyncFields UnionOf(const SyncFields& a, const SyncFields& b);
SyncFields IntersectionOf(const SyncFields& a, const SyncFields& b);
SyncFields DifferenceOf(const SyncFields& a, const SyncFields& b);

// Reads such as "price,quantity,status,compare_at_price,title", in any order; the empty text is the empty set.
// INVALID_ARGUMENT names what cannot be a field: a name of content has a-z, 0-9 and '_' only.
absl::StatusOr<SyncFields> ParseSyncFields(absl::string_view text);
// The set of the one field of that name; empty where no field can have it.
SyncFields FieldNamed(absl::string_view name);
// The text that ParseSyncFields reads back, in the order of Names().
std::string FormatSyncFields(const SyncFields& fields);

}  // namespace flxlink

#endif  // FLXLINK_SYNC_FIELDS_H_

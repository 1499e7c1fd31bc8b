#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "flxlink/sync.h"
#include "xxhash.h"

namespace flxlink {
namespace {

// Stored digests and the keys of pushes in doubt depend on the encoding: it never changes. First stand the mask's bits
// and the fields of the first release, price, quantity, status, each zero where it is not in the mask; then, only where
// they are, all others.
constexpr SyncField kFirstFields[] = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
constexpr uint8_t kContentBit = 0x80;

// Digests without content need no memory of their own.
using Encoded = absl::InlinedVector<unsigned char, 64>;

void AppendNumber(int64_t value, size_t bytes, Encoded* to) {
  const uint64_t bits = static_cast<uint64_t>(value);
  for (size_t i = 0; i < bytes; ++i) to->push_back(static_cast<unsigned char>(bits >> (8 * i)));
}

void AppendText(absl::string_view text, Encoded* to) {
  AppendNumber(static_cast<int64_t>(text.size()), 8, to);
  to->insert(to->end(), text.begin(), text.end());
}

// How wide a field is.
size_t WidthOf(SyncField field) { return field == SyncField::kStatus ? 1 : 8; }

int64_t NumberOf(SyncField field, const ItemValues& values) {
  return field == SyncField::kStatus ? static_cast<int64_t>(values.status) : values.Get(field);
}

Encoded Encode(const SyncFields& mask, const ItemValues& values) {
  Encoded encoded = {static_cast<unsigned char>(mask.bits() | (mask.content().empty() ? 0 : kContentBit))};
  for (const SyncField field : kFirstFields) {
    AppendNumber(mask.Has(field) ? NumberOf(field, values) : 0, WidthOf(field), &encoded);
  }
  for (const SyncField field : kSyncFields) {
    if (field > SyncField::kStatus && mask.Has(field)) AppendNumber(values.Get(field), WidthOf(field), &encoded);
  }
  for (const std::string& name : mask.content()) {
    const std::string* value = values.FindContent(name);
    AppendText(name, &encoded);
    encoded.push_back(value == nullptr ? 0 : 1);
    if (value != nullptr) AppendText(*value, &encoded);
  }
  return encoded;
}

}  // namespace

uint64_t ContentDigest(const SyncFields& mask, const ItemValues& values) {
  const Encoded encoded = Encode(mask, values);
  const uint64_t digest = XXH3_64bits(encoded.data(), encoded.size());
  return digest == 0 ? 1 : digest;
}

}  // namespace flxlink

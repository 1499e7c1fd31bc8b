#include "src/sync/value_digest.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "flxlink/sync.h"
#include "xxhash.h"

namespace flxlink {
namespace {

// Stored digests and the keys of pushes in doubt depend on the encoding: it never changes. Digests without content need
// no memory of their own.
using Encoded = absl::InlinedVector<unsigned char, 128>;

void AppendNumber(int64_t value, Encoded* to) {
  const uint64_t bits = static_cast<uint64_t>(value);
  for (size_t i = 0; i < sizeof(bits); ++i) to->push_back(static_cast<unsigned char>(bits >> (8 * i)));
}

void AppendText(absl::string_view text, Encoded* to) {
  AppendNumber(static_cast<int64_t>(text.size()), to);
  to->insert(to->end(), text.begin(), text.end());
}

// A text that is absent is another one than the empty one.
void AppendContent(absl::string_view name, const ItemValues& values, Encoded* to) {
  const std::string* value = values.FindContent(name);
  to->push_back(value == nullptr ? 0 : 1);
  if (value != nullptr) AppendText(*value, to);
}

void AppendValues(const SyncFields& mask, const ItemValues& values, Encoded* to) {
  for (const SyncField field : kSyncFields) {
    if (mask.Has(field)) AppendNumber(values.Get(field), to);
  }
  for (const std::string& name : mask.content()) {
    AppendText(name, to);
    AppendContent(name, values, to);
  }
}

uint64_t DigestOf(const Encoded& encoded) { return XXH3_64bits(encoded.data(), encoded.size()); }

}  // namespace

namespace sync {

uint64_t PushDigest(absl::string_view channel, const PushItem& item) {
  Encoded encoded = {item.mask.bits()};
  AppendText(channel, &encoded);
  AppendText(item.external_id, &encoded);
  AppendValues(item.mask, item.values, &encoded);
  AppendValues(item.mask, item.known, &encoded);
  return DigestOf(encoded);
}

}  // namespace sync

uint64_t ValueDigest(absl::string_view field, const ItemValues& values) {
  Encoded encoded;
  AppendText(field, &encoded);
  for (const SyncField known : kSyncFields) {
    if (ToString(known) != field) continue;
    AppendNumber(values.Get(known), &encoded);
    return DigestOf(encoded);
  }
  AppendContent(field, values, &encoded);
  return DigestOf(encoded);
}

uint64_t RefusalDigest(const SyncFields& fields, const ItemValues& values) {
  const std::vector<std::string> names = fields.Names();
  if (names.size() == 1) return ValueDigest(names[0], values);
  Encoded encoded;
  for (const std::string& name : names) AppendNumber(static_cast<int64_t>(ValueDigest(name, values)), &encoded);
  return DigestOf(encoded);
}

}  // namespace flxlink

#include <cstddef>
#include <cstdint>

#include "flxlink/sync.h"
#include "xxhash.h"

namespace flxlink {
namespace {

// The mask as bits, price, quantity, status. Stored digests depend on it: it never changes.
constexpr size_t kEncodedSize = 1 + 8 + 8 + 1;

void EncodeLittleEndian(int64_t value, unsigned char* to) {
  const uint64_t bits = static_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i) to[i] = static_cast<unsigned char>(bits >> (8 * i));
}

}  // namespace

uint64_t ContentDigest(const SyncFields& mask, const Pqs& values) {
  unsigned char encoded[kEncodedSize] = {};
  encoded[0] = static_cast<unsigned char>((mask.price ? 1 : 0) | (mask.quantity ? 2 : 0) | (mask.status ? 4 : 0));
  if (mask.price) EncodeLittleEndian(values.price, encoded + 1);
  if (mask.quantity) EncodeLittleEndian(values.quantity, encoded + 9);
  if (mask.status) encoded[17] = static_cast<unsigned char>(values.status);
  const uint64_t digest = XXH3_64bits(encoded, kEncodedSize);
  return digest == 0 ? 1 : digest;
}

}  // namespace flxlink

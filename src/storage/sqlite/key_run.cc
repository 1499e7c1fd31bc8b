#include "src/storage/sqlite/key_run.h"

namespace flxlink::sqlite {
namespace {

void StoreNumber(uint64_t number, char* bytes) {
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i));
}

uint64_t LoadNumber(const char* bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

std::string EncodeKeyRun(absl::Span<const KeyEntry> entries) {
  std::string bytes(entries.size() * kKeyEntryBytes, '\0');
  char* at = &bytes[0];
  for (const KeyEntry& entry : entries) {
    StoreNumber(entry.hash, at);
    StoreNumber(static_cast<uint64_t>(entry.id), at + 8);
    at += kKeyEntryBytes;
  }
  return bytes;
}

KeyEntry KeyRun::operator[](int64_t i) const {
  const char* const at = bytes_.data() + i * kKeyEntryBytes;
  return {LoadNumber(at), static_cast<int64_t>(LoadNumber(at + 8))};
}

int64_t KeyRun::UpperBound(const KeyEntry& entry) const {
  int64_t first = 0;
  int64_t count = size();
  while (count > 0) {
    const int64_t half = count / 2;
    if (entry < (*this)[first + half]) {
      count = half;
    } else {
      first += half + 1;
      count -= half + 1;
    }
  }
  return first;
}

}  // namespace flxlink::sqlite

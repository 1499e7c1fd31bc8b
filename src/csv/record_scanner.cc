#include "src/csv/record_scanner.h"

#include <cassert>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "src/csv/csv_reader.h"

namespace flxlink::csv {
namespace {

constexpr size_t kBlockBytes = 64;
static_assert(RecordScanner::kPaddingBytes >= kBlockBytes, "a block may begin at the text's last byte");

// Which of 64 bytes are special, and which are not ASCII; bit i is of byte i.
struct BlockBits {
  uint64_t special = 0;
  uint64_t non_ascii = 0;
};

#ifdef __SSE2__

BlockBits BitsOf(const char* block) {
  const __m128i comma = _mm_set1_epi8(',');
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i feed = _mm_set1_epi8('\n');
  const __m128i carriage = _mm_set1_epi8('\r');
  BlockBits bits;
  for (size_t i = 0; i < kBlockBytes; i += sizeof(__m128i)) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
    const __m128i separators = _mm_or_si128(_mm_cmpeq_epi8(bytes, comma), _mm_cmpeq_epi8(bytes, feed));
    const __m128i others = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, carriage));
    bits.special |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(separators, others)))} << i;
    bits.non_ascii |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(bytes))} << i;
  }
  return bits;
}

#else

BlockBits BitsOf(const char* block) {
  BlockBits bits;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const char c = block[i];
    bits.special |= uint64_t{c == ',' || c == '"' || c == '\n' || c == '\r'} << i;
    bits.non_ascii |= uint64_t{static_cast<unsigned char>(c) >= 0x80} << i;
  }
  return bits;
}

#endif

}  // namespace

RecordScanner::RecordScanner(absl::string_view text, size_t begin, bool is_last)
    : text_(text.data()), size_(text.size()), is_last_(is_last), at_(begin), cell_begin_(begin), block_(begin) {
  assert(size_ <= kMaxTextBytes);
  LoadBlock();
}

void RecordScanner::LoadBlock() {
  if (block_ >= size_) return;
  BlockBits bits = BitsOf(text_ + block_);
  if (size_ - block_ < kBlockBytes) {
    const uint64_t within = (uint64_t{1} << (size_ - block_)) - 1;
    bits.special &= within;
    bits.non_ascii &= within;
  }
  specials_ = bits.special;
  saw_non_ascii_ |= bits.non_ascii != 0;
}

// Consumes the next special byte and tells where it is; the text's size where there is none.
inline size_t RecordScanner::NextSpecial() {
  while (specials_ == 0) {
    if (size_ - block_ <= kBlockBytes) return size_;
    block_ += kBlockBytes;
    LoadBlock();
  }
  const size_t at = block_ + static_cast<size_t>(__builtin_ctzll(specials_));
  specials_ &= specials_ - 1;
  return at;
}

// Reads on from an opening quote to the special byte after the closing one, which is `end`; false where the text ends
// before.
bool RecordScanner::ReadQuoted(CsvCell* cell, size_t* end) {
  cell->has_doubled_quotes = 0;
  for (;;) {
    size_t quote = NextSpecial();
    while (quote < size_ && text_[quote] != '"') quote = NextSpecial();
    if (quote == size_) return false;
    *end = NextSpecial();
    const bool doubled = *end == quote + 1 && *end < size_ && text_[*end] == '"';
    if (!doubled) {
      cell->begin = static_cast<uint32_t>(cell_begin_ + 1);
      cell->size = static_cast<uint32_t>(quote - cell_begin_ - 1) & 0x7fffffff;
      return true;
    }
    cell->has_doubled_quotes = 1;
  }
}

// What the special byte at `end` makes of the cell before it, quotes and all.
inline RecordScanner::CellEnd RecordScanner::FinishCell(size_t end) {
  if (end == size_) {
    cell_begin_ = size_;
    return is_last_ ? CellEnd::kLine : CellEnd::kIncomplete;
  }
  cell_begin_ = end + 1;
  if (text_[end] == ',') return CellEnd::kComma;
  if (text_[end] == '\n') return CellEnd::kLine;
  if (text_[end] == '"') return CellEnd::kOdd;
  if (end + 1 == size_) return is_last_ ? CellEnd::kOdd : CellEnd::kIncomplete;
  if (text_[end + 1] != '\n') return CellEnd::kOdd;
  cell_begin_ = NextSpecial() + 1;
  return CellEnd::kLine;
}

inline RecordScanner::CellEnd RecordScanner::ReadCell(CsvCell* cell) {
  const size_t begin = cell_begin_;
  size_t end = NextSpecial();
  if (end == begin && end < size_ && text_[end] == '"') {
    if (!ReadQuoted(cell, &end)) {
      // What is not closed within the limit is not worth looking at further.
      return is_last_ || size_ - begin > 2 * kMaxCsvFieldBytes + 2 ? CellEnd::kOdd : CellEnd::kIncomplete;
    }
    const bool ends_at_quote = end == begin + 1 + cell->size + 1;
    if (!ends_at_quote || cell->size > kMaxCsvFieldBytes) return CellEnd::kOdd;
    return FinishCell(end);
  }
  if (end - begin > kMaxCsvFieldBytes) return CellEnd::kOdd;
  cell->begin = static_cast<uint32_t>(begin);
  cell->size = static_cast<uint32_t>(end - begin) & 0x7fffffff;
  cell->has_doubled_quotes = 0;
  return FinishCell(end);
}

RecordScanner::Found RecordScanner::Next(absl::Span<const int> slots, absl::Span<CsvCell> cells) {
  if (at_ == size_) return Found::kEnd;
  cell_begin_ = at_;
  if (text_[at_] == '\n' || text_[at_] == '\r') {
    const CellEnd end = FinishCell(NextSpecial());
    if (end != CellEnd::kLine) return end == CellEnd::kIncomplete ? Found::kIncomplete : Found::kOdd;
    at_ = cell_begin_;
    return Found::kBlankLine;
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    const CellEnd end = ReadCell(&cells[static_cast<size_t>(slots[i])]);
    const bool is_last_cell = i + 1 == slots.size();
    if (end == (is_last_cell ? CellEnd::kLine : CellEnd::kComma)) continue;
    return end == CellEnd::kIncomplete ? Found::kIncomplete : Found::kOdd;
  }
  at_ = cell_begin_;
  return Found::kRecord;
}

}  // namespace flxlink::csv

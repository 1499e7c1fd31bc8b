#include "src/linking/link_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace flxlink::linking {
namespace {

// The first line of a base's text; grows when hashes or outcomes come to mean something else.
constexpr absl::string_view kFormat = "flxlink link base 2\n";

// Sorted entries are cut by the upper bits of their hashes, so that the pieces can be sorted in parallel.
constexpr int kPieceBits = 8;
constexpr size_t kPieces = size_t{1} << kPieceBits;

// The place of `field` in `fields`, added at the end where it is new.
int FieldColumn(const std::string& field, std::vector<std::string>* fields) {
  const auto at = std::find(fields->begin(), fields->end(), field);
  if (at != fields->end()) return static_cast<int>(at - fields->begin());
  fields->push_back(field);
  return static_cast<int>(fields->size()) - 1;
}

// Everything that a base's keys and the outcomes it stands for depend on. Field names are told with their lengths,
// since they may hold anything.
std::string ConfigText(const ChannelConfig& config) {
  std::string text = absl::StrCat("parent_guard ", config.parent_guard, "\nstrict ", config.strict, "\n");
  for (const LinkRule& rule : config.link_priority) {
    absl::StrAppend(&text, rule.listing_field.size(), " ", rule.channel_field.size(), " ", FormatLinkRule(rule), "\n");
  }
  return text;
}

size_t PieceOf(const KeyEntry& entry) { return static_cast<size_t>(entry.hash >> (64 - kPieceBits)); }

// Puts the parts together, ascending.
std::vector<KeyEntry> Merge(const std::vector<std::vector<KeyEntry>>& parts, Executor& executor) {
  std::vector<size_t> begins(kPieces + 1);
  for (const std::vector<KeyEntry>& part : parts) {
    for (const KeyEntry& entry : part) ++begins[PieceOf(entry) + 1];
  }
  for (size_t i = 0; i < kPieces; ++i) begins[i + 1] += begins[i];
  std::vector<size_t> next(begins.begin(), begins.end() - 1);
  std::vector<KeyEntry> entries(begins.back());
  for (const std::vector<KeyEntry>& part : parts) {
    for (const KeyEntry& entry : part) entries[next[PieceOf(entry)]++] = entry;
  }
  executor.ParallelFor(static_cast<int>(kPieces), [&](int piece) {
    const auto begin = entries.begin();
    std::sort(begin + static_cast<ptrdiff_t>(begins[static_cast<size_t>(piece)]),
              begin + static_cast<ptrdiff_t>(begins[static_cast<size_t>(piece) + 1]));
  });
  return entries;
}

}  // namespace

LinkFields::LinkFields(const LinkPriority& priority) {
  for (const LinkRule& rule : priority) {
    rule_columns.push_back({FieldColumn(rule.listing_field, &listing), FieldColumn(rule.channel_field, &channel)});
  }
}

LinkKeys::LinkKeys(const ChannelConfig& config, uint64_t seed)
    : priority_(config.link_priority),
      parent_guard_(config.parent_guard),
      seed_(seed),
      fields_(config.link_priority),
      base_text_(absl::StrCat(kFormat, "seed ", seed, "\n", ConfigText(config))) {}

absl::optional<LinkKeys> LinkKeys::OfBase(const ChannelConfig& config, absl::string_view base_text) {
  absl::string_view text = base_text;
  if (!absl::ConsumePrefix(&text, kFormat) || !absl::ConsumePrefix(&text, "seed ")) return absl::nullopt;
  uint64_t seed = 0;
  if (!absl::SimpleAtoi(text.substr(0, text.find('\n')), &seed)) return absl::nullopt;
  LinkKeys keys(config, seed);
  if (keys.base_text() != base_text) return absl::nullopt;
  return keys;
}

int LinkKeys::FieldOf(LinkSide side, int number) const {
  if (number == parent_number()) return VariantSource::kParentColumn;
  const MatchInput::RuleColumns& columns = fields_.rule_columns[static_cast<size_t>(number)];
  return side == LinkSide::kListing ? columns.listing_column : columns.channel_column;
}

absl::optional<absl::string_view> LinkKeys::KeyOf(int number, absl::string_view value, std::string* scratch) const {
  static const std::vector<Normalizer>& kNone = *new std::vector<Normalizer>();
  return NormalizeKey(number == parent_number() ? kNone : priority_[static_cast<size_t>(number)].normalizers, value,
                      scratch);
}

uint64_t LinkKeys::Hash(absl::string_view key) const { return XXH3_64bits_withSeed(key.data(), key.size(), seed_); }

absl::string_view LinkKeys::RefusedOf(int number, absl::string_view value, std::string* scratch) const {
  if (KeyOf(number, value, scratch).has_value()) return absl::string_view();
  return absl::StripAsciiWhitespace(value);
}

absl::optional<uint64_t> LinkKeys::IndexHash(int number, absl::string_view value, std::string* scratch) const {
  const absl::optional<absl::string_view> key = KeyOf(number, value, scratch);
  if (key.has_value()) return Hash(*key);
  const absl::string_view refused = absl::StripAsciiWhitespace(value);
  return refused.empty() ? absl::nullopt : absl::make_optional(HashRefused(refused));
}

uint64_t LinkKeys::HashRefused(absl::string_view refused) const {
  return XXH3_64bits_withSeed(refused.data(), refused.size(), ~seed_);
}

absl::StatusOr<std::vector<KeyEntry>> MakeKeyEntries(const LinkKeys& keys, KeyColumn column,
                                                     const VariantSource& source, absl::Span<const int64_t> ids,
                                                     Executor& executor) {
  const size_t part_count = static_cast<size_t>(source.part_count());
  const int field = keys.FieldOf(column.side, column.key_number);
  std::vector<std::vector<KeyEntry>> parts(part_count);
  std::vector<absl::Status> statuses(part_count);
  executor.ParallelFor(source.part_count(), [&](int number) {
    const size_t part = static_cast<size_t>(number);
    std::string scratch;
    statuses[part] = source.Scan(number, {field}, [&](const VariantChunk& chunk) {
      for (int32_t i = 0; i < chunk.row_count; ++i) {
        const absl::optional<uint64_t> hash = keys.IndexHash(column.key_number, chunk.columns[0][i], &scratch);
        if (hash.has_value()) parts[part].push_back({*hash, ids[static_cast<size_t>(chunk.row_base + i)]});
      }
      return absl::OkStatus();
    });
  });
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return Merge(parts, executor);
}

}  // namespace flxlink::linking

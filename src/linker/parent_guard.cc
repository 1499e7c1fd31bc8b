#include "src/linker/parent_guard.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "src/linker/column_scan.h"

namespace flxlink {
namespace {

// Numbers parent ids from 0 in the order of their first rows; a parent id of only whitespace is none.
class ParentNumbers {
 public:
  int32_t NumberOf(absl::string_view parent) {
    const auto [found, is_new] = numbers_.try_emplace(std::string(parent), next_);
    if (is_new) ++next_;
    return found->second;
  }
  int32_t NewNumber() { return next_++; }

 private:
  absl::flat_hash_map<std::string, int32_t> numbers_;
  int32_t next_ = 0;
};

absl::string_view ParentOrNone(absl::string_view parent) {
  return absl::StripAsciiWhitespace(parent).empty() ? absl::string_view() : parent;
}

}  // namespace

absl::StatusOr<ParentGuard> ParentGuard::Read(const MatchInput& input) {
  ParentGuard guard;
  ParentNumbers listings;
  absl::Status status = ScanColumn(*input.listings, VariantSource::kParentColumn, [&](const ColumnChunk& chunk) {
    for (int64_t i = 0; i < chunk.values.size(); ++i) {
      const absl::string_view parent = ParentOrNone(chunk.values[i]);
      guard.listings_.push_back(parent.empty() ? listings.NewNumber() : listings.NumberOf(parent));
    }
  });
  if (!status.ok()) return status;
  guard.parents_.resize(static_cast<size_t>(listings.NewNumber()));

  ParentNumbers channel;
  status = ScanColumn(*input.channel, VariantSource::kParentColumn, [&](const ColumnChunk& chunk) {
    for (int64_t i = 0; i < chunk.values.size(); ++i) {
      const ParentId parent = channel.NumberOf(ParentOrNone(chunk.values[i]));
      if (static_cast<size_t>(parent) == guard.first_rows_.size()) guard.first_rows_.push_back(chunk.row_base + i);
      guard.channel_parents_.push_back(parent);
    }
  });
  if (!status.ok()) return status;
  return guard;
}

void ParentGuard::AddParent(int32_t listing_row, int64_t channel_row) {
  ParentId& parent = parents_[static_cast<size_t>(ListingOf(listing_row))];
  if (parent == kNothing) {
    parent = ParentOf(channel_row);
  } else if (parent != ParentOf(channel_row)) {
    parent = kSeveral;
  }
}

void ParentGuard::BeginRule(const RuleKeys& keys, const LinkTable& links) {
  std::fill(parents_.begin(), parents_.end(), kNothing);
  for (size_t i = 0; i < listings_.size(); ++i) {
    const auto row = static_cast<int32_t>(i);
    const LinkOutcome& outcome = links.outcomes()[i];
    if (outcome.state == LinkState::kLinked) AddParent(row, outcome.channel_row);
    const KeyId id = keys.listing_ids[i];
    if (IsMatched(id) && keys.groups[id].IsUnique()) AddParent(row, keys.groups[id].channel_row);
  }
}

}  // namespace flxlink

#include "src/linker/link_table.h"

#include <algorithm>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flxlink::linker {
namespace {

absl::Status ReadPairs(const PairSource* source, absl::FunctionRef<absl::Status(const RowPair&)> add) {
  if (source == nullptr) return absl::OkStatus();
  return source->Scan([&](absl::Span<const RowPair> pairs) {
    for (const RowPair& pair : pairs) {
      if (absl::Status status = add(pair); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

bool IsRow(int64_t row, size_t row_count) { return row >= 0 && row < static_cast<int64_t>(row_count); }

std::string Describe(const RowPair& pair) {
  return absl::StrCat("listing row ", pair.listing_row, ", channel row ", pair.channel_row);
}

}  // namespace

LinkOutcome ListingState::ToOutcome() const {
  LinkState state = LinkState::kUnlinked;
  if (phase == Phase::kLinked) state = LinkState::kLinked;
  if (phase == Phase::kBroken) state = LinkState::kBroken;
  return {channel_row, rule, state, reason};
}

absl::StatusOr<LinkTable> LinkTable::Read(const MatchInput& input, Executor& executor) {
  LinkTable table;
  table.listings_ = BigArray<ListingState>(static_cast<size_t>(input.listings->row_count()));
  table.held_ = BigArray<uint8_t>(static_cast<size_t>(input.channel->row_count()));
  table.listings_.Fill({-1, 0, LinkReason::kNone, ListingState::Phase::kOpen}, executor);
  table.held_.Fill(0, executor);
  absl::Status status = ReadPairs(input.links, [&](const RowPair& pair) {
    return table.AddLink(pair,
                         pair.channel_row == kNoRow ? ListingState::Phase::kBroken : ListingState::Phase::kLinked);
  });
  if (!status.ok()) return status;
  status = ReadPairs(input.broken_links,
                     [&](const RowPair& pair) { return table.AddLink(pair, ListingState::Phase::kBroken); });
  if (!status.ok()) return status;
  status = ReadPairs(input.hand_unlinks, [&](const RowPair& pair) { return table.AddHandUnlink(pair); });
  if (!status.ok()) return status;
  const auto order = [](const RowPair& pair) { return std::tie(pair.listing_row, pair.channel_row); };
  std::vector<RowPair>& unlinks = table.hand_unlinks_;
  std::sort(unlinks.begin(), unlinks.end(), [&](const RowPair& a, const RowPair& b) { return order(a) < order(b); });
  unlinks.erase(std::unique(unlinks.begin(), unlinks.end()), unlinks.end());
  return table;
}

absl::Status LinkTable::AddLink(const RowPair& pair, ListingState::Phase phase) {
  if (pair.listing_row != kNoRow) {
    if (!IsRow(pair.listing_row, listings_.size())) {
      return absl::InvalidArgumentError(absl::StrCat("a link names a listing row that is not there: ", Describe(pair)));
    }
    if (listing(pair.listing_row).reason == LinkReason::kExisting) {
      return absl::InvalidArgumentError(absl::StrCat("links are not 1:1, a listing has two: ", Describe(pair)));
    }
    listing(pair.listing_row) = {static_cast<int32_t>(pair.channel_row), 0, LinkReason::kExisting, phase};
  }
  if (pair.channel_row != kNoRow) {
    if (!IsRow(pair.channel_row, held_.size())) {
      return absl::InvalidArgumentError(absl::StrCat("a link names a channel row that is not there: ", Describe(pair)));
    }
    if (IsHeld(pair.channel_row)) {
      return absl::InvalidArgumentError(absl::StrCat("links are not 1:1, a channel row has two: ", Describe(pair)));
    }
    Hold(pair.channel_row);
  }
  return absl::OkStatus();
}

absl::Status LinkTable::AddHandUnlink(const RowPair& pair) {
  if (pair.listing_row == kNoRow || pair.channel_row == kNoRow) return absl::OkStatus();
  if (!IsRow(pair.listing_row, listings_.size()) || !IsRow(pair.channel_row, held_.size())) {
    return absl::InvalidArgumentError(absl::StrCat("a hand-unlink names a row that is not there: ", Describe(pair)));
  }
  hand_unlinks_.push_back(pair);
  return absl::OkStatus();
}

absl::Span<const RowPair> LinkTable::HandUnlinks(int64_t listing_row) const {
  const auto before = [](const RowPair& pair, int64_t row) { return pair.listing_row < row; };
  const auto after = [](int64_t row, const RowPair& pair) { return row < pair.listing_row; };
  const auto begin = std::lower_bound(hand_unlinks_.begin(), hand_unlinks_.end(), listing_row, before);
  const auto end = std::upper_bound(begin, hand_unlinks_.end(), listing_row, after);
  return absl::MakeConstSpan(hand_unlinks_)
      .subspan(static_cast<size_t>(begin - hand_unlinks_.begin()), static_cast<size_t>(end - begin));
}

}  // namespace flxlink::linker

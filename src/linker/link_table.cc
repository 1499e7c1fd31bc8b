#include "src/linker/link_table.h"

#include <algorithm>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flxlink {
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

absl::StatusOr<LinkTable> LinkTable::Read(const MatchInput& input) {
  LinkTable table;
  table.outcomes_.resize(static_cast<size_t>(input.listings->row_count()));
  table.holders_.assign(static_cast<size_t>(input.channel->row_count()), kFree);
  absl::Status status = ReadPairs(input.links, [&](const RowPair& pair) {
    return table.AddLink(pair, pair.channel_row == kNoRow ? LinkState::kBroken : LinkState::kLinked);
  });
  if (!status.ok()) return status;
  status = ReadPairs(input.broken_links, [&](const RowPair& pair) { return table.AddLink(pair, LinkState::kBroken); });
  if (!status.ok()) return status;
  status = ReadPairs(input.hand_unlinks, [&](const RowPair& pair) { return table.AddHandUnlink(pair); });
  if (!status.ok()) return status;
  const auto order = [](const RowPair& pair) { return std::tie(pair.listing_row, pair.channel_row); };
  std::vector<RowPair>& unlinks = table.hand_unlinks_;
  std::sort(unlinks.begin(), unlinks.end(), [&](const RowPair& a, const RowPair& b) { return order(a) < order(b); });
  unlinks.erase(std::unique(unlinks.begin(), unlinks.end()), unlinks.end());
  return table;
}

absl::Status LinkTable::AddLink(const RowPair& pair, LinkState state) {
  if (pair.listing_row != kNoRow) {
    if (!IsRow(pair.listing_row, outcomes_.size())) {
      return absl::InvalidArgumentError(absl::StrCat("a link names a listing row that is not there: ", Describe(pair)));
    }
    LinkOutcome& outcome = outcomes_[static_cast<size_t>(pair.listing_row)];
    if (outcome.reason == LinkReason::kExisting) {
      return absl::InvalidArgumentError(absl::StrCat("links are not 1:1, a listing has two: ", Describe(pair)));
    }
    outcome = {pair.channel_row, 0, state, LinkReason::kExisting};
  }
  if (pair.channel_row != kNoRow) {
    if (!IsRow(pair.channel_row, holders_.size())) {
      return absl::InvalidArgumentError(absl::StrCat("a link names a channel row that is not there: ", Describe(pair)));
    }
    const auto channel_row = static_cast<int32_t>(pair.channel_row);
    if (Holder(channel_row) != kFree) {
      return absl::InvalidArgumentError(absl::StrCat("links are not 1:1, a channel row has two: ", Describe(pair)));
    }
    Hold(channel_row, pair.listing_row == kNoRow ? kUnknownListing : static_cast<int32_t>(pair.listing_row));
  }
  return absl::OkStatus();
}

absl::Status LinkTable::AddHandUnlink(const RowPair& pair) {
  if (pair.listing_row == kNoRow || pair.channel_row == kNoRow) return absl::OkStatus();
  if (!IsRow(pair.listing_row, outcomes_.size()) || !IsRow(pair.channel_row, holders_.size())) {
    return absl::InvalidArgumentError(absl::StrCat("a hand-unlink names a row that is not there: ", Describe(pair)));
  }
  hand_unlinks_.push_back(pair);
  return absl::OkStatus();
}

absl::Span<const RowPair> LinkTable::HandUnlinks(int32_t listing_row) const {
  const auto before = [](const RowPair& pair, int32_t row) { return pair.listing_row < row; };
  const auto after = [](int32_t row, const RowPair& pair) { return row < pair.listing_row; };
  const auto begin = std::lower_bound(hand_unlinks_.begin(), hand_unlinks_.end(), listing_row, before);
  const auto end = std::upper_bound(begin, hand_unlinks_.end(), listing_row, after);
  return absl::MakeConstSpan(hand_unlinks_)
      .subspan(static_cast<size_t>(begin - hand_unlinks_.begin()), static_cast<size_t>(end - begin));
}

}  // namespace flxlink

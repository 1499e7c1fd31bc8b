#include "src/engine/link_input.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace flxlink::engine {
namespace {

// The row of `id` in ascending `ids`.
int64_t RowOf(const std::vector<int64_t>& ids, int64_t id) {
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  return at != ids.end() && *at == id ? at - ids.begin() : kNoRow;
}

// Row `row` of the first values->size() columns.
void CopyRow(const std::vector<StringColumn>& columns, int64_t row, std::vector<absl::string_view>* values) {
  for (size_t c = 0; c < values->size(); ++c) (*values)[c] = columns[c][row];
}

}  // namespace

absl::Status CheckReadyToLink(const Channel& channel) {
  if (channel.config.link_priority.empty()) {
    return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoRule,
                         {{"channel", channel.config.name}},
                         absl::StrCat("channel ", channel.config.name, " has no link rule"));
  }
  if (channel.pull.complete_pulls == 0) {
    return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoCompletePull,
                         {{"channel", channel.config.name}},
                         absl::StrCat("channel ", channel.config.name, " has never been pulled completely, and ",
                                      "uniqueness judged on part of a channel is a guess"));
  }
  return absl::OkStatus();
}

MatchOptions ConfiguredOptions(const ChannelConfig& config) {
  MatchOptions options;
  options.parent_guard = config.parent_guard;
  options.strict = config.strict;
  return options;
}

LinkInput::LinkInput(const LinkFields& fields)
    : rule_columns_(fields.rule_columns),
      listings_(static_cast<int>(fields.listing.size())),
      channel_(static_cast<int>(fields.channel.size())) {}

absl::StatusOr<std::unique_ptr<LinkInput>> LinkInput::Load(Storage& storage, int64_t channel_id,
                                                           const LinkFields& fields, int64_t page_rows, Names names) {
  auto input = std::make_unique<LinkInput>(fields);
  // The channel's side first: the pairs that the other two read are told in its rows.
  absl::Status status = input->LoadChannel(storage, channel_id, fields, page_rows, names);
  if (status.ok()) status = input->LoadListings(storage, channel_id, fields, page_rows, names);
  if (status.ok()) status = input->LoadHandUnlinks(storage, channel_id, page_rows);
  if (!status.ok()) return status;
  return input;
}

absl::Status LinkInput::LoadChannel(Storage& storage, int64_t channel_id, const LinkFields& fields, int64_t page_rows,
                                    Names names) {
  std::vector<absl::string_view> values(fields.channel.size());
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ChannelKeyPage> page = storage.ReadChannelKeys(channel_id, fields.channel, after_id, page_rows);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    for (int64_t i = 0; i < page->size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      CopyRow(page->columns, i, &values);
      AddItem({page->channel_variant_id[at], page->live[at] != 0, page->status[at]}, values, page->parent[i]);
      if (names == Names::kLoad) external_ids_.emplace_back(page->external_id[i]);
    }
    after_id = channel_ids_.back();
  }
}

absl::Status LinkInput::LoadListings(Storage& storage, int64_t channel_id, const LinkFields& fields, int64_t page_rows,
                                     Names names) {
  std::vector<std::string> read = fields.listing;
  if (names == Names::kLoad) read.push_back("sku");
  std::vector<absl::string_view> values(fields.listing.size());
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ListingKeyPage> page = storage.ReadListingKeys(channel_id, read, after_id, page_rows);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    for (int64_t i = 0; i < page->size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      CopyRow(page->columns, i, &values);
      const int64_t row = AddListing({page->listing_id[at], page->live[at] != 0, page->reason[at], page->rule[at]},
                                     values, page->parent[i]);
      if (names == Names::kLoad) skus_.emplace_back(page->columns.back()[i]);
      if (page->linked_to[at] == 0) continue;
      std::vector<RowPair>& pairs = page->broken[at] != 0 ? broken_links_ : links_;
      pairs.push_back({row, RowOf(channel_ids_, page->linked_to[at])});
    }
    after_id = listing_ids_.back();
  }
}

absl::Status LinkInput::LoadHandUnlinks(Storage& storage, int64_t channel_id, int64_t page_rows) {
  for (LinkPair after;;) {
    absl::StatusOr<std::vector<LinkPair>> page = storage.ReadHandUnlinks(channel_id, after, page_rows);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const LinkPair& pair : *page) {
      const RowPair rows{ListingRowOf(pair.listing_id), RowOf(channel_ids_, pair.channel_variant_id)};
      if (rows.listing_row != kNoRow && rows.channel_row != kNoRow) hand_unlinks_.push_back(rows);
    }
    after = page->back();
  }
}

int64_t LinkInput::AddListing(const Listing& listing, absl::Span<const absl::string_view> values,
                              absl::string_view parent) {
  listings_.AddRow(values, parent, listing.live);
  listing_ids_.push_back(listing.listing_id);
  reasons_.push_back(listing.reason);
  rules_.push_back(listing.rule);
  return listing_count() - 1;
}

int64_t LinkInput::AddItem(const Item& item, absl::Span<const absl::string_view> values, absl::string_view parent) {
  channel_.AddRow(values, parent, item.live);
  channel_ids_.push_back(item.channel_variant_id);
  channel_statuses_.push_back(item.status);
  return static_cast<int64_t>(channel_ids_.size()) - 1;
}

MatchInput LinkInput::match_input() {
  link_source_ = PairSpan(links_);
  broken_source_ = PairSpan(broken_links_);
  hand_unlink_source_ = PairSpan(hand_unlinks_);
  MatchInput input;
  input.listings = &listings_;
  input.channel = &channel_;
  input.rule_columns = rule_columns_;
  input.links = &link_source_;
  input.broken_links = &broken_source_;
  input.hand_unlinks = &hand_unlink_source_;
  return input;
}

int64_t LinkInput::ListingRowOf(int64_t listing_id) const { return RowOf(listing_ids_, listing_id); }

}  // namespace flxlink::engine

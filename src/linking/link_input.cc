#include "src/linking/link_input.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace flxlink::linking {
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

// Notes which columns of a page have a value.
void NoteFields(const std::vector<StringColumn>& columns, std::vector<bool>* seen) {
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].byte_size() > 0) (*seen)[c] = true;
  }
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
    : fields_(fields),
      listing_fields_seen_(fields.listing.size()),
      channel_fields_seen_(fields.channel.size()),
      listings_(static_cast<int>(fields.listing.size())),
      channel_(static_cast<int>(fields.channel.size())) {}

absl::StatusOr<std::unique_ptr<LinkInput>> LinkInput::Load(LinkLookup& lookup, const LinkFields& fields) {
  auto input = std::make_unique<LinkInput>(fields);
  // The channel's side first: the pairs that the other two read are told in its rows.
  absl::Status status = input->LoadChannel(lookup);
  if (status.ok()) status = input->LoadListings(lookup);
  if (status.ok()) status = input->LoadHandUnlinks(lookup);
  if (!status.ok()) return status;
  return input;
}

absl::Status LinkInput::LoadChannel(LinkLookup& lookup) {
  std::vector<absl::string_view> values(fields_.channel.size());
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ChannelKeyPage> page = lookup.ReadChannelKeys(fields_.channel, after_id);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    NoteFields(page->columns, &channel_fields_seen_);
    for (int64_t i = 0; i < page->size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      CopyRow(page->columns, i, &values);
      AddItem({page->channel_variant_id[at], page->live[at] != 0}, values, page->parent[i]);
    }
    after_id = channel_ids_.back();
  }
}

absl::Status LinkInput::LoadListings(LinkLookup& lookup) {
  std::vector<absl::string_view> values(fields_.listing.size());
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ListingKeyPage> page = lookup.ReadListingKeys(fields_.listing, after_id);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    NoteFields(page->columns, &listing_fields_seen_);
    for (int64_t i = 0; i < page->size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      CopyRow(page->columns, i, &values);
      const int64_t row = AddListing({page->listing_id[at], page->live[at] != 0, page->reason[at], page->rule[at]},
                                     values, page->parent[i]);
      if (page->linked_to[at] == 0) continue;
      std::vector<RowPair>& pairs = page->broken[at] != 0 ? broken_links_ : links_;
      pairs.push_back({row, RowOf(channel_ids_, page->linked_to[at])});
    }
    after_id = listing_ids_.back();
  }
}

absl::Status LinkInput::LoadHandUnlinks(LinkLookup& lookup) {
  for (LinkPair after;;) {
    absl::StatusOr<std::vector<LinkPair>> page = lookup.ReadHandUnlinks(after);
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
  return static_cast<int64_t>(channel_ids_.size()) - 1;
}

MatchInput LinkInput::match_input() {
  link_source_ = PairSpan(links_);
  broken_source_ = PairSpan(broken_links_);
  hand_unlink_source_ = PairSpan(hand_unlinks_);
  MatchInput input;
  input.listings = &listings_;
  input.channel = &channel_;
  input.rule_columns = fields_.rule_columns;
  input.links = &link_source_;
  input.broken_links = &broken_source_;
  input.hand_unlinks = &hand_unlink_source_;
  return input;
}

std::vector<UnknownField> LinkInput::UnknownFields() const {
  std::vector<UnknownField> unknown;
  for (size_t f = 0; f < fields_.listing.size() && !listing_ids_.empty(); ++f) {
    if (!listing_fields_seen_[f]) unknown.push_back({LinkSide::kListing, fields_.listing[f]});
  }
  for (size_t f = 0; f < fields_.channel.size() && !channel_ids_.empty(); ++f) {
    if (!channel_fields_seen_[f]) unknown.push_back({LinkSide::kChannel, fields_.channel[f]});
  }
  return unknown;
}

int64_t LinkInput::ListingRowOf(int64_t listing_id) const { return RowOf(listing_ids_, listing_id); }

}  // namespace flxlink::linking

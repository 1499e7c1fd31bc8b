#include "src/engine/link_input.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace flxlink {
namespace {

// The place of `field` in `fields`, added at the end where it is new.
int FieldColumn(const std::string& field, std::vector<std::string>* fields) {
  const auto at = std::find(fields->begin(), fields->end(), field);
  if (at != fields->end()) return static_cast<int>(at - fields->begin());
  fields->push_back(field);
  return static_cast<int>(fields->size()) - 1;
}

// The row of `id` in ascending `ids`.
int64_t RowOf(const std::vector<int64_t>& ids, int64_t id) {
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  return at != ids.end() && *at == id ? at - ids.begin() : kNoRow;
}

// Adds a page's rows to a table. `columns` are the first fields of the page, as many as the table has.
void AddRows(const std::vector<StringColumn>& columns, size_t column_count, const StringColumn& parent,
             const std::vector<uint8_t>& live, VariantTable* table) {
  std::vector<absl::string_view> row(column_count);
  for (int64_t i = 0; i < parent.size(); ++i) {
    for (size_t c = 0; c < column_count; ++c) row[c] = columns[c][i];
    table->AddRow(row, parent[i], live[static_cast<size_t>(i)] != 0);
  }
}

std::vector<std::string> ListingFields(const LinkPriority& priority) {
  std::vector<std::string> fields;
  for (const LinkRule& rule : priority) FieldColumn(rule.listing_field, &fields);
  return fields;
}

std::vector<std::string> ChannelFields(const LinkPriority& priority) {
  std::vector<std::string> fields;
  for (const LinkRule& rule : priority) FieldColumn(rule.channel_field, &fields);
  return fields;
}

}  // namespace

absl::Status CheckReadyToLink(const Channel& channel) {
  if (channel.config.link_priority.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("channel ", channel.config.name,
                                                      " has no link rule; add one: flxlink channel set ",
                                                      channel.config.name, " --rule sku=sku"));
  }
  if (channel.pull.complete_pulls == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "channel ", channel.config.name, " has never been pulled completely, and uniqueness judged on part of a ",
        "channel is a guess; run: flxlink pull ", channel.config.name));
  }
  return absl::OkStatus();
}

LinkInput::LinkInput(const LinkPriority& priority)
    : listing_fields_(ListingFields(priority)),
      channel_fields_(ChannelFields(priority)),
      listings_(static_cast<int>(listing_fields_.size())),
      channel_(static_cast<int>(channel_fields_.size())) {
  for (const LinkRule& rule : priority) {
    rule_columns_.push_back(
        {FieldColumn(rule.listing_field, &listing_fields_), FieldColumn(rule.channel_field, &channel_fields_)});
  }
}

absl::StatusOr<std::unique_ptr<LinkInput>> LinkInput::Load(Storage& storage, int64_t channel_id,
                                                           const LinkPriority& priority, int64_t page_rows) {
  std::unique_ptr<LinkInput> input(new LinkInput(priority));
  // The channel's side first: the pairs that the other two read are told in its rows.
  absl::Status status = input->LoadChannel(storage, channel_id, page_rows);
  if (status.ok()) status = input->LoadListings(storage, channel_id, page_rows);
  if (status.ok()) status = input->LoadHandUnlinks(storage, channel_id, page_rows);
  if (!status.ok()) return status;
  input->link_source_ = PairSpan(input->links_);
  input->broken_source_ = PairSpan(input->broken_links_);
  input->hand_unlink_source_ = PairSpan(input->hand_unlinks_);
  return input;
}

absl::Status LinkInput::LoadChannel(Storage& storage, int64_t channel_id, int64_t page_rows) {
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ChannelKeyPage> page = storage.ReadChannelKeys(channel_id, channel_fields_, after_id, page_rows);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    AddRows(page->columns, channel_fields_.size(), page->parent, page->live, &channel_);
    for (int64_t i = 0; i < page->size(); ++i) external_ids_.emplace_back(page->external_id[i]);
    channel_ids_.insert(channel_ids_.end(), page->channel_variant_id.begin(), page->channel_variant_id.end());
    channel_statuses_.insert(channel_statuses_.end(), page->status.begin(), page->status.end());
    after_id = channel_ids_.back();
  }
}

absl::Status LinkInput::LoadListings(Storage& storage, int64_t channel_id, int64_t page_rows) {
  std::vector<std::string> fields = listing_fields_;
  const size_t sku_column = static_cast<size_t>(FieldColumn("sku", &fields));
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ListingKeyPage> page = storage.ReadListingKeys(channel_id, fields, after_id, page_rows);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    AddRows(page->columns, listing_fields_.size(), page->parent, page->live, &listings_);
    for (int64_t i = 0; i < page->size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      const int64_t row = static_cast<int64_t>(listing_ids_.size());
      listing_ids_.push_back(page->listing_id[at]);
      skus_.emplace_back(page->columns[sku_column][i]);
      if (page->linked_to[at] == 0) continue;
      std::vector<RowPair>& pairs = page->broken[at] != 0 ? broken_links_ : links_;
      pairs.push_back({row, RowOf(channel_ids_, page->linked_to[at])});
    }
    reasons_.insert(reasons_.end(), page->reason.begin(), page->reason.end());
    rules_.insert(rules_.end(), page->rule.begin(), page->rule.end());
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

MatchInput LinkInput::match_input() const {
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

}  // namespace flxlink

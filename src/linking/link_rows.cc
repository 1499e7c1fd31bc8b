#include "src/linking/link_rows.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

namespace flxlink::linking {
namespace {

// Whether `part` is a piece of the bytes of `whole`.
bool IsPartOf(absl::string_view part, absl::string_view whole) {
  const std::less_equal<const char*> before;
  return before(whole.data(), part.data()) && before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

absl::Status LinkRows::Read(std::vector<int64_t>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  std::vector<int64_t> missing;
  for (const int64_t id : *ids) {
    if (Find(id) == kNotRead) missing.push_back(id);
  }
  const size_t page = static_cast<size_t>(lookup_.page_rows());
  for (size_t at = 0; at < missing.size(); at += page) {
    const absl::Status status = ReadPage(absl::MakeConstSpan(missing).subspan(at, page));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LinkRows::ReadPage(absl::Span<const int64_t> ids) {
  Row row;
  if (side_ == LinkSide::kListing) {
    absl::StatusOr<ListingKeyPage> read = lookup_.ReadListingKeysById(fields(), ids);
    if (!read.ok()) return read.status();
    const ListingKeyPage& page = listing_pages_.emplace_back(*std::move(read));
    for (int64_t i = 0; i < page.size(); ++i) {
      const size_t at = static_cast<size_t>(i);
      row.id = page.listing_id[at];
      row.live = page.live[at] != 0;
      row.parent = page.parent[i];
      row.linked_to = page.linked_to[at];
      row.broken = page.broken[at] != 0;
      row.reason = page.reason[at];
      row.rule = page.rule[at];
      Add(row, page.columns, i);
    }
    return absl::OkStatus();
  }
  absl::StatusOr<ChannelKeyPage> read = lookup_.ReadChannelKeysById(fields(), ids);
  if (!read.ok()) return read.status();
  const ChannelKeyPage& page = channel_pages_.emplace_back(*std::move(read));
  for (int64_t i = 0; i < page.size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    row.id = page.channel_variant_id[at];
    row.live = page.live[at] != 0;
    row.parent = page.parent[i];
    Add(row, page.columns, i);
  }
  return absl::OkStatus();
}

void LinkRows::Add(const Row& row, const std::vector<StringColumn>& columns, int64_t at) {
  index_.emplace(row.id, size());
  rows_.push_back(row);
  const size_t first_value = values_.size();
  for (const StringColumn& column : columns) values_.push_back(column[at]);
  for (int number = 0; number < static_cast<int>(key_count()); ++number) {
    const int field = keys_.FieldOf(side_, number);
    row_keys_.push_back(KeepKey(number, field == VariantSource::kParentColumn
                                            ? row.parent
                                            : values_[first_value + static_cast<size_t>(field)]));
  }
}

RowIndex LinkRows::Find(int64_t id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? kNotRead : found->second;
}

absl::string_view LinkRows::refused(RowIndex index, int number) {
  const int field = keys_.FieldOf(side_, number);
  if (field == VariantSource::kParentColumn) return absl::string_view();
  return keys_.RefusedOf(number, values(index)[static_cast<size_t>(field)], &scratch_);
}

LinkKey LinkRows::KeepKey(int number, absl::string_view value) {
  absl::optional<absl::string_view> key = keys_.KeyOf(number, value, &scratch_);
  if (!key.has_value()) return {};
  if (!IsPartOf(*key, value)) key = normalized_.emplace_back(*key);
  return {*key, keys_.Hash(*key)};
}

}  // namespace flxlink::linking

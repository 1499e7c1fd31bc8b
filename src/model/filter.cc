#include "flxlink/filter.h"

#include <algorithm>

namespace flxlink {
namespace {

template <typename T, typename U>
bool Passes(const std::vector<T>& wanted, const U& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool Passes(absl::optional<bool> wanted, bool value) { return !wanted.has_value() || *wanted == value; }

bool HasAttention(const ListingRow& row, const ListingFilter& filter) {
  if (filter.attention && row.attentions.empty()) return false;
  return filter.attention_codes.empty() ||
         std::any_of(row.attentions.begin(), row.attentions.end(),
                     [&](const Problem& attention) { return Passes(filter.attention_codes, attention.code); });
}

}  // namespace

bool Matches(const ListingRow& row, const ListingFilter& filter) {
  return Passes(filter.link_states, row.link_state) && Passes(filter.reasons, row.reason) &&
         Passes(filter.healths, HealthOf(row.status)) && HasAttention(row, filter) && Passes(filter.skus, row.sku) &&
         Passes(filter.parents, row.parent) && Passes(filter.dirty, row.dirty) &&
         Passes(filter.in_doubt, row.in_doubt) && (!filter.drifted || !row.drifted.empty());
}

bool Matches(const ItemRow& row, const ItemFilter& filter) {
  return Passes(filter.external_ids, row.external_id) && Passes(filter.parents, row.parent_id) &&
         (!filter.unlinked || row.sku.empty()) && Passes(filter.live, row.live);
}

bool Matches(const Job& job, const JobFilter& filter) {
  return (filter.channel.empty() || job.channel == filter.channel) && Passes(filter.kinds, job.kind) &&
         Passes(filter.states, job.state);
}

}  // namespace flxlink

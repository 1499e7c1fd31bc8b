// Filters: which rows of a list are wanted. Every condition that a filter states must hold, and one that it does not
// state holds of every row; a list of values holds of a row that has one of them, and an empty list is not stated.
//
// Which listing variants, items and jobs pass is decided by Matches alone. A storage that filters in its own way, by
// its indexes, lets the same rows pass.
//
// Plain data: share between threads while nobody writes. The functions are thread-safe.

#ifndef FLXLINK_FILTER_H_
#define FLXLINK_FILTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/channel_variant.h"
#include "flxlink/job.h"
#include "flxlink/link_state.h"
#include "flxlink/listing.h"
#include "flxlink/listing_status.h"

namespace flxlink {

// Which listing variants of a channel.
struct ListingFilter {
  std::vector<LinkState> link_states;
  // kNone: those without a reason.
  std::vector<LinkReason> reasons;
  // As HealthOf tells it.
  std::vector<Health> healths;
  // Only those with an attention.
  bool attention = false;
  // Only those with an attention of one of these codes.
  std::vector<std::string> attention_codes;
  std::vector<std::string> skus;
  // An empty text among them: listings of their own.
  std::vector<std::string> parents;
  // Stated: only those that have something to send, or only those that have not.
  absl::optional<bool> dirty;
  // Stated: only those with a push of which the outcome is not known, or only the others.
  absl::optional<bool> in_doubt;
  // Only those of whose item the channel was seen to have something otherwise than acknowledged and than desired
  // (ListingRow::drifted). It takes what is known of the adapter, so that Engine::ListListings tells it; a storage's
  // ReadListings refuses it.
  bool drifted = false;
};

// Which items of a channel.
struct ItemFilter {
  std::vector<std::string> external_ids;
  // The channel's ids of what they belong to. An empty text among them: items that belong to nothing.
  std::vector<std::string> parents;
  // Only those that are free: no link has them, and no broken one either.
  bool unlinked = false;
  // Stated: only live ones, or only those that are gone or archived.
  absl::optional<bool> live;
};

// Which products.
struct ProductFilter {
  std::vector<std::string> skus;
};

// Which jobs.
struct JobFilter {
  // The channel's name. Default, empty: all channels.
  std::string channel;
  std::vector<JobKind> kinds;
  std::vector<JobState> states;
};

// Which entries of a channel's link history.
struct HistoryFilter {
  // Of this listing variant. Default, empty: of all.
  std::string sku;
  // What this job did; 0: what people did. Default, not stated: what anybody did.
  absl::optional<int64_t> job_id;
};

bool Matches(const ListingRow& row, const ListingFilter& filter);
bool Matches(const ItemRow& row, const ItemFilter& filter);
// `job.channel` must be set.
bool Matches(const Job& job, const JobFilter& filter);

}  // namespace flxlink

#endif  // FLXLINK_FILTER_H_

// ChannelCounts: a channel in numbers, all read in one transaction.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_CHANNEL_COUNTS_H_
#define FLXLINK_CHANNEL_COUNTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "flxlink/job.h"
#include "flxlink/link_state.h"
#include "flxlink/listing_status.h"

namespace flxlink {

// In the maps, what there is none of has no entry.
struct ChannelCounts {
  // Listing variants.
  int64_t listings = 0;
  std::map<LinkState, int64_t> by_link_state;
  // Unlinked ones by their reason. kNone: they are not live, or no link job has judged them yet.
  std::map<LinkReason, int64_t> unlinked_by_reason;
  // As HealthOf tells it.
  std::map<Health, int64_t> by_health;
  // Of attentions, by their code; a listing variant can have several.
  std::map<std::string, int64_t> by_attention;
  // Listing variants with an attention of any code.
  int64_t with_attention = 0;
  // Those that have something to send.
  int64_t dirty = 0;
  // Those with a push of which the outcome is not known.
  int64_t in_doubt = 0;

  // The channel's items, those among them that are live, and those that are free: no link has them, and no broken one
  // either.
  int64_t items = 0;
  int64_t live_items = 0;
  int64_t unlinked_items = 0;
  int64_t live_unlinked_items = 0;

  // Jobs that are pending, running or held.
  std::map<JobState, int64_t> open_jobs;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_COUNTS_H_

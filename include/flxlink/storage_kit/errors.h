// The errors of storage operations, worded once for all implementations: what is wrong, where, and how to fix it, with
// the problem that callers act on (problem.h). Errors of the database itself (UNAVAILABLE, UNKNOWN, DATA_LOSS …) are
// each implementation's own.
//
// Pure functions, thread-safe.

#ifndef FLXLINK_STORAGE_KIT_ERRORS_H_
#define FLXLINK_STORAGE_KIT_ERRORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/job.h"

namespace flxlink::storage {

// NOT_FOUND.
absl::Status NoSuchChannel(int64_t channel_id);
absl::Status NoSuchChannel(absl::string_view name);
absl::Status NoSuchProduct(int64_t product_id);
absl::Status NoSuchListing(int64_t listing_id);
absl::Status NoSuchSku(const Channel& channel, absl::string_view sku);
absl::Status NoSuchItem(const Channel& channel, absl::string_view item);
absl::Status NoSuchJob(int64_t job_id);

// ALREADY_EXISTS.
absl::Status NameTaken(absl::string_view name);
absl::Status JobExists(int64_t job_id);
absl::Status ChangeMade(const Channel& channel);

// ABORTED.
absl::Status ChannelMoved(const Channel& channel, int64_t expected_revision);
absl::Status QueueMoved(const Channel& channel, int64_t expected_revision);
absl::Status FireMoved(const Channel& channel, absl::string_view schedule);

// FAILED_PRECONDITION.
absl::Status StaleFence(const Fence& fence);
absl::Status ChannelBusy(const Channel& channel, const Slot& slot);
absl::Status PullNotRunning(const Channel& channel, int64_t pull_number);
absl::Status PullNotWhole(const Channel& channel, int64_t pull_number);
absl::Status AlreadyLinked(absl::string_view sku, absl::string_view external_id);
absl::Status NotLinked(absl::string_view sku);
absl::Status ItemNotLive(absl::string_view external_id);
absl::Status OwnerIsDead(OwnerId owner);
absl::Status LinkBaseIsSet(const Channel& channel);
absl::Status NoLinkBase(const Channel& channel);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_ERRORS_H_

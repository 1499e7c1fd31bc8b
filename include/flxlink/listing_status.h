// The S of PQS: whether a listing variant is offered on its channel, and how that relates to the channel's own view.
//
// Plain values.

#ifndef FLXLINK_LISTING_STATUS_H_
#define FLXLINK_LISTING_STATUS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace flxlink {

// What the channel says of one of its items, in flxlink's terms. Adapters translate their platform's words into these.
enum class ChannelStatus : uint8_t {
  kUnknown,  // The channel has no status, or did not say.
  kListed,   // Buyers can see it.
  kHidden,   // It is there, and buyers cannot see it (draft, unpublished).
  kDead,     // It is there and cannot be sold again as it is (archived). Such an item is not live: no rule links it.
};

// Listing health, as shown to people.
enum class Health : uint8_t {
  kNotListed,  // Not on the channel yet: unlinked, or never given a status.
  kListed,
  kHidden,
  kDelisted,  // Taken off by a person; such a listing variant is not live: no rule links it.
  kPaused,    // Its sync is paused by a person, whatever is under it.
};

// A change of health that is decided and not yet acknowledged by the channel.
enum class PendingChange : uint8_t { kNone, kHiding, kUnhiding, kDelisting };

// The stored status of a listing variant. Changed only by initial status, a rules job, a person, or the channel's
// acknowledgement.
struct ListingStatus {
  Health base = Health::kNotListed;  // Never kPaused: pausing keeps what was there.
  PendingChange pending = PendingChange::kNone;
  bool paused = false;

  friend bool operator==(const ListingStatus& a, const ListingStatus& b) {
    return a.base == b.base && a.pending == b.pending && a.paused == b.paused;
  }
};

// kPaused where it is paused, else its base.
Health HealthOf(const ListingStatus& status);

// Whether link rules consider it: everything but delisted.
bool IsLive(const ListingStatus& status);

// What the channel should show: nullopt where flxlink has nothing to say (not listed, delisted).
absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status);

// The status after deciding on `wanted` (kListed or kHidden). Deciding for what already is drops a pending change.
// What is not listed, delisted or being delisted stays as it is, and so does everything for any other `wanted`.
ListingStatus Decide(const ListingStatus& status, ChannelStatus wanted);

// The status after a person states that it is kListed, kHidden or kDelisted; any other `wanted` changes nothing.
//
// Without a link there is nobody to tell: kDelisted takes it out of linking at once, anything else brings it back to
// kNotListed. With one, delisting hides the item and is done when the channel has acknowledged that; what is hidden
// already, or has no status on the channel, is delisted at once. What was delisted comes back hidden, as the channel
// shows it, and is then listed if that is wanted.
ListingStatus StateStatus(const ListingStatus& status, Health wanted, bool linked);

// The status after the channel acknowledged `now`. What is wanted stays wanted: after a late acknowledgement, the
// change that is still to be made is pending.
ListingStatus Acknowledge(const ListingStatus& status, ChannelStatus now);

// "unknown", "listed", "hidden", "dead".
absl::string_view ToString(ChannelStatus status);
// "not_listed", "listed", "hidden", "delisted", "paused".
absl::string_view ToString(Health health);
// The health of that name.
absl::optional<Health> ParseHealth(absl::string_view text);
// "", "hiding", "unhiding", "delisting".
absl::string_view ToString(PendingChange pending);

}  // namespace flxlink

#endif  // FLXLINK_LISTING_STATUS_H_

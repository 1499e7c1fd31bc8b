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
  // The channel's own word is none that the adapter understands; an item that has a field `status` has the word there.
  // Nobody knows what buyers see, and no status is sent over it.
  kNotUnderstood,
};

// Listing health, as shown to people.
enum class Health : uint8_t {
  kNotListed,  // Not on the channel yet: unlinked, or never given a status.
  kListed,
  kHidden,
  kDelisted,  // Taken off by a person; such a listing variant is not live: no rule links it.
  kPaused,    // Its sync is paused by a person, whatever is under it.
  kUnknown,   // The channel shows a status that is not understood.
};

// Whose word a listing variant's status is.
enum class StatusAuthor : uint8_t {
  kChannel,  // Adopted: it follows what the channel shows, and is never sent.
  kRule,     // A status rule's, for as long as one holds; then what was there before returns.
  kPerson,   // A person's, until a person states another.
};

// What becomes of a stated status when somebody changes it on the channel (ChannelConfig::on_status_drift).
enum class StatusDrift : uint8_t {
  // It stays stated; a full sync sends it again. But what a rule showed and somebody then hid on the channel stays
  // hidden.
  kCorrect,
  // The channel's word counts from then on: the status is adopted.
  kAdopt,
};

// A change of health that is decided and not yet acknowledged by the channel.
enum class PendingChange : uint8_t { kNone, kHiding, kUnhiding, kDelisting };

// The stored status of a listing variant. Changed only by initial status, a rules job, a person, what the channel is
// seen to show, or its acknowledgement.
struct ListingStatus {
  // What the channel shows, as far as is known, or what a person took off. Never kPaused: pausing keeps what was there.
  Health base = Health::kNotListed;
  // Of an adopted status: the return to what was there before a rule.
  PendingChange pending = PendingChange::kNone;
  bool paused = false;
  StatusAuthor author = StatusAuthor::kChannel;
  // What returns, kListed or kHidden: of a rule's status when no rule holds any more; of an adopted one that was hidden
  // with its product, which was removed, when the product is there again. Else kUnknown.
  ChannelStatus before = ChannelStatus::kUnknown;
  // A rule showed it, and somebody hid it on the channel since: it stays hidden, until it is shown there, a rule hides
  // it or a person states a status.
  bool kept_hidden = false;

  friend bool operator==(const ListingStatus& a, const ListingStatus& b) {
    return a.base == b.base && a.pending == b.pending && a.paused == b.paused && a.author == b.author &&
           a.before == b.before && a.kept_hidden == b.kept_hidden;
  }
};

// kPaused where it is paused, else its base.
Health HealthOf(const ListingStatus& status);

// Whether link rules consider it: everything but delisted.
bool IsLive(const ListingStatus& status);

// What the channel should show: nullopt where flxlink has nothing to say, since the status is adopted, not understood,
// kept hidden, not listed or delisted.
absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status);

// The same of a listing variant whose product may be removed: then it is to be hidden, whatever is stated, as far as
// flxlink has anything to say.
absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status, bool product_removed);

// What is to change on the channel: `pending`, or the hiding that a removed product wants.
PendingChange PendingOf(const ListingStatus& status, bool product_removed);

// What it shows, as a wish for a product whose items have one status: nullopt where that is neither listed nor hidden.
absl::optional<ChannelStatus> ShownStatus(const ListingStatus& status);

// The status that a new link gives, by what its item shows: adopted. Listed where the channel has no status.
ListingStatus InitialStatus(ChannelStatus seen);

// The status after the first status rule that holds decides on `wanted`, kListed or kHidden; kUnknown: none holds, and
// what was there before a rule returns. What a person stated, what is not understood, not listed or delisted stays as
// it is.
ListingStatus StateByRule(const ListingStatus& status, ChannelStatus wanted);

// The status after a person gives it back to the channel: what that shows is adopted. Nothing that is pending is sent
// any more; what was delisted is as if it had no status.
ListingStatus Adopt(const ListingStatus& status);

// The status once the channel was seen to show `seen`, later than its last acknowledgement. An adopted one follows. A
// stated one that the channel shows otherwise than it had acknowledged has drifted: see StatusDrift; what is dead, not
// understood or has no status counts as no word against it.
ListingStatus FollowChannel(const ListingStatus& status, ChannelStatus seen, StatusDrift on_drift);

// The status after a person states that it is kListed, kHidden or kDelisted; any other `wanted` changes nothing.
//
// Without a link there is nobody to tell: kDelisted takes it out of linking at once, anything else brings it back to
// kNotListed. With one, delisting hides the item and is done when the channel has acknowledged that; what is hidden
// already, or has no status on the channel, is delisted at once. What was delisted comes back hidden, as the channel
// shows it, and is then listed if that is wanted.
ListingStatus StateStatus(const ListingStatus& status, Health wanted, bool linked);

// The status once `sent` is on its way to the channel. Another one than is wanted is sent only for as long as the
// product is removed: what is wanted returns with it, of an adopted status what the channel showed.
ListingStatus Sent(const ListingStatus& status, ChannelStatus sent);

// The status where the product is there and nothing that was sent is in doubt: what is shown as it was before the
// product was removed, or still, has nothing to return to, and follows the channel if it is adopted.
ListingStatus Returned(const ListingStatus& status);

// The status after the channel acknowledged `now`. What is wanted stays wanted: after a late acknowledgement, the
// change that is still to be made is pending.
ListingStatus Acknowledge(const ListingStatus& status, ChannelStatus now);

// "unknown", "listed", "hidden", "dead", "not_understood".
absl::string_view ToString(ChannelStatus status);
// "channel", "rule", "person".
absl::string_view ToString(StatusAuthor author);
// "correct", "adopt".
absl::string_view ToString(StatusDrift drift);
// What ToString gives; nullopt for any other text.
absl::optional<StatusDrift> ParseStatusDrift(absl::string_view text);
// "not_listed", "listed", "hidden", "delisted", "paused", "unknown".
absl::string_view ToString(Health health);
// The health of that name.
absl::optional<Health> ParseHealth(absl::string_view text);
// "", "hiding", "unhiding", "delisting".
absl::string_view ToString(PendingChange pending);

}  // namespace flxlink

#endif  // FLXLINK_LISTING_STATUS_H_

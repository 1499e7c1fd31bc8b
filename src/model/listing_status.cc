#include "flxlink/listing_status.h"

namespace flxlink {
namespace {

// What has to change on the channel where it shows `shown` and should show `wanted`.
PendingChange ChangeBetween(ChannelStatus shown, ChannelStatus wanted) {
  if (shown == wanted) return PendingChange::kNone;
  return wanted == ChannelStatus::kHidden ? PendingChange::kHiding : PendingChange::kUnhiding;
}

bool IsShowable(ChannelStatus status) { return status == ChannelStatus::kListed || status == ChannelStatus::kHidden; }

}  // namespace

Health HealthOf(const ListingStatus& status) { return status.paused ? Health::kPaused : status.base; }

bool IsLive(const ListingStatus& status) { return status.base != Health::kDelisted; }

absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status) {
  if (status.base != Health::kListed && status.base != Health::kHidden) return absl::nullopt;
  switch (status.pending) {
    case PendingChange::kHiding:
    case PendingChange::kDelisting:
      return ChannelStatus::kHidden;
    case PendingChange::kUnhiding:
      return ChannelStatus::kListed;
    case PendingChange::kNone:
      break;
  }
  return status.base == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden;
}

ListingStatus Decide(const ListingStatus& status, ChannelStatus wanted) {
  const bool has_status = status.base == Health::kListed || status.base == Health::kHidden;
  if (!has_status || status.pending == PendingChange::kDelisting || !IsShowable(wanted)) return status;
  const ChannelStatus shown = status.base == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden;
  ListingStatus decided = status;
  decided.pending = ChangeBetween(shown, wanted);
  return decided;
}

ListingStatus StateStatus(const ListingStatus& status, Health wanted, bool linked) {
  if (wanted != Health::kListed && wanted != Health::kHidden && wanted != Health::kDelisted) return status;
  ListingStatus stated = {status.base, PendingChange::kNone, status.paused};
  if (!linked) {
    stated.base = wanted == Health::kDelisted ? Health::kDelisted : Health::kNotListed;
    return stated;
  }
  if (wanted == Health::kDelisted) {
    const bool is_hidden = status.base == Health::kHidden && status.pending == PendingChange::kNone;
    if (is_hidden || status.base == Health::kNotListed || status.base == Health::kDelisted) {
      stated.base = Health::kDelisted;
    } else {
      stated.pending = PendingChange::kDelisting;
    }
    return stated;
  }
  if (status.base == Health::kDelisted) stated.base = Health::kHidden;
  return Decide(stated, wanted == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden);
}

ListingStatus Acknowledge(const ListingStatus& status, ChannelStatus now) {
  if (status.base == Health::kDelisted || !IsShowable(now)) return status;
  ListingStatus acknowledged = status;
  acknowledged.base = now == ChannelStatus::kListed ? Health::kListed : Health::kHidden;
  if (status.pending == PendingChange::kDelisting) {
    if (now == ChannelStatus::kHidden) acknowledged = {Health::kDelisted, PendingChange::kNone, status.paused};
    return acknowledged;
  }
  // An acknowledgement may be of a push from before the last decision: what is wanted stays wanted.
  acknowledged.pending = ChangeBetween(now, DesiredStatus(status).value_or(now));
  return acknowledged;
}

absl::string_view ToString(ChannelStatus status) {
  switch (status) {
    case ChannelStatus::kUnknown:
      return "unknown";
    case ChannelStatus::kListed:
      return "listed";
    case ChannelStatus::kHidden:
      return "hidden";
    case ChannelStatus::kDead:
      return "dead";
  }
  return "";
}

absl::string_view ToString(Health health) {
  switch (health) {
    case Health::kNotListed:
      return "not_listed";
    case Health::kListed:
      return "listed";
    case Health::kHidden:
      return "hidden";
    case Health::kDelisted:
      return "delisted";
    case Health::kPaused:
      return "paused";
  }
  return "";
}

absl::optional<Health> ParseHealth(absl::string_view text) {
  for (const Health health :
       {Health::kNotListed, Health::kListed, Health::kHidden, Health::kDelisted, Health::kPaused}) {
    if (text == ToString(health)) return health;
  }
  return absl::nullopt;
}

absl::string_view ToString(PendingChange pending) {
  switch (pending) {
    case PendingChange::kNone:
      return "";
    case PendingChange::kHiding:
      return "hiding";
    case PendingChange::kUnhiding:
      return "unhiding";
    case PendingChange::kDelisting:
      return "delisting";
  }
  return "";
}

}  // namespace flxlink

#include "flxlink/listing_status.h"

namespace flxlink {
namespace {

// What has to change on the channel where it shows `shown` and should show `wanted`.
PendingChange ChangeBetween(ChannelStatus shown, ChannelStatus wanted) {
  if (shown == wanted) return PendingChange::kNone;
  return wanted == ChannelStatus::kHidden ? PendingChange::kHiding : PendingChange::kUnhiding;
}

bool IsShowable(ChannelStatus status) { return status == ChannelStatus::kListed || status == ChannelStatus::kHidden; }

Health HealthShown(ChannelStatus seen) {
  switch (seen) {
    case ChannelStatus::kHidden:
    case ChannelStatus::kDead:
      return Health::kHidden;
    case ChannelStatus::kNotUnderstood:
      return Health::kUnknown;
    case ChannelStatus::kUnknown:
    case ChannelStatus::kListed:
      break;
  }
  return Health::kListed;
}

// What the status is to come to, whether that can be sent or not.
absl::optional<ChannelStatus> Wanted(const ListingStatus& status) {
  switch (status.pending) {
    case PendingChange::kHiding:
    case PendingChange::kDelisting:
      return ChannelStatus::kHidden;
    case PendingChange::kUnhiding:
      return ChannelStatus::kListed;
    case PendingChange::kNone:
      break;
  }
  if (status.author != StatusAuthor::kChannel) return ShownStatus(status);
  return IsShowable(status.before) ? absl::make_optional(status.before) : absl::nullopt;
}

// The status once the channel shows `seen`: what was wanted before is wanted still.
ListingStatus Showing(const ListingStatus& status, ChannelStatus seen) {
  ListingStatus after = status;
  after.base = HealthShown(seen);
  after.kept_hidden = status.kept_hidden && seen != ChannelStatus::kListed;
  if (status.kept_hidden || status.pending == PendingChange::kDelisting) return after;
  const absl::optional<ChannelStatus> wanted = Wanted(status);
  // Where nobody knows what is shown, what is wanted stays to be sent once it is known.
  after.pending = !wanted.has_value() ? PendingChange::kNone
                                      : ChangeBetween(ShownStatus(after).value_or(ChannelStatus::kUnknown), *wanted);
  return after;
}

// What a status that somebody stated is after the channel showed another than it had acknowledged.
ListingStatus Drifted(const ListingStatus& status, ChannelStatus seen, StatusDrift on_drift) {
  ListingStatus drifted = Showing(status, seen);
  if (on_drift == StatusDrift::kAdopt) return Adopt(drifted);
  if (status.author == StatusAuthor::kRule && seen == ChannelStatus::kHidden) {
    drifted.kept_hidden = true;
    drifted.pending = PendingChange::kNone;
  }
  return drifted;
}

}  // namespace

Health HealthOf(const ListingStatus& status) { return status.paused ? Health::kPaused : status.base; }

bool IsLive(const ListingStatus& status) { return status.base != Health::kDelisted; }

absl::optional<ChannelStatus> ShownStatus(const ListingStatus& status) {
  if (status.base == Health::kListed) return ChannelStatus::kListed;
  if (status.base == Health::kHidden) return ChannelStatus::kHidden;
  return absl::nullopt;
}

absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status) {
  if (!ShownStatus(status).has_value() || status.kept_hidden) return absl::nullopt;
  return Wanted(status);
}

absl::optional<ChannelStatus> DesiredStatus(const ListingStatus& status, bool product_removed) {
  if (!product_removed) return DesiredStatus(status);
  return ShownStatus(status).has_value() ? absl::make_optional(ChannelStatus::kHidden) : absl::nullopt;
}

PendingChange PendingOf(const ListingStatus& status, bool product_removed) {
  if (!product_removed || status.pending == PendingChange::kDelisting) return status.pending;
  return ShownStatus(status) == ChannelStatus::kListed ? PendingChange::kHiding : PendingChange::kNone;
}

ListingStatus InitialStatus(ChannelStatus seen) {
  ListingStatus status;
  status.base = HealthShown(seen);
  return status;
}

ListingStatus StateByRule(const ListingStatus& status, ChannelStatus wanted) {
  const absl::optional<ChannelStatus> shown = ShownStatus(status);
  const bool is_fixed = status.author == StatusAuthor::kPerson || status.pending == PendingChange::kDelisting;
  if (is_fixed || !shown.has_value()) return status;
  ListingStatus stated = status;
  if (!IsShowable(wanted)) {
    if (status.author != StatusAuthor::kRule) return status;
    stated.author = StatusAuthor::kChannel;
    stated.before = ChannelStatus::kUnknown;
    stated.kept_hidden = false;
    const bool returns = IsShowable(status.before) && !status.kept_hidden;
    stated.pending = returns ? ChangeBetween(*shown, status.before) : PendingChange::kNone;
    return stated;
  }
  if (status.author == StatusAuthor::kChannel) stated.before = Wanted(status).value_or(*shown);
  stated.author = StatusAuthor::kRule;
  if (status.kept_hidden && wanted == ChannelStatus::kListed) return stated;
  stated.kept_hidden = false;
  stated.pending = ChangeBetween(*shown, wanted);
  return stated;
}

ListingStatus Adopt(const ListingStatus& status) {
  ListingStatus adopted;
  adopted.base = status.base == Health::kDelisted ? Health::kHidden : status.base;
  adopted.paused = status.paused;
  return adopted;
}

ListingStatus FollowChannel(const ListingStatus& status, ChannelStatus seen, StatusDrift on_drift) {
  if (status.base == Health::kNotListed || status.base == Health::kDelisted) return status;
  if (seen == ChannelStatus::kUnknown) return status;
  const bool is_settled = status.author != StatusAuthor::kChannel && status.pending == PendingChange::kNone;
  const bool has_drifted = is_settled && !status.kept_hidden && IsShowable(seen) && HealthShown(seen) != status.base;
  return has_drifted ? Drifted(status, seen, on_drift) : Showing(status, seen);
}

ListingStatus StateStatus(const ListingStatus& status, Health wanted, bool linked) {
  if (wanted != Health::kListed && wanted != Health::kHidden && wanted != Health::kDelisted) return status;
  ListingStatus stated;
  stated.base = status.base;
  stated.paused = status.paused;
  if (!linked) {
    stated.base = wanted == Health::kDelisted ? Health::kDelisted : Health::kNotListed;
    return stated;
  }
  stated.author = StatusAuthor::kPerson;
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
  const absl::optional<ChannelStatus> shown = ShownStatus(stated);
  if (!shown.has_value()) return status;
  stated.pending = ChangeBetween(*shown, wanted == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden);
  return stated;
}

// What is pending keeps what a person or a rule stated from being taken for drifted before the acknowledgement.
ListingStatus Sent(const ListingStatus& status, ChannelStatus sent) {
  const absl::optional<ChannelStatus> shown = ShownStatus(status);
  if (!shown.has_value() || !IsShowable(sent) || status.kept_hidden) return status;
  const ChannelStatus wanted = Wanted(status).value_or(*shown);
  if (wanted == sent) return status;
  ListingStatus after = status;
  after.pending = wanted == ChannelStatus::kListed ? PendingChange::kUnhiding : PendingChange::kHiding;
  if (status.author == StatusAuthor::kChannel) after.before = wanted;
  return after;
}

ListingStatus Returned(const ListingStatus& status) {
  const absl::optional<ChannelStatus> shown = ShownStatus(status);
  if (!shown.has_value() || status.kept_hidden || status.pending == PendingChange::kDelisting) return status;
  if (Wanted(status).value_or(*shown) != *shown) return status;
  ListingStatus after = status;
  after.pending = PendingChange::kNone;
  if (status.author == StatusAuthor::kChannel) after.before = ChannelStatus::kUnknown;
  return after;
}

ListingStatus Acknowledge(const ListingStatus& status, ChannelStatus now) {
  if (status.base == Health::kDelisted || !IsShowable(now)) return status;
  if (status.pending == PendingChange::kDelisting) {
    ListingStatus acknowledged = status;
    acknowledged.base = now == ChannelStatus::kListed ? Health::kListed : Health::kDelisted;
    if (now == ChannelStatus::kHidden) acknowledged.pending = PendingChange::kNone;
    return acknowledged;
  }
  // An acknowledgement may be of a push from before the last decision: what is wanted stays wanted.
  return Showing(status, now);
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
    case ChannelStatus::kNotUnderstood:
      return "not_understood";
  }
  return "";
}

absl::string_view ToString(StatusAuthor author) {
  switch (author) {
    case StatusAuthor::kChannel:
      return "channel";
    case StatusAuthor::kRule:
      return "rule";
    case StatusAuthor::kPerson:
      return "person";
  }
  return "";
}

absl::string_view ToString(StatusDrift drift) { return drift == StatusDrift::kCorrect ? "correct" : "adopt"; }

absl::optional<StatusDrift> ParseStatusDrift(absl::string_view text) {
  for (const StatusDrift drift : {StatusDrift::kCorrect, StatusDrift::kAdopt}) {
    if (text == ToString(drift)) return drift;
  }
  return absl::nullopt;
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
    case Health::kUnknown:
      return "unknown";
  }
  return "";
}

absl::optional<Health> ParseHealth(absl::string_view text) {
  for (const Health health :
       {Health::kNotListed, Health::kListed, Health::kHidden, Health::kDelisted, Health::kPaused, Health::kUnknown}) {
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

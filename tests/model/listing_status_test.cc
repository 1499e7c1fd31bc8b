#include "flxlink/listing_status.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

constexpr Health kBases[] = {Health::kNotListed, Health::kListed, Health::kHidden, Health::kDelisted};
constexpr PendingChange kChanges[] = {PendingChange::kNone, PendingChange::kHiding, PendingChange::kUnhiding,
                                      PendingChange::kDelisting};
constexpr ChannelStatus kStatuses[] = {ChannelStatus::kUnknown, ChannelStatus::kListed, ChannelStatus::kHidden,
                                       ChannelStatus::kDead};

std::vector<ListingStatus> AllStatuses() {
  std::vector<ListingStatus> all;
  for (const Health base : kBases) {
    for (const PendingChange pending : kChanges) {
      all.push_back({base, pending, false});
      all.push_back({base, pending, true});
    }
  }
  return all;
}

ListingStatus Of(Health base, PendingChange pending = PendingChange::kNone) { return {base, pending, false}; }

std::string Show(const ListingStatus& status) {
  return std::string(ToString(status.base)) + " " + std::string(ToString(status.pending));
}

TEST(ListingStatusTest, PauseHidesWhatIsUnderIt) {
  ListingStatus status = Of(Health::kListed);
  EXPECT_EQ(HealthOf(status), Health::kListed);
  status.paused = true;
  EXPECT_EQ(HealthOf(status), Health::kPaused);
}

TEST(ListingStatusTest, OnlyDelistedIsNotLive) {
  for (const ListingStatus& status : AllStatuses()) EXPECT_EQ(IsLive(status), status.base != Health::kDelisted);
}

TEST(ListingStatusTest, DesiredIsWhatIsPending) {
  EXPECT_EQ(DesiredStatus(Of(Health::kNotListed)), absl::nullopt);
  EXPECT_EQ(DesiredStatus(Of(Health::kDelisted)), absl::nullopt);
  EXPECT_EQ(DesiredStatus(Of(Health::kListed)), ChannelStatus::kListed);
  EXPECT_EQ(DesiredStatus(Of(Health::kHidden)), ChannelStatus::kHidden);
  EXPECT_EQ(DesiredStatus(Of(Health::kListed, PendingChange::kHiding)), ChannelStatus::kHidden);
  EXPECT_EQ(DesiredStatus(Of(Health::kHidden, PendingChange::kUnhiding)), ChannelStatus::kListed);
  EXPECT_EQ(DesiredStatus(Of(Health::kListed, PendingChange::kDelisting)), ChannelStatus::kHidden);
}

TEST(ListingStatusTest, DecidingMakesAChangePending) {
  EXPECT_EQ(Decide(Of(Health::kListed), ChannelStatus::kHidden), Of(Health::kListed, PendingChange::kHiding));
  EXPECT_EQ(Decide(Of(Health::kHidden), ChannelStatus::kListed), Of(Health::kHidden, PendingChange::kUnhiding));
}

TEST(ListingStatusTest, DecidingForWhatIsDropsThePendingChange) {
  EXPECT_EQ(Decide(Of(Health::kListed, PendingChange::kHiding), ChannelStatus::kListed), Of(Health::kListed));
  EXPECT_EQ(Decide(Of(Health::kHidden, PendingChange::kUnhiding), ChannelStatus::kHidden), Of(Health::kHidden));
}

// A rule must not put back on sale what a person takes off it.
TEST(ListingStatusTest, DecidingLeavesDelistingAlone) {
  const ListingStatus delisting = Of(Health::kListed, PendingChange::kDelisting);
  EXPECT_EQ(Decide(delisting, ChannelStatus::kListed), delisting);
  EXPECT_EQ(Decide(Of(Health::kDelisted), ChannelStatus::kListed), Of(Health::kDelisted));
}

TEST(ListingStatusTest, DecidedIsDesiredWhereThereIsAStatusToChange) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const ChannelStatus wanted : kStatuses) {
      const ListingStatus decided = Decide(status, wanted);
      const bool has_status = status.base == Health::kListed || status.base == Health::kHidden;
      const bool showable = wanted == ChannelStatus::kListed || wanted == ChannelStatus::kHidden;
      if (has_status && showable && status.pending != PendingChange::kDelisting) {
        EXPECT_EQ(DesiredStatus(decided), wanted) << Show(status);
        EXPECT_EQ(decided.base, status.base);
      } else {
        EXPECT_EQ(decided, status) << Show(status);
      }
      EXPECT_EQ(Decide(decided, wanted), decided) << Show(status);
      EXPECT_EQ(decided.paused, status.paused);
    }
  }
}

TEST(ListingStatusTest, WhatAPersonStatesComesTrueWithTheAcknowledgement) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const Health wanted : {Health::kListed, Health::kHidden, Health::kDelisted}) {
      ListingStatus stated = StateStatus(status, wanted, true);
      EXPECT_EQ(stated.paused, status.paused);
      EXPECT_EQ(StateStatus(stated, wanted, true), stated) << Show(status);
      if (status.base == Health::kNotListed && wanted != Health::kDelisted) {
        EXPECT_EQ(stated, (ListingStatus{Health::kNotListed, PendingChange::kNone, status.paused})) << Show(status);
        continue;
      }
      if (const absl::optional<ChannelStatus> desired = DesiredStatus(stated); desired.has_value()) {
        EXPECT_EQ(*desired, wanted == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden);
        stated = Acknowledge(stated, *desired);
      }
      EXPECT_EQ(stated, (ListingStatus{wanted, PendingChange::kNone, status.paused})) << Show(status);
    }
  }
}

TEST(ListingStatusTest, WhatIsStatedWithoutALinkHoldsAtOnce) {
  for (const ListingStatus& status : AllStatuses()) {
    EXPECT_EQ(StateStatus(status, Health::kDelisted, false).base, Health::kDelisted);
    EXPECT_EQ(StateStatus(status, Health::kListed, false).base, Health::kNotListed);
    EXPECT_EQ(StateStatus(status, Health::kDelisted, false).pending, PendingChange::kNone);
  }
}

TEST(ListingStatusTest, NobodyStatesNotListedOrPaused) {
  for (const ListingStatus& status : AllStatuses()) {
    EXPECT_EQ(StateStatus(status, Health::kNotListed, true), status);
    EXPECT_EQ(StateStatus(status, Health::kPaused, true), status);
  }
}

// An item that may be shown, since showing it was begun, is hidden before it counts as delisted.
TEST(ListingStatusTest, WhatIsHiddenIsDelistedAtOnceUnlessItIsBeingShown) {
  EXPECT_EQ(StateStatus(Of(Health::kHidden), Health::kDelisted, true), Of(Health::kDelisted));
  EXPECT_EQ(StateStatus(Of(Health::kHidden, PendingChange::kUnhiding), Health::kDelisted, true),
            Of(Health::kHidden, PendingChange::kDelisting));
}

TEST(ListingStatusTest, HealthsAreReadBack) {
  for (const Health health : kBases) EXPECT_EQ(ParseHealth(ToString(health)), health);
  EXPECT_EQ(ParseHealth("paused"), Health::kPaused);
  EXPECT_EQ(ParseHealth("Listed"), absl::nullopt);
}

TEST(ListingStatusTest, AcknowledgementMakesThePendingChange) {
  EXPECT_EQ(Acknowledge(Of(Health::kListed, PendingChange::kHiding), ChannelStatus::kHidden), Of(Health::kHidden));
  EXPECT_EQ(Acknowledge(Of(Health::kHidden, PendingChange::kUnhiding), ChannelStatus::kListed), Of(Health::kListed));
  EXPECT_EQ(Acknowledge(Of(Health::kListed, PendingChange::kDelisting), ChannelStatus::kHidden), Of(Health::kDelisted));
}

TEST(ListingStatusTest, FirstAcknowledgementIsTheInitialStatus) {
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kListed), Of(Health::kListed));
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kHidden), Of(Health::kHidden));
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kUnknown), ListingStatus());
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kDead), ListingStatus());
}

// A push of "hidden" was under way while a person decided to keep it listed: its acknowledgement must not undo the
// decision.
TEST(ListingStatusTest, LateAcknowledgementKeepsTheDecision) {
  const ListingStatus hiding = Decide(Of(Health::kListed), ChannelStatus::kHidden);
  const ListingStatus kept = Decide(hiding, ChannelStatus::kListed);
  EXPECT_EQ(Acknowledge(kept, ChannelStatus::kHidden), Of(Health::kHidden, PendingChange::kUnhiding));
}

TEST(ListingStatusTest, AcknowledgementNeverChangesWhatIsDesired) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const ChannelStatus now : kStatuses) {
      const ListingStatus acknowledged = Acknowledge(status, now);
      EXPECT_EQ(acknowledged.paused, status.paused);
      EXPECT_EQ(Acknowledge(acknowledged, now), acknowledged) << Show(status);
      const absl::optional<ChannelStatus> desired = DesiredStatus(status);
      if (desired.has_value() && acknowledged.base != Health::kDelisted) {
        EXPECT_EQ(DesiredStatus(acknowledged), desired) << Show(status) << ", " << ToString(now);
      }
    }
  }
}

TEST(ListingStatusTest, HasNames) {
  EXPECT_EQ(ToString(ChannelStatus::kUnknown), "unknown");
  EXPECT_EQ(ToString(ChannelStatus::kListed), "listed");
  EXPECT_EQ(ToString(ChannelStatus::kHidden), "hidden");
  EXPECT_EQ(ToString(ChannelStatus::kDead), "dead");
  EXPECT_EQ(ToString(Health::kNotListed), "not_listed");
  EXPECT_EQ(ToString(Health::kListed), "listed");
  EXPECT_EQ(ToString(Health::kHidden), "hidden");
  EXPECT_EQ(ToString(Health::kDelisted), "delisted");
  EXPECT_EQ(ToString(Health::kPaused), "paused");
  EXPECT_EQ(ToString(PendingChange::kNone), "");
  EXPECT_EQ(ToString(PendingChange::kHiding), "hiding");
  EXPECT_EQ(ToString(PendingChange::kUnhiding), "unhiding");
  EXPECT_EQ(ToString(PendingChange::kDelisting), "delisting");
}

}  // namespace
}  // namespace flxlink::model

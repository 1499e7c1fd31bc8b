#include "flxlink/listing_status.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

constexpr Health kBases[] = {Health::kNotListed, Health::kListed, Health::kHidden, Health::kDelisted, Health::kUnknown};
constexpr PendingChange kChanges[] = {PendingChange::kNone, PendingChange::kHiding, PendingChange::kUnhiding,
                                      PendingChange::kDelisting};
constexpr ChannelStatus kStatuses[] = {ChannelStatus::kUnknown, ChannelStatus::kListed, ChannelStatus::kHidden,
                                       ChannelStatus::kDead, ChannelStatus::kNotUnderstood};
constexpr StatusAuthor kAuthors[] = {StatusAuthor::kChannel, StatusAuthor::kRule, StatusAuthor::kPerson};

// Those that can come about, and some that cannot.
std::vector<ListingStatus> AllStatuses() {
  std::vector<ListingStatus> all;
  for (const Health base : kBases) {
    for (const PendingChange pending : kChanges) {
      for (const StatusAuthor author : kAuthors) {
        const ChannelStatus before = author == StatusAuthor::kRule ? ChannelStatus::kListed : ChannelStatus::kUnknown;
        all.push_back({base, pending, false, author, before, false});
        all.push_back({base, pending, true, author, before, false});
      }
    }
  }
  all.push_back({Health::kHidden, PendingChange::kNone, false, StatusAuthor::kRule, ChannelStatus::kHidden, true});
  return all;
}

// As the channel shows it.
ListingStatus Adopted(Health base) { return {base, PendingChange::kNone, false}; }

// As a person stated it.
ListingStatus Of(Health base, PendingChange pending = PendingChange::kNone) {
  return {base, pending, false, StatusAuthor::kPerson};
}

ListingStatus ByRule(Health base, PendingChange pending, ChannelStatus before) {
  return {base, pending, false, StatusAuthor::kRule, before};
}

ListingStatus KeptHidden(ChannelStatus before) {
  return {Health::kHidden, PendingChange::kNone, false, StatusAuthor::kRule, before, true};
}

ListingStatus Following(const ListingStatus& status, ChannelStatus seen) {
  return FollowChannel(status, seen, StatusDrift::kCorrect);
}

bool IsShowable(ChannelStatus status) { return status == ChannelStatus::kListed || status == ChannelStatus::kHidden; }

std::string Show(const ListingStatus& status) {
  return absl::StrCat(ToString(status.base), " ", ToString(status.pending), " by ", ToString(status.author),
                      status.kept_hidden ? ", kept hidden" : "");
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

TEST(ListingStatusTest, WhatIsAdoptedIsNeverSent) {
  for (const Health base : kBases) EXPECT_EQ(DesiredStatus(Adopted(base)), absl::nullopt) << ToString(base);
}

TEST(ListingStatusTest, NothingIsSentOverWhatIsNotUnderstood) {
  for (const ListingStatus& status : AllStatuses()) {
    EXPECT_EQ(DesiredStatus(Following(status, ChannelStatus::kNotUnderstood)).has_value(), false) << Show(status);
  }
}

TEST(ListingStatusTest, InitialStatusIsAdopted) {
  EXPECT_EQ(InitialStatus(ChannelStatus::kListed), Adopted(Health::kListed));
  EXPECT_EQ(InitialStatus(ChannelStatus::kHidden), Adopted(Health::kHidden));
  EXPECT_EQ(InitialStatus(ChannelStatus::kUnknown), Adopted(Health::kListed));
  EXPECT_EQ(InitialStatus(ChannelStatus::kNotUnderstood), Adopted(Health::kUnknown));
}

TEST(ListingStatusTest, AdoptedFollowsTheChannel) {
  for (const Health base : {Health::kListed, Health::kHidden, Health::kUnknown}) {
    EXPECT_EQ(Following(Adopted(base), ChannelStatus::kListed), Adopted(Health::kListed));
    EXPECT_EQ(Following(Adopted(base), ChannelStatus::kHidden), Adopted(Health::kHidden));
    EXPECT_EQ(Following(Adopted(base), ChannelStatus::kDead), Adopted(Health::kHidden));
    EXPECT_EQ(Following(Adopted(base), ChannelStatus::kNotUnderstood), Adopted(Health::kUnknown));
    EXPECT_EQ(Following(Adopted(base), ChannelStatus::kUnknown), Adopted(base));
  }
}

TEST(ListingStatusTest, ARulesStatusLastsWhileOneHolds) {
  for (const Health before : {Health::kListed, Health::kHidden}) {
    const ListingStatus adopted = Adopted(before);
    for (const ChannelStatus wanted : {ChannelStatus::kListed, ChannelStatus::kHidden}) {
      ListingStatus stated = StateByRule(adopted, wanted);
      EXPECT_EQ(stated.author, StatusAuthor::kRule);
      EXPECT_EQ(DesiredStatus(stated), wanted);
      EXPECT_EQ(StateByRule(stated, wanted), stated);
      stated = Acknowledge(stated, wanted);
      EXPECT_EQ(DesiredStatus(stated), wanted);
      ListingStatus returning = StateByRule(stated, ChannelStatus::kUnknown);
      EXPECT_EQ(returning.author, StatusAuthor::kChannel);
      if (const absl::optional<ChannelStatus> back = DesiredStatus(returning); back.has_value()) {
        returning = Acknowledge(returning, *back);
      }
      EXPECT_EQ(returning, adopted) << ToString(before) << ", " << ToString(wanted);
      EXPECT_EQ(StateByRule(adopted, ChannelStatus::kUnknown), adopted);
    }
  }
}

// Hidden by one rule and then shown by another, the status from before both is what returns.
TEST(ListingStatusTest, WhatReturnsIsFromBeforeTheFirstRule) {
  const ListingStatus hidden =
      Acknowledge(StateByRule(Adopted(Health::kListed), ChannelStatus::kHidden), ChannelStatus::kHidden);
  EXPECT_EQ(StateByRule(hidden, ChannelStatus::kListed),
            ByRule(Health::kHidden, PendingChange::kUnhiding, ChannelStatus::kListed));
  const ListingStatus returning = StateByRule(hidden, ChannelStatus::kUnknown);
  EXPECT_EQ(StateByRule(returning, ChannelStatus::kHidden), hidden) << "a rule holds again before it was shown";
}

TEST(ListingStatusTest, NoRuleChangesWhatAPersonStated) {
  for (const ListingStatus& status : AllStatuses()) {
    if (status.author != StatusAuthor::kPerson) continue;
    for (const ChannelStatus wanted : kStatuses) EXPECT_EQ(StateByRule(status, wanted), status) << Show(status);
  }
}

// A rule must not put back on sale what a person takes off it.
TEST(ListingStatusTest, NoRuleChangesWhatIsDelistedOrHasNoStatus) {
  for (const ListingStatus& status : AllStatuses()) {
    if (ShownStatus(status).has_value() && status.pending != PendingChange::kDelisting) continue;
    for (const ChannelStatus wanted : kStatuses) EXPECT_EQ(StateByRule(status, wanted), status) << Show(status);
  }
}

TEST(ListingStatusTest, WhatAPersonStatedIsCorrectedWhereTheChannelDrifts) {
  const ListingStatus drifted = Following(Of(Health::kListed), ChannelStatus::kHidden);
  EXPECT_EQ(drifted, Of(Health::kHidden, PendingChange::kUnhiding));
  EXPECT_EQ(Following(drifted, ChannelStatus::kListed), Of(Health::kListed));
  EXPECT_EQ(Following(Of(Health::kHidden), ChannelStatus::kListed), Of(Health::kListed, PendingChange::kHiding));
}

TEST(ListingStatusTest, OfARulesStatusesOnlyHidingIsCorrected) {
  const ListingStatus shown = ByRule(Health::kListed, PendingChange::kNone, ChannelStatus::kHidden);
  const ListingStatus kept = Following(shown, ChannelStatus::kHidden);
  EXPECT_EQ(kept, KeptHidden(ChannelStatus::kHidden));
  EXPECT_EQ(DesiredStatus(kept), absl::nullopt);
  EXPECT_EQ(StateByRule(kept, ChannelStatus::kListed), kept) << "the rule holds still, and does not show it again";
  EXPECT_EQ(StateByRule(kept, ChannelStatus::kUnknown), Adopted(Health::kHidden));
  EXPECT_EQ(Following(kept, ChannelStatus::kListed), shown);
  EXPECT_EQ(StateByRule(kept, ChannelStatus::kHidden),
            ByRule(Health::kHidden, PendingChange::kNone, ChannelStatus::kHidden));
  EXPECT_EQ(StateStatus(kept, Health::kListed, true), Of(Health::kHidden, PendingChange::kUnhiding));

  const ListingStatus hidden = ByRule(Health::kHidden, PendingChange::kNone, ChannelStatus::kListed);
  EXPECT_EQ(Following(hidden, ChannelStatus::kListed),
            ByRule(Health::kListed, PendingChange::kHiding, ChannelStatus::kListed));
}

// What was stated and not sent yet is no drift: the channel shows what it showed before.
TEST(ListingStatusTest, WhatWasNotSentYetDoesNotDrift) {
  const ListingStatus showing = ByRule(Health::kHidden, PendingChange::kUnhiding, ChannelStatus::kHidden);
  EXPECT_EQ(Following(showing, ChannelStatus::kHidden), showing);
}

TEST(ListingStatusTest, DriftIsAdoptedWhereTheChannelSaysSo) {
  for (const StatusAuthor author : {StatusAuthor::kRule, StatusAuthor::kPerson}) {
    const ListingStatus stated = {Health::kListed, PendingChange::kNone, true, author, ChannelStatus::kUnknown};
    EXPECT_EQ(FollowChannel(stated, ChannelStatus::kHidden, StatusDrift::kAdopt),
              (ListingStatus{Health::kHidden, PendingChange::kNone, true}));
    EXPECT_EQ(FollowChannel(stated, ChannelStatus::kListed, StatusDrift::kAdopt), stated);
  }
}

// What is dead or not understood says nothing against what was stated: that holds again once it is shown.
TEST(ListingStatusTest, WhatWasStatedOutlastsAnotherWord) {
  for (const ChannelStatus word : {ChannelStatus::kDead, ChannelStatus::kNotUnderstood}) {
    for (const StatusDrift drift : {StatusDrift::kCorrect, StatusDrift::kAdopt}) {
      const ListingStatus other = FollowChannel(Of(Health::kListed), word, drift);
      EXPECT_EQ(FollowChannel(other, ChannelStatus::kListed, drift), Of(Health::kListed));
      EXPECT_EQ(FollowChannel(other, ChannelStatus::kHidden, drift), Of(Health::kHidden, PendingChange::kUnhiding));
    }
  }
}

TEST(ListingStatusTest, WhatIsSeenNeverChangesWhatIsDesiredButByDrift) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const ChannelStatus seen : kStatuses) {
      const ListingStatus after = Following(status, seen);
      EXPECT_EQ(after.paused, status.paused);
      EXPECT_EQ(after.author, status.author) << Show(status);
      EXPECT_EQ(Following(after, seen), after) << Show(status) << ", " << ToString(seen);
      const absl::optional<ChannelStatus> desired = DesiredStatus(status);
      if (!desired.has_value() || !IsShowable(seen) || after.kept_hidden) continue;
      const bool has_returned = status.author == StatusAuthor::kChannel && seen == *desired;
      if (has_returned) continue;
      EXPECT_EQ(DesiredStatus(after), desired) << Show(status) << ", " << ToString(seen);
    }
  }
}

TEST(ListingStatusTest, WhatIsGivenBackIsAdopted) {
  EXPECT_EQ(Adopt(Of(Health::kHidden, PendingChange::kUnhiding)), Adopted(Health::kHidden));
  EXPECT_EQ(Adopt(ByRule(Health::kListed, PendingChange::kHiding, ChannelStatus::kListed)), Adopted(Health::kListed));
  EXPECT_EQ(Adopt(KeptHidden(ChannelStatus::kHidden)), Adopted(Health::kHidden));
}

TEST(ListingStatusTest, WhatAPersonStatesComesTrueWithTheAcknowledgement) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const Health wanted : {Health::kListed, Health::kHidden, Health::kDelisted}) {
      ListingStatus stated = StateStatus(status, wanted, true);
      EXPECT_EQ(stated.paused, status.paused);
      EXPECT_EQ(StateStatus(stated, wanted, true), stated) << Show(status);
      const bool has_no_status = status.base == Health::kNotListed || status.base == Health::kUnknown;
      if (has_no_status && wanted != Health::kDelisted) {
        EXPECT_EQ(stated, status) << Show(status);
        continue;
      }
      if (const absl::optional<ChannelStatus> desired = DesiredStatus(stated); desired.has_value()) {
        EXPECT_EQ(*desired, wanted == Health::kListed ? ChannelStatus::kListed : ChannelStatus::kHidden);
        stated = Acknowledge(stated, *desired);
      }
      if (status.base == Health::kUnknown) continue;
      EXPECT_EQ(stated, (ListingStatus{wanted, PendingChange::kNone, status.paused, StatusAuthor::kPerson}))
          << Show(status);
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
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kListed), Adopted(Health::kListed));
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kHidden), Adopted(Health::kHidden));
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kUnknown), ListingStatus());
  EXPECT_EQ(Acknowledge({}, ChannelStatus::kDead), ListingStatus());
}

// A push of "hidden" was under way while a person decided to keep it listed: its acknowledgement must not undo the
// decision.
TEST(ListingStatusTest, LateAcknowledgementKeepsTheDecision) {
  const ListingStatus hiding = StateStatus(Of(Health::kListed), Health::kHidden, true);
  const ListingStatus kept = StateStatus(hiding, Health::kListed, true);
  EXPECT_EQ(Acknowledge(kept, ChannelStatus::kHidden), Of(Health::kHidden, PendingChange::kUnhiding));
}

TEST(ListingStatusTest, AcknowledgementNeverChangesWhatIsDesired) {
  for (const ListingStatus& status : AllStatuses()) {
    for (const ChannelStatus now : kStatuses) {
      const ListingStatus acknowledged = Acknowledge(status, now);
      EXPECT_EQ(acknowledged.paused, status.paused);
      EXPECT_EQ(Acknowledge(acknowledged, now), acknowledged) << Show(status);
      const absl::optional<ChannelStatus> desired = DesiredStatus(status);
      const bool has_returned = status.author == StatusAuthor::kChannel && now == desired;
      if (desired.has_value() && acknowledged.base != Health::kDelisted && !has_returned) {
        EXPECT_EQ(DesiredStatus(acknowledged), desired) << Show(status) << ", " << ToString(now);
      }
    }
  }
}

TEST(ListingStatusTest, OfARemovedProductItIsHiddenWhateverIsStated) {
  for (const ListingStatus& status : AllStatuses()) {
    EXPECT_EQ(DesiredStatus(status, false), DesiredStatus(status));
    EXPECT_EQ(PendingOf(status, false), status.pending);
    const bool is_shown = ShownStatus(status).has_value();
    EXPECT_EQ(DesiredStatus(status, true), is_shown ? absl::make_optional(ChannelStatus::kHidden) : absl::nullopt)
        << Show(status);
  }
  EXPECT_EQ(PendingOf(Adopted(Health::kListed), true), PendingChange::kHiding);
  EXPECT_EQ(PendingOf(Of(Health::kHidden, PendingChange::kUnhiding), true), PendingChange::kNone);
  EXPECT_EQ(PendingOf(Of(Health::kListed, PendingChange::kDelisting), true), PendingChange::kDelisting);
}

// Removed, hidden, there again, and shown again if it was: in whatever order the channel's answer comes.
TEST(ListingStatusTest, WhatWasThereReturnsWithTheProduct) {
  for (const StatusAuthor author : {StatusAuthor::kChannel, StatusAuthor::kRule, StatusAuthor::kPerson}) {
    const ListingStatus before = {Health::kListed, PendingChange::kNone, false, author};
    const ListingStatus sent = Sent(before, ChannelStatus::kHidden);
    for (const ListingStatus& hidden :
         {Acknowledge(sent, ChannelStatus::kHidden), FollowChannel(sent, ChannelStatus::kHidden, StatusDrift::kCorrect),
          Acknowledge(Returned(Acknowledge(sent, ChannelStatus::kHidden)), ChannelStatus::kHidden)}) {
      EXPECT_EQ(hidden.base, Health::kHidden);
      EXPECT_EQ(DesiredStatus(hidden), ChannelStatus::kListed) << Show(hidden);
      EXPECT_EQ(Returned(Acknowledge(hidden, ChannelStatus::kListed)), before) << Show(hidden);
    }
    // It was never hidden.
    EXPECT_EQ(Returned(sent), before);
  }
}

TEST(ListingStatusTest, WhatIsWantedIsSentWithoutATrace) {
  for (const ListingStatus& status : AllStatuses()) {
    const absl::optional<ChannelStatus> desired = DesiredStatus(status);
    if (desired.has_value()) {
      EXPECT_EQ(Sent(status, *desired), status) << Show(status);
    }
    EXPECT_EQ(Returned(Returned(status)), Returned(status)) << Show(status);
  }
  EXPECT_EQ(Sent(Adopted(Health::kHidden), ChannelStatus::kHidden), Adopted(Health::kHidden));
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

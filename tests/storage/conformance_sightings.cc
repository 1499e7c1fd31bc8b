// Conformance: what follows for a link from what a pull or a fetch sees of its item: its status and values, and whether
// it is still the same product. See "Doubtful links" and "Sighted values" in flxlink/storage_kit/rules.h.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

ListingEdit OnlyKind(ListingEdit::Kind kind) {
  ListingEdit edit;
  edit.kind = kind;
  return edit;
}

ListingEdit Stated(Health status) {
  ListingEdit edit = OnlyKind(ListingEdit::Kind::kSetStatus);
  edit.status = status;
  return edit;
}

ChannelConfig RuledConfig() {
  ChannelConfig config = NamedConfig("shop");
  config.link_priority = {{"sku", "sku"}, {"upc", "barcode", {Normalizer::kGtin}}};
  return config;
}

void SetConfig(Shop& shop, const ChannelConfig& config) {
  const Channel channel = shop.channel();
  ASSERT_EQ(shop.storage().WriteChannel(channel.channel_id, channel.revision, config, absl::nullopt, false),
            absl::OkStatus());
}

PulledItem Item(const std::string& sku, ChannelStatus status = ChannelStatus::kListed, std::vector<Field> more = {}) {
  more.insert(more.begin(), {"sku", sku});
  return {"X1", 100, 10, status, "P", more};
}

// S1, which is linked to X1 by the first rule and was synced.
void StockRuled(Shop& shop) {
  SetConfig(shop, RuledConfig());
  shop.Stock({{"K1", "S1", 100, 10, "", {{"upc", "036000291452"}}}});
  shop.Pull({Item("S1")}, At(1));
  shop.Link("S1", "X1", At(2));
  shop.Clean("S1");
}

// A fetch that sees X1 so.
PullWriteResult See(Shop& shop, const PulledItem& item, absl::Time at, bool own_ids = false) {
  FetchReply reply;
  reply.items = ToPage({item}).items;
  reply.items.own_ids = own_ids;
  return Value(shop.storage().WriteFetched(shop.fence(), reply, at));
}

std::vector<std::string> Codes(const std::vector<Problem>& attentions) {
  std::vector<std::string> codes;
  for (const Problem& attention : attentions) codes.push_back(attention.code);
  return codes;
}

std::vector<std::string> AttentionsOf(Shop& shop) { return Codes(shop.Listing("S1").attentions); }

using Texts = std::vector<std::string>;
const Texts kNone;
const Texts kDoubtful = {"link_doubtful"};

}  // namespace

// -- Statuses

TEST_P(StorageConformance, AnAdoptedStatusFollowsTheChannel) {
  Shop shop(under_test());
  StockRuled(shop);
  See(shop, Item("S1", ChannelStatus::kHidden), At(20));
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kHidden));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.status, ChannelStatus::kHidden) << "nobody is told what it shows itself";
  EXPECT_TRUE(shop.DirtySkus().empty());
  See(shop, Item("S1", ChannelStatus::kListed), At(21));
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kListed));
}

TEST_P(StorageConformance, AStatedStatusStaysAndShowsWhatTheChannelDoes) {
  Shop shop(under_test());
  StockRuled(shop);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kListed)), absl::OkStatus());
  shop.Clean("S1");
  See(shop, Item("S1", ChannelStatus::kHidden), At(20));
  const ListingStatus drifted = shop.Listing("S1").status;
  EXPECT_EQ(drifted.base, Health::kHidden);
  EXPECT_EQ(drifted.author, StatusAuthor::kPerson);
  EXPECT_EQ(DesiredStatus(drifted), ChannelStatus::kListed);
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.status, ChannelStatus::kListed);
  EXPECT_TRUE(shop.DirtySkus().empty()) << "a full sync corrects it, no pull";
}

TEST_P(StorageConformance, ADriftedStatusIsAdoptedWhereTheChannelSaysSo) {
  Shop shop(under_test());
  StockRuled(shop);
  ChannelConfig config = RuledConfig();
  config.on_status_drift = StatusDrift::kAdopt;
  SetConfig(shop, config);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kListed)), absl::OkStatus());
  shop.Clean("S1");
  See(shop, Item("S1", ChannelStatus::kHidden), At(20));
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kHidden));
}

TEST_P(StorageConformance, WhatARuleShowedAndSomebodyHidStaysHidden) {
  Shop shop(under_test());
  StockRuled(shop);
  const SyncRow link = shop.LinkRow("S1");
  const StatusWrite show = {link.listing_id, link.status, StateByRule(link.status, ChannelStatus::kListed)};
  ASSERT_EQ(Value(shop.storage().WriteStatuses(shop.fence(), {show}, At(10))), 1);
  shop.Clean("S1");
  const PullWriteResult seen = See(shop, Item("S1", ChannelStatus::kHidden), At(20));
  ASSERT_EQ(seen.raised.size(), 1u);
  EXPECT_EQ(seen.raised[0].sku, "S1");
  EXPECT_EQ(seen.raised[0].external_id, "X1");
  EXPECT_EQ(seen.raised[0].attention.code, problem_code::kHiddenOnChannel);
  EXPECT_TRUE(shop.Listing("S1").status.kept_hidden);
  EXPECT_EQ(AttentionsOf(shop), (Texts{"hidden_on_channel"}));
  EXPECT_TRUE(See(shop, Item("S1", ChannelStatus::kHidden), At(21)).raised.empty()) << "said once";
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kListed)), absl::OkStatus());
  EXPECT_EQ(AttentionsOf(shop), kNone);
  EXPECT_EQ(DesiredStatus(shop.Listing("S1").status), ChannelStatus::kListed);
}

TEST_P(StorageConformance, AStatusThatIsNotUnderstoodIsAttentionUntilItIs) {
  Shop shop(under_test());
  StockRuled(shop);
  const PullWriteResult seen = See(shop, Item("S1", ChannelStatus::kNotUnderstood, {{"status", "unlisted"}}), At(20));
  ASSERT_EQ(seen.raised.size(), 1u);
  EXPECT_EQ(FieldValue(seen.raised[0].attention.args, "status"), "unlisted");
  EXPECT_EQ(HealthOf(shop.Listing("S1").status), Health::kUnknown);
  shop.Clean("S1");
  EXPECT_EQ(AttentionsOf(shop), (Texts{"status_not_understood"})) << "no settlement ends it";
  const PullWriteResult after = See(shop, Item("S1"), At(21));
  ASSERT_EQ(after.cleared.size(), 1u);
  EXPECT_EQ(after.cleared[0].attention.code, problem_code::kStatusNotUnderstood);
  EXPECT_EQ(AttentionsOf(shop), kNone);
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kListed));
}

TEST_P(StorageConformance, ANewLinkToWhatIsNotUnderstoodHasTheAttention) {
  Shop shop(under_test());
  SetConfig(shop, RuledConfig());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({Item("S1", ChannelStatus::kNotUnderstood, {{"status", "Entwurf"}})}, At(1));
  shop.Link("S1", "X1", At(2));
  EXPECT_EQ(AttentionsOf(shop), (Texts{"status_not_understood"}));
}

TEST_P(StorageConformance, AnArchivedItemIsAttentionAndNotListed) {
  Shop shop(under_test());
  StockRuled(shop);
  See(shop, Item("S1", ChannelStatus::kDead), At(20));
  EXPECT_EQ(AttentionsOf(shop), (Texts{"item_dead"}));
  EXPECT_EQ(HealthOf(shop.Listing("S1").status), Health::kHidden);
  See(shop, Item("S1"), At(21));
  EXPECT_EQ(AttentionsOf(shop), kNone);
  EXPECT_EQ(HealthOf(shop.Listing("S1").status), Health::kListed);
}

// A page that was read before what was acknowledged tells nothing of the status.
TEST_P(StorageConformance, WhatWasSeenBeforeTheLastAcknowledgementIsNotFollowed) {
  Shop shop(under_test());
  StockRuled(shop);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kHidden)), absl::OkStatus());
  SettlementBatch batch;
  batch.rows.push_back(Applied(shop.LinkRow("S1"), {100, 10, ChannelStatus::kHidden}));
  ASSERT_EQ(shop.storage().WriteSettlements(shop.fence(), batch, At(30)).status(), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", OnlyKind(ListingEdit::Kind::kAdoptStatus)), absl::OkStatus());
  See(shop, Item("S1", ChannelStatus::kListed), At(25));
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kHidden));
  See(shop, Item("S1", ChannelStatus::kListed), At(31));
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kListed));
}

TEST_P(StorageConformance, AStatusThatIsGivenBackIsAdoptedAndNotSent) {
  Shop shop(under_test());
  StockRuled(shop);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kHidden)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", OnlyKind(ListingEdit::Kind::kAdoptStatus)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, InitialStatus(ChannelStatus::kListed));
}

// -- Values

TEST_P(StorageConformance, WhatIsKnownFollowsUntilSomethingWasSettled) {
  Shop shop(under_test());
  SetConfig(shop, RuledConfig());
  shop.Stock({{"K1", "S1", 100, 10}});
  shop.Pull({Item("S1")}, At(1));
  shop.Link("S1", "X1", At(2));
  PulledItem other = Item("S1");
  other.price = 55;
  other.quantity = kAbsent;
  See(shop, other, At(20));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{55, kAbsent, ChannelStatus::kListed}));
  shop.Clean("S1");
  other.price = 66;
  See(shop, other, At(21));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.price, 55) << "from here on that is drift";
}

// -- Doubt

TEST_P(StorageConformance, ALinkWhoseItemHasOtherKeysIsDoubtful) {
  Shop shop(under_test());
  StockRuled(shop);
  const PullWriteResult seen = See(shop, Item("NEW-7"), At(20));
  EXPECT_EQ(seen.doubtful, 1);
  ASSERT_EQ(Codes({seen.raised.at(0).attention}), kDoubtful);
  EXPECT_EQ(FieldValue(seen.raised[0].attention.args, "listing_key"), "S1");
  EXPECT_EQ(FieldValue(seen.raised[0].attention.args, "channel_key"), "NEW-7");
  EXPECT_TRUE(shop.Listing("S1").doubtful);
  EXPECT_TRUE(shop.LinkRow("S1").doubtful);
  EXPECT_EQ(shop.DirtySkus(), Texts{"S1"}) << "a push that was planned before does not go out";
  shop.Clean("S1");
  EXPECT_EQ(AttentionsOf(shop), kDoubtful) << "no settlement ends it";
  EXPECT_EQ(See(shop, Item("NEW-7"), At(21)).doubtful, 0) << "told once";

  const PullWriteResult back = See(shop, Item("S1"), At(22));
  EXPECT_EQ(back.agreed, 1);
  EXPECT_FALSE(shop.LinkRow("S1").doubtful);
  EXPECT_EQ(AttentionsOf(shop), kNone);
  EXPECT_EQ(shop.DirtySkus(), Texts{"S1"});
}

TEST_P(StorageConformance, APairThatAnyRuleFindsEqualAgrees) {
  Shop shop(under_test());
  StockRuled(shop);
  EXPECT_EQ(See(shop, Item("NEW-7", ChannelStatus::kListed, {{"barcode", "0036000291452"}}), At(20)).doubtful, 0);
  EXPECT_FALSE(shop.Listing("S1").doubtful);
}

TEST_P(StorageConformance, KeysThatAreMissingSayNothing) {
  Shop shop(under_test());
  StockRuled(shop);
  EXPECT_EQ(See(shop, Item(""), At(20)).doubtful, 0);
  EXPECT_EQ(See(shop, Item("NEW-7"), At(21)).doubtful, 1);
  EXPECT_EQ(See(shop, Item(""), At(22)).agreed, 0) << "nor do they end a doubt";
  EXPECT_TRUE(shop.Listing("S1").doubtful);
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
}

TEST_P(StorageConformance, AChangeOnTheMerchantsSideMakesNoDoubt) {
  Shop shop(under_test());
  StockRuled(shop);
  shop.Stock({{"K1", "S1", 100, 10, "", {{"upc", "4006381333931"}}}}, At(15));
  PulledItem other = Item("S1");
  other.fields.push_back({"title", "another title"});
  EXPECT_EQ(See(shop, other, At(20)).doubtful, 0);
}

TEST_P(StorageConformance, WhatAPersonMadeIsDoubtedOnlyWhereIdsAreUsedAgain) {
  for (const bool own_ids : {true, false}) {
    Shop shop(under_test(), own_ids ? "own" : "text");
    ChannelConfig config = RuledConfig();
    config.name = own_ids ? "own" : "text";
    SetConfig(shop, config);
    shop.Stock({{own_ids ? "K1" : "K2", "S1"}});
    shop.Pull({Item("S1")}, At(1));
    ListingEdit link = OnlyKind(ListingEdit::Kind::kLink);
    link.external_id = "X1";
    ASSERT_EQ(shop.Edit("S1", link), absl::OkStatus());
    EXPECT_EQ(See(shop, Item("NEW-7"), At(20), own_ids).doubtful, own_ids ? 0 : 1);
  }
}

TEST_P(StorageConformance, AConfirmedLinkIsNotDoubtful) {
  Shop shop(under_test());
  StockRuled(shop);
  See(shop, Item("NEW-7"), At(20));
  shop.Clean("S1");
  ASSERT_EQ(shop.Edit("S1", OnlyKind(ListingEdit::Kind::kConfirm)), absl::OkStatus());
  EXPECT_FALSE(shop.Listing("S1").doubtful);
  EXPECT_TRUE(shop.Listing("S1").by_hand);
  EXPECT_EQ(AttentionsOf(shop), kNone);
  EXPECT_EQ(shop.DirtySkus(), Texts{"S1"}) << "what waited goes out";
  EXPECT_EQ(See(shop, Item("NEW-7"), At(21)).doubtful, 0);
  EXPECT_EQ(See(shop, Item("NEW-8"), At(22)).doubtful, 1) << "another product once more";
}

TEST_P(StorageConformance, OnlyALinkCanBeConfirmed) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  const absl::Status confirmed = shop.Edit("S1", OnlyKind(ListingEdit::Kind::kConfirm));
  EXPECT_EQ(confirmed.code(), kFailedPrecondition);
  EXPECT_EQ(ProblemFrom(confirmed).code, problem_code::kNotLinked);
}

TEST_P(StorageConformance, DoubtfulLinksAreReleased) {
  Shop shop(under_test());
  StockRuled(shop);
  EXPECT_EQ(shop.ReleaseDoubtful(At(10)), 0);
  See(shop, Item("NEW-7"), At(20));
  EXPECT_EQ(shop.ReleaseDoubtful(At(21)), 1);
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kUnlinked);
  EXPECT_FALSE(row.doubtful);
  EXPECT_TRUE(row.attentions.empty());
  EXPECT_EQ(shop.History("S1").back().kind, LinkEvent::Kind::kReleased);
  EXPECT_TRUE(Value(shop.storage().ReadHandUnlinks(shop.channel_id(), {}, 10)).empty());
  EXPECT_EQ(shop.ReleaseDoubtful(At(22)), 0);
}

TEST_P(StorageConformance, ThatADoubtfulLinkIsDissolvedIsHeld) {
  Shop shop(under_test());
  StockRuled(shop);
  const LinkPair link = {shop.ListingId("S1"), shop.ItemId("X1")};
  EXPECT_TRUE(Value(shop.storage().HoldUnlinks(shop.fence(), {link}, At(10))).empty()) << "it is not doubtful";
  See(shop, Item("NEW-7"), At(20));
  std::vector<DoubtfulLink> doubtful = Value(shop.storage().ReadDoubtfulLinks(shop.channel_id(), 0, 10));
  ASSERT_EQ(doubtful.size(), 1u);
  EXPECT_EQ(doubtful[0].link.listing_id, link.listing_id);
  EXPECT_EQ(doubtful[0].link.channel_variant_id, link.channel_variant_id);
  EXPECT_EQ(doubtful[0].unlink, absl::nullopt);
  EXPECT_TRUE(Value(shop.storage().ReadDoubtfulLinks(shop.channel_id(), link.listing_id, 10)).empty());

  const LinkPair other = {link.listing_id, link.channel_variant_id + 1};
  const std::vector<SightedAttention> raised =
      Value(shop.storage().HoldUnlinks(shop.fence(), {other, link, {999, 1}}, At(21)));
  ASSERT_EQ(raised.size(), 1u);
  EXPECT_EQ(raised[0].sku, "S1");
  EXPECT_EQ(raised[0].external_id, "X1");
  EXPECT_EQ(raised[0].attention.code, problem_code::kUnlinkHeld);
  EXPECT_EQ(AttentionsOf(shop), (Texts{"link_doubtful", "unlink_held"}));
  doubtful = Value(shop.storage().ReadDoubtfulLinks(shop.channel_id(), 0, 10));
  EXPECT_EQ(doubtful.at(0).unlink, HeldChange::State::kHeld);
  EXPECT_TRUE(Value(shop.storage().HoldUnlinks(shop.fence(), {link}, At(22))).empty()) << "it is held already";

  HeldSelection selection;
  selection.job_id = shop.fence().job_id;
  EXPECT_EQ(
      Value(shop.storage().DecideHeldChanges(shop.channel_id(), selection, HeldChange::State::kRefused, 10, At(23))),
      1);
  doubtful = Value(shop.storage().ReadDoubtfulLinks(shop.channel_id(), 0, 10));
  EXPECT_EQ(doubtful.at(0).unlink, HeldChange::State::kRefused);
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
}

TEST_P(StorageConformance, WhatIsHeldOfADoubtEndsWithIt) {
  Shop shop(under_test());
  StockRuled(shop);
  const LinkPair link = {shop.ListingId("S1"), shop.ItemId("X1")};
  const auto hold = [&](const std::string& sku, absl::Time at) {
    See(shop, Item(sku), at);
    ASSERT_EQ(Value(shop.storage().HoldUnlinks(shop.fence(), {link}, at)).size(), 1u);
  };
  const auto expect_over = [&](const Texts& attentions) {
    EXPECT_TRUE(Value(shop.storage().ReadHeldChanges(shop.channel_id(), shop.fence().job_id, 0, 10)).empty());
    EXPECT_TRUE(Value(shop.storage().ReadDoubtfulLinks(shop.channel_id(), 0, 10)).empty());
    EXPECT_EQ(AttentionsOf(shop), attentions);
  };
  hold("NEW-7", At(20));
  See(shop, Item("S1"), At(21));
  expect_over(kNone);
  hold("NEW-8", At(22));
  ASSERT_EQ(shop.Edit("S1", OnlyKind(ListingEdit::Kind::kConfirm)), absl::OkStatus());
  expect_over(kNone);
  hold("NEW-9", At(24));
  See(shop, Item("NEW-10"), At(25));
  EXPECT_TRUE(Value(shop.storage().ReadHeldChanges(shop.channel_id(), shop.fence().job_id, 0, 10)).empty())
      << "it is another doubt";
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
  ASSERT_EQ(Value(shop.storage().HoldUnlinks(shop.fence(), {link}, At(25))).size(), 1u);
  shop.Pull({}, At(25));
  expect_over({"item_gone"});
}

TEST_P(StorageConformance, ReleasedLinksCountAsTheJobSays) {
  Shop shop(under_test());
  StockRuled(shop);
  See(shop, Item("NEW-7"), At(20));
  ChangeCounts changes;
  changes[ChangeKind::kUnlink] = 1;
  const LinkPair link = {shop.ListingId("S1"), shop.ItemId("X1")};
  EXPECT_EQ(Value(shop.storage().ReleaseLinks(shop.fence(), {link}, changes, At(21))), 1);
  EXPECT_EQ(Value(shop.storage().ReadChangeCounts(shop.channel_id(), At(0))), changes);
}

// Deleted in the shop, and its id used again a day later.
TEST_P(StorageConformance, ABrokenLinkThatReturnsAsAnotherIsDoubtful) {
  Shop shop(under_test());
  StockRuled(shop);
  shop.Pull({}, At(10));
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  const PullWriteResult seen = See(shop, Item("NEW-7"), At(20));
  EXPECT_EQ(seen.healed, 1);
  EXPECT_EQ(seen.doubtful, 1);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
}

TEST_P(StorageConformance, ABrokenLinkThatReturnsWithoutKeysIsDoubtful) {
  Shop shop(under_test());
  StockRuled(shop);
  shop.Pull({}, At(10));
  EXPECT_EQ(See(shop, Item(""), At(20)).doubtful, 1);
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
}

TEST_P(StorageConformance, ABrokenLinkThatReturnsAsItWasIsNot) {
  Shop shop(under_test());
  StockRuled(shop);
  shop.Pull({}, At(10));
  EXPECT_EQ(See(shop, Item("S1"), At(20)).doubtful, 0);
  EXPECT_EQ(AttentionsOf(shop), kNone);
}

TEST_P(StorageConformance, ADoubtfulLinkThatBreaksIsDoubtfulWhenItReturns) {
  Shop shop(under_test());
  StockRuled(shop);
  See(shop, Item("NEW-7"), At(20));
  shop.Pull({}, At(21));
  EXPECT_EQ(AttentionsOf(shop), Texts{"item_gone"});
  See(shop, Item("NEW-7"), At(22));
  EXPECT_TRUE(shop.Listing("S1").doubtful);
  EXPECT_EQ(AttentionsOf(shop), kDoubtful);
}

}  // namespace flxlink

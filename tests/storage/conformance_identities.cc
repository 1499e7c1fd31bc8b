// Conformance: what items are, where an external id can come to name another item.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "flxlink/storage_kit/rules.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

// The items X1, X2 …, each with its identity.
PullPage PageWith(const std::vector<std::string>& identities) {
  std::vector<PulledItem> rows;
  for (size_t i = 1; i <= identities.size(); ++i) rows.push_back({"X" + std::to_string(i), 100, 10});
  PullPage page = ToPage(rows);
  for (const std::string& identity : identities) page.items.identity.Add(identity);
  return page;
}

PullWriteResult PullIdentities(Shop& shop, const std::vector<std::string>& identities, absl::Time at) {
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  return Value(shop.storage().WritePulledPages(shop.fence(), pull, {PageWith(identities)}, at));
}

std::vector<std::string> IdentitiesOfItems(Shop& shop) {
  std::vector<std::string> identities;
  for (const ItemRow& row : Value(shop.storage().ReadItems(shop.channel_id(), {}, 0, 10))) {
    identities.push_back(row.identity);
  }
  return identities;
}

LinkState StateOf(Shop& shop, const std::string& sku) { return shop.Listing(sku).link_state; }

// The link of S1 was broken at `at`, by another item under its id.
void ExpectReplaced(Shop& shop, const std::string& linked, const std::string& seen, absl::Time at) {
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kBroken);
  EXPECT_FALSE(row.dirty);
  EXPECT_EQ(row.attentions, std::vector<Problem>{storage::ItemReplaced("X1", linked, seen)});
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kBroken);
  EXPECT_EQ(last.external_id, "X1");
  EXPECT_EQ(last.job_id, shop.fence().job_id);
  EXPECT_EQ(last.at, at);
}

}  // namespace

TEST_P(StorageConformance, ItemsHaveTheIdentityThatWasLastSaid) {
  Shop shop(under_test());
  PullIdentities(shop, {"A", ""}, At(1));
  EXPECT_EQ(IdentitiesOfItems(shop), (std::vector<std::string>{"A", ""}));
  PullIdentities(shop, {"", "B"}, At(2));
  EXPECT_EQ(IdentitiesOfItems(shop), (std::vector<std::string>{"A", "B"})) << "not said is no other identity";
  shop.Pull({{"X1"}, {"X2"}}, At(3));
  EXPECT_EQ(IdentitiesOfItems(shop), (std::vector<std::string>{"A", "B"}));
  PullIdentities(shop, {"a", "B"}, At(4));
  EXPECT_EQ(IdentitiesOfItems(shop), (std::vector<std::string>{"a", "B"})) << "compared as it is";
}

TEST_P(StorageConformance, AnotherItemUnderTheIdBreaksTheLinkUntilItsOwnIsBack) {
  Shop shop(under_test());
  PullIdentities(shop, {"A", "A"}, At(1));
  shop.StockAndLink(2);
  PullIdentities(shop, {"A", "A"}, At(4));
  shop.Clean("S1");
  shop.Clean("S2");

  const PullWriteResult other = PullIdentities(shop, {"B", "A"}, At(5));
  EXPECT_EQ(other.broken, 1);
  EXPECT_EQ(other.gone, 0);
  EXPECT_EQ(other.unchanged, 2);
  ExpectReplaced(shop, "A", "B", At(5));
  EXPECT_TRUE(shop.IsLiveItem("X1")) << "there is an item";
  EXPECT_EQ(StateOf(shop, "S2"), LinkState::kLinked);
  EXPECT_TRUE(shop.DirtySkus().empty());

  for (const char* identity : {"B", ""}) {
    const PullWriteResult again = PullIdentities(shop, {identity, "A"}, At(6));
    EXPECT_EQ(again.broken + again.healed, 0) << identity;
    ExpectReplaced(shop, "A", "B", At(5));
  }
  EXPECT_EQ(PullIdentities(shop, {"C", "A"}, At(7)).broken, 0) << "it was broken before";
  ExpectReplaced(shop, "A", "C", At(5));

  const PullWriteResult own = PullIdentities(shop, {"A", "A"}, At(8));
  EXPECT_EQ(own.healed, 1);
  EXPECT_EQ(own.broken, 0);
  const ListingRow healed = shop.Listing("S1");
  EXPECT_EQ(healed.link_state, LinkState::kLinked);
  EXPECT_TRUE(healed.attentions.empty());
  EXPECT_TRUE(healed.dirty);
  EXPECT_EQ(shop.History("S1").back().kind, LinkEvent::Kind::kHealed);
}

TEST_P(StorageConformance, AnItemThatComesBackAsAnotherHealsNothing) {
  Shop shop(under_test());
  PullIdentities(shop, {"A"}, At(1));
  shop.StockAndLink(1);
  PullIdentities(shop, {"A"}, At(4));
  shop.Pull({}, At(5));
  shop.ExpectBroken("S1", "X1", At(5));

  const PullWriteResult other = PullIdentities(shop, {"B"}, At(6));
  EXPECT_EQ(other.healed + other.broken, 0);
  EXPECT_EQ(other.changed, 1) << "it is there again";
  ExpectReplaced(shop, "A", "B", At(5));

  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Value(storage().CountAbsentLinks(shop.channel_id(), pull)), 0) << "there is none to break";
  const SweepResult swept = Value(storage().SweepAbsent(shop.fence(), pull, 10, At(7)));
  EXPECT_EQ(swept.gone, 1);
  EXPECT_EQ(swept.broken, 0);
  EXPECT_EQ(shop.Listing("S1").attentions, std::vector<Problem>{storage::ItemGone("X1")}) << "the other one went, too";
  EXPECT_EQ(shop.History("S1").back().at, At(5));

  EXPECT_EQ(PullIdentities(shop, {"A"}, At(8)).healed, 1);
  EXPECT_EQ(StateOf(shop, "S1"), LinkState::kLinked);
}

TEST_P(StorageConformance, ALinkWithoutIdentityTakesTheFirstThatItsItemGets) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  EXPECT_EQ(PullIdentities(shop, {"A"}, At(5)).broken, 0);
  EXPECT_EQ(StateOf(shop, "S1"), LinkState::kLinked);
  EXPECT_TRUE(shop.DirtySkus().empty()) << "nothing is new to it";
  EXPECT_EQ(PullIdentities(shop, {"B"}, At(6)).broken, 1);
  ExpectReplaced(shop, "A", "B", At(6));
}

TEST_P(StorageConformance, ALinkThatIsMadeAnewIsToTheItemThatIsThere) {
  Shop shop(under_test());
  PullIdentities(shop, {"A"}, At(1));
  shop.StockAndLink(1);
  PullIdentities(shop, {"B"}, At(5));
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(PullIdentities(shop, {"B"}, At(6)).broken, 0);
  EXPECT_EQ(StateOf(shop, "S1"), LinkState::kLinked);
  EXPECT_EQ(PullIdentities(shop, {"A"}, At(7)).broken, 1);
  ExpectReplaced(shop, "B", "A", At(7));

  EXPECT_EQ(shop.ReleaseBroken(At(8)), 1);
  shop.Link("S1", "X1");
  EXPECT_EQ(PullIdentities(shop, {"A"}, At(9)).broken, 0);
  EXPECT_EQ(StateOf(shop, "S1"), LinkState::kLinked);
}

TEST_P(StorageConformance, AFetchTellsIdentities) {
  Shop shop(under_test());
  PullIdentities(shop, {"A"}, At(1));
  shop.StockAndLink(1);
  FetchReply reply;
  reply.items = PageWith({"B"}).items;
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(5))).broken, 1);
  ExpectReplaced(shop, "A", "B", At(5));
  const std::string once = StoreText(storage());
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(5))).broken, 0);
  EXPECT_EQ(StoreText(storage()), once) << "a repeat";
  reply.items = PageWith({"A"}).items;
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(4))).healed, 0) << "older than what is known";
  EXPECT_EQ(StoreText(storage()), once);
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(6))).healed, 1);
}

TEST_P(StorageConformance, AnotherIdentityOfAFreeItemBreaksNothing) {
  Shop shop(under_test());
  PullIdentities(shop, {"A"}, At(1));
  EXPECT_EQ(PullIdentities(shop, {"B"}, At(2)).broken, 0);
  EXPECT_TRUE(shop.IsLiveItem("X1"));
}

TEST_P(LinkIndexConformance, BothSidesOfALinkThatAnotherItemBreaksOrItsOwnHealsHaveChanged) {
  Shop shop(under_test());
  PullIdentities(shop, {"A"}, At(1));
  shop.StockAndLink(1);
  for (const char* identity : {"B", "A"}) {
    ASSERT_EQ(shop.index().SetLinkBase(shop.fence(), identity), absl::OkStatus());
    ASSERT_FALSE(Value(shop.index().ForgetLinkChanges(shop.fence(), shop.channel().edit_version, 100)));
    PullIdentities(shop, {identity}, At(5));
    for (const LinkSide side : {LinkSide::kListing, LinkSide::kChannel}) {
      EXPECT_EQ(Value(shop.index().ReadLinkChanges(shop.channel_id(), side, {}, 0, 10)).size(), 1) << identity;
    }
  }
}

}  // namespace flxlink

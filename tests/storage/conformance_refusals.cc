// Conformance: what a channel refused is tried again once the channel's own side has changed.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

using Refused = RareVector<RefusedValue>;

const Problem kNoPrice = {"rejected", {{"field", "price"}}, "price: no"};
const Problem kNoTitle = {"rejected", {{"field", "title"}}, "title: no"};
const Problem kNoPair = {"too_odd", {}, "neither of the two"};
const Problem kOther = {"currency_mismatch", {}, "of nothing that was refused"};

const RefusedValue kPrice = {"price", 1, kNoPrice};
const RefusedValue kTitle = {"title", 2, kNoTitle};
const RefusedValue kStatus = {"status", 3, kNoPair};
const RefusedValue kCompareAtPrice = {"compare_at_price", 3, kNoPair};

const PulledItem kItem = {"X1", 100, 10, ChannelStatus::kListed, "", {{"sku", "X1"}, {"title", "old"}}};

// The link S1, of an item last seen as kItem, and clean.
void StockItem(Shop& shop) {
  shop.StockAndSync(1);
  shop.Pull({kItem}, At(3));
}

// The channel refused this of S1, which is clean with it and has these attentions.
void Refuse(Shop& shop, Refused refused, std::vector<Problem> attentions) {
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].mask = {};
  batch.rows[0].refused = std::move(refused);
  batch.rows[0].attentions = 0;
  batch.attentions = {std::move(attentions)};
  Value(shop.storage().WriteSettlements(shop.fence(), batch, At(4)));
  EXPECT_TRUE(shop.DirtySkus().empty());
}

// The item is seen as `item`, with what is fixed of it.
void See(Shop& shop, const PulledItem& item, RareVector<FixedField> fixed = {}, absl::Time at = At(5)) {
  PullPage page = ToPage({item});
  page.items.fixed = {std::move(fixed)};
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  Value(shop.storage().WritePulledPages(shop.fence(), pull, {page}, at));
}

struct State {
  Refused refused;
  std::vector<Problem> attentions;
  bool dirty = false;
};

State StateOf(Shop& shop) {
  const ListingRow listing = shop.Listing("S1");
  return {shop.LinkRow("S1").refused, listing.attentions, listing.dirty};
}

}  // namespace

TEST_P(StorageConformance, ARefusalEndsWithTheValueThatWasSeenOfItsField) {
  Shop shop(under_test());
  StockItem(shop);
  Refuse(shop, {kPrice}, {kNoPrice});
  const int64_t version = shop.LinkRow("S1").dirty_version;
  PulledItem seen = kItem;
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "nothing is new";
  seen.quantity = 4;
  seen.fields[1].value = "new";
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "other fields are";
  EXPECT_EQ(StateOf(shop).attentions, std::vector<Problem>{kNoPrice});
  EXPECT_FALSE(StateOf(shop).dirty);

  seen.price = 101;
  See(shop, seen);
  EXPECT_TRUE(StateOf(shop).refused.empty());
  EXPECT_TRUE(StateOf(shop).attentions.empty());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1);
  See(shop, seen);
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1) << "once a change";

  Refuse(shop, {kPrice}, {kNoPrice});
  seen.price = kAbsent;
  See(shop, seen);
  EXPECT_TRUE(StateOf(shop).dirty) << "a value that is shown no more is another";
}

TEST_P(StorageConformance, OtherRefusalsOfALinkStand) {
  Shop shop(under_test());
  StockItem(shop);
  Refuse(shop, {kPrice, kStatus, kTitle, kCompareAtPrice}, {kOther, kNoPrice, kNoPair});
  PulledItem seen = kItem;
  seen.fields[1].value = "new";
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, (Refused{kPrice, kStatus, kCompareAtPrice}));
  EXPECT_EQ(StateOf(shop).attentions, (std::vector<Problem>{kOther, kNoPrice, kNoPair})) << "the title's was not there";
  EXPECT_TRUE(StateOf(shop).dirty);

  Refuse(shop, {kPrice, kStatus, kTitle, kCompareAtPrice}, {kOther, kNoPrice, kNoPair});
  seen.status = ChannelStatus::kHidden;
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, (Refused{kPrice, kTitle})) << "what was refused together ends together";
  EXPECT_EQ(StateOf(shop).attentions, (std::vector<Problem>{kOther, kNoPrice}));

  Refuse(shop, {kPrice, kTitle}, {kOther, kNoPrice});
  seen.price = 99;
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, Refused{kTitle});
  EXPECT_EQ(StateOf(shop).attentions, (std::vector<Problem>{kOther, kNoTitle})) << "it had the code for both";

  Refuse(shop, {{"title", 2, kNoPair}, {"price", 4, kNoPair}}, {kNoPair});
  seen.price = 98;
  See(shop, seen);
  EXPECT_EQ(StateOf(shop).refused, (Refused{{"title", 2, kNoPair}}));
  EXPECT_EQ(StateOf(shop).attentions, std::vector<Problem>{kNoPair}) << "it is the title's as well";
}

TEST_P(StorageConformance, ARefusalEndsWithTheReasonWhyItsFieldWasFixed) {
  Shop shop(under_test());
  StockItem(shop);
  const FixedField no_title = {"title", FixedReason::kKeptByParent};
  const FixedField no_price = {"price", FixedReason::kMadeOfOthers};
  See(shop, kItem, {no_title});
  Refuse(shop, {kPrice, kTitle}, {kNoPrice});
  const int64_t version = shop.LinkRow("S1").dirty_version;
  See(shop, kItem, {no_title, no_price});
  EXPECT_EQ(StateOf(shop).refused, Refused{kTitle});
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1) << "one change, one mark";
  Refuse(shop, {kPrice, kTitle}, {kNoPrice});
  See(shop, kItem, {{"title", FixedReason::kMadeOfOthers}, no_price});
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "another reason";
  Refuse(shop, {kPrice, kTitle}, {kNoPrice});
  See(shop, kItem, {no_price});
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "no reason any more";
}

TEST_P(StorageConformance, AFetchEndsARefusalAndALateSightingDoesNot) {
  Shop shop(under_test());
  StockItem(shop);
  Refuse(shop, {kPrice}, {kNoPrice});
  PulledItem seen = kItem;
  seen.price = 101;
  FetchReply reply;
  reply.items = ToPage({seen}).items;
  reply.age = absl::Seconds(7);
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "something later is known";
  reply.age = absl::ZeroDuration();
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_TRUE(StateOf(shop).refused.empty());
  EXPECT_TRUE(StateOf(shop).dirty);
}

// It may be another by now; what the refusal was for cannot be told.
TEST_P(StorageConformance, AnItemThatCannotBeReadEndsItsRefusals) {
  Shop shop(under_test());
  StockItem(shop);
  Refuse(shop, {kPrice}, {kNoPrice});
  const std::string item = shop.Listing("S1").external_id;
  FetchReply reply;
  reply.items = ToPage({kItem}).items;
  reply.problems = {{item, MakeProblem("status_disagrees", {}, "two rows disagree")}};
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(StateOf(shop).refused, Refused{kPrice}) << "it was read, though there is a problem with it";
  reply.items = ChannelVariantBatch();
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_TRUE(StateOf(shop).refused.empty());
  EXPECT_TRUE(StateOf(shop).attentions.empty());
  EXPECT_TRUE(StateOf(shop).dirty);
}

TEST_P(StorageConformance, RefusalsOfABrokenLinkEndToo) {
  Shop shop(under_test());
  StockItem(shop);
  Refuse(shop, {kPrice, kTitle}, {kNoPrice});
  shop.Pull({}, At(5));
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  PulledItem seen = kItem;
  seen.price = 101;
  See(shop, seen, {}, At(6));
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(StateOf(shop).refused, Refused{kTitle});
  EXPECT_TRUE(StateOf(shop).attentions.empty());
}

}  // namespace flxlink

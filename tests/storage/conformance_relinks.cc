// Conformance: what was read, sent or found of a link touches no other link that its listing variant has by then.

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"
#include "tests/support/open_pushes.h"

namespace flxlink {
namespace {

// S1 is linked to X1, and then by hand to X2. Returns its link of before.
SyncRow Relink(Shop& shop) {
  shop.StockAndSync(1);
  shop.Pull({{"X1", 100, 10}, {"X2", 700, 70}});
  const SyncRow before = shop.LinkRow("S1");
  EXPECT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  EXPECT_NE(shop.LinkRow("S1").channel_variant_id, before.channel_variant_id);
  return before;
}

// The link as a careless caller could name it: today's version with the item of before.
SyncRow OldItemToday(Shop& shop, const SyncRow& before) {
  SyncRow link = shop.LinkRow("S1");
  link.channel_variant_id = before.channel_variant_id;
  return link;
}

SettlementBatch Batch(const Settlement& row) {
  SettlementBatch batch;
  batch.rows = {row};
  return batch;
}

}  // namespace

TEST_P(StorageConformance, LinkIsReadWithItsChannelVariant) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  EXPECT_EQ(shop.LinkRow("S2").channel_variant_id, shop.ItemId("X2"));
  EXPECT_EQ(Value(storage().ReadLinks(shop.channel_id(), 0, 10)).rows.at(1).channel_variant_id, shop.ItemId("X2"));
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 1)).rows.at(0).channel_variant_id, shop.ItemId("X1"));
}

TEST_P(StorageConformance, SettlementOfAnotherItemChangesNothing) {
  Shop shop(under_test());
  const SyncRow before = Relink(shop);
  Settlement gone = Applied(OldItemToday(shop, before), {});
  gone.gone = true;
  const std::string text = StoreText(storage());
  for (const Settlement& row : {Applied(before, {1, 2, ChannelStatus::kHidden}),
                                Applied(OldItemToday(shop, before), {1, 2, ChannelStatus::kHidden}), gone}) {
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Batch(row), At(9)).status(), absl::OkStatus());
    EXPECT_EQ(StoreText(storage()), text);
  }
}

TEST_P(StorageConformance, SettlementOfAnotherItemLeavesABrokenLinkAlone) {
  Shop shop(under_test());
  const SyncRow before = Relink(shop);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(1, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const SyncRow today = OldItemToday(shop, before);
  shop.Pull({{"X1", 100, 10}});  // Breaks the link to X2, which is in doubt.
  SettlementBatch batch = Batch(Applied(today, {}));
  const std::string text = StoreText(storage());
  EXPECT_EQ(storage().WriteSettlements(shop.fence(), batch, At(9)).status(), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), text);
}

TEST_P(StorageConformance, ReconciliationAndForceOfAnotherItemChangeNothing) {
  Shop shop(under_test());
  const SyncRow before = Relink(shop);
  Reconciliation found = Found(before);
  found.acknowledged = {1, 2, ChannelStatus::kHidden};
  found.guard_quantity = true;
  const std::string text = StoreText(storage());
  EXPECT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(9)), absl::OkStatus());
  EXPECT_EQ(storage().ForceLinks(shop.fence(), {PairOf(before)}, At(9)), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), text);
}

TEST_P(StorageConformance, PushToAnotherItemIsLeftOut) {
  Shop shop(under_test());
  const SyncRow before = Relink(shop);
  SyncRow today = before;
  today.dirty_version = shop.LinkRow("S1").dirty_version;
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), Push(1, {today}))), std::vector<int64_t>{before.listing_id});
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
}

}  // namespace flxlink

// Conformance: what fetches of named items found.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;

FetchReply Found(const std::vector<PulledItem>& rows) {
  FetchReply reply;
  reply.items = ToPage(rows).items;
  return reply;
}

FetchReply Missing(const std::vector<std::string>& external_ids) {
  FetchReply reply;
  reply.missing = external_ids;
  return reply;
}

}  // namespace

TEST_P(StorageConformance, FetchedItemsAreWrittenAsThoseOfAPage) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(2));  // Breaks S3.
  const PullState before = shop.channel().pull;
  FetchReply reply = Found({{"X9", 9, 9, ChannelStatus::kHidden, "P", {{"sku", "s"}}},
                            {"X1", 5, 6},
                            {"X2", 7, 8, ChannelStatus::kListed, "P"},
                            {"X3", 1, 1}});
  for (const char* handle : {"h9", "h1", "h2", "h3"}) reply.items.handle.Add(handle);
  const PullWriteResult result = Value(storage().WriteFetched(shop.fence(), reply, At(9)));
  EXPECT_EQ(result.pages, 1);
  EXPECT_EQ(result.inserted, 1);
  EXPECT_EQ(result.changed, 2) << "a parent, and one that is back";
  EXPECT_EQ(result.unchanged, 1);
  EXPECT_EQ(result.healed, 1);
  EXPECT_EQ(result.gone + result.broken, 0);

  const SyncBatch links = Value(storage().ReadLinksBySku(shop.channel_id(), {"S1"}));
  ASSERT_EQ(links.size(), 1);
  EXPECT_EQ(links.rows[0].seen, (ItemValues{5, 6, ChannelStatus::kListed}));
  EXPECT_EQ(links.rows[0].seen_at, At(9));
  EXPECT_EQ(links.handle[0], "h1");
  EXPECT_FALSE(links.rows[0].dirty) << "drift is found by comparing";
  EXPECT_TRUE(shop.IsLiveItem("X9"));
  const LinkEvent last = shop.History("S3").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kHealed);
  EXPECT_EQ(last.at, At(9));
  EXPECT_TRUE(shop.Listing("S3").dirty);

  const PullState after = shop.channel().pull;
  EXPECT_EQ(after.pull_number, before.pull_number);
  EXPECT_EQ(after.running, before.running);
  EXPECT_EQ(after.complete_pulls, before.complete_pulls) << "a few items are not the channel";
  EXPECT_EQ(after.completed_at, before.completed_at);
}

TEST_P(StorageConformance, FetchedItemsOfAChannelThatWasNeverPulledAreThere) {
  Shop shop(under_test());
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), Found({{"X1"}, {"X2"}}), At(1))).inserted, 2);
  EXPECT_TRUE(shop.IsLiveItem("X1"));
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1"}})}, At(2)));
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(3))).gone, 1) << "this pull did not see it";
  EXPECT_FALSE(shop.IsLiveItem("X2"));
}

TEST_P(StorageConformance, WhatAFetchFoundCountsAsSeenByThePullThatRuns) {
  Shop shop(under_test());
  shop.StockAndSync(4);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 100, 10}}, "page 2")}, At(5)));
  FetchReply reply =
      Found({{"X2", 100, 10}, {"X9", 9, 9}, {"X3", 1, 1, ChannelStatus::kListed, std::string(1001, 'p')}});
  reply.problems = {{"X4", {"code", {}, "message"}}};
  const PullWriteResult result = Value(storage().WriteFetched(shop.fence(), reply, At(6)));
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].row, 2);
  EXPECT_EQ(result.unnamed, 0);
  EXPECT_EQ(shop.channel().pull.cursor, "page 2") << "the pull goes on where it was";
  EXPECT_EQ(shop.channel().pull.cursor_at, At(5));
  EXPECT_FALSE(shop.channel().pull.saw_unnamed);
  EXPECT_EQ(Value(storage().CountAbsentLinks(shop.channel_id(), pull)), 0);
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(7))).gone, 0);
  for (const char* item : {"X1", "X2", "X3", "X4", "X9"}) EXPECT_TRUE(shop.IsLiveItem(item)) << item;
  EXPECT_EQ(shop.LinkRow("S3").seen.price, 100) << "as before";
  EXPECT_EQ(shop.LinkRow("S4").seen_at, At(1)) << "as before";
}

TEST_P(StorageConformance, MissingItemsAreGoneAndTheirLinksBroken) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10}});
  const PullWriteResult result =
      Value(storage().WriteFetched(shop.fence(), Missing({"X2", "nobody", "", "X3", "X2"}), At(6)));
  EXPECT_EQ(result.gone, 2);
  EXPECT_EQ(result.broken, 1);
  shop.ExpectBroken("S2", "X2", At(6));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_FALSE(shop.IsLiveItem("X3"));
  EXPECT_TRUE(shop.IsLiveItem("X1"));
}

TEST_P(StorageConformance, WhatIsGoneAlreadyIsNotLostOnceMore) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({});
  const std::string before = StoreText(storage());
  const PullWriteResult result = Value(storage().WriteFetched(shop.fence(), Missing({"X1"}), At(6)));
  EXPECT_EQ(result.gone + result.broken, 0);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, AnItemThatWasFoundIsNotMissing) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  FetchReply reply = Found({{"X1", 100, 10}});
  reply.problems = {{"X2", {"code", {}, "message"}}};
  reply.missing = {"X1", "X2"};
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(6))).gone, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kLinked);
}

// Whatever it was, the pull that runs may not have seen it either.
TEST_P(StorageConformance, AFetchedItemWithoutANameIsRememberedByAPullThatRuns) {
  Shop shop(under_test());
  FetchReply reply;
  reply.problems = {{"", {"code", {}, "message"}}};
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(1))).unnamed, 1);
  EXPECT_FALSE(shop.channel().pull.saw_unnamed) << "no pull runs";
  Value(storage().BeginPull(shop.fence(), ""));
  Value(storage().WriteFetched(shop.fence(), reply, At(2)));
  EXPECT_TRUE(shop.channel().pull.saw_unnamed);
}

TEST_P(StorageConformance, WrongFetchesAreRefusedWhole) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const std::string before = StoreText(storage());
  std::vector<FetchReply> wrong(4, Found({{"X1", 5, 5}, {"X2", 5, 5}}));
  wrong[0].items.price.pop_back();
  wrong[1].items.handle.Add("one of two");
  wrong[2].problems.resize(static_cast<size_t>(kMax) + 1);
  wrong[3].missing.resize(static_cast<size_t>(kMax) + 1);
  for (size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(Code(storage().WriteFetched(shop.fence(), wrong[i], At(5))), kInvalidArgument) << i;
  }
  EXPECT_EQ(StoreText(storage()), before);
}

}  // namespace flxlink

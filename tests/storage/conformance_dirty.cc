// Conformance: what is dirty, and links as a sync reads them.

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;

std::vector<std::string> Skus(const SyncBatch& batch) {
  std::vector<std::string> skus;
  for (int64_t i = 0; i < batch.size(); ++i) skus.emplace_back(batch.sku[i]);
  return skus;
}

}  // namespace

TEST_P(StorageConformance, DirtyLinksComeByPriorityThenMarkThenId) {
  Shop shop(under_test());
  shop.StockAndSync(6);
  ASSERT_EQ(shop.Edit("S5", Priority(1)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S6", Priority(std::numeric_limits<int64_t>::max())), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Priority(std::numeric_limits<int64_t>::min() + 1)), absl::OkStatus());
  shop.WriteProducts({{"K4", "S4", 1, 1}}, At(10));
  shop.WriteProducts({{"K2", "S2", 1, 1}, {"K3", "S3", 1, 1}, {"K1", "S1", 1, 1}}, At(11));
  shop.WriteProducts({{"K5", "S5", 1, 1}, {"K6", "S6", 1, 1}}, At(12));
  const std::vector<std::string> expected = {"S6", "S5", "S4", "S2", "S3", "S1"};
  for (const int64_t limit : {1, 2, 4, 6, 100}) {
    std::vector<std::string> skus;
    Storage::DirtyCursor cursor;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const SyncBatch page = Value(storage().ReadDirty(shop.channel_id(), &cursor, limit));
      if (page.size() == 0) break;
      EXPECT_LE(page.size(), limit);
      EXPECT_TRUE(cursor.started);
      EXPECT_EQ(cursor.listing_id, page.rows.back().listing_id);
      for (const std::string& sku : Skus(page)) skus.push_back(sku);
    }
    EXPECT_EQ(skus, expected) << limit;
  }
  EXPECT_EQ(Value(storage().CountDirty(shop.channel_id(), 7)), 6);
  EXPECT_EQ(Value(storage().CountDirty(shop.channel_id(), 6)), 6);
  EXPECT_EQ(Value(storage().CountDirty(shop.channel_id(), 5)), 5) << "as far as it was to count";
  EXPECT_EQ(Value(storage().ReadQueue(shop.channel_id())).dirty_priority, std::numeric_limits<int64_t>::max());
  for (const int64_t limit : {int64_t{0}, kMax + 1}) {
    EXPECT_EQ(Code(storage().CountDirty(shop.channel_id(), limit)), kInvalidArgument);
  }
}

// One that can oversell goes first, and what nobody waits for last. Of several marks the most urgent one counts, until
// the link is clean.
TEST_P(StorageConformance, DirtyLinksComeByTheRankOfTheirMarks) {
  Shop shop(under_test());
  shop.StockAndSync(6);
  const auto reconcile = [&](const std::string& sku, absl::Time now) {
    const SyncRow row = shop.LinkRow(sku);
    ASSERT_EQ(storage().WriteReconciliations(
                  shop.fence(), {{row.listing_id, row.channel_variant_id, row.acknowledged, false, {}}}, now),
              absl::OkStatus());
  };
  reconcile("S1", At(10));
  reconcile("S2", At(11));
  shop.WriteProducts({{"K3", "S3", 200, 10}}, At(12));
  shop.WriteProducts({{"K4", "S4", 100, 11}}, At(13));
  shop.WriteProducts({{"K5", "S5", 100, 9}}, At(14));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S5", "S3", "S4", "S1", "S2"}));
  EXPECT_EQ(shop.LinkRow("S1").dirty_rank, DirtyRank::kFound);
  EXPECT_EQ(shop.LinkRow("S3").dirty_rank, DirtyRank::kChanged);
  EXPECT_EQ(shop.LinkRow("S5").dirty_rank, DirtyRank::kQuantityFell);

  shop.WriteProducts({{"K2", "S2", 200, 10}}, At(15));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S5", "S3", "S4", "S2", "S1"})) << "behind those there";
  EXPECT_EQ(shop.LinkRow("S2").dirty_since, At(15));
  shop.WriteProducts({{"K3", "S3", 200, 8}}, At(16));
  Value(storage().RemoveProducts({"S1"}, At(17)));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S5", "S3", "S1", "S4", "S2"}));
  shop.WriteProducts({{"K5", "S5", 300, 12}}, At(18));
  reconcile("S3", At(19));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S5", "S3", "S1", "S4", "S2"})) << "less urgent marks";
  EXPECT_EQ(shop.LinkRow("S5").dirty_since, At(14));
  shop.Clean("S5");
  shop.WriteProducts({{"K5", "S5", 400, 12}}, At(20));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S3", "S1", "S4", "S2", "S5"})) << "it was clean";

  ASSERT_EQ(shop.Edit("S2", Priority(1)), absl::OkStatus());
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S2", "S3", "S1", "S4", "S5"})) << "before any rank";
}

// So that who has read all of a priority and rank finds what comes later behind that, wherever it was before.
TEST_P(StorageConformance, AnotherPlaceAmongDirtyLinksIsBehindThoseThere) {
  Shop shop(under_test());
  shop.StockAndSync(4);
  ASSERT_EQ(shop.Edit("S4", Priority(1), At(9)), absl::OkStatus());
  shop.WriteProducts({{"K1", "S1", 200, 10}}, At(10));
  shop.WriteProducts({{"K2", "S2", 200, 9}, {"K3", "S3", 200, 10}, {"K4", "S4", 200, 10}}, At(11));
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Skus(Value(storage().ReadDirty(shop.channel_id(), &cursor, 2))), (std::vector<std::string>{"S4", "S2"}));
  EXPECT_EQ(cursor.dirty_rank, DirtyRank::kQuantityFell);
  shop.WriteProducts({{"K1", "S1", 200, 9}}, At(12));
  EXPECT_EQ(Skus(Value(storage().ReadDirty(shop.channel_id(), &cursor, 1))), std::vector<std::string>{"S1"});
  Storage::DirtyCursor first;
  Value(storage().ReadDirty(shop.channel_id(), &first, 1));
  EXPECT_EQ(first.sync_priority, 1);
  ASSERT_EQ(shop.Edit("S3", Priority(1), At(13)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S4", Priority(1), At(14)), absl::OkStatus());
  EXPECT_EQ(Skus(Value(storage().ReadDirty(shop.channel_id(), &first, 1))), std::vector<std::string>{"S3"});
  EXPECT_EQ(shop.LinkRow("S4").dirty_since, At(11)) << "the same priority is no other place";
}

TEST_P(StorageConformance, ALinkThatIsMadeOrHealedHasNoEarlierRank) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.WriteProducts({{"K1", "S1", 100, 9}, {"K2", "S2", 100, 9}}, At(10));
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1"), At(11)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}});
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}});
  for (const char* sku : {"S1", "S2"}) {
    EXPECT_TRUE(shop.LinkRow(sku).dirty) << sku;
    EXPECT_EQ(shop.LinkRow(sku).dirty_rank, DirtyRank::kChanged) << sku;
  }
}

TEST_P(StorageConformance, DirtyLinkThatCannotBePushedIsLeftOut) {
  Shop shop(under_test());
  shop.StockAndLink(6);
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  const SyncRow delisted = shop.LinkRow("S2");
  Value(storage().WriteStatuses(
      shop.fence(), {{delisted.listing_id, delisted.status, {Health::kDelisted, PendingChange::kNone, false}}}, At(4)));
  ASSERT_EQ(shop.Edit("S5", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10, ChannelStatus::kDead}, {"X5"}, {"X6", 100, 10}});
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S6"});
  EXPECT_EQ(Value(storage().CountDirty(shop.channel_id(), kMax)), 1);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10}, {"X5"}, {"X6", 100, 10}});
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S3", "S6"})) << "alive again, dirty still";
}

TEST_P(StorageConformance, CursorOfAnEmptyPageStaysWhereItIs) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  Storage::DirtyCursor cursor;
  Value(storage().ReadDirty(shop.channel_id(), &cursor, 10));
  const Storage::DirtyCursor end = cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 10)).size(), 0);
  EXPECT_EQ(cursor.started, end.started);
  EXPECT_EQ(cursor.listing_id, end.listing_id);
  EXPECT_EQ(cursor.dirty_since, end.dirty_since);
  Storage::DirtyCursor fresh;
  shop.Clean("S1");
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &fresh, 10)).size(), 0);
  EXPECT_FALSE(fresh.started);
}

TEST_P(StorageConformance, SettlingWhatWasReadDoesNotDisturbTheCursor) {
  Shop shop(under_test());
  shop.StockAndLink(4);
  Storage::DirtyCursor cursor;
  std::vector<std::string> skus;
  for (int pages = 0; pages < kManyPages; ++pages) {
    const SyncBatch page = Value(storage().ReadDirty(shop.channel_id(), &cursor, 1));
    if (page.size() == 0) break;
    skus.push_back(Skus(page)[0]);
    shop.Clean(skus.back());
  }
  EXPECT_EQ(skus, (std::vector<std::string>{"S1", "S2", "S3", "S4"}));
}

TEST_P(StorageConformance, SyncRowTellsAllThatPlanningNeeds) {
  Shop shop(under_test());
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", 500, 7}}, CurrencyOf("EUR")), At(1)));
  shop.Build({"S1"});
  shop.Pull({{"X1", 450, 6, ChannelStatus::kHidden, "P"}}, At(2));
  shop.Link("S1", "X1", At(3));
  const SyncBatch batch = Value(storage().ReadLinks(shop.channel_id(), 0, 10));
  ASSERT_EQ(batch.size(), 1);
  EXPECT_EQ(batch.sku[0], "S1");
  EXPECT_EQ(batch.external_id[0], "X1");
  EXPECT_EQ(batch.parent_id[0], "P");
  const SyncRow& row = batch.rows[0];
  EXPECT_EQ(row.listing_id, shop.ListingId("S1"));
  EXPECT_EQ(row.dirty_version, 1);
  EXPECT_EQ(row.product_price, 500);
  EXPECT_EQ(row.product_currency, CurrencyOf("EUR"));
  EXPECT_EQ(row.product_quantity, 7);
  EXPECT_EQ(row.quantity_at, At(1));
  EXPECT_EQ(row.status, InitialStatus(ChannelStatus::kHidden));
  EXPECT_EQ(row.acknowledged, (ItemValues{450, 6, ChannelStatus::kHidden}));
  EXPECT_EQ(row.seen, (ItemValues{450, 6, ChannelStatus::kHidden}));
  EXPECT_EQ(row.seen_at, At(2));
  EXPECT_EQ(row.guarded_at, absl::InfinitePast());
  EXPECT_TRUE(row.refused.empty());
  EXPECT_TRUE(row.in_doubt.empty());
  EXPECT_TRUE(row.dirty);
}

TEST_P(StorageConformance, LinksComeWithTheHandlesOfTheirItems) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const auto handles = [&] {
    const SyncBatch batch = Value(storage().ReadLinks(shop.channel_id(), 0, 10));
    std::vector<std::string> read;
    for (int64_t i = 0; i < batch.handle.size(); ++i) read.emplace_back(batch.handle[i]);
    return read;
  };
  EXPECT_EQ(handles(), (std::vector<std::string>{"", ""})) << "an entry a row, also where the adapter gives none";
  const auto pull = [&](const std::string& first, const std::string& second) {
    PullPage page = ToPage({{"X1", 100, 10}, {"X2", 100, 10}});
    page.items.handle.Add(first);
    page.items.handle.Add(second);
    const int64_t number = Value(storage().BeginPull(shop.fence(), "")).pull_number;
    return Value(storage().WritePulledPages(shop.fence(), number, {page}, At(5)));
  };
  const std::string longest(1000, 'h');
  EXPECT_EQ(pull("gid://1?\"\u00E9\"", longest).changed, 0) << "linking does not read it";
  EXPECT_EQ(handles(), (std::vector<std::string>{"gid://1?\"\u00E9\"", longest}));
  const PullWriteResult anew = pull("gid://2", "");
  EXPECT_EQ(anew.unchanged, 2);
  EXPECT_EQ(handles(), (std::vector<std::string>{"gid://2", ""})) << "a changed handle alone is written";
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 10)).handle[0], "gid://2");
  EXPECT_EQ(Value(storage().ReadLinksBySku(shop.channel_id(), {"S1"})).handle[0], "gid://2");
  EXPECT_EQ(Value(storage().ReadLinksByParent(shop.channel_id(), {""}, 0, 10)).handle[0], "gid://2");
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(6));
  EXPECT_EQ(handles(), (std::vector<std::string>{"", ""})) << "the adapter wants nothing back any more";
}

TEST_P(StorageConformance, AbsentValuesStayAbsent) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1", kAbsent, kAbsent, ChannelStatus::kUnknown}});
  shop.Link("S1", "X1");
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.product_price, kAbsent);
  EXPECT_EQ(row.product_quantity, kAbsent);
  EXPECT_EQ(row.seen, ItemValues());
  EXPECT_EQ(row.acknowledged, ItemValues());
}

TEST_P(StorageConformance, LinksAreReadDirtyOrNotPausedOrNot) {
  Shop shop(under_test());
  shop.StockAndSync(5);
  shop.WriteProducts({{"K2", "S2", 1, 1}}, At(5));
  ASSERT_EQ(shop.Edit("S3", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S4", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10}, {"X4", 100, 10}});  // Breaks S5.
  for (const int64_t limit : {1, 2, 3, 10}) {
    std::vector<std::string> skus;
    int64_t after = 0;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const SyncBatch page = Value(storage().ReadLinks(shop.channel_id(), after, limit));
      if (page.size() == 0) break;
      EXPECT_LE(page.size(), limit);
      after = page.rows.back().listing_id;
      for (const std::string& sku : Skus(page)) skus.push_back(sku);
    }
    EXPECT_EQ(skus, (std::vector<std::string>{"S1", "S2", "S3"})) << limit;
  }
  EXPECT_FALSE(shop.LinkRow("S1").dirty);
  EXPECT_TRUE(shop.LinkRow("S2").dirty);
}

TEST_P(StorageConformance, LinksAreReadBySku) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(Skus(Value(storage().ReadLinksBySku(shop.channel_id(), {"S3", "S2", "S9", "S1", "S3"}))),
            (std::vector<std::string>{"S1", "S3"}));
  EXPECT_EQ(Value(storage().ReadLinksBySku(shop.channel_id(), {})).size(), 0);
}

TEST_P(StorageConformance, LinksAreReadByTheParentOfTheirItem) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 1, 1, "Q"}, {"K2", "S2", 1, 1, "Q"}, {"K3", "S3"}, {"K4", "S4"}});
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "P"},
             {"X2", 1, 1, ChannelStatus::kListed, "R"},
             {"X3", 1, 1, ChannelStatus::kListed, "P"},
             {"X4", 1, 1, ChannelStatus::kListed, "P"}});
  for (const char* number : {"1", "2", "3"}) shop.Link(absl::StrCat("S", number), absl::StrCat("X", number));
  const auto read = [&](const std::vector<std::string>& parents) {
    std::vector<std::string> skus;
    for (int64_t after_id = 0;;) {  // In pages of one.
      const SyncBatch page = Value(storage().ReadLinksByParent(shop.channel_id(), parents, after_id, 1));
      if (page.size() == 0) break;
      EXPECT_EQ(page.size(), 1);
      skus.emplace_back(page.sku[0]);
      after_id = page.rows[0].listing_id;
    }
    EXPECT_EQ(Skus(Value(storage().ReadLinksByParent(shop.channel_id(), parents, 0, kMax))), skus);
    return skus;
  };
  EXPECT_EQ(read({"P"}), (std::vector<std::string>{"S1", "S3"}));
  EXPECT_EQ(read({"R", "P", "P", "none such"}), (std::vector<std::string>{"S1", "S2", "S3"}));
  EXPECT_TRUE(read({"Q"}).empty()) << "a listing's parent is not the item's";
  EXPECT_TRUE(read({}).empty());
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "R"}, {"X2", 1, 1, ChannelStatus::kListed, "R"}});  // Breaks S3.
  EXPECT_TRUE(read({"P"}).empty());
  EXPECT_EQ(read({"R"}), (std::vector<std::string>{"S1", "S2"}));
}

TEST_P(StorageConformance, LinkPagesHaveALimit) {
  Shop shop(under_test());
  Storage::DirtyCursor cursor;
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadDirty(shop.channel_id(), &cursor, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadLinks(shop.channel_id(), 0, limit)), kInvalidArgument);
  }
  const std::vector<std::string> many(static_cast<size_t>(kMax) + 1, "S1");
  EXPECT_EQ(Code(storage().ReadLinksBySku(shop.channel_id(), many)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadLinksByParent(shop.channel_id(), many, 0, 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadLinksByParent(shop.channel_id(), {"P"}, 0, kMax + 1)), kInvalidArgument);
}

}  // namespace flxlink

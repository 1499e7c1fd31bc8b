// Conformance: what is dirty, pushes and what became of them.

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;
constexpr int64_t kNoListing = 987654321;

std::vector<std::string> Skus(const SyncBatch& batch) {
  std::vector<std::string> skus;
  for (int64_t i = 0; i < batch.size(); ++i) skus.emplace_back(batch.sku[i]);
  return skus;
}

SettlementBatch Settled(int64_t push_id, std::vector<Settlement> rows) {
  SettlementBatch batch;
  batch.push_id = push_id;
  batch.rows = std::move(rows);
  return batch;
}

StatusWrite Hide(const SyncRow& link) {
  return {link.listing_id, link.status, Decide(link.status, ChannelStatus::kHidden)};
}

Settlement Gone(const SyncRow& link) {
  Settlement row;
  row.listing_id = link.listing_id;
  row.channel_variant_id = link.channel_variant_id;
  row.dirty_version = link.dirty_version;
  row.gone = true;
  return row;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Reading links
// ---------------------------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(row.status, (ListingStatus{Health::kListed, PendingChange::kNone, false}));
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
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}});
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

// ---------------------------------------------------------------------------------------------------------------------
// Looking again
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ReconciliationSetsWhatWasFoundAndDirties) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.Pull({{"X1", 100, 6}, {"X2", 100, 10}}, At(10));
  const SyncRow before = shop.LinkRow("S1");
  Reconciliation found = Found(before);
  found.acknowledged = {100, 6, ChannelStatus::kUnknown};
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(11)), absl::OkStatus());
  const SyncRow after = shop.LinkRow("S1");
  EXPECT_EQ(after.acknowledged, found.acknowledged);
  EXPECT_EQ(after.dirty_version, before.dirty_version + 1);
  EXPECT_EQ(after.guarded_at, absl::InfinitePast());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
}

TEST_P(StorageConformance, GuardIsAsOldAsWhatWasSeen) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({{"X1", 100, 6}}, At(10));
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {100, 6, ChannelStatus::kListed};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(20)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10));
  sold.guard_quantity = false;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(21)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10)) << "a later look without a new observation keeps it";
  shop.WriteProducts({{"K1", "S1", 100, 10}}, At(10));
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10)) << "a quantity of the same instant is not newer";
  shop.WriteProducts({{"K1", "S1", 100, 10}}, At(11));
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast()) << "overtaken";
}

TEST_P(StorageConformance, ReconciliationLeavesAttentionAndRefusalAlone) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch refused = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  refused.rows[0].mask = {};
  refused.rows[0].refused = {{"price", 42}};
  refused.rows[0].attentions = 0;
  refused.attentions = {{{"rejected", {{"name", "value"}}, "d"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), refused, At(5)).status(), absl::OkStatus());
  const Reconciliation found = Found(shop.LinkRow("S1"));
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(6)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").refused, (RareVector<RefusedValue>{{"price", 42}}));
  EXPECT_EQ(shop.Listing("S1").attentions.at(0).code, "rejected");
  EXPECT_TRUE(shop.Listing("S1").dirty);
}

TEST_P(StorageConformance, ForcedLinkForgetsWhatWasAcknowledgedAndRefused) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(4)), absl::OkStatus());
  SettlementBatch refused = Settled(0, {Applied(shop.LinkRow("S1"), {5, 5, ChannelStatus::kListed})});
  refused.rows[0].mask = {SyncField::kPrice};
  refused.rows[0].refused = {{"price", 42}};
  refused.rows[0].attentions = 0;
  refused.attentions = {{{"rejected", {{"name", "value"}}, "d"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), refused, At(5)).status(), absl::OkStatus());
  shop.Clean("S2");
  const int64_t version = shop.LinkRow("S1").dirty_version;
  ASSERT_NE(shop.LinkRow("S1").guarded_at, absl::InfinitePast());

  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(6)), absl::OkStatus());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.acknowledged, ItemValues());
  EXPECT_TRUE(link.refused.empty());
  EXPECT_EQ(link.guarded_at, absl::InfinitePast());
  EXPECT_EQ(link.dirty_version, version + 1);
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
}

TEST_P(StorageConformance, UnlinkedAndBrokenOnesAreNeitherReconciledNorForced) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const SyncRow unlinked = shop.LinkRow("S1");
  const SyncRow broken = shop.LinkRow("S2");
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}});  // Breaks S2.
  const std::string before = StoreText(storage());
  EXPECT_EQ(storage().WriteReconciliations(shop.fence(), {Found(unlinked), Found(broken)}, At(5)), absl::OkStatus());
  EXPECT_EQ(storage().ForceLinks(shop.fence(), {PairOf(unlinked), PairOf(broken)}, At(5)), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, EvaluatedVersionFollowsAndNeverFallsBack) {
  Shop shop(under_test());
  const Channel channel = shop.channel();
  ASSERT_EQ(storage().WriteChannel(channel.channel_id, channel.revision, channel.config, absl::nullopt, true),
            absl::OkStatus());
  const int64_t policy = shop.channel().policy_version;
  ASSERT_EQ(storage().WriteEvaluatedVersion(shop.fence(), policy), absl::OkStatus());
  EXPECT_EQ(shop.channel().evaluated_version, policy);
  ASSERT_EQ(storage().WriteEvaluatedVersion(shop.fence(), policy - 1), absl::OkStatus());
  EXPECT_EQ(shop.channel().evaluated_version, policy);
}

TEST_P(StorageConformance, StatusesAreWrittenWhereTheyAreAsExpected) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Stock({{"K4", "S4"}});
  const StatusWrite first = Hide(shop.LinkRow("S1"));
  const StatusWrite second = Hide(shop.LinkRow("S2"));
  const StatusWrite unlinked = {shop.ListingId("S4"), {}, {Health::kListed, PendingChange::kHiding, false}};
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {first, second, unlinked}, At(6))), 2);
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kListed, PendingChange::kHiding, false}));
  EXPECT_EQ(shop.Listing("S2").status, (ListingStatus{Health::kListed, PendingChange::kNone, true}));
  EXPECT_EQ(shop.Listing("S4").status.pending, PendingChange::kHiding);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  const std::string once = StoreText(storage());
  EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {first}, At(6))), 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, EveryStatusIsKept) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  ListingStatus status;
  for (const Health base : {Health::kListed, Health::kHidden, Health::kDelisted, Health::kNotListed}) {
    for (const PendingChange pending :
         {PendingChange::kHiding, PendingChange::kUnhiding, PendingChange::kDelisting, PendingChange::kNone}) {
      const ListingStatus next = {base, pending, pending == PendingChange::kHiding};
      EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {{shop.ListingId("S1"), status, next}}, At(1))), 1);
      status = next;
      EXPECT_EQ(shop.Listing("S1").status, status);
    }
  }
}

TEST_P(StorageConformance, SyncWritesOfUnknownListingsAreNotFound) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow link = shop.LinkRow("S1");
  const Reconciliation found = Found(link);
  Reconciliation unknown;
  unknown.listing_id = kNoListing;
  Settlement settled = Applied(link, {1, 1, ChannelStatus::kHidden});
  Settlement no_link = settled;
  no_link.listing_id = kNoListing;
  SyncRow nobody;
  nobody.listing_id = kNoListing;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteReconciliations(shop.fence(), {found, unknown}, At(5))), kNotFound);
  EXPECT_EQ(Code(storage().ForceLinks(shop.fence(), {PairOf(link), {kNoListing, link.channel_variant_id}}, At(5))),
            kNotFound);
  EXPECT_EQ(Code(storage().WriteStatuses(shop.fence(), {Hide(link), Hide(nobody)}, At(5))), kNotFound);
  EXPECT_EQ(Code(storage().BeginPush(shop.fence(), Push(1, {link, nobody}))), kNotFound);
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), Settled(0, {settled, no_link}), At(5))), kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, MoreSyncRowsThanAllowedAreRefused) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow link = shop.LinkRow("S1");
  const size_t many = static_cast<size_t>(kMax) + 1;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteReconciliations(shop.fence(), std::vector<Reconciliation>(many), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().ForceLinks(shop.fence(), std::vector<LinkPair>(many, PairOf(link)), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteStatuses(shop.fence(), std::vector<StatusWrite>(many, Hide(link)), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().BeginPush(shop.fence(), Push(1, std::vector<SyncRow>(many, link)))), kInvalidArgument);
  EXPECT_EQ(
      Code(storage().WriteSettlements(shop.fence(), Settled(0, std::vector<Settlement>(many, Gone(link))), At(5))),
      kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
}

// ---------------------------------------------------------------------------------------------------------------------
// Pushes
// ---------------------------------------------------------------------------------------------------------------------

std::vector<int64_t> ListingsOf(const OpenPush& push) {
  std::vector<int64_t> ids;
  for (const OpenItem& open : push.items) ids.push_back(open.item.listing_id);
  return ids;
}

TEST_P(StorageConformance, PushIsRecordedAndItsLinksAreInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  const SyncRow third = shop.LinkRow("S3");
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {third, shop.LinkRow("S1"), third}, At(60))), absl::OkStatus());
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(5, {shop.LinkRow("S2")}, At(70))), absl::OkStatus());
  const std::vector<OpenPush> pushes = Value(storage().ReadOpenPushes(shop.channel_id()));
  ASSERT_EQ(pushes.size(), 2u);
  EXPECT_EQ(pushes[0].push_id, 5);
  EXPECT_EQ(pushes[0].call_deadline, At(70));
  EXPECT_EQ(ListingsOf(pushes[0]), std::vector<int64_t>{shop.ListingId("S2")});
  EXPECT_EQ(pushes[1].push_id, 8);
  EXPECT_EQ(pushes[1].call_deadline, At(60));
  EXPECT_EQ(ListingsOf(pushes[1]), (std::vector<int64_t>{shop.ListingId("S1"), shop.ListingId("S3")}));
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_TRUE(shop.Listing("S3").in_doubt);
  EXPECT_EQ(shop.DirtySkus().size(), 3u) << "in doubt is dirty still";
}

TEST_P(StorageConformance, BeginningAPushTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}, At(60))), absl::OkStatus());
  const std::string once = StoreText(storage());
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}, At(60))), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), once);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S2")}, At(90))), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), once) << "the record that is there stays";
}

TEST_P(StorageConformance, EveryPushAddsItsFieldsToThoseInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const auto push = [&](int64_t push_id, const SyncFields& mask) {
    PushRecord record = Push(push_id, {shop.LinkRow("S1")});
    record.items[0].mask = mask;
    EXPECT_EQ(storage().BeginPush(shop.fence(), record), absl::OkStatus());
    return shop.LinkRow("S1").in_doubt;
  };
  EXPECT_EQ(push(1, {SyncField::kQuantity}), SyncFields{SyncField::kQuantity});
  EXPECT_EQ(push(2, SyncFields({SyncField::kCompareAtPrice}, {"title"})),
            SyncFields({SyncField::kQuantity, SyncField::kCompareAtPrice}, {"title"}));
  const SyncFields all({SyncField::kPrice, SyncField::kQuantity, SyncField::kCompareAtPrice}, {"description", "title"});
  EXPECT_EQ(push(3, SyncFields({SyncField::kPrice}, {"title", "description"})), all);
  EXPECT_EQ(push(3, {SyncField::kStatus}), all) << "the record that is there stays";
  EXPECT_TRUE(shop.LinkRow("S2").in_doubt.empty());

  Settlement row = Applied(shop.LinkRow("S1"), {});
  row.settled = false;
  row.mask = {};
  row.in_doubt = SyncFields({SyncField::kPrice}, {"title"});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(2, {row}), At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, row.in_doubt) << "in place of what was stored";
  EXPECT_TRUE(shop.Listing("S1").in_doubt);
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(6)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, row.in_doubt) << "what was sent may land, whatever is forced";
}

TEST_P(StorageConformance, PushIdsAreUniqueWithinAChannelOnly) {
  Shop east(under_test(), "east");
  east.StockAndLink(1);
  Shop west(under_test(), "west");
  west.Build({"S1"});
  west.Pull({{"X1"}});
  west.Link("S1", "X1");
  ASSERT_EQ(storage().BeginPush(east.fence(), Push(1, {east.LinkRow("S1")})), absl::OkStatus());
  ASSERT_EQ(storage().BeginPush(west.fence(), Push(1, {west.LinkRow("S1")})), absl::OkStatus());
  ASSERT_EQ(storage().AbandonPush(east.fence(), 1), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadOpenPushes(west.channel_id())).size(), 1u);
}

TEST_P(StorageConformance, SettledPushIsClosedAndItsLinksAreClean) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow first = shop.LinkRow("S1");
  const SyncRow second = shop.LinkRow("S2");
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {first, second})), absl::OkStatus());
  const ItemValues values = {99, 3, ChannelStatus::kListed};
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(8, {Applied(first, values), Applied(second, values)}), At(5))
                .status(),
            absl::OkStatus());
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.acknowledged, values);
  EXPECT_TRUE(link.in_doubt.empty());
  EXPECT_FALSE(link.dirty);
  EXPECT_EQ(link.dirty_version, first.dirty_version) << "settling marks nothing";
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, WritingSettlementsTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")})), absl::OkStatus());
  SettlementBatch batch =
      Settled(8, {Applied(shop.LinkRow("S1"), {9, 9, ChannelStatus::kHidden}), Gone(shop.LinkRow("S2"))});
  batch.rows[0].attentions = 0;
  batch.rows[0].refused = {{"price", 1}};
  batch.attentions = {{{"a", {{"name", "c"}}, "b"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  const std::string once = StoreText(storage());
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, OnlyMaskedFieldsAreAcknowledged) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const ItemValues values = {1, 2, ChannelStatus::kHidden};
  const auto settle = [&](const SyncFields& mask) {
    Settlement row = Applied(shop.LinkRow("S1"), values);
    row.mask = mask;
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(5)).status(), absl::OkStatus());
    return shop.LinkRow("S1").acknowledged;
  };
  EXPECT_EQ(settle({}), (ItemValues{100, 10, ChannelStatus::kListed}));
  EXPECT_EQ(settle({SyncField::kPrice}), (ItemValues{1, 10, ChannelStatus::kListed}));
  EXPECT_EQ(settle({SyncField::kQuantity}), (ItemValues{1, 2, ChannelStatus::kListed}));
  EXPECT_EQ(shop.Listing("S1").status.base, Health::kListed);
  EXPECT_EQ(settle({SyncField::kStatus}), (ItemValues{1, 2, ChannelStatus::kHidden}));
}

TEST_P(StorageConformance, AcknowledgedStatusBecomesTheListings) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  ASSERT_EQ(Value(storage().WriteStatuses(shop.fence(), {Hide(shop.LinkRow("S1"))}, At(5))), 1);
  ASSERT_EQ(shop.Listing("S1").status.pending, PendingChange::kHiding);
  const SyncRow link = shop.LinkRow("S1");
  const Settlement row = Applied(link, {100, 10, ChannelStatus::kHidden});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, Acknowledge(link.status, ChannelStatus::kHidden));
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kHidden, PendingChange::kNone, false}));
}

TEST_P(StorageConformance, ChangeThatCameInBetweenStaysDirty) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow read = shop.LinkRow("S1");
  shop.WriteProducts({{"K1", "S1", 200, 10}}, At(4));
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(0, {Applied(read, {100, 10, ChannelStatus::kListed})}), At(5))
                .status(),
            absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").dirty);
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.price, 100);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  shop.Clean("S1");
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {Applied(read, {})}), At(6)).status(),
            absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").dirty) << "an older settlement does not take back a newer one";
}

TEST_P(StorageConformance, UnsettledLinkStaysDirty) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  Settlement conflict = Applied(shop.LinkRow("S1"), {});
  conflict.settled = false;
  conflict.mask = {};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(8, {conflict}), At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").dirty);
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty()) << "its outcome is known";
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
}

TEST_P(StorageConformance, GuardEndsWithTheQuantityThatIsAcknowledged) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(5)), absl::OkStatus());
  const auto settle = [&](const SyncFields& mask, int64_t quantity) {
    Settlement row = Applied(shop.LinkRow("S1"), {1, quantity, ChannelStatus::kListed});
    row.mask = mask;
    row.settled = false;
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
    return shop.LinkRow("S1").guarded_at;
  };
  EXPECT_EQ(settle({SyncField::kPrice, SyncField::kStatus}, 2), At(1));
  EXPECT_EQ(settle({SyncField::kQuantity}, kAbsent), At(1)) << "that is forgetting one";
  EXPECT_EQ(settle({SyncField::kQuantity}, 2), absl::InfinitePast());
}

TEST_P(StorageConformance, AttentionAndRefusalAreSetAndCleared) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})});
  const uint64_t digest = std::numeric_limits<uint64_t>::max() - 5;
  batch.rows[0].attentions = 1;
  batch.rows[0].refused = {{"title", 0}, {"price", digest}, {"compare_at_price", 0x1f}};
  batch.rows[1].attentions = 0;
  batch.attentions = {{{"code0", {{"sku", "S2"}}, "message0"}},
                      {{"code1", {{"naïve", "\"1\""}, {"empty", ""}}, "mêssage1"}, {"code2", {}, ""}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[1]);
  EXPECT_EQ(shop.LinkRow("S1").refused, batch.rows[0].refused);
  EXPECT_EQ(shop.Listing("S2").attentions, batch.attentions[0]);
  EXPECT_TRUE(shop.LinkRow("S2").refused.empty());
  shop.WriteProducts({{"K1", "S1", 1, 1}}, At(6));
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[1]) << "a new mark solves nothing yet";
  shop.Clean("S1");
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  EXPECT_TRUE(shop.LinkRow("S1").refused.empty());
}

TEST_P(StorageConformance, AttentionsAreASetInTheOrderOfTheirCodes) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].attentions = 0;
  batch.attentions = {{{"b", {}, "second"}, {"c", {}, "third"}, {"a", {{"name", "value"}}, "first"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions,
            (std::vector<Problem>{{"a", {{"name", "value"}}, "first"}, {"b", {}, "second"}, {"c", {}, "third"}}));
  ListingFilter filter;
  filter.attention = true;
  EXPECT_EQ(Value(storage().ReadListings(shop.channel_id(), filter, 0, 10)).size(), 1u) << "one, not one a code";
  batch.attentions = {{{"b", {}, "anew"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, (std::vector<Problem>{{"b", {}, "anew"}}));
}

TEST_P(StorageConformance, SettlementsSayWhichAttentionsEnded) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})});
  batch.rows[0].attentions = batch.rows[1].attentions = 0;
  batch.attentions = {{{"c", {}, "third"}, {"a", {{"name", "value"}}, "first"}, {"b", {}, "second"}}};
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(5))).cleared.empty()) << "there were none";
  batch.rows[0].attentions = kKeepAttentions;
  batch.attentions = {{{"b", {}, "anew"}}};
  const SettlementResult result = Value(storage().WriteSettlements(shop.fence(), batch, At(6)));
  ASSERT_EQ(result.cleared.size(), 2u);
  EXPECT_EQ(result.cleared[0].row, 1);
  EXPECT_EQ(result.cleared[0].attention, (Problem{"a", {{"name", "value"}}, "first"}));
  EXPECT_EQ(result.cleared[1].row, 1);
  EXPECT_EQ(result.cleared[1].attention, (Problem{"c", {}, "third"}));
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(6))).cleared.empty()) << "a repeat";

  batch = Settled(0, {Gone(shop.LinkRow("S1"))});
  EXPECT_EQ(Value(storage().WriteSettlements(shop.fence(), batch, At(7))).cleared.size(), 3u) << "its item is gone";
}

TEST_P(StorageConformance, SettlementsOfOtherLinksEndNoAttention) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  SettlementBatch anew = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  anew.rows[0].attentions = 0;
  anew.attentions = {{{"a", {}, "of the new link"}}};
  Value(storage().WriteSettlements(shop.fence(), anew, At(5)));
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(6))).cleared.empty());
  EXPECT_EQ(shop.Listing("S1").attentions, anew.attentions[0]);
}

TEST_P(StorageConformance, AttentionIsKeptWhereASettlementSaysSo) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].attentions = kKeepAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty()) << "there was none";
  batch.rows[0].attentions = 0;
  batch.attentions = {{{"code", {{"name", "value"}}, "message"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  batch.rows[0].attentions = kKeepAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[0]);
  batch.rows[0].attentions = kClearAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
}

TEST_P(StorageConformance, SettlementSaysWhetherItsLinkStaysInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  SettlementBatch batch = Settled(8, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].settled = false;
  batch.rows[0].in_doubt = {SyncField::kPrice};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
  batch.rows[0].settled = true;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty()) << "settled or not";
  batch.rows[0].in_doubt = {};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
}

TEST_P(StorageConformance, ItemThatIsGoneBreaksItsLink) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  Settlement gone = Gone(shop.LinkRow("S1"));
  gone.in_doubt = {SyncField::kPrice};  // Nothing can have landed on what is not there.
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(8, {gone}), At(5)).status(), absl::OkStatus());
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kBroken);
  EXPECT_EQ(row.external_id, "X1");
  EXPECT_EQ(row.attentions.at(0).code, problem_code::kItemGone);
  EXPECT_FALSE(row.in_doubt);
  EXPECT_FALSE(shop.IsLiveItem("X1"));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kBroken);
  EXPECT_EQ(last.job_id, shop.fence().job_id);
  EXPECT_EQ(last.at, At(5));
  EXPECT_EQ(shop.Pull({{"X1"}, {"X2"}}).healed, 1);
}

TEST_P(StorageConformance, PushWithUnknownOutcomesStaysOpen) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")})), absl::OkStatus());
  SettlementBatch batch = Settled(8, {Applied(shop.LinkRow("S1"), {})});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_FALSE(shop.LinkRow("S2").in_doubt.empty());
  const std::vector<OpenPush> pushes = Value(storage().ReadOpenPushes(shop.channel_id()));
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(pushes[0].push_id, 8);
  EXPECT_EQ(pushes[0].call_deadline, At(100));
  EXPECT_EQ(ListingsOf(pushes[0]), std::vector<int64_t>{shop.ListingId("S2")}) << "what is settled leaves the record";
}

// What the channel accepted of a link, as the settlement of it.
Settlement Accepted(const SyncRow& row, const std::string& receipt, const SyncFields& fields) {
  Settlement settlement = Applied(row, {});
  settlement.mask = SyncFields();
  settlement.in_doubt = fields;
  settlement.receipt = receipt;
  return settlement;
}

TEST_P(StorageConformance, WhatIsAcceptedIsAwaitedWithItsReceipt) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  PushRecord record = Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")});
  record.kind = "feed";
  record.receipt_deadline = At(5000);
  for (PushItem& item : record.items) {
    item.mask = {SyncField::kPrice, SyncField::kQuantity};
    item.values = {700, 4, ChannelStatus::kUnknown};
  }
  ASSERT_EQ(storage().BeginPush(shop.fence(), record), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").awaited.empty()) << "nothing is accepted yet";

  const SettlementBatch accepted =
      Settled(8, {Accepted(shop.LinkRow("S1"), "r1", record.items[0].mask), Applied(shop.LinkRow("S2"), {})});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), accepted, At(5)).status(), absl::OkStatus());
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.awaited, record.items[0].mask);
  EXPECT_EQ(row.awaited_quantity, 4);
  EXPECT_FALSE(row.dirty) << "it waits for the receipt";
  const std::vector<OpenPush> pushes = Value(storage().ReadOpenPushes(shop.channel_id()));
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(pushes[0].kind, "feed");
  EXPECT_EQ(pushes[0].receipt_deadline, At(5000));
  ASSERT_EQ(pushes[0].items.size(), 1u);
  const OpenItem& open = pushes[0].items[0];
  EXPECT_EQ(open.receipt, "r1");
  EXPECT_EQ(open.sku, "S1");
  EXPECT_EQ(open.item.external_id, "X1");
  EXPECT_EQ(open.item.channel_variant_id, row.channel_variant_id);
  EXPECT_EQ(open.item.dirty_version, row.dirty_version);
  EXPECT_EQ(open.item.mask, record.items[0].mask);
  EXPECT_EQ(open.item.values, record.items[0].values);

  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").awaited, record.items[0].mask) << "a receipt is not given up with the call";
}

TEST_P(StorageConformance, ADecidedReceiptLetsItsLinkGoOn) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  const SyncFields fields = shop.LinkRow("S1").in_doubt;
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(8, {Accepted(shop.LinkRow("S1"), "r1", fields)}), At(5))
                .status(),
            absl::OkStatus());
  ASSERT_FALSE(shop.LinkRow("S1").dirty);
  SettlementBatch decided = Settled(8, {Applied(shop.LinkRow("S1"), {900, 3, ChannelStatus::kListed})});
  decided.rows[0].mask = {SyncField::kPrice};
  decided.rows[0].settled = false;
  decided.rows[0].decided = true;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), decided, At(6)).status(), absl::OkStatus());
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.acknowledged.price, 900);
  EXPECT_TRUE(row.awaited.empty());
  EXPECT_EQ(row.awaited_quantity, kAbsent);
  EXPECT_TRUE(row.dirty);
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
}

TEST_P(StorageConformance, AReceiptOfAnEarlierLinkIsNotAwaited) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  const SyncRow before = shop.LinkRow("S1");
  ASSERT_EQ(
      storage().WriteSettlements(shop.fence(), Settled(8, {Accepted(before, "r1", before.in_doubt)}), At(5)).status(),
      absl::OkStatus());
  ListingEdit unlink;
  unlink.kind = ListingEdit::Kind::kUnlink;
  ASSERT_EQ(shop.Edit("S1", unlink), absl::OkStatus());
  ListingEdit link;
  link.kind = ListingEdit::Kind::kLink;
  link.external_id = "X1";
  ASSERT_EQ(shop.Edit("S1", link), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").awaited.empty());
}

TEST_P(StorageConformance, SettlingWithoutAPushClosesNone) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {Applied(shop.LinkRow("S2"), {})}), At(5)).status(),
            absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadOpenPushes(shop.channel_id())).size(), 1u);
  EXPECT_FALSE(shop.LinkRow("S2").dirty);
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(9, {}), At(5)).status(), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadOpenPushes(shop.channel_id())).size(), 1u) << "another push";
}

TEST_P(StorageConformance, AbandonedPushLeavesItsLinksInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")})), absl::OkStatus());
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8), absl::OkStatus());
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8), absl::OkStatus()) << "said twice is said once";
  shop.Clean("S1");
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
}

TEST_P(StorageConformance, SettlementOfAnEarlierLinkTellsNothingAboutThisOne) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow earlier = shop.LinkRow("S1");
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {earlier})), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  Settlement gone = Gone(earlier);
  ASSERT_EQ(
      storage()
          .WriteSettlements(shop.fence(), Settled(8, {Applied(earlier, {7, 7, ChannelStatus::kHidden}), gone}), At(5))
          .status(),
      absl::OkStatus());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.acknowledged, (ItemValues{100, 10, ChannelStatus::kListed}));
  EXPECT_TRUE(link.dirty);
  EXPECT_FALSE(link.in_doubt.empty()) << "what the earlier link sent may have landed on this one's item";
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_TRUE(shop.IsLiveItem("X2"));
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty()) << "the push is closed all the same";
}

TEST_P(StorageConformance, SettlementOfWhatHasNoLinkAnyMoreOnlyEndsTheDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow unlinked = shop.LinkRow("S1");
  const SyncRow broken = shop.LinkRow("S2");
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(8, {unlinked, broken})), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}});  // Breaks S2.
  ASSERT_EQ(
      storage()
          .WriteSettlements(shop.fence(),
                            Settled(8, {Applied(unlinked, {7, 7, ChannelStatus::kHidden}), Applied(broken, {})}), At(5))
          .status(),
      absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, ListingStatus());
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kUnlinked);
  EXPECT_FALSE(shop.Listing("S1").in_doubt);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kBroken);
  EXPECT_EQ(shop.Listing("S2").attentions.at(0).code, problem_code::kItemGone) << "it is still to be solved";
  EXPECT_FALSE(shop.Listing("S2").in_doubt);
  EXPECT_TRUE(Value(storage().ReadOpenPushes(shop.channel_id())).empty());
}

TEST_P(StorageConformance, SettlementThatNamesNoAttentionOfItsBatchIsRefused) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  const std::string before = StoreText(storage());
  batch.rows[0].attentions = 0;
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, At(5))), kInvalidArgument);
  batch.attentions = {{{"a", {{"name", "c"}}, "b"}}};
  batch.rows[0].attentions = -3;
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, At(5))), kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, WholePageOfLinksGoesThroughASync) {
  Shop shop(under_test());
  std::vector<ProductRow> products;
  std::vector<PulledItem> items;
  for (int64_t i = 0; i < kMax; ++i) {
    products.push_back({absl::StrCat("K", i), absl::StrCat("S", i), i, i});
    items.push_back({absl::StrCat("X", i), 0, 0});
  }
  shop.Stock(products);
  shop.Pull(items);
  const ListingKeyPage listings = Value(storage().ReadListingKeys(shop.channel_id(), {}, 0, kMax));
  const ChannelKeyPage keys = Value(storage().ReadChannelKeys(shop.channel_id(), {}, 0, kMax));
  ASSERT_EQ(listings.size(), kMax);
  ASSERT_EQ(keys.size(), kMax);
  std::vector<LinkWrite> links;
  for (size_t i = 0; i < listings.listing_id.size(); ++i) {
    links.push_back(NewLink(listings.listing_id[i], keys.channel_variant_id[i]));
  }
  Value(storage().WriteLinks(shop.fence(), 0, links, At(2)));

  Storage::DirtyCursor cursor;
  const SyncBatch dirty = Value(storage().ReadDirty(shop.channel_id(), &cursor, kMax));
  ASSERT_EQ(dirty.size(), kMax);
  ASSERT_EQ(storage().BeginPush(shop.fence(), Push(1, dirty.rows)), absl::OkStatus());
  SettlementBatch settled = Settled(1, {});
  for (const SyncRow& row : dirty.rows) {
    settled.rows.push_back(Applied(row, {row.product_price, row.product_quantity, ChannelStatus::kListed}));
  }
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), settled, At(3)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.DirtySkus().empty());
  EXPECT_EQ(shop.LinkRow("S777").acknowledged, (ItemValues{777, 777, ChannelStatus::kListed}));
}

}  // namespace flxlink

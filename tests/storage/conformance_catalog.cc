// Conformance: products, listings, pulls.

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

std::vector<std::string> Keys(const ProductBatch& batch) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < batch.size(); ++i) keys.emplace_back(batch.key[i]);
  return keys;
}

std::vector<std::string> Skus(const std::vector<ListingRow>& rows) {
  std::vector<std::string> skus;
  for (const ListingRow& row : rows) skus.push_back(row.sku);
  return skus;
}

std::vector<ProductRow> ManyProducts(int64_t count) {
  std::vector<ProductRow> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back({absl::StrCat("K", i), absl::StrCat("S", i), i, i});
  return rows;
}

std::vector<PulledItem> ManyItems(int64_t count) {
  std::vector<PulledItem> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back({absl::StrCat("X", i), i, i});
  return rows;
}

// One listing variant a SKU, built from the product variant of that SKU.
ListingBatch Listings(Storage& storage, const std::vector<std::string>& skus) {
  ListingBatch batch;
  for (const std::string& sku : skus) {
    batch.product_id.push_back(Value(storage.ReadProducts(0, {sku}, 1)).product_id.at(0));
    batch.sku.Add(sku);
    batch.parent.Add("");
    batch.sync_priority.push_back(0);
  }
  return batch;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Products
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ProductsAreReadBackAsTheyWereWritten) {
  const Currency yen = CurrencyOf("JPY");
  const ProductWriteResult result = Value(storage().WriteProducts(
      ToBatch({{"K1", "S1", 1999, 5, "P1", {{"upc", "012345678905"}, {"title", "Höhe, \"groß\"\n"}}, 3},
               {"K2", "", kAbsent, kAbsent, "", {{"title", "no upc"}}, -3}},
              yen),
      At(0)));
  EXPECT_EQ(result.inserted, 2);
  EXPECT_EQ(result.changed + result.unchanged + result.dirtied, 0);

  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  ASSERT_EQ(read.size(), 2);
  EXPECT_EQ(Keys(read), (std::vector<std::string>{"K1", "K2"}));
  EXPECT_EQ(read.sku[0], "S1");
  EXPECT_EQ(read.sku[1], "");
  EXPECT_EQ(read.parent[0], "P1");
  EXPECT_EQ(read.price, (std::vector<int64_t>{1999, kAbsent}));
  EXPECT_EQ(read.quantity, (std::vector<int64_t>{5, kAbsent}));
  EXPECT_EQ(read.sync_priority, (std::vector<int64_t>{3, -3}));
  EXPECT_EQ(read.currency, yen);
  ASSERT_NE(read.fields.Find("title"), nullptr);
  EXPECT_EQ((*read.fields.Find("title"))[0], "Höhe, \"groß\"\n");
  EXPECT_EQ((*read.fields.Find("title"))[1], "no upc");
  ASSERT_NE(read.fields.Find("upc"), nullptr);
  EXPECT_EQ((*read.fields.Find("upc"))[0], "012345678905");
  EXPECT_EQ((*read.fields.Find("upc"))[1], "");
}

TEST_P(StorageConformance, ProductNumbersOfAnySizeAreKept) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  const int64_t least = std::numeric_limits<int64_t>::min() + 1;
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", most, least, "", {}, most}, {"K2", "S2", 0, -1, "", {}, least}}),
                                At(0)));
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.price, (std::vector<int64_t>{most, 0}));
  EXPECT_EQ(read.quantity, (std::vector<int64_t>{least, -1}));
  EXPECT_EQ(read.sync_priority, (std::vector<int64_t>{most, least}));
}

TEST_P(StorageConformance, WritingProductsTwiceIsOnce) {
  const ProductBatch batch = ToBatch({{"K1", "S1", 100, 1, "P", {{"upc", "1"}}, 2}, {"K2", "S2"}});
  Value(storage().WriteProducts(batch, At(0)));
  const std::string once = StoreText(storage());
  const ProductWriteResult again = Value(storage().WriteProducts(batch, At(0)));
  EXPECT_EQ(again.unchanged, 2);
  EXPECT_EQ(again.inserted + again.changed, 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, EveryStatedColumnOfAProductIsReplaced) {
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", 100, 1, "P", {{"upc", "1"}}, 2}}), At(0)));
  const int64_t id = Value(storage().ReadProducts(0, {}, 10)).product_id.at(0);
  EXPECT_EQ(Value(storage().WriteProducts(ToBatch({{"K1", "S2", kAbsent, 4, "", {{"upc", "2"}}}}), At(1))).changed, 1);
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.product_id, std::vector<int64_t>{id});
  EXPECT_EQ(read.sku[0], "S2");
  EXPECT_EQ(read.parent[0], "");
  EXPECT_EQ(read.price[0], kAbsent);
  EXPECT_EQ((*read.fields.Find("upc"))[0], "2");
  EXPECT_EQ(Value(storage().ReadProducts(0, {"S1"}, 10)).size(), 0);
  EXPECT_EQ(Value(storage().ReadProducts(0, {"S2"}, 10)).size(), 1);
}

TEST_P(StorageConformance, WhatABatchDoesNotStateStaysAsItWas) {
  ProductBatch all = ToBatch({{"K1", "S1", 100, 7, "P", {{"upc", "1"}, {"color", "red"}}, 2}});
  all.compare_at_price = {150};
  Value(storage().WriteProducts(all, At(0)));
  ProductBatch only_quantity;
  only_quantity.key.Add("K1");
  only_quantity.quantity = {0};
  EXPECT_EQ(Value(storage().WriteProducts(only_quantity, At(1))).changed, 1);
  ProductBatch only_color;
  only_color.key.Add("K1");
  only_color.fields.names = {"color"};
  only_color.fields.columns.resize(1);
  only_color.fields.columns[0].Add("blue");
  EXPECT_EQ(Value(storage().WriteProducts(only_color, At(2))).changed, 1);

  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.sku[0], "S1");
  EXPECT_EQ(read.parent[0], "P");
  EXPECT_EQ(read.price, std::vector<int64_t>{100});
  EXPECT_EQ(read.compare_at_price, std::vector<int64_t>{150});
  EXPECT_EQ(read.quantity, std::vector<int64_t>{0});
  EXPECT_EQ(read.sync_priority, std::vector<int64_t>{2});
  EXPECT_EQ((*read.fields.Find("upc"))[0], "1");
  EXPECT_EQ((*read.fields.Find("color"))[0], "blue");
}

TEST_P(StorageConformance, WhatABatchStatesEmptyIsTakenAway) {
  ProductBatch all = ToBatch({{"K1", "S1", 100, 7, "P", {{"upc", "1"}, {"color", "red"}}, 2}});
  all.compare_at_price = {150};
  Value(storage().WriteProducts(all, At(0)));
  ProductBatch empties = ToBatch({{"K1", "", kAbsent, kAbsent, "", {}, kAbsent}});
  empties.compare_at_price = {kAbsent};
  empties.fields.names = {"color"};
  empties.fields.columns.resize(1);
  empties.fields.columns[0].Add("");
  EXPECT_EQ(Value(storage().WriteProducts(empties, At(1))).changed, 1);
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.sku[0], "");
  EXPECT_EQ(read.parent[0], "");
  EXPECT_EQ(read.price, std::vector<int64_t>{kAbsent});
  EXPECT_EQ(read.compare_at_price, std::vector<int64_t>{kAbsent});
  EXPECT_EQ(read.quantity, std::vector<int64_t>{kAbsent});
  EXPECT_EQ(read.sync_priority, std::vector<int64_t>{0});
  EXPECT_EQ((*read.fields.Find("upc"))[0], "1");
  EXPECT_EQ(read.fields.Find("color"), nullptr);
}

TEST_P(StorageConformance, AnotherCurrencyTakesAwayThePriceThatIsNotStatedInIt) {
  ProductBatch dollars = ToBatch({{"K1", "S1", 100, 7}});
  dollars.compare_at_price = {150};
  Value(storage().WriteProducts(dollars, At(0)));
  ProductBatch euros;
  euros.key.Add("K1");
  euros.price = {90};
  euros.currency = CurrencyOf("EUR");
  EXPECT_EQ(Value(storage().WriteProducts(euros, At(1))).changed, 1);
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.currency, CurrencyOf("EUR"));
  EXPECT_EQ(read.price, std::vector<int64_t>{90});
  EXPECT_EQ(read.compare_at_price, std::vector<int64_t>{kAbsent});
}

TEST_P(StorageConformance, ABatchWithoutQuantitiesDoesNotEndTheWaitOfAHeldQuantity) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {100, 4, ChannelStatus::kListed};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(900)), absl::OkStatus());
  ProductBatch same_price;
  same_price.key.Add(std::string(Value(storage().ReadProducts(0, {"S1"}, 1)).key[0]));
  same_price.price = {100};
  const ProductWriteResult written = Value(storage().WriteProducts(same_price, At(1000)));
  EXPECT_EQ(written.unchanged, 1);
  EXPECT_EQ(written.dirtied, 0);
  EXPECT_NE(shop.LinkRow("S1").guarded_at, absl::InfinitePast());
}

TEST_P(StorageConformance, EveryOtherContentOfAProductCountsAsChangedAndDirtiesNothing) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const std::vector<ProductRow> changes = {{"K1", "S1b", 100, 10},
                                           {"K1", "S1b", 100, 10, "P"},
                                           {"K1", "S1b", 100, 10, "P", {{"upc", "1"}}},
                                           {"K1", "S1b", 100, 10, "P", {{"upc", "2"}}},
                                           {"K1", "S1b", 100, 10, "P", {{"upc", "2"}}, 9}};
  for (const ProductRow& change : changes) {
    const ProductWriteResult result = shop.WriteProducts({change}, At(5));
    EXPECT_EQ(result.changed, 1);
    EXPECT_EQ(result.dirtied, 0);
  }
  EXPECT_TRUE(shop.DirtySkus().empty());
  EXPECT_EQ(shop.Listing("S1").sync_priority, 0);
}

TEST_P(StorageConformance, ChangedPriceQuantityOrCurrencyDirtiesTheLink) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const auto expect_dirtied = [&](const ProductRow& row, Currency currency) {
    const int64_t version = shop.LinkRow("S1").dirty_version;
    const ProductWriteResult result = Value(storage().WriteProducts(ToBatch({row}, currency), At(5)));
    EXPECT_EQ(result.changed, 1);
    EXPECT_EQ(result.dirtied, 1);
    EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1);
    EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
    shop.Clean("S1");
  };
  expect_dirtied({"K1", "S1", 101, 10}, {});
  expect_dirtied({"K1", "S1", 101, 9}, {});
  expect_dirtied({"K1", "S1", 101, 9}, CurrencyOf("EUR"));
  expect_dirtied({"K1", "S1", 101, kAbsent}, CurrencyOf("EUR"));
}

TEST_P(StorageConformance, ProductDirtiesItsLinksInAllChannels) {
  Shop east(under_test(), "east");
  east.StockAndSync(1);
  Shop west(under_test(), "west");
  west.Build({"S1"});
  west.Pull({{"X1", 100, 10}});
  west.Link("S1", "X1");
  west.Clean("S1");
  EXPECT_EQ(east.WriteProducts({{"K1", "S1", 300, 10}}, At(5)).dirtied, 2);
  EXPECT_EQ(east.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_EQ(west.DirtySkus(), std::vector<std::string>{"S1"});
}

TEST_P(StorageConformance, ProductDirtiesNeitherUnlinkedNorBrokenOnes) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}});
  ASSERT_EQ(shop.Listing("S2").link_state, LinkState::kBroken);
  EXPECT_EQ(shop.WriteProducts({{"K1", "S1", 1, 1}, {"K2", "S2", 1, 1}, {"K3", "S3", 1, 1}}, At(5)).dirtied, 1);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S3"});
  EXPECT_FALSE(shop.Listing("S1").dirty);
  EXPECT_FALSE(shop.Listing("S2").dirty);
}

TEST_P(StorageConformance, PausedLinkIsDirtiedAndWaits) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  EXPECT_EQ(shop.WriteProducts({{"K1", "S1", 300, 10}}, At(5)).dirtied, 1);
  EXPECT_TRUE(shop.Listing("S1").dirty);
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, UnchangedQuantityIsStatedAnew) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(0));
  const ProductWriteResult result = shop.WriteProducts({{"K1", "S1", 100, 10}}, At(50));
  EXPECT_EQ(result.unchanged, 1);
  EXPECT_EQ(result.dirtied, 0);
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(50));
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, UnchangedQuantityDirtiesALinkThatWaitsForIt) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {100, 6, ChannelStatus::kListed};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(5)), absl::OkStatus());
  SettlementBatch held;
  held.rows = {Applied(shop.LinkRow("S1"), {})};
  held.rows[0].mask = {};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), held, At(6)).status(), absl::OkStatus());
  ASSERT_TRUE(shop.DirtySkus().empty());

  EXPECT_EQ(shop.WriteProducts({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, At(50)).dirtied, 1);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast()) << "the observation is overtaken";
}

TEST_P(StorageConformance, MarkTimeIsThatOfTheFirstChangeSinceClean) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.WriteProducts({{"K2", "S2", 1, 1}}, At(5));
  shop.WriteProducts({{"K1", "S1", 1, 1}}, At(6));
  shop.WriteProducts({{"K2", "S2", 2, 2}}, At(7));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S2", "S1"}));
  shop.Clean("S2");
  shop.WriteProducts({{"K2", "S2", 3, 3}}, At(8));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S1", "S2"}));
}

TEST_P(StorageConformance, WrongProductBatchesAreRefusedWhole) {
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", 100, 1}}), At(0)));
  const std::string before = StoreText(storage());
  const ProductBatch good = ToBatch({{"K1", "S1", 200, 1, "", {{"upc", "1"}}}, {"K2", "S2", 1, 1}});
  std::vector<ProductBatch> wrong(6, good);
  wrong[0].price.pop_back();
  wrong[1].quantity.push_back(1);
  wrong[2].sku.Add("S3");
  wrong[3].fields.names.push_back("nameless");
  wrong[4].fields.columns[0].Add("one too many");
  wrong[5].fields.names[0] = "\xFF";
  for (size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(Code(storage().WriteProducts(wrong[i], At(1))), kInvalidArgument) << i;
  }
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, AsManyProductsAsAllowedAndNoMore) {
  EXPECT_EQ(Value(storage().WriteProducts(ToBatch(ManyProducts(kMax)), At(0))).inserted, kMax);
  EXPECT_EQ(Value(storage().WriteProducts(ToBatch(ManyProducts(kMax)), At(0))).unchanged, kMax);
  EXPECT_EQ(Value(storage().ReadProducts(0, {}, kMax)).size(), kMax);
  EXPECT_EQ(Code(storage().WriteProducts(ToBatch(ManyProducts(kMax + 1)), At(0))), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadProducts(0, {}, kMax + 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadProducts(0, {}, 0)), kInvalidArgument);
  const std::vector<std::string> skus(static_cast<size_t>(kMax) + 1, "S1");
  EXPECT_EQ(Code(storage().ReadProducts(0, skus, 1)), kInvalidArgument);
}

TEST_P(StorageConformance, EmptyProductBatchIsNothing) {
  const ProductWriteResult result = Value(storage().WriteProducts({}, At(0)));
  EXPECT_EQ(result.inserted + result.changed + result.unchanged, 0);
}

TEST_P(StorageConformance, ProductsAreReadInPagesOfAnySize) {
  Value(storage().WriteProducts(ToBatch(ManyProducts(7)), At(0)));
  for (const int64_t limit : {1, 2, 3, 7, 100}) {
    std::vector<std::string> keys;
    int64_t after = 0;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const ProductBatch page = Value(storage().ReadProducts(after, {}, limit));
      if (page.size() == 0) break;
      EXPECT_LE(page.size(), limit);
      for (const int64_t id : page.product_id) {
        EXPECT_GT(id, after);
        after = id;
      }
      for (const std::string& key : Keys(page)) keys.push_back(key);
    }
    EXPECT_EQ(keys, Keys(ToBatch(ManyProducts(7)))) << limit;
  }
}

TEST_P(StorageConformance, ProductsAreReadBySku) {
  Value(storage().WriteProducts(ToBatch({{"K1", "A"}, {"K2", "B"}, {"K3", "A"}, {"K4", ""}, {"K5", "C"}}), At(0)));
  EXPECT_EQ(Keys(Value(storage().ReadProducts(0, {"C", "A", "nothing", "A"}, 10))),
            (std::vector<std::string>{"K1", "K3", "K5"}));
  const ProductBatch first = Value(storage().ReadProducts(0, {"A"}, 1));
  EXPECT_EQ(Keys(first), std::vector<std::string>{"K1"});
  EXPECT_EQ(Keys(Value(storage().ReadProducts(first.product_id[0], {"A"}, 1))), std::vector<std::string>{"K3"});
  EXPECT_EQ(Value(storage().ReadProducts(0, {"a"}, 10)).size(), 0);
}

TEST_P(StorageConformance, PageOfProductsHasOneCurrency) {
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", 1, 1}, {"K2", "S2", 2, 1}}), At(0)));
  Value(storage().WriteProducts(ToBatch({{"K3", "S3", 3, 1}}, CurrencyOf("EUR")), At(0)));
  Value(storage().WriteProducts(ToBatch({{"K4", "S4", 4, 1}}), At(0)));
  std::vector<std::string> prices;
  int64_t after = 0;
  for (int pages = 0; pages < kManyPages; ++pages) {
    const ProductBatch page = Value(storage().ReadProducts(after, {}, 10));
    if (page.size() == 0) break;
    after = page.product_id.back();
    for (const int64_t price : page.price) prices.push_back(absl::StrCat(price, page.currency.code()));
  }
  EXPECT_EQ(prices, (std::vector<std::string>{"1USD", "2USD", "3EUR", "4USD"}));
}

// ---------------------------------------------------------------------------------------------------------------------
// Listings
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ListingsAreReadBackAsTheyWereBuilt) {
  Shop shop(under_test());
  shop.Stock({{"K2", "S2", 250, -4, "P", {{"upc", "1"}, {"title", "Ü"}}, 5}, {"K1", "S1"}});
  const std::vector<ListingRow> rows = Value(storage().ReadListings(shop.channel_id(), {}, 0, 10));
  ASSERT_EQ(Skus(rows), (std::vector<std::string>{"S2", "S1"}));
  EXPECT_EQ(rows[0].parent, "P");
  EXPECT_EQ(FieldValue(rows[0].fields, "upc"), "1");
  EXPECT_EQ(FieldValue(rows[0].fields, "title"), "Ü");
  EXPECT_EQ(rows[0].price, (Money{250, Currency()}));
  EXPECT_EQ(rows[0].quantity, -4);
  EXPECT_EQ(rows[0].sync_priority, 5);
  EXPECT_EQ(rows[0].link_state, LinkState::kUnlinked);
  EXPECT_EQ(rows[0].reason, LinkReason::kNone);
  EXPECT_EQ(rows[0].rule, 0);
  EXPECT_EQ(rows[0].status, ListingStatus());
  EXPECT_FALSE(rows[0].dirty || rows[0].in_doubt || rows[0].by_hand);
  EXPECT_TRUE(rows[0].attentions.empty());
  EXPECT_TRUE(rows[1].fields.empty());
  EXPECT_FALSE(rows[1].price.has_value());
  EXPECT_FALSE(rows[1].quantity.has_value());
}

TEST_P(StorageConformance, BuildTellsWhatItDidWithEachRow) {
  Shop shop(under_test());
  shop.WriteProducts({{"K1", "S1"}, {"K2", "S2", 1, 1, "P"}}, At(0));
  EXPECT_EQ(shop.Build({"S1"}), std::vector<BuildOutcome>{BuildOutcome::kCreated});
  EXPECT_EQ(shop.Build({"S1", "S2"}), (std::vector<BuildOutcome>{BuildOutcome::kUnchanged, BuildOutcome::kCreated}));
  shop.WriteProducts({{"K1", "S1", 1, 1, "P"}, {"K2", "S2", 1, 1, "P", {{"upc", "1"}}}}, At(0));
  EXPECT_EQ(shop.Build({"S1", "S2"}), (std::vector<BuildOutcome>{BuildOutcome::kRefreshed, BuildOutcome::kRefreshed}));
  EXPECT_EQ(shop.Build({"S1", "S2"}), (std::vector<BuildOutcome>{BuildOutcome::kUnchanged, BuildOutcome::kUnchanged}));
  EXPECT_EQ(shop.Listing("S1").parent, "P");
  EXPECT_EQ(FieldValue(shop.Listing("S2").fields, "upc"), "1");
}

TEST_P(StorageConformance, RebuildKeepsLinkStatusAndPriority) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  ASSERT_EQ(shop.Edit("S1", Priority(8)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  const ListingRow before = shop.Listing("S1");
  shop.WriteProducts({{"K1", "S1", 100, 10, "P", {{"upc", "1"}}, 3}}, At(5));
  ASSERT_EQ(shop.Build({"S1"}), std::vector<BuildOutcome>{BuildOutcome::kRefreshed});
  const ListingRow after = shop.Listing("S1");
  EXPECT_EQ(after.listing_id, before.listing_id);
  EXPECT_EQ(after.link_state, LinkState::kLinked);
  EXPECT_EQ(after.external_id, "X1");
  EXPECT_EQ(after.status, before.status);
  EXPECT_EQ(after.sync_priority, 8);
  EXPECT_FALSE(after.dirty) << "content is not price, quantity or status";
}

TEST_P(StorageConformance, SkuOfAnotherProductIsRepeated) {
  Shop shop(under_test());
  shop.WriteProducts({{"K1", "S", 1, 1, "first"}, {"K2", "S", 2, 2, "second"}}, At(0));
  EXPECT_EQ(shop.Build({"S"}), (std::vector<BuildOutcome>{BuildOutcome::kCreated, BuildOutcome::kRepeatedSku}));
  EXPECT_EQ(shop.Build({"S"}), (std::vector<BuildOutcome>{BuildOutcome::kUnchanged, BuildOutcome::kRepeatedSku}));
  EXPECT_EQ(shop.Listing("S").parent, "first");
  EXPECT_EQ(shop.Listing("S").price, (Money{1, Currency()}));
}

TEST_P(StorageConformance, ProductWithANewSkuGetsAnotherListing) {
  Shop shop(under_test());
  shop.Stock({{"K1", "old", 1, 1}});
  shop.WriteProducts({{"K1", "new", 2, 1}}, At(1));
  EXPECT_EQ(shop.Build({"new"}), std::vector<BuildOutcome>{BuildOutcome::kCreated});
  EXPECT_EQ(shop.Listing("old").price, (Money{2, Currency()}));
  EXPECT_EQ(shop.Listing("new").price, (Money{2, Currency()}));
}

TEST_P(StorageConformance, WrongListingBatchesAreRefusedWhole) {
  Shop shop(under_test());
  shop.WriteProducts({{"K1", "S1"}, {"K2", "S2"}}, At(0));
  const std::string before = StoreText(storage());
  const ListingBatch good = Listings(storage(), {"S1", "S2"});
  std::vector<ListingBatch> wrong(4, good);
  wrong[0].product_id.pop_back();
  wrong[1].parent.Add("");
  wrong[2].sync_priority.clear();
  wrong[3].sku.Clear();
  wrong[3].sku.Add("S1");
  wrong[3].sku.Add("");
  for (size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(Code(storage().WriteListings(shop.fence(), wrong[i], At(1))), kInvalidArgument) << i;
  }
  ListingBatch unknown = good;
  unknown.product_id[1] = 987654321;
  EXPECT_EQ(Code(storage().WriteListings(shop.fence(), unknown, At(1))), kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, AsManyListingsAsAllowedAndNoMore) {
  Shop shop(under_test());
  shop.WriteProducts(ManyProducts(kMax), At(0));
  const ProductBatch products = Value(storage().ReadProducts(0, {}, kMax));
  ListingBatch batch;
  batch.product_id = products.product_id;
  batch.sku = products.sku;
  batch.parent = products.parent;
  batch.sync_priority = products.sync_priority;
  EXPECT_EQ(Value(storage().WriteListings(shop.fence(), batch, At(0))).size(), static_cast<size_t>(kMax));
  EXPECT_EQ(Value(storage().ReadListings(shop.channel_id(), {}, 0, kMax)).size(), static_cast<size_t>(kMax));
  EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), {}, 0, kMax + 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), {}, 0, 0)), kInvalidArgument);
  batch.product_id.push_back(batch.product_id[0]);
  batch.sku.Add("one more");
  batch.parent.Add("");
  batch.sync_priority.push_back(0);
  EXPECT_EQ(Code(storage().WriteListings(shop.fence(), batch, At(0))), kInvalidArgument);
  ListingFilter filter;
  filter.skus.assign(static_cast<size_t>(kMax) + 1, "S1");
  EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), filter, 0, 1)), kInvalidArgument);
}

TEST_P(StorageConformance, ListingsAreReadInPagesOfAnySize) {
  Shop shop(under_test());
  shop.Stock(ManyProducts(5));
  for (const int64_t limit : {1, 2, 5, 100}) {
    std::vector<std::string> skus;
    int64_t after = 0;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const std::vector<ListingRow> page = Value(storage().ReadListings(shop.channel_id(), {}, after, limit));
      if (page.empty()) break;
      EXPECT_LE(static_cast<int64_t>(page.size()), limit);
      after = page.back().listing_id;
      for (const std::string& sku : Skus(page)) skus.push_back(sku);
    }
    EXPECT_EQ(skus, (std::vector<std::string>{"S0", "S1", "S2", "S3", "S4"})) << limit;
  }
}

TEST_P(StorageConformance, ListingsAreFiltered) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  shop.Stock({{"K4", "S4", 1, 1}});
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}});  // Breaks S2, which gives it attention.
  const auto read = [&](const ListingFilter& filter, int64_t after, int64_t limit) {
    return Skus(Value(storage().ReadListings(shop.channel_id(), filter, after, limit)));
  };
  ListingFilter filter;
  filter.link_states = {LinkState::kUnlinked, LinkState::kBroken};
  EXPECT_EQ(read(filter, 0, 10), (std::vector<std::string>{"S2", "S4"}));
  EXPECT_EQ(read(filter, 0, 1), std::vector<std::string>{"S2"});
  EXPECT_EQ(read(filter, shop.ListingId("S2"), 1), std::vector<std::string>{"S4"});
  filter.attention = true;
  EXPECT_EQ(read(filter, 0, 10), std::vector<std::string>{"S2"});
  filter = ListingFilter();
  filter.attention = true;
  EXPECT_EQ(read(filter, 0, 10), std::vector<std::string>{"S2"});
  filter = ListingFilter();
  filter.skus = {"S4", "S1", "S9", "S1"};
  EXPECT_EQ(read(filter, 0, 10), (std::vector<std::string>{"S1", "S4"}));
  EXPECT_EQ(read(filter, 0, 1), std::vector<std::string>{"S1"});
  EXPECT_EQ(read(filter, shop.ListingId("S1"), 1), std::vector<std::string>{"S4"});
  filter.link_states = {LinkState::kUnlinked};
  EXPECT_EQ(read(filter, 0, 10), std::vector<std::string>{"S4"});
}

TEST_P(StorageConformance, PriceAndQuantityFlowFromTheProduct) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 100, 1}});
  Value(storage().WriteProducts(ToBatch({{"K1", "S1", 5000, 0}}, CurrencyOf("EUR")), At(1)));
  EXPECT_EQ(shop.Listing("S1").price, (Money{5000, CurrencyOf("EUR")}));
  EXPECT_EQ(shop.Listing("S1").quantity, 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// Pulls
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, EveryPullHasANumberOfItsOwn) {
  Shop shop(under_test());
  const PullState first = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_GT(first.pull_number, 0);
  EXPECT_TRUE(first.running);
  EXPECT_EQ(first.cursor, "");
  Value(storage().WritePulledPages(shop.fence(), first.pull_number, {ToPage({{"X1"}}, "page 2")}, At(1)));
  const PullState second = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_GT(second.pull_number, first.pull_number);
  EXPECT_TRUE(second.running);
  EXPECT_EQ(second.cursor, "") << "a new pull starts over";
  EXPECT_FALSE(second.cursor_at.has_value());
  EXPECT_EQ(shop.channel().pull.pull_number, second.pull_number);
}

TEST_P(StorageConformance, CursorIsKeptWithItsTimeAndTheJobThatStoredIt) {
  Shop shop(under_test());
  const PullState begun = Value(storage().BeginPull(shop.fence(), ""));
  const int64_t first_job = shop.fence().job_id;
  EXPECT_EQ(begun.job_id, first_job);
  Value(storage().WritePulledPages(shop.fence(), begun.pull_number, {ToPage({{"X1"}}, "page 2")}, At(1)));
  EXPECT_EQ(shop.channel().pull.cursor_at, At(1));
  shop.ChangeJob();
  EXPECT_EQ(shop.channel().pull.job_id, first_job) << "until another one stores a page";
  Value(storage().WritePulledPages(shop.fence(), begun.pull_number, {ToPage({{"X2"}}, "page 3")}, At(2)));
  EXPECT_EQ(shop.channel().pull.cursor_at, At(2));
  EXPECT_EQ(shop.channel().pull.job_id, shop.fence().job_id);
  ASSERT_EQ(storage().EndPull(shop.fence(), begun.pull_number, true, "", At(3)), absl::OkStatus());
  EXPECT_FALSE(shop.channel().pull.cursor_at.has_value());
  EXPECT_EQ(shop.channel().pull.job_id, 0);
}

TEST_P(StorageConformance, PageIsStoredWithTheCursorThatFollowsIt) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullPage page =
      ToPage({{"X1", 5, 6, ChannelStatus::kHidden, "P", {{"sku", "s"}, {"barcode", "b"}}}, {"X2"}}, "page 2");
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(1)));
  EXPECT_EQ(result.inserted, 2);
  EXPECT_EQ(result.changed + result.unchanged + result.healed + result.repeated, 0);
  EXPECT_EQ(shop.channel().pull.cursor, "page 2");
  EXPECT_TRUE(shop.channel().pull.running);

  const ChannelKeyPage keys = Value(storage().ReadChannelKeys(shop.channel_id(), {"sku", "barcode"}, 0, 10));
  ASSERT_EQ(keys.size(), 2);
  EXPECT_EQ(keys.external_id[0], "X1");
  EXPECT_EQ(keys.parent[0], "P");
  EXPECT_EQ(keys.columns[0][0], "s");
  EXPECT_EQ(keys.columns[1][0], "b");
  EXPECT_EQ(keys.columns[1][1], "");
  EXPECT_EQ(keys.live, (std::vector<uint8_t>{1, 1}));
  const std::vector<ItemRow> items = Value(storage().ReadItems(shop.channel_id(), {}, 0, 10));
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].status, ChannelStatus::kHidden);
  EXPECT_EQ(items[1].status, ChannelStatus::kListed);
}

TEST_P(StorageConformance, PageOfAPullThatDoesNotRunIsRefused) {
  Shop shop(under_test());
  const PullPage page = ToPage({{"X1"}});
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), 0, {page}, At(1))), kFailedPrecondition);
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), 1, {page}, At(1))), kFailedPrecondition);
  const int64_t first = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), first, {page}, At(1)));
  const int64_t second = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), first, {page}, At(1))), kFailedPrecondition);
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), second + 1, {page}, At(1))), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
  ASSERT_EQ(storage().EndPull(shop.fence(), second, true, "", At(2)), absl::OkStatus());
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), second, {page}, At(3))), kFailedPrecondition);
}

TEST_P(StorageConformance, WritingAPageTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullPage page = ToPage({{"X1", 1, 1, ChannelStatus::kHidden, "P"}, {"X2", 2, 2}}, "page 2");
  Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  const std::string once = StoreText(storage());
  const PullWriteResult again = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  EXPECT_EQ(again.unchanged, 2);
  EXPECT_EQ(again.inserted + again.changed + again.healed + again.repeated, 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, OnlyWhatLinkingReadsCountsAsChanged) {
  Shop shop(under_test());
  PulledItem item = {"X1", 1, 1, ChannelStatus::kListed, "", {{"sku", "a"}}};
  const auto changed = [&](const PulledItem& row) { return shop.Pull({row}).changed; };
  EXPECT_EQ(shop.Pull({item}).inserted, 1);
  item.price = 2;
  item.quantity = kAbsent;
  item.status = ChannelStatus::kHidden;
  EXPECT_EQ(changed(item), 0) << "price, quantity, hidden";
  item.parent = "P";
  EXPECT_EQ(changed(item), 1) << "parent";
  item.fields[0].value = "b";
  EXPECT_EQ(changed(item), 1) << "a field's value";
  item.fields.push_back({"barcode", "1"});
  EXPECT_EQ(changed(item), 1) << "another field";
  item.fields.clear();
  EXPECT_EQ(changed(item), 1) << "no fields";
  item.status = ChannelStatus::kDead;
  EXPECT_EQ(changed(item), 1) << "dead";
  EXPECT_EQ(changed(item), 0) << "dead still";
  item.status = ChannelStatus::kListed;
  EXPECT_EQ(changed(item), 1) << "alive again";
  shop.Pull({});
  EXPECT_EQ(changed(item), 1) << "back again";
}

TEST_P(StorageConformance, OfARepeatedItemTheLastCounts) {
  Shop shop(under_test());
  const PullWriteResult result = shop.Pull({{"X1", 1, 1}, {"X2", 2, 2}, {"X1", 3, 3, ChannelStatus::kListed, "P"}});
  EXPECT_EQ(result.inserted, 2);
  EXPECT_EQ(result.repeated, 1);
  EXPECT_EQ(result.changed + result.unchanged, 0);
  const std::vector<std::string> fields = {"parent", "id"};
  const ChannelKeyPage keys = Value(storage().ReadChannelKeys(shop.channel_id(), fields, shop.ItemId("X1") - 1, 1));
  EXPECT_EQ(keys.columns[0][0], "P");
  EXPECT_EQ(keys.columns[1][0], "X1");
}

TEST_P(StorageConformance, WrongPagesAreRefusedWhole) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const std::string before = StoreText(storage());
  const PullPage good = ToPage({{"X1", 1, 1, ChannelStatus::kListed, "", {{"sku", "a"}}}, {"X2"}}, "next");
  std::vector<PullPage> wrong(12, good);
  wrong[0].items.price.pop_back();
  wrong[1].items.quantity.push_back(1);
  wrong[2].items.status.clear();
  wrong[3].items.parent_id.Add("P");
  wrong[4].items.fields.columns[0].Add("x");
  wrong[5].items.fields.names[0] = std::string(1001, 'n');
  wrong[6].items.handle.Add("one of two");
  wrong[7].problems.resize(static_cast<size_t>(kMax) + 1);
  wrong[8].age = absl::Microseconds(-1);
  wrong[9].age = absl::InfiniteDuration();
  wrong[10].items.fixed.resize(1);
  wrong[11].items.fixed = {{{"price,quantity", FixedReason::kKeptByParent}}, {}};
  for (size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {wrong[i]}, At(1))), kInvalidArgument) << i;
    EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {good, wrong[i]}, At(1))), kInvalidArgument) << i;
  }
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {}, At(1))), kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, AsManyItemsAsAllowedAndNoMore) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {ToPage(ManyItems(kMax + 1))}, At(1))),
            kInvalidArgument);
  EXPECT_EQ(Value(storage().WritePulledPages(shop.fence(), pull, {ToPage(ManyItems(kMax))}, At(1))).inserted, kMax);
  EXPECT_EQ(Value(storage().ReadChannelKeys(shop.channel_id(), {}, 0, kMax)).size(), kMax);
  const int64_t next = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), next, kMax, At(2))).gone, kMax);
}

TEST_P(StorageConformance, EmptyPageMovesTheCursor) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({}, "next")}, At(1)));
  EXPECT_EQ(shop.channel().pull.cursor, "next");
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({})}, At(1)));
  EXPECT_EQ(shop.channel().pull.cursor, "");
  EXPECT_TRUE(shop.channel().pull.running);
}

TEST_P(StorageConformance, WhatAPageSaysIsAsOldAsThePage) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Pull({{"X1", 100, 10}}, At(2));  // Breaks S2.
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = ToPage({{"X1", 1, 1}, {"X2", 1, 1}, {"X3", 1, 1}}, "next");
  page.age = absl::Seconds(7);
  Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(20)));
  EXPECT_EQ(shop.LinkRow("S1").seen_at, At(13));
  EXPECT_EQ(shop.LinkRow("S2").seen_at, At(13));
  ItemFilter filter;
  filter.external_ids = {"X3"};
  EXPECT_EQ(Value(storage().ReadItems(shop.channel_id(), filter, 0, 1)).at(0).seen_at, At(13));
  EXPECT_EQ(shop.History("S2").back().at, At(20)) << "it healed now";
  EXPECT_EQ(shop.channel().pull.cursor_at, At(20));
}

TEST_P(StorageConformance, ItemsKeepTheirIdsOverPulls) {
  Shop shop(under_test());
  shop.Pull({{"X1"}, {"X2"}});
  const int64_t id = shop.ItemId("X2");
  shop.Pull({});
  shop.Pull({{"X2"}});
  EXPECT_EQ(shop.ItemId("X2"), id);
}

TEST_P(StorageConformance, AbsentLinksAreCountedBeforeTheyBreak) {
  Shop shop(under_test());
  shop.StockAndSync(4);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10}});  // Breaks S4.
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Value(storage().CountAbsentLinks(shop.channel_id(), pull)), 3) << "not the broken one";
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 100, 10}, {"X9", 100, 10}})}, At(5)));
  EXPECT_EQ(Value(storage().CountAbsentLinks(shop.channel_id(), pull)), 2);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kLinked) << "counting breaks nothing";
}

TEST_P(StorageConformance, SweepBreaksTheLinksOfWhatThePullDidNotSee) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 100, 10}, {"X3", 1, 1}})}, At(5)));
  const SweepResult swept = Value(storage().SweepAbsent(shop.fence(), pull, 10, At(6)));
  EXPECT_EQ(swept.gone, 1);
  EXPECT_EQ(swept.broken, 1);
  EXPECT_FALSE(swept.more);

  shop.ExpectBroken("S2", "X2", At(6));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_TRUE(shop.IsLiveItem("X1"));
}

TEST_P(StorageConformance, SweepGoesInSteps) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X2", 100, 10}})}, At(5)));
  SweepResult total;
  int steps = 0;
  for (bool more = true; more && steps < 10; ++steps) {
    const SweepResult step = Value(storage().SweepAbsent(shop.fence(), pull, 1, At(6)));
    EXPECT_LE(step.gone, 1);
    total.gone += step.gone;
    total.broken += step.broken;
    more = step.more;
  }
  EXPECT_EQ(total.gone, 2);
  EXPECT_EQ(total.broken, 2);
  EXPECT_LE(steps, 4);
  const std::string after = StoreText(storage());
  const SweepResult again = Value(storage().SweepAbsent(shop.fence(), pull, 10, At(7)));
  EXPECT_EQ(again.gone + again.broken, 0);
  EXPECT_FALSE(again.more);
  EXPECT_EQ(StoreText(storage()), after);
}

TEST_P(StorageConformance, SweepOfAnotherPullIsRefused) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const int64_t last = shop.channel().pull.pull_number;
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), last, 10, At(5))), kFailedPrecondition);
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), pull + 1, 10, At(5))), kFailedPrecondition);
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), pull, 0, At(5))), kInvalidArgument);
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), pull, kMax + 1, At(5))), kInvalidArgument);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
}

TEST_P(StorageConformance, EndingACompletePullIsRemembered) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1"}}, "next")}, At(1)));
  ASSERT_EQ(storage().EndPull(shop.fence(), pull, true, "", At(7)), absl::OkStatus());
  const PullState ended = shop.channel().pull;
  EXPECT_FALSE(ended.running);
  EXPECT_EQ(ended.cursor, "");
  EXPECT_EQ(ended.complete_pulls, 1);
  EXPECT_EQ(ended.completed_at, At(7));
  ASSERT_EQ(storage().EndPull(shop.fence(), pull, true, "", At(8)), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.complete_pulls, 1) << "said twice is said once";
  EXPECT_EQ(shop.channel().pull.completed_at, At(7));
}

TEST_P(StorageConformance, EndingAPartialPullProvesNothing) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const PullState before = shop.channel().pull;
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  ASSERT_EQ(storage().EndPull(shop.fence(), pull, false, "", At(7)), absl::OkStatus());
  const PullState after = shop.channel().pull;
  EXPECT_FALSE(after.running);
  EXPECT_EQ(after.complete_pulls, before.complete_pulls);
  EXPECT_EQ(after.completed_at, before.completed_at);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_TRUE(shop.IsLiveItem("X1"));
}

TEST_P(StorageConformance, EndingAnotherPullIsRefused) {
  Shop shop(under_test());
  EXPECT_EQ(Code(storage().EndPull(shop.fence(), 0, true, "", At(1))), kFailedPrecondition);
  const int64_t first = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), first, {ToPage({{"X1"}})}, At(1)));
  Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_EQ(Code(storage().EndPull(shop.fence(), first, true, "", At(1))), kFailedPrecondition);
  EXPECT_TRUE(shop.channel().pull.running);
}

TEST_P(StorageConformance, BrokenLinkHealsWhenItsItemReturns) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({});
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullPage page = ToPage({{"X1", 90, 9}});
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(9)));
  EXPECT_EQ(result.healed, 1);
  EXPECT_EQ(result.changed, 1);

  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kLinked);
  EXPECT_EQ(row.external_id, "X1");
  EXPECT_TRUE(row.attentions.empty());
  EXPECT_TRUE(row.dirty);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_EQ(shop.LinkRow("S1").seen, (ItemValues{90, 9, ChannelStatus::kListed}));
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kHealed);
  EXPECT_EQ(last.external_id, "X1");
  EXPECT_EQ(last.job_id, shop.fence().job_id);
  EXPECT_EQ(last.at, At(9));

  const std::string once = StoreText(storage());
  EXPECT_EQ(Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(9))).healed, 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, PullRefreshesWhatALinkSees) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({{"X1", 55, 5, ChannelStatus::kHidden, "P"}}, At(20));
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.seen, (ItemValues{55, 5, ChannelStatus::kHidden}));
  EXPECT_EQ(link.seen_at, At(20));
  EXPECT_EQ(link.acknowledged, (ItemValues{100, 10, ChannelStatus::kHidden})) << "an adopted status follows";
  EXPECT_FALSE(link.dirty) << "drift is found by comparing, not by the pull";
}

}  // namespace flxlink

// Conformance: sources of products, and what an import does not state any more.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMost = 100;

// Imports rows of a source, and sweeps what it does not state.
class Feed {
 public:
  Feed(Storage& storage, std::string source) : storage_(storage), source_(std::move(source)) {}

  ProductImport Begin() { return Value(storage_.BeginImport(source_)); }

  ProductWriteResult Write(const ProductImport& import, const std::vector<ProductRow>& rows, absl::Time at) {
    ProductBatch batch = ToBatch(rows);
    batch.import = import;
    return Value(storage_.WriteProducts(batch, at));
  }

  AbsentResult Import(const std::vector<ProductRow>& rows, AbsentProducts absent, absl::Time at) {
    const ProductImport import = Begin();
    Write(import, rows, at);
    return absent == AbsentProducts::kKeep ? AbsentResult() : Value(storage_.SweepImport(import, absent, kMost, at));
  }

 private:
  Storage& storage_;
  const std::string source_;
};

// "K1=10 K2=0", and "K3 removed" of those that are.
std::string Stock(Storage& storage) {
  std::vector<std::string> texts;
  const ProductBatch there = Value(storage.ReadProducts(0, {}, kMost));
  for (int64_t i = 0; i < there.size(); ++i) {
    const int64_t quantity = there.quantity[static_cast<size_t>(i)];
    texts.push_back(absl::StrCat(there.key[i], "=", quantity == kAbsent ? "none" : absl::StrCat(quantity)));
  }
  const ProductBatch removed = Value(storage.ReadRemovedProducts(0, {}, kMost));
  for (int64_t i = 0; i < removed.size(); ++i) texts.push_back(absl::StrCat(removed.key[i], " removed"));
  return absl::StrJoin(texts, " ");
}

}  // namespace

TEST_P(StorageConformance, WhatAnImportDoesNotStateIsAbsent) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, AbsentProducts::kZero, At(10));
  EXPECT_EQ(Stock(storage()), "K1=10 K2=10");
  const AbsentResult result = feed.Import({{"K1", "S1", 100, 10}}, AbsentProducts::kZero, At(20));
  EXPECT_EQ(result.absent, 1);
  EXPECT_EQ(result.dirtied, 1);
  EXPECT_FALSE(result.more);
  EXPECT_FALSE(result.unproved);
  EXPECT_EQ(Stock(storage()), "K1=10 K2=0");
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  EXPECT_EQ(shop.LinkRow("S2").quantity_at, At(20));
  feed.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 4}}, AbsentProducts::kZero, At(30));
  EXPECT_EQ(Stock(storage()), "K1=10 K2=4") << "it is back";
}

TEST_P(StorageConformance, AbsentProductsAreRemovedAndComeBack) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, AbsentProducts::kKeep, At(10));
  const AbsentResult result = feed.Import({{"K2", "S2", 100, 10}}, AbsentProducts::kRemove, At(20));
  EXPECT_EQ(result.absent, 1);
  EXPECT_EQ(result.dirtied, 1);
  EXPECT_EQ(Stock(storage()), "K2=10 K1 removed");
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(feed.Import({{"K2", "S2", 100, 10}}, AbsentProducts::kRemove, At(25)).absent, 0) << "once";
  feed.Import({{"K1", "S1", 100, 3}, {"K2", "S2", 100, 10}}, AbsentProducts::kRemove, At(30));
  EXPECT_EQ(Stock(storage()), "K1=3 K2=10");
}

TEST_P(StorageConformance, WhatWasKeptIsStillAbsentLater) {
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, AbsentProducts::kKeep, At(10));
  feed.Import({{"K1", "S1", 100, 10}}, AbsentProducts::kKeep, At(20));
  EXPECT_EQ(Stock(storage()), "K1=10 K2=10");
  EXPECT_EQ(feed.Import({{"K1", "S1", 100, 10}}, AbsentProducts::kZero, At(30)).absent, 1);
  EXPECT_EQ(Stock(storage()), "K1=10 K2=0");
}

TEST_P(StorageConformance, WhatASourceNeverStatedIsNotAbsent) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  EXPECT_EQ(Feed(storage(), "warehouse").Import({{"K1", "S1", 100, 10}}, AbsentProducts::kZero, At(10)).absent, 0);
  EXPECT_EQ(Stock(storage()), "K1=10 K2=10");
}

TEST_P(StorageConformance, SourcesDoNotTakeEachOthersProducts) {
  Feed one(storage(), "one");
  Feed two(storage(), "two");
  one.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, AbsentProducts::kZero, At(10));
  two.Import({{"K2", "S2", 100, 5}}, AbsentProducts::kZero, At(11));
  EXPECT_EQ(one.Import({}, AbsentProducts::kZero, At(20)).absent, 1);
  EXPECT_EQ(Stock(storage()), "K1=0 K2=5") << "two states it";
  EXPECT_EQ(two.Import({}, AbsentProducts::kZero, At(30)).absent, 1);
  EXPECT_EQ(Stock(storage()), "K1=0 K2=0") << "nobody does any more";
}

TEST_P(StorageConformance, ARefusedRowIsStated) {
  Feed feed(storage(), "warehouse");
  const std::vector<ProductRow> rows = {{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}, {"K3", "S3", 100, 10}};
  feed.Import(rows, AbsentProducts::kKeep, At(10));
  EXPECT_EQ(feed.Import({{"K1", "S1", -100, 10}, {"K2", "\xFF"}}, AbsentProducts::kRemove, At(20)).absent, 1);
  EXPECT_EQ(Stock(storage()), "K1=10 K2=10 K3 removed");
}

TEST_P(StorageConformance, WhereAKeyCannotBeReadNothingIsAbsent) {
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 100, 10}, {"K2", "S2", 100, 10}}, AbsentProducts::kKeep, At(10));
  const AbsentResult result = feed.Import({{"K1", "S1", 100, 10}, {"\xFF", "S2"}}, AbsentProducts::kZero, At(20));
  EXPECT_TRUE(result.unproved);
  EXPECT_EQ(result.absent, 0);
  EXPECT_EQ(Stock(storage()), "K1=10 K2=10");
  EXPECT_FALSE(feed.Import({{"K1", "S1", 100, 10}}, AbsentProducts::kZero, At(30)).unproved) << "the next one";
  EXPECT_EQ(Stock(storage()), "K1=10 K2=0");
}

TEST_P(StorageConformance, ASweepGoesInStepsAndCanBeRepeated) {
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 1, 1}, {"K2", "S2", 1, 1}, {"K3", "S3", 1, 0}}, AbsentProducts::kKeep, At(10));
  const ProductImport import = feed.Begin();
  AbsentResult step = Value(storage().SweepImport(import, AbsentProducts::kZero, 2, At(20)));
  EXPECT_TRUE(step.more);
  EXPECT_EQ(step.absent, 2);
  step = Value(storage().SweepImport(import, AbsentProducts::kZero, 2, At(20)));
  EXPECT_FALSE(step.more);
  EXPECT_EQ(step.absent, 0) << "K3 had none";
  const std::string once = StoreText(storage());
  EXPECT_EQ(Value(storage().SweepImport(import, AbsentProducts::kZero, 2, At(30))).absent, 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, OnlyTheLastImportOfASourceCounts) {
  Feed feed(storage(), "warehouse");
  feed.Import({{"K1", "S1", 1, 1}}, AbsentProducts::kKeep, At(10));
  const ProductImport first = feed.Begin();
  const ProductImport second = feed.Begin();
  EXPECT_EQ(second.source, "warehouse");
  EXPECT_GT(second.number, first.number);
  ProductBatch batch = ToBatch({{"K2", "S2", 1, 1}});
  for (const ProductImport& stale : {first, ProductImport{"warehouse", second.number + 1}, ProductImport{"other", 1}}) {
    batch.import = stale;
    EXPECT_EQ(Code(storage().WriteProducts(batch, At(20))), kFailedPrecondition);
    EXPECT_EQ(Code(storage().SweepImport(stale, AbsentProducts::kZero, kMost, At(20))), kFailedPrecondition);
  }
  EXPECT_EQ(Stock(storage()), "K1=1");
}

TEST_P(StorageConformance, WrongImportsAreRefused) {
  EXPECT_EQ(Code(storage().BeginImport("")), kInvalidArgument);
  EXPECT_EQ(Code(storage().BeginImport("\xFF")), kInvalidArgument);
  EXPECT_EQ(Code(storage().BeginImport(std::string(1001, 'x'))), kInvalidArgument);
  const ProductImport import = Value(storage().BeginImport(std::string(1000, 'x')));
  EXPECT_EQ(Code(storage().SweepImport(import, AbsentProducts::kKeep, kMost, At(0))), kInvalidArgument);
  EXPECT_EQ(Code(storage().SweepImport(import, AbsentProducts::kZero, 0, At(0))), kInvalidArgument);
  EXPECT_EQ(Code(storage().SweepImport(import, AbsentProducts::kZero, Storage::kMaxRows + 1, At(0))), kInvalidArgument);
}

}  // namespace flxlink

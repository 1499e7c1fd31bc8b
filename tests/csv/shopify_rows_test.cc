#include "src/csv/shopify_rows.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;

std::vector<ShopifyVariant> ReadVariants(CsvReader* reader) {
  auto rows = ShopifyRows::Create(reader);
  EXPECT_TRUE(rows.ok()) << rows.status();
  std::vector<ShopifyVariant> variants;
  ShopifyVariant variant;
  for (;;) {
    const auto found = rows->Next(&variant);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || !*found) return variants;
    variants.push_back(variant);
  }
}

TEST(ShopifyIdTest, JoinsHandleAndOptions) {
  const auto id = [](absl::string_view handle, std::vector<std::string> options) { return ShopifyId(handle, options); };
  EXPECT_EQ(id("shirt", {"Red", "M", ""}), "shirt/Red/M");
  EXPECT_EQ(id("shirt", {"", "", ""}), "shirt");
  EXPECT_EQ(id("shirt", {"", "", "x"}), "shirt///x");
  EXPECT_EQ(id("a/b", {"1/2\\", " ", ""}), "a\\/b/1\\/2\\\\/ ");
  EXPECT_EQ(id("shirt", {}), "shirt");
}

TEST(ShopifyIdTest, GivesItsHandleBack) {
  for (const char* handle : {"", "shirt", "a/b", "a\\", "\\/", "/"}) {
    EXPECT_EQ(ShopifyHandleOf(ShopifyId(handle, {"1/2", "x"})), handle);
    EXPECT_EQ(ShopifyHandleOf(ShopifyId(handle, {})), handle);
  }
  EXPECT_EQ(ShopifyHandleOf("made elsewhere\\"), "made elsewhere\\");
}

TEST(ShopifyRowsTest, TakesVariantRowsAndInheritsFromTheFirstRow) {
  auto reader = CsvReader::FromText("s.csv",
                                    "Handle,Title,Vendor,Status,Option1 Value,Variant SKU,Variant Price,"
                                    "Variant Inventory Qty,Variant Barcode,Image Src\n"
                                    "a,\"A\nlong\",V,active,S,a-s,1.00,3,111,i1\n"
                                    "a,,,,,,,,,i2\n"
                                    "a,,,draft,M,a-m,,,,\n"
                                    "b,B,,archived,,,,,,i\n"
                                    "b,,,,,b-1,5,1,,\n"
                                    "a,Other,W,,L,a-l,3,,,\n");
  ASSERT_TRUE(reader.ok());
  const std::vector<ShopifyVariant> variants = ReadVariants(&*reader);
  ASSERT_EQ(variants.size(), 4u);
  EXPECT_EQ(variants[0].id, "a/S");
  EXPECT_EQ(variants[0].title, "A\nlong");
  EXPECT_EQ(variants[0].quantity, "3");
  EXPECT_EQ(variants[1].id, "a/M");
  EXPECT_EQ(variants[1].row.index, 2);
  EXPECT_EQ(variants[1].row.line, 5);
  EXPECT_EQ(variants[1].product_row.index, 0);
  EXPECT_EQ(variants[1].title, "A\nlong");
  EXPECT_EQ(variants[1].vendor, "V");
  EXPECT_EQ(variants[1].status, "active");
  EXPECT_EQ(variants[1].price, "");
  EXPECT_EQ(variants[2].id, "b");
  EXPECT_EQ(variants[2].product_row.index, 3);
  EXPECT_EQ(variants[2].status, "archived");
  // One product, wherever its rows stand.
  EXPECT_EQ(variants[3].title, "A\nlong");
  EXPECT_EQ(variants[3].vendor, "V");
  EXPECT_EQ(variants[3].status, "active");
  EXPECT_EQ(variants[3].product_row.index, 0);
}

TEST(ShopifyRowsTest, ARowWithAnyValueOfAVariantIsOne) {
  auto reader =
      CsvReader::FromText("s.csv",
                          "Handle,Title,Option1 Value,Option2 Value,Option3 Value,Variant SKU,Variant Barcode,"
                          "Variant Price,Variant Inventory Qty,Image Src\n"
                          "a,A,,,,,,,,i\n"
                          "b,,S,,,,,,,\n"
                          "c,,,S,,,,,,\n"
                          "d,,,,S,,,,,\n"
                          "e,,,,,k,,,,\n"
                          "f,,,,,,1,,,\n"
                          "g,,,,,,,1,,\n"
                          "h,,,,,,,,0,\n"
                          "i,,, , ,\t,,,,i\n");
  ASSERT_TRUE(reader.ok());
  std::string handles;
  for (const ShopifyVariant& variant : ReadVariants(&*reader)) handles += variant.handle;
  EXPECT_EQ(handles, "bcdefgh");
}

TEST(ShopifyRowsTest, KnowsItsProductsWhenTheReaderSeeks) {
  auto reader = CsvReader::FromText("s.csv", "Handle,Title,Variant Price\na,A,1\nb,B,1\na,,2\n");
  ASSERT_TRUE(reader.ok());
  auto rows = ShopifyRows::Create(&*reader);
  ASSERT_TRUE(rows.ok());
  ShopifyVariant variant;
  while (*rows->Next(&variant)) continue;
  ASSERT_EQ(variant.price, "2");
  reader->Seek(variant.row);
  variant = ShopifyVariant();
  ASSERT_TRUE(*rows->Next(&variant));
  EXPECT_EQ(variant.title, "A");
  EXPECT_EQ(variant.product_row.line, 2);
}

TEST(ShopifyRowsTest, ReadsTheProductsThatAreSelected) {
  auto reader =
      CsvReader::FromText("s.csv", "Handle,Title,Vendor,Status,Variant Price\na,A,V,draft,1\nb,B,,,1\na,,,,2\n");
  ASSERT_TRUE(reader.ok());
  const absl::flat_hash_set<std::string> handles = {"a", "c"};
  int asked = 0;
  const auto check = [&] { return ++asked <= 3 ? absl::OkStatus() : absl::CancelledError("enough"); };
  auto rows = ShopifyRows::Create(&*reader, {&handles, /*texts=*/false, check});
  ASSERT_TRUE(rows.ok());
  ShopifyVariant variant;
  ASSERT_TRUE(*rows->Next(&variant));
  EXPECT_EQ(variant.title, "");
  EXPECT_EQ(variant.vendor, "");
  EXPECT_EQ(variant.status, "draft");
  ASSERT_TRUE(*rows->Next(&variant));
  EXPECT_EQ(variant.price, "2");
  reader->Rewind();
  EXPECT_EQ(rows->Next(&variant).status(), absl::CancelledError("enough"));
}

TEST(ShopifyRowsTest, TakesPublishedWhereThereIsNoStatus) {
  auto reader = CsvReader::FromText("s.csv", "Handle,Published,Variant Price\na,true,1\na,,2\n");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(ReadVariants(&*reader)[1].status, "true");
  reader = CsvReader::FromText("s.csv", "Handle,Published,Status,Variant Price\na,true,,1\n");
  EXPECT_EQ(ReadVariants(&*reader)[0].status, "");
  reader = CsvReader::FromText("s.csv", "Handle,Variant Price\na,1\n");
  EXPECT_EQ(ReadVariants(&*reader)[0].status, "");
}

TEST(ShopifyRowsTest, OfTwoColumnsForOneThingTheOlderNameCounts) {
  auto reader = CsvReader::FromText("s.csv", "Handle,Price,Variant Price\na,2,1\n");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(ReadVariants(&*reader)[0].price, "1");
}

TEST(ShopifyRowsTest, AnEmptyTrackerMeansThatNobodyTracks) {
  for (const char* column : {"Variant Inventory Tracker", "Inventory tracker"}) {
    auto reader =
        CsvReader::FromText("s.csv", absl::StrCat("Handle,", column, ",Variant Price\na,shopify,1\nb,,2\nc, ,3\n"));
    ASSERT_TRUE(reader.ok());
    const std::vector<ShopifyVariant> variants = ReadVariants(&*reader);
    EXPECT_TRUE(variants[0].is_tracked) << column;
    EXPECT_FALSE(variants[1].is_tracked) << column;
    EXPECT_FALSE(variants[2].is_tracked) << column;
  }
  auto reader = CsvReader::FromText("s.csv", "Handle,Variant Price\na,1\n");
  EXPECT_TRUE(ReadVariants(&*reader)[0].is_tracked) << "the file does not say";
}

TEST(ShopifyRowsTest, GivesFieldsByNumber) {
  auto reader = CsvReader::FromText("s.csv",
                                    "Handle,Title,Vendor,Status,Option1 Value,Option2 Value,Option3 Value,Variant SKU,"
                                    "Variant Price,Variant Inventory Qty,Variant Barcode\n"
                                    "h,t,v,s,o1,o2,o3,k,1.5,7,b\n");
  ASSERT_TRUE(reader.ok());
  const ShopifyVariant variant = ReadVariants(&*reader)[0];
  std::vector<std::string> values;
  for (size_t i = 0; i < ShopifyFields().size(); ++i) {
    values.push_back(absl::StrCat(ShopifyFields()[i], "=", ShopifyFieldValue(variant, static_cast<int>(i))));
  }
  EXPECT_THAT(values, ElementsAre("id=h/o1/o2/o3", "sku=k", "barcode=b", "handle=h", "title=t", "vendor=v", "price=1.5",
                                  "quantity=7", "status=s", "option1=o1", "option2=o2", "option3=o3"));
}

TEST(ShopifyRowsTest, RefusesFilesOfAnotherKind) {
  auto reader = CsvReader::FromText("s.csv", "Handle,price\na,1\n");
  EXPECT_EQ(
      ShopifyRows::Create(&*reader).status().message(),
      "s.csv:1: there is no column \"Variant Price\" or \"Price\", only \"price\"; rename that one if it is meant, "
      "or name another one");
  reader = CsvReader::FromText("s.csv", "Handle,Variant Price\na,1\n,2\n");
  auto rows = ShopifyRows::Create(&*reader);
  ShopifyVariant variant;
  ASSERT_TRUE(rows->Next(&variant).ok());
  EXPECT_TRUE(rows->CheckHandle(variant).ok());
  ASSERT_TRUE(rows->Next(&variant).ok());
  EXPECT_EQ(rows->CheckHandle(variant).message(), "s.csv:3: the variant has no \"Handle\"; give its product's");
}

struct RealFile {
  const char* name;
  size_t variants;
};

class RealFileTest : public ::testing::TestWithParam<RealFile> {};

// Puts every cell together again from its span: nothing between them may be lost or counted twice.
std::string Rebuild(CsvReader* reader, absl::string_view text) {
  std::string rebuilt;
  CsvRecord record;
  while (*reader->Next(&record)) {
    const absl::string_view line = text.substr(record.position.begin, record.position.end - record.position.begin);
    const std::vector<CsvSpan> spans = CellSpans(line, ',');
    EXPECT_EQ(spans.size(), reader->columns().size());
    for (size_t i = 0; i < spans.size(); ++i) {
      const absl::string_view cell = line.substr(spans[i].begin, spans[i].end - spans[i].begin);
      std::string written;
      AppendCsvField(record.fields[static_cast<int64_t>(i)], &written);
      EXPECT_TRUE(cell == written || cell.substr(0, 1) == "\"") << cell;
      absl::StrAppend(&rebuilt, i == 0 ? "" : ",", cell);
    }
    absl::StrAppend(&rebuilt, line.substr(spans.back().end));
  }
  return rebuilt;
}

TEST_P(RealFileTest, ReadsEveryVariantOnce) {
  const std::string path = SharedData(absl::StrCat("shopify-csv/", GetParam().name, ".csv"));
  if (path.empty()) GTEST_SKIP() << "the shared Shopify exports are not there";
  auto reader = CsvReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const std::vector<ShopifyVariant> variants = ReadVariants(&*reader);
  EXPECT_EQ(variants.size(), GetParam().variants);
  std::map<std::string, int> ids;
  for (const ShopifyVariant& variant : variants) ++ids[variant.id];
  EXPECT_EQ(ids.size(), variants.size());

  reader = CsvReader::Open(path);
  ASSERT_TRUE(reader.ok());
  const std::string text = ReadFile(path);
  const std::string rebuilt = Rebuild(&*reader, text);
  EXPECT_TRUE(!rebuilt.empty() && absl::EndsWith(text, rebuilt));
}

INSTANTIATE_TEST_SUITE_P(Files, RealFileTest,
                         ::testing::Values(RealFile{"fashion", 3684}, RealFile{"apparel", 96}, RealFile{"jewelry", 24},
                                           RealFile{"snowdevil", 622}),
                         [](const auto& file) { return file.param.name; });

}  // namespace
}  // namespace flxlink::csv

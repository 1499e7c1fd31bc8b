#include "flxlink/catalog_csv.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// A file with this text, gone at the end.
class TempFile {
 public:
  explicit TempFile(absl::string_view text)
      : path_(absl::StrCat(::testing::TempDir(), "flxlink-", reinterpret_cast<uintptr_t>(this), ".csv")) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TempFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// An error without the path before its line.
std::string Error(const absl::Status& status, const TempFile& file) {
  return std::string(absl::StripPrefix(status.message(), absl::StrCat(file.path(), ":")));
}

absl::StatusOr<std::unique_ptr<CsvCatalog>> ReadCatalog(const TempFile& file, CsvDialect dialect,
                                                        std::vector<std::string> fields) {
  CsvCatalogOptions options;
  options.dialect = dialect;
  options.fields = std::move(fields);
  return CsvCatalog::Read(file.path(), options, InlineExecutor());
}

std::vector<std::string> Column(const CsvCatalog& catalog, int column) {
  std::vector<std::string> values;
  for (int part = 0; part < catalog.part_count(); ++part) {
    const absl::Status status = catalog.Scan(part, {column}, [&](const VariantChunk& chunk) {
      EXPECT_EQ(chunk.row_base, static_cast<int64_t>(values.size()));
      for (int64_t i = 0; i < chunk.row_count; ++i) values.emplace_back(chunk.columns[0][i]);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  return values;
}

TEST(CsvCatalogTest, ReadsIdsParentsAndTheFieldsAskedFor) {
  const TempFile file("sku,parent_id,id,upc\nA,p,1,x\n,,2,y\n");
  const auto catalog = ReadCatalog(file, CsvDialect::kGeneric, {"upc", "id", "upc"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->row_count(), 2);
  EXPECT_EQ((*catalog)->id(1), "2");
  EXPECT_EQ((*catalog)->parent(0), "p");
  EXPECT_EQ((*catalog)->FindRow("2"), 1);
  EXPECT_EQ((*catalog)->FindRow("3"), kNoRow);
  EXPECT_THAT(Column(**catalog, 0), ElementsAre("x", "y"));
  EXPECT_THAT(Column(**catalog, 1), ElementsAre("1", "2"));
  EXPECT_THAT(Column(**catalog, 2), ElementsAre("x", "y"));
  EXPECT_THAT(Column(**catalog, VariantSource::kParentColumn), ElementsAre("p", ""));
  EXPECT_FALSE((*catalog)->Scan(0, {3}, [](const VariantChunk&) { return absl::OkStatus(); }).ok());
}

TEST(CsvCatalogTest, ReadsManyRows) {
  std::string text = "id,sku\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&text, "id", i, ",sku", i, "\n");
  const TempFile file(text);
  const auto catalog = ReadCatalog(file, CsvDialect::kGeneric, {"sku"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->row_count(), 5000);
  EXPECT_EQ((*catalog)->id(4999), "id4999");
  EXPECT_EQ((*catalog)->FindRow("id2500"), 2500);
  EXPECT_EQ(Column(**catalog, 0)[1024], "sku1024");
}

TEST(CsvCatalogTest, KeepsNoMoreThanWasAskedFor) {
  const TempFile file("id,parent_id\n1,p\n2,q\n");
  CsvCatalogOptions options;
  options.parents = false;
  options.lookup = false;
  const auto catalog = CsvCatalog::Read(file.path(), options, InlineExecutor());
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->parent(1), "");
  EXPECT_THAT(Column(**catalog, VariantSource::kParentColumn), ElementsAre("", ""));
  std::vector<absl::string_view> ids(2);
  (*catalog)->GetIds({1, 0}, absl::MakeSpan(ids));
  EXPECT_THAT(ids, ElementsAre("2", "1"));
  const TempFile shopify("Handle,Variant Price\nh,1\n");
  options.dialect = CsvDialect::kShopify;
  EXPECT_EQ((*CsvCatalog::Read(shopify.path(), options, InlineExecutor()))->parent(0), "");
}

// Many ranges, a header that is longer than most files, and ids that quotes hide.
TEST(CsvCatalogTest, ReadsLongFilesOnManyThreads) {
  const std::string wide(100000, 'w');
  std::string text = absl::StrCat("id,\"", wide, "\",sku\n");
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&text, "\"i,", i, "\",\"x\n", i, ",y\",sku", i, "\r\n");
  const std::unique_ptr<Executor> executor = NewThreadExecutor(3);
  CsvCatalogOptions options;
  options.fields = {"sku", wide};
  const TempFile file(text);
  const auto catalog = CsvCatalog::Read(file.path(), options, *executor);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  ASSERT_EQ((*catalog)->row_count(), 100000);
  EXPECT_GT((*catalog)->part_count(), 1);
  EXPECT_EQ((*catalog)->id(99999), "i,99999");
  EXPECT_EQ((*catalog)->FindRow("i,50000"), 50000);
  EXPECT_EQ(Column(**catalog, 0)[70000], "sku70000");
  EXPECT_EQ(Column(**catalog, 1)[70000], "x\n70000,y");
}

// Whatever finds it, and on however many threads: the first thing wrong in the file is what is told.
TEST(CsvCatalogTest, NamesTheFirstOfSeveralErrors) {
  const std::unique_ptr<Executor> executor = NewThreadExecutor(3);
  std::string rows;
  for (int i = 0; i < 60000; ++i) absl::StrAppend(&rows, "item ", i, ",\"some\n note\"\n");
  const auto error = [&](absl::string_view begin, absl::string_view end) {
    const TempFile file(absl::StrCat("id,note\n", begin, rows, end));
    return Error(CsvCatalog::Read(file.path(), {}, *executor).status(), file);
  };
  EXPECT_EQ(error("", "item 7,\nitem 8\n"), "120002: the id \"item 7\" is there twice; give every variant its own");
  EXPECT_EQ(
      error("", "x\nitem 7,\n"),
      "120002: the row has 1 cell, the header has 2; add what is missing, or put cells that hold commas in quotes");
  EXPECT_EQ(error("item 9,\nitem 8,\n", "\xFF,\n"), "20: the id \"item 8\" is there twice; give every variant its own");
  EXPECT_EQ(error("a,\"\n\"\n,x\n", "a,\n"), "4: the id is empty; give every variant one");
  EXPECT_EQ(error("\"", "\"\n"), "2: text after a closing quote; double the quotes inside the cell");
}

// Whoever reads a FIFO waits for whoever writes it.
TEST(CsvCatalogTest, ReadsRegularFilesOnly) {
  const TempFile good("id\n1\n");
  const auto catalog = ReadCatalog(good, CsvDialect::kGeneric, {});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  const TempFile fifo("");
  std::remove(fifo.path().c_str());
  ASSERT_EQ(mkfifo(fifo.path().c_str(), 0600), 0);
  const std::string expected = absl::StrCat(fifo.path(), ": is a FIFO; give a regular file");
  EXPECT_EQ(ReadCatalog(fifo, CsvDialect::kGeneric, {}).status().message(), expected);
  EXPECT_EQ(ReadCatalog(fifo, CsvDialect::kShopify, {}).status().message(), expected);
  EXPECT_EQ(ReadLinksCsv(fifo.path(), **catalog, **catalog).status().message(), expected);
  const absl::Status products = ReadProductCsv(fifo.path(), {}, [](const ProductBatch&) { return absl::OkStatus(); });
  EXPECT_EQ(products.message(), expected);
}

TEST(CsvCatalogTest, ReadsFilesWithoutRows) {
  const TempFile file("id,sku");
  const auto catalog = ReadCatalog(file, CsvDialect::kGeneric, {"sku"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->row_count(), 0);
  EXPECT_EQ((*catalog)->FindRow("id"), kNoRow);
  const TempFile empty("");
  EXPECT_EQ(Error(ReadCatalog(empty, CsvDialect::kGeneric, {}).status(), empty),
            "1: there is no header row; name the columns in the first row");
}

TEST(CsvCatalogTest, ReadsOtherSeparators) {
  for (const char* text : {"id;sku;note\n1;A,1;x\n;;\n2;B;y\n", "sep=;\nid;sku,note\n1;A,1\n2;B\n"}) {
    const TempFile file(text);
    const std::string sku = absl::StrContains(text, "sku,") ? "sku,note" : "sku";
    const auto catalog = ReadCatalog(file, CsvDialect::kGeneric, {sku});
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    EXPECT_THAT(Column(**catalog, 0), ElementsAre("A,1", "B"));
    EXPECT_EQ((*catalog)->FindRow("2"), 1);
  }
}

// As many commas as there are semicolons: cut at those it would look sound.
TEST(CsvCatalogTest, IsNotMisledByCommasBetweenOtherSeparators) {
  const TempFile file("id;sku\n1;A,1\n2;B,2\n");
  const auto catalog = ReadCatalog(file, CsvDialect::kGeneric, {"sku"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(Column(**catalog, 0), ElementsAre("A,1", "B,2"));
}

TEST(CsvCatalogTest, ReadsShopifyExports) {
  const TempFile file(
      "Handle,Title,Option1 Value,Variant SKU,Variant Price\n"
      "a/b,T,S,k1,1\na/b,,,,\nc,U,,,\na/b,,M,k2,\n");
  const auto catalog = ReadCatalog(file, CsvDialect::kShopify, {"title", "sku", "id"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ((*catalog)->id(0), "a\\/b/S");
  EXPECT_EQ((*catalog)->parent(1), "a/b");
  EXPECT_THAT(Column(**catalog, 0), ElementsAre("T", "T"));
  EXPECT_THAT(Column(**catalog, 1), ElementsAre("k1", "k2"));
  EXPECT_THAT(Column(**catalog, 2), ElementsAre("a\\/b/S", "a\\/b/M"));
}

TEST(CsvCatalogTest, NamesFileAndLine) {
  const auto error = [](absl::string_view text, CsvDialect dialect, std::vector<std::string> fields) {
    const TempFile file(text);
    return Error(ReadCatalog(file, dialect, std::move(fields)).status(), file);
  };
  EXPECT_EQ(error("sku\nA\n", CsvDialect::kGeneric, {}),
            "1: there is no column \"id\"; add it to the header, or name another one");
  EXPECT_EQ(error("\nid\n1\n", CsvDialect::kGeneric, {"sku"}),
            "2: there is no column \"sku\"; add it to the header, or name another one");
  EXPECT_EQ(error("id,x\n1,\"\n\"\n,y\n", CsvDialect::kGeneric, {}), "4: the id is empty; give every variant one");
  EXPECT_EQ(error("id,x\n1,\"\n\"\n1,\n", CsvDialect::kGeneric, {}),
            "4: the id \"1\" is there twice; give every variant its own");
  EXPECT_EQ(error("Handle,Variant Price\na,1\na,\na,2\n", CsvDialect::kShopify, {}),
            "4: the id \"a\" is there twice; give every variant its own");
  EXPECT_EQ(error("Handle,Variant Price\n", CsvDialect::kShopify, {"barcode"}),
            "1: there is no column \"Variant Barcode\" or \"Barcode\"; add it to the header, or name another one");
  EXPECT_EQ(
      error("Handle,Variant Price\n", CsvDialect::kShopify, {"upc"}),
      "1: a Shopify file has no field \"upc\"; use one of id, sku, barcode, handle, title, vendor, price, quantity, "
      "status, option1, option2, option3");
  EXPECT_EQ(CsvCatalog::Read("/nowhere.csv", {}, InlineExecutor()).status().code(), absl::StatusCode::kNotFound);
}

TEST(CsvDialectTest, HasNames) {
  EXPECT_EQ(*ParseCsvDialect("shopify"), CsvDialect::kShopify);
  EXPECT_EQ(ToString(*ParseCsvDialect("generic")), "generic");
  EXPECT_EQ(ParseCsvDialect("xml").status().message(), "there is no CSV dialect \"xml\"; use generic or shopify");
}

class LinksCsvTest : public ::testing::Test {
 protected:
  absl::StatusOr<CsvLinks> Read(const TempFile& file) { return ReadLinksCsv(file.path(), *listings_, *channel_); }

  TempFile listings_file_{"id\nl1\nl2\n"};
  TempFile channel_file_{"id\nc1\nc2\n"};
  std::unique_ptr<CsvCatalog> listings_ = *ReadCatalog(listings_file_, CsvDialect::kGeneric, {});
  std::unique_ptr<CsvCatalog> channel_ = *ReadCatalog(channel_file_, CsvDialect::kGeneric, {});
};

TEST_F(LinksCsvTest, FindsTheRowsOfIds) {
  const TempFile file("note,channel_id,listing_id\n,c2,l1\n,gone,l2\n,c1,ghost\n");
  const auto links = Read(file);
  ASSERT_TRUE(links.ok()) << links.status();
  EXPECT_THAT(links->pairs, ElementsAre(RowPair{0, 1}, RowPair{1, kNoRow}, RowPair{kNoRow, 0}));
  EXPECT_THAT(links->missing_channel_ids, UnorderedElementsAre(Pair(1, "gone")));
  EXPECT_THAT(links->missing_listing_ids, UnorderedElementsAre(Pair(0, "ghost")));
}

TEST_F(LinksCsvTest, RefusesWhatIsNotOneToOne) {
  const auto error = [this](absl::string_view rows) {
    const TempFile file(absl::StrCat("listing_id,channel_id\n", rows));
    return Error(Read(file).status(), file);
  };
  EXPECT_EQ(error("l1,c1\nl1,c2\n"), "3: listing_id \"l1\" is there twice; links are 1:1, remove one of the two");
  EXPECT_EQ(error("l1,c1\n\nl2,c1\n"), "4: channel_id \"c1\" is there twice; links are 1:1, remove one of the two");
  EXPECT_EQ(error("ghost,c1\nghost,c2\n"),
            "3: listing_id \"ghost\" is there twice; links are 1:1, remove one of the two");
  EXPECT_EQ(error("l1,gone\nl2,gone\n"), "3: channel_id \"gone\" is there twice; links are 1:1, remove one of the two");
  EXPECT_EQ(error("l1,\n"), "2: channel_id is empty; name both sides of the link");
  const TempFile file("listing_id\nl1\n");
  EXPECT_EQ(Error(Read(file).status(), file),
            "1: there is no column \"channel_id\"; add it to the header, or name another one");
}

// Every row of a file of products, as text.
absl::StatusOr<std::vector<std::string>> Products(const TempFile& file, const ProductCsvOptions& options) {
  std::vector<std::string> rows;
  const absl::Status status = ReadProductCsv(file.path(), options, [&](const ProductBatch& page) {
    EXPECT_LE(page.size(), options.page_rows);
    for (int64_t i = 0; i < page.size(); ++i) {
      // "?": the file does not state the column; "-": it states that there is none.
      const auto text = [&](const StringColumn& column) { return column.size() == 0 ? "?" : std::string(column[i]); };
      const auto number = [&](const std::vector<int64_t>& column) -> std::string {
        if (column.empty()) return "?";
        const int64_t value = column[static_cast<size_t>(i)];
        return value == kAbsent ? "-" : absl::StrCat(value);
      };
      rows.push_back(absl::StrJoin({std::string(page.key[i]), text(page.sku), text(page.parent), number(page.price),
                                    number(page.compare_at_price), number(page.quantity), number(page.sync_priority)},
                                   "|"));
      for (size_t field = 0; field < page.fields.names.size(); ++field) {
        absl::StrAppend(&rows.back(), "|", page.fields.names[field], "=", page.fields.columns[field][i]);
      }
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

TEST(ProductCsvTest, ReadsGenericFilesInPages) {
  const TempFile file(
      "title,sku,price,quantity,parent,sync_priority,color,\n"
      "T,A,19.9,3,p,7,red,x\n,B,, ,,,,\n,C,0,-2,,-1,,\n");
  ProductCsvOptions options;
  options.page_rows = 2;
  const auto rows = Products(file, options);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre("A|A|p|1990|?|3|7|title=T|color=red",
                                 "B|B||-|?|-|-|title=|color=", "C|C||0|?|-2|-1|title=|color="));
}

TEST(ProductCsvTest, AMissingColumnIsNotStated) {
  const auto stated = [](absl::string_view text) { return Products(TempFile(text), {}).value(); };
  EXPECT_THAT(stated("sku,quantity\nA,3\n"), ElementsAre("A|A|?|?|?|3|?"));
  EXPECT_THAT(stated("sku,price,compare_at_price\nA,3,4.50\nB,,\n"), ElementsAre("A|A|?|300|450|?|?", "B|B|?|-|-|?|?"));
}

TEST(ProductCsvTest, ReadsShopifyFiles) {
  const TempFile file(
      "Handle,Title,Vendor,Status,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Variant Barcode\n"
      "h,T,V,active,S,,5,1,b\ni,I,,,,,,2,\nh,,,,M,k,6.50,,\n");
  ProductCsvOptions options;
  options.dialect = CsvDialect::kShopify;
  const auto rows = Products(file, options);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows,
              ElementsAre("h/S||h|500|?|1|?|id=h/S|barcode=b|handle=h|title=T|vendor=V|status=active|option1=S",
                          "i||i|-|?|2|?|id=i|barcode=|handle=i|title=I|vendor=|status=|option1=",
                          "h/M|k|h|650|?|-|?|id=h/M|barcode=|handle=h|title=T|vendor=V|status=active|option1=M"));
}

TEST(ProductCsvTest, ReadsDecimalMarks) {
  const TempFile file("sku;price;compare_at_price;quantity\nA;19,90;1.250,00;5,0\nB;7;7.5;1\n");
  EXPECT_THAT(Products(file, {}).value(), ElementsAre("A|A|?|1990|125000|5|?", "B|B|?|700|750|1|?"));
  const TempFile unclear("sku;price;quantity\nA;1.234;1\n");
  EXPECT_EQ(
      Error(Products(unclear, {}).status(), unclear),
      "2: column \"price\": \"1.234\" can be read in two ways; say whether the file's decimal mark is the point or "
      "the comma");
  ProductCsvOptions options;
  options.decimal = DecimalMark::kComma;
  EXPECT_THAT(Products(unclear, options).value(), ElementsAre("A|A|?|123400|?|1|?"));
  EXPECT_EQ(*ParseDecimalMark("comma"), DecimalMark::kComma);
  EXPECT_EQ(ParseDecimalMark("dot").status().message(), "there is no decimal mark \"dot\"; use point or comma");
}

TEST(ProductCsvTest, ReadsTodaysShopifyFiles) {
  const TempFile file(
      "Title,URL handle,Published on online store,SKU,Barcode,Option1 value,Price,Compare-at price,Inventory quantity\n"
      "T,h,TRUE,k,b,S,5,6,1\n");
  ProductCsvOptions options;
  options.dialect = CsvDialect::kShopify;
  EXPECT_THAT(Products(file, options).value(),
              ElementsAre("h/S|k|h|500|600|1|?|id=h/S|barcode=b|handle=h|title=T|status=TRUE|option1=S"));
  const TempFile odd("URL handle,Price,Inventory quantity\nh,1,x\n");
  EXPECT_EQ(Error(Products(odd, options).status(), odd),
            "2: column \"Inventory quantity\": \"x\" is not a whole number; write digits only");
}

TEST(ProductCsvTest, NamesTheColumnThatIsNearlyTheOneWanted) {
  const TempFile file("SKU,price\nA,1\n");
  EXPECT_EQ(Error(Products(file, ProductCsvOptions()).status(), file),
            "1: there is no column \"sku\", only \"SKU\"; rename that one if it is meant, or name another one");
}

TEST(ProductCsvTest, AShopifyFileStatesTheColumnsThatItHas) {
  ProductCsvOptions options;
  options.dialect = CsvDialect::kShopify;
  const TempFile file("Handle,Variant Price,Variant Compare At Price\nh,5,7\n");
  EXPECT_THAT(Products(file, options).value(), ElementsAre("h|?|h|500|700|?|?|id=h|handle=h"));
}

TEST(ProductCsvTest, NamesFileLineAndColumn) {
  const auto error = [](absl::string_view text) {
    const TempFile file(text);
    return Error(Products(file, ProductCsvOptions()).status(), file);
  };
  EXPECT_EQ(error("upc\n1\n"), "1: there is no column \"sku\"; add it to the header, or name another one");
  EXPECT_EQ(error("sku,price\nA,1\n ,2\n"), "3: the sku is empty; give every variant one");
  EXPECT_EQ(error("sku,price\nA,1\nA,2\n"), "3: the sku \"A\" is there twice; give every variant its own");
  EXPECT_EQ(error("sku,price\nA,\"1,50\"\n"),
            "2: column \"price\": \"1,50\" is not a price in USD; write a plain decimal number like 19.90");
  EXPECT_EQ(error("sku,quantity\nA,1.5\n"), "2: column \"quantity\": \"1.5\" is not a whole number; write digits only");
  EXPECT_EQ(error("sku,sync_priority\nA,high\n"),
            "2: column \"sync_priority\": \"high\" is not a whole number; write digits only");
}

TEST(ProductCsvTest, RefusesPricesBelowZeroAndFractionsOfAPiece) {
  const auto error = [](absl::string_view text) {
    const TempFile file(text);
    return Error(Products(file, {}).status(), file);
  };
  EXPECT_EQ(error("sku,price\nA,1\nB,-5.00\n"),
            "3: column \"price\": \"-5.00\" is below zero; write a price of 0 or more, or leave the cell empty");
  EXPECT_EQ(
      error("sku,compare_at_price\nA,-0.01\n"),
      "2: column \"compare_at_price\": \"-0.01\" is below zero; write a price of 0 or more, or leave the cell empty");
  EXPECT_EQ(error("sku,quantity\nA,5.5\n"), "2: column \"quantity\": \"5.5\" is not a whole number; write digits only");
}

TEST(ProductCsvTest, SaysWhenTheFileWasModified) {
  const TempFile file("sku,quantity\nA,3\n");
  const absl::Time at = absl::FromUnixSeconds(1700000000);
  const timespec times[] = {absl::ToTimespec(at), absl::ToTimespec(at)};
  ASSERT_EQ(utimensat(AT_FDCWD, file.path().c_str(), times, 0), 0);
  const absl::Status status = ReadProductCsv(file.path(), {}, [&](const ProductBatch& page) {
    EXPECT_EQ(page.quantity_written_at, at);
    EXPECT_FALSE(page.quantity_as_of.has_value());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ProductCsvTest, TakesFieldsFromColumnsOfOtherNames) {
  const TempFile file("Artikelnummer;EAN;VK;price;Bestand\nA;4006381333931;19,90;7,00;3\nB;;x;;\n");
  ProductCsvOptions options;
  options.columns = {{"sku", "Artikelnummer"}, {"upc", "EAN"}, {"price", "VK"}, {"quantity", "Bestand"}};
  EXPECT_EQ(Error(Products(file, options).status(), file),
            "3: column \"VK\": \"x\" is not a price in USD; write a plain decimal number like 19.90");
  const TempFile good("Artikelnummer;EAN;VK;price;Bestand\nA;4006381333931;19,90;7,00;3\n");
  EXPECT_THAT(Products(good, options).value(), ElementsAre("A|A|?|1990|?|3|?|upc=4006381333931"));
}

// Storage refuses it: the row's problem, and the others go on.
TEST(ProductCsvTest, GivesWhatIsTooLongAsTooLong) {
  const TempFile file(absl::StrCat("sku,title\nA,one\nB,", std::string(2 * kMaxCsvFieldBytes, 'x'), "\nC,three\n"));
  std::vector<size_t> titles;
  const absl::Status status = ReadProductCsv(file.path(), {}, [&](const ProductBatch& page) {
    for (int64_t row = 0; row < page.size(); ++row) titles.push_back(page.fields.columns[0][row].size());
    return absl::OkStatus();
  });
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_THAT(titles, ElementsAre(size_t{3}, Gt(kMaxCsvFieldBytes), size_t{5}));
}

TEST(ProductCsvTest, NamesTheHeaderOfAColumnThatIsNotThere) {
  const TempFile file("Artikel-Nummer,VK\nA,1\n");
  const auto error = [&](std::vector<std::pair<std::string, std::string>> columns) {
    ProductCsvOptions options;
    options.columns = std::move(columns);
    return Error(Products(file, options).status(), file);
  };
  EXPECT_EQ(error({{"sku", "Artikelnummer"}}),
            "1: there is no column \"Artikelnummer\", only \"Artikel-Nummer\"; rename "
            "that one if it is meant, or name another one");
  EXPECT_EQ(error({{"sku", "Artikelnumemr"}}),
            "1: there is no column \"Artikelnumemr\", only \"Artikel-Nummer\"; rename "
            "that one if it is meant, or name another one");
  EXPECT_EQ(error({{"sku", "EAN"}}), "1: there is no column \"EAN\"; add it to the header, or name another one");
  EXPECT_EQ(error({{"sku", "VK"}, {"price", "VK"}}),
            "1: the column \"VK\" is to be \"price\", and one of both is named before; name each once");
  EXPECT_EQ(error({{"sku", "VK"}, {"sku", "Artikel-Nummer"}}),
            "1: the column \"Artikel-Nummer\" is to be \"sku\", and one of both is named before; name each once");
}

TEST(ProductCsvTest, TakesFieldsOfShopifyFilesFromColumnsOfOtherNames) {
  const TempFile file("Handle,Option1 Value,Nummer,Variant SKU,Preis\nh,S,N1,old,5\n");
  ProductCsvOptions options;
  options.dialect = CsvDialect::kShopify;
  options.columns = {{"sku", "Nummer"}, {"price", "Preis"}};
  EXPECT_THAT(Products(file, options).value(), ElementsAre("h/S|N1|h|500|?|?|?|id=h/S|handle=h|option1=S"));
  options.columns = {{"colour", "Preis"}};
  EXPECT_THAT(Error(Products(file, options).status(), file), HasSubstr("1: a Shopify file has no field \"colour\""));
}

TEST(ProductCsvTest, NamesWhatIsNoCsvForWhatItIs) {
  const auto error = [](absl::string_view text) {
    const TempFile file(text);
    return Error(Products(file, {}).status(), file);
  };
  const absl::string_view workbook("PK\x03\x04\x14\0\x06\0", 8);
  EXPECT_EQ(error(workbook), " it is an .xlsx workbook or another zip archive; save its sheet as CSV in UTF-8");
  EXPECT_EQ(error("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more"),
            " it is an .xls workbook; save its sheet as CSV in UTF-8");
  const std::string utf16 = " it looks like UTF-16 without a byte-order mark; save it as UTF-8";
  EXPECT_EQ(error(absl::string_view("s\0k\0u\0\r\0\n\0A\0", 12)), utf16);
  EXPECT_EQ(error(absl::string_view("\0s\0k\0u\0\r\0\n\0A", 12)), utf16);
  EXPECT_EQ(error("sku,title\nA,Gr\xF6\xDF"
                  "e\n"),
            "2: column \"title\" is not valid UTF-8 and looks like Windows-1252; save the file as UTF-8");
  EXPECT_EQ(error("sku,title\nA,\xC3\x81\x81\n"), "2: column \"title\" is not valid UTF-8; save the file as UTF-8");
  EXPECT_EQ(
      error("A,10.00,5\nB,11.00,4\n"),
      "1: there is no column \"sku\", and \"10.00\" stands in the first row, which seems to be no header row; name "
      "the columns in the first row");
  EXPECT_EQ(error("sku|price\nA|1\n"),
            "1: there is no column \"sku\", and the header is one cell with \"|\" in it; "
            "separate cells by commas, semicolons or tabs");
}

TEST(ProductCsvTest, PassesOnTheVisitorsError) {
  const TempFile file("sku\nA\n");
  const auto fail = [](const ProductBatch&) { return absl::AbortedError("enough"); };
  EXPECT_EQ(ReadProductCsv(file.path(), ProductCsvOptions(), fail), absl::AbortedError("enough"));
}

}  // namespace
}  // namespace flxlink::csv

#include "src/channels/csv/variant_values.h"

#include <string>

#include "flxlink/conformance/print.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

csv_channel::StatusWords WordsOf(const std::string& header) {
  const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText("s.csv", header);
  EXPECT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<csv::ShopifyColumns> columns = csv::ShopifyColumns::Find(*reader);
  EXPECT_TRUE(columns.ok()) << columns.status();
  return csv_channel::StatusWordsOf(*columns);
}

TEST(StatusWordsTest, AreThoseOfStatusElsePublished) {
  EXPECT_EQ(WordsOf("Handle,Variant Price,Published,Status\n"), csv_channel::StatusWords::kStatus);
  EXPECT_EQ(WordsOf("Handle,Published,Variant Price\n"), csv_channel::StatusWords::kPublished);
  EXPECT_EQ(WordsOf("URL handle,Published on online store,Price\n"), csv_channel::StatusWords::kPublished);
  EXPECT_EQ(WordsOf("Handle,Variant Price\n"), csv_channel::StatusWords::kNone);
}

TEST(StatusWordsTest, NameEveryStatusOfTheirs) {
  EXPECT_THAT(csv_channel::StatusesWith(csv_channel::StatusWords::kStatus),
              ElementsAre(ChannelStatus::kListed, ChannelStatus::kHidden, ChannelStatus::kDead));
  EXPECT_THAT(csv_channel::StatusesWith(csv_channel::StatusWords::kPublished),
              ElementsAre(ChannelStatus::kListed, ChannelStatus::kHidden));
  EXPECT_THAT(csv_channel::StatusesWith(csv_channel::StatusWords::kNone), IsEmpty());
  for (const csv_channel::StatusWords words :
       {csv_channel::StatusWords::kStatus, csv_channel::StatusWords::kPublished}) {
    for (const ChannelStatus status : csv_channel::StatusesWith(words)) {
      EXPECT_EQ(csv_channel::ParseStatusWord(words, *csv_channel::StatusWord(words, status)), status);
    }
  }
  EXPECT_EQ(csv_channel::StatusWord(csv_channel::StatusWords::kPublished, ChannelStatus::kDead), absl::nullopt);
  EXPECT_EQ(csv_channel::StatusWord(csv_channel::StatusWords::kStatus, ChannelStatus::kUnknown), absl::nullopt);
}

TEST(StatusWordsTest, AreReadInAnyCaseAndElseNotUnderstood) {
  EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kStatus, "ARCHIVED"), ChannelStatus::kDead);
  EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kPublished, "True"), ChannelStatus::kListed);
  for (const char* other : {"", "true", "unlisted", " active"}) {
    EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kStatus, other), ChannelStatus::kNotUnderstood)
        << other;
  }
  EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kNone, ""), ChannelStatus::kUnknown);
}

class VariantValuesTest : public ::testing::Test {
 protected:
  // Of a file with such a header.
  static csv_channel::VariantCells Cells(const std::string& header, const char* currency = "USD") {
    const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText("s.csv", header);
    EXPECT_TRUE(reader.ok()) << reader.status();
    return {*reader, *csv::ShopifyColumns::Find(*reader), {*Currency::Parse(currency)}};
  }

  absl::StatusOr<ItemValues> Read(const std::string& price, const std::string& quantity, const char* currency = "USD") {
    csv::ShopifyVariant variant;
    variant.row.line = 7;
    variant.price = price;
    variant.quantity = quantity;
    variant.status = "draft";
    return Cells("Handle,Variant Price,Variant Inventory Qty,Status\n", currency).ReadValues(variant);
  }

  void ExpectError(const absl::Status& status, const std::string& part) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("s.csv:7: column "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  }
};

TEST_F(VariantValuesTest, ReadsNumbersAndWords) {
  EXPECT_EQ(*Read("19.9", "-3"), (ItemValues{1990, -3, ChannelStatus::kHidden}));
  EXPECT_EQ(*Read("1990", "0", "JPY"), (ItemValues{1990, 0, ChannelStatus::kHidden}));
  EXPECT_EQ(*Read("5", ""), (ItemValues{500, kAbsent, ChannelStatus::kHidden}));
  EXPECT_EQ(*Read("", " "), (ItemValues{kAbsent, kAbsent, ChannelStatus::kHidden}));
  EXPECT_EQ(*Read("\t", "1"), (ItemValues{kAbsent, 1, ChannelStatus::kHidden}));
}

TEST_F(VariantValuesTest, APullPassesOverAStatusAndACompareAtPriceThatCannotBeRead) {
  const csv_channel::VariantCells cells = Cells("Handle,Variant Price,Variant Compare At Price,Published\n");
  csv::ShopifyVariant variant;
  variant.row.line = 7;
  variant.product_row.line = 7;
  variant.price = "1";
  ExpectError(cells.ReadStatus(variant).status(), "\"Published\": \"\" is no status");
  EXPECT_EQ(*cells.ReadCompareAtPrice(variant), kAbsent);
  variant.status = "active";
  variant.compare_at_price = "soon";
  ExpectError(cells.ReadStatus(variant).status(), "\"Published\": \"active\"");
  ExpectError(cells.ReadCompareAtPrice(variant).status(), "\"Variant Compare At Price\"");
  EXPECT_EQ(*cells.ReadValues(variant), (ItemValues{100, kAbsent, ChannelStatus::kNotUnderstood, kAbsent}));
}

TEST_F(VariantValuesTest, NamesColumnsAsTheFileDoes) {
  const csv_channel::VariantCells today = Cells("URL handle,Price,Inventory quantity,Published on online store\n");
  EXPECT_EQ(today.NameOf(SyncField::kPrice), "Price");
  EXPECT_EQ(today.NameOf(SyncField::kQuantity), "Inventory quantity");
  EXPECT_EQ(today.NameOf(SyncField::kStatus), "Published on online store");
  EXPECT_EQ(today.NameOf(SyncField::kCompareAtPrice), "Variant Compare At Price") << "it has none";
  EXPECT_EQ(today.ColumnOf(SyncField::kCompareAtPrice), csv::CsvReader::kNoColumn);
  EXPECT_EQ(today.ColumnOf(SyncField::kStatus), 3);
  ExpectError(today.NoHandle([] {
    csv::ShopifyVariant variant;
    variant.row.line = 7;
    return variant;
  }()),
              "\"URL handle\"");
}

TEST_F(VariantValuesTest, SaysWhereACellIsNoNumber) {
  ExpectError(Read("$5", "1").status(), "\"Variant Price\"");
  ExpectError(Read("1.50", "1", "JPY").status(), "\"Variant Price\"");
  ExpectError(Read("5", "many").status(), "\"Variant Inventory Qty\": \"many\"");
  ExpectError(Read("5", "1.5").status(), "\"Variant Inventory Qty\"");
  ExpectError(Read("5", "-9223372036854775808").status(), "\"Variant Inventory Qty\"");
}

}  // namespace
}  // namespace flxlink

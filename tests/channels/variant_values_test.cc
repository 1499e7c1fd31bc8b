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
  return csv_channel::StatusWordsOf(*reader, *columns);
}

TEST(StatusWordsTest, AreThoseOfStatusElsePublished) {
  EXPECT_EQ(WordsOf("Handle,Variant Price,Published,Status\n"), csv_channel::StatusWords::kStatus);
  EXPECT_EQ(WordsOf("Handle,Published,Variant Price\n"), csv_channel::StatusWords::kPublished);
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

TEST(StatusWordsTest, AreReadInAnyCaseAndElseUnknown) {
  EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kStatus, "ARCHIVED"), ChannelStatus::kDead);
  EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kPublished, "True"), ChannelStatus::kListed);
  for (const char* other : {"", "true", "unlisted", " active"}) {
    EXPECT_EQ(csv_channel::ParseStatusWord(csv_channel::StatusWords::kStatus, other), ChannelStatus::kUnknown) << other;
  }
}

class VariantValuesTest : public ::testing::Test {
 protected:
  absl::StatusOr<ItemValues> Read(const std::string& price, const std::string& quantity, const char* currency = "USD") {
    const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText("s.csv", "Handle,Variant Price\n");
    EXPECT_TRUE(reader.ok()) << reader.status();
    csv::ShopifyVariant variant;
    variant.row.line = 7;
    variant.price = price;
    variant.quantity = quantity;
    variant.status = "draft";
    return csv_channel::ReadItemValues(*reader, variant, csv_channel::StatusWords::kStatus, *Currency::Parse(currency));
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
  const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText("s.csv", "Handle,Variant Price\n");
  ASSERT_TRUE(reader.ok()) << reader.status();
  csv::ShopifyVariant variant;
  variant.row.line = 7;
  variant.product_row.line = 7;
  variant.price = "1";
  const auto words = csv_channel::StatusWords::kPublished;
  const Currency currency = *Currency::Parse("USD");
  EXPECT_EQ(*csv_channel::ReadStatus(*reader, variant, words), ChannelStatus::kUnknown);
  EXPECT_EQ(*csv_channel::ReadCompareAtPrice(*reader, variant, currency), kAbsent);
  variant.status = "active";
  variant.compare_at_price = "soon";
  ExpectError(csv_channel::ReadStatus(*reader, variant, words).status(), "\"Published\": \"active\"");
  ExpectError(csv_channel::ReadCompareAtPrice(*reader, variant, currency).status(), "\"Variant Compare At Price\"");
  EXPECT_EQ(*csv_channel::ReadItemValues(*reader, variant, words, currency),
            (ItemValues{100, kAbsent, ChannelStatus::kUnknown, kAbsent}));
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

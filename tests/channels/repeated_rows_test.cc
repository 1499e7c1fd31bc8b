#include "src/channels/csv/repeated_rows.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/csv/shopify_rows.h"

namespace flxlink {
namespace {

using ::testing::HasSubstr;

class TestCall : public CallContext {
 public:
  explicit TestCall(bool cancelled) : cancelled_(cancelled) {}

  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return cancelled_; }
  void Log(LogLevel, absl::string_view) const override {}

 private:
  const bool cancelled_;
};

absl::StatusOr<csv_channel::RepeatedRows> Find(csv::CsvReader* reader, bool cancelled = false) {
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return csv_channel::RepeatedRows::Find(&*rows, TestCall(cancelled));
}

TEST(RepeatedRowsTest, AreThoseWithTheIdOfAnEarlierRow) {
  auto reader = csv::CsvReader::FromText(
      "s.csv", "Handle,Option1 Value,Variant Price\na,1,1\na,,\n\na,2,1\nb,,1\na,1,2\na,1,3\n,,1\n,,1\n");
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto repeated = Find(&*reader);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  // The reader stands where it stood.
  csv::CsvRecord record;
  std::string told;
  while (*reader->Next(&record)) {
    const absl::optional<int64_t> first = repeated->FirstLine(record.position);
    told += first.has_value() ? std::to_string(*first) : "-";
  }
  EXPECT_EQ(told, "----22--");
}

TEST(RepeatedRowsTest, AreNotLookedForInWhatIsNoCsv) {
  auto reader = csv::CsvReader::FromText("s.csv", "Handle,Variant Price\na,1\nb,1,1\n");
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::Status status = Find(&*reader).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("s.csv:3: "));
}

TEST(RepeatedRowsTest, AreNotLookedForLongerThanIsWanted) {
  auto reader = csv::CsvReader::FromText("s.csv", "Handle,Variant Price\na,1\n");
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Find(&*reader, true).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace flxlink

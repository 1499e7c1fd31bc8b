#include "src/channels/csv/file_push.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::SizeIs;

class TestCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return false; }
  void Log(LogLevel, absl::string_view) const override {}
};

PushItem PriceItem(const std::string& id, int64_t price) {
  PushItem item;
  item.external_id = id;
  item.mask = {SyncField::kPrice};
  item.values.price = price;
  return item;
}

class FilePushTest : public ::testing::Test {
 protected:
  // Of the file as it is now. It changes the price of the last row, far from the beginning.
  csv_channel::FilePush Make() {
    absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path_);
    EXPECT_TRUE(text.ok()) << text.status();
    text_.emplace(*std::move(text));
    absl::StatusOr<csv_channel::FilePush> push =
        csv_channel::FilePush::Create(path_, *text_, {*Currency::Parse("USD")}, {PriceItem("last", 200)}, TestCall());
    EXPECT_TRUE(push.ok()) << push.status();
    return *std::move(push);
  }

  absl::Status Write(const csv_channel::FilePush& push) {
    return push.Write([&](absl::string_view part) {
      parts_.emplace_back(part);
      return absl::OkStatus();
    });
  }

  const std::string body_ = std::string(1 << 20, 'x');
  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  absl::optional<csv::CsvText> text_;
  std::vector<std::string> parts_;
};

TEST_F(FilePushTest, GivesTheNewFileInParts) {
  WriteFile(path_, "Handle,Body,Variant Price\nfirst," + body_ + ",1\nlast,,1\n");
  const csv_channel::FilePush push = Make();
  EXPECT_TRUE(push.changes());
  ASSERT_THAT(push.outcomes(), SizeIs(1));
  EXPECT_EQ(push.outcomes()[0].result, PushResult::kApplied);
  ASSERT_EQ(Write(push), absl::OkStatus());
  std::string written;
  for (const std::string& part : parts_) {
    EXPECT_LE(part.size(), size_t{300} << 10);
    written += part;
  }
  EXPECT_TRUE(written == "Handle,Body,Variant Price\nfirst," + body_ + ",1\nlast,,2.00\n");
}

// The file is not locked against those who heed no lock.
TEST_F(FilePushTest, IsAbortedWhereTheFileChangesBelowIt) {
  WriteFile(path_, "Handle,Body,Variant Price\nfirst,,1\nlast,,1\n");
  const csv_channel::FilePush shorter = Make();
  WriteFile(path_, "Handle,Body,Variant Price\n");
  EXPECT_EQ(Write(shorter).code(), absl::StatusCode::kAborted);

  // What comes behind the last edit is gone.
  WriteFile(path_, "Handle,Body,Variant Price\nfirst,,1\nlast,,1\nmore,,1\n");
  const csv_channel::FilePush cut = Make();
  WriteFile(path_, "Handle,Body,Variant Price\nfirst,,1\nlast,,1\n");
  EXPECT_EQ(Write(cut).code(), absl::StatusCode::kAborted);

  WriteFile(path_, "Handle,Body,Variant Price\nfirst,,1\nlast,,1\n");
  const csv_channel::FilePush other = Make();
  WriteFile(path_, "Handle,Body,Variant Price\nfirst,,1\nlast;;1\n");
  EXPECT_EQ(Write(other).code(), absl::StatusCode::kAborted);
}

TEST_F(FilePushTest, EndsWithTheErrorOfWhoWrites) {
  WriteFile(path_, "Handle,Variant Price\nlast,1\n");
  EXPECT_EQ(Make().Write([](absl::string_view) { return absl::ResourceExhaustedError("full"); }),
            absl::ResourceExhaustedError("full"));
}

}  // namespace
}  // namespace flxlink

// Adapters of the csv channel over files of a test's own, and what is asked of them.

#ifndef FLXLINK_TESTS_CHANNELS_CSV_UNDER_TEST_H_
#define FLXLINK_TESTS_CHANNELS_CSV_UNDER_TEST_H_

#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "flxlink/conformance/print.h"
#include "flxlink/csv_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {

inline const SyncFields kPrice = {SyncField::kPrice};
inline const SyncFields kQuantity = {SyncField::kQuantity};
inline const SyncFields kStatus = {SyncField::kStatus};

inline absl::StatusOr<std::unique_ptr<ChannelAdapter>> TryMakeAdapter(
    const std::vector<std::pair<std::string, std::string>>& settings, const char* currency = "USD") {
  AdapterRegistry registry;
  RegisterCsvChannel(registry);
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "csv";
  config.settings = settings;
  config.currency = *Currency::Parse(currency);
  return registry.Make({config, *NewEnvironmentCredentials()});
}

inline std::unique_ptr<ChannelAdapter> MakeAdapter(const std::string& path, const char* currency = "USD") {
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = TryMakeAdapter({{"path", path}}, currency);
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

inline PushItem MakeItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) {
  PushItem item;
  item.external_id = std::string(external_id);
  item.mask = mask;
  item.values = values;
  return item;
}

inline PushItem PriceItem(absl::string_view id, int64_t price) {
  return MakeItem(id, kPrice, {price, kAbsent, ChannelStatus::kUnknown});
}
inline PushItem QuantityItem(absl::string_view id, int64_t quantity) {
  return MakeItem(id, kQuantity, {kAbsent, quantity, ChannelStatus::kUnknown});
}
inline PushItem CompareAtItem(absl::string_view id, int64_t price) {
  return MakeItem(id, {SyncField::kCompareAtPrice}, {kAbsent, kAbsent, ChannelStatus::kUnknown, price});
}
inline PushItem StatusItem(absl::string_view id, ChannelStatus status) {
  return MakeItem(id, kStatus, {kAbsent, kAbsent, status});
}

// With what the channel is last known to have.
inline PushItem Knowing(PushItem item, const ItemValues& known) {
  item.known = known;
  return item;
}

inline PushItem WithHandle(PushItem item, const std::string& handle) {
  item.handle = handle;
  return item;
}

// A call without a limit.
class TestCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return is_cancelled_; }
  void Log(LogLevel, absl::string_view) const override {}

  void Cancel() { is_cancelled_ = true; }

 private:
  bool is_cancelled_ = false;
};

// Calls a function each time that it is asked whether it was cancelled, with how often it was asked before. Late from
// the start, as each push of a kind without a timeout is.
class AskedCall : public CallContext {
 public:
  explicit AskedCall(std::function<void(int)> asked) : asked_(std::move(asked)) {}

  absl::Duration time_left() const override { return absl::ZeroDuration(); }
  bool cancelled() const override {
    asked_(times_++);
    return false;
  }
  void Log(LogLevel, absl::string_view) const override {}

 private:
  const std::function<void(int)> asked_;
  mutable int times_ = 0;
};

inline absl::StatusOr<PushReply> PushRows(const ChannelAdapter& adapter, const std::vector<PushItem>& items) {
  PushRequest request;
  request.kind = "rows";
  request.items = items;
  return adapter.Push(request, TestCall());
}

// Tells whether a file was replaced or written.
using FileId = std::vector<int64_t>;

inline FileId IdOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return {static_cast<int64_t>(info.st_ino), info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

// What the test's process has read from files so far.
inline int64_t BytesRead() {
  std::ifstream file("/proc/self/io");
  std::string name;
  int64_t bytes = 0;
  EXPECT_TRUE(file >> name >> bytes && name == "rchar:");
  return bytes;
}

// A file, and an adapter for it.
class CsvChannelTest : public ::testing::Test {
 protected:
  // Makes the file, and an adapter for it.
  void Make(const std::string& text, const char* currency = "USD") {
    WriteFile(path_, text);
    adapter_ = MakeAdapter(path_, currency);
  }

  // The pages of a pull.
  std::vector<PullPage> Pages(int64_t limit = 1000) {
    std::vector<PullPage> pages;
    std::string cursor;
    do {
      absl::StatusOr<PullPage> page = adapter_->Pull({cursor, limit}, TestCall());
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      cursor = page->next_cursor;
      pages.push_back(*std::move(page));
    } while (!cursor.empty());
    return pages;
  }

  absl::StatusOr<FetchReply> Fetch(const std::vector<std::string>& ids) {
    FetchRequest request;
    request.external_ids = ids;
    return adapter_->Fetch(request, TestCall());
  }

  // By external id.
  std::map<std::string, std::string> Handles() {
    std::map<std::string, std::string> handles;
    for (const PullPage& page : Pages()) {
      for (int64_t i = 0; i < page.items.size(); ++i) {
        handles[std::string(page.items.external_id[i])] = std::string(page.items.handle[i]);
      }
    }
    return handles;
  }

  // Expects that exactly that item is a conflict whose message has these parts, and that the others are applied.
  void ExpectConflict(const std::vector<PushItem>& items, size_t conflict, const std::vector<std::string>& parts) {
    const std::vector<PushOutcome> outcomes = Push(items);
    ASSERT_THAT(outcomes, testing::SizeIs(items.size()));
    for (size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(outcomes[i].result, i == conflict ? PushResult::kConflict : PushResult::kApplied)
          << items[i].external_id << ": " << outcomes[i].message;
    }
    for (const std::string& part : parts) EXPECT_THAT(outcomes[conflict].message, testing::HasSubstr(part));
    EXPECT_THAT(outcomes[conflict].message, testing::EndsWith("; pull again"));
  }

  std::vector<PushOutcome> Push(const std::vector<PushItem>& items) {
    const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->outcomes : std::vector<PushOutcome>();
  }

  void ExpectApplied(const std::vector<PushItem>& items) {
    for (const PushOutcome& outcome : Push(items)) EXPECT_EQ(outcome.result, PushResult::kApplied) << outcome.message;
  }

  void ExpectPullError(absl::StatusCode code, const std::vector<std::string>& parts) {
    const absl::Status status = adapter_->Pull({}, TestCall()).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(path_));
    for (const std::string& part : parts) EXPECT_THAT(std::string(status.message()), testing::HasSubstr(part));
    EXPECT_FALSE(absl::StrContains(status.message(), "\n"));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  std::unique_ptr<ChannelAdapter> adapter_;
};

}  // namespace flxlink

#endif  // FLXLINK_TESTS_CHANNELS_CSV_UNDER_TEST_H_

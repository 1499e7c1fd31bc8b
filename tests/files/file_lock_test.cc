#include "src/files/file_lock.h"

#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::HasSubstr;

class TestCall : public CallContext {
 public:
  explicit TestCall(absl::Duration time_left = absl::InfiniteDuration(), bool cancelled = false)
      : time_left_(time_left), cancelled_(cancelled) {}

  absl::Duration time_left() const override { return time_left_; }
  bool cancelled() const override { return cancelled_; }
  void Log(LogLevel, absl::string_view) const override {}

 private:
  const absl::Duration time_left_;
  const bool cancelled_;
};

class FileLockTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("x.lock");
};

TEST_F(FileLockTest, ExcludesASecondHolder) {
  const absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall());
  ASSERT_TRUE(held.ok()) << held.status();
  const absl::Status second = files::FileLock::Acquire(path_, absl::Milliseconds(1), TestCall()).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr(path_));
}

TEST_F(FileLockTest, IsReleasedAtTheEndOfItsLifeAndTheFileStays) {
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall());
    ASSERT_TRUE(held.ok()) << held.status();
    const files::FileLock moved = *std::move(held);
    EXPECT_FALSE(files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall()).ok());
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(FileLockTest, WaitsForTheHolder) {
  absl::Notification is_held;
  absl::Notification is_wanted;
  std::thread holder([&] {
    const absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall());
    EXPECT_TRUE(held.ok()) << held.status();
    is_held.Notify();
    is_wanted.WaitForNotification();
  });
  is_held.WaitForNotification();
  EXPECT_FALSE(files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall()).ok());
  is_wanted.Notify();
  const absl::StatusOr<files::FileLock> second = files::FileLock::Acquire(path_, absl::Minutes(1), TestCall());
  EXPECT_TRUE(second.ok()) << second.status();
  holder.join();
}

// The kind of push that it is for has no timeout, so that its calls never have time.
TEST_F(FileLockTest, WaitsWhateverTimeTheCallHasAndUntilItIsCancelled) {
  const TestCall late(absl::Seconds(-1));
  const TestCall cancelled(absl::InfiniteDuration(), true);
  for (const TestCall* call : {&late, &cancelled}) {
    // What is free is to be had all the same.
    EXPECT_TRUE(files::FileLock::Acquire(path_, absl::Minutes(1), *call).ok());
  }
  const absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_, absl::ZeroDuration(), TestCall());
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(files::FileLock::Acquire(path_, absl::Milliseconds(1), late).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(files::FileLock::Acquire(path_, absl::InfiniteDuration(), cancelled).status().code(),
            absl::StatusCode::kCancelled);
}

TEST_F(FileLockTest, SaysWhereItCannotBeMade) {
  const absl::Status status =
      files::FileLock::Acquire(folder_.PathOf("none/x.lock"), absl::ZeroDuration(), TestCall()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none/x.lock"));
}

}  // namespace
}  // namespace flxlink

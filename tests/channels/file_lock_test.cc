#include "src/channels/csv/file_lock.h"

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

class FileLockTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("x.lock");
};

TEST_F(FileLockTest, ExcludesASecondHolder) {
  const absl::StatusOr<csv_channel::FileLock> held = csv_channel::FileLock::Acquire(path_, absl::ZeroDuration());
  ASSERT_TRUE(held.ok()) << held.status();
  const absl::Status second = csv_channel::FileLock::Acquire(path_, absl::Milliseconds(1)).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr(path_));
}

TEST_F(FileLockTest, IsReleasedAtTheEndOfItsLifeAndTheFileStays) {
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<csv_channel::FileLock> held = csv_channel::FileLock::Acquire(path_, absl::ZeroDuration());
    ASSERT_TRUE(held.ok()) << held.status();
    const csv_channel::FileLock moved = *std::move(held);
    EXPECT_FALSE(csv_channel::FileLock::Acquire(path_, absl::ZeroDuration()).ok());
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(FileLockTest, WaitsForTheHolder) {
  absl::Notification is_held;
  absl::Notification is_wanted;
  std::thread holder([&] {
    const absl::StatusOr<csv_channel::FileLock> held = csv_channel::FileLock::Acquire(path_, absl::ZeroDuration());
    EXPECT_TRUE(held.ok()) << held.status();
    is_held.Notify();
    is_wanted.WaitForNotification();
  });
  is_held.WaitForNotification();
  EXPECT_FALSE(csv_channel::FileLock::Acquire(path_, absl::ZeroDuration()).ok());
  is_wanted.Notify();
  const absl::StatusOr<csv_channel::FileLock> second = csv_channel::FileLock::Acquire(path_, absl::Minutes(1));
  EXPECT_TRUE(second.ok()) << second.status();
  holder.join();
}

TEST_F(FileLockTest, SaysWhereItCannotBeMade) {
  const absl::Status status =
      csv_channel::FileLock::Acquire(folder_.PathOf("none/x.lock"), absl::ZeroDuration()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none/x.lock"));
}

}  // namespace
}  // namespace flxlink

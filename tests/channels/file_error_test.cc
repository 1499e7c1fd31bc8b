#include "src/channels/csv/file_error.h"

#include <cerrno>
#include <string>

#include "gtest/gtest.h"

namespace flxlink {
namespace {

TEST(FileErrorTest, TellsWhatAPersonCanMendFromWhatMayPass) {
  EXPECT_EQ(csv_channel::FileError(ENOENT, "/x", "w").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(csv_channel::FileError(EACCES, "/x", "w").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(csv_channel::FileError(EROFS, "/x", "w").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(csv_channel::FileError(ENOSPC, "/x", "w").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(csv_channel::FileError(EIO, "/x", "w").code(), absl::StatusCode::kUnavailable);
}

TEST(FileErrorTest, IsOneLineOfWhereWhatAndHowToMendIt) {
  EXPECT_EQ(csv_channel::FileError(ENOENT, "/x/y.csv", "cannot be opened").message(),
            "/x/y.csv: cannot be opened (No such file or directory); check the path, and that the file is there");
}

}  // namespace
}  // namespace flxlink

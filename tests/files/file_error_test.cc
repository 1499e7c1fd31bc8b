#include "src/files/file_error.h"

#include <cerrno>
#include <string>

#include "gtest/gtest.h"

namespace flxlink {
namespace {

TEST(FileErrorTest, TellsWhatAPersonCanMendFromWhatMayPass) {
  EXPECT_EQ(files::FileError(ENOENT, "/x", "w").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files::FileError(EACCES, "/x", "w").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(files::FileError(EROFS, "/x", "w").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(files::FileError(ENOSPC, "/x", "w").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(files::FileError(EIO, "/x", "w").code(), absl::StatusCode::kUnavailable);
}

TEST(FileErrorTest, IsOneLineOfWhereWhatAndHowToMendIt) {
  EXPECT_EQ(files::FileError(ENOENT, "/x/y.csv", "cannot be opened").message(),
            "/x/y.csv: cannot be opened (No such file or directory); check the path, and that the file is there");
}

}  // namespace
}  // namespace flxlink

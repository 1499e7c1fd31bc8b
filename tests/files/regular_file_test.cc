#include "src/files/regular_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

std::string OpenError(const std::string& path) {
  return std::string(files::RegularFile::Open(path).status().message());
}

TEST(RegularFileTest, ReadsAllOfItAndPartsOfIt) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("f");
  WriteFile(path, "0123456789");
  const absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->size(), 10u);
  char bytes[4] = {};
  EXPECT_EQ(*file->ReadAt(3, 4, bytes), 4u);
  EXPECT_EQ(std::string(bytes, 4), "3456");
  EXPECT_EQ(*file->ReadAt(8, 4, bytes), 2u);
  EXPECT_EQ(*file->ReadAll(), "0123456789");
}

TEST(RegularFileTest, ReadsWhatWasAddedSinceItWasOpened) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("f");
  WriteFile(path, "");
  const absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string text(200000, 'x');
  WriteFile(path, text);
  EXPECT_EQ(*file->ReadAll(), text);
}

TEST(RegularFileTest, FollowsLinks) {
  const TemporaryFolder folder;
  WriteFile(folder.PathOf("f"), "x");
  ASSERT_EQ(symlink("f", folder.PathOf("link").c_str()), 0);
  EXPECT_EQ(*files::RegularFile::Open(folder.PathOf("link"))->ReadAll(), "x");
}

// Nobody writes to the FIFO: to wait for that would be to wait for ever.
TEST(RegularFileTest, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  const std::string fifo = folder.PathOf("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(files::RegularFile::Open(fifo).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError(fifo), absl::StrCat(fifo, ": is a FIFO; give a regular file"));
  EXPECT_EQ(OpenError("/dev/zero"), "/dev/zero: is a device; give a regular file");
  EXPECT_EQ(OpenError("/dev"), "/dev: is a folder; give a regular file");
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  EXPECT_FALSE(files::RegularFile::Open(absl::StrCat("/proc/self/fd/", ends[0])).ok());
  close(ends[0]);
  close(ends[1]);
}

TEST(RegularFileTest, SaysWhatCannotBeOpenedOrRead) {
  const TemporaryFolder folder;
  const std::string none = folder.PathOf("none");
  EXPECT_EQ(files::RegularFile::Open(none).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenError(none), absl::StrCat(none, ": cannot be opened (No such file or directory); check the path"));
  // A regular file whose first byte cannot be read.
  const absl::StatusOr<files::RegularFile> file = files::RegularFile::Open("/proc/self/mem");
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status status = file->ReadAll().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "/proc/self/mem: cannot be read (Input/output error); check the file");
}

}  // namespace
}  // namespace flxlink

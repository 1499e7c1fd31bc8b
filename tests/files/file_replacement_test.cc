#include "src/files/file_replacement.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

class FileReplacementTest : public ::testing::Test {
 protected:
  FileReplacementTest() { WriteFile(path_, "old"); }

  files::FileStamp Stamp() {
    const absl::StatusOr<files::FileStamp> stamp = files::FileStamp::Of(path_);
    EXPECT_TRUE(stamp.ok()) << stamp.status();
    return *stamp;
  }

  // Gives the text in two parts.
  absl::Status Replace(const files::FileStamp& expected, const std::string& text) {
    return files::ReplaceFile(path_, expected, [&](files::TextSink sink) {
      const absl::Status first = sink(absl::string_view(text).substr(0, text.size() / 2));
      return first.ok() ? sink(absl::string_view(text).substr(text.size() / 2)) : first;
    });
  }

  bool IsTidy() const { return !std::filesystem::exists(path_ + ".flxlink.tmp"); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("x.csv");
};

TEST_F(FileReplacementTest, ReplacesTheContentsAndKeepsTheMode) {
  for (const mode_t mode : {0640, 0604, 0444}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const files::FileStamp before = Stamp();
    ASSERT_EQ(Replace(before, "new\n"), absl::OkStatus());
    EXPECT_EQ(ReadFile(path_), "new\n");
    const files::FileStamp after = Stamp();
    EXPECT_EQ(after.mode(), mode);
    EXPECT_EQ(after.user(), before.user());
    EXPECT_EQ(after.group(), before.group());
    EXPECT_FALSE(after.SameAs(before));
    EXPECT_TRUE(IsTidy());
  }
}

TEST_F(FileReplacementTest, KeepsTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown(path_.c_str(), 12345, 23456), 0);
  ASSERT_EQ(chmod(path_.c_str(), 04750), 0);
  ASSERT_EQ(Replace(Stamp(), "new"), absl::OkStatus());
  EXPECT_EQ(Stamp().user(), 12345u);
  EXPECT_EQ(Stamp().group(), 23456u);
  EXPECT_EQ(Stamp().mode(), 04750u);
}

TEST_F(FileReplacementTest, WritesEmptyAndLargeTexts) {
  for (const std::string& text : {std::string(), std::string(5 << 20, 'x')}) {
    ASSERT_EQ(Replace(Stamp(), text), absl::OkStatus());
    EXPECT_EQ(ReadFile(path_), text);
  }
}

TEST_F(FileReplacementTest, MakesAFileWhereThereIsNone) {
  const std::string path = folder_.PathOf("new.csv");
  const auto make = [](files::TextSink sink) { return sink("new"); };
  ASSERT_EQ(files::MakeFile(path, make), absl::OkStatus());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0644u);
  EXPECT_EQ(info.st_size, 3);
  EXPECT_EQ(files::MakeFile(path, [](files::TextSink sink) { return sink("other"); }).code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(files::MakeFile(folder_.PathOf("none/new.csv"), make).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files::MakeFile(folder_.PathOf("full.csv"), [](files::TextSink) { return absl::DataLossError("no"); }),
            absl::DataLossError("no"));
  EXPECT_EQ(stat(folder_.PathOf("full.csv").c_str(), &info), -1) << "nothing is left of it";
}

TEST_F(FileReplacementTest, LeavesAFileThatChangedMeanwhile) {
  const files::FileStamp before = Stamp();
  WriteFile(path_, "edited by hand");
  EXPECT_EQ(Replace(before, "new").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReadFile(path_), "edited by hand");
  EXPECT_TRUE(IsTidy());
}

TEST_F(FileReplacementTest, LeavesTheFileWhereTheNewTextCannotBeMade) {
  const files::FileStamp before = Stamp();
  const absl::Status status = files::ReplaceFile(path_, before, [](files::TextSink sink) {
    EXPECT_EQ(sink("half"), absl::OkStatus());
    return absl::UnavailableError("gone");
  });
  EXPECT_EQ(status, absl::UnavailableError("gone"));
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_TRUE(Stamp().SameAs(before));
  EXPECT_TRUE(IsTidy());
}

TEST_F(FileReplacementTest, DoesNotBringBackAFileThatIsGone) {
  const files::FileStamp before = Stamp();
  std::filesystem::remove(path_);
  EXPECT_EQ(Replace(before, "new").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(IsTidy());
}

TEST_F(FileReplacementTest, OverwritesWhatACrashLeft) {
  WriteFile(path_ + ".flxlink.tmp", "half of someth");
  ASSERT_EQ(Replace(Stamp(), "new"), absl::OkStatus());
  EXPECT_EQ(ReadFile(path_), "new");
  EXPECT_TRUE(IsTidy());
}

TEST_F(FileReplacementTest, DoesNotFollowALinkInThePlaceOfTheNewFile) {
  const std::string victim = folder_.PathOf("victim");
  WriteFile(victim, "precious");
  std::filesystem::create_symlink(victim, path_ + ".flxlink.tmp");
  ASSERT_EQ(Replace(Stamp(), "new"), absl::OkStatus());
  EXPECT_EQ(ReadFile(victim), "precious");
  EXPECT_EQ(ReadFile(path_), "new");
}

// A limit on the size of files stands in for a full disk: the write ends in the middle.
TEST_F(FileReplacementTest, LeavesTheOldFileWhenTheDiskIsFull) {
  const files::FileStamp before = Stamp();
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = Replace(before, std::string(5000, 'x'));
    _exit(status.code() == absl::StatusCode::kResourceExhausted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_TRUE(Stamp().SameAs(before));
  EXPECT_TRUE(IsTidy());
}

TEST(FileStampTest, IsOfRegularFilesOnly) {
  const TemporaryFolder folder;
  EXPECT_EQ(files::FileStamp::Of(folder.PathOf("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files::FileStamp::Of(folder.PathOf("")).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flxlink

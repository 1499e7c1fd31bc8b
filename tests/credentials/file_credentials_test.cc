#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/credential_resolver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::HasSubstr;

class FileCredentialsTest : public ::testing::Test {
 protected:
  void Write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }

  std::string Text() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }

  absl::Status ErrorOf(const std::string& credential) {
    const absl::StatusOr<std::string> found = credentials_->Resolve("shop", credential);
    EXPECT_FALSE(found.ok());
    return found.status();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("credentials");
  const std::unique_ptr<CredentialResolver> credentials_ = NewFileCredentials(path_);
};

TEST_F(FileCredentialsTest, GivesTheValueAsItStands) {
  Write("# the shop's\n\nFLXLINK_SHOP_TOKEN= a=b \nFLXLINK_SHOP_KEY=k");
  EXPECT_EQ(*credentials_->Resolve("shop", "token"), " a=b ");
  EXPECT_EQ(*credentials_->Resolve("shop", "key"), "k");
  Write("FLXLINK_SHOP_TOKEN=other\n");
  EXPECT_EQ(*credentials_->Resolve("shop", "token"), "other") << "it is read at each call";
}

TEST_F(FileCredentialsTest, WhatIsMissingSaysWhichLineToAdd) {
  Write("FLXLINK_SHOP_TOKENS=x\n");
  const absl::Status status = ErrorOf("token");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("FLXLINK_SHOP_TOKEN=VALUE"));
  EXPECT_EQ(credentials_->Replace("shop", "token", "", "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(NewFileCredentials(folder_.PathOf("none"))->Resolve("shop", "token").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(FileCredentialsTest, AFileThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0620}) {
    Write("FLXLINK_SHOP_TOKEN=x\n", mode);
    EXPECT_EQ(ErrorOf("token").code(), absl::StatusCode::kPermissionDenied) << mode;
    EXPECT_EQ(credentials_->Replace("shop", "token", "x", "y").code(), absl::StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(Text(), "FLXLINK_SHOP_TOKEN=x\n");
}

TEST_F(FileCredentialsTest, NamesTheLineThatCannotBeRead) {
  for (const char* text : {"A=1\nno sign\n", "A=1\n=2\n", "A=1\nA=2\n"}) {
    Write(text);
    const absl::Status status = ErrorOf("token");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat(path_, ":2: ")));
    EXPECT_EQ(credentials_->Replace("shop", "token", "x", "y").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Text(), text);
  }
}

TEST_F(FileCredentialsTest, ReplacesTheOneValueAndNothingElse) {
  Write("# kept\nFLXLINK_SHOP_TOKEN=old\nFLXLINK_SHOP_KEY=k");
  ASSERT_EQ(credentials_->Replace("shop", "token", "old", "new"), absl::OkStatus());
  EXPECT_EQ(Text(), "# kept\nFLXLINK_SHOP_TOKEN=new\nFLXLINK_SHOP_KEY=k");
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(credentials_->Replace("shop", "token", "old", "newer").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*credentials_->Resolve("shop", "token"), "new");
}

// Secrets are often mounted as a link to where they are kept.
TEST_F(FileCredentialsTest, AFileBehindALinkIsReplacedItself) {
  Write("FLXLINK_SHOP_TOKEN=old\n");
  const std::string link = folder_.PathOf("link");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  ASSERT_EQ(NewFileCredentials(link)->Replace("shop", "token", "old", "new"), absl::OkStatus());
  EXPECT_EQ(Text(), "FLXLINK_SHOP_TOKEN=new\n");
  struct stat info {};
  ASSERT_EQ(lstat(link.c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST_F(FileCredentialsTest, LinesMayEndAsOnWindows) {
  Write("# kept\r\n\r\nFLXLINK_SHOP_TOKEN=old\r\n");
  EXPECT_EQ(*credentials_->Resolve("shop", "token"), "old");
  ASSERT_EQ(credentials_->Replace("shop", "token", "old", "new"), absl::OkStatus());
  EXPECT_EQ(Text(), "# kept\r\n\r\nFLXLINK_SHOP_TOKEN=new\r\n");
}

TEST_F(FileCredentialsTest, AValueOfSeveralLinesIsRefused) {
  Write("FLXLINK_SHOP_TOKEN=old\n");
  for (const char* value : {"a\nFLXLINK_SHOP_KEY=b", "a\r"}) {
    EXPECT_EQ(credentials_->Replace("shop", "token", "old", value).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Text(), "FLXLINK_SHOP_TOKEN=old\n");
}

// Each counts the token up from what it saw, as often as it can; every success is one step.
TEST_F(FileCredentialsTest, NoReplacementIsLost) {
  Write("FLXLINK_SHOP_TOKEN=0\n");
  constexpr int kEach = 25;
  const auto count_up = [&] {
    for (int done = 0; done < kEach;) {
      const std::string seen = *credentials_->Resolve("shop", "token");
      int number = 0;
      ASSERT_TRUE(absl::SimpleAtoi(seen, &number));
      const absl::Status status = credentials_->Replace("shop", "token", seen, absl::StrCat(number + 1));
      if (status.ok()) ++done;
      ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
    }
  };
  std::thread other(count_up);
  count_up();
  other.join();
  EXPECT_EQ(*credentials_->Resolve("shop", "token"), absl::StrCat(2 * kEach));
}

}  // namespace
}  // namespace flxlink

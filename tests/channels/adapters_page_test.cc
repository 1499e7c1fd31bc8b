// docs/adapters.md shows a whole adapter: the files that are built and proved.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(absl::StrCat(FLXLINK_SOURCE_DIR, "/", path));
  EXPECT_TRUE(file.is_open()) << path;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

TEST(AdaptersPageTest, ShowsTheFilesAsTheyAre) {
  const std::string page = ReadFile("docs/adapters.md");
  for (const char* path : {"tests/outside/price_board.h", "tests/outside/price_board.cc"}) {
    EXPECT_THAT(page, testing::HasSubstr(absl::StrCat("```cpp\n", ReadFile(path), "```\n")))
        << path << " has changed; put it into the page as it is now";
  }
}

// A small adapter stays small: each thing that an interface asks of everybody is paid for by every adapter.
TEST(AdaptersPageTest, TheWholeAdapterHasUnder150Lines) {
  int64_t lines = 0;
  for (const char* path : {"tests/outside/price_board.h", "tests/outside/price_board.cc"}) {
    const std::string file = ReadFile(path);
    lines += std::count(file.begin(), file.end(), '\n');
  }
  EXPECT_GT(lines, 50);
  EXPECT_LT(lines, 150);
}

}  // namespace
}  // namespace flxlink

// A folder of a test's own.

#ifndef FLXLINK_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
#define FLXLINK_TESTS_SUPPORT_TEMPORARY_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace flxlink {

// New and empty when it is made, removed with all that is in it when it is destroyed.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::canonical(testing::TempDir()) / "flxlink_XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

inline void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  EXPECT_TRUE(file.flush().good()) << path;
}

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_TEMPORARY_FOLDER_H_

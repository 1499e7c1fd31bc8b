// A folder of its own for one store, gone at the end, and looks at the store's database that go around the store.

#ifndef FLXLINK_TESTS_STORAGE_SQLITE_STORE_FILE_H_
#define FLXLINK_TESTS_STORAGE_SQLITE_STORE_FILE_H_

#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace flxlink {

class SqliteStoreFile {
 public:
  SqliteStoreFile();
  ~SqliteStoreFile();
  SqliteStoreFile(const SqliteStoreFile&) = delete;
  SqliteStoreFile& operator=(const SqliteStoreFile&) = delete;

  const std::string& folder() const { return folder_; }
  const std::string& path() const { return path_; }

  // Opens the store; fails the test where that fails.
  std::unique_ptr<Storage> Open(const SqliteOptions& options = {}) const;

 private:
  std::string folder_;
  std::string path_;
};

// Runs SQL on the database as any program could, and returns its rows: columns joined by '|', NULL as "NULL". Fails the
// test where SQLite refuses.
std::vector<std::string> RunSql(const std::string& path, absl::string_view sql);

}  // namespace flxlink

#endif  // FLXLINK_TESTS_STORAGE_SQLITE_STORE_FILE_H_

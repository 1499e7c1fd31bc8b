#include "tests/storage/sqlite_store_file.h"

#include <stdlib.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flxlink {

SqliteStoreFile::SqliteStoreFile() {
  std::string pattern = absl::StrCat(testing::TempDir(), "/flxlink-sqlite-XXXXXX");
  EXPECT_NE(mkdtemp(&pattern[0]), nullptr);
  folder_ = pattern;
  path_ = absl::StrCat(folder_, "/store.db");
}

SqliteStoreFile::~SqliteStoreFile() {
  const int result = system(absl::StrCat("rm -rf '", folder_, "'").c_str());
  EXPECT_EQ(result, 0);
}

std::unique_ptr<Storage> SqliteStoreFile::Open(const SqliteOptions& options) const {
  absl::StatusOr<std::unique_ptr<Storage>> storage = OpenSqliteStorage(path_, options);
  EXPECT_TRUE(storage.ok()) << storage.status();
  return storage.ok() ? *std::move(storage) : nullptr;
}

std::vector<std::string> RunSql(const std::string& path, absl::string_view sql) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  std::vector<std::string> rows;
  char* error = nullptr;
  sqlite3_exec(
      db, std::string(sql).c_str(),
      [](void* out, int columns, char** values, char**) {
        std::string row;
        for (int i = 0; i < columns; ++i) {
          absl::StrAppend(&row, i == 0 ? "" : "|", values[i] == nullptr ? "NULL" : values[i]);
        }
        static_cast<std::vector<std::string>*>(out)->push_back(row);
        return 0;
      },
      &rows, &error);
  EXPECT_EQ(error, nullptr) << error << " in " << sql;
  sqlite3_free(error);
  sqlite3_close(db);
  return rows;
}

}  // namespace flxlink

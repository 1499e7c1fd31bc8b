// As much of SQLite as the comparisons need. Whatever fails ends the program.

#ifndef FLXLINK_BENCH_COMPARE_SQL_DATABASE_H_
#define FLXLINK_BENCH_COMPARE_SQL_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace flxlink {

class SqlDatabase {
 public:
  // The database at `path`, which is there, with the settings of a store's writer.
  explicit SqlDatabase(const std::string& path);
  SqlDatabase(const SqlDatabase&) = delete;
  SqlDatabase& operator=(const SqlDatabase&) = delete;
  ~SqlDatabase();

  void Execute(const std::string& sql);
  int64_t ReadNumber(const std::string& sql);

 private:
  friend class SqlStatement;
  void Check(int code, absl::string_view what) const;

  sqlite3* handle_ = nullptr;
};

class SqlStatement {
 public:
  SqlStatement(SqlDatabase& database, const std::string& sql);
  SqlStatement(const SqlStatement&) = delete;
  SqlStatement& operator=(const SqlStatement&) = delete;
  ~SqlStatement();

  // Columns and parameters count from 0.
  void BindNumber(int parameter, int64_t number);
  void BindText(int parameter, absl::string_view text);  // The text must live until the statement has run.
  void BindNull(int parameter);

  // Whether there is a row.
  bool Next();
  // Runs a statement without rows, and makes it ready for the next time.
  void Run();

  bool IsNull(int column) const;
  bool IsNumber(int column) const;
  int64_t Number(int column) const;
  absl::string_view Text(int column) const;

 private:
  const SqlDatabase& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace flxlink

#endif  // FLXLINK_BENCH_COMPARE_SQL_DATABASE_H_

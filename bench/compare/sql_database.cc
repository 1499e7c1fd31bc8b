#include "bench/compare/sql_database.h"

#include <cstdlib>
#include <iostream>

namespace flxlink {

SqlDatabase::SqlDatabase(const std::string& path) {
  Check(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr), path);
  // A store checkpoints when its log has grown beyond 64 MiB.
  Execute(
      "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; "
      "PRAGMA wal_autocheckpoint = 16384");
}

SqlDatabase::~SqlDatabase() { sqlite3_close(handle_); }

void SqlDatabase::Execute(const std::string& sql) {
  Check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), sql);
}

int64_t SqlDatabase::ReadNumber(const std::string& sql) {
  SqlStatement statement(*this, sql);
  return statement.Next() ? statement.Number(0) : 0;
}

void SqlDatabase::Check(int code, absl::string_view what) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  std::cerr << what << ": " << sqlite3_errmsg(handle_) << "\n";
  std::exit(EXIT_FAILURE);
}

SqlStatement::SqlStatement(SqlDatabase& database, const std::string& sql) : database_(database) {
  database_.Check(sqlite3_prepare_v2(database.handle_, sql.c_str(), -1, &handle_, nullptr), sql);
}

SqlStatement::~SqlStatement() { sqlite3_finalize(handle_); }

void SqlStatement::BindNumber(int parameter, int64_t number) { sqlite3_bind_int64(handle_, parameter + 1, number); }

void SqlStatement::BindText(int parameter, absl::string_view text) {
  sqlite3_bind_text(handle_, parameter + 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

void SqlStatement::BindNull(int parameter) { sqlite3_bind_null(handle_, parameter + 1); }

bool SqlStatement::Next() {
  const int code = sqlite3_step(handle_);
  database_.Check(code, sqlite3_sql(handle_));
  return code == SQLITE_ROW;
}

void SqlStatement::Run() {
  Next();
  sqlite3_reset(handle_);
}

bool SqlStatement::IsNull(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

bool SqlStatement::IsNumber(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_INTEGER; }

int64_t SqlStatement::Number(int column) const { return sqlite3_column_int64(handle_, column); }

absl::string_view SqlStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return text == nullptr ? absl::string_view()
                         : absl::string_view(text, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

}  // namespace flxlink

// One connection to a SQLite database, and queries over it.
//
// Errors are sticky: the first one of a transaction stays with the connection, every later step does nothing, and the
// commit refuses. So a body of SQL reads as plain code and still can never commit half of its work; what it computed
// from rows that it could not read is thrown away with it.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CONNECTION_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"

namespace flxlink::sqlite {

// The status for what SQLite answered with `code`. `committing`: it was a commit, after which some errors leave open
// whether it happened.
absl::Status SqliteError(sqlite3* db, int code, absl::string_view path, bool committing);

// Not thread-safe: one thread at a time.
class Connection {
 public:
  enum class Role {
    kWriter,  // Writes, and checkpoints only when it is told to.
    kReader,  // Cannot write; never checkpoints.
  };

  // Opens the database; a writer makes the file where it is not there. SQLite waits `busy_timeout` for locks of other
  // programs.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Role role,
                                                          absl::Duration busy_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A transaction. Begin forgets the last one's error. Commit and Rollback both end it; Commit returns the sticky error
  // instead where there is one.
  absl::Status BeginWrite();
  absl::Status BeginRead();
  absl::Status Commit();
  void Rollback();

  // A number that is another than before once another connection, of any process, has committed something. Needs no
  // transaction.
  absl::StatusOr<int64_t> ReadDataVersion();

  // A part of a transaction, which can be taken back by itself, with the sticky error if it has one. An error of these
  // is one of the whole transaction.
  absl::Status BeginPart();
  absl::Status EndPart();
  absl::Status RollbackPart();

  // Whether commits from now on outlast a loss of power when they end, which is so in the beginning. Those that need
  // not do so with the next that does. Outside of a transaction.
  absl::Status SetLasting(bool lasting);

  // Runs statements without parameters, once, uncached.
  absl::Status Execute(const char* sql);

  // The sticky error.
  const absl::Status& status() const { return status_; }
  // Makes `status` the sticky error unless there is one.
  void Fail(absl::Status status);
  // The same for stored data that does not make sense: DATA_LOSS naming `what`.
  void FailCorrupt(absl::string_view what);

  // Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const { return sqlite3_changes64(db_); }

  // Whether the log has grown beyond `bytes`.
  bool LogIsBeyond(int64_t bytes);
  // Moves the log into the database. An error is not one of the transaction before and is tried again after the next,
  // so it is not reported.
  void Checkpoint();
  // The last that is done with a connection: moves the log into the database and empties it, as far as readers let it,
  // without waiting; and where nobody else has the database open, closing the connection then removes the log.
  void EndLog();

  // Copies the database as it is at one moment into a new one. Writers do not wait meanwhile.
  absl::Status CopyTo(const std::string& path);

  // Whether the name of the database still leads to the file that SQLite has opened.
  bool IsInPlace();

  // Lets go of the connection without closing it: what belongs to the parent of a forked process must not be touched.
  void Abandon() { db_ = nullptr; }

  const std::string& path() const { return path_; }

 private:
  friend class Query;

  Connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}

  absl::Status Begin(const char* sql);
  sqlite3_stmt* Prepare(absl::string_view sql);
  void FailWith(int code, bool committing) { Fail(SqliteError(db_, code, path_, committing)); }

  std::string path_;
  sqlite3* db_;
  absl::Status status_;
  absl::flat_hash_map<std::string, sqlite3_stmt*> statements_;
  bool lasting_ = true;
  int64_t log_pages_ = 0;
  int64_t page_bytes_ = 0;
};

// A text parameter that is NULL when it is empty.
struct NullIfEmpty {
  absl::string_view text;
};

// A number that is NULL when it is kAbsent.
struct NullIfAbsent {
  int64_t number;
};

// A number that is NULL when it is 0: an id, a digest.
struct NullIfZero {
  int64_t number;
};

struct Blob {
  absl::string_view bytes;
};

// One use of a prepared statement. The statement is kept with the connection and given back when the query ends; one
// text cannot be in two queries at once. Parameters are ?1, ?2 … in the order of the arguments; times are microseconds,
// infinite ones NULL.
class Query {
 public:
  // `sql` is a literal of the program.
  Query(Connection& db, absl::string_view sql) : db_(db), statement_(db.Prepare(sql)) {}
  ~Query() { sqlite3_reset(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Starts it, anew if it ran before, with these parameters.
  template <typename... Args>
  Query& Bind(const Args&... args) {
    BindAll(SQLITE_TRANSIENT, args...);
    return *this;
  }

  // Steps to the next row. False: there is none, or an error is in the connection's status().
  bool Next();

  // Lets go of the rows that are left, so that others may change what they are of.
  void Reset() { sqlite3_reset(statement_); }

  // Binds, runs to the end and returns how many rows were written.
  template <typename... Args>
  int64_t Run(const Args&... args) {
    BindAll(SQLITE_STATIC, args...);
    return RunBound();
  }

  // Columns of the row, from 0. Text is valid until the next step.
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  int32_t Int32(int column) const { return static_cast<int32_t>(Int(column)); }
  bool Bool(int column) const { return Int(column) != 0; }
  int64_t IntOrAbsent(int column) const { return IsNull(column) ? kAbsent : Int(column); }
  absl::string_view Text(int column) const;
  std::string String(int column) const { return std::string(Text(column)); }
  // NULL is InfinitePast.
  absl::Time Time(int column) const;
  absl::optional<absl::Time> OptionalTime(int column) const;
  absl::optional<int64_t> OptionalInt(int column) const;

  // The value of an enum whose texts ToString knows, from its first to `last`; NULL is the first.
  template <typename Enum>
  Enum EnumValue(int column, Enum last) const {
    const absl::string_view text = Text(column);
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      if (ToString(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    }
    if (!IsNull(column)) db_.FailCorrupt(text);
    return Enum();
  }

 private:
  template <typename... Args>
  void BindAll([[maybe_unused]] sqlite3_destructor_type lifetime, const Args&... args) {
    sqlite3_reset(statement_);
    int index = 0;
    (BindOne(++index, args, lifetime), ...);
  }

  template <typename Int, std::enable_if_t<std::is_integral<Int>::value, int> = 0>
  void BindOne(int index, Int value, sqlite3_destructor_type) {
    sqlite3_bind_int64(statement_, index, static_cast<int64_t>(value));
  }
  void BindOne(int index, absl::string_view text, sqlite3_destructor_type lifetime);
  void BindOne(int index, NullIfEmpty value, sqlite3_destructor_type lifetime);
  void BindOne(int index, NullIfAbsent value, sqlite3_destructor_type lifetime);
  void BindOne(int index, NullIfZero value, sqlite3_destructor_type lifetime);
  void BindOne(int index, Blob value, sqlite3_destructor_type lifetime);
  void BindOne(int index, absl::Time value, sqlite3_destructor_type lifetime);
  void BindOne(int index, const absl::optional<absl::Time>& value, sqlite3_destructor_type lifetime);
  void BindOne(int index, const absl::optional<int64_t>& value, sqlite3_destructor_type lifetime);

  int64_t RunBound();

  Connection& db_;
  sqlite3_stmt* statement_;  // nullptr: it could not be prepared, and the connection says why.
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CONNECTION_H_

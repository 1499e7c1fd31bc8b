#include "src/storage/sqlite/write_group.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/shop.h"
#include "tests/storage/sqlite_store_file.h"

namespace flxlink::sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

absl::Status Commits() { return absl::OkStatus(); }

// A write that inserts a number and then ends as it is told to.
class Insert {
 public:
  explicit Insert(int64_t number, absl::Status end = absl::OkStatus()) : number_(number), end_(std::move(end)) {}
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;

  absl::Status operator()(Connection& db) const {
    Query(db, "INSERT INTO number VALUES (?1)").Run(number_);
    return end_;
  }
  PendingWrite& write() { return write_; }
  const absl::Status& status() const { return write_.status; }

 private:
  const int64_t number_;
  const absl::Status end_;
  PendingWrite write_{*this, WriteKind::kSmall, absl::OkStatus()};
};

class WriteGroupTest : public testing::Test {
 protected:
  WriteGroupTest() { EXPECT_TRUE(db_->Execute("PRAGMA journal_mode = WAL; CREATE TABLE number (x UNIQUE)").ok()); }

  std::vector<std::string> Numbers() const { return RunSql(file_.path(), "SELECT x FROM number ORDER BY x"); }

  const SqliteStoreFile file_;
  const std::unique_ptr<Connection> db_ =
      Value(Connection::Open(file_.path(), Connection::Role::kWriter, absl::Seconds(1)));
  WriteGroup group_{*db_};
};

TEST_F(WriteGroupTest, IsSeenOnceItIsCommitted) {
  Insert first(1);
  Insert second(2);
  group_.Run(first.write());
  group_.Run(second.write());
  EXPECT_THAT(Numbers(), IsEmpty());
  group_.Commit(Commits);
  EXPECT_THAT(Numbers(), ElementsAre("1", "2"));
  EXPECT_TRUE(first.status().ok());
  EXPECT_TRUE(second.status().ok());
}

TEST_F(WriteGroupTest, WhatFailsTakesBackOnlyItsOwn) {
  Insert before(1, absl::AbortedError("before any other"));
  Insert good(2);
  Insert told(3, absl::AbortedError("told"));
  Insert twice(2);  // An error of the database.
  Insert last(4);
  for (Insert* const insert : {&before, &good, &told, &twice, &last}) group_.Run(insert->write());
  group_.Commit(Commits);
  EXPECT_THAT(Numbers(), ElementsAre("2", "4"));
  EXPECT_EQ(before.status(), absl::AbortedError("before any other"));
  EXPECT_TRUE(good.status().ok());
  EXPECT_EQ(told.status(), absl::AbortedError("told"));
  EXPECT_FALSE(twice.status().ok());
  EXPECT_TRUE(last.status().ok());
}

TEST_F(WriteGroupTest, AllAreToldThatItWasNotCommitted) {
  Insert before(1, absl::AbortedError("before any other"));
  Insert good(2);
  Insert failed(2, absl::AbortedError("because of the good one, perhaps"));
  for (Insert* const insert : {&before, &good, &failed}) group_.Run(insert->write());
  group_.Commit([] { return absl::UnavailableError("no"); });
  EXPECT_THAT(Numbers(), IsEmpty());
  EXPECT_EQ(before.status(), absl::AbortedError("before any other"));
  EXPECT_EQ(good.status(), absl::UnavailableError("no"));
  EXPECT_EQ(failed.status(), absl::UnavailableError("no"));
}

TEST_F(WriteGroupTest, TransactionThatTheDatabaseHasRolledBackIsNobodys) {
  const auto roll_back = [](Connection& db) {
    Query(db, "INSERT OR ROLLBACK INTO number VALUES (1)").Run();
    return absl::OkStatus();
  };
  Insert lost(1);
  PendingWrite breaks{roll_back, WriteKind::kSmall, absl::OkStatus()};
  Insert later(2);
  group_.Run(lost.write());
  group_.Run(breaks);
  group_.Run(later.write());
  group_.Commit(Commits);
  EXPECT_THAT(Numbers(), ElementsAre("2"));
  EXPECT_FALSE(lost.status().ok());
  EXPECT_EQ(breaks.status, lost.status());
  EXPECT_TRUE(later.status().ok());
}

}  // namespace
}  // namespace flxlink::sqlite

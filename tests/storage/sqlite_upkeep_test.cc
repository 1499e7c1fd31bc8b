// Backup, check, vacuum and migration of a SQLite store.

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/sqlite_schema.h"
#include "tests/storage/shop.h"
#include "tests/storage/sqlite_store_file.h"

namespace flxlink {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool IsThere(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

int64_t FilesIn(const std::string& folder) {
  FILE* const list = popen(absl::StrCat("ls -A '", folder, "' | wc -l").c_str(), "r");
  int files = 0;
  EXPECT_EQ(fscanf(list, "%d", &files), 1);
  pclose(list);
  return files;
}

class UpkeepStore : public StorageUnderTest {
 public:
  Storage& storage() override { return *storage_; }
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_->CloseOwner(owner).ok()); }
  bool Reopen() override { return false; }
  const SqliteStoreFile& file() const { return file_; }

 private:
  SqliteStoreFile file_;
  std::unique_ptr<Storage> storage_ = file_.Open();
};

// A store of a shop with two links, an unlinked listing variant, a link base and an open push.
class SqliteUpkeep : public testing::Test {
 protected:
  SqliteUpkeep() {
    shop_ = absl::make_unique<Shop>(store_);
    const KeyColumn column = {LinkSide::kListing, 0};
    Storage& storage = store_.storage();
    EXPECT_TRUE(storage.link_index()->WriteKeyEntries(shop_->fence(), column, {{5, 1}, {6, 2}}).ok());
    EXPECT_TRUE(storage.link_index()->SetLinkBase(shop_->fence(), "rules").ok());
    EXPECT_TRUE(storage.link_index()->AddKeyEntries(shop_->fence(), {{column, {7, 1}}}).ok());
    shop_->Stock({{"K1", "S1", 1990, 7}, {"K2", "S2", 990, 1}, {"K3", "S3", 90, 1}});
    shop_->Pull({{"X1", 1890, 6}, {"X2", 1, 1}});
    shop_->Link("S1", "X1");
    shop_->Link("S2", "X2");
  }

  const std::string& path() const { return store_.file().path(); }
  std::string target() const { return store_.file().folder() + "/copy.db"; }

  UpkeepStore store_;
  std::unique_ptr<Shop> shop_;
};

TEST_F(SqliteUpkeep, BackupIsOneWholeStoreOfOneMoment) {
  ASSERT_EQ(BackupSqliteStore(path(), target()), absl::OkStatus());  // While it is in use.
  for (const char* suffix : {"-wal", "-shm", "-journal", "-lock"}) EXPECT_FALSE(IsThere(target() + suffix)) << suffix;
  const auto copy = OpenSqliteStorage(target());
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(Value((*copy)->ReadProducts(0, {}, 10)).size(), 3);
  EXPECT_THAT(Value(CheckSqliteStore(target())), IsEmpty());
}

TEST_F(SqliteUpkeep, BackupReplacesNoFileAndLeavesNoPart) {
  ASSERT_TRUE(BackupSqliteStore(path(), target()).ok());
  const int64_t files = FilesIn(store_.file().folder());
  EXPECT_EQ(Code(BackupSqliteStore(path(), target())), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Code(BackupSqliteStore(path(), path())), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Code(BackupSqliteStore(path(), store_.file().folder() + "/no/copy.db")), kNotFound);
  EXPECT_EQ(FilesIn(store_.file().folder()), files);
}

TEST_F(SqliteUpkeep, BackupOfADamagedStoreIsDataLossAndNoFile) {
  RunSql(path(),
         "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'sku', 'parent') "
         "WHERE name = 'product_variant_by_sku'");
  EXPECT_EQ(Code(BackupSqliteStore(path(), target())), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(IsThere(target()));
}

TEST_F(SqliteUpkeep, NothingIsMadeWhereThereIsNoStore) {
  const std::string none = store_.file().folder() + "/none.db";
  EXPECT_EQ(Code(BackupSqliteStore(none, target())), kNotFound);
  EXPECT_EQ(Code(CheckSqliteStore(none)), kNotFound);
  EXPECT_EQ(Code(VacuumSqliteStore(none)), kNotFound);
  EXPECT_EQ(Code(MigrateSqliteStore(none)), kNotFound);
  EXPECT_FALSE(IsThere(none));
  EXPECT_FALSE(IsThere(none + "-lock"));
}

TEST_F(SqliteUpkeep, CheckFindsNothingInASoundStore) { EXPECT_THAT(Value(CheckSqliteStore(path())), IsEmpty()); }

TEST_F(SqliteUpkeep, CheckKnowsJobsThatWait) {
  Job retry = NewJob(store_.storage(), shop_->channel_id());
  retry.trigger = JobTrigger::kRetry;
  retry.not_before = At(60);
  Job notice = NewJob(store_.storage(), shop_->channel_id());
  notice.trigger = JobTrigger::kNotice;
  notice.not_before = At(70);
  QueueChange change;
  change.slot = shop_->Queue().slot;
  change.expected_revision = change.slot.revision;
  change.slot.next_due = At(60);
  change.insert = {retry, notice};
  ASSERT_EQ(store_.storage().WriteQueue(change), absl::OkStatus());
  EXPECT_THAT(Value(CheckSqliteStore(path())), IsEmpty());
}

TEST_F(SqliteUpkeep, CheckFindsWhatCannotBe) {
  ASSERT_TRUE(BackupSqliteStore(path(), target()).ok());
  struct Damage {
    const char* sql;
    const char* finding;
  };
  const Damage damages[] = {
      {"DELETE FROM link WHERE listing_id = 1", "there is no row of link"},
      {"DELETE FROM listing_variant WHERE listing_id = 1", "no such listing variant"},
      {"DELETE FROM product_variant WHERE product_id = 1", "its product variant 1 is not there"},
      {"UPDATE link SET state = 'linkee' WHERE listing_id = 1", "the state linkee cannot be"},
      {"UPDATE link SET state = 'unlinked' WHERE listing_id = 1", "it is unlinked and has channel variant"},
      {"DELETE FROM channel_variant WHERE channel_variant_id = 1", "its channel variant 1 is not there"},
      {"DROP INDEX link_by_channel_variant; UPDATE link SET channel_variant_id = 1 WHERE state = 'linked'",
       "channel_variant of channel 1, id 1: 2 links hold it"},
      {"UPDATE channel_variant SET gone = 1 WHERE channel_variant_id = 1", "it is linked, and its channel variant is "},
      {"UPDATE channel_variant SET identity = 'B' WHERE channel_variant_id = 1; UPDATE link SET identity = 'A' WHERE "
       "channel_variant_id = 1",
       "it is linked, and its channel variant is another"},
      {"INSERT INTO item_alias VALUES (1, 'a', 77)", "item_alias of channel 1, channel variant 77: it is not there"},
      {"UPDATE link SET health = 'liste' WHERE listing_id = 1", "health liste"},
      {"UPDATE link SET linked_version = 1000 WHERE listing_id = 1", "versions are out of order"},
      {"UPDATE link SET dirty_since = NULL WHERE listing_id = 1", "has something to send and is not dirty"},
      {"UPDATE link SET dirty_since = NULL, synced_version = dirty_version, in_doubt = 'price' WHERE listing_id = 1",
       "link of channel 1, listing 1: it is in doubt, no push of it is open"},
      {"UPDATE link SET in_doubt = '1?' WHERE listing_id = 1", "the fields in doubt, 1?, cannot be"},
      {"UPDATE link SET in_doubt = NULL, confirmed = 'price' WHERE listing_id = 1", "the confirmed fields, price"},
      {"UPDATE link SET forced = '1?' WHERE listing_id = 1", "the forced fields, 1?, cannot be"},
      {"UPDATE link SET dirty_since = NULL, synced_version = dirty_version, forced = 'price' WHERE listing_id = 1",
       "it is forced and not dirty"},
      {"UPDATE link SET refused = 'price' WHERE listing_id = 1", "the refused values, price, cannot be"},
      {"UPDATE link SET paused = 2 WHERE listing_id = 1", "neither 0 nor 1"},
      {"UPDATE link SET acked_price = -5 WHERE listing_id = 1", "acknowledged price"},
      {"UPDATE link SET acked_compare_at_price = -5 WHERE listing_id = 1", "acknowledged price"},
      {"UPDATE link SET acked_content = '{' WHERE listing_id = 1", "acknowledged content"},
      {"INSERT INTO hand_unlink VALUES (1, 1, 77)", "hand_unlink of channel 1, listing 1, channel variant 77"},
      {"UPDATE link_event SET event_number = 9 WHERE listing_id = 1", "numbers of its 1 events are not 1 to 1"},
      {"UPDATE link_event SET kind = 'lanked' WHERE listing_id = 1", "the kind lanked cannot be"},
      {"UPDATE link_event SET kind = 'released' WHERE listing_id = 1", "its last event is released"},
      {"UPDATE product_variant SET fields = '{' WHERE product_id = 1", "product_variant 1: "},
      {"INSERT INTO source_product VALUES ('it''s', 7, 1)", "source_product 'it''s': its source is not there"},
      {"INSERT INTO source VALUES (7, 'feed', 1, 0); INSERT INTO source_product VALUES ('K', 7, 2)",
       "has not begun the import 2"},
      {"UPDATE listing_variant SET fields = '{' WHERE listing_id = 1", "its fields cannot be"},
      {"UPDATE channel_variant SET price = -1 WHERE channel_variant_id = 1", "channel_variant of channel 1, id 1: "},
      {"UPDATE channel_variant SET compare_at_price = -1 WHERE channel_variant_id = 1", "id 1: its price"},
      {"UPDATE channel_variant SET seen_pull = 99", "a pull that is yet to come"},
      {"INSERT INTO push_item (channel_id, push_id, listing_id, dirty_version, idempotency_key) VALUES (1, 5, 1, 1, "
       "'k')",
       "its push or listing variant is not there"},
      {"INSERT INTO push_record (channel_id, push_id, call_deadline, look_at) VALUES (1, 5, 1, 9); INSERT INTO "
       "push_item (channel_id, push_id, listing_id, dirty_version, idempotency_key) VALUES (1, 5, 1, 1, 'k')",
       "push_record of channel 1, push 5: something of it is unheard of, and it waits"},
      {"INSERT INTO push_record (channel_id, push_id, call_deadline) VALUES (1, 5, 1); INSERT INTO push_item "
       "(channel_id, push_id, listing_id, dirty_version, idempotency_key, receipt) VALUES (1, 5, 1, 1, 'k', 'r')",
       "push_record of channel 1, push 5: nothing of it is unheard of"},
      {"DELETE FROM slot", "it has no slot"},
      {"UPDATE slot SET holder_job = 77", "the job 77 that holds it is not running"},
      {"UPDATE slot SET holder_job = NULL", "and does not hold the slot"},
      {"UPDATE slot SET head_job = 77", "its head 77 is not a pending job"},
      {"UPDATE job SET state = 'pending'", "it has no head, and job "},
      {"UPDATE job SET state = 'pending', not_before = 7", "it has no head, and job "},
      {"UPDATE job SET state = 'pending', not_before = 7; UPDATE slot SET next_due = 8", "it has no head, and job "},
      {"UPDATE slot SET next_due = 8", "no pending job waits for its next_due"},
      {"UPDATE job SET state = 'pending', not_before = 7; UPDATE slot SET next_due = 5", "waits for its next_due"},
      {"UPDATE job SET kind = 'pill'", "the kind pill"},
      {"UPDATE sequence SET next_id = 1 WHERE name = 'channel'", "sequence channel: its next number 1"},
      {"DELETE FROM sequence WHERE name = 'owner'", "sequence owner: it is not there"},
      {"UPDATE link_base SET entries = 9", "it counts 9 entries, and key_run has 2"},
      {"UPDATE link_base SET added = 9", "it counts 9 added entries, and key_added has 1"},
      {"UPDATE link_base SET changes = 99", "it counts 99 changes"},
      {"UPDATE link_change SET live = 7", "link_change of channel 1"},
      {"INSERT INTO hand_unlink VALUES (9, 1, 1)", "hand_unlink: 1 rows of channel 9, which is not there"},
      {"UPDATE product_variant SET quantity = 'many'", "product_variant: 3 rows have a value in quantity"},
      {"UPDATE channel SET currency = 'XXX'", "says another name, adapter or currency"},
      {"UPDATE job SET details = x'ffff'", "its details cannot be read"},
      {"UPDATE key_run SET first_id = 9", "its entries are not in order"},
  };
  for (const Damage& damage : damages) {
    const std::string copy = absl::StrCat(target(), "-damaged");
    ASSERT_TRUE(BackupSqliteStore(target(), copy).ok());
    RunSql(copy, damage.sql);
    EXPECT_THAT(Value(CheckSqliteStore(copy)), Contains(HasSubstr(damage.finding))) << damage.sql;
    ASSERT_EQ(unlink(copy.c_str()), 0);
    unlink((copy + "-wal").c_str());
    unlink((copy + "-shm").c_str());
  }
}

TEST_F(SqliteUpkeep, CheckFindsAnIndexThatIsNotAsItsTable) {
  RunSql(path(),
         "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'state = ''broken''', "
         "'state = ''linked''') WHERE name = 'link_broken'");
  EXPECT_THAT(Value(CheckSqliteStore(path())), Contains(HasSubstr("link_broken")));
}

TEST_F(SqliteUpkeep, CheckNamesAHundredOfAKind) {
  RunSql(path(),
         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) "
         "INSERT INTO hand_unlink SELECT 1, 1, 1000 + i FROM n");
  const std::vector<std::string> findings = Value(CheckSqliteStore(path()));
  EXPECT_THAT(findings, SizeIs(101));
  EXPECT_THAT(findings.back(), HasSubstr("50 more"));
}

TEST_F(SqliteUpkeep, VacuumGivesRoomBackAndKeepsTheRest) {
  RunSql(path(), "CREATE TABLE junk AS SELECT randomblob(1000000) AS b; DROP TABLE junk");
  const SqliteVacuum result = Value(VacuumSqliteStore(path()));
  EXPECT_LT(result.bytes_after, result.bytes_before - 900000);
  EXPECT_EQ(Value(store_.storage().ReadProducts(0, {}, 10)).size(), 3);
  EXPECT_THAT(Value(CheckSqliteStore(path())), IsEmpty());
}

TEST(SqliteUpkeepOfOthers, MigrateSaysFromWhichVersion) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 1), absl::OkStatus());
  }
  SqliteMigration migration = Value(MigrateSqliteStore(file.path()));
  EXPECT_EQ(migration.from, 1);
  EXPECT_EQ(migration.to, sqlite::kSchemaVersion);
  migration = Value(MigrateSqliteStore(file.path()));
  EXPECT_EQ(migration.from, sqlite::kSchemaVersion);
}

}  // namespace
}  // namespace flxlink

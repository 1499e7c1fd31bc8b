#include "src/storage/sqlite/sqlite_storage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/conformance/storage.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/sqlite_locks.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_schema.h"
#include "src/storage/sqlite/store_files.h"
#include "tests/storage/shop.h"
#include "tests/storage/sqlite_store_file.h"
#include "tests/support/open_pushes.h"

namespace flxlink {
namespace {

class SqliteStorageUnderTest : public StorageUnderTest {
 public:
  // Whatever a test did, it left a store in which nothing is found to be wrong; but tests of the queue write slots and
  // jobs as no queue rule would.
  ~SqliteStorageUnderTest() override {
    storage_.reset();
    for (const std::string& finding : Value(CheckSqliteStore(file_.path()))) {
      EXPECT_THAT(finding, testing::ContainsRegex("^(slot|job|sequence reserved)"));
    }
  }
  Storage& storage() override { return *storage_; }
  // The death of a whole process is tested in sqlite_process_test.cc.
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_->CloseOwner(owner).ok()); }
  bool Reopen() override {
    storage_.reset();
    storage_ = file_.Open();
    return true;
  }
  const std::string& path() const { return file_.path(); }

 private:
  SqliteStoreFile file_;
  std::unique_ptr<Storage> storage_ = file_.Open();
};

std::unique_ptr<StorageUnderTest> MakeSqliteStorage() { return absl::make_unique<SqliteStorageUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StorageConformance, testing::Values(StorageFactory{"sqlite", MakeSqliteStorage}),
                         StorageFactoryName);
INSTANTIATE_TEST_SUITE_P(Sqlite, LinkIndexConformance, testing::Values(StorageFactory{"sqlite", MakeSqliteStorage}),
                         StorageFactoryName);

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

void WriteFile(const std::string& path, absl::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

int64_t FileSize(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : -1;
}

std::vector<ProductRow> SomeProducts(int count, int64_t price) {
  std::vector<ProductRow> rows;
  for (int i = 0; i < count; ++i) rows.push_back({absl::StrCat("K", i), absl::StrCat("S", i), price, 5});
  return rows;
}

absl::Status OpenError(const std::string& path) { return OpenSqliteStorage(path).status(); }

// -- Opening

TEST(SqliteOpen, MakesTheStoreAndItsLockFiles) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  for (const char* suffix : {"", "-wal", "-lock", "-owners"}) EXPECT_GE(FileSize(file.path() + suffix), 0) << suffix;
  EXPECT_THAT(RunSql(file.path(), "PRAGMA journal_mode"), ElementsAre("wal"));
  EXPECT_THAT(RunSql(file.path(), "PRAGMA user_version"), ElementsAre(absl::StrCat(sqlite::kSchemaVersion)));
  EXPECT_THAT(RunSql(file.path(), "PRAGMA application_id"), ElementsAre(absl::StrCat(sqlite::kApplicationId)));
}

TEST(SqliteOpen, FolderThatIsMissingIsNotFound) {
  SqliteStoreFile file;
  const absl::Status status = OpenError(file.folder() + "/no/store.db");
  EXPECT_EQ(Code(status), kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(file.folder() + "/no/"));
}

TEST(SqliteOpen, FolderInPlaceOfAFileIsAnError) {
  SqliteStoreFile file;
  EXPECT_EQ(Code(OpenError(file.folder())), kInvalidArgument);
  EXPECT_EQ(Code(OpenError("")), kInvalidArgument);
  EXPECT_EQ(Code(OpenError(file.folder() + "/")), kInvalidArgument);
  EXPECT_EQ(FileSize(file.folder() + "-lock"), -1);
}

TEST(SqliteOpen, FileOfAnotherKindIsDataLossAndStaysAsItWas) {
  SqliteStoreFile file;
  const std::string text = "sku,price\n" + std::string(5000, 'x');
  WriteFile(file.path(), text);
  EXPECT_EQ(Code(OpenError(file.path())), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadFile(file.path()), text);
}

TEST(SqliteOpen, AnotherProgramsDatabaseIsRefusedAndStaysAsItWas) {
  SqliteStoreFile file;
  RunSql(file.path(), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (7)");
  EXPECT_EQ(Code(OpenError(file.path())), kFailedPrecondition);
  EXPECT_THAT(RunSql(file.path(), "SELECT x FROM theirs"), ElementsAre("7"));
  EXPECT_THAT(RunSql(file.path(), "PRAGMA journal_mode"), ElementsAre("delete"));
}

TEST(SqliteOpen, NewerSchemaIsRefused) {
  SqliteStoreFile file;
  file.Open().reset();
  RunSql(file.path(), absl::StrCat("PRAGMA user_version = ", sqlite::kSchemaVersion + 1));
  const absl::Status status = OpenError(file.path());
  EXPECT_EQ(Code(status), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer"));
}

TEST(SqliteOpen, OlderSchemaIsBroughtForwardWithItsRows) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 1), absl::OkStatus());
  }
  ASSERT_THAT(RunSql(file.path(), "PRAGMA user_version"), ElementsAre("1"));
  ASSERT_THAT(RunSql(file.path(), "SELECT name FROM sqlite_schema WHERE name = 'link_base'"), IsEmpty());
  RunSql(file.path(),
         "INSERT INTO product_variant (product_id, key, sku, currency, quantity_at, sync_priority, fields) "
         "VALUES (7, 'K1', 'S1', 'EUR', 0, 0, '{\"upc\":\"1\"}')");
  const auto storage = file.Open();
  EXPECT_THAT(RunSql(file.path(), "PRAGMA user_version"), ElementsAre(absl::StrCat(sqlite::kSchemaVersion)));
  EXPECT_THAT(Value(storage->ReadProducts(0, {}, 10)).product_id, ElementsAre(7));
  const Channel channel = Value(storage->CreateChannel(NamedConfig("shop")));
  EXPECT_EQ(Value(storage->link_index()->ReadLinkBase(channel.channel_id)).text, "");
}

TEST(SqliteOpen, OldJobsPushesAndTheOneScheduleOfAChannelAreBroughtForward) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 2), absl::OkStatus());
  }
  Channel channel;
  channel.config = NamedConfig("shop");
  RunSql(file.path(), absl::StrCat("INSERT INTO channel (channel_id, name, adapter, currency, pull_running, config) "
                                   "VALUES (4, 'shop', 'csv', 'USD', 1, x'",
                                   absl::BytesToHexString(model::EncodeChannelConfig(channel.config)), "')"));
  RunSql(file.path(),
         "INSERT INTO slot (channel_id) VALUES (4);"
         "INSERT INTO push_record (channel_id, push_id, job_id, call_deadline) VALUES (4, 3, 9, 60000000);"
         "INSERT INTO schedule VALUES (4, 'daily', 7, 30, 0, '', 'Europe/Berlin', 'sync-full', 0, 60000000);"
         "INSERT INTO job (channel_id, job_id, kind, state, triggered_by, priority, rerun_of, progress_total, "
         "progress_done, progress_failed, attempts, created_at, details) "
         "VALUES (4, 9, 'pull', 'failed', 'rerun', 0, 8, 0, 0, 0, 1, 0, x'1808')");
  const auto storage = file.Open();
  const std::vector<Schedule> schedules = Value(storage->ReadSchedules());
  ASSERT_EQ(schedules.size(), 1u);
  EXPECT_EQ(schedules[0].channel, "shop");
  EXPECT_EQ(schedules[0].name, "sync-full") << "named after its job";
  EXPECT_EQ(schedules[0].spec.kind, ScheduleKind::kDaily);
  EXPECT_EQ(schedules[0].spec.minute, 30);
  EXPECT_EQ(schedules[0].spec.time_zone, "Europe/Berlin");
  EXPECT_EQ(schedules[0].job, ScheduledJob::kSyncFull);
  EXPECT_FALSE(schedules[0].enabled);
  EXPECT_EQ(schedules[0].next_fire, absl::FromUnixSeconds(60));
  EXPECT_TRUE(schedules[0].problem.empty());
  const Job job = Value(storage->ReadJob(9));
  EXPECT_EQ(job.from_job, 8);
  EXPECT_EQ(job.progress.total, 0);
  EXPECT_EQ(job.not_before, absl::nullopt);
  EXPECT_EQ(Value(storage->ReadQueue(4)).slot.next_due, absl::InfiniteFuture());
  EXPECT_EQ(job.channel, "shop");
  EXPECT_EQ(Value(storage->ReadChannel("shop")).pull.job_id, 0) << "no job goes on with a pull of before";
  const std::vector<OpenPush> pushes = ReadAllPushes(*storage, 4);
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(pushes[0].push_id, 3);
  EXPECT_EQ(pushes[0].call_deadline, absl::FromUnixSeconds(60));
}

// Schema 2 kept one attention in the row of its link, and errors and attentions had advice and no arguments.
TEST(SqliteOpen, AttentionsAndErrorsOfSchema2BecomeProblems) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 2), absl::OkStatus());
  }
  ASSERT_THAT(RunSql(file.path(), "PRAGMA user_version"), ElementsAre("2"));
  RunSql(file.path(),
         "INSERT INTO link (channel_id, listing_id, attention_code, attention_detail, attention_suggestion) VALUES "
         "(1, 5, 'rejected', 'too \"cheap\"', 'raise it'), (1, 6, NULL, NULL, NULL), (1, 7, 'no_detail', NULL, NULL)");
  const auto add_job = [&](int64_t job_id, absl::string_view state, absl::string_view error) {
    RunSql(file.path(),
           absl::StrCat("INSERT INTO job (channel_id, job_id, kind, state, triggered_by, priority, progress_total, "
                        "progress_done, progress_failed, attempts, created_at, error, suggestion, details) VALUES (1, ",
                        job_id, ", 'pull', '", state, "', 'hand', 0, 0, 0, 0, 1, 0, ", error, ", 'do it', x'')"));
  };
  add_job(1, "failed", "'what went wrong'");
  add_job(2, "held", "'too many'");
  add_job(3, "completed", "NULL");

  const auto storage = file.Open();
  EXPECT_THAT(RunSql(file.path(), "SELECT channel_id, listing_id, code, args, message FROM attention ORDER BY 2"),
              ElementsAre("1|5|rejected|{}|too \"cheap\"", "1|7|no_detail|{}|"));
  EXPECT_EQ(Value(storage->ReadJob(1)).error, (Problem{"unknown", {}, "what went wrong"}));
  EXPECT_EQ(Value(storage->ReadJob(2)).error, (Problem{"aborted", {}, "too many"}));
  EXPECT_EQ(Value(storage->ReadJob(3)).error, absl::nullopt);
  EXPECT_EQ(Value(storage->ReadJob(2)).state, JobState::kFailed) << "no job is held any more";
  EXPECT_EQ(Value(storage->ReadJob(2)).progress.total, 0);
  EXPECT_EQ(Value(storage->ReadJob(3)).progress.total, 0);
}

// Schema 2 kept what a job came to among its details.
TEST(SqliteOpen, ReportsOfSchema2AreKept) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 2), absl::OkStatus());
  }
  const auto add_job = [&](int64_t job_id, absl::string_view details) {
    RunSql(file.path(),
           absl::StrCat("INSERT INTO job (channel_id, job_id, kind, state, triggered_by, priority, progress_total, "
                        "progress_done, progress_failed, attempts, created_at, details) VALUES (1, ",
                        job_id, ", 'pull', 'failed', 'hand', 0, 9, 5, 2, 1, 0, x'", details, "')"));
  };
  // Options {"A"}, linked 3, two problems (the first with an advice), cursor "5/7".
  add_job(1,
          "0a030a0141"
          "220a0a066c696e6b65641003"
          "2a190a05534b552d3112066e6f5f736b751a04776861742202646f"
          "2a0b0a0253321202633212016d"
          "3203352f37");
  add_job(2, "");
  add_job(3, "ffff");

  const auto storage = file.Open();
  const Job job = Value(storage->ReadJob(1));
  EXPECT_THAT(job.options.skus, ElementsAre("A"));
  EXPECT_EQ(job.counts, (JobCounts{{"linked", 3}}));
  EXPECT_EQ(job.cursor, "5/7");
  EXPECT_EQ(job.progress, (JobProgress{9, 5, 2}));
  EXPECT_EQ(job.problem_count, 2);
  EXPECT_THAT(RunSql(file.path(), "SELECT job_id, number, subject, code, args, message FROM job_problem ORDER BY 1, 2"),
              ElementsAre("1|0|SKU-1|no_sku|{}|what", "1|1|S2|m|{}|"));
  EXPECT_EQ(Value(storage->ReadJob(2)).problem_count, 0);
  EXPECT_EQ(storage->ReadJob(3).status().code(), absl::StatusCode::kDataLoss) << "as before";
}

// Schema 2 did not keep when a link acknowledged: only what is read later than what was read so far is news.
TEST(SqliteOpen, LinksOfSchema2AcknowledgedWhenTheirItemsWereSeen) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 2), absl::OkStatus());
  }
  RunSql(file.path(),
         "INSERT INTO channel_variant (channel_id, channel_variant_id, external_id, seen_at, seen_pull, fields) VALUES "
         "(1, 8, 'X8', 70, 1, '{}'), (1, 9, 'X9', 80, 1, '{}');"
         "INSERT INTO link (channel_id, listing_id, state, channel_variant_id, rule, by_hand, health, pending, paused, "
         "sync_priority, dirty_version, synced_version, linked_version, dirty_since, acked_price, acked_quantity, "
         "acked_status, guarded_at) VALUES "
         "(1, 5, 'linked', 8, 2, 1, 'listed', 'hiding', 1, -3, 9, 8, 7, 60, 100, 10, 'listed', 50), "
         "(1, 6, 'broken', 9, 1, 0, 'hidden', NULL, 0, 0, 1, 1, 1, NULL, NULL, NULL, NULL, NULL);"
         "INSERT INTO link (channel_id, listing_id, reason) VALUES (1, 7, 'no_match')");
  const auto storage = file.Open();
  EXPECT_THAT(RunSql(file.path(), "SELECT listing_id, coalesce(acked_at, 'none') FROM link ORDER BY 1"),
              ElementsAre("5|70", "6|80", "7|none"));
  EXPECT_THAT(RunSql(file.path(),
                     "SELECT state, channel_variant_id, rule, by_hand, health, pending, paused, sync_priority, "
                     "dirty_version, synced_version, linked_version, dirty_since, acked_price, acked_quantity, "
                     "acked_status, guarded_at, dirty_rank FROM link WHERE listing_id = 5"),
              ElementsAre("linked|8|2|1|listed|NULL|1|-3|9|8|7|60|100|10|listed|50|1"))
      << "who stated what was pending was not kept, so it waits";
  EXPECT_THAT(RunSql(file.path(), "SELECT listing_id, code, args FROM attention"),
              ElementsAre("5|pending_change_waits|{\"change\":\"hiding\"}"));
  EXPECT_THAT(RunSql(file.path(), "SELECT state, reason, health FROM link WHERE listing_id = 7"),
              ElementsAre("unlinked|no_match|not_listed"));
  EXPECT_THAT(RunSql(file.path(),
                     "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'link' "
                     "AND sql IS NOT NULL ORDER BY 1"),
              ElementsAre("link_broken", "link_by_channel_variant", "link_dirty", "link_doubtful", "link_guarded",
                          "link_held"));
}

// Schema 2 kept one digest of all that was refused, which says nothing of a single field, and whether a push was in
// doubt, which then was one of all fields.
TEST(SqliteOpen, DoubtsOfSchema2BecomeThoseOfItsFieldsAndRefusalsAreForgotten) {
  SqliteStoreFile file;
  {
    const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
    ASSERT_EQ(sqlite::MigrateSchema(*db, 2), absl::OkStatus());
  }
  RunSql(file.path(),
         "INSERT INTO link (channel_id, listing_id, in_doubt, refused_digest) VALUES (1, 5, 1, 42), (1, 6, 0, NULL)");
  const auto storage = file.Open();
  EXPECT_THAT(RunSql(file.path(), "SELECT listing_id, coalesce(in_doubt, 'none'), coalesce(refused, 'none') FROM link"),
              ElementsAre("5|price,quantity,status|none", "6|none|none"));
  EXPECT_THAT(RunSql(file.path(), "SELECT name FROM pragma_table_info('channel') WHERE name = 'pull_revision'"),
              IsEmpty());
}

// The columns are documented, so that hosts can query them.
TEST(SqliteOpen, AliasesAreRowsAndIdentitiesTextOrNull) {
  SqliteStorageUnderTest store;
  Shop shop(store);
  PullPage page = ToPage({{"X1", 100, 10}, {"X2", 100, 10}});
  page.items.aliases = {{"inventory/1", "b"}, {}};
  page.items.identity.Add("B00/new");
  page.items.identity.Add("");
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  Value(shop.storage().WritePulledPages(shop.fence(), pull, {page}, At(1)));
  shop.StockAndLink(2);
  EXPECT_THAT(RunSql(store.path(), "SELECT alias FROM item_alias ORDER BY alias"), IsEmpty()) << "pulled since";
  Value(shop.storage().WritePulledPages(shop.fence(), Value(shop.storage().BeginPull(shop.fence(), "")).pull_number,
                                        {page}, At(5)));
  EXPECT_THAT(RunSql(store.path(), "SELECT alias, channel_variant_id FROM item_alias ORDER BY alias"),
              ElementsAre("b|1", "inventory/1|1"));
  RunSql(store.path(),
         "CREATE TRIGGER none_goes BEFORE DELETE ON item_alias BEGIN SELECT RAISE(ABORT, 'it was the same'); END");
  EXPECT_EQ(Code(shop.storage().WritePulledPages(
                shop.fence(), Value(shop.storage().BeginPull(shop.fence(), "")).pull_number, {page}, At(6))),
            kOk)
      << "the same aliases are not written anew";
  RunSql(store.path(), "DROP TRIGGER none_goes");
  for (const char* table : {"channel_variant", "link"}) {
    EXPECT_THAT(RunSql(store.path(), absl::StrCat("SELECT coalesce(identity, 'none') FROM ", table)),
                ElementsAre("B00/new", "none"))
        << table;
  }
  shop.EndJob();
  ASSERT_EQ(shop.storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  EXPECT_THAT(RunSql(store.path(), "SELECT alias FROM item_alias"), IsEmpty());
}

// The columns are documented, so that hosts can query them.
TEST(SqliteOpen, HandlesFixedFieldsDoubtsAndRefusalsAreTextOrNull) {
  SqliteStorageUnderTest store;
  Shop shop(store);
  shop.StockAndLink(2);
  PullPage page = ToPage({{"X1", 100, 10}, {"X2", 100, 10}});
  page.items.handle.Add("gid://1");
  page.items.handle.Add("");
  page.items.fixed = {{{"title", FixedReason::kKeptByParent}, {"quantity", FixedReason::kNotTracked}}, {}};
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  Value(shop.storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})};
  batch.rows[0].settled = false;
  batch.rows[0].in_doubt = SyncFields({SyncField::kPrice, SyncField::kStatus}, {"title"});
  const Problem why = MakeProblem("too_long", {{"field", "title"}}, "at most\n100 \"characters\"");
  batch.rows[0].refused = {{"price", 0x1f}, {"title", 0xF000000000000000, why}};
  ASSERT_EQ(shop.storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
  EXPECT_THAT(RunSql(store.path(), "SELECT coalesce(handle, 'none') FROM channel_variant"),
              ElementsAre("gid://1", "none"));
  EXPECT_THAT(RunSql(store.path(), "SELECT coalesce(fixed, 'none') FROM channel_variant"),
              ElementsAre("quantity:not_tracked,title:kept_by_parent", "none"));
  EXPECT_THAT(RunSql(store.path(), "SELECT coalesce(in_doubt, 'none') FROM link"),
              ElementsAre("price,status,title", "none"));
  EXPECT_THAT(RunSql(store.path(),
                     "SELECT json_extract(json_extract(refused, '$.title'), '$.digest'), "
                     "json_extract(json_extract(refused, '$.title'), '$.code') FROM link WHERE refused NOT NULL"),
              ElementsAre("f000000000000000|too_long"));
  EXPECT_EQ(shop.LinkRow("S1").refused, batch.rows[0].refused);
}

TEST(SqliteOpen, ErrorsNameTheStore) {
  SqliteStoreFile file;
  WriteFile(file.path(), "sku,price\n" + std::string(5000, 'x'));
  const Problem problem = ProblemFrom(OpenError(file.path()));
  EXPECT_EQ(problem.code, problem_code::kDamagedStore);
  EXPECT_THAT(std::string(FieldValue(problem.args, "path")), HasSubstr("/store.db"));
}

TEST(SqliteOpen, TruncatedDatabaseIsDataLoss) {
  SqliteStoreFile file;
  file.Open().reset();
  RunSql(file.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
  const int64_t size = FileSize(file.path());
  for (const int64_t left : {size / 2, size - 4096, int64_t{4096}, int64_t{1000}, int64_t{50}}) {
    SqliteStoreFile copy;
    WriteFile(copy.path(), ReadFile(file.path()).substr(0, static_cast<size_t>(left)));
    EXPECT_EQ(Code(OpenError(copy.path())), absl::StatusCode::kDataLoss) << left << " of " << size << " bytes";
  }
}

TEST(SqliteOpen, DamagedPagesAreDataLoss) {
  SqliteStoreFile file;
  {
    const auto storage = file.Open();
    ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(2000, 100)), At(0)).ok());
  }
  RunSql(file.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
  std::string content = ReadFile(file.path());
  // All but the first page, which holds the schema.
  std::fill(content.begin() + 4096, content.end(), '\xa5');
  WriteFile(file.path(), content);
  const auto storage = OpenSqliteStorage(file.path());
  const absl::Status status = storage.ok() ? (*storage)->ReadProducts(0, {}, 100).status() : storage.status();
  EXPECT_EQ(Code(status), absl::StatusCode::kDataLoss) << status;
}

TEST(SqliteOpen, ValueThatMakesNoSenseIsDataLoss) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(1, 100)), At(0)).ok());
  RunSql(file.path(), "UPDATE product_variant SET fields = '{\"a\":'");
  const absl::Status status = storage->ReadProducts(0, {}, 100).status();
  EXPECT_EQ(Code(status), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/store.db: "));
}

TEST(SqliteOpen, OneStoreUnderTwoNamesHasOneLock) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  const std::string other_name = file.folder() + "/link.db";
  ASSERT_EQ(symlink(file.path().c_str(), other_name.c_str()), 0);
  const auto same = OpenSqliteStorage(other_name);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(FileSize(other_name + "-lock"), -1);
  const OwnerId owner = Value((*same)->OpenOwner());
  EXPECT_TRUE(storage->KeepAlive(owner).ok());
}

absl::Status OpenExisting(const std::string& path) {
  SqliteOptions options;
  options.create = false;
  return OpenSqliteStorage(path, options).status();
}

TEST(SqliteOpen, MissingStoreIsMadeOnlyWhereThatIsAskedFor) {
  SqliteStoreFile file;
  EXPECT_EQ(Code(OpenExisting(file.path())), kNotFound);
  for (const char* suffix : {"", "-wal", "-lock", "-owners"}) EXPECT_EQ(FileSize(file.path() + suffix), -1) << suffix;
  WriteFile(file.path(), "");
  EXPECT_EQ(Code(OpenExisting(file.path())), kNotFound);
  EXPECT_EQ(FileSize(file.path()), 0);
  EXPECT_EQ(OpenError(file.path()), absl::OkStatus());
  EXPECT_EQ(OpenExisting(file.path()), absl::OkStatus());
}

TEST(SqliteOpen, EmptiedStoreIsDataLoss) {
  SqliteStoreFile file;
  file.Open().reset();
  WriteFile(file.path(), "");
  EXPECT_EQ(Code(OpenError(file.path())), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Code(OpenExisting(file.path())), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FileSize(file.path()), 0);
  ASSERT_EQ(unlink((file.path() + "-owners").c_str()), 0);
  EXPECT_EQ(OpenError(file.path()), absl::OkStatus());  // As the message says.
}

TEST(SqliteOpen, StoreWithoutItsLogIsDataLoss) {
  SqliteStoreFile file;
  file.Open().reset();
  SqliteStoreFile bare;
  {
    const auto storage = bare.Open();
    WriteFile(file.path(), ReadFile(bare.path()));  // Its tables are in the log only.
  }
  EXPECT_EQ(Code(OpenError(file.path())), absl::StatusCode::kDataLoss);
}

TEST(SqliteOpen, LogOfALostStoreIsKept) {
  for (const bool emptied : {false, true}) {
    SqliteStoreFile file;
    if (emptied) WriteFile(file.path(), "");
    WriteFile(file.path() + "-wal", "what is left");
    EXPECT_EQ(Code(OpenError(file.path())), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ReadFile(file.path() + "-wal"), "what is left");
  }
}

TEST(SqliteOpen, PipesAndDevicesAreRefusedAtOnce) {
  SqliteStoreFile file;
  ASSERT_EQ(mkfifo(file.path().c_str(), 0600), 0);
  const absl::Status status = OpenError(file.path());
  EXPECT_EQ(Code(status), kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("/store.db: "), HasSubstr("regular file")));
  EXPECT_EQ(Code(OpenError("/dev/null")), kInvalidArgument);
  EXPECT_EQ(FileSize("/dev/null-lock"), -1);
}

TEST(SqliteOpen, PipeInPlaceOfALockFileIsRefused) {
  for (const char* suffix : {"-lock", "-owners"}) {
    SqliteStoreFile file;
    ASSERT_EQ(mkfifo((file.path() + suffix).c_str(), 0600), 0);
    EXPECT_EQ(Code(OpenError(file.path())), kInvalidArgument) << suffix;
  }
}

TEST(SqliteOpen, HardLinksAreRefused) {
  SqliteStoreFile file;
  auto storage = file.Open();
  const std::string other_name = file.folder() + "/other.db";
  ASSERT_EQ(link(file.path().c_str(), other_name.c_str()), 0);
  EXPECT_EQ(Code(OpenError(other_name)), kFailedPrecondition);
  EXPECT_EQ(FileSize(other_name + "-lock"), -1);
  EXPECT_EQ(Code(storage->ReserveIds(1)), kFailedPrecondition);
  ASSERT_EQ(unlink(other_name.c_str()), 0);
  EXPECT_TRUE(storage->ReserveIds(1).ok());
}

TEST(SqliteFiles, RemovedOrReplacedEndInAnError) {
  for (const char* suffix : {"", "-lock", "-owners", "-wal", "-shm"}) {
    for (const bool replaced : {false, true}) {
      SqliteStoreFile file;
      const auto storage = file.Open();
      const OwnerId owner = Value(storage->OpenOwner());
      const std::string path = file.path() + suffix;
      const std::string content = ReadFile(path);
      ASSERT_EQ(unlink(path.c_str()), 0);
      if (replaced) WriteFile(path, content);
      for (const absl::Status& status :
           {storage->ReserveIds(1).status(), storage->ReadChannels().status(), storage->KeepAlive(owner)}) {
        EXPECT_EQ(Code(status), kFailedPrecondition) << suffix;
        EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("/store.db", suffix, ": it was re")));
      }
    }
  }
}

TEST(SqliteFiles, OfTwoLockFilesOneCounts) {
  SqliteStoreFile file;
  {
    auto lock = sqlite::WriterLock::Open(file.path());
    ASSERT_TRUE(lock.ok() && lock->Acquire(absl::ZeroDuration()).ok());
    ASSERT_EQ(rename((file.path() + "-lock").c_str(), (file.path() + "-aside").c_str()), 0);
    auto second = sqlite::WriterLock::Open(file.path());
    // Locks belong to files and not to names: both are held now, and only the look at the name tells which one counts.
    ASSERT_TRUE(second.ok() && second->Acquire(absl::ZeroDuration()).ok());
    EXPECT_EQ(Code(sqlite::CheckInPlace(lock->held())), kFailedPrecondition);
    EXPECT_EQ(sqlite::CheckInPlace(second->held()), absl::OkStatus());
  }
}

TEST(SqliteOpen, OpeningAgainChangesNothingInTheFile) {
  SqliteStoreFile file;
  file.Open().reset();
  const std::string database = ReadFile(file.path());
  const std::string log = ReadFile(file.path() + "-wal");
  file.Open().reset();
  EXPECT_EQ(ReadFile(file.path()), database);
  EXPECT_EQ(ReadFile(file.path() + "-wal"), log);
}

// -- What hosts see

TEST(SqliteTables, HostsCanQueryPlainColumns) {
  SqliteStorageUnderTest store;
  Shop shop(store);
  shop.Stock({{"K1", "S1", 1990, 7, "", {{"upc", "012345678905"}, {"title", "\"Tea\"\n\\ \xc3\xa9"}}}});
  shop.Pull({{"X1", 1890, 6}});
  shop.Link("S1", "X1");
  EXPECT_THAT(RunSql(store.path(),
                     "SELECT key, sku, price, currency, quantity, json_extract(fields, '$.upc'), "
                     "json_extract(fields, '$.title') FROM product_variant"),
              ElementsAre("K1|S1|1990|USD|7|012345678905|\"Tea\"\n\\ \xc3\xa9"));
  EXPECT_THAT(RunSql(store.path(),
                     "SELECT v.sku, l.state, c.external_id, l.rule, l.health, l.acked_price, l.dirty_since IS NOT NULL "
                     "FROM link l JOIN listing_variant v USING (channel_id, listing_id) "
                     "JOIN channel_variant c USING (channel_id, channel_variant_id)"),
              ElementsAre("S1|linked|X1|1|listed|1890|1"));
  EXPECT_THAT(RunSql(store.path(), "SELECT kind, state FROM job"), ElementsAre("sync|running"));
}

TEST(SqliteTables, EveryPrimaryKeyBeginsWithTheChannelOrTheProduct) {
  SqliteStoreFile file;
  file.Open();
  EXPECT_THAT(RunSql(file.path(),
                     "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
                     "WHERE m.type = 'table' AND c.pk = 1 AND m.name <> 'sequence' "
                     "AND c.name NOT IN ('channel_id', 'product_id', 'source_id', 'key')"),
              IsEmpty());
}

TEST(SqliteTables, EveryColumnIsInTheReadme) {
  SqliteStoreFile file;
  file.Open();
  const std::string readme = ReadFile(FLXLINK_SOURCE_DIR "/src/storage/sqlite/README.md");
  for (const std::string& table : RunSql(file.path(), "SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const std::string heading = absl::StrCat("### ", table, "\n");
    const size_t begin = readme.find(heading);
    ASSERT_NE(begin, std::string::npos) << table;
    const std::string section = readme.substr(begin, readme.find("\n### ", begin + 1) - begin);
    for (const std::string& column :
         RunSql(file.path(), absl::StrCat("SELECT name FROM pragma_table_info('", table, "')"))) {
      EXPECT_THAT(section, HasSubstr(absl::StrCat("`", column, "`"))) << "column of table " << table;
    }
  }
}

TEST(SqliteTables, RowsOfTheKeyIndexFillAPageEach) {
  SqliteStorageUnderTest store;
  Shop shop(store);
  std::vector<KeyEntry> entries;
  constexpr int64_t kRuns = 40;
  constexpr int64_t kRunEntries = 250;
  for (int64_t id = 1; id <= kRuns * kRunEntries; ++id) {
    entries.push_back({std::numeric_limits<uint64_t>::max(), std::numeric_limits<int64_t>::max() - 20000 + id});
  }
  const KeyColumn column = {LinkSide::kChannel, std::numeric_limits<int32_t>::max()};
  ASSERT_EQ(store.storage().link_index()->WriteKeyEntries(shop.fence(), column, entries), absl::OkStatus());
  EXPECT_THAT(RunSql(store.path(), "SELECT count(*), max(length(entries)) FROM key_run"), ElementsAre("40|4000"));
  // None spills over: as many leaves as rows, and a page or two above them.
  EXPECT_THAT(RunSql(store.path(), "PRAGMA page_size"), ElementsAre("4096"));
  const int64_t before = std::stoll(RunSql(store.path(), "PRAGMA page_count")[0]);
  RunSql(store.path(), "CREATE TABLE copy AS SELECT * FROM key_run");
  const int64_t pages = std::stoll(RunSql(store.path(), "PRAGMA page_count")[0]) - before;
  EXPECT_GE(pages, kRuns);
  EXPECT_LE(pages, kRuns + 2);
}

TEST(SqliteTables, RemovedChannelLeavesNoRowOfItsLinkBase) {
  SqliteStorageUnderTest store;
  Shop shop(store);
  const KeyColumn column = {LinkSide::kListing, 0};
  ASSERT_EQ(store.storage().link_index()->WriteKeyEntries(shop.fence(), column, {{5, 1}}), absl::OkStatus());
  ASSERT_EQ(store.storage().link_index()->SetLinkBase(shop.fence(), "rules"), absl::OkStatus());
  ASSERT_EQ(store.storage().link_index()->AddKeyEntries(shop.fence(), {{column, {6, 1}}}), absl::OkStatus());
  shop.Stock({{"K1", "S1"}});
  const char* const rows =
      "SELECT (SELECT count(*) FROM link_base), (SELECT count(*) FROM key_run), (SELECT count(*) FROM key_added), "
      "(SELECT count(*) FROM link_change)";
  EXPECT_THAT(RunSql(store.path(), rows), ElementsAre("1|1|1|1"));
  shop.EndJob();
  ASSERT_EQ(store.storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  EXPECT_THAT(RunSql(store.path(), rows), ElementsAre("0|0|0|0"));
}

// -- Plans

std::string Plan(const std::string& path, absl::string_view query) {
  return absl::StrJoin(RunSql(path, absl::StrCat("EXPLAIN QUERY PLAN ", query)), "\n");
}

TEST(SqlitePlans, DirtyLinksComeFromTheirIndexInOrder) {
  SqliteStoreFile file;
  file.Open();
  for (const absl::string_view query : {sqlite::kDirtyOfPriority, sqlite::kDirtyFromPriority}) {
    const std::string plan = Plan(file.path(), query);
    EXPECT_THAT(plan, HasSubstr("SEARCH l USING INDEX link_dirty")) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("SCAN"))) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  }
  EXPECT_THAT(Plan(file.path(), sqlite::kDirtyOfPriority), HasSubstr("(dirty_rank,dirty_since,listing_id)>"));
  EXPECT_THAT(Plan(file.path(), sqlite::kCountDirty), HasSubstr("SEARCH l USING INDEX link_dirty"));
  const std::string first = Plan(file.path(), sqlite::kDirtyPriority);
  EXPECT_THAT(first, HasSubstr("SEARCH link USING INDEX link_dirty")) << first;
  EXPECT_THAT(first, Not(HasSubstr("TEMP B-TREE"))) << first;
}

TEST(SqlitePlans, OpenPushesComeFromTheirIndexInOrder) {
  SqliteStoreFile file;
  file.Open();
  for (const absl::string_view query : {sqlite::kUnheardPushes, sqlite::kDuePushes, sqlite::kNextLook}) {
    const std::string plan = Plan(file.path(), query);
    EXPECT_THAT(plan, HasSubstr("INDEX push_look (channel_id=? AND ")) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("SCAN"))) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  }
  for (const absl::string_view query : {sqlite::kAwaited, sqlite::kAwaitedValues}) {
    const std::string plan = Plan(file.path(), query);
    EXPECT_THAT(plan, HasSubstr("INDEX push_item_awaited (channel_id=? AND listing_id=?)")) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  }
}

TEST(SqlitePlans, ClaimingReadsSlotsFromTheirIndexesAndNoJob) {
  SqliteStoreFile file;
  file.Open();
  const std::string free = Plan(file.path(), sqlite::kFreeSlots);
  EXPECT_THAT(free, HasSubstr("USING INDEX slot_claimable"));
  EXPECT_THAT(free, Not(HasSubstr("TEMP B-TREE")));
  const std::string due = Plan(file.path(), sqlite::kDueSlots);
  EXPECT_THAT(due, HasSubstr("USING INDEX slot_due (next_due<?)"));
  EXPECT_THAT(due, Not(HasSubstr("TEMP B-TREE")));
  EXPECT_THAT(Plan(file.path(), sqlite::kHeldSlots), HasSubstr("USING INDEX slot_held"));
  EXPECT_THAT(Plan(file.path(), sqlite::kHolders), HasSubstr("INDEX slot_held"));
  EXPECT_THAT(Plan(file.path(), sqlite::kNextDueSlot), HasSubstr("USING INDEX slot_due (next_due>?)"));
}

TEST(SqlitePlans, DueSchedulesComeFromTheirIndexInOrder) {
  SqliteStoreFile file;
  file.Open();
  const std::string plan = Plan(file.path(), sqlite::kDueSchedules);
  EXPECT_THAT(plan, HasSubstr("SEARCH s USING INDEX schedule_due (next_fire<?)")) << plan;
  EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  EXPECT_THAT(Plan(file.path(), sqlite::kNextDueSchedule), HasSubstr("USING INDEX schedule_due (next_fire>?)"));
}

TEST(SqlitePlans, FinishedJobsAreSoughtInTheirIndexAlone) {
  SqliteStoreFile file;
  file.Open();
  for (const absl::string_view query : {sqlite::kNextFinishedGroup, sqlite::kOldestFinished, sqlite::kNewestFinished}) {
    const std::string plan = Plan(file.path(), query);
    EXPECT_THAT(plan, HasSubstr("SEARCH job USING COVERING INDEX job_finished (channel_id=? AND ")) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  }
  EXPECT_THAT(Plan(file.path(), sqlite::kNextFinishedGroup), HasSubstr("(kind,state,changed)>"));
  EXPECT_THAT(Plan(file.path(), sqlite::kFinishedCount), HasSubstr("COVERING INDEX"));
}

TEST(SqlitePlans, KeyEntriesAreSoughtInTheirIndex) {
  SqliteStoreFile file;
  file.Open();
  for (const absl::string_view query : {sqlite::kKeyRunAt, sqlite::kKeyRunsAfter, sqlite::kAddedKeys}) {
    const std::string plan = Plan(file.path(), query);
    EXPECT_THAT(plan, HasSubstr("key_number=? AND ")) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << plan;
  }
  EXPECT_THAT(Plan(file.path(), sqlite::kKeyRunAt), HasSubstr("(first_hash,first_id)<"));
}

// -- The log

TEST(SqliteLog, IsCheckpointedWhenItHasGrown) {
  SqliteStoreFile file;
  SqliteOptions options;
  options.checkpoint_bytes = 256 << 10;
  const auto storage = file.Open(options);
  int64_t longest = 0;
  for (int64_t round = 1; round <= 30; ++round) {
    ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(1000, round)), At(round)).ok());
    longest = std::max(longest, FileSize(file.path() + "-wal"));
  }
  // One transaction may go beyond the limit; after it the log begins anew.
  EXPECT_LT(longest, 3 * options.checkpoint_bytes);
  EXPECT_GT(FileSize(file.path()), 4096 * 10);
}

TEST(SqliteLog, AStoreAtRestIsOneFile) {
  SqliteStoreFile file;
  {
    const auto storage = file.Open();
    ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(1000, 1)), At(0)).ok());
    ASSERT_EQ(Value(storage->ReadProducts(0, {}, 10)).size(), 10);
  }
  EXPECT_EQ(FileSize(file.path() + "-wal"), -1);
  EXPECT_EQ(FileSize(file.path() + "-shm"), -1);
  SqliteStoreFile copy;
  WriteFile(copy.path(), ReadFile(file.path()));
  EXPECT_EQ(Value(copy.Open()->ReadProducts(0, {}, 10000)).size(), 1000);
}

TEST(SqliteLog, IsLeftAloneOnCloseWhileSomebodyWrites) {
  SqliteStoreFile file;
  auto storage = file.Open();
  ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(1000, 1)), At(0)).ok());
  auto lock = sqlite::WriterLock::Open(file.path());
  ASSERT_TRUE(lock.ok() && lock->Acquire(absl::ZeroDuration()).ok());
  const int64_t bytes = FileSize(file.path());
  storage.reset();
  EXPECT_EQ(FileSize(file.path()), bytes);
  EXPECT_GT(FileSize(file.path() + "-wal"), 4096 * 10);
  lock->Release();
  EXPECT_EQ(Value(file.Open()->ReadProducts(0, {}, 10000)).size(), 1000);
}

TEST(SqliteLog, AReaderOfAnotherProgramKeepsItAndNothingWaits) {
  SqliteStoreFile file;
  auto storage = file.Open();
  const auto reader = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kReader, absl::Seconds(1)));
  ASSERT_TRUE(reader->BeginRead().ok());
  ASSERT_TRUE(sqlite::Query(*reader, "SELECT count(*) FROM channel").Bind().Next());
  ASSERT_TRUE(storage->WriteProducts(ToBatch(SomeProducts(1000, 1)), At(0)).ok());
  storage.reset();
  EXPECT_GT(FileSize(file.path() + "-wal"), 4096 * 10);
  EXPECT_EQ(Value(file.Open()->ReadProducts(0, {}, 10000)).size(), 1000);
}

// -- Transactions and errors

TEST(SqliteConnection, ErrorStaysUntilTheNextTransaction) {
  SqliteStoreFile file;
  const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
  ASSERT_TRUE(db->Execute("CREATE TABLE t (x INTEGER PRIMARY KEY)").ok());
  ASSERT_TRUE(db->BeginWrite().ok());
  EXPECT_EQ(sqlite::Query(*db, "INSERT INTO t VALUES (?1)").Run(1), 1);
  EXPECT_EQ(sqlite::Query(*db, "INSERT INTO t VALUES (?1)").Run(1), 0);  // Not unique.
  EXPECT_EQ(sqlite::Query(*db, "INSERT INTO t VALUES (?1)").Run(2), 0);  // Not tried any more.
  EXPECT_EQ(db->Commit().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(RunSql(file.path(), "SELECT x FROM t"), IsEmpty());
  ASSERT_TRUE(db->BeginWrite().ok());
  EXPECT_EQ(sqlite::Query(*db, "INSERT INTO t VALUES (?1)").Run(3), 1);
  EXPECT_TRUE(db->Commit().ok());
  EXPECT_THAT(RunSql(file.path(), "SELECT x FROM t"), ElementsAre("3"));
}

TEST(SqliteConnection, FullDatabaseIsResourceExhausted) {
  SqliteStoreFile file;
  const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
  ASSERT_TRUE(db->Execute("CREATE TABLE t (x); PRAGMA max_page_count = 10").ok());
  ASSERT_TRUE(db->BeginWrite().ok());
  sqlite::Query(*db, "INSERT INTO t VALUES (?1)").Run(std::string(100000, 'x'));
  EXPECT_EQ(db->Commit().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(RunSql(file.path(), "SELECT count(*) FROM t"), ElementsAre("0"));
}

TEST(SqliteConnection, WriterOfAnotherProgramMakesItUnavailable) {
  SqliteStoreFile file;
  SqliteOptions options;
  options.lock_timeout = absl::Milliseconds(20);
  const auto storage = file.Open(options);
  const auto other = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
  ASSERT_TRUE(other->BeginWrite().ok());
  EXPECT_EQ(Code(storage->ReserveIds(1)), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(storage->ReadChannels().ok());  // Readers do not wait.
  other->Rollback();
  EXPECT_TRUE(storage->ReserveIds(1).ok());
}

TEST(SqliteConnection, CommitsLastUnlessTheyNeedNot) {
  SqliteStoreFile file;
  const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kWriter, absl::Seconds(1)));
  const auto synchronous = [&] {
    sqlite::Query query(*db, "PRAGMA synchronous");
    return query.Bind().Next() ? query.Int(0) : -1;
  };
  constexpr int64_t kNormal = 1;
  constexpr int64_t kFull = 2;
  EXPECT_EQ(synchronous(), kFull);
  ASSERT_TRUE(db->SetLasting(false).ok());
  EXPECT_EQ(synchronous(), kNormal);
  ASSERT_TRUE(db->SetLasting(true).ok());
  EXPECT_EQ(synchronous(), kFull);
}

TEST(SqliteConnection, ReaderCannotWrite) {
  SqliteStoreFile file;
  file.Open();
  const auto db = Value(sqlite::Connection::Open(file.path(), sqlite::Connection::Role::kReader, absl::Seconds(1)));
  EXPECT_EQ(db->Execute("DELETE FROM channel").code(), absl::StatusCode::kPermissionDenied);
}

// -- Threads

TEST(SqliteThreads, ShareOneStore) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  constexpr int kThreads = 8;
  constexpr int kRounds = 10;
  std::vector<std::vector<int64_t>> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        ids[static_cast<size_t>(t)].push_back(Value(storage->ReserveIds(1)));
        EXPECT_TRUE(storage->WriteProducts(ToBatch({{absl::StrCat("K", t), "S", round}}), At(round)).ok());
        EXPECT_TRUE(storage->ReadProducts(0, {}, 100).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int64_t> all;
  for (const auto& part : ids) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), size_t{kThreads * kRounds});
  const ProductBatch products = Value(storage->ReadProducts(0, {}, 100));
  EXPECT_EQ(products.size(), kThreads);
  EXPECT_THAT(products.price, Each(kRounds - 1));
}

// How often a log was committed to since it was begun.
int64_t CommitsIn(const std::string& log) {
  constexpr size_t kHeader = 32;
  constexpr size_t kFrame = 24 + 4096;
  const std::string bytes = ReadFile(log);
  int64_t commits = 0;
  for (size_t at = kHeader; at + kFrame <= bytes.size(); at += kFrame) {
    // The last frame of a commit says how long the database is.
    if (bytes.substr(at + 4, 4) != std::string(4, '\0')) ++commits;
  }
  return commits;
}

TEST(SqliteThreads, ShareCommitsAndFailByThemselves) {
  SqliteStoreFile file;
  const auto storage = Value(sqlite::SqliteStorage::Open(file.path(), SqliteOptions()));
  const Channel channel = Value(storage->CreateChannel(NamedConfig("shop")));
  const int64_t before = CommitsIn(file.path() + "-wal");
  constexpr size_t kThreads = 20;
  constexpr size_t kFailing = 7;
  std::vector<absl::Status> told(kThreads);
  {
    auto lock = sqlite::WriterLock::Open(file.path());
    ASSERT_TRUE(lock->Acquire(absl::Seconds(10)).ok());
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Schedule schedule;
        schedule.channel_id = t == kFailing ? 999 : channel.channel_id;
        schedule.name = absl::StrCat("s", t);
        told[t] = storage->WriteSchedule(schedule).status();
      });
    }
    // One waits for the lock, the others for it.
    while (storage->waiting_writes() < static_cast<int64_t>(kThreads) - 1) std::this_thread::yield();
    lock->Release();
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(CommitsIn(file.path() + "-wal"), before + 1);
  for (size_t t = 0; t < kThreads; ++t) {
    EXPECT_EQ(Code(told[t]), t == kFailing ? kNotFound : absl::StatusCode::kOk) << t;
  }
  EXPECT_EQ(Value(storage->ReadSchedules()).size(), kThreads - 1);
}

// -- Fields

std::vector<Field> ReadBack(absl::string_view json) {
  std::vector<Field> fields;
  EXPECT_TRUE(sqlite::ForEachField(json, [&](absl::string_view name, absl::string_view value) {
    fields.push_back({std::string(name), std::string(value)});
  })) << json;
  return fields;
}

TEST(FieldsJson, EveryByteComesBack) {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
  bytes += std::string(1, '\0') + "\"\\";
  FieldColumns columns;
  columns.names = {"plain", "empty", bytes, "last"};
  columns.columns.resize(4);
  for (size_t i = 0; i < 4; ++i) columns.columns[i].Add(i == 1 ? "" : i == 2 ? bytes : "value");
  const std::string json = sqlite::FieldsEncoder(columns).Encode(0);
  EXPECT_THAT(ReadBack(json), ElementsAre(Field{"plain", "value"}, Field{bytes, bytes}, Field{"last", "value"}));
}

TEST(FieldsJson, NoFieldsAreAnEmptyObject) {
  FieldColumns columns;
  EXPECT_EQ(sqlite::FieldsEncoder(columns).Encode(0), "{}");
  EXPECT_THAT(ReadBack("{}"), IsEmpty());
}

TEST(FieldsJson, RefusesWhatIsNotAnObjectOfStrings) {
  for (const char* json : {"", "{", "[]", "{}x", "{\"a\"}", "{\"a\":1}", "{\"a\":\"b\"", "{\"a\":\"b", "{\"a\":\"b\\",
                           "{\"a\":\"b\",}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u00e9\"}", "{\"a\":\"\\u00\"}"}) {
    EXPECT_FALSE(sqlite::ForEachField(json, [](absl::string_view, absl::string_view) {})) << json;
  }
}

TEST(FieldFinder, FindsFieldsWhereverTheyAre) {
  sqlite::FieldFinder finder({"b", "none", "a", "b"});
  ASSERT_TRUE(finder.Find("{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"));
  EXPECT_THAT(finder.values(), ElementsAre("2", "", "1", "2"));
  ASSERT_TRUE(finder.Find("{\"ab\":\"1\",\"b\":\"\"}"));
  EXPECT_THAT(finder.values(), ElementsAre("", "", "", ""));
  ASSERT_TRUE(finder.Find("{\"x\":\"b\",\"a\":\"\\u0000\\\"\\\\\",\"b\":\":,}\"}"));
  EXPECT_THAT(finder.values(), ElementsAre(":,}", "", absl::string_view("\0\"\\", 3), ":,}"));
  ASSERT_TRUE(finder.Find("{}"));
  EXPECT_THAT(finder.values(), ElementsAre("", "", "", ""));
}

TEST(FieldFinder, AgreesWithReadingEveryField) {
  FieldColumns columns;
  columns.names = {"plain", "a\"b", "c\\d", "empty", "last"};
  const std::vector<std::string> values = {"value", "\"", "\\", "", "x\ny"};
  columns.columns.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) columns.columns[i].Add(values[i]);
  const std::string json = sqlite::FieldsEncoder(columns).Encode(0);
  sqlite::FieldFinder finder(columns.names);
  ASSERT_TRUE(finder.Find(json));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(finder.values()[i], values[i]) << i;
}

TEST(FieldFinder, RefusesWhatIsNotAnObjectOfStrings) {
  sqlite::FieldFinder finder({"z"});
  for (const char* json : {"", "{", "[]", "{}x", "{\"a\"}", "{\"a\":1}", "{\"a\":\"b\"", "{\"a\":\"b", "{\"a\":\"b\\",
                           "{\"a\":\"b\",}", "{\"a\":", "{\"a\":\"b\"x", "{\"a\":\"\\x\"}"}) {
    EXPECT_FALSE(finder.Find(json)) << json;
  }
}

// How much a write of several pages takes together is an option: with no time at all, one page.
TEST(SqlitePulls, SeveralPagesAreStoredWhileThereIsTime) {
  for (const bool in_time : {false, true}) {
    const SqliteStoreFile file;
    SqliteOptions options;
    options.bulk_write_time = in_time ? absl::InfiniteDuration() : absl::ZeroDuration();
    const std::unique_ptr<Storage> storage = file.Open(options);
    const Channel channel = Value(storage->CreateChannel(NamedConfig("shop")));
    const OwnerId owner = Value(storage->OpenOwner());
    const Job job = NewJob(*storage, channel.channel_id);
    const auto queue = [&] { return Value(storage->ReadQueue(channel.channel_id)); };
    ASSERT_EQ(storage->WriteQueue(Enqueue(queue(), job)), absl::OkStatus());
    ASSERT_EQ(storage->WriteQueue(Claim(queue(), job.job_id, owner)), absl::OkStatus());
    const Fence fence = FenceOf(queue().slot);
    const int64_t pull = Value(storage->BeginPull(fence, "")).pull_number;
    const std::vector<PullPage> pages = {ToPage({{"X1"}}, "one"), ToPage({{"X2"}}, "two"), ToPage({{"X3"}})};
    const PullWriteResult written = Value(storage->WritePulledPages(fence, pull, pages, At(1)));
    EXPECT_EQ(written.pages, in_time ? 3 : 1);
    EXPECT_EQ(written.inserted, written.pages);
    EXPECT_EQ(Value(storage->ReadChannel("shop")).pull.cursor, in_time ? "" : "one");
  }
}

}  // namespace
}  // namespace flxlink

// What linking asks of a SQLite store, each beside a bare loop of plain statements over the same file that reads or
// writes the same rows, so that the ratio can be read off: keys in bulk and by id, links, and the key index.
//
// The file has a channel of N items and as many listing variants with a SKU, a UPC and a title. It is made once, in the
// folder of TMPDIR.

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace flxlink {
namespace {

constexpr int64_t kPage = Storage::kMaxRows;
constexpr KeyColumn kKeys = {LinkSide::kChannel, 0};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  absl::FPrintF(stderr, "%s\n", status.ToString());
  abort();
}

template <typename T>
T Value(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

absl::Time Now() { return absl::FromUnixSeconds(1767225600); }

uint64_t HashOf(int64_t id) { return static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15u; }

// A store with `rows` rows on either side and a job that runs.
class Store {
 public:
  explicit Store(int64_t rows) : rows_(rows) {
    const char* const folder = getenv("TMPDIR");
    path_ = absl::StrCat(folder == nullptr ? "/tmp" : folder, "/flxlink-storage-bench-", getpid(), "-", rows);
    storage_ = Value(OpenSqliteStorage(path_));
    ChannelConfig config;
    config.name = "bench";
    config.adapter = "simulated";
    fence_.channel_id = Value(storage_->CreateChannel(config)).channel_id;
    StartJob();
    Fill();
    WriteIndex();
  }

  ~Store() {
    storage_.reset();
    for (const char* suffix : {"", "-wal", "-shm", "-lock", "-owners"}) unlink(absl::StrCat(path_, suffix).c_str());
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The store of so many rows; the last one asked for is kept.
  static Store& Of(int64_t rows) {
    static std::unique_ptr<Store> store;
    if (store == nullptr || store->rows_ != rows) {
      store.reset();
      store = std::make_unique<Store>(rows);
    }
    return *store;
  }

  int64_t rows() const { return rows_; }
  Storage& storage() { return *storage_; }
  const std::string& path() const { return path_; }
  const Fence& fence() const { return fence_; }
  int64_t channel_id() const { return fence_.channel_id; }

  // Ids from 1, in an order of no pattern, then as they are asked for: ascending.
  std::vector<int64_t> SomeIds(int64_t count) const {
    std::mt19937_64 random(static_cast<uint64_t>(count));
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(rows_)) + 1);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }

 private:
  void StartJob() {
    const OwnerId owner = Value(storage_->OpenOwner());
    Job job;
    job.job_id = Value(storage_->ReserveIds(1));
    job.channel_id = fence_.channel_id;
    job.state = JobState::kRunning;
    job.created_at = Now();
    QueueSnapshot queue = Value(storage_->ReadQueue(fence_.channel_id));
    QueueChange change;
    change.expected_revision = queue.slot.revision;
    change.slot = queue.slot;
    change.slot.holder_job = job.job_id;
    change.slot.owner = owner;
    change.slot.epoch = 1;
    change.insert.push_back(job);
    Check(storage_->WriteQueue(change));
    fence_.job_id = job.job_id;
    fence_.epoch = 1;
  }

  static FieldColumns Fields(int64_t first, int64_t count) {
    FieldColumns fields;
    fields.names = {"sku", "upc", "title"};
    fields.columns.resize(3);
    for (int64_t i = first; i < first + count; ++i) {
      fields.columns[0].Add(absl::StrFormat("SKU-%09d", i));
      fields.columns[1].Add(absl::StrFormat("%012d", i * 37));
      fields.columns[2].Add(absl::StrCat("Cotton shirt with long sleeves, size ", i % 7, ", colour ", i % 11));
    }
    return fields;
  }

  void Fill() {
    const int64_t pull_number = Value(storage_->BeginPull(fence_, "")).pull_number;
    for (int64_t first = 0; first < rows_; first += kPage) {
      const int64_t count = std::min(kPage, rows_ - first);
      WriteListings(first, count);
      PullPage page;
      page.items.fields = Fields(first, count);
      for (int64_t i = first; i < first + count; ++i) {
        page.items.external_id.Add(absl::StrFormat("gid-%012d", i));
        page.items.parent_id.Add(absl::StrCat("P", i / 4));
        page.items.price.push_back(1990);
        page.items.quantity.push_back(5);
        page.items.status.push_back(ChannelStatus::kListed);
      }
      Check(storage_->WritePulledPages(fence_, pull_number, {page}, Now()).status());
    }
    Check(storage_->EndPull(fence_, pull_number, true, "", Now()));
  }

  void WriteListings(int64_t first, int64_t count) {
    ProductBatch products;
    products.fields = Fields(first, count);
    for (int64_t i = first; i < first + count; ++i) {
      products.key.Add(absl::StrCat("K", i));
      products.sku.Add(absl::StrFormat("SKU-%09d", i));
      products.parent.Add(absl::StrCat("P", i / 4));
      products.price.push_back(1990);
      products.quantity.push_back(5);
      products.sync_priority.push_back(0);
    }
    Check(storage_->WriteProducts(products, Now()).status());
    ListingBatch listings;
    for (int64_t i = first; i < first + count; ++i) listings.product_id.push_back(i + 1);
    listings.sku = products.sku;
    listings.parent = products.parent;
    listings.sync_priority = products.sync_priority;
    listings.fields = products.fields;
    Check(storage_->WriteListings(fence_, listings, Now()).status());
  }

  void WriteIndex() {
    std::vector<KeyEntry> entries;
    for (int64_t id = 1; id <= rows_; ++id) entries.push_back({HashOf(id), id});
    std::sort(entries.begin(), entries.end());
    absl::Span<const KeyEntry> rest = entries;
    for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), static_cast<size_t>(LinkIndex::kMaxKeyEntries)))) {
      Check(storage_->link_index()->WriteKeyEntries(fence_, kKeys,
                                                    rest.subspan(0, static_cast<size_t>(LinkIndex::kMaxKeyEntries))));
    }
  }

  const int64_t rows_;
  std::string path_;
  std::unique_ptr<Storage> storage_;
  Fence fence_;
};

// SQLite as a program without flxlink would use it.
class Bare {
 public:
  explicit Bare(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) abort();
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    Run("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
  }
  ~Bare() {
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void Run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
    absl::FPrintF(stderr, "%s: %s\n", sqlite3_errmsg(db_), sql);
    abort();
  }

  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
      absl::FPrintF(stderr, "%s: %s\n", sqlite3_errmsg(db_), sql);
      abort();
    }
    statements_.push_back(statement);
    return statement;
  }

 private:
  sqlite3* db_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

// Steps through all rows and looks at every column. Returns how many rows there were.
int64_t StepAll(sqlite3_stmt* statement) {
  int64_t rows = 0;
  const int columns = sqlite3_column_count(statement);
  for (; sqlite3_step(statement) == SQLITE_ROW; ++rows) {
    for (int i = 0; i < columns; ++i) benchmark::DoNotOptimize(sqlite3_column_blob(statement, i));
  }
  sqlite3_reset(statement);
  return rows;
}

const std::vector<std::string>& KeyFields() {
  static const std::vector<std::string> fields = {"sku", "upc"};
  return fields;
}

// -- Keys in bulk

void BM_ReadListingKeys(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  for (auto _ : state) {
    int64_t rows = 0;
    for (int64_t after = 0;;) {
      const ListingKeyPage page = Value(store.storage().ReadListingKeys(store.channel_id(), KeyFields(), after, kPage));
      if (page.size() == 0) break;
      after = page.listing_id.back();
      rows += page.size();
    }
    if (rows != store.rows()) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

void BM_BareListingKeys(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  Bare bare(store.path());
  sqlite3_stmt* const query = bare.Prepare(
      "SELECT l.listing_id, v.sku, v.parent, v.fields, l.health, l.channel_variant_id, l.state FROM link l "
      "JOIN listing_variant v USING (channel_id, listing_id) WHERE l.channel_id = 1 ORDER BY l.listing_id");
  for (auto _ : state) {
    if (StepAll(query) != store.rows()) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

void BM_ReadChannelKeys(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  for (auto _ : state) {
    int64_t rows = 0;
    for (int64_t after = 0;;) {
      const ChannelKeyPage page = Value(store.storage().ReadChannelKeys(store.channel_id(), KeyFields(), after, kPage));
      if (page.size() == 0) break;
      after = page.channel_variant_id.back();
      rows += page.size();
    }
    if (rows != store.rows()) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

void BM_BareChannelKeys(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  Bare bare(store.path());
  sqlite3_stmt* const query = bare.Prepare(
      "SELECT channel_variant_id, external_id, parent_id, fields, gone, status FROM channel_variant "
      "WHERE channel_id = 1 ORDER BY channel_variant_id");
  for (auto _ : state) {
    if (StepAll(query) != store.rows()) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

// -- Links

// Each listing variant with an item far from it, in pages.
std::vector<std::vector<LinkWrite>> NewLinks(const Store& store) {
  std::vector<std::vector<LinkWrite>> pages;
  for (int64_t i = 0; i < store.rows(); ++i) {
    if (i % kPage == 0) pages.emplace_back();
    LinkWrite row;
    row.listing_id = i + 1;
    row.channel_variant_id = i * 7919 % store.rows() + 1;
    row.rule = 1;
    pages.back().push_back(row);
  }
  return pages;
}

// The state before any link, put back between the rounds.
constexpr const char* kForgetLinks =
    "BEGIN; UPDATE link SET state = 'unlinked', channel_variant_id = NULL, rule = 0, health = 'not_listed', "
    "dirty_version = 0, synced_version = 0, linked_version = 0, dirty_since = NULL, acked_price = NULL, "
    "acked_quantity = NULL, acked_status = NULL; DELETE FROM link_event; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";

void BM_WriteLinks(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  const auto pages = NewLinks(store);
  for (auto _ : state) {
    for (const std::vector<LinkWrite>& page : pages) {
      Value(store.storage().WriteLinks(store.fence(), 0, page, Now()));
    }
    state.PauseTiming();
    const ChannelCounts counts = Value(store.storage().CountChannel(store.channel_id()));
    const auto linked = counts.by_link_state.find(LinkState::kLinked);
    const bool whole = linked != counts.by_link_state.end() && linked->second == store.rows();
    if (!whole) state.SkipWithError("links are missing");
    Bare(store.path()).Run(kForgetLinks);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

// What an application would do: for each link read the item's values, update the row and add the event.
void BM_BareLinks(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  const auto pages = NewLinks(store);
  Bare bare(store.path());
  sqlite3_stmt* const read = bare.Prepare(
      "SELECT external_id, price, quantity, status FROM channel_variant WHERE channel_id = 1 AND "
      "channel_variant_id = ?1");
  sqlite3_stmt* const update = bare.Prepare(
      "UPDATE link SET state = 'linked', channel_variant_id = ?2, rule = 1, health = 'listed', acked_price = ?3, "
      "acked_quantity = ?4, acked_status = ?5, dirty_version = 1, linked_version = 1, dirty_since = ?6 "
      "WHERE channel_id = 1 AND listing_id = ?1");
  sqlite3_stmt* const insert = bare.Prepare("INSERT INTO link_event VALUES (1, ?1, 1, 'linked', ?2, 1, 1, ?3)");
  const int64_t now = absl::ToUnixMicros(Now());
  for (auto _ : state) {
    for (const std::vector<LinkWrite>& page : pages) {
      bare.Run("BEGIN IMMEDIATE");
      for (const LinkWrite& row : page) {
        sqlite3_bind_int64(read, 1, row.channel_variant_id);
        if (sqlite3_step(read) != SQLITE_ROW) state.SkipWithError("an item is missing");
        sqlite3_bind_int64(update, 1, row.listing_id);
        sqlite3_bind_int64(update, 2, row.channel_variant_id);
        for (int i = 1; i <= 3; ++i) sqlite3_bind_value(update, i + 2, sqlite3_column_value(read, i));
        sqlite3_bind_int64(update, 6, now);
        if (sqlite3_step(update) != SQLITE_DONE) state.SkipWithError("a link was not written");
        sqlite3_reset(update);
        sqlite3_bind_int64(insert, 1, row.listing_id);
        sqlite3_bind_value(insert, 2, sqlite3_column_value(read, 0));
        sqlite3_bind_int64(insert, 3, now);
        if (sqlite3_step(insert) != SQLITE_DONE) state.SkipWithError("an event was not written");
        sqlite3_reset(insert);
        sqlite3_reset(read);
      }
      bare.Run("COMMIT");
    }
    state.PauseTiming();
    bare.Run(kForgetLinks);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

// -- The key index

std::vector<KeyEntry> Entries(int64_t count) {
  std::vector<KeyEntry> entries;
  for (int64_t id = 1; id <= count; ++id) entries.push_back({HashOf(id), id});
  std::sort(entries.begin(), entries.end());
  return entries;
}

void BM_WriteKeyEntries(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  const std::vector<KeyEntry> entries = Entries(store.rows());
  constexpr auto kMost = static_cast<size_t>(LinkIndex::kMaxKeyEntries);
  for (auto _ : state) {
    absl::Span<const KeyEntry> rest = entries;
    for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), kMost))) {
      Check(store.storage().link_index()->WriteKeyEntries(store.fence(), {LinkSide::kListing, 0},
                                                          rest.subspan(0, kMost)));
    }
    state.PauseTiming();
    Bare(store.path()).Run("DELETE FROM key_run WHERE side = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

// A row an entry.
void BM_BareKeyEntries(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  const std::vector<KeyEntry> entries = Entries(store.rows());
  Bare bare(store.path());
  bare.Run("CREATE TABLE IF NOT EXISTS bare_key (hash INTEGER, id INTEGER, PRIMARY KEY (hash, id)) WITHOUT ROWID");
  sqlite3_stmt* const insert = bare.Prepare("INSERT INTO bare_key VALUES (?1, ?2)");
  for (auto _ : state) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i % static_cast<size_t>(LinkIndex::kMaxKeyEntries) == 0) bare.Run(i == 0 ? "BEGIN" : "COMMIT; BEGIN");
      sqlite3_bind_int64(insert, 1, static_cast<int64_t>(entries[i].hash));
      sqlite3_bind_int64(insert, 2, entries[i].id);
      if (sqlite3_step(insert) != SQLITE_DONE) state.SkipWithError("an entry was not written");
      sqlite3_reset(insert);
    }
    bare.Run("COMMIT");
    state.PauseTiming();
    bare.Run("DELETE FROM bare_key; PRAGMA wal_checkpoint(TRUNCATE)");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * store.rows());
}

constexpr int64_t kLookups = 1000;

void BM_FindKeyEntries(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  std::vector<KeyLookup> lookups;
  for (const int64_t id : store.SomeIds(kLookups)) lookups.push_back({HashOf(id), 0});
  for (auto _ : state) {
    const auto found = Value(store.storage().link_index()->FindKeyEntries(store.channel_id(), kKeys, lookups, 2));
    if (found.size() != lookups.size()) state.SkipWithError("entries are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lookups.size()));
}

// -- Rows by id

template <typename Read>
void ReadById(benchmark::State& state, Read read) {
  Store& store = Store::Of(state.range(0));
  const std::vector<int64_t> ids = store.SomeIds(kLookups);
  for (auto _ : state) {
    if (read(store, ids) != static_cast<int64_t>(ids.size())) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(ids.size()));
}

template <typename Bind>
void ReadByIdBare(benchmark::State& state, const char* sql, Bind bind) {
  Store& store = Store::Of(state.range(0));
  const std::vector<int64_t> ids = store.SomeIds(kLookups);
  Bare bare(store.path());
  sqlite3_stmt* const query = bare.Prepare(sql);
  for (auto _ : state) {
    bare.Run("BEGIN");
    int64_t rows = 0;
    for (const int64_t id : ids) {
      bind(query, id);
      rows += StepAll(query);
    }
    bare.Run("COMMIT");
    if (rows != static_cast<int64_t>(ids.size())) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(ids.size()));
}

void BindId(sqlite3_stmt* query, int64_t id) { sqlite3_bind_int64(query, 1, id); }
void BindHash(sqlite3_stmt* query, int64_t id) { BindId(query, static_cast<int64_t>(HashOf(id))); }

void BM_BareFindKeyEntries(benchmark::State& state) {
  Store& store = Store::Of(state.range(0));
  Bare bare(store.path());
  bare.Run("CREATE TABLE IF NOT EXISTS bare_key (hash INTEGER, id INTEGER, PRIMARY KEY (hash, id)) WITHOUT ROWID");
  bare.Run("BEGIN");
  sqlite3_stmt* const insert = bare.Prepare("INSERT OR IGNORE INTO bare_key VALUES (?1, ?2)");
  for (const KeyEntry& entry : Entries(store.rows())) {
    sqlite3_bind_int64(insert, 1, static_cast<int64_t>(entry.hash));
    sqlite3_bind_int64(insert, 2, entry.id);
    if (sqlite3_step(insert) != SQLITE_DONE) state.SkipWithError("an entry was not written");
    sqlite3_reset(insert);
  }
  bare.Run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  ReadByIdBare(state, "SELECT id FROM bare_key WHERE hash = ?1 AND id > 0 ORDER BY id LIMIT 2", BindHash);
  bare.Run("DELETE FROM bare_key; PRAGMA wal_checkpoint(TRUNCATE)");
}

void BM_ReadListingKeysById(benchmark::State& state) {
  ReadById(state, [](Store& store, const std::vector<int64_t>& ids) {
    return Value(store.storage().ReadListingKeysById(store.channel_id(), KeyFields(), ids)).size();
  });
}

void BM_BareListingKeysById(benchmark::State& state) {
  ReadByIdBare(state,
               "SELECT l.listing_id, v.sku, v.parent, v.fields, l.health, l.channel_variant_id, l.state FROM link l "
               "JOIN listing_variant v USING (channel_id, listing_id) WHERE l.channel_id = 1 AND l.listing_id = ?1",
               BindId);
}

void BM_ReadChannelKeysById(benchmark::State& state) {
  ReadById(state, [](Store& store, const std::vector<int64_t>& ids) {
    return Value(store.storage().ReadChannelKeysById(store.channel_id(), KeyFields(), ids)).size();
  });
}

void BM_BareChannelKeysById(benchmark::State& state) {
  ReadByIdBare(state,
               "SELECT channel_variant_id, external_id, parent_id, fields, gone, status FROM channel_variant "
               "WHERE channel_id = 1 AND channel_variant_id = ?1",
               BindId);
}

#define FLXLINK_BENCHMARK(name, unit) \
  BENCHMARK(name)->ArgName("rows")->Arg(100000)->Arg(1000000)->Unit(unit)->UseRealTime()

FLXLINK_BENCHMARK(BM_ReadListingKeys, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_BareListingKeys, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_ReadChannelKeys, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_BareChannelKeys, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_WriteLinks, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_BareLinks, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_WriteKeyEntries, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_BareKeyEntries, benchmark::kMillisecond);
FLXLINK_BENCHMARK(BM_FindKeyEntries, benchmark::kMicrosecond);
FLXLINK_BENCHMARK(BM_BareFindKeyEntries, benchmark::kMicrosecond);
FLXLINK_BENCHMARK(BM_ReadListingKeysById, benchmark::kMicrosecond);
FLXLINK_BENCHMARK(BM_BareListingKeysById, benchmark::kMicrosecond);
FLXLINK_BENCHMARK(BM_ReadChannelKeysById, benchmark::kMicrosecond);
FLXLINK_BENCHMARK(BM_BareChannelKeysById, benchmark::kMicrosecond);

}  // namespace
}  // namespace flxlink

#include "src/storage/sqlite/sqlite_schema.h"

#include "absl/strings/str_cat.h"
#include "flxlink/job.h"
#include "flxlink/problem.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/sqlite_rows.h"

namespace flxlink::sqlite {
namespace {

// What jobs have come to was among their details. One that cannot be read says so when it is read.
void MoveJobReports(Connection& db) {
  Query query(db, "SELECT channel_id, job_id, details FROM job");
  Query move(db, "UPDATE job SET report = ?3 WHERE channel_id = ?1 AND job_id = ?2");
  query.Bind();
  while (query.Next()) {
    const absl::StatusOr<JobReport> report = model::DecodeJobReport(query.Text(2));
    move.Run(query.Int(0), query.Int(1),
             Blob{report.ok() ? model::EncodeJobReport(report->counts, report->cursor) : query.String(2)});
    if (report.ok()) StoreJobProblems(db, query.Int(0), query.Int(1), *report);
  }
}

// What the status rules of a channel decide for one of its links.
struct RuledStatus {
  int64_t channel_id = 0;
  int64_t listing_id = 0;
  ChannelStatus shown = ChannelStatus::kUnknown;
};

// Links of channels with status rules whose status is what a rule gives today.
std::vector<RuledStatus> FindRuledStatuses(Connection& db) {
  std::vector<RuledStatus> found;
  Query query(db,
              "SELECT l.channel_id, l.listing_id, l.health, p.price, p.currency, p.quantity, c.config FROM link l "
              "CROSS JOIN channel c ON c.channel_id = l.channel_id "
              "CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id "
              "CROSS JOIN product_variant p ON p.product_id = v.product_id "
              "WHERE l.state = 'linked' AND l.health IN ('listed', 'hidden') ORDER BY l.channel_id, l.listing_id");
  query.Bind();
  int64_t channel_id = 0;
  absl::StatusOr<ChannelConfig> config = ChannelConfig();
  while (query.Next()) {
    if (query.Int(0) != channel_id) config = model::DecodeChannelConfig(query.Text(6));
    channel_id = query.Int(0);
    // A configuration that cannot be read says so when it is read.
    if (!config.ok() || config->status_rules.empty()) continue;
    const Currency currency = ReadCurrency(db, query.Text(4));
    const int64_t price = currency == config->currency ? query.IntOrAbsent(3) : kAbsent;
    const ChannelStatus wanted = EvaluateStatusRules(config->status_rules, price, query.IntOrAbsent(5));
    if (ToString(wanted) == query.Text(2)) found.push_back({channel_id, query.Int(1), wanted});
  }
  return found;
}

// Whose a status is was not kept. What a status rule gives today is taken for the rule's, and listed for what was there
// before; any other is taken for adopted.
void GiveStatusesAuthors(Connection& db) {
  Query author(db,
               "UPDATE link SET status_author = 'rule', status_before = 'listed' WHERE channel_id = ?1 AND "
               "listing_id = ?2");
  for (const RuledStatus& status : FindRuledStatuses(db)) author.Run(status.channel_id, status.listing_id);
}

void MoveReportsAndStatuses(Connection& db) {
  MoveJobReports(db);
  GiveStatusesAuthors(db);
}

// The statements that lead from schema version i to i+1, and what is to be done after them that they cannot say. What
// was released once is never changed.
struct Migration {
  const char* sql;
  void (*then)(Connection& db);
};

constexpr Migration kMigrations[] = {
    {R"sql(
CREATE TABLE sequence (
  name TEXT PRIMARY KEY NOT NULL,
  next_id INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO sequence (name, next_id) VALUES ('channel', 1), ('owner', 1), ('reserved', 1);

CREATE TABLE channel (
  channel_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  adapter TEXT NOT NULL,
  currency TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  policy_version INTEGER NOT NULL DEFAULT 0,
  evaluated_version INTEGER NOT NULL DEFAULT 0,
  edit_version INTEGER NOT NULL DEFAULT 0,
  pull_number INTEGER NOT NULL DEFAULT 0,
  pull_running INTEGER NOT NULL DEFAULT 0,
  pull_cursor TEXT NOT NULL DEFAULT '',
  pull_swept_id INTEGER NOT NULL DEFAULT 0,
  pull_revision TEXT NOT NULL DEFAULT '',
  complete_pulls INTEGER NOT NULL DEFAULT 0,
  completed_at INTEGER,
  config BLOB NOT NULL,
  draft BLOB
);
CREATE UNIQUE INDEX channel_by_name ON channel (name);

CREATE TABLE product_variant (
  product_id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  sku TEXT,
  parent TEXT,
  price INTEGER,
  currency TEXT NOT NULL,
  quantity INTEGER,
  quantity_at INTEGER NOT NULL,
  sync_priority INTEGER NOT NULL,
  fields TEXT NOT NULL
);
CREATE UNIQUE INDEX product_variant_by_key ON product_variant (key);
CREATE INDEX product_variant_by_sku ON product_variant (sku);

CREATE TABLE listing_variant (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  sku TEXT NOT NULL,
  parent TEXT,
  built_at INTEGER NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (channel_id, listing_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX listing_variant_by_sku ON listing_variant (channel_id, sku);
CREATE INDEX listing_variant_by_product ON listing_variant (product_id);

CREATE TABLE link (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'unlinked',
  channel_variant_id INTEGER,
  rule INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  by_hand INTEGER NOT NULL DEFAULT 0,
  health TEXT NOT NULL DEFAULT 'not_listed',
  pending TEXT,
  paused INTEGER NOT NULL DEFAULT 0,
  sync_priority INTEGER NOT NULL DEFAULT 0,
  dirty_version INTEGER NOT NULL DEFAULT 0,
  synced_version INTEGER NOT NULL DEFAULT 0,
  linked_version INTEGER NOT NULL DEFAULT 0,
  dirty_since INTEGER,
  acked_price INTEGER,
  acked_quantity INTEGER,
  acked_status TEXT,
  guarded_at INTEGER,
  refused_digest INTEGER,
  in_doubt INTEGER NOT NULL DEFAULT 0,
  attention_code TEXT,
  attention_detail TEXT,
  attention_suggestion TEXT,
  PRIMARY KEY (channel_id, listing_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX link_by_channel_variant ON link (channel_id, channel_variant_id)
  WHERE channel_variant_id IS NOT NULL;
CREATE INDEX link_dirty ON link (channel_id, sync_priority DESC, dirty_since, listing_id)
  WHERE dirty_since IS NOT NULL AND state = 'linked' AND paused = 0 AND health <> 'delisted';
CREATE INDEX link_broken ON link (channel_id, listing_id) WHERE state = 'broken';
CREATE INDEX link_attention ON link (channel_id, listing_id) WHERE attention_code IS NOT NULL;
CREATE INDEX link_guarded ON link (channel_id, listing_id) WHERE guarded_at IS NOT NULL;

CREATE TABLE channel_variant (
  channel_id INTEGER NOT NULL,
  channel_variant_id INTEGER NOT NULL,
  external_id TEXT NOT NULL,
  parent_id TEXT,
  price INTEGER,
  quantity INTEGER,
  status TEXT,
  gone INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER NOT NULL,
  seen_pull INTEGER NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (channel_id, channel_variant_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX channel_variant_by_external_id ON channel_variant (channel_id, external_id);
CREATE INDEX channel_variant_by_parent ON channel_variant (channel_id, parent_id);

CREATE TABLE hand_unlink (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  channel_variant_id INTEGER NOT NULL,
  PRIMARY KEY (channel_id, listing_id, channel_variant_id)
) WITHOUT ROWID;

CREATE TABLE link_event (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  event_number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  external_id TEXT NOT NULL,
  rule INTEGER NOT NULL,
  job_id INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, listing_id, event_number)
) WITHOUT ROWID;

CREATE TABLE push_record (
  channel_id INTEGER NOT NULL,
  push_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  call_deadline INTEGER NOT NULL,
  PRIMARY KEY (channel_id, push_id)
) WITHOUT ROWID;
CREATE TABLE push_item (
  channel_id INTEGER NOT NULL,
  push_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  dirty_version INTEGER NOT NULL,
  price INTEGER,
  quantity INTEGER,
  status TEXT,
  idempotency_key TEXT NOT NULL,
  PRIMARY KEY (channel_id, push_id, listing_id)
) WITHOUT ROWID;

CREATE TABLE slot (
  channel_id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL DEFAULT 0,
  holder_job INTEGER,
  epoch INTEGER NOT NULL DEFAULT 0,
  owner INTEGER,
  lease_until INTEGER,
  paused INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  head_job INTEGER,
  head_prioritized_at INTEGER,
  head_priority INTEGER NOT NULL DEFAULT 0,
  head_created_at INTEGER
);
CREATE INDEX slot_claimable ON slot (head_prioritized_at DESC, head_priority DESC, head_created_at, channel_id)
  WHERE holder_job IS NULL AND paused = 0 AND head_job IS NOT NULL;
CREATE INDEX slot_held ON slot (owner) WHERE holder_job IS NOT NULL AND paused = 0;

CREATE TABLE job (
  channel_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  triggered_by TEXT NOT NULL,
  priority INTEGER NOT NULL,
  prioritized_at INTEGER,
  rerun_of INTEGER,
  progress_total INTEGER NOT NULL,
  progress_done INTEGER NOT NULL,
  progress_failed INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  error TEXT,
  suggestion TEXT,
  details BLOB NOT NULL,
  PRIMARY KEY (channel_id, job_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX job_by_id ON job (job_id);
CREATE INDEX job_by_channel_state ON job (channel_id, state, job_id);
CREATE INDEX job_by_state ON job (state, job_id);

CREATE TABLE schedule (
  channel_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  hour INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  every_us INTEGER NOT NULL,
  cron TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  job TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  next_fire INTEGER NOT NULL
);
)sql",
     nullptr},
    {R"sql(
CREATE TABLE link_base (
  channel_id INTEGER PRIMARY KEY,
  text TEXT NOT NULL DEFAULT '',
  entries INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0
);

-- With row numbers, unlike the other tables: only so does SQLite keep a row of almost a page within one page.
CREATE TABLE key_run (
  channel_id INTEGER NOT NULL,
  side INTEGER NOT NULL,
  key_number INTEGER NOT NULL,
  first_hash INTEGER NOT NULL,
  first_id INTEGER NOT NULL,
  entries BLOB NOT NULL,
  PRIMARY KEY (channel_id, side, key_number, first_hash, first_id)
);

CREATE TABLE key_added (
  channel_id INTEGER NOT NULL,
  side INTEGER NOT NULL,
  key_number INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (channel_id, side, key_number, hash, id)
) WITHOUT ROWID;

CREATE TABLE link_change (
  channel_id INTEGER NOT NULL,
  side INTEGER NOT NULL,
  id INTEGER NOT NULL,
  known INTEGER NOT NULL,
  live INTEGER NOT NULL,
  parent TEXT,
  fields TEXT,
  PRIMARY KEY (channel_id, side, id)
) WITHOUT ROWID;
)sql",
     nullptr},
    {R"sql(
CREATE TABLE attention (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  code TEXT NOT NULL,
  args TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (channel_id, listing_id, code)
) WITHOUT ROWID;
INSERT INTO attention (channel_id, listing_id, code, args, message)
  SELECT channel_id, listing_id, attention_code, '{}', coalesce(attention_detail, '') FROM link
  WHERE attention_code IS NOT NULL;
-- Who stated a status was not kept: what was still to be sent of it waits until it is stated once more.
INSERT INTO attention (channel_id, listing_id, code, args, message)
  SELECT channel_id, listing_id, 'pending_change_waits', json_object('change', pending),
    pending || ' was to be sent before the store was migrated; it waits until the status is stated once more'
  FROM link WHERE pending IS NOT NULL;

ALTER TABLE job ADD COLUMN error_code TEXT;
ALTER TABLE job ADD COLUMN error_args TEXT;
ALTER TABLE job RENAME COLUMN error TO error_message;
ALTER TABLE job DROP COLUMN suggestion;
UPDATE job SET error_code = CASE state WHEN 'held' THEN 'aborted' ELSE 'unknown' END, error_args = '{}'
  WHERE error_message IS NOT NULL;
-- A pull that waited for leave to break links has been there for a while; another one looks anew.
UPDATE job SET state = 'failed', finished_at = coalesce(started_at, created_at) WHERE state = 'held';

ALTER TABLE product_variant ADD COLUMN compare_at_price INTEGER;
ALTER TABLE product_variant ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product_variant ADD COLUMN absent INTEGER NOT NULL DEFAULT 0;
-- Prices below zero came in.
UPDATE product_variant SET price = NULL WHERE price < 0;
UPDATE channel_variant SET price = NULL WHERE price < 0;
UPDATE link SET acked_price = NULL WHERE acked_price < 0;
CREATE TABLE source (
  source_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  imports INTEGER NOT NULL,
  unproved INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX source_by_name ON source (name);
CREATE TABLE source_product (
  key TEXT NOT NULL,
  source_id INTEGER NOT NULL,
  import INTEGER NOT NULL,
  PRIMARY KEY (key, source_id)
) WITHOUT ROWID;
CREATE INDEX source_product_by_import ON source_product (source_id, import, key);
ALTER TABLE channel_variant ADD COLUMN compare_at_price INTEGER;
ALTER TABLE push_record DROP COLUMN job_id;
ALTER TABLE push_record ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE push_record ADD COLUMN receipt_deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE push_record ADD COLUMN look_at INTEGER;
CREATE INDEX push_look ON push_record (channel_id, look_at, push_id);
ALTER TABLE push_item ADD COLUMN compare_at_price INTEGER;
ALTER TABLE push_item ADD COLUMN content TEXT;
ALTER TABLE push_item ADD COLUMN channel_variant_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE push_item ADD COLUMN fields TEXT NOT NULL DEFAULT '';
ALTER TABLE push_item ADD COLUMN receipt TEXT;
ALTER TABLE push_item ADD COLUMN lingers INTEGER NOT NULL DEFAULT 0;
CREATE INDEX push_item_awaited ON push_item (channel_id, listing_id) WHERE receipt IS NOT NULL;

ALTER TABLE channel_variant ADD COLUMN handle TEXT;
ALTER TABLE channel_variant ADD COLUMN fixed TEXT;
ALTER TABLE channel_variant ADD COLUMN gone_at INTEGER;
ALTER TABLE channel_variant ADD COLUMN identity TEXT;
ALTER TABLE channel_variant ADD COLUMN in_doubt TEXT;
ALTER TABLE channel_variant ADD COLUMN quantities_in_doubt TEXT;
CREATE TABLE item_alias (
  channel_id INTEGER NOT NULL,
  alias TEXT NOT NULL,
  channel_variant_id INTEGER NOT NULL,
  PRIMARY KEY (channel_id, alias, channel_variant_id)
) WITHOUT ROWID;
CREATE INDEX item_alias_by_item ON item_alias (channel_id, channel_variant_id);

-- When a link acknowledged was not kept: only what is read of its item later than so far is news.
ALTER TABLE link RENAME TO old_link;
CREATE TABLE link (
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'unlinked',
  channel_variant_id INTEGER,
  rule INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  by_hand INTEGER NOT NULL DEFAULT 0,
  doubtful INTEGER NOT NULL DEFAULT 0,
  health TEXT NOT NULL DEFAULT 'not_listed',
  pending TEXT,
  paused INTEGER NOT NULL DEFAULT 0,
  status_author TEXT,
  status_before TEXT,
  kept_hidden INTEGER NOT NULL DEFAULT 0,
  sync_priority INTEGER NOT NULL DEFAULT 0,
  dirty_version INTEGER NOT NULL DEFAULT 0,
  synced_version INTEGER NOT NULL DEFAULT 0,
  linked_version INTEGER NOT NULL DEFAULT 0,
  dirty_since INTEGER,
  dirty_rank INTEGER NOT NULL DEFAULT 1,
  acked_price INTEGER,
  acked_quantity INTEGER,
  acked_status TEXT,
  acked_compare_at_price INTEGER,
  acked_content TEXT,
  acked_at INTEGER,
  guarded_at INTEGER,
  refused TEXT,
  held TEXT,
  forced TEXT,
  in_doubt TEXT,
  quantities_in_doubt TEXT,
  confirmed TEXT,
  identity TEXT,
  PRIMARY KEY (channel_id, listing_id)
) WITHOUT ROWID;
INSERT INTO link (channel_id, listing_id, state, channel_variant_id, rule, reason, by_hand, health, pending, paused,
    sync_priority, dirty_version, synced_version, linked_version, dirty_since, acked_price, acked_quantity,
    acked_status, acked_at, guarded_at, in_doubt)
  SELECT l.channel_id, l.listing_id, l.state, l.channel_variant_id, l.rule, l.reason, l.by_hand, l.health, NULL,
    l.paused, l.sync_priority, l.dirty_version, l.synced_version, l.linked_version, l.dirty_since, l.acked_price,
    l.acked_quantity, l.acked_status, c.seen_at, l.guarded_at, iif(l.in_doubt, iif(l.pending IS NULL, 'price,quantity,status', 'price,quantity'), NULL)
  FROM old_link l LEFT JOIN channel_variant c
    ON c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id
  ORDER BY l.channel_id, l.listing_id;
DROP TABLE old_link;
CREATE UNIQUE INDEX link_by_channel_variant ON link (channel_id, channel_variant_id)
  WHERE channel_variant_id IS NOT NULL;
CREATE INDEX link_dirty ON link (channel_id, sync_priority DESC, dirty_rank, dirty_since, listing_id)
  WHERE dirty_since IS NOT NULL AND state = 'linked' AND paused = 0 AND health <> 'delisted';
CREATE INDEX link_broken ON link (channel_id, listing_id) WHERE state = 'broken';
CREATE INDEX link_guarded ON link (channel_id, listing_id) WHERE guarded_at IS NOT NULL;
CREATE INDEX link_held ON link (channel_id, listing_id) WHERE held IS NOT NULL;
CREATE TABLE change_count (
  channel_id INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (channel_id, hour, kind)
) WITHOUT ROWID;
CREATE INDEX link_doubtful ON link (channel_id, listing_id) WHERE doubtful = 1;

ALTER TABLE channel DROP COLUMN pull_revision;
ALTER TABLE channel ADD COLUMN pull_cursor_at INTEGER;
ALTER TABLE channel ADD COLUMN pull_job INTEGER;
ALTER TABLE channel ADD COLUMN pull_saw_unnamed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN pull_since TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN pull_mark TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN pull_needed INTEGER NOT NULL DEFAULT 0;
UPDATE channel SET pull_needed = 1;

ALTER TABLE job RENAME COLUMN rerun_of TO from_job;
ALTER TABLE job ADD COLUMN not_before INTEGER;
-- What a job that had not ended took for its total was what it had come to.
ALTER TABLE job RENAME COLUMN progress_total TO old_total;
ALTER TABLE job ADD COLUMN progress_total INTEGER;
UPDATE job SET progress_total = old_total WHERE state IN ('completed', 'failed', 'cancelled');
ALTER TABLE job DROP COLUMN old_total;
-- What the jobs of before have changed is not known here.
ALTER TABLE job ADD COLUMN changed INTEGER NOT NULL DEFAULT 1;
CREATE INDEX job_finished ON job (channel_id, kind, state, changed, finished_at, job_id)
  WHERE state IN ('completed', 'failed', 'cancelled');

ALTER TABLE schedule RENAME TO only_schedule;
CREATE TABLE schedule (
  channel_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  hour INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  every_us INTEGER NOT NULL,
  cron TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  job TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  next_fire INTEGER NOT NULL,
  problem_code TEXT,
  problem_args TEXT,
  problem_message TEXT,
  PRIMARY KEY (channel_id, name)
) WITHOUT ROWID;
CREATE INDEX schedule_due ON schedule (next_fire, channel_id, name) WHERE enabled = 1;
INSERT INTO schedule (channel_id, name, kind, hour, minute, every_us, cron, time_zone, job, enabled, next_fire)
  SELECT channel_id, job, kind, hour, minute, every_us, cron, time_zone, job, enabled, next_fire FROM only_schedule;
DROP TABLE only_schedule;

ALTER TABLE slot DROP COLUMN lease_until;
ALTER TABLE slot ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN next_due INTEGER;
ALTER TABLE slot ADD COLUMN head_lane INTEGER NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN owes_bulk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN head_sync_priority INTEGER;
DROP INDEX slot_claimable;
CREATE INDEX slot_claimable
  ON slot (head_prioritized_at DESC, head_lane, head_priority DESC, head_sync_priority DESC, head_created_at, channel_id)
  WHERE holder_job IS NULL AND paused = 0 AND head_job IS NOT NULL;
ALTER TABLE job ADD COLUMN progress_held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN sync_priority INTEGER;
CREATE INDEX slot_due ON slot (next_due, channel_id)
  WHERE holder_job IS NULL AND paused = 0 AND head_job IS NULL AND next_due IS NOT NULL;

ALTER TABLE link_change ADD COLUMN edit_version INTEGER NOT NULL DEFAULT 0;

ALTER TABLE job ADD COLUMN report BLOB NOT NULL DEFAULT x'';
CREATE TABLE job_problem (
  channel_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  subject TEXT NOT NULL,
  code TEXT NOT NULL,
  args TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (channel_id, job_id, number)
) WITHOUT ROWID;
)sql",
     &MoveReportsAndStatuses},
};
static_assert(sizeof(kMigrations) / sizeof(kMigrations[0]) == kSchemaVersion, "one migration a version");

int64_t ReadNumber(Connection& db, absl::string_view sql) {
  Query query(db, sql);
  return query.Bind().Next() ? query.Int(0) : 0;
}

struct SchemaState {
  int64_t application_id = 0;
  int64_t version = 0;
  int64_t objects = 0;  // Tables, indexes …
};

absl::StatusOr<SchemaState> ReadSchemaState(Connection& db) {
  absl::Status status = db.BeginRead();
  if (!status.ok()) return status;
  SchemaState state;
  state.application_id = ReadNumber(db, "PRAGMA application_id");
  state.version = ReadNumber(db, "PRAGMA user_version");
  state.objects = ReadNumber(db, "SELECT count(*) FROM sqlite_schema");
  status = db.Commit();
  if (!status.ok()) return status;
  return state;
}

absl::Status CheckSchemaState(const SchemaState& state, absl::string_view path) {
  const bool empty = state.application_id == 0 && state.version == 0 && state.objects == 0;
  if (!empty && state.application_id != kApplicationId) {
    return ProblemStatus(
        absl::StatusCode::kFailedPrecondition, problem_code::kForeignStore, {{"path", std::string(path)}},
        absl::StrCat(path, ": it is another program's SQLite database; name another file for the store"));
  }
  if (state.version > kSchemaVersion) {
    return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNewerStore,
                         {{"path", std::string(path)}, {"version", absl::StrCat(state.version)}},
                         absl::StrCat(path, ": its schema is version ", state.version, " and this flxlink knows up to ",
                                      kSchemaVersion, "; use a newer flxlink"));
  }
  return absl::OkStatus();
}

// Readers and a writer do not wait for each other only with a write-ahead log.
absl::Status UseLog(Connection& db) {
  Query query(db, "PRAGMA journal_mode = WAL");
  const bool uses_log = query.Bind().Next() && query.Text(0) == "wal";
  if (!db.status().ok() || uses_log) return db.status();
  return absl::FailedPreconditionError(
      absl::StrCat(db.path(), ": its file system cannot share memory between processes; use a local one"));
}

}  // namespace

absl::StatusOr<int64_t> ReadSchemaVersion(Connection& db) {
  const absl::StatusOr<SchemaState> state = ReadSchemaState(db);
  if (!state.ok()) return state.status();
  const absl::Status status = CheckSchemaState(*state, db.path());
  if (!status.ok()) return status;
  return state->version;
}

absl::Status MigrateSchema(Connection& db, int64_t version) {
  const absl::StatusOr<int64_t> stored = ReadSchemaVersion(db);
  if (!stored.ok()) return stored.status();
  absl::Status status = UseLog(db);
  for (int64_t from = *stored; status.ok() && from < version; ++from) {
    status = db.BeginWrite();
    if (!status.ok()) return status;
    const Migration& migration = kMigrations[from];
    const std::string step =
        absl::StrCat(migration.sql, "PRAGMA application_id = ", kApplicationId, "; PRAGMA user_version = ", from + 1);
    db.Fail(db.Execute(step.c_str()));
    if (db.status().ok() && migration.then != nullptr) migration.then(db);
    status = db.Commit();
  }
  return status;
}

}  // namespace flxlink::sqlite

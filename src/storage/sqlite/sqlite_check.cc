#include "src/storage/sqlite/sqlite_check.h"

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/optional.h"
#include "flxlink/storage.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/key_run.h"
#include "src/storage/sqlite/sqlite_rows.h"

namespace flxlink::sqlite {
namespace {

constexpr size_t kMostOfAKind = 100;

// Each selects findings. LINK(l) and ITEM(c) stand for the names of such rows.
constexpr const char* kImpossible[] = {
    // Listing variants and their links.
    "SELECT LISTING(v) || ': there is no row of link for it' FROM listing_variant v WHERE NOT EXISTS "
    "(SELECT 1 FROM link l WHERE l.channel_id = v.channel_id AND l.listing_id = v.listing_id)",
    "SELECT LINK(l) || ': there is no such listing variant' FROM link l WHERE NOT EXISTS "
    "(SELECT 1 FROM listing_variant v WHERE v.channel_id = l.channel_id AND v.listing_id = l.listing_id)",
    "SELECT LISTING(v) || ': its product variant ' || v.product_id || ' is not there' FROM listing_variant v "
    "WHERE NOT EXISTS (SELECT 1 FROM product_variant p WHERE p.product_id = v.product_id)",
    "SELECT LINK(l) || ': the state ' || l.state || ' cannot be' FROM link l "
    "WHERE l.state NOT IN ('unlinked', 'linked', 'broken')",
    "SELECT LINK(l) || ': it is ' || l.state || CASE WHEN l.channel_variant_id IS NULL THEN ' to no channel variant' "
    "ELSE ' and has channel variant ' || l.channel_variant_id END FROM link l "
    "WHERE (l.state = 'unlinked') <> (l.channel_variant_id IS NULL)",
    "SELECT LINK(l) || ': its channel variant ' || l.channel_variant_id || ' is not there' FROM link l "
    "WHERE l.channel_variant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM channel_variant c "
    "WHERE c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id)",
    "SELECT printf('channel_variant of channel %d, id %d: %d links hold it', channel_id, channel_variant_id, count(*)) "
    "FROM link NOT INDEXED WHERE channel_variant_id IS NOT NULL GROUP BY channel_id, channel_variant_id "
    "HAVING count(*) > 1",
    "SELECT LINK(l) || ': it is ' || l.state || ', and its channel variant is ' || "
    "CASE WHEN c.gone THEN 'gone' WHEN l.identity <> c.identity THEN 'another' ELSE 'there' END "
    "FROM link l CROSS JOIN channel_variant c ON c.channel_id = l.channel_id "
    "AND c.channel_variant_id = l.channel_variant_id WHERE (l.state = 'broken') <> (c.gone <> 0 OR "
    "coalesce(l.identity <> c.identity, 0))",
    "SELECT LINK(l) || ': health ' || l.health || ', pending ' || coalesce(l.pending, 'nothing') || ' cannot be' "
    "FROM link l WHERE l.health NOT IN ('not_listed', 'listed', 'hidden', 'delisted', 'unknown') "
    "OR l.pending NOT IN ('hiding', 'unhiding', 'delisting')",
    "SELECT LINK(l) || ': its versions are out of order' FROM link l "
    "WHERE l.synced_version > l.dirty_version OR l.linked_version > l.dirty_version OR l.dirty_version < 0 "
    "OR l.linked_version < 0 OR l.synced_version < 0",
    "SELECT LINK(l) || ': ' || iif(l.dirty_since IS NULL, 'it has something to send and is not dirty', "
    "'it is dirty and has nothing to send') FROM link l WHERE l.state = 'linked' "
    "AND (l.dirty_since IS NULL) <> (l.synced_version >= l.dirty_version)",
    "SELECT LINK(l) || ': it is unlinked and dirty' FROM link l WHERE l.state = 'unlinked' AND l.dirty_since NOT NULL",
    "SELECT LINK(l) || ': it is in doubt, no push of it is open, and it is not dirty, so nothing ends the doubt' "
    "FROM link l WHERE l.in_doubt NOT NULL AND l.state = 'linked' AND l.dirty_since IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM push_item i WHERE i.channel_id = l.channel_id AND i.listing_id = l.listing_id)",
    "SELECT LINK(l) || ': a mark is neither 0 nor 1' FROM link l "
    "WHERE l.by_hand NOT IN (0, 1) OR l.paused NOT IN (0, 1) OR l.doubtful NOT IN (0, 1) OR l.kept_hidden NOT IN (0, "
    "1)",
    "SELECT LINK(l) || ': the fields in doubt, ' || l.in_doubt || ', cannot be' FROM link l "
    "WHERE l.in_doubt = '' OR l.in_doubt GLOB '*[^a-z0-9_,]*'",
    "SELECT LINK(l) || ': the confirmed fields, ' || l.confirmed || ', cannot be' FROM link l "
    "WHERE l.confirmed = '' OR l.confirmed GLOB '*[^a-z0-9_,]*' OR (l.confirmed NOT NULL AND l.in_doubt IS NULL)",
    "SELECT LINK(l) || ': the forced fields, ' || l.forced || ', cannot be' FROM link l "
    "WHERE l.forced = '' OR l.forced GLOB '*[^a-z0-9_,]*'",
    "SELECT LINK(l) || ': it is forced and not dirty, so nothing is sent' FROM link l "
    "WHERE l.forced NOT NULL AND l.state = 'linked' AND l.dirty_since IS NULL",
    "SELECT LINK(l) || ': the held changes, ' || l.held || ', cannot be' FROM link l "
    "WHERE l.held NOT NULL AND NOT (json_valid(l.held) AND json_type(l.held) = 'object')",
    "SELECT LINK(l) || ': the refused values, ' || l.refused || ', cannot be' FROM link l "
    "WHERE l.refused NOT NULL AND NOT (json_valid(l.refused) AND json_type(l.refused) = 'object')",
    "SELECT LINK(l) || ': the acknowledged price or status cannot be' FROM link l "
    "WHERE l.acked_price < 0 OR l.acked_compare_at_price < 0 OR l.acked_status NOT IN ('listed', 'hidden', 'dead', "
    "'not_understood')",
    "SELECT LINK(l) || ': the acknowledged content cannot be' FROM link l WHERE l.acked_content NOT NULL AND NOT "
    "json_valid(l.acked_content)",
    "SELECT printf('hand_unlink of channel %d, listing %d, channel variant %d: one of them is not there', "
    "h.channel_id, "
    "h.listing_id, h.channel_variant_id) FROM hand_unlink h WHERE NOT EXISTS (SELECT 1 FROM link l "
    "WHERE l.channel_id = h.channel_id AND l.listing_id = h.listing_id) OR NOT EXISTS (SELECT 1 FROM channel_variant c "
    "WHERE c.channel_id = h.channel_id AND c.channel_variant_id = h.channel_variant_id)",
    // History.
    "SELECT printf('link_event of channel %d, listing %d: the numbers of its %d events are not 1 to %d', channel_id, "
    "listing_id, count(*), count(*)) FROM link_event GROUP BY channel_id, listing_id "
    "HAVING min(event_number) <> 1 OR max(event_number) <> count(*)",
    "SELECT printf('link_event of channel %d, listing %d, number %d: ', channel_id, listing_id, event_number) || "
    "'the kind ' || kind || ' cannot be' FROM link_event "
    "WHERE kind NOT IN ('linked', 'unlinked', 'broken', 'healed', 'released')",
    "SELECT LINK(l) || ': it is ' || l.state || ', and its last event is ' || coalesce(e.kind, 'none') FROM link l "
    "LEFT JOIN link_event e ON e.channel_id = l.channel_id AND e.listing_id = l.listing_id AND e.event_number = "
    "(SELECT max(event_number) FROM link_event m WHERE m.channel_id = l.channel_id AND m.listing_id = l.listing_id) "
    "WHERE l.state <> CASE WHEN e.kind IS NULL OR e.kind IN ('unlinked', 'released') THEN 'unlinked' "
    "WHEN e.kind = 'broken' THEN 'broken' ELSE 'linked' END",
    // Products and items.
    "SELECT printf('product_variant %d: ', product_id) || 'its price, currency or fields cannot be' "
    "FROM product_variant WHERE price < 0 OR currency NOT GLOB '[A-Z][A-Z][A-Z]' OR NOT json_valid(fields)",
    "SELECT printf('source_product %Q: its source is not there, or has not begun the import %d', p.key, p.import) FROM "
    "source_product p LEFT JOIN source s USING (source_id) WHERE s.imports IS NULL OR p.import NOT BETWEEN 1 AND "
    "s.imports",
    "SELECT LISTING(v) || ': its fields cannot be' FROM listing_variant v WHERE NOT json_valid(v.fields)",
    "SELECT ITEM(c) || ': its price, status, fields or mark of being gone cannot be' FROM channel_variant c "
    "WHERE c.price < 0 OR c.compare_at_price < 0 OR c.status NOT IN ('listed', 'hidden', 'dead', 'not_understood') OR "
    "c.gone NOT IN (0, "
    "1) "
    "OR NOT json_valid(c.fields)",
    "SELECT ITEM(c) || ': it was seen by a pull that is yet to come' FROM channel_variant c "
    "JOIN channel h USING (channel_id) WHERE c.seen_pull > h.pull_number",
    "SELECT printf('item_alias of channel %d, channel variant %d: it is not there', a.channel_id, "
    "a.channel_variant_id) FROM item_alias a WHERE NOT EXISTS (SELECT 1 FROM channel_variant c "
    "WHERE c.channel_id = a.channel_id AND c.channel_variant_id = a.channel_variant_id)",
    // Pushes.
    "SELECT printf('push_item of channel %d, push %d, listing %d: ', i.channel_id, i.push_id, i.listing_id) || "
    "'its push or listing variant is not there' FROM push_item i WHERE NOT EXISTS (SELECT 1 FROM push_record r "
    "WHERE r.channel_id = i.channel_id AND r.push_id = i.push_id) OR NOT EXISTS (SELECT 1 FROM link l "
    "WHERE l.channel_id = i.channel_id AND l.listing_id = i.listing_id)",
    "SELECT printf('push_record of channel %d, push %d: ', r.channel_id, r.push_id) || iif(r.look_at IS NULL, 'nothing "
    "of it is unheard of, and no time is set to look at it', 'something of it is unheard of, and it waits to be looked "
    "at') FROM push_record r WHERE (r.look_at IS NULL) <> EXISTS (SELECT 1 FROM push_item i "
    "WHERE i.channel_id = r.channel_id AND i.push_id = r.push_id AND i.receipt IS NULL AND i.lingers = 0)",
    // Slots and jobs.
    "SELECT printf('channel %d: it has no slot', c.channel_id) FROM channel c LEFT JOIN slot s USING (channel_id) "
    "WHERE s.channel_id IS NULL",
    "SELECT printf('slot of channel %d: the job %d that holds it is not running', s.channel_id, s.holder_job) "
    "FROM slot s WHERE s.holder_job NOT NULL AND NOT EXISTS (SELECT 1 FROM job j WHERE j.channel_id = s.channel_id "
    "AND j.job_id = s.holder_job AND j.state = 'running')",
    "SELECT printf('job %d: it is running, and does not hold the slot of its channel %d', j.job_id, j.channel_id) "
    "FROM job j LEFT JOIN slot s USING (channel_id) WHERE j.state = 'running' AND s.holder_job IS NOT j.job_id",
    "SELECT printf('slot of channel %d: its head %d is not a pending job with that priority and time', s.channel_id, "
    "s.head_job) FROM slot s WHERE s.head_job NOT NULL AND NOT EXISTS (SELECT 1 FROM job j "
    "WHERE j.channel_id = s.channel_id AND j.job_id = s.head_job AND j.state = 'pending' "
    "AND j.priority = s.head_priority AND j.sync_priority IS s.head_sync_priority AND j.prioritized_at IS "
    "s.head_prioritized_at "
    "AND j.created_at IS s.head_created_at)",
    "SELECT printf('slot of channel %d: it has no head, and job %d is pending', s.channel_id, min(j.job_id)) FROM slot "
    "s JOIN job j ON j.channel_id = s.channel_id AND j.state = 'pending' WHERE s.head_job IS NULL AND "
    "(j.not_before IS NULL OR s.next_due IS NULL OR s.next_due > j.not_before) GROUP BY s.channel_id",
    "SELECT printf('slot of channel %d: no pending job waits for its next_due', s.channel_id) FROM slot s "
    "WHERE s.next_due NOT NULL AND NOT EXISTS (SELECT 1 FROM job j WHERE j.channel_id = s.channel_id "
    "AND j.state = 'pending' AND j.not_before = s.next_due)",
    "SELECT printf('job %d: ', job_id) || 'the kind ' || kind || ', state ' || state || ' or trigger ' || triggered_by "
    "|| ' cannot be' FROM job WHERE kind NOT IN ('pull', 'build', 'link', 'sync', 'rules', 'fetch') OR state NOT IN "
    "('pending', 'running', 'completed', 'failed', 'cancelled') OR triggered_by NOT IN "
    "('hand', 'schedule', 'chain', 'rerun', 'notice', 'retry')",
    "SELECT printf('job_problem of job %d: its job is not there, or its numbers do not count from 0', p.job_id) FROM "
    "job_problem p LEFT JOIN job j USING (channel_id, job_id) GROUP BY p.channel_id, p.job_id "
    "HAVING j.job_id IS NULL OR min(p.number) <> 0 OR max(p.number) <> count(*) - 1",
    "SELECT printf('sequence %s: its next number %d was given out', q.name, q.next_id) FROM sequence q WHERE q.next_id "
    "<= CASE q.name WHEN 'channel' THEN (SELECT coalesce(max(channel_id), 0) FROM channel) "
    "WHEN 'reserved' THEN (SELECT coalesce(max(job_id), 0) FROM job) "
    "ELSE (SELECT coalesce(max(owner), 0) FROM slot) END",
    "SELECT 'sequence ' || n.name || ': it is not there' FROM (SELECT 'channel' AS name UNION SELECT 'owner' "
    "UNION SELECT 'reserved') n WHERE n.name NOT IN (SELECT name FROM sequence)",
    // The link base.
    "SELECT printf('link_base of channel %d: it counts %d entries, and key_run has %d', b.channel_id, b.entries, "
    "coalesce(r.n, 0)) FROM link_base b LEFT JOIN (SELECT channel_id, sum(length(entries)) / 16 AS n FROM key_run "
    "GROUP BY channel_id) r USING (channel_id) WHERE b.entries <> coalesce(r.n, 0)",
    "SELECT printf('link_base of channel %d: it counts %d added entries, and key_added has %d', b.channel_id, b.added, "
    "coalesce(r.n, 0)) FROM link_base b LEFT JOIN (SELECT channel_id, count(*) AS n FROM key_added "
    "GROUP BY channel_id) r USING (channel_id) WHERE b.added <> coalesce(r.n, 0)",
    "SELECT printf('link_base of channel %d: it counts %d changes, and link_change has %d', b.channel_id, b.changes, "
    "coalesce(r.n, 0)) FROM link_base b LEFT JOIN (SELECT channel_id, count(*) AS n FROM link_change "
    "GROUP BY channel_id) r USING (channel_id) WHERE b.changes <> coalesce(r.n, 0)",
    "SELECT printf('link_change of channel %d, side %d, id %d: it cannot be', channel_id, side, id) FROM link_change "
    "WHERE side NOT IN (0, 1) OR known NOT IN (0, 1) OR live NOT IN (0, 1) OR NOT json_valid(coalesce(fields, '{}'))",
};

// Findings, no more than so many of a kind.
class Findings {
 public:
  explicit Findings(Connection& db) : db_(db) {}

  // Looks for one kind. What the database refuses to read is a finding too, and does not stop the next kind.
  void Look(absl::FunctionRef<void()> look) {
    of_this_kind_ = 0;
    db_.Fail(db_.BeginRead());
    look();
    const absl::Status status = db_.Commit();
    if (!status.ok()) Add(status.message());
    if (of_this_kind_ > kMostOfAKind) {
      lines_.push_back(absl::StrCat("… and ", of_this_kind_ - kMostOfAKind, " more like it"));
    }
  }

  void Add(absl::string_view line) {
    if (++of_this_kind_ <= kMostOfAKind) lines_.emplace_back(line);
  }

  void AddRowsOf(absl::string_view sql) {
    Query query(db_, sql);
    query.Bind();
    while (query.Next()) Add(query.Text(0));
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  Connection& db_;
  std::vector<std::string> lines_;
  size_t of_this_kind_ = 0;
};

std::vector<std::string> Texts(Connection& db, absl::string_view sql) {
  std::vector<std::string> texts;
  Query query(db, sql);
  query.Bind();
  while (query.Next()) texts.push_back(query.String(0));
  return texts;
}

// Rows of channels that are not there.
void CheckChannels(Connection& db, Findings& findings) {
  const auto tables = Texts(db,
                            "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
                            "WHERE m.type = 'table' AND c.name = 'channel_id' AND m.name <> 'channel'");
  for (const std::string& table : tables) {
    findings.AddRowsOf(absl::StrCat(
        "SELECT printf('", table, ": %d rows of channel %s, which is not there', count(*), ", "channel_id) FROM ",
        table, " WHERE channel_id NOT IN (SELECT channel_id FROM channel) GROUP BY channel_id"));
  }
}

// Values of another type than their column's.
void CheckTypes(Connection& db, Findings& findings) {
  const auto columns =
      Texts(db,
            "SELECT printf('SELECT ''%s: '' || count(*) || '' rows have a value in %s that is not %s'' "
            "FROM %s WHERE typeof(%s) NOT IN (''%s'', ''null'') HAVING count(*) > 0', m.name, c.name, "
            "lower(c.type), m.name, c.name, lower(c.type)) "
            "FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
            "WHERE m.type = 'table' AND c.type IN ('INTEGER', 'TEXT', 'BLOB')");
  for (const std::string& sql : columns) findings.AddRowsOf(sql);
}

void CheckConfigs(Connection& db, Findings& findings) {
  Query query(db, "SELECT channel_id, config, draft, name, adapter, currency FROM channel");
  query.Bind();
  while (query.Next()) {
    const absl::StatusOr<ChannelConfig> config = model::DecodeChannelConfig(query.Text(1));
    const bool draft_read = query.IsNull(2) || model::DecodeChannelConfig(query.Text(2)).ok();
    const bool same = config.ok() && config->name == query.Text(3) && config->adapter == query.Text(4) &&
                      config->currency.code() == query.Text(5);
    if (!draft_read) findings.Add(absl::StrCat("channel ", query.Int(0), ": its draft cannot be read"));
    if (!same) {
      findings.Add(absl::StrCat("channel ", query.Int(0),
                                ": its configuration cannot be read, or says another name, adapter or currency"));
    }
  }
}

void CheckJobDetails(Connection& db, Findings& findings) {
  Query query(db, "SELECT job_id, details, report FROM job");
  query.Bind();
  while (query.Next()) {
    Job job;
    if (!model::DecodeJobDetails(query.Text(1), &job).ok()) {
      findings.Add(absl::StrCat("job ", query.Int(0), ": its details cannot be read"));
    }
    if (!model::DecodeJobReport(query.Text(2)).ok()) {
      findings.Add(absl::StrCat("job ", query.Int(0), ": its report cannot be read"));
    }
  }
}

// Whether the entries of a run ascend, from what the row says of the first.
bool IsOrdered(const Query& row, const KeyRun& run, absl::optional<KeyEntry> before) {
  if (run.size() == 0 || row.Text(5).size() % kKeyEntryBytes != 0) return false;
  if (StoredHash(run[0].hash) != row.Int(3) || run[0].id != row.Int(4)) return false;
  for (int64_t i = 0; i < run.size(); ++i) {
    if (before.has_value() && !(*before < run[i])) return false;
    before = run[i];
  }
  return true;
}

void CheckKeyRuns(Connection& db, Findings& findings) {
  Query query(db,
              "SELECT channel_id, side, key_number, first_hash, first_id, entries FROM key_run "
              "ORDER BY channel_id, side, key_number, first_hash, first_id");
  query.Bind();
  std::string column;
  absl::optional<KeyEntry> before;
  while (query.Next()) {
    const std::string next =
        absl::StrCat("channel ", query.Int(0), ", side ", query.Int(1), ", key number ", query.Int(2));
    if (next != column) before = absl::nullopt;
    column = next;
    const KeyRun run(query.Text(5));
    if (!IsOrdered(query, run, before)) {
      findings.Add(absl::StrCat("key_run of ", column, ", first id ", query.Int(4), ": its entries are not in order"));
    }
    if (run.size() > 0) before = run[run.size() - 1];
  }
}

std::string WithNames(absl::string_view sql) {
  return absl::StrReplaceAll(
      sql, {{"LINK(l)", "printf('link of channel %d, listing %d', l.channel_id, l.listing_id)"},
            {"LISTING(v)", "printf('listing_variant of channel %d, id %d', v.channel_id, v.listing_id)"},
            {"ITEM(c)", "printf('channel_variant of channel %d, id %d', c.channel_id, c.channel_variant_id)"}});
}

}  // namespace

std::vector<std::string> CheckIntegrity(Connection& db) {
  Findings findings(db);
  findings.Look([&] {
    for (const std::string& line : Texts(db, "PRAGMA integrity_check")) {
      if (line != "ok") findings.Add(absl::StrCat("database: ", line));
    }
  });
  return findings.Take();
}

std::vector<std::string> CheckTables(Connection& db) {
  Findings findings(db);
  for (const char* const sql : kImpossible) findings.Look([&] { findings.AddRowsOf(WithNames(sql)); });
  for (const auto check : {&CheckChannels, &CheckTypes, &CheckConfigs, &CheckJobDetails, &CheckKeyRuns}) {
    findings.Look([&] { check(db, findings); });
  }
  return findings.Take();
}

}  // namespace flxlink::sqlite

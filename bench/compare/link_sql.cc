#include "bench/compare/link_sql.h"

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace flxlink {
namespace {

constexpr int64_t kTransactionRows = 10000;

// ---------------------------------------------------------------------------------------------------------------------
// The bare scan and insert
// ---------------------------------------------------------------------------------------------------------------------

const std::vector<std::string>& LinkColumns() {
  static const auto* const columns = new std::vector<std::string>{
      "state",          "channel_variant_id", "rule",         "reason",        "health",
      "acked_price",    "acked_quantity",     "acked_status", "dirty_version", "synced_version",
      "linked_version", "dirty_since",        "channel_id",   "listing_id",
  };
  return *columns;
}

const std::vector<std::string>& EventColumns() {
  static const auto* const columns = new std::vector<std::string>{
      "channel_id", "listing_id", "event_number", "kind", "external_id", "rule", "job_id", "at",
  };
  return *columns;
}

// Rows of a table, to be written elsewhere.
class StoredRows {
 public:
  StoredRows(SqlDatabase& database, const std::string& table, const std::vector<std::string>& columns)
      : columns_(static_cast<int>(columns.size())) {
    SqlStatement rows(database, absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), " FROM ", table,
                                             " ORDER BY channel_id, listing_id"));
    while (rows.Next()) {
      for (int column = 0; column < columns_; ++column) cells_.push_back(CellOf(rows, column));
    }
  }

  int64_t size() const { return static_cast<int64_t>(cells_.size()) / columns_; }

  int64_t Number(int64_t row, int column) const { return At(row, column).number; }

  void Bind(int64_t row, SqlStatement* statement) const {
    for (int column = 0; column < columns_; ++column) {
      const Cell& cell = At(row, column);
      if (cell.text != nullptr) {
        statement->BindText(column, *cell.text);
      } else if (cell.is_null) {
        statement->BindNull(column);
      } else {
        statement->BindNumber(column, cell.number);
      }
    }
  }

 private:
  struct Cell {
    const std::string* text = nullptr;
    int64_t number = 0;
    bool is_null = false;
  };

  const Cell& At(int64_t row, int column) const { return cells_[static_cast<size_t>(row * columns_ + column)]; }

  Cell CellOf(const SqlStatement& rows, int column) {
    Cell cell;
    if (rows.IsNull(column)) {
      cell.is_null = true;
    } else if (rows.IsNumber(column)) {
      cell.number = rows.Number(column);
    } else {
      cell.text = &*texts_.emplace(rows.Text(column)).first;
    }
    return cell;
  }

  const int columns_;
  std::vector<Cell> cells_;
  std::unordered_set<std::string> texts_;
};

// Reads every row's keys, parent and what else a match must know.
int64_t ReadKeys(SqlDatabase& database) {
  int64_t bytes = 0;
  for (const char* sql :
       {"SELECT channel_variant_id, parent_id, gone, status, json_extract(fields, '$.sku'), "
        "json_extract(fields, '$.barcode') FROM channel_variant",
        "SELECT listing_id, parent, state, health, sku, json_extract(fields, '$.upc') FROM listing_variant "
        "JOIN link USING (channel_id, listing_id)"}) {
    SqlStatement rows(database, sql);
    while (rows.Next()) {
      for (const int column : {1, 4, 5}) bytes += static_cast<int64_t>(rows.Text(column).size());
    }
  }
  return bytes;
}

void WriteRows(const StoredRows& links, const StoredRows& events, SqlDatabase& database) {
  const std::vector<std::string>& columns = LinkColumns();
  const std::vector<std::string> changed(columns.begin(), columns.end() - 2);
  SqlStatement link(database, absl::StrCat("UPDATE link SET ", absl::StrJoin(changed, " = ?, "),
                                           " = ? WHERE channel_id = ? AND listing_id = ?"));
  SqlStatement event(database, absl::StrCat("INSERT INTO link_event (", absl::StrJoin(EventColumns(), ", "),
                                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  const int listing_id = static_cast<int>(columns.size()) - 1;
  int64_t next_event = 0;
  for (int64_t row = 0; row < links.size(); ++row) {
    if (row % kTransactionRows == 0) database.Execute("BEGIN IMMEDIATE");
    links.Bind(row, &link);
    link.Run();
    for (; next_event < events.size() && events.Number(next_event, 1) == links.Number(row, listing_id); ++next_event) {
      events.Bind(next_event, &event);
      event.Run();
    }
    if ((row + 1) % kTransactionRows == 0 || row + 1 == links.size()) database.Execute("COMMIT");
  }
}

}  // namespace

LinkDigest DigestStore(SqlDatabase& database) {
  SqlStatement rows(database,
                    "SELECT key, external_id, rule FROM link JOIN listing_variant USING (channel_id, listing_id) "
                    "JOIN product_variant USING (product_id) JOIN channel_variant USING (channel_id, "
                    "channel_variant_id) WHERE state = 'linked'");
  LinkDigest digest;
  while (rows.Next()) digest.Add(rows.Text(0), rows.Text(1), rows.Number(2));
  return digest;
}

void CopyLinks(const std::string& finished, const std::string& path) {
  SqlDatabase from(finished);
  const StoredRows links(from, "link", LinkColumns());
  const StoredRows events(from, "link_event", EventColumns());
  SqlDatabase to(path);
  const Stopwatch watch;
  const int64_t bytes = ReadKeys(to);
  const double read_seconds = watch.seconds();
  WriteRows(links, events, to);
  Report report("sqlite-bare");
  report.Add("seconds", watch.seconds());
  report.Add("read_seconds", read_seconds);
  report.Add("key_bytes", bytes);
  report.Add(DigestStore(to));
  report.Print();
}

// ---------------------------------------------------------------------------------------------------------------------
// SQL alone
// ---------------------------------------------------------------------------------------------------------------------

namespace {

// A key that both sides have is a row of `by_…`, with how many of either side have it.
constexpr char kLinkSql[] = R"sql(
BEGIN IMMEDIATE;
CREATE TEMP TABLE l AS
  SELECT listing_id AS id, sku, json_extract(fields, '$.upc') AS code FROM listing_variant WHERE channel_id = 1;
CREATE TEMP TABLE c AS
  SELECT channel_variant_id AS id, json_extract(fields, '$.sku') AS sku, json_extract(fields, '$.barcode') AS code
  FROM channel_variant WHERE channel_id = 1 AND gone = 0;
CREATE INDEX l_sku ON l (sku, id);
CREATE INDEX c_sku ON c (sku, id);
CREATE INDEX l_code ON l (code, id);
CREATE INDEX c_code ON c (code, id);
CREATE TEMP TABLE c_skus (sku TEXT PRIMARY KEY, n INTEGER, id INTEGER) WITHOUT ROWID;
INSERT INTO c_skus SELECT sku, count(*), min(id) FROM c WHERE sku <> '' GROUP BY sku;
CREATE TEMP TABLE c_codes (code TEXT PRIMARY KEY, n INTEGER, id INTEGER) WITHOUT ROWID;
INSERT INTO c_codes SELECT code, count(*), min(id) FROM c WHERE code <> '' GROUP BY code;
CREATE TEMP TABLE by_sku AS
  SELECT a.sku, a.n AS l_n, a.id AS l_id, b.n AS c_n, b.id AS c_id
  FROM (SELECT sku, count(*) AS n, min(id) AS id FROM l WHERE sku <> '' GROUP BY sku) a JOIN c_skus b USING (sku);
CREATE TEMP TABLE closed (id INTEGER PRIMARY KEY);
INSERT INTO closed
  SELECT l_id FROM by_sku WHERE l_n = 1 UNION ALL SELECT l.id FROM by_sku JOIN l USING (sku) WHERE l_n > 1;
CREATE TEMP TABLE taken (id INTEGER PRIMARY KEY);
INSERT INTO taken SELECT c_id FROM by_sku WHERE l_n = 1 AND c_n = 1;
CREATE TEMP TABLE pair (listing_id INTEGER PRIMARY KEY, channel_variant_id INTEGER, rule INTEGER);
INSERT INTO pair SELECT l_id, c_id, 1 FROM by_sku WHERE l_n = 1 AND c_n = 1;
INSERT INTO pair
  SELECT a.id, b.id, 2
  FROM (SELECT code, min(id) AS id FROM l WHERE code <> '' GROUP BY code HAVING count(*) = 1) a
  JOIN c_codes b USING (code)
  WHERE b.n = 1 AND a.id NOT IN (SELECT id FROM closed) AND b.id NOT IN (SELECT id FROM taken);
UPDATE link SET state = 'linked', channel_variant_id = p.channel_variant_id, rule = p.rule, health = 'listed',
  acked_price = v.price, acked_quantity = v.quantity, acked_status = v.status, synced_version = dirty_version,
  dirty_version = dirty_version + 1, linked_version = dirty_version + 1, dirty_since = 1
  FROM pair p JOIN channel_variant v ON v.channel_id = 1 AND v.channel_variant_id = p.channel_variant_id
  WHERE link.channel_id = 1 AND link.listing_id = p.listing_id;
INSERT INTO link_event (channel_id, listing_id, event_number, kind, external_id, rule, at)
  SELECT 1, p.listing_id, 1, 'linked', v.external_id, p.rule, 1
  FROM pair p JOIN channel_variant v ON v.channel_id = 1 AND v.channel_variant_id = p.channel_variant_id;
COMMIT;
)sql";

}  // namespace

void LinkInSql(const std::string& path) {
  SqlDatabase database(path);
  const Stopwatch watch;
  database.Execute(kLinkSql);
  Report report("sqlite-sql");
  report.Add("seconds", watch.seconds());
  report.AddPeakMemory();
  report.Add(DigestStore(database));
  report.Print();
}

}  // namespace flxlink

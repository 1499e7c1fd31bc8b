// Linking in a store's tables by plain SQL.

#ifndef FLXLINK_BENCH_COMPARE_LINK_SQL_H_
#define FLXLINK_BENCH_COMPARE_LINK_SQL_H_

#include <string>

#include "bench/compare/link_report.h"
#include "bench/compare/sql_database.h"

namespace flxlink {

// The links that a store has.
LinkDigest DigestStore(SqlDatabase& database);

// Times what any program must do to link the store at `path`: read the keys of both sides and write, in transactions of
// 10,000 rows, the links, reasons and history that the store at `finished` has, without finding them out.
void CopyLinks(const std::string& finished, const std::string& path);

// Times linking in SQL alone, in one transaction and without reasons.
void LinkInSql(const std::string& path);

}  // namespace flxlink

#endif  // FLXLINK_BENCH_COMPARE_LINK_SQL_H_

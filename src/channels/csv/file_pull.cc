#include "src/channels/csv/file_pull.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/channels/csv/call_check.h"
#include "src/channels/csv/page_builder.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

absl::StatusOr<PullPage> ReadPage(FileSnapshot* file, const CellFormat& format, const PullCursor& from, int64_t limit) {
  csv::ShopifyRows& rows = file->rows();
  csv::CsvReader& reader = rows.reader();
  if (from.is_start()) {
    reader.Rewind();
  } else {
    reader.Seek(from.row);
  }
  PullPage page;
  PageBuilder builder(&reader, rows.columns(), format, file->unclear());
  csv::ShopifyVariant variant;
  while (page.next_cursor.empty()) {
    const absl::StatusOr<bool> found = rows.Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) break;
    if (builder.size() < limit && !builder.is_heavy()) {
      builder.Add(variant, file->repeated().FirstLine(variant.row));
    } else {
      page.next_cursor = FormatPullCursor({from.revision, variant.row});
    }
  }
  page.problems = builder.TakeProblems();
  page.items = builder.TakeItems();
  return page;
}

absl::StatusOr<FetchReply> ReadNamed(csv::CsvReader* reader, const CellFormat& format, const FetchRequest& request,
                                     const CallContext& call) {
  absl::flat_hash_map<absl::string_view, absl::optional<int64_t>> lines;  // Where each of them was found first.
  absl::flat_hash_set<std::string> handles;
  for (const std::string& id : request.external_ids) {
    lines.try_emplace(id);
    handles.insert(csv::ShopifyHandleOf(id));
  }
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader, {&handles, /*texts=*/true, CheckOf(call)});
  if (!rows.ok()) return rows.status();
  PageBuilder builder(reader, rows->columns(), format);
  csv::ShopifyVariant variant;
  for (;;) {
    const absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) break;
    const auto wanted = lines.find(variant.id);
    if (wanted == lines.end()) continue;
    if (!builder.is_heavy()) builder.Add(variant, wanted->second);
    if (!wanted->second.has_value()) wanted->second = variant.row.line;
  }
  FetchReply reply;
  reply.problems = builder.TakeProblems();
  reply.items = builder.TakeItems();
  for (const std::string& id : request.external_ids) {
    if (!lines.at(id).has_value()) reply.missing.push_back(id);
  }
  return reply;
}

}  // namespace flxlink::csv_channel

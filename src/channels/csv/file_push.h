// A push to a product CSV: which cells change, and the text that comes of it.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/money.h"
#include "flxlink/push.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/csv_text.h"
#include "src/csv/shopify_rows.h"
#include "src/files/file_replacement.h"

namespace flxlink::csv_channel {

// Neither reads more of the file into memory than a part at a time nor keeps anything of products that are not
// pushed.
//
// Not thread-safe.
class FilePush {
 public:
  // Decides what the items do to the file whose contents are `text`, which must outlive this; `name` stands for the
  // file in messages. Nothing is written.
  //
  // INVALID_ARGUMENT where it is no CSV in Shopify's format. UNAVAILABLE where it cannot be read. CANCELLED: the call
  // was.
  static absl::StatusOr<FilePush> Create(const std::string& name, const csv::CsvText& text, const CellFormat& format,
                                         absl::Span<const PushItem> items, const CallContext& call);

  // One an item, in their order: kApplied, kRejected, kConflict or kNotFound.
  const std::vector<PushOutcome>& outcomes() const { return outcomes_; }

  // Whether any cell's meaning changes.
  bool changes() const { return !edits_.empty(); }

  // Gives the file after the push. ABORTED where the file is not any more what it was.
  absl::Status Write(files::TextSink sink) const;

 private:
  // The row of a variant that is pushed.
  struct Row {
    csv::CsvPosition position;
    csv::CsvPosition product;  // Of its product's first row.
    std::string handle;        // See HandleOf().
    ItemValues values;
    bool is_tracked = true;  // See csv::ShopifyVariant.
    // Those of the fields that cannot be read, and why.
    std::vector<std::pair<SyncField, std::string>> unreadable;
  };
  class OldFile;
  // A record and the number of a cell in it. Records are known by where they begin.
  using CellKey = std::pair<size_t, int>;
  struct Edit {
    size_t record_end = 0;
    std::string value;
  };

  using Edits = std::map<CellKey, Edit>;

  FilePush(const std::string& name, const csv::CsvText& text, const CellFormat& format)
      : name_(name), text_(&text), format_(format) {}

  absl::Status FindRows(absl::Span<const PushItem> items, const CallContext& call);
  Row ReadRow(const csv::ShopifyVariant& variant) const;
  void NoteStatus(const csv::ShopifyVariant& variant);
  void FindDisagreements(absl::Span<const PushItem> items);

  PushOutcome Judge(const PushItem& item) const;
  // nullopt of these: there is nothing against the item.
  absl::optional<PushOutcome> JudgeHandle(const PushItem& item, const Row& row) const;
  absl::optional<PushOutcome> JudgeValues(const PushItem& item) const;
  absl::optional<PushOutcome> JudgeText(SyncField field, int64_t value) const;
  absl::optional<PushOutcome> JudgeFixed(const PushItem& item, const Row& row) const;
  absl::optional<PushOutcome> JudgeStatus(const PushItem& item, const Row& row) const;
  absl::optional<PushOutcome> JudgeReadable(const PushItem& item, const Row& row) const;
  absl::optional<PushOutcome> Compare(const PushItem& item, const Row& row) const;

  void Apply(const PushItem& item);
  std::vector<csv::CsvPosition> TakeRecords(SyncField field, const Row& row);
  std::string CellText(SyncField field, int64_t value) const;
  std::string InTheQuotesOf(absl::string_view cell, absl::string_view value) const;

  absl::StatusOr<std::vector<csv::CsvSpan>> FindCells(size_t begin, size_t end, OldFile* old) const;
  absl::StatusOr<Edits::const_iterator> WriteRecord(Edits::const_iterator edit, OldFile* old,
                                                    files::TextSink sink) const;

  std::string name_;
  const csv::CsvText* text_;
  CellFormat format_;
  char separator_ = ',';
  absl::optional<DecimalMark> mark_;            // Of the numbers in the rows, where any of them shows it.
  absl::optional<VariantCells> cells_;          // When the file was read.
  absl::flat_hash_map<std::string, Row> rows_;  // By external id.
  // By the first row of a product: its variants whose rows say the same status as that one.
  absl::flat_hash_map<size_t, std::vector<csv::CsvPosition>> agreeing_;
  std::set<size_t> disagreeing_;  // The first rows of products whose items want different statuses.
  std::vector<PushOutcome> outcomes_;
  Edits edits_;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_

// A push to a product CSV, in memory: which cells change, and the text that comes of it.

#ifndef FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_
#define FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/money.h"
#include "flxlink/push.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// Not thread-safe.
class FilePush {
 public:
  // Decides what the items do to the file that `reader` stands at the start of. `reader` must outlive this.
  //
  // INVALID_ARGUMENT where the file cannot be read.
  static absl::StatusOr<FilePush> Create(csv::CsvReader* reader, Currency currency, absl::Span<const PushItem> items);

  // One an item, in their order: kApplied, kRejected or kNotFound.
  const std::vector<PushOutcome>& outcomes() const { return outcomes_; }

  // Whether any cell's meaning changes.
  bool changes() const { return !edits_.empty(); }

  // The file after the push.
  std::string Text() const;

 private:
  struct Edit {
    size_t end = 0;
    std::string text;
  };

  FilePush(csv::CsvReader* reader, Currency currency) : reader_(reader), currency_(currency) {}

  absl::Status FindVariants(absl::Span<const PushItem> items);
  void FindDisagreements(absl::Span<const PushItem> items);
  PushOutcome Judge(const PushItem& item) const;
  // nullopt: all of the item's fields but the status can be written.
  absl::optional<PushOutcome> JudgeValues(const PushItem& item) const;
  PushOutcome JudgeStatus(const PushItem& item, const csv::ShopifyVariant& variant) const;
  absl::Status Apply(const PushItem& item);
  // The column of a number; CsvReader::kNoColumn for any other field.
  int ColumnOf(SyncField field) const;
  absl::StatusOr<int64_t> ReadNumber(SyncField field, const csv::ShopifyVariant& variant) const;
  absl::Status ApplyNumbers(const PushItem& item, const csv::ShopifyVariant& variant);
  void ApplyStatus(ChannelStatus value, const csv::ShopifyVariant& variant);
  void Put(const csv::CsvSpan& cell, bool says_it_already, absl::string_view value);

  csv::CsvReader* reader_;
  Currency currency_;
  csv::ShopifyColumns columns_;
  StatusWords words_ = StatusWords::kNone;
  absl::flat_hash_map<std::string, csv::ShopifyVariant> variants_;  // Those that are pushed, by external id.
  absl::flat_hash_set<size_t> disagreeing_;  // The first rows of products whose items want different statuses.
  std::vector<PushOutcome> outcomes_;
  std::map<size_t, Edit> edits_;  // By where the cell begins.
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_FILE_PUSH_H_

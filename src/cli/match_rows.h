// The rows that `flxlink match` prints.

#ifndef FLXLINK_CLI_MATCH_ROWS_H_
#define FLXLINK_CLI_MATCH_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "src/cli/output.h"

namespace flxlink::cli {

// What rows are printed from. All of it must outlive the sink.
struct MatchNames {
  const CsvCatalog* listings = nullptr;
  const CsvCatalog* channel = nullptr;
  const CsvLinks* links = nullptr;
};

// Prints one CSV row per listing variant, under a header. Rows are put into text on all threads, while the text of the
// rows before them is being written.
class MatchCsvSink : public LinkSink {
 public:
  MatchCsvSink(const MatchNames& names, Executor* executor, Output* output)
      : names_(names), executor_(executor), output_(output) {}
  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> details) override;
  // Prints the rest.
  absl::Status Finish();

 private:
  absl::Status PrintWaiting();
  absl::Status WriteTexts();

  MatchNames names_;
  Executor* executor_;
  Output* output_;
  // Rows that have not been put into text yet.
  int64_t waiting_base_ = 0;
  std::vector<LinkOutcome> waiting_;
  // What has not been written yet, in order, and strings that lend it their memory.
  std::vector<std::string> texts_{std::string("listing_id,state,channel_id,rule,reason\n")};
  std::vector<std::string> spare_texts_;
};

// Prints one array of objects, one object per listing variant and line. Wants details.
class MatchJsonSink : public LinkSink {
 public:
  MatchJsonSink(const MatchNames& names, Output* output) : names_(names), output_(output) {}
  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> details) override;
  absl::Status Finish();

 private:
  MatchNames names_;
  Output* output_;
  bool begun_ = false;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_CLI_MATCH_ROWS_H_

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
#include "flxlink/linker.h"
#include "src/cli/output.h"

namespace flxlink {

// What rows are printed from. All of it must outlive the sink.
struct MatchNames {
  const CsvCatalog* listings = nullptr;
  const CsvCatalog* channel = nullptr;
  const CsvLinks* links = nullptr;
};

// Prints one CSV row per listing variant, under a header.
class MatchCsvSink : public LinkSink {
 public:
  MatchCsvSink(const MatchNames& names, Output* output) : names_(names), output_(output) {}
  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> details) override;
  // Prints what comes after the last row.
  absl::Status Finish();

 private:
  absl::Status Begin();

  MatchNames names_;
  Output* output_;
  bool begun_ = false;
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

}  // namespace flxlink

#endif  // FLXLINK_CLI_MATCH_ROWS_H_

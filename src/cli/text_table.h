// A table for people: columns of text, aligned with spaces.

#ifndef FLXLINK_SRC_CLI_TEXT_TABLE_H_
#define FLXLINK_SRC_CLI_TEXT_TABLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/cli/output.h"

namespace flxlink::cli {

// Printed on standard output in parts, so that a long table needs no memory; columns may widen from part to part.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);

  // As many cells as the header has.
  absl::Status AddRow(std::vector<std::string> cells);
  // Prints what is left. A table without rows is its header.
  absl::Status Finish();

 private:
  absl::Status WriteRows();

  std::unique_ptr<Output> output_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;  // In characters.
};

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_TEXT_TABLE_H_

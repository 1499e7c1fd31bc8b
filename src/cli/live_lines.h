// Lines on standard output that are shown anew in their place.

#ifndef FLXLINK_SRC_CLI_LIVE_LINES_H_
#define FLXLINK_SRC_CLI_LIVE_LINES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::cli {

// Shows nothing where standard output is no terminal; what is kept is printed all the same. Errors of writing are
// returned. Not thread-safe.
class LiveLines {
 public:
  LiveLines();
  // What is shown stays; a program ends with the last thing that it said.
  ~LiveLines() = default;

  bool on_terminal() const { return on_terminal_; }

  // Puts these in place of what is shown: as many as the terminal has room for, each cut at its width, and how many
  // more there are.
  absl::Status Show(const std::vector<std::string>& lines);
  // Prints a line for good, above what is shown next.
  absl::Status Keep(absl::string_view line);

 private:
  // What takes away all that is shown.
  std::string Erase();

  const bool on_terminal_;
  size_t shown_ = 0;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_LIVE_LINES_H_

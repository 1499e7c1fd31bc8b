#include "src/cli/confirm.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/ascii.h"
#include "src/cli/print.h"

namespace flxlink::cli {

absl::Status Confirm(absl::string_view question) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) return absl::OkStatus();
  std::fprintf(stderr, "%s? [y/N] ", OneLine(question).c_str());
  std::string answer;
  std::getline(std::cin, answer);
  absl::AsciiStrToLower(&answer);
  if (answer == "y" || answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was done; to go on without being asked: --yes");
}

}  // namespace flxlink::cli

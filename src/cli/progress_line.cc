#include "src/cli/progress_line.h"

#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace flxlink::cli {
namespace {

constexpr absl::Duration kShortest = absl::Milliseconds(100);

// Back to the line's start, and clear it to its end.
constexpr absl::string_view kClear = "\r\x1b[K";

void WriteToTerminal(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressLine::ProgressLine() : on_terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::Show(absl::string_view text) {
  if (!on_terminal_) return;
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (now - shown_at_ < kShortest) return;
  shown_at_ = now;
  visible_ = true;
  WriteToTerminal(absl::StrCat(kClear, text));
}

void ProgressLine::Erase() {
  absl::MutexLock lock(&mutex_);
  if (visible_) WriteToTerminal(std::string(kClear));
  visible_ = false;
}

}  // namespace flxlink::cli

// One line on standard error that tells a person at a terminal how far long work has come.

#ifndef FLXLINK_SRC_CLI_PROGRESS_LINE_H_
#define FLXLINK_SRC_CLI_PROGRESS_LINE_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace flxlink::cli {

// Shows nothing where standard error is not a terminal. Thread-safe.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { Erase(); }

  // Puts `text` in the line's place. Texts that come faster than a person reads are left out.
  void Show(absl::string_view text);
  // Takes the line away, before anything else is written.
  void Erase();

 private:
  const bool on_terminal_;
  absl::Mutex mutex_;
  absl::Time shown_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool visible_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_PROGRESS_LINE_H_

// What the engine tells while it works, for a person: progress on the progress line, trouble on standard error.

#ifndef FLXLINK_SRC_CLI_EVENT_PRINTER_H_
#define FLXLINK_SRC_CLI_EVENT_PRINTER_H_

#include <memory>
#include <thread>

#include "flxlink/event.h"
#include "src/cli/progress_line.h"

namespace flxlink::cli {

class EventPrinter {
 public:
  // Prints on a thread of its own. `line` must outlive it.
  EventPrinter(std::unique_ptr<EventStream> stream, ProgressLine& line);
  // Prints what was told since, which is little: the engine should be gone.
  ~EventPrinter() { Finish(); }

  // Prints what was told so far and takes the progress line away, before anything else is printed.
  void Finish();

 private:
  void PrintUntilEnd(const Call& call);
  void Print(const Event& event);

  const std::unique_ptr<EventStream> stream_;
  ProgressLine& line_;
  Cancellation finish_;
  std::thread thread_;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_EVENT_PRINTER_H_

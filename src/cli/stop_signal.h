// SIGINT and SIGTERM as a wish to stop: what runs yields, and goes on the next time.

#ifndef FLXLINK_SRC_CLI_STOP_SIGNAL_H_
#define FLXLINK_SRC_CLI_STOP_SIGNAL_H_

#include "absl/strings/string_view.h"
#include "flxlink/call.h"

namespace flxlink::cli {

// From here on the first SIGINT or SIGTERM asks to stop; a second one ends the program as it always does.
void CatchStopSignals();

// A call that ends when it is asked to stop.
Call UntilStopped();
bool IsStopping();

// "SIGINT" or "SIGTERM"; once it is asked to stop.
absl::string_view StopSignal();

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_STOP_SIGNAL_H_

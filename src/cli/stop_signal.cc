#include "src/cli/stop_signal.h"

#include <atomic>
#include <csignal>

#include "absl/time/time.h"

namespace flxlink::cli {
namespace {

// The signal that asked to stop. 0: none yet.
std::atomic<int> stop_signal{0};
Cancellation cancellation;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler writes them");

void AskToStop(int signal) {
  stop_signal.store(signal);
  cancellation.Cancel();
}

}  // namespace

void CatchStopSignals() {
  struct sigaction action {};
  action.sa_handler = &AskToStop;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Call UntilStopped() { return {absl::InfiniteFuture(), &cancellation}; }

bool IsStopping() { return cancellation.cancelled(); }

absl::string_view StopSignal() { return stop_signal.load() == SIGINT ? "SIGINT" : "SIGTERM"; }

}  // namespace flxlink::cli

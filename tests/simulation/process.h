// A process: what its clock, storage and adapters have in common, from its start to its death.

#ifndef FLXLINK_TESTS_SIMULATION_PROCESS_H_
#define FLXLINK_TESTS_SIMULATION_PROCESS_H_

#include <vector>

#include "absl/time/time.h"
#include "flxlink/clock.h"
#include "flxlink/job.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {

struct Process {
  // How far its clock is ahead of the true time.
  absl::Duration ahead;
  // From then on nothing that it does reaches anybody.
  bool dead = false;
  // Those that it opened.
  std::vector<OwnerId> owners;
};

// The true time, or that of a process. One that is dead holds nobody up: only its own time passes while it sleeps.
class SimClock : public Clock {
 public:
  explicit SimClock(Scheduler& scheduler, Process* process = nullptr) : scheduler_(scheduler), process_(process) {}

  absl::Time Now() const override {
    return scheduler_.now() + (process_ == nullptr ? absl::ZeroDuration() : process_->ahead);
  }
  void Sleep(absl::Duration duration) override {
    if (process_ == nullptr || !process_->dead) return scheduler_.Sleep(duration);
    process_->ahead += duration;
    scheduler_.Point("winds down");
  }

 private:
  Scheduler& scheduler_;
  Process* const process_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_PROCESS_H_

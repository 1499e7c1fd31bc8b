// A process: what its clock, storage and adapters have in common, from its start to its death.

#ifndef FLXLINK_TESTS_SIMULATION_PROCESS_H_
#define FLXLINK_TESTS_SIMULATION_PROCESS_H_

#include <vector>

#include "absl/time/time.h"
#include "flxlink/bell.h"
#include "flxlink/call.h"
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
  // What wakes its threads: other processes hear nothing of it.
  Bell bell;
  // It is asked to end.
  Cancellation stop;
  // It lives, and was taken for dead: it ends as soon as its jobs have.
  bool given_up = false;
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
    WindDown(duration);
  }
  void SleepUnless(const Bell& bell, uint64_t heard, absl::Duration duration) override {
    if (process_ == nullptr || !process_->dead) return scheduler_.SleepUnless(bell, heard, duration);
    WindDown(duration);
  }

 private:
  void WindDown(absl::Duration duration) {
    process_->ahead += duration;
    scheduler_.Point("winds down");
  }

  Scheduler& scheduler_;
  Process* const process_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_PROCESS_H_

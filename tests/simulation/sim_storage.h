// The store as one process reaches it: each operation is a point before it and, if it may change something, one after
// it, at both of which the process may die; it may be away, its answer may get lost, and it may take long.

#ifndef FLXLINK_TESTS_SIMULATION_SIM_STORAGE_H_
#define FLXLINK_TESTS_SIMULATION_SIM_STORAGE_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/forwarding_storage.h"
#include "tests/simulation/process.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {

// Of an operation; probabilities.
struct ProcessFaults {
  double unavailable = 0;
  double answer_lost = 0;
  double crash = 0;
  double long_sleep = 0;
  // How long such a sleep is at the most.
  absl::Duration longest_sleep = absl::Seconds(30);
};

class SimStorage : public ForwardingStorage {
 public:
  // All of them must outlive it. `die` kills the process.
  SimStorage(Storage& inner, Scheduler& scheduler, Process& process, const ProcessFaults& faults,
             std::function<void()> die)
      : ForwardingStorage(inner), scheduler_(scheduler), process_(process), faults_(faults), die_(std::move(die)) {}

  absl::StatusOr<OwnerId> OpenOwner() override;
  Bell& work_bell() override { return process_.bell; }

 protected:
  absl::Status Before(absl::string_view operation) override;
  absl::Status After(absl::string_view operation, const absl::Status& status) override;

 private:
  // A point at which the process may sleep or die; UNAVAILABLE where it is dead.
  absl::Status Survive(absl::string_view what);

  Scheduler& scheduler_;
  Process& process_;
  const ProcessFaults& faults_;
  const std::function<void()> die_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_SIM_STORAGE_H_

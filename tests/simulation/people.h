// The people of a world: who states products, who asks for jobs and changes things in flxlink, and who changes things
// on the platforms.

#ifndef FLXLINK_TESTS_SIMULATION_PEOPLE_H_
#define FLXLINK_TESTS_SIMULATION_PEOPLE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/engine.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/shop.h"

namespace flxlink::simulation {

class People {
 public:
  // All of them must outlive it. `office`: by which they work.
  People(Scheduler& scheduler, Oracles& oracles, std::vector<std::unique_ptr<Shop>>& shops, Engine& office)
      : scheduler_(scheduler),
        oracles_(oracles),
        shops_(shops),
        office_(office),
        pace_(absl::Milliseconds(200) * (1 << (2 * scheduler.Choose(4)))) {}

  // -- Actors.

  void BeMerchant();
  void BePerson();
  // On the platforms.
  void BeCustomer();

  // -- What others do as they do.

  // Lets up to so many of their paces pass. False: there is nothing to be done any more.
  bool Pause(int64_t paces);
  Shop& AnyShop() { return *shops_[scheduler_.Choose(shops_.size())]; }
  void WriteProducts(const std::set<uint64_t>& numbers);
  JobRequest ChooseRequest();
  // By any engine; the job that was told.
  absl::StatusOr<int64_t> Ask(const Shop& shop, const JobRequest& request, Engine& engine);
  // Of all shops.
  void AskFor(JobKind kind, bool full = false);
  // All that the circuit breaker holds. False: nothing is held.
  bool ApproveHeldChanges();
  void PutRight();

 private:
  // What people ask for is refused only where the store is in trouble.
  void CheckOnlyTrouble(const absl::Status& status);
  void Ask(const Shop& shop, const JobRequest& request) { Ask(shop, request, office_).IgnoreError(); }
  // Whether a channel allows few changes. There prices are changed by far, too, and a person decides on what is held.
  bool AnyIsCautious() const;
  // The jobs that held something which waits still.
  std::vector<int64_t> HoldingJobs();
  void DecideOnSome();
  void DoSomething(Shop& shop);
  void ChangeJob(int64_t job_id);
  void SyncPrices(const Shop& shop, bool on);
  void EditListing(const Shop& shop);
  void ChangeItem(Shop& shop);
  void AddItem(Shop& shop, uint64_t number);
  void RemoveItem(Shop& shop, uint64_t number);

  Scheduler& scheduler_;
  Oracles& oracles_;
  std::vector<std::unique_ptr<Shop>>& shops_;
  Engine& office_;
  const absl::Duration pace_;
  // Jobs that they know.
  std::vector<int64_t> jobs_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_PEOPLE_H_

// SimulatedPeople: who works on the simulated platform beside flxlink: shoppers buy, and colleagues edit, remove and
// add items.
//
// Not thread-safe.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PEOPLE_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PEOPLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/simulated_channel.h"
#include "src/channels/simulated/simulated_chance.h"
#include "src/channels/simulated/simulated_items.h"

namespace flxlink::internal {
class SimulatedPeopleRecord;
}

namespace flxlink::simulated {

class SimulatedPeople {
 public:
  // All three must outlive this.
  SimulatedPeople(const SimulatedOptions& options, SimulatedItems& items, SimulatedChance& chance)
      : options_(options), items_(items), chance_(chance) {}

  // What they do before a call, at the rates of `faults`.
  void Act(const SimulatedFaults& faults, absl::Time now);

  // Everything but the deeds, for Restore() of a new one.
  void Save(internal::SimulatedPeopleRecord* record) const;
  void Restore(const internal::SimulatedPeopleRecord& record);

  const std::vector<SimulatedDeed>& deeds() const { return deeds_; }

 private:
  void Edit(absl::Time now);
  void EditPrice(const SimulatedItem& item, absl::Time now);
  void EditQuantity(const SimulatedItem& item, absl::Time now);
  void EditStatus(const SimulatedItem& item, absl::Time now);
  void EditTitle(const SimulatedItem& item, absl::Time now);
  void Sell(absl::Time now);
  void SellStock(const SimulatedItem& item, absl::Time now);
  void SellQuantity(const SimulatedItem& item, absl::Time now);
  void Remove(absl::Time now);
  void Reuse(absl::Time now);

  // nullptr: there is none.
  const SimulatedItem* AnyItem();
  template <typename T>
  const T& AnyOf(const std::vector<T>& all) {
    return all[chance_.Below(all.size())];
  }
  int64_t NumberBelow(uint64_t end) { return static_cast<int64_t>(chance_.Below(end)); }
  void Set(SimulatedDeed::Kind kind, const SimulatedItem& item, const SimulatedPlace& place, const ItemValues& values,
           absl::Time now);

  const SimulatedOptions& options_;
  SimulatedItems& items_;
  SimulatedChance& chance_;
  std::vector<SimulatedDeed> deeds_;
  std::vector<SimulatedItem> removed_;  // By them, and not used again yet.
  int64_t reuses_ = 0;
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PEOPLE_H_

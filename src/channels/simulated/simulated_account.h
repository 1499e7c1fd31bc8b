// SimulatedAccount: what the simulated platform counts of the calls that are made to it.
//
// Not thread-safe.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ACCOUNT_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ACCOUNT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "flxlink/account.h"

namespace flxlink::internal {
class SimulatedAccountRecord;
}

namespace flxlink::simulated {

class SimulatedAccount {
 public:
  // `account` must outlive this. Its buckets are full at `now`.
  SimulatedAccount(const Account& account, absl::Time now);

  // Takes the tokens of a call with that many items. RESOURCE_EXHAUSTED with the RetryAfter that is needed: there are
  // not enough, and none was taken.
  absl::Status TakeTokens(const CallCost& cost, int64_t items, absl::Time now);

  // Takes a slot for a call. False: none is free.
  bool TakeSlot(const CallCost& cost);
  // Gives back what TakeSlot took.
  void FreeSlot(const CallCost& cost);

  // The tokens that are left, for Restore() of a new one.
  void Save(internal::SimulatedAccountRecord* record) const;
  void Restore(const internal::SimulatedAccountRecord& record);

 private:
  struct Tokens {
    double left = 0;
    absl::Time at;
  };

  const Account& account_;
  std::map<std::string, Tokens> tokens_;          // By bucket.
  std::map<std::string, int64_t> calls_at_once_;  // By sort of slots.
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ACCOUNT_H_

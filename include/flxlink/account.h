// Accounts: what a platform counts of the calls that are made with one login, over all channels and jobs that use it.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_ACCOUNT_H_
#define FLXLINK_ACCOUNT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"

namespace flxlink {

// A token bucket: calls take tokens from it, and it refills with time.
struct Bucket {
  std::string name;
  // Tokens that may be saved up. 0: calls are not counted.
  double size = 0;
  double refill_per_second = 0;
};

// What a platform says about a bucket, in the answer to a call: it counts more than what was declared and counted.
struct BucketLevel {
  // Bucket::name.
  std::string name;
  // Tokens that were left after the call, whatever it cost: where it cost less than was declared, the rest is there for
  // others. Not stated: not said. The platform may not have counted other calls yet that were under way meanwhile, so
  // that of what is left their declared cost is not relied on.
  absl::optional<double> left;
  // What the bucket holds and gets from now on, for all channels of the account, in the place of Bucket::size and
  // refill_per_second (a shop on another plan, say). Not stated, or not above 0: as before.
  absl::optional<double> size;
  absl::optional<double> refill_per_second;
};

// How many calls of a sort the platform takes at the same time.
struct CallSlots {
  std::string name;
  // At least 1.
  int64_t most = 1;
};

// What a call takes of its account.
struct CallCost {
  // The bucket's name. Empty: no tokens.
  std::string bucket;
  // Tokens of a call, and of each of its items on top. A call that costs more than the bucket's size waits until the
  // bucket is full.
  double base = 1;
  double per_item = 0;
  // The name of the slots of which a call holds one while it is under way. Empty: none.
  std::string slots;
};

// The login that an adapter uses, with the limits that the platform sets to it. All channels of a process whose
// adapters name the same account share what is counted, over jobs and engines.
//
// What people and small jobs wait for comes first; long reads (whole pulls, full syncs) get the tokens that are left,
// and every tenth at the least. Where the platform does not take a call because there were too many (it is throttled),
// no call that takes of the same bucket is made until the time that it says has passed.
struct Account {
  // Made by the adapter of its settings (the shop's address, say); never a secret. Two adapters of one name in the
  // registry that say the same share the account. Empty: the channel has one of its own.
  std::string name;
  std::vector<Bucket> buckets;
  std::vector<CallSlots> slots;
};

}  // namespace flxlink

#endif  // FLXLINK_ACCOUNT_H_

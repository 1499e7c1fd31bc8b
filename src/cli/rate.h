// How fast something goes on, by how far it was when.

#ifndef FLXLINK_SRC_CLI_RATE_H_
#define FLXLINK_SRC_CLI_RATE_H_

#include <cstdint>
#include <deque>
#include <string>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace flxlink::cli {

// Pure: it knows no clock but the times that it is given. Not thread-safe.
class Rate {
 public:
  // So much was done by `now`. Less than before, or at an earlier time: it began anew, or a clock was set.
  void Add(absl::Time now, int64_t done);

  // Items a second, over the last half minute or, where that saw less than two steps, since the last step but one. It
  // falls while nothing is done. nullopt: nothing was done yet, or no second has passed.
  absl::optional<double> PerSecond() const;

  // How long so many more take at this rate. nullopt: nobody knows.
  absl::optional<absl::Duration> TimeFor(int64_t left) const;

 private:
  struct Step {
    absl::Time at;
    int64_t done;
  };

  std::deque<Step> steps_;  // The first is where the rate is counted from; each further one did more.
  absl::Time now_;
};

// "3,980/s, about 2 min left"; "0.4/s" where what is left is not known; "" where the rate is not.
std::string DescribeRate(const Rate& rate, absl::optional<int64_t> left);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_RATE_H_

// The numbers of a product CSV that can be read in two ways, of which is told once for the file.

#ifndef FLXLINK_SRC_CHANNELS_CSV_UNCLEAR_NUMBERS_H_
#define FLXLINK_SRC_CHANNELS_CSV_UNCLEAR_NUMBERS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "flxlink/problem.h"

namespace flxlink::csv_channel {

// Not thread-safe.
class UnclearNumbers {
 public:
  // What reading the next variant came to, whatever that is (VariantCells::ReadValues).
  void Add(const absl::Status& status);

  // What is told of each variant with such a number: the first one's problem, and how many more there are. Empty: there
  // are none.
  Problem Told() const;

 private:
  Problem first_;
  int64_t variants_ = 0;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_UNCLEAR_NUMBERS_H_

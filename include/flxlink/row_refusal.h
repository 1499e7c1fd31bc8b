// Refusals of rows: an odd value is its row's problem and never its batch's.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_ROW_REFUSAL_H_
#define FLXLINK_ROW_REFUSAL_H_

#include <cstdint>

#include "flxlink/problem.h"

namespace flxlink {

// A row that was not kept, and why. All rows without one were.
struct RowRefusal {
  // The row's number in the batch that was given, from 0.
  int64_t row = 0;
  Problem problem;

  friend bool operator==(const RowRefusal& a, const RowRefusal& b) { return a.row == b.row && a.problem == b.problem; }
};

}  // namespace flxlink

#endif  // FLXLINK_ROW_REFUSAL_H_

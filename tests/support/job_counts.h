// What a job counted, as tests ask for it.

#ifndef FLXLINK_TESTS_SUPPORT_JOB_COUNTS_H_
#define FLXLINK_TESTS_SUPPORT_JOB_COUNTS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "flxlink/job.h"

namespace flxlink {

// The job's count of that name; 0 where it counted nothing of it.
inline int64_t CountOf(const Job& job, absl::string_view name) {
  for (const auto& [key, value] : job.counts) {
    if (key == name) return value;
  }
  return 0;
}

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_JOB_COUNTS_H_

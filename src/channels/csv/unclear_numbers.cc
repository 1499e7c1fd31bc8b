#include "src/channels/csv/unclear_numbers.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace flxlink::csv_channel {

void UnclearNumbers::Add(const absl::Status& status) {
  Problem problem = ProblemFrom(status);
  if (problem.code != problem_code::kUnclearNumbers) return;
  if (variants_ == 0) first_ = std::move(problem);
  ++variants_;
}

Problem UnclearNumbers::Told() const {
  Problem told = first_;
  if (variants_ < 2) return told;
  const int64_t more = variants_ - 1;
  told.args.push_back({"more", absl::StrCat(more)});
  absl::StrAppend(&told.message, "; further variants with such numbers: ", more);
  return told;
}

}  // namespace flxlink::csv_channel

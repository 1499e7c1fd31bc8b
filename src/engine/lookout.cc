#include "src/engine/lookout.h"

#include <algorithm>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

// Whatever the options say, so that time passes.
constexpr absl::Duration kShortestSleep = absl::Milliseconds(1);

}  // namespace

void Lookout::Begin() {
  heard_ = options_.storage->work_bell().rings();
  number_ = ReadNumber();
}

void Lookout::Sleep(absl::Duration duration) const {
  const absl::Duration slice = std::max(std::min(duration, options_.poll_interval), kShortestSleep);
  options_.clock->SleepUnless(options_.storage->work_bell(), heard_, slice);
}

bool Lookout::HasChanged() const {
  if (was_rung()) return true;
  const absl::optional<uint64_t> number = ReadNumber();
  return !number.has_value() || number != number_;
}

absl::optional<uint64_t> Lookout::ReadNumber() const {
  const absl::StatusOr<uint64_t> number = options_.storage->ReadWorkNumber();
  if (!number.ok()) return absl::nullopt;
  return *number;
}

}  // namespace flxlink::engine

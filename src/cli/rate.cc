#include "src/cli/rate.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "src/cli/digits.h"

namespace flxlink::cli {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(30);
// What is seen of a shorter time is chance.
constexpr absl::Duration kShortest = absl::Seconds(1);
// Longer than anybody waits for; nor is a Duration of any rate's.
constexpr double kMostSeconds = 1e9;

std::string FormatPerSecond(double per_second) {
  return per_second < 10 ? absl::StrFormat("%.1f/s", per_second)
                         : absl::StrCat(GroupDigits(std::llround(per_second)), "/s");
}

// No more exact than it can be known.
std::string FormatTimeLeft(absl::Duration left) {
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(left, absl::Seconds(1)));
  if (seconds < 60) return absl::StrCat(seconds, " s");
  const int64_t minutes = (seconds + 59) / 60;
  if (minutes < 60) return absl::StrCat(minutes, " min");
  return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
}

}  // namespace

void Rate::Add(absl::Time now, int64_t done) {
  if (!steps_.empty() && (now < now_ || done < steps_.back().done)) steps_.clear();
  if (steps_.empty() || done > steps_.back().done) steps_.push_back({now, done});
  now_ = now;
  while (steps_.size() > 2 && steps_[1].at <= now - kWindow) steps_.pop_front();
}

absl::optional<double> Rate::PerSecond() const {
  if (steps_.size() < 2 || now_ - steps_.front().at < kShortest) return absl::nullopt;
  const auto done = static_cast<double>(steps_.back().done - steps_.front().done);
  return done / absl::ToDoubleSeconds(now_ - steps_.front().at);
}

absl::optional<absl::Duration> Rate::TimeFor(int64_t left) const {
  const absl::optional<double> per_second = PerSecond();
  if (!per_second.has_value()) return absl::nullopt;
  const double seconds = static_cast<double>(left) / *per_second;
  if (seconds > kMostSeconds) return absl::nullopt;
  return absl::Seconds(seconds);
}

std::string DescribeRate(const Rate& rate, absl::optional<int64_t> left) {
  const absl::optional<double> per_second = rate.PerSecond();
  if (!per_second.has_value()) return "";
  const absl::optional<absl::Duration> time = left.has_value() ? rate.TimeFor(*left) : absl::nullopt;
  return absl::StrCat(FormatPerSecond(*per_second),
                      time.has_value() ? absl::StrCat(", about ", FormatTimeLeft(*time), " left") : "");
}

}  // namespace flxlink::cli

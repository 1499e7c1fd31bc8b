#include "flxlink/breaker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace flxlink {
namespace {

constexpr int64_t kMostAllowed = 2000;
constexpr int64_t kAllowedShare = 5;  // One in so many links.

constexpr HeldChange::State kHeldStates[] = {HeldChange::State::kHeld, HeldChange::State::kApproved,
                                             HeldChange::State::kRefused, HeldChange::State::kBefore};

absl::Status LimitError(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("limit '", text, "': ", why));
}

std::string KindNames() {
  std::vector<absl::string_view> names;
  for (const ChangeKind kind : kChangeKinds) names.push_back(ToString(kind));
  return absl::StrJoin(names, ", ");
}

// Rounded down; no product of the two is computed that does not fit.
int64_t ShareOf(int64_t links, int64_t percent) { return links / 100 * percent + links % 100 * percent / 100; }

}  // namespace

absl::string_view ToString(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kReprice:
      return "reprice";
    case ChangeKind::kHide:
      return "hide";
    case ChangeKind::kShow:
      return "show";
    case ChangeKind::kZero:
      return "zero";
    case ChangeKind::kBreak:
      return "break";
    case ChangeKind::kUnlink:
      return "unlink";
  }
  return "unknown";
}

bool IsOfLink(ChangeKind kind) { return kind == ChangeKind::kBreak || kind == ChangeKind::kUnlink; }

absl::string_view HeldCode(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kReprice:
      return problem_code::kRepriceHeld;
    case ChangeKind::kHide:
      return problem_code::kHideHeld;
    case ChangeKind::kShow:
      return problem_code::kShowHeld;
    case ChangeKind::kZero:
      return problem_code::kZeroHeld;
    case ChangeKind::kBreak:
      return problem_code::kBreakHeld;
    case ChangeKind::kUnlink:
      return problem_code::kUnlinkHeld;
  }
  return "";
}

absl::optional<ChangeKind> ParseChangeKind(absl::string_view text) {
  for (const ChangeKind kind : kChangeKinds) {
    if (text == ToString(kind)) return kind;
  }
  return absl::nullopt;
}

ChangeCounts& ChangeCounts::operator+=(const ChangeCounts& other) {
  for (const ChangeKind kind : kChangeKinds) (*this)[kind] += other[kind];
  return *this;
}

bool ChangeCounts::empty() const { return *this == ChangeCounts(); }

absl::StatusOr<ChangeLimit> ParseChangeLimit(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '=');
  if (parts.size() != 2) return LimitError(text, "give a kind and a limit, such as reprice=20 or reprice=5%");
  const absl::optional<ChangeKind> kind = ParseChangeKind(parts[0]);
  if (!kind.has_value()) return LimitError(text, absl::StrCat("'", parts[0], "' is none of ", KindNames()));
  ChangeLimit limit;
  limit.kind = *kind;
  absl::string_view amount = parts[1];
  limit.is_percent = absl::EndsWith(amount, "%");
  if (limit.is_percent) amount.remove_suffix(1);
  if (!absl::SimpleAtoi(amount, &limit.amount) || limit.amount < 0 || (limit.is_percent && limit.amount > 100)) {
    return LimitError(text, "give a number from 0, or a share from 0% to 100%");
  }
  return limit;
}

std::string FormatChangeLimit(const ChangeLimit& limit) {
  return absl::StrCat(ToString(limit.kind), "=", limit.amount, limit.is_percent ? "%" : "");
}

int64_t AllowedChanges(absl::Span<const ChangeLimit> limits, ChangeKind kind, int64_t links) {
  for (const ChangeLimit& limit : limits) {
    if (limit.kind == kind) return limit.is_percent ? ShareOf(links, limit.amount) : limit.amount;
  }
  return std::min(std::max(kLeastAllowed, links / kAllowedShare), kMostAllowed);
}

absl::string_view ToString(HeldChange::State state) {
  switch (state) {
    case HeldChange::State::kHeld:
      return "held";
    case HeldChange::State::kApproved:
      return "approved";
    case HeldChange::State::kRefused:
      return "refused";
    case HeldChange::State::kBefore:
      return "before";
  }
  return "unknown";
}

absl::optional<HeldChange::State> ParseHeldState(absl::string_view text) {
  for (const HeldChange::State state : kHeldStates) {
    if (text == ToString(state)) return state;
  }
  return absl::nullopt;
}

}  // namespace flxlink

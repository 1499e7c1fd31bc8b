#include "src/sync/held_changes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "flxlink/money.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink::sync {
namespace {

// What the channel has, as far as is known: what it acknowledged, else what was seen.
int64_t KnownValue(SyncField field, const SyncRow& row) {
  const int64_t acknowledged = row.acknowledged.Get(field);
  return acknowledged != kAbsent ? acknowledged : row.seen.Get(field);
}

// Neither number is below 0, so that no difference overflows.
bool IsReprice(int64_t known, int64_t desired) {
  if (known == kAbsent || known <= 0 || desired == kAbsent) return false;
  return desired > known ? desired - known > known : known - desired > desired;
}

// Nobody stated what the listing variant is to show: a rule or a feed that lost its product did.
bool IsStatedByNobody(const SyncRow& row) {
  return row.product_removed ? row.product_absent : row.status.author == StatusAuthor::kRule;
}

absl::optional<ChangeKind> KindOfStatus(const SyncRow& row, ChannelStatus desired) {
  if (!IsStatedByNobody(row) || KnownValue(SyncField::kStatus, row) == static_cast<int64_t>(desired)) {
    return absl::nullopt;
  }
  if (desired == ChannelStatus::kHidden) return ChangeKind::kHide;
  return desired == ChannelStatus::kListed ? absl::make_optional(ChangeKind::kShow) : absl::nullopt;
}

// Where quantities hide, a status that is pending is a change of the quantity.
absl::optional<ChangeKind> KindOfQuantity(const SyncRow& row, int64_t desired, const SyncPolicy& policy) {
  const int64_t known = KnownValue(SyncField::kQuantity, row);
  if (desired == 0 && row.product_absent && known != 0) return ChangeKind::kZero;
  const bool is_pending = PendingOf(row.status, row.product_removed) != PendingChange::kNone;
  if (!policy.hides_by_quantity || !is_pending || !IsStatedByNobody(row)) return absl::nullopt;
  if (IsHiddenByQuantity(row, policy)) return known == 0 ? absl::nullopt : absl::make_optional(ChangeKind::kHide);
  return desired > 0 ? absl::make_optional(ChangeKind::kShow) : absl::nullopt;
}

std::string TextOf(SyncField field, int64_t value, const SyncPolicy& policy) {
  if (value == kAbsent) return "none";
  if (field == SyncField::kPrice) return FormatMoney({value, policy.currency});
  if (field == SyncField::kStatus) return std::string(ToString(static_cast<ChannelStatus>(value)));
  return absl::StrCat(value);
}

Problem HeldProblem(const HeldChange& change, const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy) {
  const std::string field(ToString(change.field));
  const std::string known = TextOf(change.field, KnownValue(change.field, row), policy);
  const std::string value = TextOf(change.field, desired.Get(change.field), policy);
  return MakeProblem(
      HeldCode(change.kind),
      {{"job", absl::StrCat(change.job_id)}, {"field", field}, {"known", known}, {"value", value}},
      absl::StrCat("the ", field, " is to change from ", known, " to ", value, "; job ", change.job_id,
                   " was to make more such changes than the channel allows, so that it waits for approval"));
}

// Judges one link.
class Judge {
 public:
  Judge(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy, const Breaker& breaker)
      : row_(row), desired_(desired), policy_(policy), breaker_(breaker) {}

  BreakerDecision Run(const SyncFields& send) {
    KeepBefore();
    KeepDecided(send);
    for (const SyncField field : kSyncFields) {
      if (send.Has(field)) JudgeField(field);
    }
    return std::move(decision_);
  }

 private:
  uint64_t DigestOf(SyncField field, const ItemValues& values) const { return ValueDigest(ToString(field), values); }

  void KeepBefore() {
    for (const HeldChange& change : row_.held) {
      const bool stands =
          change.state == HeldChange::State::kBefore && change.digest != DigestOf(change.field, row_.acknowledged);
      if (stands) decision_.held.Mutable().push_back(change);
    }
  }

  // Of a field that something else keeps back for now. What becomes of the link itself is decided by looks at the item.
  void KeepDecided(const SyncFields& send) {
    for (const HeldChange& change : row_.held) {
      if (IsOfLink(change.kind)) decision_.held.Mutable().push_back(change);
      if (IsOfLink(change.kind)) continue;
      if (change.state == HeldChange::State::kBefore || send.Has(change.field)) continue;
      if (!policy_.fields.Has(change.field)) continue;
      const uint64_t desired = DigestOf(change.field, desired_);
      if (change.digest != desired || desired == DigestOf(change.field, row_.acknowledged)) continue;
      decision_.held.Mutable().push_back(change);
      if (change.state == HeldChange::State::kHeld) decision_.attentions.push_back(change.problem);
    }
  }

  const HeldChange* Find(SyncField field, ChangeKind kind, HeldChange::State state) const {
    const auto found = std::find_if(row_.held.begin(), row_.held.end(), [&](const HeldChange& change) {
      return change.field == field && change.kind == kind && change.state == state;
    });
    return found == row_.held.end() ? nullptr : &*found;
  }

  void JudgeField(SyncField field) {
    const absl::optional<ChangeKind> kind = KindOfChange(field, row_, desired_, policy_);
    if (!kind.has_value()) return;
    const uint64_t digest = DigestOf(field, desired_);
    const auto is_that = [&](HeldChange::State state) {
      const HeldChange* change = Find(field, *kind, state);
      return change != nullptr && change->digest == digest ? change : nullptr;
    };
    if (is_that(HeldChange::State::kBefore) != nullptr) return;
    if (const HeldChange* approved = is_that(HeldChange::State::kApproved); approved != nullptr) {
      decision_.held.Mutable().push_back(*approved);
      return;
    }
    if (const HeldChange* refused = is_that(HeldChange::State::kRefused); refused != nullptr) {
      decision_.held.Mutable().push_back(*refused);
      decision_.stays.Add(field);
      return;
    }
    const HeldChange* held = Find(field, *kind, HeldChange::State::kHeld);
    if (held != nullptr && held->digest == digest) return Hold(*held);
    if (held == nullptr && !breaker_.holds.Has(*kind)) {
      decision_.counted.Add(field);
      decision_.changes[*kind] += 1;
      return;
    }
    HeldChange change;
    change.kind = *kind;
    change.field = field;
    change.digest = digest;
    change.job_id = breaker_.job_id;
    change.problem = HeldProblem(change, row_, desired_, policy_);
    decision_.newly_held[*kind] += 1;
    Hold(std::move(change));
  }

  void Hold(HeldChange change) {
    decision_.stays.Add(change.field);
    decision_.attentions.push_back(change.problem);
    decision_.held.Mutable().push_back(std::move(change));
  }

  const SyncRow& row_;
  const ItemValues& desired_;
  const SyncPolicy& policy_;
  const Breaker& breaker_;
  BreakerDecision decision_;
};

}  // namespace

absl::optional<ChangeKind> KindOfChange(SyncField field, const SyncRow& row, const ItemValues& desired,
                                        const SyncPolicy& policy) {
  switch (field) {
    case SyncField::kPrice:
      return IsReprice(KnownValue(field, row), desired.price) ? absl::make_optional(ChangeKind::kReprice)
                                                              : absl::nullopt;
    case SyncField::kStatus:
      return KindOfStatus(row, desired.status);
    case SyncField::kQuantity:
      return KindOfQuantity(row, desired.quantity, policy);
    case SyncField::kCompareAtPrice:
      return absl::nullopt;
  }
  return absl::nullopt;
}

BreakerDecision JudgeChanges(const SyncRow& row, const SyncFields& send, const ItemValues& desired,
                             const SyncPolicy& policy, const Breaker& breaker) {
  return Judge(row, desired, policy, breaker).Run(send);
}

bool IsBreakHeld(const std::vector<HeldChange>& held) {
  return std::any_of(held.begin(), held.end(), [](const HeldChange& change) {
    return change.kind == ChangeKind::kBreak && change.state != HeldChange::State::kRefused;
  });
}

std::vector<Problem> HeldProblems(const std::vector<HeldChange>& held) {
  std::vector<Problem> problems;
  for (const HeldChange& change : held) {
    if (change.state == HeldChange::State::kHeld) problems.push_back(change.problem);
  }
  return problems;
}

RareVector<HeldChange> HeldOnceApplied(const std::vector<HeldChange>& held, const SyncFields& applied,
                                       const ItemValues& known) {
  RareVector<HeldChange> left;
  absl::optional<HeldChange> before;
  for (const HeldChange& change : held) {
    if (change.state != HeldChange::State::kApproved || !applied.Has(change.field)) {
      left.Mutable().push_back(change);
    } else if (change.kind == ChangeKind::kReprice && known.Get(change.field) != kAbsent) {
      before = change;
      before->state = HeldChange::State::kBefore;
      before->digest = ValueDigest(ToString(change.field), known);
      before->problem = Problem();
    }
  }
  if (!before.has_value()) return left;
  // Only prices have one.
  std::vector<HeldChange>& all = left.Mutable();
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const HeldChange& change) { return change.state == HeldChange::State::kBefore; }),
            all.end());
  all.push_back(*std::move(before));
  return left;
}

}  // namespace flxlink::sync

#include "src/sync/fixed_fields.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "src/sync/field_difference.h"

namespace flxlink::sync {
namespace {

SyncFields FieldOf(const FixedField& fixed) { return FieldNamed(fixed.field); }

absl::string_view Why(FixedReason reason) {
  switch (reason) {
    case FixedReason::kNotTracked:
      return "the channel does not track the item's inventory";
    case FixedReason::kKeptByParent:
      return "what the item belongs to keeps it";
    case FixedReason::kKeptByPlatform:
      return "the platform's own fulfilment keeps it";
    case FixedReason::kMadeOfOthers:
      return "it follows from the items that this one is made of";
    case FixedReason::kNotStocked:
      return "the channel's location does not stock the item";
  }
  return "";
}

bool IsUntracked(const FixedField& fixed) {
  return fixed.field == ToString(SyncField::kQuantity) && fixed.reason == FixedReason::kNotTracked;
}

Problem NotTracked(const ItemValues& desired) {
  return MakeProblem(
      problem_code::kInventoryNotTracked, {},
      absl::StrCat("the channel does not track the item's inventory; the quantity ", desired.quantity, " is not sent"));
}

// A variant has one attention a code, so that one names all fields.
Problem FieldFixed(const std::vector<FixedField>& fixed) {
  const auto name = [](std::string* out, const FixedField& field) { absl::StrAppend(out, field.field); };
  const auto reason = [](std::string* out, const FixedField& field) { absl::StrAppend(out, ToString(field.reason)); };
  const auto words = [](std::string* out, const FixedField& field) {
    absl::StrAppend(out, "the ", field.field, " is not sent: ", Why(field.reason));
  };
  return MakeProblem(problem_code::kFieldFixed,
                     {{"field", absl::StrJoin(fixed, ",", name)}, {"reason", absl::StrJoin(fixed, ",", reason)}},
                     absl::StrJoin(fixed, "; ", words));
}

}  // namespace

SyncFields FixedFields(const SyncRow& row) {
  SyncFields fields;
  for (const FixedField& fixed : row.fixed) fields = UnionOf(fields, FieldOf(fixed));
  return fields;
}

std::vector<Problem> FixedProblems(const SyncRow& row, const ItemValues& desired) {
  const SyncFields differing = DifferingFields(desired, row.seen);
  std::vector<Problem> problems;
  std::vector<FixedField> others;
  for (const FixedField& fixed : row.fixed) {
    if (IntersectionOf(FieldOf(fixed), differing).empty()) continue;
    if (IsUntracked(fixed)) {
      problems.push_back(NotTracked(desired));
    } else {
      others.push_back(fixed);
    }
  }
  if (!others.empty()) problems.push_back(FieldFixed(others));
  return problems;
}

bool IsFixedProblem(const Problem& problem) {
  return problem.code == problem_code::kInventoryNotTracked || problem.code == problem_code::kFieldFixed;
}

}  // namespace flxlink::sync

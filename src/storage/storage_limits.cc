#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "flxlink/field.h"
#include "flxlink/money.h"
#include "flxlink/storage_kit/limits.h"
#include "src/model/quote.h"
#include "src/model/utf8.h"

namespace flxlink::storage {
namespace {

// By row, the first problem that was found.
using RowProblems = std::map<int64_t, Problem>;

bool IsText(absl::string_view value) {
  return value.find('\0') == absl::string_view::npos && model::IsValidUtf8(value);
}

// Whether every entry of the column is ASCII without U+0000: seen at once, since most columns are.
bool IsPlain(const StringColumn& column) {
  if (column.size() == 0) return true;
  const absl::string_view all(column[0].data(), static_cast<size_t>(column.byte_size()));
  return std::all_of(all.begin(), all.end(), [](char c) { return static_cast<signed char>(c) > 0; });
}

void CheckColumn(const StringColumn& column, absl::string_view field, int64_t max_bytes, RowProblems* problems) {
  const bool plain = IsPlain(column);
  for (int64_t row = 0; row < column.size(); ++row) {
    const absl::string_view value = column[row];
    if (plain && static_cast<int64_t>(value.size()) <= max_bytes) continue;
    absl::optional<Problem> problem = CheckText(field, value, max_bytes);
    if (problem.has_value()) problems->emplace(row, *std::move(problem));
  }
}

void CheckFieldColumns(const FieldColumns& fields, RowProblems* problems) {
  for (size_t i = 0; i < fields.columns.size(); ++i) {
    CheckColumn(fields.columns[i], fields.names[i], kMaxTextBytes, problems);
  }
}

void CheckAliases(const ChannelVariantBatch& items, RowProblems* problems) {
  for (size_t row = 0; row < items.aliases.size(); ++row) {
    for (const std::string& alias : items.aliases[row]) {
      absl::optional<Problem> problem = CheckText("alias", alias, kMaxIndexedBytes);
      if (problem.has_value()) problems->emplace(static_cast<int64_t>(row), *std::move(problem));
    }
  }
}

// The column that names a row: every entry is a text that can be indexed, and not empty.
void CheckNames(const StringColumn& column, absl::string_view field, RowProblems* problems) {
  for (int64_t row = 0; row < column.size(); ++row) {
    if (!column[row].empty()) continue;
    problems->emplace(row, MakeProblem(problem_code::kMissingKey, {{"field", std::string(field)}},
                                       absl::StrCat(field, " is empty; every row needs one")));
  }
  CheckColumn(column, field, kMaxIndexedBytes, problems);
}

// Whether an item or a product variant can be known by this id or key.
bool IsName(absl::string_view name) { return !name.empty() && !CheckText("", name, kMaxIndexedBytes).has_value(); }

// `text`: how a price is written.
void CheckPrices(const std::vector<int64_t>& prices, absl::string_view field,
                 absl::FunctionRef<std::string(int64_t)> text, RowProblems* problems) {
  for (size_t row = 0; row < prices.size(); ++row) {
    if (prices[row] >= 0 || prices[row] == kAbsent) continue;
    const std::string value = text(prices[row]);
    problems->emplace(static_cast<int64_t>(row),
                      MakeProblem(problem_code::kNegativePrice, {{"field", std::string(field)}, {"value", value}},
                                  absl::StrCat(field, " ", value, " is below zero; state 0 or more, or none")));
  }
}

Problem RepeatedKey(absl::string_view key) {
  return MakeProblem(problem_code::kRepeatedKey, {{"field", "key"}, {"value", model::Quote(key)}},
                     absl::StrCat("key ", model::Quote(key), " is in the batch before; state each key once"));
}

std::vector<RowRefusal> ToRefusals(RowProblems problems) {
  std::vector<RowRefusal> refusals;
  refusals.reserve(problems.size());
  for (auto& [row, problem] : problems) refusals.push_back({row, std::move(problem)});
  return refusals;
}

}  // namespace

absl::optional<Problem> CheckText(absl::string_view field, absl::string_view value, int64_t max_bytes) {
  const bool too_long = static_cast<int64_t>(value.size()) > max_bytes;
  if (!too_long && IsText(value)) return absl::nullopt;
  const std::string shown = model::Quote(value);
  if (too_long) {
    return MakeProblem(problem_code::kValueTooLong,
                       {{"field", std::string(field)}, {"value", shown}, {"limit", absl::StrCat(max_bytes)}},
                       absl::StrCat(field, " ", shown, " is longer than ", max_bytes, " bytes; shorten it"));
  }
  return MakeProblem(problem_code::kInvalidText, {{"field", std::string(field)}, {"value", shown}},
                     absl::StrCat(field, " ", shown, " is not UTF-8 without U+0000; write it so"));
}

RowChoice ChooseProducts(const ProductBatch& batch) {
  RowProblems problems;
  CheckNames(batch.key, "key", &problems);
  CheckColumn(batch.sku, "sku", kMaxIndexedBytes, &problems);
  CheckColumn(batch.parent, "parent", kMaxIndexedBytes, &problems);
  CheckFieldColumns(batch.fields, &problems);
  const auto text = [&](int64_t price) { return FormatMoney({price, batch.currency}); };
  CheckPrices(batch.price, "price", text, &problems);
  CheckPrices(batch.compare_at_price, "compare_at_price", text, &problems);

  RowChoice choice;
  absl::flat_hash_set<absl::string_view> keys;
  keys.reserve(static_cast<size_t>(batch.size()));
  for (int64_t row = 0; row < batch.size(); ++row) {
    if (problems.count(row) > 0) continue;
    if (keys.insert(batch.key[row]).second) {
      choice.kept.push_back(row);
    } else {
      problems.emplace(row, RepeatedKey(batch.key[row]));
    }
  }
  choice.refused = ToRefusals(std::move(problems));
  return choice;
}

NamedKeys KeysOf(const ProductBatch& batch) {
  NamedKeys named;
  for (int64_t row = 0; row < batch.size(); ++row) {
    if (IsName(batch.key[row])) {
      named.keys.push_back(batch.key[row]);
    } else {
      named.some_unnamed = true;
    }
  }
  return named;
}

PulledRowChoice ChoosePulledRows(const ChannelVariantBatch& items, absl::Span<const ItemProblem> unread) {
  RowProblems problems;
  CheckNames(items.external_id, "external_id", &problems);
  PulledRowChoice choice;
  choice.unnamed = static_cast<int64_t>(problems.size());
  const RowProblems unnamed = problems;
  CheckColumn(items.parent_id, "parent_id", kMaxIndexedBytes, &problems);
  CheckColumn(items.handle, "handle", kMaxIndexedBytes, &problems);
  CheckColumn(items.identity, "identity", kMaxIndexedBytes, &problems);
  CheckAliases(items, &problems);
  CheckFieldColumns(items.fields, &problems);
  // The currency is the channel's, and not known here.
  const auto text = [](int64_t price) { return absl::StrCat(price); };
  CheckPrices(items.price, "price", text, &problems);
  CheckPrices(items.compare_at_price, "compare_at_price", text, &problems);

  absl::flat_hash_map<absl::string_view, int64_t> last;
  last.reserve(static_cast<size_t>(items.size()));
  for (int64_t row = 0; row < items.size(); ++row) {
    if (problems.count(row) == 0) last[items.external_id[row]] = row;
  }
  choice.kept.reserve(last.size());
  for (int64_t row = 0; row < items.size(); ++row) {
    if (problems.count(row) > 0) {
      if (unnamed.count(row) == 0) choice.seen.push_back(items.external_id[row]);
    } else if (last[items.external_id[row]] == row) {
      choice.kept.push_back(row);
    } else {
      ++choice.repeated;
    }
  }
  choice.refused = ToRefusals(std::move(problems));
  for (const ItemProblem& item : unread) {
    if (!IsName(item.external_id)) {
      ++choice.unnamed;
    } else if (!last.contains(item.external_id)) {
      choice.seen.push_back(item.external_id);
    }
  }
  return choice;
}

}  // namespace flxlink::storage

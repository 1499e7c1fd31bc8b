// Sync planning against a slow reference that is written differently, and in a small world with faults. Twins that each
// lack one rule show that both would notice.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "flxlink/storage_kit/rules.h"
#include "flxlink/sync.h"
#include "gtest/gtest.h"
#include "tests/sync/order_twin.h"
#include "tests/sync/sync_rows.h"
#include "tests/sync/sync_world.h"

namespace flxlink::sync {
namespace {

constexpr uint64_t kWorlds = 3000;
constexpr uint64_t kBatches = 10000;
constexpr absl::string_view kContent[] = {"description", "title"};

// Random batches ------------------------------------------------------------------------------------------------------

struct PlanCase {
  SyncPolicy policy;
  SyncBatch batch;
  SyncBatch siblings;
  std::vector<UnlinkedItem> unlinked;

  SyncPlan Plan() const { return PlanSync(batch, siblings, policy, unlinked); }
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  PlanCase Make() {
    PlanCase problem;
    problem.policy.fields = AnyFields(80);
    problem.policy.currency = AnyCurrency();
    problem.policy.oversell_guard = Chance(70) ? OversellGuard::kHold : OversellGuard::kOverwrite;
    problem.policy.parent_status = Chance(30);
    problem.policy.holds_doubtful = Chance(50);
    problem.policy.zero_prices = Chance(50);
    problem.policy.takes_negative_quantities = Chance(50);
    const bool has_status = problem.policy.fields.Has(SyncField::kStatus);
    problem.policy.hides_by_quantity = !has_status && problem.policy.fields.Has(SyncField::kQuantity) && Chance(70);
    problem.policy.read_lag = absl::Seconds(Below(2));
    problem.policy.kinds = AnyKinds(problem.policy.fields);
    const int64_t size = Below(6);
    for (int64_t id = 1; id <= size; ++id) AddSyncRow(MakeRow(id, problem.policy), AnyParent(), &problem.batch);
    for (int64_t id = 1; id <= size + 2; ++id) {  // Members of the batch among them, as read a little later.
      if (Chance(40)) AddSyncRow(MakeRow(id, problem.policy), AnyParent(), &problem.siblings);
    }
    if (Chance(20)) problem.unlinked.push_back({AnyParent(), "U", static_cast<ChannelStatus>(Below(5))});
    return problem;
  }

 private:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }
  bool Chance(int64_t percent) { return Below(100) < percent; }
  int64_t AnyNumber() { return Chance(15) ? kAbsent : Below(3) - 1; }
  Currency AnyCurrency() { return Chance(80) ? Currency() : *Currency::Parse("JPY"); }
  std::string AnyParent() { return std::vector<std::string>{"", "a", "b"}[static_cast<size_t>(Below(3))]; }
  ChannelStatus AnyChannelStatus() { return static_cast<ChannelStatus>(Below(3)); }
  absl::Time AnyTime() { return absl::FromUnixSeconds(Below(3)); }
  std::vector<Field> AnyContent() {
    ItemValues values;
    for (const absl::string_view name : kContent) {
      if (Chance(60)) values.SetContent(name, std::string(static_cast<size_t>(Below(3)), 'x'));
    }
    return values.content;
  }
  ItemValues AnyValues() { return {AnyNumber(), AnyNumber(), AnyChannelStatus(), AnyNumber(), AnyContent()}; }
  SyncFields AnyFields(int64_t percent) {
    SyncFields fields;
    for (const SyncField field : kSyncFields) {
      if (Chance(percent)) fields.Add(field);
    }
    for (const absl::string_view name : kContent) {
      if (Chance(percent)) fields.AddContent(name);
    }
    return fields;
  }

  // Kinds that set all fields between them, some fields by several.
  std::vector<SyncFields> AnyKinds(const SyncFields& fields) {
    if (Chance(40)) return {fields};
    std::vector<SyncFields> kinds = {IntersectionOf(AnyFields(50), fields), IntersectionOf(AnyFields(30), fields)};
    kinds.push_back(DifferenceOf(fields, UnionOf(kinds[0], kinds[1])));
    std::shuffle(kinds.begin(), kinds.end(), random_);
    return kinds;
  }

  // Of the desired values, or of others; some of them refused together.
  std::vector<RefusedValue> AnyRefused(const ItemValues& desired) {
    std::vector<RefusedValue> refused;
    SyncFields left = AnyFields(40);
    while (!left.empty()) {
      SyncFields together = IntersectionOf(left, AnyFields(40));
      if (together.empty()) together = *ParseSyncFields(left.Names().front());
      const uint64_t digest = RefusalDigest(together, Chance(85) ? desired : AnyValues());
      const std::string code = absl::StrCat("refused_", Chance(50) ? "alike" : together.Names().front());
      for (const std::string& name : together.Names()) refused.push_back({name, digest, MakeProblem(code, {}, "")});
      left = DifferenceOf(left, together);
    }
    return refused;
  }

  std::vector<FixedField> AnyFixed() {
    std::vector<FixedField> fixed;
    for (const std::string& name : AnyFields(40).Names()) fixed.push_back({name, static_cast<FixedReason>(Below(5))});
    return fixed;
  }

  SyncRow MakeRow(int64_t listing_id, const SyncPolicy& policy) {
    SyncRow row;
    row.listing_id = listing_id;
    row.dirty_version = Below(100);
    row.product_price = AnyNumber();
    row.product_compare_at_price = AnyNumber();
    row.content = AnyContent();
    row.product_currency = AnyCurrency();
    row.product_quantity = AnyNumber();
    row.quantity_at = AnyTime();
    row.status.base = Chance(90) ? static_cast<Health>(Below(4)) : Health::kUnknown;
    row.status.pending = static_cast<PendingChange>(Below(4));
    row.status.paused = Chance(10);
    row.status.author = static_cast<StatusAuthor>(Below(3));
    row.product_removed = Chance(15);
    if (Chance(5)) {
      row.status = {Health::kHidden, PendingChange::kNone, false, StatusAuthor::kRule, ChannelStatus::kHidden, true};
    }
    row.doubtful = Chance(10);
    row.acknowledged = Chance(40) ? Desired(row, policy) : AnyValues();
    row.seen = Chance(50) ? row.acknowledged : AnyValues();
    if (Chance(5)) row.seen.status = ChannelStatus::kDead;
    row.seen_at = AnyTime();
    if (Chance(40)) row.guarded_at = AnyTime();
    if (Chance(40)) row.refused = AnyRefused(Desired(row, policy));
    if (Chance(30)) row.in_doubt = AnyFields(40);
    if (Chance(30)) row.confirmed = IntersectionOf(row.in_doubt, AnyFields(50));
    for (int64_t sent = row.in_doubt.Has(SyncField::kQuantity) ? Below(4) : 0; sent > 0; --sent) {
      row.quantities_in_doubt.Mutable().push_back(AnyNumber());
    }
    if (Chance(20)) row.forced = AnyFields(50);
    if (Chance(30)) row.fixed = AnyFixed();
    if (Chance(50)) row.acknowledged_at = AnyTime();
    return row;
  }

  std::mt19937_64 random_;
};

// The reference -------------------------------------------------------------------------------------------------------

// Field values by name; what is absent is not in it.
using Values = std::map<std::string, int64_t>;

// Content is known by its length here.
Values ToValues(const ItemValues& values) {
  Values named;
  if (values.price != kAbsent) named["price"] = values.price;
  if (values.quantity != kAbsent) named["quantity"] = values.quantity;
  if (values.status != ChannelStatus::kUnknown) named["status"] = static_cast<int64_t>(values.status);
  if (values.compare_at_price != kAbsent) named["compare_at_price"] = values.compare_at_price;
  for (const Field& field : values.content) named[field.name] = static_cast<int64_t>(field.value.size());
  return named;
}

// The masked ones, absent ones among them.
Values ToValues(const SyncFields& mask, const ItemValues& values) {
  const Values present = ToValues(values);
  Values named;
  for (const std::string& name : mask.Names()) named[name] = present.count(name) == 0 ? kAbsent : present.at(name);
  return named;
}

uint64_t DigestOf(const Values& values) {
  ItemValues digested;
  SyncFields fields;
  for (const auto& [name, value] : values) {
    fields = UnionOf(fields, *ParseSyncFields(name));
    if (name == kContent[0] || name == kContent[1]) {
      digested.SetContent(name, std::string(static_cast<size_t>(value), 'x'));
      continue;
    }
    for (const SyncField field : kSyncFields) {
      if (ToString(field) == name) digested.Set(field, value);
    }
  }
  return RefusalDigest(fields, digested);
}

// The fields of which `values` has exactly what was refused, alone or together with others.
std::set<std::string> Stuck(const SyncRow& row, const Values& values) {
  std::map<uint64_t, std::set<std::string>> refusals;
  for (const RefusedValue& refused : row.refused) refusals[refused.digest].insert(refused.field);
  std::set<std::string> stuck;
  for (const auto& [digest, names] : refusals) {
    Values together;
    for (const std::string& name : names) {
      if (values.count(name) != 0) together[name] = values.at(name);
    }
    if (together.size() == names.size() && DigestOf(together) == digest) stuck.insert(names.begin(), names.end());
  }
  return stuck;
}

bool IsPriceInAnotherCurrency(const SyncRow& row, const SyncPolicy& policy) {
  if (row.product_currency == policy.currency) return false;
  return (row.product_price != kAbsent && policy.fields.Has(SyncField::kPrice)) ||
         (row.product_compare_at_price != kAbsent && policy.fields.Has(SyncField::kCompareAtPrice));
}

bool IsSynced(const std::string& name, const SyncPolicy& policy) {
  const std::vector<std::string> names = policy.fields.Names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether somebody has stated the status and nothing is in its way.
bool HasWish(const ListingStatus& status) {
  const bool is_there = status.base == Health::kListed || status.base == Health::kHidden;
  const bool is_stated = status.pending != PendingChange::kNone || status.author != StatusAuthor::kChannel;
  return is_there && is_stated && !status.kept_hidden;
}

// A removed product is to be hidden, whatever was stated.
bool IsRemovedFromShow(const SyncRow& row) {
  return row.product_removed && (row.status.base == Health::kListed || row.status.base == Health::kHidden);
}

bool IsHiddenByItsQuantity(const SyncRow& row, const SyncPolicy& policy) {
  if (policy.hides_by_quantity && IsRemovedFromShow(row)) return true;
  const PendingChange pending = row.status.pending;
  const bool hides = pending == PendingChange::kHiding || pending == PendingChange::kDelisting ||
                     (row.status.base == Health::kHidden && pending == PendingChange::kNone);
  return policy.hides_by_quantity &&
         (row.status.base == Health::kDelisted || (!row.product_removed && HasWish(row.status) && hides));
}

Values Wanted(const SyncRow& row, const SyncPolicy& policy) {
  Values values = ToValues(
      {row.product_price, row.product_quantity, ChannelStatus::kUnknown, row.product_compare_at_price, row.content});
  const auto stated = row.product_removed ? absl::nullopt : DesiredStatus(row.status);
  if (stated.has_value()) values["status"] = static_cast<int64_t>(*stated);
  if (IsRemovedFromShow(row)) values["status"] = static_cast<int64_t>(ChannelStatus::kHidden);
  if (values.count("quantity") != 0 && !policy.takes_negative_quantities) {
    values["quantity"] = std::max(int64_t{0}, values["quantity"]);
  }
  if (IsHiddenByItsQuantity(row, policy)) values["quantity"] = 0;
  if (IsPriceInAnotherCurrency(row, policy)) {
    values.erase("price");
    values.erase("compare_at_price");
  }
  for (const auto& [name, value] : Values(values)) {
    if (!IsSynced(name, policy)) values.erase(name);
  }
  return values;
}

void EraseEqual(const Values& known, Values* values) {
  for (const auto& [name, value] : known) {
    const auto found = values->find(name);
    if (found != values->end() && found->second == value) values->erase(found);
  }
}

bool GuardStands(const SyncRow& row, const SyncPolicy& policy) {
  if (policy.oversell_guard == OversellGuard::kOverwrite || row.guarded_at == absl::InfinitePast()) return false;
  return !(row.quantity_at > row.guarded_at);
}

// The guard holds a quantity above the channel's back.
bool Holds(const SyncRow& row, const Values& values, const SyncPolicy& policy) {
  if (values.count("quantity") == 0 || !GuardStands(row, policy) || IsHiddenByItsQuantity(row, policy)) return false;
  int64_t shown = row.acknowledged.quantity;
  const bool is_open = row.in_doubt.Has(SyncField::kQuantity) && !row.confirmed.Has(SyncField::kQuantity);
  if (is_open || shown == kAbsent) {
    shown = row.seen_at >= row.guarded_at ? row.seen.quantity : kAbsent;
  }
  return shown == kAbsent || values.at("quantity") > shown;
}

bool MustNotBeTouched(const SyncRow& row, const SyncPolicy& policy) {
  return row.seen.status == ChannelStatus::kDead || (row.doubtful && policy.holds_doubtful);
}

// Whether a row, or an item without a link, keeps the product from getting that status.
bool IsAgainst(const SyncRow& row, ChannelStatus status, const SyncPolicy& policy) {
  if (row.seen.status == ChannelStatus::kDead) return false;
  const Values wanted = MustNotBeTouched(row, policy) ? Values() : Wanted(row, policy);
  if (status == ChannelStatus::kListed) {
    const bool hides =
        wanted.count("status") != 0 && wanted.at("status") == static_cast<int64_t>(ChannelStatus::kHidden);
    return hides && !row.product_removed && row.status.author == StatusAuthor::kPerson;
  }
  if (wanted.count("status") == 0) return row.seen.status != ChannelStatus::kHidden;
  return wanted.at("status") != static_cast<int64_t>(ChannelStatus::kHidden);
}

// Whether the status that row `at` wants has to wait for others of its product.
bool IsStatusHeld(const PlanCase& problem, int64_t at) {
  const absl::string_view parent = problem.batch.parent_id[at];
  if (!problem.policy.parent_status || parent.empty()) return false;
  const SyncRow& wanting = problem.batch.rows[static_cast<size_t>(at)];
  const ChannelStatus status = IsRemovedFromShow(wanting) ? ChannelStatus::kHidden : *DesiredStatus(wanting.status);
  std::map<int64_t, bool> against;
  for (const SyncBatch* links : {&problem.siblings, &problem.batch}) {  // The batch comes last and wins.
    for (int64_t i = 0; i < links->size(); ++i) {
      const SyncRow& row = links->rows[static_cast<size_t>(i)];
      const bool is_of_product = links->parent_id[i] == parent;
      if (links == &problem.batch) against.erase(row.listing_id);
      if (is_of_product) {
        against[row.listing_id] = against[row.listing_id] || IsAgainst(row, status, problem.policy);
      }
    }
  }
  for (const UnlinkedItem& item : problem.unlinked) {
    if (item.parent_id == parent && status == ChannelStatus::kHidden && item.status != status) return true;
  }
  return std::any_of(against.begin(), against.end(), [](const auto& named) { return named.second; });
}

// What one row of a plan says.
struct RowResult {
  Values sent;
  Values known;
  int32_t kind = 0;
  bool last = false;
  bool settled = false;
  std::set<std::string> in_doubt;
  std::set<std::string> forgotten;  // Fields that count as unknown, so that the doubt ends.
  std::set<std::string> refused;
  std::string codes;  // Each with a space behind it.
  // What the channel shows once that is done.
  ChannelStatus by_quantity = ChannelStatus::kUnknown;

  std::string ToText() const {
    std::string text = absl::StrCat(kind, last, settled, " ", codes);
    for (const auto& [name, value] : sent) absl::StrAppend(&text, name, "=", value, " ");
    for (const auto& [name, value] : known) absl::StrAppend(&text, "over ", name, "=", value, " ");
    return absl::StrCat(text, "shows ", ToString(by_quantity), " doubts ", absl::StrJoin(in_doubt, " "), " forgets ",
                        absl::StrJoin(forgotten, " "), " refused ", absl::StrJoin(refused, " "));
  }
};

std::set<std::string> NamesOf(const Values& values) {
  std::set<std::string> names;
  for (const auto& [name, value] : values) names.insert(name);
  return names;
}

std::set<std::string> NamesOf(const SyncFields& fields) {
  const std::vector<std::string> names = fields.Names();
  return {names.begin(), names.end()};
}

// 1: less; 2: prices; 3: more; 4: show; 9: content.
int StageOf(const std::string& name, int64_t value, const Values& known) {
  if (name == "price" || name == "compare_at_price") return 2;
  if (name == "status") return value == static_cast<int64_t>(ChannelStatus::kListed) ? 4 : 1;
  if (name != "quantity") return 9;
  if (value == 0) return 1;
  return known.count(name) != 0 && known.at(name) > value ? 1 : 3;
}

// All fields that differ, and which of them were refused.
struct Wish {
  Values send;
  Values stuck;
  Values known;

  int StageOf(const std::string& name) const {
    const Values& values = send.count(name) != 0 ? send : stuck;
    return sync::StageOf(name, values.at(name), known);
  }

  // Whether these fields may go out in one call, and what is left out after it.
  bool Allows(const std::set<std::string>& fields) const {
    for (const std::string& name : fields) {
      const int stage = StageOf(name);
      if (stage == 9) continue;
      for (const auto& [other, value] : send) {
        if (fields.count(other) == 0 && StageOf(other) < stage) return false;
      }
      for (const auto& [other, value] : stuck) {
        if (stage >= 3 && StageOf(other) < stage) return false;
      }
    }
    return true;
  }

  // The largest set of fields of the kind that may go out, found by trying all.
  std::set<std::string> Largest(const std::set<std::string>& kind) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : send) {
      if (kind.count(name) != 0) names.push_back(name);
    }
    std::set<std::string> largest;
    for (size_t bits = 1; bits < size_t{1} << names.size(); ++bits) {
      std::set<std::string> fields;
      for (size_t i = 0; i < names.size(); ++i) {
        if ((bits >> i & 1) != 0) fields.insert(names[i]);
      }
      if (fields.size() > largest.size() && Allows(fields)) largest = std::move(fields);
    }
    return largest;
  }

  // The first stage of which something may go out. 10: none.
  int FirstStage() const {
    int first = 10;
    for (const auto& [name, value] : send) {
      bool stopped = false;
      for (const auto& [other, stuck_value] : stuck) {
        stopped = stopped || ((StageOf(name) == 3 || StageOf(name) == 4) && StageOf(other) < StageOf(name));
      }
      if (!stopped) first = std::min(first, StageOf(name));
    }
    return first;
  }
};

struct Step {
  int32_t kind = 0;
  std::set<std::string> fields;
};

// Of the kinds that have something of the first stage, the one that has most of it.
Step ReferenceStep(const Wish& wish, const SyncPolicy& policy) {
  const int stage = wish.FirstStage();
  Step step;
  int64_t most = 0;
  for (size_t kind = 0; kind < policy.kinds.size() && stage < 10; ++kind) {
    const std::set<std::string> names = NamesOf(policy.kinds[kind]);
    const int64_t count = std::count_if(wish.send.begin(), wish.send.end(), [&](const auto& named) {
      return names.count(named.first) != 0 && wish.StageOf(named.first) == stage;
    });
    if (count <= most) continue;
    most = count;
    step = {static_cast<int32_t>(kind), wish.Largest(names)};
  }
  return step;
}

// What is to be sent is split by what was refused of what differs.
Wish WishOf(const SyncRow& row, const Values& to_send, const Values& differing) {
  Values certain;
  for (const auto& [name, value] : to_send) {
    if (differing.count(name) != 0) certain[name] = value;
  }
  for (const std::string& name : row.in_doubt.Names()) certain.erase(name);
  const std::set<std::string> stuck = Stuck(row, certain);
  Wish wish;
  wish.known = ToValues(row.acknowledged);
  for (const auto& [name, value] : to_send) (stuck.count(name) != 0 ? wish.stuck : wish.send)[name] = value;
  return wish;
}

// What is in doubt, but for that of which the last that was sent is acknowledged.
std::set<std::string> Unconfirmed(const SyncRow& row) {
  std::set<std::string> names = NamesOf(row.in_doubt);
  for (const std::string& name : row.confirmed.Names()) names.erase(name);
  return names;
}

Values DifferingOrInDoubt(const SyncRow& row, const SyncPolicy& policy) {
  const Values wanted = Wanted(row, policy);
  Values known = ToValues(row.acknowledged);
  for (const std::string& name : Unconfirmed(row)) known.erase(name);
  Values differing = wanted;
  for (const auto& [name, value] : wanted) {
    if (known.count(name) != 0 && known.at(name) == value) differing.erase(name);
  }
  return differing;
}

// What is forced as well.
Values ToBeSent(const SyncRow& row, const SyncPolicy& policy) {
  const Values wanted = Wanted(row, policy);
  Values send = DifferingOrInDoubt(row, policy);
  for (const std::string& name : row.forced.Names()) {
    if (wanted.count(name) != 0) send[name] = wanted.at(name);
  }
  return send;
}

void EraseFixed(const SyncRow& row, Values* values) {
  for (const FixedField& fixed : row.fixed) values->erase(fixed.field);
}

// Whether one of those that are left out is not what the channel is known to have.
bool EraseZeroPrices(const SyncRow& row, const SyncPolicy& policy, Values* values) {
  if (policy.zero_prices) return false;
  const Values differing = DifferingOrInDoubt(row, policy);
  bool differs = false;
  for (const char* name : {"price", "compare_at_price"}) {
    if (values->count(name) == 0 || values->at(name) != 0) continue;
    values->erase(name);
    differs = differs || differing.count(name) != 0;
  }
  return differs;
}

// Of what is fixed and was seen otherwise than it should be.
std::string FixedCodes(const SyncRow& row, const SyncPolicy& policy) {
  Values wanted = Wanted(row, policy);
  EraseEqual(ToValues(row.seen), &wanted);
  std::set<std::string> codes;
  for (const FixedField& fixed : row.fixed) {
    if (wanted.count(fixed.field) == 0) continue;
    const bool untracked = fixed.field == "quantity" && fixed.reason == FixedReason::kNotTracked;
    codes.insert(untracked ? "1 inventory_not_tracked" : "2 field_fixed");
  }
  std::string text;
  for (const std::string& code : codes) absl::StrAppend(&text, code.substr(2), " ");
  return text;
}

void TakeStep(const Wish& wish, const SyncPolicy& policy, RowResult* result) {
  const Step step = ReferenceStep(wish, policy);
  result->settled = step.fields.empty();
  if (result->settled) return;
  result->kind = step.kind;
  Wish rest = wish;
  for (const std::string& name : step.fields) {
    result->sent[name] = wish.send.at(name);
    result->known[name] = wish.known.count(name) == 0 ? kAbsent : wish.known.at(name);
    result->forgotten.erase(name);
    rest.send.erase(name);
  }
  result->last = ReferenceStep(rest, policy).fields.empty();
  if (!result->last) result->forgotten.clear();
}

// What the wanted quantity makes of the listing variant.
ChannelStatus ShownBy(const SyncRow& row, const SyncPolicy& policy) {
  if (IsHiddenByItsQuantity(row, policy)) return ChannelStatus::kHidden;
  const bool is_shown = policy.hides_by_quantity && !row.product_removed && HasWish(row.status);
  return is_shown ? ChannelStatus::kListed : ChannelStatus::kUnknown;
}

RowResult ReferenceRow(const PlanCase& problem, int64_t i) {
  const SyncRow& row = problem.batch.rows[static_cast<size_t>(i)];
  RowResult result;
  const Values acknowledged = ToValues(row.acknowledged);
  for (const std::string& name : Unconfirmed(row)) {
    if (acknowledged.count(name) != 0) result.forgotten.insert(name);
  }
  if (MustNotBeTouched(row, problem.policy)) {
    result.settled = true;
    return result;
  }
  Values to_send = ToBeSent(row, problem.policy);
  result.codes = FixedCodes(row, problem.policy);
  EraseFixed(row, &to_send);
  if (EraseZeroPrices(row, problem.policy, &to_send)) result.codes += "zero_price ";
  if (Holds(row, to_send, problem.policy)) {
    to_send.erase("quantity");
    result.codes += "quantity_below_acknowledged ";
  }
  if (to_send.count("status") != 0 && IsStatusHeld(problem, i) && to_send.erase("status") != 0)
    result.codes += "siblings_disagree ";
  if (IsPriceInAnotherCurrency(row, problem.policy)) result.codes += "currency_mismatch ";
  const bool can_hide = problem.policy.hides_by_quantity || IsSynced("status", problem.policy);
  if (row.product_removed && !can_hide && IsSynced("quantity", problem.policy)) result.codes += "hidden_by_quantity ";
  const Values differing = DifferingOrInDoubt(row, problem.policy);
  const Wish wish = WishOf(row, to_send, differing);
  result.refused = NamesOf(wish.stuck);
  TakeStep(wish, problem.policy, &result);
  if (!result.settled) result.in_doubt = NamesOf(row.in_doubt);
  const bool has_quantity = differing.count("quantity") == 0;
  if (has_quantity || result.sent.count("quantity") != 0) result.by_quantity = ShownBy(row, problem.policy);
  if (result.settled && result.by_quantity == ChannelStatus::kHidden) result.codes += "hidden_by_quantity ";
  for (const RefusedValue& refused : row.refused) {
    const std::string code = absl::StrCat(refused.problem.code, " ");
    if (result.refused.count(refused.field) != 0 && result.codes.find(code) == std::string::npos) result.codes += code;
  }
  return result;
}

std::map<int64_t, std::string> ReferencePlan(const PlanCase& problem) {
  std::map<int64_t, std::string> results;
  for (int64_t i = 0; i < problem.batch.size(); ++i) {
    results[problem.batch.rows[static_cast<size_t>(i)].listing_id] = ReferenceRow(problem, i).ToText();
  }
  return results;
}

// The codes of one of the sets, in order.
std::string CodesAt(const std::vector<std::vector<Problem>>& sets, int32_t index) {
  std::string codes;
  if (index < 0) return codes;
  for (const Problem& problem : sets.at(static_cast<size_t>(index))) absl::StrAppend(&codes, problem.code, " ");
  return codes;
}

std::set<std::string> NamesOf(const RareVector<RefusedValue>& refused) {
  std::set<std::string> names;
  for (const RefusedValue& value : refused) names.insert(value.field);
  return names;
}

std::map<int64_t, std::string> ActualPlan(const SyncPlan& plan) {
  std::map<int64_t, std::string> results;
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const PushItem& item = plan.items[i];
    const SyncPlan::ItemState& state = plan.item_states[i];
    RowResult result;
    result.sent = ToValues(item.mask, item.values);
    result.known = ToValues(item.mask, item.known);
    result.kind = state.kind;
    result.last = state.last;
    result.in_doubt = NamesOf(state.in_doubt);
    result.forgotten = NamesOf(state.forgotten);
    result.refused = NamesOf(state.refused);
    result.codes = CodesAt(plan.item_attentions, state.attentions);
    result.by_quantity = state.by_quantity;
    results[item.listing_id] = result.ToText();
  }
  for (const Settlement& row : plan.settled.rows) {
    RowResult result;
    result.settled = row.settled;
    result.in_doubt = NamesOf(row.in_doubt);
    result.forgotten = NamesOf(ToValues(row.mask, row.acknowledged));
    result.refused = NamesOf(row.refused);
    result.codes = CodesAt(plan.settled.attentions, row.attentions);
    result.by_quantity = row.by_quantity;
    results[row.listing_id] = result.ToText();
  }
  return results;
}

// Whether the channel, which had `known`, has less than it or than flxlink may have set since, and nothing of that.
bool WasSold(int64_t known, const SyncRow& row) {
  std::vector<int64_t> own = row.quantities_in_doubt;
  own.push_back(known);
  std::sort(own.begin(), own.end());
  return row.seen.quantity < own.back() && !std::binary_search(own.begin(), own.end(), row.seen.quantity);
}

std::map<int64_t, std::string> ReferenceReconciliation(const PlanCase& problem, bool compare_seen) {
  std::map<int64_t, std::string> results;
  for (SyncRow row : problem.batch.rows) {
    if (row.seen.status == ChannelStatus::kDead) continue;
    Values known = ToValues(row.acknowledged);
    bool drifted = false;
    bool guard = false;
    Values seen = ToValues(row.seen);
    EraseFixed(row, &seen);
    if (row.seen_at - problem.policy.read_lag <= row.acknowledged_at) seen.clear();
    const bool is_news = row.seen_at - problem.policy.read_lag > row.acknowledged_at;
    for (const auto& [name, value] : Values(known)) {
      const bool is_gone = seen.count(name) == 0 && name != "status" && IsSynced(name, problem.policy);
      const bool is_fixed = std::any_of(row.fixed.begin(), row.fixed.end(),
                                        [&name = name](const FixedField& fixed) { return fixed.field == name; });
      if (!compare_seen || !is_news || !is_gone || is_fixed) continue;
      known.erase(name);
      drifted = true;
    }
    for (const auto& [name, value] : seen) {
      if (!compare_seen || !IsSynced(name, problem.policy) || (known.count(name) != 0 && known[name] == value))
        continue;
      guard = guard || (name == "quantity" && known.count(name) != 0 && WasSold(row.acknowledged.quantity, row) &&
                        problem.policy.oversell_guard == OversellGuard::kHold);
      known[name] = value;
      drifted = true;
    }
    Values differing = Wanted(row, problem.policy);
    EraseEqual(known, &differing);
    EraseFixed(row, &differing);
    if (known.count("quantity") != 0) row.acknowledged.quantity = known["quantity"];
    if (Holds(row, differing, problem.policy)) differing.erase("quantity");
    for (const std::string& name : Stuck(row, differing)) differing.erase(name);
    if (!drifted && (differing.empty() || MustNotBeTouched(row, problem.policy))) continue;
    std::string text = guard ? "guard" : "";
    for (const auto& [name, value] : known) absl::StrAppend(&text, " ", name, "=", value);
    results[row.listing_id] = text;
  }
  return results;
}

std::map<int64_t, std::string> ActualReconciliation(const PlanCase& problem, bool compare_seen) {
  std::map<int64_t, std::string> results;
  for (const Reconciliation& found : PlanReconciliation(problem.batch, problem.policy, compare_seen)) {
    std::string text = found.guard_quantity ? "guard" : "";
    for (const auto& [name, value] : ToValues(found.acknowledged)) absl::StrAppend(&text, " ", name, "=", value);
    results[found.listing_id] = text;
  }
  return results;
}

TEST(SyncPropertyTest, PlansLikeTheReference) {
  for (uint64_t seed = 0; seed < kBatches; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    ASSERT_EQ(ActualPlan(problem.Plan()), ReferencePlan(problem)) << "seed " << seed;
  }
}

TEST(SyncPropertyTest, ReconcilesLikeTheReference) {
  for (uint64_t seed = 0; seed < kBatches; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    for (bool compare_seen : {false, true}) {
      ASSERT_EQ(ActualReconciliation(problem, compare_seen), ReferenceReconciliation(problem, compare_seen))
          << "seed " << seed << ", compare_seen " << compare_seen;
    }
  }
}

TEST(SyncPropertyTest, NeitherTheOrderOfSiblingsNorOfTheBatchMatters) {
  for (uint64_t seed = 0; seed < kBatches / 10; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    SyncBatch reversed;
    for (int64_t i = problem.batch.size() - 1; i >= 0; --i) {
      AddSyncRow(problem.batch.rows[static_cast<size_t>(i)], problem.batch.parent_id[i], &reversed);
    }
    ASSERT_EQ(ActualPlan(PlanSync(reversed, problem.siblings, problem.policy, problem.unlinked)),
              ActualPlan(problem.Plan()))
        << "seed " << seed;
  }
}

// What a settlement says that the channel has, without what it says is unknown.
Values Acknowledged(const Settlement& row) {
  Values values = ToValues(row.mask, row.acknowledged);
  for (const auto& [name, value] : Values(values)) {
    if (value == kAbsent) values.erase(name);
  }
  return values;
}

PushOutcome AnyOutcome(std::mt19937_64& random) {
  PushOutcome outcome;
  outcome.result = static_cast<PushResult>(random() % 8);
  return outcome;
}

TEST(SyncPropertyTest, ASettlementAcknowledgesExactlyWhatWasAppliedAndSent) {
  for (uint64_t seed = 0; seed < kBatches; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    const SyncPlan plan = problem.Plan();
    for (const Settlement& row : plan.settled.rows) {
      ASSERT_TRUE(Acknowledged(row).empty()) << "seed " << seed;
      ASSERT_TRUE(row.in_doubt.empty()) << "seed " << seed;
    }
    std::mt19937_64 random(seed);
    std::vector<PushOutcome> outcomes;
    std::vector<int64_t> numbers;
    std::map<int64_t, Values> applied;
    for (const PushItem& item : plan.items) {
      numbers.push_back(static_cast<int64_t>(numbers.size()));
      outcomes.push_back(AnyOutcome(random));
      if (outcomes.back().result == PushResult::kApplied) applied[item.listing_id] = ToValues(item.mask, item.values);
    }
    std::map<int64_t, Values> acknowledged;
    for (const Settlement& row : Settle(plan, numbers, outcomes, 1).rows) {
      if (!Acknowledged(row).empty()) acknowledged[row.listing_id] = Acknowledged(row);
    }
    ASSERT_EQ(acknowledged, applied) << "seed " << seed;
  }
}

// The row as storage has it after the settlement of its item.
SyncRow After(SyncRow row, const Settlement& settlement) {
  CopyFields(settlement.mask, settlement.acknowledged, &row.acknowledged);
  row.in_doubt = settlement.in_doubt;
  row.confirmed = settlement.confirmed;
  row.refused = settlement.refused;
  row.forced = storage::ForcedAfterSettlement(row.forced, row.dirty_version, settlement);
  return row;
}

TEST(SyncPropertyTest, TheReferenceCatchesWhoBelievesOldReads) {
  const std::map<std::string, std::function<void(PlanCase&)>> twins = {
      {"believes old reads",
       [](PlanCase& p) {
         for (SyncRow& row : p.batch.rows) row.acknowledged_at = absl::InfinitePast();
       }},
      {"takes reads for quick", [](PlanCase& p) { p.policy.read_lag = absl::ZeroDuration(); }},
      {"believes a read of the same instant",
       [](PlanCase& p) {
         for (SyncRow& row : p.batch.rows) row.seen_at += absl::Microseconds(1);
       }},
      {"believes no read at all",
       [](PlanCase& p) {
         for (SyncRow& row : p.batch.rows) row.acknowledged_at = row.seen_at;
       }},
  };
  for (const auto& [name, hide] : twins) {
    bool caught = false;
    for (uint64_t seed = 0; seed < kBatches && !caught; ++seed) {
      const PlanCase problem = Generator(seed).Make();
      PlanCase shown = problem;
      hide(shown);
      caught = ActualReconciliation(shown, true) != ReferenceReconciliation(problem, true);
    }
    EXPECT_TRUE(caught) << name;
  }
}

// A step that is called the last is: once it is applied, or refused, the next plan of the link sends nothing. (Where a
// refusal ends a doubt, the guard may hold one of the values that it is about, which makes it another refusal.)
TEST(SyncPropertyTest, TheLastStepIsTheLast) {
  int64_t followed = 0;
  for (uint64_t seed = 0; seed < kBatches / 2; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    const SyncPlan plan = problem.Plan();
    for (size_t i = 0; i < plan.items.size(); ++i) {
      for (const PushResult result : {PushResult::kApplied, PushResult::kRejected}) {
        PushOutcome outcome;
        outcome.result = result;
        const Settlement settlement = Settle(plan, {static_cast<int64_t>(i)}, {outcome}, 1).rows.at(0);
        PlanCase next = problem;
        SyncRow& row = next.batch.rows[static_cast<size_t>(plan.item_states[i].row)];
        row = After(row, settlement);
        const SyncPlan rest = next.Plan();
        const bool sent = std::any_of(rest.items.begin(), rest.items.end(),
                                      [&](const PushItem& item) { return item.listing_id == row.listing_id; });
        followed += sent ? 1 : 0;
        if (result == PushResult::kApplied) {
          ASSERT_EQ(sent, !settlement.settled) << "seed " << seed << ", listing " << row.listing_id;
        } else if (plan.item_states[i].in_doubt.empty()) {
          ASSERT_FALSE(sent && settlement.settled) << "seed " << seed << ", listing " << row.listing_id;
        }
      }
    }
  }
  EXPECT_GT(followed, 0);
}

// Twins of PlanSync ---------------------------------------------------------------------------------------------------

// A twin is given a problem with one of its circumstances hidden from it.
using Hide = std::function<void(PlanCase&)>;

void ForEachRow(PlanCase& problem, const std::function<void(SyncRow&)>& change) {
  for (SyncRow& row : problem.batch.rows) change(row);
}

const std::map<std::string, Hide>& PlanTwins() {
  static const auto* const twins = new std::map<std::string, Hide>{
      {"skips links in doubt", [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.in_doubt = SyncFields(); }); }},
      {"sends what is confirmed",
       [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.confirmed = SyncFields(); }); }},
      {"always sends everything",
       [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.acknowledged = ItemValues(); }); }},
      {"forgets refusals", [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.refused.clear(); }); }},
      {"forgets the guard", [](PlanCase& p) { p.policy.oversell_guard = OversellGuard::kOverwrite; }},
      {"never lifts the guard",
       [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.quantity_at = row.guarded_at; }); }},
      {"ends the guard with the 0 of hiding",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           if (row.acknowledged.quantity == 0) row.guarded_at = absl::InfinitePast();
         });
       }},
      {"forces nothing", [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.forced = SyncFields(); }); }},
      {"forces the guard",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           if (!row.forced.empty()) row.guarded_at = absl::InfinitePast();
         });
       }},
      {"forces over the unknown",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           if (!row.forced.empty()) row.acknowledged = ItemValues();
         });
       }},
      {"sends fixed fields", [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.fixed.clear(); }); }},
      {"sends to doubtful links", [](PlanCase& p) { p.policy.holds_doubtful = false; }},
      {"takes what is adopted for stated",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           if (row.status.author == StatusAuthor::kChannel) row.status.author = StatusAuthor::kPerson;
         });
       }},
      {"does not count unlinked items", [](PlanCase& p) { p.unlinked.clear(); }},
      {"lets a rule show what a person hid",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           if (row.status.author == StatusAuthor::kPerson) row.status.author = StatusAuthor::kRule;
         });
         for (SyncRow& row : p.siblings.rows) {
           if (row.status.author == StatusAuthor::kPerson) row.status.author = StatusAuthor::kRule;
         }
       }},
      {"sends to dead items", [](PlanCase& p) { ForEachRow(p, [](SyncRow& row) { row.seen.status = {}; }); }},
      {"ignores currencies",
       [](PlanCase& p) { ForEachRow(p, [&](SyncRow& row) { row.product_currency = p.policy.currency; }); }},
      {"hides nothing by its quantity", [](PlanCase& p) { p.policy.hides_by_quantity = false; }},
      {"ignores siblings in the batch and out of it", [](PlanCase& p) { p.policy.parent_status = false; }},
      {"ignores siblings out of the batch", [](PlanCase& p) { p.siblings = SyncBatch(); }},
      {"sends raising steps though a price was refused",
       [](PlanCase& p) {
         ForEachRow(p, [](SyncRow& row) {
           for (const RefusedValue& refused : row.refused) {
             if (refused.field == "price") row.product_price = kAbsent;
           }
         });
       }},
      {"syncs what it should not",
       [](PlanCase& p) {
         p.policy.fields = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
         p.policy.kinds = {p.policy.fields};
       }},
  };
  return *twins;
}

TEST(SyncPropertyTest, TheReferenceCatchesTwins) {
  for (const auto& [name, hide] : PlanTwins()) {
    bool caught = false;
    for (uint64_t seed = 0; seed < kBatches && !caught; ++seed) {
      const PlanCase problem = Generator(seed).Make();
      PlanCase shown = problem;
      hide(shown);
      caught = ActualPlan(shown.Plan()) != ReferencePlan(problem);
    }
    EXPECT_TRUE(caught) << name;
  }
}

TEST(SyncPropertyTest, TheReferenceCatchesAPlanWithoutOrder) {
  bool caught = false;
  for (uint64_t seed = 0; seed < kBatches && !caught; ++seed) {
    const PlanCase problem = Generator(seed).Make();
    caught = ActualPlan(PlanWithoutOrder(problem.batch, problem.siblings, problem.policy)) != ReferencePlan(problem);
  }
  EXPECT_TRUE(caught);
}

// The world -----------------------------------------------------------------------------------------------------------

std::string FirstFailure(const SyncFunctions& functions) {
  for (uint64_t seed = 0; seed < kWorlds; ++seed) {
    const std::string failure = RunSyncWorld(functions, seed);
    if (!failure.empty()) return absl::StrCat("seed ", seed, ": ", failure);
  }
  return "";
}

TEST(SyncWorldTest, LosesNothingAndConverges) { EXPECT_EQ(FirstFailure(SyncFunctions()), ""); }

SyncFunctions WithPlan(Hide hide) {
  SyncFunctions functions;
  functions.plan = [hide = std::move(hide)](const SyncBatch& batch, const SyncBatch& siblings,
                                            const SyncPolicy& policy) {
    PlanCase problem = {policy, batch, siblings, {}};
    hide(problem);
    return problem.Plan();
  };
  return functions;
}

// Plans, then spoils the plan.
SyncFunctions WithSpoiledPlan(std::function<void(SyncPlan&)> spoil) {
  SyncFunctions functions;
  functions.plan = [spoil = std::move(spoil)](const SyncBatch& batch, const SyncBatch& siblings,
                                              const SyncPolicy& policy) {
    SyncPlan plan = PlanSync(batch, siblings, policy);
    spoil(plan);
    return plan;
  };
  return functions;
}

// Settles, then spoils every row.
SyncFunctions WithSettlement(std::function<void(Settlement&)> spoil) {
  SyncFunctions functions;
  functions.settle = [spoil = std::move(spoil)](const SyncPlan& plan, absl::Span<const int64_t> items,
                                                absl::Span<const PushOutcome> outcomes, int64_t push_id) {
    SettlementBatch batch = Settle(plan, items, outcomes, push_id);
    for (Settlement& row : batch.rows) spoil(row);
    return batch;
  };
  return functions;
}

// Takes one result for another.
SyncFunctions WithResult(PushResult result, PushResult taken_for) {
  SyncFunctions functions;
  functions.settle = [=](const SyncPlan& plan, absl::Span<const int64_t> items, absl::Span<const PushOutcome> outcomes,
                         int64_t push_id) {
    std::vector<PushOutcome> mistaken(outcomes.begin(), outcomes.end());
    for (PushOutcome& outcome : mistaken) {
      if (outcome.result == result) outcome.result = taken_for;
    }
    return Settle(plan, items, mistaken, push_id);
  };
  return functions;
}

SyncFunctions WithReconciliation(std::function<void(std::vector<Reconciliation>&)> spoil) {
  SyncFunctions functions;
  functions.reconcile = [spoil = std::move(spoil)](const SyncBatch& batch, const SyncPolicy& policy,
                                                   bool compare_seen) {
    std::vector<Reconciliation> found = PlanReconciliation(batch, policy, compare_seen);
    spoil(found);
    return found;
  };
  return functions;
}

std::map<std::string, SyncFunctions> WorldTwins() {
  std::map<std::string, SyncFunctions> twins;
  for (const char* name : {"skips links in doubt", "always sends everything", "forgets refusals", "forgets the guard",
                           "ends the guard with the 0 of hiding", "forces nothing", "forces the guard",
                           "forces over the unknown", "sends fixed fields", "sends to dead items", "ignores currencies",
                           "ignores siblings in the batch and out of it", "ignores siblings out of the batch",
                           "sends raising steps though a price was refused"}) {
    twins[name] = WithPlan(PlanTwins().at(name));
  }
  twins["finds drift of fixed fields"].reconcile = [](SyncBatch batch, const SyncPolicy& policy, bool compare_seen) {
    for (SyncRow& row : batch.rows) row.fixed.clear();
    return PlanReconciliation(batch, policy, compare_seen);
  };
  twins["raises prices"] = WithPlan([](PlanCase& p) {
    ForEachRow(p, [](SyncRow& row) { row.product_price += row.product_price == kAbsent ? 0 : 1; });
  });
  twins["ends doubt with part of the fields"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (SyncPlan::ItemState& state : plan.item_states) state.forgotten = SyncFields();
  });
  twins["ends doubt without a push"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (Settlement& row : plan.settled.rows) row.mask = SyncFields();
  });
  twins["keeps a doubt that nothing will end"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (Settlement& row : plan.settled.rows) {
      row.in_doubt = row.mask;
      row.mask = SyncFields();
    }
  });
  twins["keeps the doubt of what was refused"] = WithSettlement([](Settlement& row) {
    if (row.settled && !row.refused.empty()) row.in_doubt = row.mask;
  });
  twins["ends the doubt of what is guarded"].plan = [](const SyncBatch& batch, const SyncBatch& siblings,
                                                       const SyncPolicy& policy) {
    SyncPlan plan = PlanSync(batch, siblings, policy);
    std::set<int64_t> guarded;
    for (const SyncRow& row : batch.rows) {
      if (GuardStands(row, policy)) guarded.insert(row.listing_id);
    }
    for (Settlement& row : plan.settled.rows) {
      if (guarded.count(row.listing_id) != 0) row.mask.Remove(SyncField::kQuantity);
    }
    return plan;
  };
  twins["ignores the order"].plan = PlanWithoutOrder;
  twins["loses the rest of the steps"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (SyncPlan::ItemState& state : plan.item_states) state.last = true;
  });
  twins["forgets what else was refused"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (SyncPlan::ItemState& state : plan.item_states) state.refused.clear();
  });
  twins["ends every doubt with one step"] = WithSettlement([](Settlement& row) {
    if (!row.mask.empty()) row.in_doubt = SyncFields();
  });
  twins["knows nothing of what it replaces"] = WithSpoiledPlan([](SyncPlan& plan) {
    for (PushItem& item : plan.items) item.known = ItemValues();
  });
  twins["acknowledges a later version"] = WithSettlement([](Settlement& row) { ++row.dirty_version; });
  twins["acknowledges what was not sent"] = WithSettlement([](Settlement& row) {
    if (row.mask.empty()) return;
    for (const SyncField field : kSyncFields) row.mask.Add(field);
  });
  twins["acknowledges nothing"] = WithSettlement([](Settlement& row) { row.mask = SyncFields(); });
  twins["drops every doubt"] = WithSettlement([](Settlement& row) { row.in_doubt = SyncFields(); });
  twins["keeps every doubt"] = WithSettlement([](Settlement& row) {
    for (const SyncField field : kSyncFields) row.in_doubt.Add(field);
  });
  twins["settles everything"] = WithSettlement([](Settlement& row) { row.settled = true; });
  twins["takes throttled for applied"] = WithResult(PushResult::kThrottled, PushResult::kApplied);
  twins["takes not tried for applied"] = WithResult(PushResult::kNotTried, PushResult::kApplied);
  twins["takes unavailable for applied"] = WithResult(PushResult::kUnavailable, PushResult::kApplied);
  twins["takes unavailable for throttled"] = WithResult(PushResult::kUnavailable, PushResult::kThrottled);
  twins["takes conflict for applied"] = WithResult(PushResult::kConflict, PushResult::kApplied);
  twins["takes rejected for applied"] = WithResult(PushResult::kRejected, PushResult::kApplied);
  twins["sets no guard by what a conflict saw"] = WithSettlement([](Settlement& row) { row.guard_quantity = false; });
  twins["takes what a conflict saw for nothing"] = WithSettlement([](Settlement& row) { row.seen = ItemValues(); });
  twins["takes what an earlier push did for a loss"].settle =
      [](SyncPlan plan, absl::Span<const int64_t> items, absl::Span<const PushOutcome> outcomes, int64_t push_id) {
        for (SyncPlan::ItemState& state : plan.item_states) state.in_doubt = SyncFields();
        return Settle(plan, items, outcomes, push_id);
      };
  twins["sees no drift"] = WithReconciliation([](std::vector<Reconciliation>& found) { found.clear(); });
  twins["sets no guard"] = WithReconciliation([](std::vector<Reconciliation>& found) {
    for (Reconciliation& row : found) row.guard_quantity = false;
  });
  return twins;
}

TEST(SyncWorldTest, CatchesTwins) {
  for (const auto& [name, functions] : WorldTwins()) EXPECT_NE(FirstFailure(functions), "") << name;
}

}  // namespace
}  // namespace flxlink::sync

#include "tests/sync/sync_world.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flxlink/storage_kit/rules.h"
#include "src/sync/push_batches.h"
#include "src/sync/refused_values.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

// The channel refuses these, always.
constexpr int64_t kRefusedPrice = 13;
constexpr int64_t kRefusedQuantity = 3;

// Field values by name.
using Values = std::map<std::string, int64_t>;

Values ToValues(const SyncFields& mask, const ItemValues& values) {
  Values named;
  for (const SyncField field : kSyncFields) {
    if (mask.Has(field)) named[std::string(ToString(field))] = values.Get(field);
  }
  return named;
}

std::string ToText(const Values& values) {
  std::string text;
  for (const auto& [name, value] : values) absl::StrAppend(&text, " ", name, " ", value);
  return text;
}

struct Link {
  SyncRow row;  // As stored.
  std::string parent_id;
  bool dead = false;

  ItemValues truth;    // What the channel really has.
  SyncFields drifted;  // What the channel changed by itself since flxlink last looked or wrote.
  // The channel was seen to have lost stock, and the product's quantity has not been stated since.
  bool sold = false;
  // What somebody has forced, until the channel has it or the link is settled without.
  SyncFields owed;
  // What was refused together, each as long as exactly that is wanted at every plan.
  std::vector<Values> refused;
  // The same, for ever: a refusal may be remembered longer, or not.
  std::vector<Values> ever_refused;
};

bool Names(const std::vector<Values>& refused, SyncField field) {
  return std::any_of(refused.begin(), refused.end(),
                     [&](const Values& values) { return values.count(std::string(ToString(field))) != 0; });
}

class World {
 public:
  World(const SyncFunctions& functions, uint64_t seed) : functions_(functions), random_(seed) {
    for (const SyncField field : {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}) {
      if (!Chance(10)) policy_.fields.Add(field);
    }
    const bool can_hide = policy_.fields.Has(SyncField::kStatus);
    policy_.hides_by_quantity = !can_hide && policy_.fields.Has(SyncField::kQuantity);
    policy_.oversell_guard = Chance(50) ? OversellGuard::kHold : OversellGuard::kOverwrite;
    policy_.parent_status = Chance(50);
    policy_.takes_negative_quantities = seed % 2 == 0;
    MakeKinds();
    links_.resize(1 + static_cast<size_t>(Below(6)));
    for (size_t i = 0; i < links_.size(); ++i) MakeLink(i);
  }

  std::string Run() {
    for (int step = 0; step < 40 && failure_.empty(); ++step) Step();
    if (failure_.empty()) ComeToRest();
    return failure_;
  }

 private:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }
  bool Chance(int64_t percent) { return Below(100) < percent; }
  absl::Time Now() { return absl::FromUnixMicros(++now_); }

  template <typename... Parts>
  void Fail(const Parts&... parts) {
    if (failure_.empty()) failure_ = absl::StrCat(parts...);
  }

  // One kind for all fields, or up to three that they are spread over, some of them set by several.
  void MakeKinds() {
    const size_t count = Chance(30) ? 1 : 3;
    for (size_t i = 0; i < count; ++i) {
      PushKind kind;
      kind.max_items = 2;
      kinds_.push_back(kind);
    }
    for (const SyncField field : kSyncFields) {
      if (!policy_.fields.Has(field)) continue;
      kinds_[static_cast<size_t>(Below(static_cast<int64_t>(count)))].fields.Add(field);
      if (Chance(20)) kinds_[static_cast<size_t>(Below(static_cast<int64_t>(count)))].fields.Add(field);
    }
    for (PushKind& kind : kinds_) {
      for (const SyncField field : kSyncFields) {
        if (kind.fields.Has(field) && Chance(20)) kind.compares.Add(field);
      }
      policy_.kinds.push_back(kind.fields);
    }
  }

  Link& AnyLink() { return links_[static_cast<size_t>(Below(static_cast<int64_t>(links_.size())))]; }

  void MakeLink(size_t i) {
    Link& link = links_[i];
    link.row.listing_id = static_cast<int64_t>(i) + 1;
    link.row.dirty = true;
    link.row.dirty_version = 1;
    link.row.product_price = 10;
    link.row.product_quantity = 5;
    link.row.quantity_at = Now();
    link.row.status = kListedStatus;
    link.dead = Chance(5);
    link.parent_id = std::vector<std::string>{"", "shirt", "hat"}[static_cast<size_t>(Below(3))];
    link.truth = {10 + Below(2), 4 + Below(2), ChannelStatus::kListed};
    link.row.fixed = AnyFixed();
    See(link);
  }

  void Step() {
    const int64_t kind = Below(10);
    if (kind < 4) return EditProduct(AnyLink());
    if (kind < 5) return DriftOnChannel(AnyLink());
    if (kind < 6) LookAtAll();
    if (Chance(10)) Force(AnyLink());
    PushDirty(/*fault_percent=*/40);
  }

  // The merchant
  // --------------------------------------------------------------------------------------------------------

  static void MarkDirty(Link& link) {
    link.row.dirty = true;
    ++link.row.dirty_version;
  }

  void RestateQuantity(Link& link) {
    link.row.quantity_at = Now();
    link.sold = false;
  }

  void EditProduct(Link& link) {
    switch (Below(4)) {
      case 0:
        link.row.product_price = Chance(10) ? kAbsent : 10 + Below(4);
        link.row.product_currency = Chance(10) ? *Currency::Parse("EUR") : Currency();
        break;
      case 1:
        link.row.product_quantity = Chance(10) ? kAbsent : Below(6) - 1;
        break;
      default:
        link.row.status = StateStatus(link.row.status, Chance(50) ? Health::kListed : Health::kHidden, true);
    }
    if (Chance(70)) RestateQuantity(link);
    MarkDirty(link);
  }

  void Force(Link& link) {
    link.row.forced = link.owed = policy_.fields;
    link.row.refused.clear();
    link.refused.clear();
    MarkDirty(link);
  }

  // The channel
  // ---------------------------------------------------------------------------------------------------------

  bool SharesStatus(const Link& a, const Link& b) const {
    return policy_.parent_status && !a.parent_id.empty() && a.parent_id == b.parent_id;
  }

  void SetStatus(Link& link, ChannelStatus status) {
    link.truth.status = status;
    for (Link& other : links_) {
      if (&other == &link || !SharesStatus(link, other)) continue;
      if (other.truth.status != status) other.drifted.Add(SyncField::kStatus);
      other.truth.status = status;
    }
  }

  void DriftOnChannel(Link& link) {
    if (Chance(60)) {
      link.truth.quantity -= 1;
      link.drifted.Add(SyncField::kQuantity);
    } else if (Chance(50)) {
      link.truth.price = 10 + Below(3);
      link.drifted.Add(SyncField::kPrice);
    } else {
      SetStatus(link, Chance(50) ? ChannelStatus::kListed : ChannelStatus::kHidden);
      link.drifted.Add(SyncField::kStatus);
    }
  }

  void Land(const PushItem& item) {
    Link& link = LinkOf(item.listing_id);
    if (item.mask.Has(SyncField::kPrice)) link.truth.price = item.values.price;
    if (item.mask.Has(SyncField::kQuantity)) link.truth.quantity = item.values.quantity;
    if (item.mask.Has(SyncField::kStatus)) SetStatus(link, item.values.status);
    for (const SyncField field : kSyncFields) {
      if (item.mask.Has(field)) link.drifted.Remove(field);
    }
  }

  // Lands at once, later, or never.
  void LandPerhaps(const PushItem& item) {
    if (Chance(40)) return Land(item);
    floating_.push_back(item);
  }

  void LandOrLoseFloating() {
    for (const PushItem& item : floating_) {
      if (Chance(50)) Land(item);
    }
    floating_.clear();
    open_.clear();
  }

  // Neither what was known nor what is new, of a field that is compared.
  bool IsConflict(const PushItem& item, const PushKind& kind) {
    const ItemValues& truth = LinkOf(item.listing_id).truth;
    for (const SyncField field : kSyncFields) {
      if (!item.mask.Has(field) || !kind.compares.Has(field) || item.known.Get(field) == kAbsent) continue;
      if (truth.Get(field) != item.known.Get(field) && truth.Get(field) != item.values.Get(field)) return true;
    }
    return false;
  }

  ItemValues TruthOf(const PushItem& item) { return LinkOf(item.listing_id).truth; }

  SyncFields AnyOf(SyncFields fields) {
    for (const SyncField field : kSyncFields) {
      if (Chance(15)) fields.Remove(field);
    }
    return fields;
  }

  // Says which field it is, or does not.
  PushOutcome Refusal(const char* field) {
    PushOutcome outcome;
    outcome.result = PushResult::kRejected;
    if (Chance(60)) outcome.field = field;
    return outcome;
  }

  PushOutcome Push(const PushItem& item, const PushKind& kind, int64_t fault_percent) {
    PushOutcome outcome;
    if (Chance(fault_percent)) {
      if (Chance(50)) {
        outcome.result = Chance(50) ? PushResult::kThrottled : PushResult::kNotTried;
        return outcome;
      }
      LandPerhaps(item);
      outcome.result = PushResult::kUnavailable;
      return outcome;
    }
    if (item.mask.Has(SyncField::kPrice) && item.values.price == kRefusedPrice) return Refusal("price");
    if (item.mask.Has(SyncField::kQuantity) && item.values.quantity == kRefusedQuantity) return Refusal("quantity");
    outcome.result = PushResult::kConflict;
    if (IsConflict(item, kind)) {
      if (Chance(70)) CopyFields(AnyOf(IntersectionOf(item.mask, kind.compares)), TruthOf(item), &outcome.seen);
      return outcome;
    }
    Land(item);
    outcome.result = PushResult::kApplied;
    return outcome;
  }

  // The store
  // -----------------------------------------------------------------------------------------------------------

  Link& LinkOf(int64_t listing_id) { return links_[static_cast<size_t>(listing_id) - 1]; }

  SyncBatch Read(const std::function<bool(const Link&)>& which) const {
    SyncBatch batch;
    for (const Link& link : links_) {
      if (which(link)) AddSyncRow(link.row, link.parent_id, &batch);
    }
    return batch;
  }

  SyncBatch ReadAll() const {
    return Read([](const Link&) { return true; });
  }

  void Write(const SettlementBatch& batch) {
    for (const Settlement& settlement : batch.rows) {
      SyncRow& row = LinkOf(settlement.listing_id).row;
      CopyFields(settlement.mask, settlement.acknowledged, &row.acknowledged);
      CopyFields(PresentFields(settlement.seen), settlement.seen, &row.acknowledged);
      SettlementBatch seen_now;
      seen_now.seen_at = Now();
      row.guarded_at = storage::GuardAfterSettlement(row.guarded_at, row.quantity_at, settlement, seen_now);
      row.status = Acknowledge(row.status, storage::AcknowledgedStatus(settlement));
      if (settlement.settled && settlement.dirty_version == row.dirty_version) row.dirty = false;
      row.in_doubt = settlement.in_doubt;
      row.quantities_in_doubt = settlement.quantities_in_doubt;
      row.confirmed = settlement.confirmed;
      if (!row.in_doubt.Has(SyncField::kQuantity)) row.quantities_in_doubt.clear();
      row.refused = settlement.refused;
      row.forced = storage::ForcedAfterSettlement(row.forced, row.dirty_version, settlement);
    }
  }

  std::vector<FixedField> AnyFixed() {
    std::vector<FixedField> fixed;
    if (Chance(70)) return fixed;
    for (const SyncField field : {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}) {
      if (Chance(40)) fixed.push_back({std::string(ToString(field)), static_cast<FixedReason>(Below(5))});
    }
    return fixed;
  }

  static SyncFields FixedOf(const Link& link) {
    SyncFields fields;
    for (const SyncField field : kSyncFields) {
      for (const FixedField& fixed : link.row.fixed) {
        if (fixed.field == ToString(field)) fields.Add(field);
      }
    }
    return fields;
  }

  // flxlink
  // -------------------------------------------------------------------------------------------------------------

  void See(Link& link) {
    link.row.seen = link.truth;
    if (link.dead) link.row.seen.status = ChannelStatus::kDead;
    link.row.seen_at = Now();
  }

  // What a full sync does before it pushes: a pull, and the comparison with what was acknowledged.
  void LookAtAll() {
    LandOrLoseFloating();
    LookAt([](const Link&) { return true; });
    CheckStore();
  }

  void LookAt(const std::function<bool(const Link&)>& which) {
    for (Link& link : links_) {
      if (!which(link)) continue;
      const int64_t acknowledged = link.row.acknowledged.quantity;
      const SyncRow before = link.row;
      See(link);
      if (!at_rest_ && Chance(15)) FixOthers(link);
      EndRefusals(link, before);
      const SyncFields fixed = FixedOf(link);
      link.drifted = link.dead ? link.drifted : IntersectionOf(link.drifted, fixed);
      const bool is_compared =
          !link.dead && policy_.fields.Has(SyncField::kQuantity) && !fixed.Has(SyncField::kQuantity);
      link.sold =
          link.sold || (is_compared && acknowledged != kAbsent && WasSold(link.row, acknowledged, link.truth.quantity));
    }
    for (const Reconciliation& found : functions_.reconcile(Read(which), policy_, true)) {
      Link& link = LinkOf(found.listing_id);
      for (const SyncField field : kSyncFields) {
        if (!FixedOf(link).Has(field)) continue;
        if (found.acknowledged.Get(field) != link.row.acknowledged.Get(field)) Fail("a fixed field drifts");
      }
      if (found.guard_quantity && FixedOf(link).Has(SyncField::kQuantity)) Fail("a fixed quantity is guarded");
      link.row.acknowledged = found.acknowledged;
      if (found.guard_quantity) link.row.guarded_at = link.row.seen_at;
      MarkDirty(link);
    }
  }

  // The pull finds other fields fixed than before.
  void FixOthers(Link& link) {
    const std::vector<FixedField> before = link.row.fixed;
    link.row.fixed = AnyFixed();
    if (before != link.row.fixed.get()) MarkDirty(link);
  }

  // What was refused of a field that the pull finds otherwise than before is tried again.
  void EndRefusals(Link& link, const SyncRow& before) {
    const RareVector<RefusedValue> standing = storage::RefusedAfterSighting(
        link.row.refused, {before.seen, {}, before.fixed}, {link.row.seen, {}, link.row.fixed});
    if (standing == link.row.refused) return;
    link.row.refused = standing;
    const SyncFields stand = FieldsOf(standing);
    const auto ended = [&](const Values& values) {
      return std::any_of(values.begin(), values.end(),
                         [&](const auto& named) { return IntersectionOf(FieldNamed(named.first), stand).empty(); });
    };
    link.refused.erase(std::remove_if(link.refused.begin(), link.refused.end(), ended), link.refused.end());
    MarkDirty(link);
  }

  // One pass over the dirty links; returns how many items were sent.
  int64_t PushDirty(int64_t fault_percent) {
    LandOrLoseFloating();
    int64_t sent = 0;
    const int64_t split = Below(3);  // Pages: the links whose id leaves 0, 1 or 2.
    for (int64_t page = 0; page < 3 && failure_.empty(); ++page) {
      sent +=
          PushPage(Read([&](const Link& link) { return link.row.dirty && (link.row.listing_id + split) % 3 == page; }),
                   fault_percent);
    }
    return sent;
  }

  int64_t PushPage(const SyncBatch& batch, int64_t fault_percent) {
    for (const SyncRow& row : batch.rows) ForgetRefusals(LinkOf(row.listing_id));
    const SyncPlan plan = functions_.plan(batch, ReadAll(), policy_);
    CheckPlan(batch, plan);
    // The merchant does not wait.
    if (Chance(fault_percent)) EditProduct(AnyLink());
    Write(plan.settled);
    for (const PushBatch& call : MakePushBatches(plan, kinds_)) {
      if (failure_.empty()) PushItems(plan, call, fault_percent);
    }
    CheckStore();
    return static_cast<int64_t>(plan.items.size());
  }

  void PushItems(const SyncPlan& plan, const PushBatch& call, int64_t fault_percent) {
    const bool dies = Chance(fault_percent / 4);
    std::vector<PushOutcome> outcomes;
    for (const int64_t number : call.items) {
      const PushItem& item = plan.items[static_cast<size_t>(number)];
      SyncRow& row = LinkOf(item.listing_id).row;
      if (item.mask.Has(SyncField::kQuantity)) row.quantities_in_doubt.Mutable().push_back(item.values.quantity);
      row.in_doubt = UnionOf(row.in_doubt, item.mask);
      row.confirmed = DifferenceOf(row.confirmed, item.mask);
      PushOutcome outcome;
      if (dies) {
        LandPerhaps(item);
      } else {
        outcome = Push(item, kinds_[static_cast<size_t>(call.kind)], fault_percent);
      }
      outcomes.push_back(outcome);
      if (outcome.result == PushResult::kUnavailable) open_.insert(item.listing_id);
    }
    if (dies) return;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const auto number = static_cast<size_t>(call.items[i]);
      TakeSeen(plan.items[number], plan.item_states[number], outcomes[i].seen);
    }
    Write(functions_.settle(plan, call.items, outcomes, ++push_id_));
    for (const PushItem& item : plan.items) CheckAcknowledged(LinkOf(item.listing_id));
    for (size_t i = 0; i < outcomes.size(); ++i) {
      TakeOutcome(plan.items[static_cast<size_t>(call.items[i])], outcomes[i]);
    }
  }

  static bool IsExplained(const PushItem& item, const ItemValues& seen) {
    const auto moved = [&](SyncField field) {
      return seen.Get(field) != kAbsent && item.known.Get(field) != kAbsent && seen.Get(field) != item.known.Get(field);
    };
    return std::any_of(std::begin(kSyncFields), std::end(kSyncFields), moved);
  }

  // Whether an item that had `known`, or what pushes that nobody heard of may have set, has sold some of that.
  template <typename Link>
  static bool WasSold(const Link& link, int64_t known, int64_t quantity) {
    std::vector<int64_t> own = link.quantities_in_doubt;
    own.push_back(known);
    const bool is_own = std::find(own.begin(), own.end(), quantity) != own.end();
    return !is_own && quantity < *std::max_element(own.begin(), own.end());
  }

  // What the channel lost is known as well as by a look, unless an earlier push took it.
  void TakeSeen(const PushItem& item, const SyncPlan::ItemState& before, const ItemValues& seen) {
    if (!IsExplained(item, seen)) return;
    Link& link = LinkOf(item.listing_id);
    link.drifted = DifferenceOf(link.drifted, PresentFields(seen));
    const bool is_compared = seen.quantity != kAbsent && item.known.quantity != kAbsent;
    link.sold = link.sold || (is_compared && WasSold(before, item.known.quantity, seen.quantity));
  }

  // A conflict that does not say why is looked at; what was refused is kept for comparison.
  void TakeOutcome(const PushItem& item, const PushOutcome& outcome) {
    Link& sent = LinkOf(item.listing_id);
    for (const SyncField field : kSyncFields) {
      if (item.mask.Has(field) && sent.truth.Get(field) == item.values.Get(field)) sent.owed.Remove(field);
    }
    if (outcome.result == PushResult::kConflict && !IsExplained(item, outcome.seen)) {
      LookAt([&](const Link& link) { return link.row.listing_id == item.listing_id; });
    }
    if (outcome.result != PushResult::kRejected) return;
    sent.owed = DifferenceOf(sent.owed, outcome.field.empty() ? item.mask : FieldNamed(outcome.field));
    Values values = ToValues(item.mask, item.values);
    if (!outcome.field.empty()) values = {{outcome.field, values.at(outcome.field)}};
    LinkOf(item.listing_id).refused.push_back(values);
    LinkOf(item.listing_id).ever_refused.push_back(values);
  }

  // What must hold
  // ------------------------------------------------------------------------------------------------------

  void CheckPlan(const SyncBatch& batch, const SyncPlan& plan) {
    if (plan.items.size() + plan.settled.rows.size() != batch.rows.size()) Fail("a row is lost or doubled");
    for (size_t i = 0; i < plan.items.size(); ++i) {
      CheckItem(plan.items[i]);
      const SyncFields& kind = policy_.kinds[static_cast<size_t>(plan.item_states[i].kind)];
      if (!DifferenceOf(plan.items[i].mask, kind).empty()) Fail("a kind is given what it does not set");
    }
  }

  // The fields that the link should have and is not known to have, or that were forced, and that nothing about it holds
  // back.
  SyncFields PendingAlone(const Link& link) const { return PendingAlone(link, link.owed); }

  SyncFields PendingAlone(const Link& link, const SyncFields& forced) const {
    ItemValues wanted;
    if (link.row.product_currency == policy_.currency) wanted.price = link.row.product_price;
    wanted.quantity = WantedQuantity(link);
    wanted.status = DesiredStatus(link.row.status).value_or(ChannelStatus::kUnknown);
    SyncFields pending;
    for (const SyncField field : kSyncFields) {
      if (!policy_.fields.Has(field) || wanted.Get(field) == kAbsent) continue;
      const bool anyway = link.row.in_doubt.Has(field) || forced.Has(field);
      if (anyway || wanted.Get(field) != link.row.acknowledged.Get(field)) pending.Add(field);
    }
    if (IsHeld(link)) pending.Remove(SyncField::kQuantity);
    return link.dead ? SyncFields() : DifferenceOf(pending, FixedOf(link));
  }

  // Siblings hold a status back as well.
  SyncFields Pending(const Link& link) const { return Pending(link, link.owed); }

  SyncFields Pending(const Link& link, const SyncFields& forced) const {
    SyncFields pending = PendingAlone(link, forced);
    if (Disagrees(link)) pending.Remove(SyncField::kStatus);
    return pending;
  }

  // Those of which exactly that is wanted now.
  std::vector<Values> StillWanted(const std::vector<Values>& refused, const Link& link,
                                  const SyncFields& pending) const {
    const ItemValues wanted = {link.row.product_price, WantedQuantity(link),
                               DesiredStatus(link.row.status).value_or(ChannelStatus::kUnknown)};
    const Values values = ToValues(pending, wanted);
    std::vector<Values> still;
    for (const Values& before : refused) {
      const bool same = std::all_of(before.begin(), before.end(), [&](const auto& named) {
        const auto found = values.find(named.first);
        return found != values.end() && found->second == named.second;
      });
      if (same) still.push_back(before);
    }
    return still;
  }

  // What may have landed is sent again, whatever was refused.
  void ForgetRefusals(Link& link) const {
    link.refused = StillWanted(link.refused, link, DifferenceOf(Pending(link, {}), link.row.in_doubt));
  }

  // Not to be sent, or at least no fault if it is not. Siblings may have changed their minds since.
  bool IsRefused(const Link& link, SyncField field) const {
    return Names(StillWanted(link.ever_refused, link, PendingAlone(link, {})), field);
  }

  bool IsHidden(const Link& link) const {
    return policy_.hides_by_quantity && DesiredStatus(link.row.status) == ChannelStatus::kHidden;
  }

  int64_t WantedQuantity(const Link& link) const {
    if (IsHidden(link)) return 0;
    const int64_t quantity = link.row.product_quantity;
    return policy_.takes_negative_quantities || quantity == kAbsent ? quantity : std::max(int64_t{0}, quantity);
  }

  bool IsRaise(const Link& link) const {
    const int64_t known = link.row.acknowledged.quantity;
    return WantedQuantity(link) != 0 && (known == kAbsent || WantedQuantity(link) >= known);
  }

  void CheckItem(const PushItem& item) {
    const Link& link = LinkOf(item.listing_id);
    const SyncRow& row = link.row;
    const std::string content = ToText(ToValues(item.mask, item.values));
    const std::string name = absl::StrCat("link ", item.listing_id, ":", content, ": ");
    if (content.empty()) Fail(name, "nothing to send is sent");
    if (link.dead) Fail(name, "sent to a dead item");
    if (item.mask.Has(SyncField::kPrice) &&
        (item.values.price != row.product_price || row.product_currency != policy_.currency)) {
      Fail(name, "not the product's price");
    }
    if (item.mask.Has(SyncField::kQuantity) && item.values.quantity != WantedQuantity(link)) {
      Fail(name, "not the product's quantity");
    }
    if (item.mask.Has(SyncField::kStatus) && item.values.status != DesiredStatus(row.status)) {
      Fail(name, "not the listing's status");
    }
    for (const SyncField field : kSyncFields) {
      if (item.mask.Has(field)) CheckField(name, item, field);
    }
    if (item.mask.Has(SyncField::kQuantity) && IsHeld(link)) Fail(name, "overwrites stock that was sold");
    if (item.mask.Has(SyncField::kStatus) && Disagrees(link)) Fail(name, "its siblings disagree");
    CheckOrder(name, item);
    const std::string known = absl::StrCat(content, " over", ToText(ToValues(item.mask, item.known)));
    const std::string& before = contents_.emplace(item.idempotency_key, known).first->second;
    if (before != known) Fail(name, "has the idempotency key of", before);
  }

  void CheckField(const std::string& name, const PushItem& item, SyncField field) {
    const Link& link = LinkOf(item.listing_id);
    if (FixedOf(link).Has(field)) Fail(name, ToString(field), " is fixed");
    if (item.known.Get(field) != link.row.acknowledged.Get(field)) {
      Fail(name, ToString(field), " is not known as acknowledged");
    }
    if (link.row.in_doubt.Has(field)) return;
    if (Names(link.refused, field)) Fail(name, ToString(field), " was refused before");
    if (link.row.forced.Has(field)) return;
    if (item.values.Get(field) == link.row.acknowledged.Get(field)) Fail(name, ToString(field), " was acknowledged");
  }

  // What exposes less goes first.
  void CheckOrder(const std::string& name, const PushItem& item) {
    const Link& link = LinkOf(item.listing_id);
    const SyncFields later = DifferenceOf(Pending(link), item.mask);
    const bool hides = later.Has(SyncField::kStatus) && DesiredStatus(link.row.status) == ChannelStatus::kHidden;
    const bool lowers = later.Has(SyncField::kQuantity) && !IsRaise(link);
    if (item.mask.Has(SyncField::kPrice)) {
      if (hides && !IsRefused(link, SyncField::kStatus)) Fail(name, "priced before it is hidden");
      if (lowers && !IsRefused(link, SyncField::kQuantity)) Fail(name, "priced before its quantity is lowered");
    }
    if (item.mask.Has(SyncField::kQuantity) && IsRaise(link)) {
      if (hides) Fail(name, "raised before it is hidden");
      if (later.Has(SyncField::kPrice)) Fail(name, "raised before its price");
    }
    if (item.mask.Has(SyncField::kStatus) && item.values.status == ChannelStatus::kListed) {
      if (later.Has(SyncField::kPrice)) Fail(name, "shown before its price");
      if (later.Has(SyncField::kQuantity)) Fail(name, "shown before its quantity");
    }
  }

  bool Disagrees(const Link& link) const {
    const auto status = DesiredStatus(link.row.status);
    return std::any_of(links_.begin(), links_.end(), [&](const Link& other) {
      return SharesStatus(link, other) && !other.dead && DesiredStatus(other.row.status) != status;
    });
  }

  bool IsHeld(const Link& link) const {
    if (policy_.oversell_guard != OversellGuard::kHold || !link.sold || IsHidden(link)) return false;
    int64_t known = link.row.acknowledged.quantity;
    const bool is_open = link.row.in_doubt.Has(SyncField::kQuantity) && !link.row.confirmed.Has(SyncField::kQuantity);
    if (known == kAbsent || is_open) {
      known = link.row.seen_at < link.row.guarded_at ? kAbsent : link.row.seen.quantity;
    }
    return known == kAbsent || WantedQuantity(link) > known;
  }

  void CheckStore() {
    for (Link& link : links_) {
      CheckDoubt(link);
      if (link.dead) continue;
      CheckAcknowledged(link);
      if (link.row.dirty) continue;
      CheckClean(link);
      link.owed = SyncFields();
    }
  }

  // What is acknowledged and not in doubt is what the channel has, unless that changed by itself.
  void CheckAcknowledged(const Link& link) {
    for (const SyncField field : kSyncFields) {
      const int64_t known = link.row.acknowledged.Get(field);
      if (known == kAbsent || link.row.in_doubt.Has(field) || link.drifted.Has(field)) continue;
      if (known == link.truth.Get(field)) continue;
      Fail("link ", link.row.listing_id, ": acknowledged ", ToString(field), " ", known, ", the channel has ",
           link.truth.Get(field));
    }
  }

  // A link that is not dirty has nothing to send, unless it must wait.
  void CheckClean(const Link& link) {
    const std::string name = absl::StrCat("link ", link.row.listing_id, " is clean: ");
    if (!link.row.forced.empty()) Fail(name, "it is forced");
    const SyncFields pending = Pending(link);
    const auto is_lost = [&](SyncField field) { return pending.Has(field) && !IsRefused(link, field); };
    const bool price_refused = IsRefused(link, SyncField::kPrice);
    const bool hides = DesiredStatus(link.row.status) == ChannelStatus::kHidden;
    if (is_lost(SyncField::kPrice)) Fail(name, "its price was never sent");
    if (is_lost(SyncField::kQuantity)) {
      const bool waits = price_refused || (hides && IsRefused(link, SyncField::kStatus));
      if (!IsRaise(link) || !waits) Fail(name, "its quantity was never sent");
    }
    // Siblings may have changed their minds since.
    if (is_lost(SyncField::kStatus) && (!policy_.parent_status || link.parent_id.empty())) {
      const bool waits = price_refused || IsRefused(link, SyncField::kQuantity);
      if (hides || !waits) Fail(name, "its status was never sent");
    }
  }

  // Every doubt has an end ahead: a record that will be waited out, or a mark that will send the link again.
  void CheckDoubt(const Link& link) {
    if (link.row.in_doubt.empty() || link.row.dirty || open_.count(link.row.listing_id) != 0) return;
    Fail("link ", link.row.listing_id, " is in doubt, and nothing will end that");
  }

  // The end
  // -------------------------------------------------------------------------------------------------------------

  // Nothing changes any more, what is fixed neither, nothing fails, every product has all values, and no link has a
  // reason to wait.
  void ComeToRest() {
    at_rest_ = true;
    LookAtAll();
    for (Link& link : links_) {
      link.row.product_price = 10;
      link.row.product_quantity = 5;
      link.row.product_currency = policy_.currency;
      link.row.status = StateStatus(link.row.status, Health::kListed, true);
      RestateQuantity(link);
      MarkDirty(link);
    }
    PushToTheEnd();
    LookAtAll();
    PushToTheEnd();
    for (Link& link : links_) MarkDirty(link);
    if (PushDirty(0) != 0) Fail("something is sent though all is acknowledged");
    for (const Link& link : links_) CheckConverged(link);
  }

  // Each pass sends the next step of what is left.
  void PushToTheEnd() {
    for (int pass = 0; pass < 8; ++pass) {
      if (PushDirty(0) == 0) return;
    }
    Fail("it never ends");
  }

  void CheckConverged(const Link& link) {
    const std::string name = absl::StrCat("link ", link.row.listing_id, " at rest: ");
    const SyncRow& row = link.row;
    if (!row.in_doubt.empty()) Fail(name, "it is in doubt");
    if (link.dead) return;
    const SyncFields synced = DifferenceOf(policy_.fields, FixedOf(link));
    if (synced.Has(SyncField::kPrice) && row.product_price != kAbsent && link.truth.price != row.product_price) {
      Fail(name, "the channel has price ", link.truth.price, " instead of ", row.product_price);
    }
    if (synced.Has(SyncField::kQuantity) && row.product_quantity != kAbsent &&
        link.truth.quantity != WantedQuantity(link)) {
      Fail(name, "the channel has quantity ", link.truth.quantity, " instead of ", WantedQuantity(link));
    }
    if (synced.Has(SyncField::kStatus) && link.truth.status != ChannelStatus::kListed)
      Fail(name, "the channel hides it");
  }

  const SyncFunctions& functions_;
  std::mt19937_64 random_;
  SyncPolicy policy_;
  std::vector<PushKind> kinds_;
  std::vector<Link> links_;
  std::vector<PushItem> floating_;               // Sent, and may land until the call deadline.
  std::set<int64_t> open_;                       // Links of pushes whose outcome is not known yet.
  std::map<std::string, std::string> contents_;  // By idempotency key, with the link's id in it.
  int64_t now_ = 0;
  int64_t push_id_ = 0;
  bool at_rest_ = false;
  std::string failure_;
};

}  // namespace

std::string RunSyncWorld(const SyncFunctions& functions, uint64_t seed) { return World(functions, seed).Run(); }

}  // namespace flxlink::sync

#include "tests/sync/sync_world.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

// The channel refuses this price, always.
constexpr int64_t kRefusedPrice = 13;

struct Link {
  SyncRow row;  // As stored.
  std::string parent_id;
  bool dead = false;

  ItemValues truth;    // What the channel really has.
  SyncFields drifted;  // What the channel changed by itself since flxlink last looked or wrote.
  // The channel was seen to have lost stock, and the product's quantity has not been stated since.
  bool sold = false;
  std::string refused;  // The content that was refused last, where nothing else was said of the link since.
};

std::string Content(const SyncFields& mask, const ItemValues& values) {
  std::string text;
  if (mask.Has(SyncField::kPrice)) absl::StrAppend(&text, " price ", values.price);
  if (mask.Has(SyncField::kQuantity)) absl::StrAppend(&text, " quantity ", values.quantity);
  if (mask.Has(SyncField::kStatus)) absl::StrAppend(&text, " status ", ToString(values.status));
  return text;
}

class World {
 public:
  World(const SyncFunctions& functions, uint64_t seed) : functions_(functions), random_(seed) {
    for (const SyncField field : {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}) {
      if (!Chance(10)) policy_.fields.Add(field);
    }
    policy_.oversell_guard = Chance(50) ? OversellGuard::kHold : OversellGuard::kOverwrite;
    policy_.status_grouping = Chance(50) ? PushGrouping::kProduct : PushGrouping::kNone;
    policy_.compare_and_set = Chance(30);
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

  void MakeLink(size_t i) {
    Link& link = links_[i];
    link.row.listing_id = static_cast<int64_t>(i) + 1;
    link.row.dirty = true;
    link.row.dirty_version = 1;
    link.row.product_price = 10;
    link.row.product_quantity = 5;
    link.row.quantity_at = Now();
    link.row.status.base = Health::kListed;
    link.dead = Chance(5);
    link.parent_id = std::vector<std::string>{"", "shirt", "hat"}[static_cast<size_t>(Below(3))];
    link.truth = {10 + Below(2), 4 + Below(2), ChannelStatus::kListed};
    See(link);
  }

  void Step() {
    const int64_t kind = Below(10);
    if (kind < 4) return EditProduct(links_[static_cast<size_t>(Below(static_cast<int64_t>(links_.size())))]);
    if (kind < 5) return DriftOnChannel(links_[static_cast<size_t>(Below(static_cast<int64_t>(links_.size())))]);
    if (kind < 6) LookAtAll();
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
        link.row.status = Decide(link.row.status, Chance(50) ? ChannelStatus::kListed : ChannelStatus::kHidden);
    }
    if (Chance(70)) RestateQuantity(link);
    MarkDirty(link);
  }

  // The channel
  // ---------------------------------------------------------------------------------------------------------

  bool SharesStatus(const Link& a, const Link& b) const {
    return policy_.status_grouping == PushGrouping::kProduct && !a.parent_id.empty() && a.parent_id == b.parent_id;
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

  PushResult Push(const PushItem& item, int64_t fault_percent) {
    const Link& link = LinkOf(item.listing_id);
    if (Chance(fault_percent)) {
      if (Chance(50)) return Chance(50) ? PushResult::kThrottled : PushResult::kNotTried;
      LandPerhaps(item);
      return Chance(50) ? PushResult::kUnavailable : PushResult::kAccepted;
    }
    if (item.mask.Has(SyncField::kPrice) && item.values.price == kRefusedPrice) return PushResult::kRejected;
    if (item.expected_quantity != kAbsent && item.expected_quantity != link.truth.quantity)
      return PushResult::kConflict;
    Land(item);
    return PushResult::kApplied;
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
      if (settlement.mask.Has(SyncField::kPrice)) row.acknowledged.price = settlement.acknowledged.price;
      if (settlement.mask.Has(SyncField::kQuantity)) row.acknowledged.quantity = settlement.acknowledged.quantity;
      if (settlement.mask.Has(SyncField::kStatus)) {
        row.acknowledged.status = settlement.acknowledged.status;
        row.status = Acknowledge(row.status, settlement.acknowledged.status);
      }
      if (settlement.settled && settlement.dirty_version == row.dirty_version) row.dirty = false;
      row.in_doubt = settlement.in_doubt;
      row.refused_digest = settlement.refused_digest;
      if (settlement.refused_digest == 0) LinkOf(settlement.listing_id).refused.clear();
    }
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
    for (Link& link : links_) {
      const int64_t acknowledged = link.row.acknowledged.quantity;
      See(link);
      link.drifted = link.dead ? link.drifted : SyncFields();
      link.sold = link.sold || (!link.dead && policy_.fields.Has(SyncField::kQuantity) && acknowledged != kAbsent &&
                                link.truth.quantity < acknowledged);
    }
    for (const Reconciliation& found : functions_.reconcile(ReadAll(), policy_, true)) {
      Link& link = LinkOf(found.listing_id);
      link.row.acknowledged = found.acknowledged;
      if (found.guard_quantity) link.row.guarded_at = link.row.seen_at;
      MarkDirty(link);
    }
    CheckStore();
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
    const SyncPlan plan = functions_.plan(batch, ReadAll(), policy_);
    CheckPlan(batch, plan);
    // The merchant does not wait.
    if (Chance(fault_percent)) EditProduct(links_[static_cast<size_t>(Below(static_cast<int64_t>(links_.size())))]);
    Write(plan.settled);
    const int64_t count = static_cast<int64_t>(plan.items.size());
    for (int64_t first = 0; first < count && failure_.empty(); first += 2) {
      PushItems(plan, first, std::min<int64_t>(2, count - first), fault_percent);
    }
    CheckStore();
    return count;
  }

  void PushItems(const SyncPlan& plan, int64_t first, int64_t count, int64_t fault_percent) {
    const bool dies = Chance(fault_percent / 4);
    std::vector<PushOutcome> outcomes;
    for (int64_t i = first; i < first + count; ++i) {
      const PushItem& item = plan.items[static_cast<size_t>(i)];
      LinkOf(item.listing_id).row.in_doubt = true;
      PushOutcome outcome;
      if (dies) {
        LandPerhaps(item);
      } else {
        outcome.result = Push(item, fault_percent);
      }
      outcomes.push_back(outcome);
      const bool unknown = outcome.result == PushResult::kUnavailable || outcome.result == PushResult::kAccepted;
      if (unknown) open_.insert(item.listing_id);
    }
    if (dies) return;
    Write(functions_.settle(plan, first, outcomes, ++push_id_));
    for (int64_t i = 0; i < count; ++i) {
      const PushItem& item = plan.items[static_cast<size_t>(first + i)];
      if (outcomes[static_cast<size_t>(i)].result != PushResult::kRejected) continue;
      LinkOf(item.listing_id).refused = Content(item.mask, item.values);
    }
  }

  // What must hold
  // ------------------------------------------------------------------------------------------------------

  void CheckPlan(const SyncBatch& batch, const SyncPlan& plan) {
    if (plan.items.size() + plan.settled.rows.size() != batch.rows.size()) Fail("a row is lost or doubled");
    for (const PushItem& item : plan.items) CheckItem(item);
  }

  void CheckItem(const PushItem& item) {
    const Link& link = LinkOf(item.listing_id);
    const SyncRow& row = link.row;
    const std::string content = Content(item.mask, item.values);
    const std::string name = absl::StrCat("link ", item.listing_id, ":", content, ": ");
    if (content.empty()) Fail(name, "nothing to send is sent");
    if (link.dead) Fail(name, "sent to a dead item");
    if (item.mask.Has(SyncField::kPrice) &&
        (item.values.price != row.product_price || row.product_currency != policy_.currency)) {
      Fail(name, "not the product's price");
    }
    if (item.mask.Has(SyncField::kQuantity) && item.values.quantity != row.product_quantity)
      Fail(name, "not the product's quantity");
    if (item.mask.Has(SyncField::kStatus) && item.values.status != DesiredStatus(row.status))
      Fail(name, "not the listing's status");
    if (!row.in_doubt) {
      if (item.mask.Has(SyncField::kPrice) && item.values.price == row.acknowledged.price)
        Fail(name, "price was acknowledged");
      if (item.mask.Has(SyncField::kQuantity) && item.values.quantity == row.acknowledged.quantity) {
        Fail(name, "quantity was acknowledged");
      }
      if (item.mask.Has(SyncField::kStatus) && item.values.status == row.acknowledged.status)
        Fail(name, "status was acknowledged");
      if (content == link.refused) Fail(name, "was refused before");
    }
    if (item.mask.Has(SyncField::kQuantity) && IsHeld(link)) Fail(name, "overwrites stock that was sold");
    if (item.mask.Has(SyncField::kStatus)) CheckSiblings(name, link);
    const std::string& known = contents_.emplace(item.idempotency_key, content).first->second;
    if (known != content) Fail(name, "has the idempotency key of", known);
  }

  void CheckSiblings(const std::string& name, const Link& link) {
    for (const Link& other : links_) {
      if (!SharesStatus(link, other) || other.dead) continue;
      if (DesiredStatus(other.row.status) != DesiredStatus(link.row.status)) Fail(name, "its siblings disagree");
    }
  }

  bool IsHeld(const Link& link) const {
    return policy_.oversell_guard == OversellGuard::kHold && link.sold &&
           link.row.product_quantity != link.row.acknowledged.quantity;
  }

  void CheckStore() {
    for (const Link& link : links_) {
      CheckDoubt(link);
      if (link.dead) continue;
      if (!link.row.in_doubt) CheckAcknowledged(link);
      if (!link.row.dirty && link.row.refused_digest == 0) CheckClean(link);
    }
  }

  // What is acknowledged and not in doubt is what the channel has, unless that changed by itself.
  void CheckAcknowledged(const Link& link) {
    const ItemValues& known = link.row.acknowledged;
    const std::string name = absl::StrCat("link ", link.row.listing_id, ": ");
    if (!link.drifted.Has(SyncField::kPrice) && known.price != kAbsent && known.price != link.truth.price) {
      Fail(name, "acknowledged price ", known.price, ", the channel has ", link.truth.price);
    }
    if (!link.drifted.Has(SyncField::kQuantity) && known.quantity != kAbsent && known.quantity != link.truth.quantity) {
      Fail(name, "acknowledged quantity ", known.quantity, ", the channel has ", link.truth.quantity);
    }
    if (!link.drifted.Has(SyncField::kStatus) && known.status != ChannelStatus::kUnknown &&
        known.status != link.truth.status) {
      Fail(name, "acknowledged status ", ToString(known.status), ", the channel has ", ToString(link.truth.status));
    }
  }

  // A link that is not dirty has nothing to send, unless it must wait.
  void CheckClean(const Link& link) {
    const SyncRow& row = link.row;
    const std::string name = absl::StrCat("link ", row.listing_id, " is clean: ");
    const bool alone = policy_.status_grouping == PushGrouping::kNone || link.parent_id.empty();
    if (policy_.fields.Has(SyncField::kPrice) && row.product_price != kAbsent &&
        row.product_currency == policy_.currency && row.product_price != row.acknowledged.price) {
      Fail(name, "its price was never sent");
    }
    if (policy_.fields.Has(SyncField::kQuantity) && row.product_quantity != kAbsent &&
        row.product_quantity != row.acknowledged.quantity && !IsHeld(link)) {
      Fail(name, "its quantity was never sent");
    }
    if (policy_.fields.Has(SyncField::kStatus) && alone && DesiredStatus(row.status) != row.acknowledged.status) {
      Fail(name, "its status was never sent");
    }
  }

  // Every doubt has an end ahead: a record that will be waited out, or a mark that will send the link again.
  void CheckDoubt(const Link& link) {
    if (!link.row.in_doubt || link.row.dirty || open_.count(link.row.listing_id) != 0) return;
    Fail("link ", link.row.listing_id, " is in doubt, and nothing will end that");
  }

  // The end
  // -------------------------------------------------------------------------------------------------------------

  // Nothing changes any more, nothing fails, every product has all values, and no link has a reason to wait.
  void ComeToRest() {
    LookAtAll();
    for (Link& link : links_) {
      if (link.row.product_price == kRefusedPrice || link.row.product_price == kAbsent) link.row.product_price = 10;
      if (link.row.product_quantity == kAbsent) link.row.product_quantity = 5;
      link.row.product_currency = policy_.currency;
      link.row.status = Decide(link.row.status, ChannelStatus::kListed);
      RestateQuantity(link);
      MarkDirty(link);
    }
    PushDirty(0);
    LookAtAll();
    PushDirty(0);
    for (Link& link : links_) MarkDirty(link);
    if (PushDirty(0) != 0) Fail("something is sent though all is acknowledged");
    for (const Link& link : links_) CheckConverged(link);
  }

  void CheckConverged(const Link& link) {
    const std::string name = absl::StrCat("link ", link.row.listing_id, " at rest: ");
    const SyncRow& row = link.row;
    if (row.in_doubt) Fail(name, "it is in doubt");
    if (link.dead) return;
    if (policy_.fields.Has(SyncField::kPrice) && row.product_price != kAbsent &&
        link.truth.price != row.product_price) {
      Fail(name, "the channel has price ", link.truth.price, " instead of ", row.product_price);
    }
    if (policy_.fields.Has(SyncField::kQuantity) && row.product_quantity != kAbsent &&
        link.truth.quantity != row.product_quantity) {
      Fail(name, "the channel has quantity ", link.truth.quantity, " instead of ", row.product_quantity);
    }
    if (policy_.fields.Has(SyncField::kStatus) && link.truth.status != ChannelStatus::kListed)
      Fail(name, "the channel hides it");
  }

  const SyncFunctions& functions_;
  std::mt19937_64 random_;
  SyncPolicy policy_;
  std::vector<Link> links_;
  std::vector<PushItem> floating_;               // Sent, and may land until the call deadline.
  std::set<int64_t> open_;                       // Links of pushes whose outcome is not known yet.
  std::map<std::string, std::string> contents_;  // By idempotency key, with the link's id in it.
  int64_t now_ = 0;
  int64_t push_id_ = 0;
  std::string failure_;
};

}  // namespace

std::string RunSyncWorld(const SyncFunctions& functions, uint64_t seed) { return World(functions, seed).Run(); }

}  // namespace flxlink::sync

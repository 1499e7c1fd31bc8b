// The `simulated` channel: a sales platform that lives in memory and misbehaves on purpose, for tests and simulators.
//
//   flxlink::SimulatedOptions options;
//   options.faults.push_lost_reply = 0.1;
//   auto platform = std::make_shared<flxlink::SimulatedPlatform>(clock, options);
//   platform->SetItem({"42", "", {1999, 5, flxlink::ChannelStatus::kListed}, {{"sku", "shirt-m"}}});
//   flxlink::RegisterSimulatedChannel(adapters, platform);
//
// A SimulatedPlatform is the far side of the network: it holds the items, and what goes wrong happens there. The
// adapters that are registered for it are as simple as any, so that several of them, as of several processes, share one
// platform.
//
// All behaviour comes from one seed: the same calls in the same order, at the same times of the clock, give the same
// answers. What a platform declares in `capabilities` it also does; see SimulatedOptions.
//
// Settings of a channel on a platform that a program made: location, market, quantity_means and hiding; see
// channel_setting.h and SimulatedPlace. Where the settings make the platform there are more.

#ifndef FLXLINK_SIMULATED_CHANNEL_H_
#define FLXLINK_SIMULATED_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_setting.h"
#include "flxlink/clock.h"
#include "flxlink/field.h"
#include "flxlink/item_values.h"
#include "flxlink/push.h"
#include "flxlink/rare_vector.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// What an item has at one stock location.
struct SimulatedStock {
  std::string location;
  // What lies there, and what of it is taken by orders that are not sent yet. What can be sold is the difference.
  int64_t on_hand = 0;
  int64_t reserved = 0;

  friend bool operator==(const SimulatedStock& a, const SimulatedStock& b) {
    return a.location == b.location && a.on_hand == b.on_hand && a.reserved == b.reserved;
  }
};

// What an item costs in one market, in that market's currency. kAbsent: nothing is said.
struct SimulatedPrice {
  std::string market;
  int64_t price = kAbsent;
  int64_t compare_at_price = kAbsent;

  friend bool operator==(const SimulatedPrice& a, const SimulatedPrice& b) {
    return a.market == b.market && a.price == b.price && a.compare_at_price == b.compare_at_price;
  }
};

// One item of the platform.
struct SimulatedItem {
  std::string external_id;
  std::string parent_id;  // Empty: none.
  // Without content. Where the platform has locations, the quantity is not used; where it has markets, the prices are
  // not: `stock` and `prices` are instead.
  ItemValues values;
  // What link rules can compare, and content.
  std::vector<Field> fields;
  // No push sets these; SimulatedPlatform::EditItem does.
  RareVector<FixedField> fixed{};
  // One a location that stocks the item: at another its quantity is fixed (kNotStocked).
  std::vector<SimulatedStock> stock{};
  // The price set: one a market. Who writes one of them writes the set whole.
  std::vector<SimulatedPrice> prices{};
  // The markets on which it is published; the empty one where the platform has none. Only channels that hide by
  // publication look at it.
  std::vector<std::string> published{};
  // What it is, where ids are used again (ChannelVariantBatch::identity). Empty: not said.
  std::string identity{};
  // Other ids by which notices name it.
  RareVector<std::string> aliases{};

  friend bool operator==(const SimulatedItem& a, const SimulatedItem& b) {
    return a.external_id == b.external_id && a.parent_id == b.parent_id && a.values == b.values &&
           a.fields == b.fields && a.fixed == b.fixed && a.stock == b.stock && a.prices == b.prices &&
           a.published == b.published && a.identity == b.identity && a.aliases == b.aliases;
  }
};

// What a channel means on the platform. Its settings say it.
struct SimulatedPlace {
  // Of SimulatedOptions::locations and markets; empty where there are none. The one that there is need not be said.
  std::string location{};
  std::string market{};
  // The platform keeps what is on hand. What can be sold is converted with what is reserved by the same read; a push of
  // it sets what is on hand to the sum of the two.
  QuantityMeans quantity_means = QuantityMeans::kAvailable;
  // kStatus: the item's status. kPublication: it is listed where it is published on the market and hidden where not,
  // whatever its status, unless that is kDead. kNone: the channel has no status, and hides by quantity.
  Hiding hiding = Hiding::kStatus;

  friend bool operator==(const SimulatedPlace& a, const SimulatedPlace& b) {
    return a.location == b.location && a.market == b.market && a.quantity_means == b.quantity_means &&
           a.hiding == b.hiding;
  }
};

// What goes wrong, and how often: a rate is a probability from 0 (never) to 1 (always). Default: nothing does.
struct SimulatedFaults {
  // How long each call takes: a random time between the two. The platform, being the network, lets it pass by
  // Clock::Sleep, a little at a time; a call whose CallContext has less time left than that gives up when it is over
  // (a push has landed then, and its reply is lost). Keep it below the timeouts that are declared.
  absl::Duration min_latency = absl::ZeroDuration();
  absl::Duration max_latency = absl::ZeroDuration();

  // Of calls. Throttled: RESOURCE_EXHAUSTED with `retry_after`. Unavailable: UNAVAILABLE. Nothing was done in either
  // case.
  double throttled = 0;
  double unavailable = 0;

  // Of pages. Not ready: it is empty, and is to be asked for again after `retry_after`.
  double not_ready = 0;
  // Of items in pages and fetches: it could not be read, and comes as a problem with its external id.
  double page_problem = 0;

  // Of pushes. In both cases the caller gets UNAVAILABLE or DEADLINE_EXCEEDED, whichever falls. Lost reply: the push
  // has landed. Late: it lands at some time after the call, and before the kind's timeout since the call began;
  // whatever another push did in between is then overwritten.
  double push_lost_reply = 0;
  double push_late = 0;

  // Of items in a push. Rejected: refused for good, that is each time with the same values. Unavailable, not tried and
  // throttled: not done.
  double item_rejected = 0;
  double item_unavailable = 0;
  double item_not_tried = 0;
  double item_throttled = 0;

  // What who is throttled, or asks for what is not ready, is told to wait.
  absl::Duration retry_after = absl::Seconds(1);

  // Of calls: what people do on the platform before it; SimulatedPlatform::Deeds tells of it. Edit: somebody sets the
  // price, quantity, status or title of an item by hand. Sale: somebody buys some of an item; at a location, what is
  // sold is reserved, or sent at once. Removal: an item is removed. Reuse: another item comes under the external id of
  // one that was removed so, with other fields, and another identity if that one had any.
  double edits = 0;
  double sales = 0;
  double removals = 0;
  double reuses = 0;

  // Of the good items in pushes of a kind with a receipt_timeout: accepted with a receipt, and decided later. The
  // others are done at once. Default: all.
  double accepted = 1;
  // How long the decision on an accepted item takes: a random time up to this, each item for itself, so that they are
  // decided in any order; and never longer than the kind's receipt_timeout since the call began.
  absl::Duration max_receipt_delay = absl::ZeroDuration();
  // Of accepted items: nobody ever hears of the decision, though the item may have landed.
  double receipt_lost = 0;
};

// One push kind, "items": price, quantity, status, compare-at price, title and description; it takes the good items of
// a push and refuses the bad ones. A pull sees everything, and up to 100 items can be fetched.
AdapterCapabilities DefaultSimulatedCapabilities();

// Price, quantity and status by calls of their own, as large platforms have them:
//
//   prices      price and compare-at price of up to 100 items of one parent
//   quantities  of up to 250 items, compared before they are set, with keys by item
//   statuses    of up to 100 items; a parent's items share one
//
// All take good items and give no receipts. Reads, prices and statuses take of the bucket "catalog", quantities of the
// bucket "inventory"; the account has no name.
AdapterCapabilities SplitSimulatedCapabilities();

// In the minor unit.
constexpr int64_t kHighestSimulatedPrice = 999999999;

struct SimulatedOptions {
  uint64_t seed = 1;
  // How many calls there were before, where the platform goes on from a saved one: what happens by chance goes on
  // from there, and what is refused for good stays refused.
  int64_t earlier_calls = 0;

  // The ids of its stock locations and of its markets. Empty: items have a quantity and prices of their own. More than
  // one: channels need the setting `location` or `market`.
  std::vector<std::string> locations{};
  std::vector<std::string> markets{};

  // What adapters declare and the platform then does:
  // - link_fields: the fields that pulls show, besides the content that can be set. Empty: those that the items have.
  // - status_set: a push of another status is rejected, code "unsupported_status".
  // - kept_by_parent: set for an item by a push, they are set for all items of its parent.
  // - fetch_limit: a longer fetch is INVALID_ARGUMENT.
  // - since: pulls give marks and begin at them. What is not declared of it is not shown: a change of another field,
  //   new items, what is gone. SetItem counts as a change of all fields. What changed in the overlap before a mark is
  //   shown once more. A mark that the platform has not given, or has forgotten, is ABORTED.
  // - pull_lag, fetch_lag: a pull or fetch shows everything as it was so long ago.
  // - account: what calls cost is taken of its buckets, by the clock, and a call of one that has not enough is
  //   RESOURCE_EXHAUSTED with the RetryAfter that is needed; so is a call for which no slot is free.
  // - push_kinds: a push of another kind is refused whole, INVALID_ARGUMENT. Of a kind:
  //   - fields: a push of another field is rejected, code "unsupported_field".
  //   - max_items, max_bytes, one_parent: a push that is longer, or of items of several parents, is refused whole,
  //     INVALID_ARGUMENT.
  //   - takes_good_items: without it, a push with an item that would be rejected or not found is refused whole,
  //     INVALID_ARGUMENT, and nothing of it is done.
  //   - compares: an item of which such a field is neither what is known nor what it is to be is a conflict, which says
  //     what the item has of those fields.
  //   - keys: an item, or the items of a call, whose key was taken before are answered as then, and not done again.
  //   - timeout: the latest time for late pushes.
  //   - receipt_timeout: what is not refused at once is accepted with a receipt and decided later; see
  //     SimulatedFaults::accepted.
  //   - later_wins: what has landed of an item takes its fields out of what was accepted before it and has not.
  //
  // A price below zero or above kHighestSimulatedPrice is always rejected, code "invalid_price", a quantity below zero
  // without takes_negative_quantities, and a field that is fixed of the item, code "field_fixed". Each item has a
  // handle, which is another one when its external id is used again after the item was removed; a push with a handle
  // that is not the item's is a conflict.
  AdapterCapabilities capabilities = DefaultSimulatedCapabilities();

  SimulatedFaults faults;
};

// What has happened on a platform so far. Calls count when they arrive, whatever comes of them.
struct SimulatedCounters {
  int64_t pulls = 0;
  int64_t fetches = 0;
  int64_t pushes = 0;
  int64_t polls = 0;
  int64_t calls_throttled = 0;
  int64_t calls_unavailable = 0;
  int64_t pages_not_ready = 0;
  int64_t replies_lost = 0;
  int64_t pushes_late = 0;
  int64_t items_pulled = 0;
  int64_t items_fetched = 0;   // Found; items that came as problems are not among them.
  int64_t items_pushed = 0;    // In pushes that were let in.
  int64_t items_applied = 0;   // Written to the platform, again or late or after a receipt included.
  int64_t items_repeated = 0;  // Answered from their idempotency key.
  int64_t deeds = 0;           // SimulatedPlatform::Deeds.
};

// What a person did on the platform by chance; see SimulatedFaults.
struct SimulatedDeed {
  enum class Kind : uint8_t { kEdit, kSale, kRemoval, kReuse };

  Kind kind = Kind::kEdit;
  absl::Time at;
  std::string external_id;
  // Of an edit or a sale: where, and what differs from what, as a channel at that place means it. Siblings that share
  // the field have it too.
  SimulatedPlace place{};
  SyncFields fields{};
  ItemValues before{};
  ItemValues after{};
};

// Thread-safe.
class SimulatedPlatform {
 public:
  // `clock` must outlive the platform.
  SimulatedPlatform(Clock& clock, SimulatedOptions options);
  SimulatedPlatform(const SimulatedPlatform&) = delete;
  SimulatedPlatform& operator=(const SimulatedPlatform&) = delete;
  ~SimulatedPlatform();

  const SimulatedOptions& options() const;
  const AdapterCapabilities& capabilities() const { return options().capabilities; }

  // -- From one process to the next.

  // What the platform remembers, its counters, deeds and chance aside: the items with their handles, what a late read
  // shows, pushes that have not landed, the keys and receipts of the last 48 hours, and the tokens that are left.
  std::string Save();
  // For a platform to which nothing has been done yet, with options such as those of the one that was saved. It holds
  // `items`: where they are others than those that were saved, somebody has changed them, and that counts as done now,
  // before what was on its way lands. Pushes of kinds that there are no more never land.
  //
  // With nothing saved the platform is new, and has always held these items. INVALID_ARGUMENT: `saved` is damaged, and
  // nothing was done.
  absl::Status Restore(absl::string_view saved, std::vector<SimulatedItem> items);

  // -- What tests do to the platform, past its API. Late pushes and receipts that are due have landed before each of
  // these.

  // Adds an item, or takes the place of the one with its external id; then the handle stays.
  void SetItem(SimulatedItem item);
  // Changes the masked values by hand, as a channel at that place means them, and of that item alone. False: there is
  // no such item.
  bool EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
                const SimulatedPlace& place = {});
  // False: there was no such item.
  bool RemoveItem(absl::string_view external_id);
  absl::optional<SimulatedItem> FindItem(absl::string_view external_id);
  // By external id.
  std::vector<SimulatedItem> Items();
  SimulatedCounters Counters();
  // In the order in which they were done: what people did, as against what came by pushes.
  std::vector<SimulatedDeed> Deeds();
  // The platform does not know the marks any more that it has given so far.
  void ForgetMarks();
  // From the next call on. Default-constructed: the platform is well again, apart from pushes that are late already.
  void SetFaults(const SimulatedFaults& faults);

  // -- The platform's API, as adapters call it for a channel at that place. See ChannelAdapter.
  //
  // A read that is cancelled while its latency passes is CANCELLED. Of a push that is cancelled before it began no item
  // is tried; later it waits for its answer.

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call, const SimulatedPlace& place = {});
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call,
                                   const SimulatedPlace& place = {});
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call, const SimulatedPlace& place = {});
  // All on their way at the same time; they arrive, and are answered, in the order in which their latencies end.
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done,
                   const SimulatedPlace& place = {});
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

// Registers `platform` as `name`: every adapter of that name speaks to it, at the place that its channel's settings
// name.
void RegisterSimulatedChannel(AdapterRegistry& registry, std::shared_ptr<SimulatedPlatform> platform,
                              std::string name = "simulated");

// Registers an adapter as `name` whose platforms are made by the channels' settings, for programs: nobody has to write
// code to try something. Channels with the same settings, the place aside, are on the same platform. `clock` must
// outlive the adapters. Besides those of a place there are:
//
//   path        the CSV file in which the platform is kept, made by the first call; a person can look at it, and edit
//               it between calls, which counts as done when the next call begins. Default: none, and the platform is
//               made anew in each process
//   seed        default 1
//   items       how many a new platform has, at most 1,000,000; default 20. Item i has the external id item-i and the
//               SKU SKU-i; prices and quantities come from the seed
//   latency_ms  how long a call takes at the most, and half of it at the least; default 0
//   locations, markets
//               their ids, with commas between; default: none. An item of a new platform has stock at each location,
//               some of it reserved, and a price on each market, every third with a compare-at price: a channel sets
//               those of its own place, and the others stay as they are
//   calls       `one`: one call sets everything, see DefaultSimulatedCapabilities(). `split`: price, quantity and
//               status by calls of their own, see SplitSimulatedCapabilities(). Default `one`
//   whole_batches
//               `yes`: a push with an item that is refused is refused whole. Default `no`
//   fixed       the rate of items of a new platform of which a field cannot be set; default 0
//   timeout_s   how many seconds after it began a push may land (PushKind::timeout), from 1 to 86,400; default 60.
//   Items
//               of which a sync does not know what became (`push_lost_reply`, `push_late`, `unavailable`,
//               `item_unavailable`) it sends again after that time
//   receipts    pushes are accepted with receipts, and decided in any order, the latest of them after so many seconds
//               (PushKind::receipt_timeout), at most 86,400. Default 0: they are done at once
//   later_wins  `yes`: of several that are accepted of a field the last one stands (PushKind::later_wins). Default `no`
//   pull_lag_s, fetch_lag_s
//               pulls and fetches show what was there so many seconds ago, at most 86,400; default 0
//   throttled, unavailable, not_ready, page_problem, push_lost_reply, push_late, item_rejected, item_unavailable,
//   item_not_tried, item_throttled, edits, sales, removals, reuses, accepted, receipt_lost
//               rates from 0 to 1, see SimulatedFaults; default 0, of `accepted` 1. Where ids are used again, the items
//               of a new platform have identities
//
// Channels on the same platform share its account. With `path` all of this goes on from one process to the next, by
// what is kept in PATH.state besides: who removes that makes the platform forget what is on its way, late or promised.
void RegisterSimulatedChannel(AdapterRegistry& registry, Clock& clock, std::string name = "simulated");

}  // namespace flxlink

#endif  // FLXLINK_SIMULATED_CHANNEL_H_

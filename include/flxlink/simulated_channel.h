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
// Settings of the channel: none.

#ifndef FLXLINK_SIMULATED_CHANNEL_H_
#define FLXLINK_SIMULATED_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/clock.h"
#include "flxlink/field.h"
#include "flxlink/push.h"

namespace flxlink {

// One item of the platform.
struct SimulatedItem {
  std::string external_id;
  std::string parent_id;  // Empty: none.
  // Without content.
  ItemValues values;
  // What link rules can compare, and content.
  std::vector<Field> fields;
  // No push sets these; SimulatedPlatform::EditItem does.
  RareVector<FixedField> fixed{};
  // Other ids by which notices name it.
  RareVector<std::string> aliases{};
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

  // Of calls: before it, somebody sets the price or quantity of some item by hand.
  double drift = 0;

  // Of the good items in pushes of a kind with a receipt_timeout: accepted with a receipt, and decided later. The
  // others are done at once. Default: all.
  double accepted = 1;
  // How long the decision on an accepted item takes: a random time up to this, each item for itself, so that they are
  // decided in any order; and never longer than the kind's receipt_timeout since the call began.
  absl::Duration max_receipt_delay = absl::ZeroDuration();
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

struct SimulatedOptions {
  uint64_t seed = 1;

  // What adapters declare and the platform then does:
  // - link_fields: the fields that pulls show, besides the content that can be set. Empty: those that the items have.
  // - status_set: a push of another status is rejected, code "unsupported_status".
  // - kept_by_parent: set for an item by a push, they are set for all items of its parent.
  // - fetch_limit: a longer fetch is INVALID_ARGUMENT.
  // - since: pulls give marks and begin at them. What is not declared of it is not shown: a change of another field,
  // new
  //   items, what is gone. SetItem counts as a change of all fields. What changed in the overlap before a mark is shown
  //   once more. A mark that the platform has not given, or has forgotten, is ABORTED.
  // - pull_lag, fetch_lag: a pull or fetch shows everything as it was so long ago.
  // - account: what calls cost is taken of its buckets, by the clock, and a call of one that has not enough is
  //   RESOURCE_EXHAUSTED with the RetryAfter that is needed; so is a call for which no slot is free.
  // - push_kinds: a push of another kind is refused whole, INVALID_ARGUMENT. Of a kind:
  //   - fields: a push of another field is rejected, code "unsupported_field".
  //   - max_items, max_bytes, one_parent: a push that is longer, or of items of several parents, is refused whole,
  //     INVALID_ARGUMENT.
  //   - takes_good_items: without it, a push with an item that would be rejected or not found is refused whole,
  //     INVALID_ARGUMENT, and nothing of it is done.
  //   - compares: an item of which such a field is neither what is known nor what it is to be is a conflict.
  //   - keys: an item, or the items of a call, whose key was taken before are answered as then, and not done again.
  //   - timeout: the latest time for late pushes.
  //   - receipt_timeout: what is not refused at once is accepted with a receipt and decided later; see
  //     SimulatedFaults::accepted.
  //
  // A price below zero is always rejected, code "invalid_price", and a field that is fixed of the item, code
  // "field_fixed". Each item has a handle, which is another one when its
  // external id is used again after the item was removed; a push with a handle that is not the item's is a conflict.
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
  int64_t drifts = 0;
};

// Thread-safe.
class SimulatedPlatform {
 public:
  // `clock` must outlive the platform.
  SimulatedPlatform(Clock& clock, SimulatedOptions options);
  SimulatedPlatform(const SimulatedPlatform&) = delete;
  SimulatedPlatform& operator=(const SimulatedPlatform&) = delete;
  ~SimulatedPlatform();

  const AdapterCapabilities& capabilities() const;

  // -- What tests do to the platform, past its API. Late pushes and receipts that are due have landed before each of
  // these.

  // Adds an item, or takes the place of the one with its external id; then the handle stays.
  void SetItem(SimulatedItem item);
  // Changes the masked values by hand, and of that item alone. False: there is no such item.
  bool EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values);
  // False: there was no such item.
  bool RemoveItem(absl::string_view external_id);
  absl::optional<SimulatedItem> FindItem(absl::string_view external_id);
  // By external id.
  std::vector<SimulatedItem> Items();
  SimulatedCounters Counters();
  // The platform does not know the marks any more that it has given so far.
  void ForgetMarks();
  // From the next call on. Default-constructed: the platform is well again, apart from pushes that are late already.
  void SetFaults(const SimulatedFaults& faults);

  // -- The platform's API, as adapters call it. See ChannelAdapter.
  //
  // A read that is cancelled while its latency passes is CANCELLED. Of a push that is cancelled before it began no item
  // is tried; later it waits for its answer.

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call);
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call);
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call);
  // All on their way at the same time; they arrive, and are answered, in the order in which their latencies end.
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done);
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

// Registers `platform` as `name`: every adapter of that name speaks to it.
void RegisterSimulatedChannel(AdapterRegistry& registry, std::shared_ptr<SimulatedPlatform> platform,
                              std::string name = "simulated");

}  // namespace flxlink

#endif  // FLXLINK_SIMULATED_CHANNEL_H_

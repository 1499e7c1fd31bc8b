// ChannelAdapter: what flxlink asks of a sales platform. One adapter speaks to one account; the platform's words are
// translated here into flxlink's and nowhere else.
//
// Adapters are simple on purpose. They never retry, never sleep, start no thread and keep nothing between calls but
// what they could read again (a file between the pages of one pull): the engine schedules, waits, retries and
// remembers. All they need comes with the request or from their settings, so that any call can be made to a new
// adapter. A small one declares one push kind and implements Pull and Push.
//
// In these headers an item is one thing for sale on the platform, stored as a channel variant; a listing variant is
// what flxlink wants to sell there; a link is the pair of both. Content is any field other than price, quantity, status
// and compare-at price. A value is in doubt when a push of it was sent and nobody knows whether it landed. A job is a
// piece of work on one channel (a pull, a sync); it yields when it makes room for a more urgent one. docs/glossary.md
// has the other words, docs/adapters.md a whole adapter.
//
// A new adapter passes flxlink/conformance/channel.h.

#ifndef FLXLINK_CHANNEL_ADAPTER_H_
#define FLXLINK_CHANNEL_ADAPTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/account.h"
#include "flxlink/channel.h"
#include "flxlink/channel_variant.h"
#include "flxlink/credential_resolver.h"
#include "flxlink/event.h"
#include "flxlink/listing_status.h"
#include "flxlink/problem.h"
#include "flxlink/push.h"
#include "flxlink/push_kind.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// What a pull since a mark (PullRequest::mark) is sure to see of what happened after it. It may see more.
struct SinceReads {
  // An item of which one of these changed. Items are shown whole, as by a whole pull.
  SyncFields sees;
  // Items that were added.
  bool sees_new_items = false;
  // Items that are gone: PullPage::deleted.
  bool sees_deletions = false;
  // How far before its mark such a pull begins, so that what the platform lists late is not lost: what changed that
  // shortly before is shown once more. The adapter subtracts it when it makes or reads a mark, since nobody else can
  // read one; the engine adds nothing.
  absl::Duration overlap = absl::ZeroDuration();
};

// What an adapter can do, and what the platform lets it do. A flag only ever means "can": the engine works without it,
// more slowly or more carefully. What is left as it is has a sensible default.
struct AdapterCapabilities {
  // -- Of its items.

  // External ids are the platform's own, and an id is never used again for another item. Default: they may be, as ids
  // that are made of text.
  bool own_ids = false;
  // The channel fields that link rules can compare. Empty: any name may be asked for. Pulls show these, the content
  // that can be set, and as `status` the word of a status that is not understood (ChannelStatus::kNotUnderstood).
  std::vector<std::string> link_fields;
  // The statuses that items can have. Empty: the channel has none.
  std::vector<ChannelStatus> status_set;
  // The fields that the platform keeps once for all items of a parent: set for one of them, they are set for all. Only
  // the status can be among them so far: where siblings want different ones, none is sent.
  SyncFields kept_by_parent;
  // The channel cannot hide an item: where a listing variant is to be hidden or delisted the engine sends the quantity
  // 0 instead, and says so; the adapter sees a push of that quantity and no other. Only without a status_set, and where
  // the quantity can be set.
  bool hides_by_quantity = false;
  // An item can have a quantity below zero, as one that was oversold has. Elsewhere the engine sends 0 for it.
  bool takes_negative_quantities = false;

  // -- Of its reads.

  // A pull that ran to its end saw every item: what is absent is gone.
  bool complete_pull = false;
  // Pulls can begin at a mark. nullopt: every pull is whole, and no page has a mark.
  absl::optional<SinceReads> since;
  // For how long a pull, or a fetch, may still show an item as it was before something was set: what is read of it
  // sooner after a push was acknowledged (for an accepted one: decided) says nothing.
  absl::Duration pull_lag = absl::ZeroDuration();
  absl::Duration fetch_lag = absl::ZeroDuration();
  // Items that Fetch takes at the most. 0: it cannot be asked for single items.
  int64_t fetch_limit = 0;
  // What the calls take of the account; CallCost::per_item counts of a pull its limit, of a fetch its ids, of a poll
  // its receipts. Default: of a call nothing, where the account has no buckets.
  CallCost pull_cost;
  CallCost fetch_cost;
  CallCost poll_cost;
  // When a call of these should give up.
  absl::Duration read_timeout = absl::Minutes(1);

  // -- Of its account.

  Account account;

  // -- Of its pushes. A pull reports a field as a push sets it: content among the fields of PullPage::items.

  // In the order in which they are preferred. None: nothing can be set.
  std::vector<PushKind> push_kinds;
};

// What can be set by any kind.
SyncFields SettableFields(const AdapterCapabilities& capabilities);
// The kind of that name; nullptr: there is none.
const PushKind* FindPushKind(const AdapterCapabilities& capabilities, absl::string_view name);
// INVALID_ARGUMENT names what is wrong: kinds, buckets or slots without a name or with one that is there twice, a cost
// that names none of them, a kind that sets nothing, a number or a time below what it may be.
absl::Status CheckCapabilities(const AdapterCapabilities& capabilities);

// What comes with each call of an adapter. Used on the thread of the call, and gone when it returns.
class CallContext {
 public:
  virtual ~CallContext() = default;

  // How long the call may take from now on: the adapter gives it to its transport. Zero or less: it is late already.
  virtual absl::Duration time_left() const = 0;
  // Whether the call should end early, since its job was cancelled or is to yield; ask while waiting for the platform.
  // A read then returns CANCELLED; a push of which nothing was sent yet answers kNotTried for all its items, and one
  // whose requests are on their way waits for their answers if it can. Asking takes time: see time_left afterwards.
  virtual bool cancelled() const = 0;
  // Tells the engine what the platform said about its limits, whatever else it answered, as soon as the answer is
  // there: what is left is as of now. A bucket that the account does not have is passed over. That a call was throttled
  // is not told here, its result says so. Default: nothing is done with it.
  virtual void TellLevel(const BucketLevel& level) const;
  // Tells the log (event.h) of something that is worth knowing and is no error of the call: as kWarning what a person
  // should look at, anything else as kDebug. Never a secret.
  virtual void Log(LogLevel level, absl::string_view text) const = 0;
};

struct PullRequest {
  // Empty: from the start. Else the last page's next_cursor.
  std::string cursor;
  // Items wanted at the most. A page may have fewer: as many as the platform gives at once.
  int64_t limit = 1000;
  // Not empty: only what changed since that mark, as AdapterCapabilities::since says; an earlier pull's PullPage::mark,
  // the same for all pages of one pull. Empty: everything.
  std::string mark{};
};

// An item that the adapter saw and could not read. It counts as seen, and is otherwise as before; where it is among the
// items all the same, those count, and the problem tells what of it was passed over.
struct ItemProblem {
  // Empty: not even that could be read. Then the pull proves no absence.
  std::string external_id;
  // What, where, and how to fix it. Several items may have one and the same problem: its argument external_id then
  // names one of them, and it is told once.
  Problem problem;
};

struct PullPage {
  // May be empty on any page.
  ChannelVariantBatch items;
  std::vector<ItemProblem> problems;
  // External ids of items that the platform says are gone: as `missing` of a fetch. In the order of the pages the last
  // word about an item counts, and on one page that it was seen.
  std::vector<std::string> deleted;
  // Where the next page begins. Empty: this was the last.
  std::string next_cursor;
  // On the last page, where AdapterCapabilities::since is there, and never empty then: what to ask the next pull since
  // with, which then sees what happened after this pull began. Note that on its first page and carry it in the cursor.
  // Problems of this pull are not shown again: what fixes them is a change.
  std::string mark;
  // The platform is not ready to give the next page: ask with next_cursor, which must be there, after this time. Zero:
  // it is ready.
  absl::Duration ask_again_after = absl::ZeroDuration();
  // How old what the page says is, at least: a report is as old as its making. Never a time: the clocks of a platform
  // and a store differ.
  absl::Duration age = absl::ZeroDuration();
  // Not the adapter's to say: links of `deleted` are not broken, and that is held (breaker.h).
  bool holds_breaks = false;
};

struct FetchRequest {
  // At most AdapterCapabilities::fetch_limit.
  absl::Span<const std::string> external_ids;
};

// What is neither among the items nor missing nor a problem stays as it was.
struct FetchReply {
  // In any order.
  ChannelVariantBatch items;
  std::vector<ItemProblem> problems;
  // Those that the platform says do not exist.
  std::vector<std::string> missing;
  // As of a page.
  absl::Duration age = absl::ZeroDuration();
  bool holds_breaks = false;
};

// What a platform sent to a host that had subscribed to its notices (a webhook), as it came.
struct Notice {
  // Names as they came; they are compared without regard to case.
  absl::Span<const std::pair<std::string, std::string>> headers;
  absl::string_view body;
};

// The items that a notice names, each by what it names it by. Names that nobody knows are passed over, external ids
// aside: those may be new.
struct NoticedItems {
  std::vector<std::string> external_ids;
  // All items of these.
  std::vector<std::string> parent_ids;
  // All items that have one of these (ChannelVariantBatch::aliases).
  std::vector<std::string> aliases;
};

struct PushRequest {
  // PushKind::name.
  std::string kind;
  // All of that kind: the engine masks no field that it does not set. Where one is masked all the same, the item is
  // kRejected (or the call INVALID_ARGUMENT), and nothing of it is set.
  absl::Span<const PushItem> items;
  // The same for a call with the same items and the same content.
  std::string idempotency_key;
};

struct PushReply {
  // One an item, in the order of the items.
  std::vector<PushOutcome> outcomes;
};

// Takes the answer to the request of that number. It may take a while: storage is written meanwhile.
using PushDone = absl::FunctionRef<void(size_t request, absl::StatusOr<PushReply> reply)>;

// No method throws. What is thrown all the same becomes the error of the job that called; a push that threw counts as
// one of unknown outcome.
//
// Calls of one adapter never overlap, but come from different threads. A channel may have several adapters at a time,
// so what they share (a connection, a token) is thread-safe.
class ChannelAdapter {
 public:
  virtual ~ChannelAdapter() = default;

  // The same during the adapter's life.
  virtual const AdapterCapabilities& capabilities() const = 0;

  // One page of the channel's items. Can be asked again for the same page.
  //
  // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED: a person must fix something, the message says what and where.
  // UNAUTHENTICATED: the platform does not accept the credentials. ABORTED: the channel changed since the cursor was
  // given, start the pull over; or the platform does not know the mark any more, pull everything. UNAVAILABLE,
  // DEADLINE_EXCEEDED, UNKNOWN, and RESOURCE_EXHAUSTED with RetryAfter (throttled) are tried again; any other fails the
  // job.
  virtual absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const = 0;

  // The items named, as they are now. Errors as of Pull, but for ABORTED, which fails the job. UNIMPLEMENTED without
  // fetch_limit.
  virtual absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const;

  // Sends items: one request to the platform, or the few that belong together.
  //
  // Throttled (RESOURCE_EXHAUSTED with RetryAfter) as the whole answer means that none was tried. INVALID_ARGUMENT of a
  // kind without takes_good_items means that the push was refused whole and nothing of it applied: the engine halves it
  // to find the bad item. Any other error means that nothing is known of any item; ABORTED, CANCELLED,
  // DEADLINE_EXCEEDED, UNAVAILABLE and UNKNOWN are tried again later, others fail the job. Where the adapter knows, it
  // answers item by item; what could not be read back is kUnavailable. UNIMPLEMENTED without push_kinds.
  virtual absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const;

  // Sends several pushes of one kind, at most its in_flight, at the same time, and tells of each answer as it comes, on
  // this thread. What is not told is taken for a push of unknown outcome. Default: one after another, by Push; those
  // that would begin when no time is left are not tried.
  virtual void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const;

  // What became of accepted items, of all kinds mixed: one outcome a receipt, in their order. At most 1,000; where the
  // platform takes fewer at once, the adapter asks several times. kApplied, kRejected, kNotFound and kConflict end a
  // receipt. Any other result leaves it open: kAccepted where it is not decided yet, kUnavailable where it is not
  // known. Asking changes nothing: a decided receipt is answered the same again, since a process may die before it has
  // stored that. UNIMPLEMENTED without a kind that has a receipt_timeout.
  virtual absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                                const CallContext& call) const;

  // Which items a notice names, none where it is of something else; values that it carries are never used. Calls
  // nobody. PERMISSION_DENIED: its signature, checked over the body as it came, is wrong or missing. INVALID_ARGUMENT:
  // it cannot be read. UNIMPLEMENTED: the platform has no notices, or this adapter does not read them (for want of the
  // secret, say).
  virtual absl::StatusOr<NoticedItems> ReadNotice(const Notice& notice) const;
};

// A throttled call's Status is RESOURCE_EXHAUSTED and carries how long to wait. Where the platform does not say, the
// adapter gives what is usual there: without a time the call has failed.
absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after);
absl::optional<absl::Duration> RetryAfter(const absl::Status& status);
bool IsThrottled(const absl::Status& status);

// What an adapter is made from. `credentials` lives as long as the adapter, `config` only until the factory returns.
struct AdapterContext {
  const ChannelConfig& config;
  const CredentialResolver& credentials;
};

// Makes an adapter for one channel, for each of its jobs and notices. It refuses what it does not know:
// INVALID_ARGUMENT names the setting that is missing, wrong or unknown, or says that the platform's currency is not the
// channel's.
using AdapterFactory = std::function<absl::StatusOr<std::unique_ptr<ChannelAdapter>>(const AdapterContext& context)>;

// The adapters that a program offers, by name. Not thread-safe while being filled.
class AdapterRegistry {
 public:
  // Takes the place of an earlier factory of that name. `secrets`: the credentials that it resolves. A setting of one
  // of these names is refused, so that no secret is stored with a channel.
  void Register(std::string name, AdapterFactory factory, std::vector<std::string> secrets = {});

  // NOT_FOUND lists the names there are. INVALID_ARGUMENT: a setting is a secret.
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> Make(const AdapterContext& context) const;

 private:
  struct Offer {
    AdapterFactory factory;
    std::vector<std::string> secrets;
  };

  std::map<std::string, Offer> offers_;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_ADAPTER_H_

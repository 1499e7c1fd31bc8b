// ChannelAdapter: what flxlink asks of a sales platform. One adapter speaks to one account; the platform's words are
// translated here into flxlink's and nowhere else.
//
// Adapters are simple on purpose. They never retry, never sleep, start no thread and keep nothing between calls but
// what they could read again (a file between the pages of one pull): the engine schedules, waits, retries and
// remembers. All they need comes with the request or from their settings, so that any call can be made to a new
// adapter.
//
// A new adapter passes flxlink/conformance/channel.h.

#ifndef FLXLINK_CHANNEL_ADAPTER_H_
#define FLXLINK_CHANNEL_ADAPTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_variant.h"
#include "flxlink/push.h"

namespace flxlink {

// What must be pushed together because the platform keeps it in one place.
enum class PushGrouping : uint8_t {
  kNone,     // Every item for itself.
  kProduct,  // Status belongs to the parent: siblings share it.
};

// The platform's rate limit, as a token bucket. Default: none.
struct RateLimit {
  // Tokens that may be saved up. 0: no limit.
  double bucket_size = 0;
  double refill_per_second = 0;
  // Tokens that a call takes.
  double pull_cost = 1;
  double push_cost = 1;
  double poll_cost = 1;
};

// What an adapter can do. A flag only ever means "can": the engine works without it, more slowly or more carefully.
struct AdapterCapabilities {
  // The channel fields that link rules can compare. Empty: any name may be asked for. Pulls show these, and the content
  // that can be set.
  std::vector<std::string> link_fields;
  // What a push can set. A pull reports a field as a push sets it: content among the fields of PullPage::items.
  SyncFields can_set;
  // The statuses that items can have. Empty: the channel has none.
  std::vector<ChannelStatus> status_set;
  // Items in one push at the most. 0: no limit.
  int64_t push_limit = 0;
  PushGrouping grouping = PushGrouping::kNone;
  // Takes the good items of a push and refuses the bad ones.
  bool partial_success = false;
  // Honours PushItem::expected_quantity.
  bool compare_and_set = false;
  // May answer kAccepted with a receipt.
  bool asynchronous_receipts = false;
  // A pull that ran to its end saw every item: what is absent is gone.
  bool complete_pull = false;
  RateLimit rate_limit;
  // Nothing of a push can land later than this after the call began, accepted items aside. Default: one minute.
  absl::Duration push_timeout = absl::Minutes(1);
  // An accepted item is decided, and lands if it does, within this time after the call began; its receipt is asked
  // about for as long. Default: ten minutes.
  absl::Duration receipt_timeout = absl::Minutes(10);
};

struct PullRequest {
  // Empty: from the start. Else the last page's next_cursor.
  std::string cursor;
  // Items wanted at the most.
  int64_t limit = 1000;
};

struct PullPage {
  ChannelVariantBatch items;
  // Where the next page begins. Empty: this was the last.
  std::string next_cursor;
  // The adapter's mark of the state that it read, for channels where a push must know it (a file's digest). The same in
  // all pages of one pull. Empty: the channel has none.
  std::string revision;
};

struct PushRequest {
  absl::Span<const PushItem> items;
  // The channel's last known revision (PullPage::revision, or a push's new one).
  std::string revision;
};

struct PushReply {
  // One an item, in the order of the items.
  std::vector<PushOutcome> outcomes;
  // The revision after the push. Empty: unchanged, or the channel has none.
  std::string revision;
};

// No method throws. What is thrown all the same becomes the error of the job that called; a push that threw counts as
// one of unknown outcome.
//
// Thread-safe. Calls of one adapter come one after another, but from different threads; a channel may have several
// adapters at a time.
class ChannelAdapter {
 public:
  virtual ~ChannelAdapter() = default;

  // The same during the adapter's life.
  virtual const AdapterCapabilities& capabilities() const = 0;

  // One page of the channel's items. Can be asked again for the same page.
  //
  // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED: a person must fix something, the message says what and where.
  // ABORTED: the channel changed since the cursor was given, start the pull over. UNAVAILABLE, RESOURCE_EXHAUSTED
  // (throttled, see RetryAfter): try again.
  virtual absl::StatusOr<PullPage> Pull(const PullRequest& request) const = 0;

  // Sends items. Throttled (RESOURCE_EXHAUSTED with RetryAfter) as the whole answer means that none was tried.
  // INVALID_ARGUMENT without partial_success means that the push was refused whole and nothing of it applied: the
  // engine halves it to find the bad item. Any other error means that nothing is known of any item; ABORTED and
  // UNAVAILABLE are tried again later, others fail the job. Where the adapter knows, it answers item by item. Which
  // items a kConflict concerns is the adapter's to say; with a revision it is usually all of them.
  virtual absl::StatusOr<PushReply> Push(const PushRequest& request) const = 0;

  // What became of an accepted item. kAccepted again: not decided yet. UNIMPLEMENTED without asynchronous_receipts.
  virtual absl::StatusOr<PushOutcome> PollReceipt(absl::string_view receipt) const;
};

// A throttled call's Status is RESOURCE_EXHAUSTED and carries how long to wait.
absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after);
absl::optional<absl::Duration> RetryAfter(const absl::Status& status);
bool IsThrottled(const absl::Status& status);

// Where adapters get secrets from. They are asked for by name when an adapter is made, never stored and never logged.
//
// Thread-safe.
class CredentialResolver {
 public:
  virtual ~CredentialResolver() = default;
  // NOT_FOUND names the credential and where it was looked for.
  virtual absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const = 0;
};

// Looks for FLXLINK_<CHANNEL>_<CREDENTIAL> in the environment. Small letters are written as capitals and digits as they
// are; any other character as two underscores and its code in hexadecimal, so that no two credentials share a variable:
//
//   shop, token      FLXLINK_SHOP_TOKEN
//   shop-eu, token   FLXLINK_SHOP__2DEU_TOKEN
//   Shop_EU, token   FLXLINK___53HOP__5F__45__55_TOKEN
//
// The error for one that is missing says what to set.
std::unique_ptr<CredentialResolver> NewEnvironmentCredentials();

// What an adapter is made from. `credentials` lives as long as the adapter, `config` only until the factory returns.
struct AdapterContext {
  const ChannelConfig& config;
  const CredentialResolver& credentials;
};

// Makes an adapter for one channel. INVALID_ARGUMENT names the setting that is missing or wrong.
using AdapterFactory = std::function<absl::StatusOr<std::unique_ptr<ChannelAdapter>>(const AdapterContext& context)>;

// The adapters that a program offers, by name. Not thread-safe while being filled.
class AdapterRegistry {
 public:
  // Takes the place of an earlier factory of that name.
  void Register(std::string name, AdapterFactory factory) { factories_[std::move(name)] = std::move(factory); }

  // NOT_FOUND lists the names there are.
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> Make(const AdapterContext& context) const;

 private:
  std::map<std::string, AdapterFactory> factories_;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_ADAPTER_H_

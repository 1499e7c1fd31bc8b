// Channels: one account on one sales platform, and how flxlink is to deal with it.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_CHANNEL_H_
#define FLXLINK_CHANNEL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/breaker.h"
#include "flxlink/link_rule.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// A rule of the rules job: hides or unhides listing variants by their product's price or quantity.
struct StatusRule {
  enum class Subject { kPrice, kQuantity };
  enum class Comparison { kLess, kLessOrEqual, kEqual, kNotEqual, kGreaterOrEqual, kGreater };
  enum class Action { kHide, kUnhide };

  Subject subject = Subject::kQuantity;
  Comparison comparison = Comparison::kLessOrEqual;
  int64_t operand = 0;  // A quantity, or a price in minor units of the channel's currency.
  Action action = Action::kHide;

  friend bool operator==(const StatusRule& a, const StatusRule& b) {
    return a.subject == b.subject && a.comparison == b.comparison && a.operand == b.operand && a.action == b.action;
  }
};

// Reads "quantity<=0:hide", "price>=10.00:unhide"; comparisons are < <= = != >= >. INVALID_ARGUMENT names the wrong
// part.
absl::StatusOr<StatusRule> ParseStatusRule(absl::string_view text, Currency currency);
std::string FormatStatusRule(const StatusRule& rule, Currency currency);

// The status that the first rule that holds decides on, kUnknown where none holds, for a product of this price, in
// minor units of the channel's currency, and quantity; kAbsent: it has none that can be compared, and no rule about it
// holds.
ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, int64_t price, int64_t quantity);

// What to do when the channel shows less stock than it last acknowledged, which usually means that it has sold some.
enum class OversellGuard {
  // Do not raise it again until the product's quantity is stated anew; until then it is attention. The default.
  kHold,
  // The merchant's quantity is the truth: send it.
  kOverwrite,
};

// What becomes of a link whose item may have become another product (a doubtful link; see ListingRow). It is
// attention in each case, until the pair agrees or a person confirms or unlinks it.
enum class OnDoubt {
  kKeep,  // It goes on.
  kHold,  // Nothing is sent to it.
  // Nothing is sent to it, and at its end the pull or fetch, or the next link job, dissolves it, unless that is held
  // (breaker.h). Its history is kept, and linking may link both sides anew.
  kDissolve,
};

// "keep", "hold", "dissolve".
absl::string_view ToString(OnDoubt on_doubt);
// What ToString gives; nullopt for any other text.
absl::optional<OnDoubt> ParseOnDoubt(absl::string_view text);

// Everything that a person sets about a channel.
struct ChannelConfig {
  // Unique, 1 to 64 of a–z A–Z 0–9 . _ -
  std::string name;

  // The adapter's registered name ("csv", "simulated") and its settings, as the adapter's header lists them.
  // Credentials are not settings: see CredentialResolver in credential_resolver.h.
  std::string adapter;
  std::vector<std::pair<std::string, std::string>> settings;

  // How listing variants are linked. Empty: nothing is linked by rule.
  LinkPriority link_priority;
  // See linker.h. Both default off.
  bool parent_guard = false;
  bool strict = false;

  // Chain a link job to a build that made listing variants. On a channel that was never pulled completely none is
  // chained, which the build says. Default off.
  bool link_after_build = false;
  // Chain a link job to a pull, sync or fetch after which storage holds changes that linking has not judged, whoever
  // made them. Default on.
  bool link_after_sync = true;

  // A link job dissolves, once it has linked what else there is, the broken links whose listing variants the rules
  // would link to other items (history kept, no hand-unlink left), and links them there; none of one that is delisted.
  // Default off: a broken link waits for its item or for a person.
  bool relink_broken = false;

  // What a sync sends, as far as the adapter can set it. Default: price, quantity and status. A field that is synced
  // from now on is sent to every link whose channel has not acknowledged it. Content is that of the listing variant, as
  // it was built last; the engine refuses content that the adapter cannot set.
  SyncFields sync_fields = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  // The currency of the channel's prices. Default USD.
  Currency currency;
  OversellGuard oversell_guard = OversellGuard::kHold;
  // Send prices of 0, compare-at prices too. Default off: a price of 0 more often says that nobody knows it than that
  // something is given away, so that it is not sent, and is attention (zero_price) where the channel has another one.
  bool zero_prices = false;

  // Not set (the default): kKeep where item ids are the platform's own and never used again
  // (AdapterCapabilities::own_ids), kHold elsewhere.
  absl::optional<OnDoubt> on_doubt;
  StatusDrift on_status_drift = StatusDrift::kCorrect;

  // In this order; for each listing variant the first that holds decides. Run by the rules job only.
  std::vector<StatusRule> status_rules;

  // How many changes of a kind within 24 hours go out without a person's approval (breaker.h), one a kind. Default:
  // none is set, and AllowedChanges says how many.
  std::vector<ChangeLimit> limits;

  // For how many days finished jobs are kept, and how many of them. What is past either is removed, a few each time
  // that a job of the channel ends: first what is too old, then what is too many, the jobs that changed nothing before
  // the others. The last job of each kind stays, and its last failure, and what ended within the last hour, since
  // somebody may still wait for it. 1 to kMaxKeepDays and 1 to kMaxKeepJobs; default 90 and 1,000.
  int64_t keep_days = 90;
  int64_t keep_jobs = 1000;

  static constexpr int64_t kMaxKeepDays = 36500;
  static constexpr int64_t kMaxKeepJobs = 100000;
};

// OK, or INVALID_ARGUMENT naming the setting and how to fix it. Knows nothing of adapters.
absl::Status ValidateChannelConfig(const ChannelConfig& config);

// How far a pull has come. Kept with the channel, so that an interrupted pull goes on where it stopped.
struct PullState {
  // Grows with every pull that begins, and with one that the channel's new adapter or settings end.
  int64_t pull_number = 0;
  // Where the running pull goes on. Empty: none is running, or it is at the start.
  std::string cursor;
  // The mark that the running pull began at. Empty: it is whole, or none runs.
  std::string since;
  // When the cursor was stored.
  absl::optional<absl::Time> cursor_at;
  // The job that began the running pull or stored its last page. 0: none runs.
  int64_t job_id = 0;
  bool running = false;
  // The running pull saw items whose ids cannot be kept: what it does not see may be there all the same.
  bool saw_unnamed = false;
  // PullPage::mark of the last pull that ended: where a pull since it begins. Empty: there is none, since no pull has
  // ended, its adapter gives none, or the channel's adapter or settings are others now.
  std::string mark;
  // What is known of the items may be of another platform, or too old to rely on, since the channel's adapter or
  // settings are others than when they were read, or the store was migrated: a sync leaves it to a bulk job to pull
  // everything first. Until a whole pull has ended.
  bool needed = false;
  // Complete pulls that have been finished.
  int64_t complete_pulls = 0;
  // When the last of them was.
  absl::optional<absl::Time> completed_at;
};

// A channel as stored.
struct Channel {
  int64_t channel_id = 0;
  ChannelConfig config;
  // Changes that are written down and not yet applied.
  absl::optional<ChannelConfig> draft;
  // Grows with every write of config or draft.
  int64_t revision = 0;
  // Grows when the config changes what links should send, or by which adapter with which settings …
  int64_t policy_version = 0;
  // … and this follows once every link has been looked at again.
  int64_t evaluated_version = 0;
  // Grows when a person links, unlinks, clears, or changes whether a listing variant is live.
  int64_t edit_version = 0;
  PullState pull;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_H_

#include "flxlink/channel_adapter.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// Statuses name their payloads by a URL; this one only has to be unlike all others.
constexpr absl::string_view kRetryAfterPayload = "flxlink/retry_after";

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("an adapter's capabilities: ", what, "; correct the adapter"));
}

// Names of one sort, each of which is to be there once.
class Names {
 public:
  explicit Names(absl::string_view sort) : sort_(sort) {}

  absl::Status Add(const std::string& name) {
    if (name.empty()) return Wrong(absl::StrCat("a ", sort_, " has no name"));
    if (names_.insert(name).second) return absl::OkStatus();
    return Wrong(absl::StrCat("the ", sort_, " ", model::Quote(name), " is there twice"));
  }

 private:
  const absl::string_view sort_;
  std::set<std::string> names_;
};

absl::Status CheckAccount(const Account& account) {
  absl::Status status;
  Names buckets("bucket");
  for (const Bucket& bucket : account.buckets) {
    status.Update(buckets.Add(bucket.name));
    if (bucket.size < 0 || (bucket.size > 0 && bucket.refill_per_second <= 0)) {
      status.Update(Wrong(absl::StrCat("the bucket ", model::Quote(bucket.name), " never refills")));
    }
  }
  Names slots("sort of slots");
  for (const CallSlots& some : account.slots) {
    status.Update(slots.Add(some.name));
    if (some.most < 1) status.Update(Wrong(absl::StrCat("of the slots ", model::Quote(some.name), " there is none")));
  }
  return status;
}

absl::Status CheckCost(const CallCost& cost, const Account& account) {
  const auto is_bucket = [&](const Bucket& bucket) { return bucket.name == cost.bucket; };
  const auto is_slots = [&](const CallSlots& slots) { return slots.name == cost.slots; };
  if (!cost.bucket.empty() && std::none_of(account.buckets.begin(), account.buckets.end(), is_bucket)) {
    return Wrong(absl::StrCat("a call takes of the bucket ", model::Quote(cost.bucket), ", which is not there"));
  }
  if (!cost.slots.empty() && std::none_of(account.slots.begin(), account.slots.end(), is_slots)) {
    return Wrong(absl::StrCat("a call takes one of the slots ", model::Quote(cost.slots), ", which are not there"));
  }
  if (cost.base < 0 || cost.per_item < 0) return Wrong("a call costs less than nothing");
  return absl::OkStatus();
}

absl::Status CheckPushKind(const PushKind& kind, const Account& account) {
  const auto wrong = [&](absl::string_view what) {
    return Wrong(absl::StrCat("the push kind ", model::Quote(kind.name), " ", what));
  };
  if (kind.fields.empty()) return wrong("sets nothing");
  if (!(IntersectionOf(kind.compares, kind.fields) == kind.compares)) return wrong("compares what it does not set");
  if (kind.max_items < 0 || kind.max_bytes < 0 || kind.item_bytes < 0) return wrong("has a limit below 0");
  if (kind.in_flight < 1) return wrong("lets no call be under way");
  if (kind.timeout < absl::ZeroDuration() || kind.receipt_timeout < absl::ZeroDuration()) {
    return wrong("has a timeout below 0");
  }
  if (kind.later_wins && kind.receipt_timeout == absl::ZeroDuration()) {
    return wrong("says that later submissions win, and gives no receipts");
  }
  return CheckCost(kind.cost, account);
}

// A secret is not to be kept with the channel's settings, where everybody can read it.
absl::Status CheckNoSecret(const ChannelConfig& config, const std::vector<std::string>& secrets) {
  for (const auto& [name, value] : config.settings) {
    if (std::find(secrets.begin(), secrets.end(), name) == secrets.end()) continue;
    return ProblemStatus(
        absl::StatusCode::kInvalidArgument, problem_code::kBadSetting, {{"channel", config.name}, {"setting", name}},
        absl::StrCat("channel ", model::Quote(config.name), ": ", model::Quote(name),
                     " is a secret, and settings can be read by everybody; take it out of the settings and give it as "
                     "a credential"));
  }
  return absl::OkStatus();
}

PushReply NotTried(const PushRequest& request) {
  PushReply reply;
  reply.outcomes.resize(request.items.size());
  for (PushOutcome& outcome : reply.outcomes) outcome.result = PushResult::kNotTried;
  return reply;
}

}  // namespace

SyncFields SettableFields(const AdapterCapabilities& capabilities) {
  SyncFields fields;
  for (const PushKind& kind : capabilities.push_kinds) fields = UnionOf(fields, kind.fields);
  return fields;
}

const PushKind* FindPushKind(const AdapterCapabilities& capabilities, absl::string_view name) {
  for (const PushKind& kind : capabilities.push_kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

absl::Status CheckCapabilities(const AdapterCapabilities& capabilities) {
  absl::Status status = CheckAccount(capabilities.account);
  const CallCost* const reads[] = {&capabilities.pull_cost, &capabilities.fetch_cost, &capabilities.poll_cost};
  for (const CallCost* cost : reads) status.Update(CheckCost(*cost, capabilities.account));
  if (!DifferenceOf(capabilities.kept_by_parent, {SyncField::kStatus}).empty()) {
    status.Update(Wrong("kept_by_parent names another field than the status"));
  }
  if (capabilities.hides_by_quantity && !capabilities.status_set.empty()) {
    status.Update(Wrong("it hides by quantity, and its items have a status that hides them"));
  }
  if (capabilities.hides_by_quantity && !SettableFields(capabilities).Has(SyncField::kQuantity)) {
    status.Update(Wrong("it hides by quantity, and nothing sets the quantity"));
  }
  if (capabilities.fetch_limit < 0) status.Update(Wrong("fetch_limit is below 0"));
  for (const absl::Duration lag : {capabilities.pull_lag, capabilities.fetch_lag}) {
    if (lag < absl::ZeroDuration()) status.Update(Wrong("a read lag is below 0"));
  }
  if (capabilities.since.has_value() && capabilities.since->overlap < absl::ZeroDuration()) {
    status.Update(Wrong("the overlap of marks is below 0"));
  }
  Names kinds("push kind");
  for (const PushKind& kind : capabilities.push_kinds) {
    status.Update(kinds.Add(kind.name));
    status.Update(CheckPushKind(kind, capabilities.account));
  }
  return status;
}

absl::StatusOr<FetchReply> ChannelAdapter::Fetch(const FetchRequest&, const CallContext&) const {
  return absl::UnimplementedError("this adapter cannot be asked for single items; pull them all");
}

absl::StatusOr<PushReply> ChannelAdapter::Push(const PushRequest&, const CallContext&) const {
  return absl::UnimplementedError("this adapter sets nothing; sync no field of its channels");
}

void ChannelAdapter::PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const {
  const bool timed = call.time_left() > absl::ZeroDuration();
  for (size_t i = 0; i < requests.size(); ++i) {
    // One that begins too late could land too late.
    const bool late = timed && i > 0 && call.time_left() <= absl::ZeroDuration();
    done(i, late ? NotTried(requests[i]) : Push(requests[i], call));
  }
}

absl::StatusOr<std::vector<PushOutcome>> ChannelAdapter::PollReceipts(absl::Span<const std::string>,
                                                                      const CallContext&) const {
  return absl::UnimplementedError("this adapter gives no receipts; do not ask for them");
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after) {
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::FormatDuration(retry_after)));
  return status;
}

absl::optional<absl::Duration> RetryAfter(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryAfterPayload);
  absl::Duration retry_after;
  if (!payload.has_value() || !absl::ParseDuration(std::string(*payload), &retry_after)) return absl::nullopt;
  return retry_after;
}

bool IsThrottled(const absl::Status& status) {
  return absl::IsResourceExhausted(status) && RetryAfter(status).has_value();
}

absl::StatusOr<NoticedItems> ChannelAdapter::ReadNotice(const Notice&) const {
  return absl::UnimplementedError("this adapter reads no notices; pull its channels on a schedule");
}

void CallContext::TellLevel(const BucketLevel&) const {}

void AdapterRegistry::Register(std::string name, AdapterFactory factory, std::vector<std::string> secrets) {
  offers_[std::move(name)] = Offer{std::move(factory), std::move(secrets)};
}

absl::StatusOr<std::unique_ptr<ChannelAdapter>> AdapterRegistry::Make(const AdapterContext& context) const {
  const auto found = offers_.find(context.config.adapter);
  if (found != offers_.end()) {
    const absl::Status status = CheckNoSecret(context.config, found->second.secrets);
    return status.ok() ? found->second.factory(context) : status;
  }
  const auto append_name = [](std::string* out, const auto& offer) { absl::StrAppend(out, offer.first); };
  return ProblemStatus(
      absl::StatusCode::kNotFound, problem_code::kNoAdapter,
      {{"channel", context.config.name}, {"adapter", context.config.adapter}},
      absl::StrCat("channel ", model::Quote(context.config.name), ": there is no adapter ",
                   model::Quote(context.config.adapter), "; use one of: ", absl::StrJoin(offers_, ", ", append_name)));
}

}  // namespace flxlink

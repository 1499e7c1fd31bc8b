// What the parts of one sync job share.

#ifndef FLXLINK_SRC_ENGINE_SYNC_SCOPE_H_
#define FLXLINK_SRC_ENGINE_SYNC_SCOPE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/push.h"
#include "flxlink/sync.h"
#include "src/engine/circuit_breaker.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Belongs to one running sync job.
struct SyncScope {
  explicit SyncScope(JobContext& job_context)
      : context(job_context),
        capabilities(job_context.adapter().capabilities()),
        policy(MakeSyncPolicy(job_context.channel().config, capabilities)),
        breaker(job_context.breaker()) {}

  int64_t channel_id() const { return context.channel().channel_id; }

  JobContext& context;
  const AdapterCapabilities& capabilities;
  const SyncPolicy policy;
  CircuitBreaker& breaker;
  // When the job began to send: what becomes dirty later may be left to another one.
  absl::Time begun_at = absl::InfiniteFuture();
  // Ids of items with an open push, of whatever link: nothing else is sent to them.
  absl::flat_hash_set<int64_t> unready;
  // External ids of items that conflicted and cannot be looked at now: nothing more is sent to them by this job.
  absl::flat_hash_set<std::string> set_aside;
  // When nothing of the first of those pushes can land any more.
  absl::Time next_deadline = absl::InfiniteFuture();
};

// What one pass over the dirty links met.
struct SyncPassResult {
  bool again = false;                             // Something is left that another pass may send.
  bool stop = false;                              // The channel takes nothing now.
  bool leaves = false;                            // What is left came later, and other jobs wait.
  bool failed = false;                            // Something was tried and did not go well: it counts as an attempt.
  bool progressed = false;                        // Something was settled.
  absl::Duration wait = absl::ZeroDuration();     // What the channel asked for. Zero: it did not.
  std::string reason;                             // Why it has to be tried again.
  std::vector<std::string> overtaken;             // SKUs of links that were left out of a call, to be planned anew.
  std::map<std::string, std::string> conflicted;  // Items to look at, whose channel side moved: external id and SKU.
};

// The counter of a job for items of which the field was sent, and the one for items of which content was.
absl::string_view SentCounter(SyncField field);
constexpr absl::string_view kSentContent = "contents";

// Writes settlements and notes in `result` whether they are progress.
absl::StatusOr<SettlementResult> WriteSettlements(SyncScope& scope, const SettlementBatch& batch,
                                                  SyncPassResult* result);

// Whether the attentions of a link say that it lacks something that could be: not what no push can set, and not what
// has the quantity 0 because it is hidden.
bool LackSomething(const std::vector<Problem>& attentions);

// Whether settlement number `row` gave an attention of this code that was there before.
bool IsRepeated(const SettlementResult& written, int64_t row, absl::string_view code);

// Makes problems of the job of the attentions of a settlement of links of `page`, and tells of them and of those that
// ended with it. Those of fixed fields and hidden items are told of once.
void NoteAttentions(SyncScope& scope, const SyncBatch& page, const SettlementBatch& batch,
                    const SettlementResult& written);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SYNC_SCOPE_H_

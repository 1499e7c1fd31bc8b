// What a platform counts of an account's calls (account.h), and who may call next.

#ifndef FLXLINK_SRC_ENGINE_ACCOUNT_LIMITS_H_
#define FLXLINK_SRC_ENGINE_ACCOUNT_LIMITS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/account.h"
#include "flxlink/job.h"

namespace flxlink::engine {

// The buckets and slots of one account, with all calls that wait for them or hold them. Those of a lane go in the order
// in which they were asked for.
//
// While urgent calls wait, bulk ones get nothing but what is saved for them: for every nine tokens that urgent calls
// took while a bulk one waited, one. So a bulk call gets every tenth token at the least, and an urgent one waits for
// one token (a ninth of what the urgent one before it took, if that is more) beyond what its bucket lacks. The same
// goes for slots, a call counting as one token.
//
// A call first has its slot and then its tokens, so that what it was given of a bucket is used at once. A bulk call
// whose slot an urgent one waits for counts as urgent.
//
// What the platform says in its answers comes before what was declared and counted here.
//
// Thread-safe. It is told the time and waits for nobody.
class AccountLimits {
 public:
  // Starts with full buckets.
  AccountLimits(const Account& account, absl::Time now) { SetLimits(account, now); }
  AccountLimits(const AccountLimits&) = delete;
  AccountLimits& operator=(const AccountLimits&) = delete;

  // From now on by this declaration, except for what the platform said of a bucket (TakeLevel). What was saved up
  // stays, as far as it fits, and calls that are under way go on. A bucket that it does not name stays as it is: a job
  // that began before may still draw from it.
  void SetLimits(const Account& account, absl::Time now);

  // Asks for a call, which waits from now on. The number that is returned is unlike all others. What the cost names and
  // no declaration has named is not counted.
  int64_t Ask(const CallCost& cost, int64_t items, Lane lane);
  // Zero: the call may begin now, and has what it costs. Otherwise how long that takes if no other call comes, ends or
  // gives up meanwhile; infinite where one has to end first. Not to be called again once it said zero.
  absl::Duration Try(int64_t call, absl::Time now);
  // The call has ended, or waits no longer: its slot is free. Tokens that it took stay taken.
  void End(int64_t call);

  // What the platform said in the answer to one of `calls`, which are under way. Of its size and its refill only what
  // is above 0 is taken; of what is left, what the bucket can hold.
  //
  // An answer does not say which of the calls under way at the same time it has counted already. So what is left is
  // believed as it is where no other call of the bucket was under way beside that one. Else the own count stays,
  // between what the answer says and what it says less what those others cost. A bucket of which `calls` take nothing
  // only ever loses: what else was under way is not known.
  void TakeLevel(absl::Span<const int64_t> calls, const BucketLevel& level, absl::Time now);
  // The platform did not take the call: its bucket is empty, and nobody gets anything of it until `retry_after` has
  // passed.
  void TakeThrottled(int64_t call, absl::Duration retry_after, absl::Time now);

 private:
  struct BucketState {
    Bucket limit;
    // By the platform, in place of the declared ones.
    absl::optional<double> told_size;
    absl::optional<double> told_refill;
    double tokens = 0;
    absl::Time filled_at;
    // Until then nobody gets anything.
    absl::Time closed_until = absl::InfinitePast();
    double saved_for_bulk = 0;
  };
  struct SlotsState {
    int64_t most = 1;
    int64_t open = 0;
    double saved_for_bulk = 0;
  };
  enum class Stage : uint8_t { kWaitsForSlot, kWaitsForTokens, kUnderWay };
  struct CallState {
    Lane lane = Lane::kUrgent;
    Stage stage = Stage::kWaitsForSlot;
    double tokens = 0;
    BucketState* bucket = nullptr;
    SlotsState* slots = nullptr;
    // What all other calls of the bucket cost that were under way at any time while this one was.
    double beside = 0;
  };
  // What a call and those that wait with it want of the same thing.
  struct Wanted {
    Lane lane = Lane::kUrgent;
    double own = 0;
    double before = 0;  // By earlier calls of its lane.
    double urgent = 0;  // By all other urgent calls.
    bool bulk_waits = false;
    double first_bulk = 0;  // By the first bulk call.
  };

  static void Refill(BucketState& bucket, absl::Time now);
  // The limit is from now on this one, or what was told instead.
  static void Limit(BucketState& bucket, Bucket limit);
  static absl::Duration UntilOpen(const BucketState& bucket, absl::Time now);
  static double Needed(const Wanted& wanted, double saved_for_bulk);
  static void Save(const Wanted& wanted, double most, double* saved_for_bulk);
  // As far as a bucket can hold it.
  static double TokensOf(const CallState& state);
  Lane LaneOf(const CallState& state) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Wanted WantedWith(int64_t call, const CallState& state) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeSlot(int64_t call, const CallState& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginCall(int64_t call, CallState& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What calls beside one of `calls` may have cost that its answer does not know of.
  double CostBeside(absl::Span<const int64_t> calls, const BucketState& bucket) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns how long to wait.
  absl::Duration TakeTokens(int64_t call, const CallState& state, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  // Never shrink, so that calls can point into them.
  std::map<std::string, BucketState> buckets_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, SlotsState> slots_ ABSL_GUARDED_BY(mutex_);
  int64_t last_call_ ABSL_GUARDED_BY(mutex_) = 0;
  // In the order in which they were asked for.
  std::map<int64_t, CallState> calls_ ABSL_GUARDED_BY(mutex_);
};

// One call's claim to what it costs. When it goes, the call has ended or waits no longer.
//
// Not thread-safe, but it may go on another thread.
class CallPermit {
 public:
  // Asks for it.
  CallPermit(std::shared_ptr<AccountLimits> limits, const CallCost& cost, int64_t items, Lane lane);
  CallPermit(CallPermit&& other) noexcept;
  CallPermit& operator=(CallPermit&& other) noexcept;
  ~CallPermit();

  // See AccountLimits::Try.
  absl::Duration Try(absl::Time now) { return limits_->Try(call_, now); }
  // See AccountLimits::TakeThrottled.
  void TakeThrottled(absl::Duration retry_after, absl::Time now) { limits_->TakeThrottled(call_, retry_after, now); }
  // Its number among the calls of its limits.
  int64_t call() const { return call_; }

 private:
  std::shared_ptr<AccountLimits> limits_;  // Null once it was moved from.
  int64_t call_ = 0;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ACCOUNT_LIMITS_H_

// The accounts that an engine's channels use.

#ifndef FLXLINK_SRC_ENGINE_ACCOUNTS_H_
#define FLXLINK_SRC_ENGINE_ACCOUNTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/account.h"
#include "flxlink/channel.h"
#include "flxlink/clock.h"
#include "flxlink/engine.h"
#include "flxlink/storage.h"
#include "src/engine/account_limits.h"

namespace flxlink::engine {

// A platform counts the calls of an account whoever makes them, so engines of one process that have the same clock
// share the limits of the accounts that they share. Limits outlive the jobs that draw from them: an engine that has
// used an account keeps its limits as long as it lives.
//
// Thread-safe.
class Accounts {
 public:
  // The options' clock and storage must outlive it.
  explicit Accounts(const EngineOptions& options) : clock_(*options.clock), storage_(options.storage) {}

  // The limits of the account that the channel's adapter names, now by that declaration. An account without a name is
  // the channel's own, and begins anew where the channel gets another adapter.
  std::shared_ptr<AccountLimits> For(const Channel& channel, const Account& account);

 private:
  // The clock, the adapter's name in the registry, the account's name and, where that is empty, storage and channel.
  using Key = std::tuple<const Clock*, std::string, std::string, const Storage*, int64_t>;
  struct Registry;

  static Registry& SharedRegistry();

  const Clock& clock_;
  const Storage* const storage_;
  absl::Mutex mutex_;
  std::map<Key, std::shared_ptr<AccountLimits>> used_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ACCOUNTS_H_

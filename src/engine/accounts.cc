#include "src/engine/accounts.h"

#include <iterator>

namespace flxlink::engine {

// Of the whole process. Lets go of the limits that no engine uses any more before they outnumber the others.
struct Accounts::Registry {
  absl::Mutex mutex;
  std::map<Key, std::weak_ptr<AccountLimits>> limits ABSL_GUARDED_BY(mutex);
  size_t most ABSL_GUARDED_BY(mutex) = 1;  // As many are looked through before more are added.

  std::shared_ptr<AccountLimits> For(const Key& key, const Account& account, absl::Time now) {
    absl::MutexLock lock(&mutex);
    if (limits.size() >= most) LetGo();
    std::shared_ptr<AccountLimits> shared = limits[key].lock();
    if (shared == nullptr) limits[key] = shared = std::make_shared<AccountLimits>(account, now);
    return shared;
  }

  void LetGo() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (auto entry = limits.begin(); entry != limits.end();) {
      entry = entry->second.expired() ? limits.erase(entry) : std::next(entry);
    }
    most = 2 * limits.size() + 1;
  }
};

// Never destroyed: engines may be at any time.
Accounts::Registry& Accounts::SharedRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

std::shared_ptr<AccountLimits> Accounts::For(const Channel& channel, const Account& account) {
  const bool is_own = account.name.empty();
  const Key key(&clock_, channel.config.adapter, account.name, is_own ? storage_ : nullptr,
                is_own ? channel.channel_id : 0);
  const absl::Time now = clock_.Now();
  std::shared_ptr<AccountLimits> limits = SharedRegistry().For(key, account, now);
  limits->SetLimits(account, now);
  absl::MutexLock lock(&mutex_);
  used_[key] = limits;
  return limits;
}

}  // namespace flxlink::engine

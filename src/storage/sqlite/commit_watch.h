// Sees whether anybody has committed anything to a database since the last look, and whether an owner that holds a slot
// has died: at the price of one read that needs no transaction.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_COMMIT_WATCH_H_
#define FLXLINK_SRC_STORAGE_SQLITE_COMMIT_WATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/job.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/sqlite_locks.h"

namespace flxlink::sqlite {

// Not thread-safe.
class CommitWatch {
 public:
  // A number that is another than at the last look if anything has happened since. The first look opens a connection of
  // its own: what SQLite tells a connection of commits are those of all others.
  absl::StatusOr<uint64_t> Look(const std::string& path, absl::Duration busy_timeout, const OwnerLocks& owners);

  void Close();
  // See Connection::Abandon.
  void Abandon();

 private:
  static constexpr int64_t kNone = -1;

  absl::Status LookAtCommits();
  absl::Status LookAtHolders(const OwnerLocks& owners);

  std::unique_ptr<Connection> db_;
  int64_t data_version_ = kNone;
  std::vector<OwnerId> holders_;  // Those who hold slots and lived at the last look; as many as engines run jobs.
  uint64_t number_ = 0;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_COMMIT_WATCH_H_

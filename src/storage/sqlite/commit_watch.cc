#include "src/storage/sqlite/commit_watch.h"

#include <utility>

#include "src/storage/sqlite/sqlite_queries.h"

namespace flxlink::sqlite {

absl::StatusOr<uint64_t> CommitWatch::Look(const std::string& path, absl::Duration busy_timeout,
                                           const OwnerLocks& owners) {
  if (db_ == nullptr) {
    auto db = Connection::Open(path, Connection::Role::kReader, busy_timeout);
    if (!db.ok()) return db.status();
    db_ = *std::move(db);
  }
  absl::Status status = LookAtCommits();
  if (status.ok()) status = LookAtHolders(owners);
  if (status.ok()) return number_;
  // The next look begins anew: what this one has missed is not known.
  Close();
  ++number_;
  return status;
}

void CommitWatch::Close() {
  db_.reset();
  data_version_ = kNone;
}

void CommitWatch::Abandon() {
  if (db_ != nullptr) db_->Abandon();
}

// The version is asked for first: what is committed after it shows at the next look.
absl::Status CommitWatch::LookAtCommits() {
  const absl::StatusOr<int64_t> version = db_->ReadDataVersion();
  if (!version.ok()) return version.status();
  if (*version == data_version_) return absl::OkStatus();
  absl::Status status = db_->BeginRead();
  if (!status.ok()) return status;
  holders_.clear();
  {
    Query query(*db_, kHolders);
    query.Bind();
    while (query.Next()) holders_.push_back(query.Int(0));
  }
  status = db_->Commit();
  if (!status.ok()) return status;
  data_version_ = *version;
  ++number_;
  return absl::OkStatus();
}

// Death commits nothing.
absl::Status CommitWatch::LookAtHolders(const OwnerLocks& owners) {
  std::vector<OwnerId> living;
  for (const OwnerId owner : holders_) {
    const absl::StatusOr<bool> alive = owners.IsAlive(owner);
    if (!alive.ok()) return alive.status();
    if (*alive) living.push_back(owner);
  }
  if (living.size() == holders_.size()) return absl::OkStatus();
  holders_ = std::move(living);
  ++number_;
  return absl::OkStatus();
}

}  // namespace flxlink::sqlite

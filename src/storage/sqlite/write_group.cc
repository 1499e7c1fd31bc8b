#include "src/storage/sqlite/write_group.h"

namespace flxlink::sqlite {
namespace {

absl::Status RunBody(Connection& db, const PendingWrite& write) {
  const absl::Status status = write.body(db);
  // What the body made of rows that could not be read means nothing.
  return db.status().ok() ? status : db.status();
}

}  // namespace

void WriteGroup::Run(PendingWrite& write) {
  if (ran_.empty()) {
    RunFirst(write);
  } else {
    RunAfterOthers(write);
  }
}

// The transaction is its own so far: one that stays alone costs no more than that.
void WriteGroup::RunFirst(PendingWrite& write) {
  write.status = db_.BeginWrite();
  if (!write.status.ok()) return;
  write.status = RunBody(db_, write);
  if (write.status.ok()) {
    ran_.push_back(&write);
  } else {
    db_.Rollback();
  }
}

void WriteGroup::RunAfterOthers(PendingWrite& write) {
  ran_.push_back(&write);
  absl::Status status = db_.BeginPart();
  if (status.ok()) {
    write.status = RunBody(db_, write);
    status = write.status.ok() ? db_.EndPart() : db_.RollbackPart();
  }
  if (!status.ok()) Fail(status);
}

void WriteGroup::Commit(absl::FunctionRef<absl::Status()> may_commit) {
  if (ran_.empty()) return;
  absl::Status status = may_commit();
  if (status.ok()) status = db_.Commit();
  if (!status.ok()) Fail(status);
  ran_.clear();
}

void WriteGroup::Fail(const absl::Status& status) {
  db_.Rollback();
  for (PendingWrite* const write : ran_) write->status = status;
  ran_.clear();
}

}  // namespace flxlink::sqlite

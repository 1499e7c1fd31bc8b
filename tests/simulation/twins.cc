#include "tests/simulation/twins.h"

#include <functional>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/forwarding_storage.h"

namespace flxlink::simulation {
namespace {

constexpr int64_t kAll = 1000;

// The dirty versions that the links of a channel have now, by listing.
std::map<int64_t, int64_t> VersionsNow(Storage& store, int64_t channel_id) {
  std::map<int64_t, int64_t> versions;
  const absl::StatusOr<SyncBatch> links = store.ReadLinks(channel_id, 0, kAll);
  if (!links.ok()) return versions;
  for (const SyncRow& row : links->rows) versions[row.listing_id] = row.dirty_version;
  return versions;
}

template <typename Row>
void MakeCurrent(const std::map<int64_t, int64_t>& versions, Row* row) {
  const auto found = versions.find(row->listing_id);
  if (found != versions.end()) row->dirty_version = found->second;
}

// Whoever writes is taken for the one that holds the slot.
class NoFence : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                   absl::Span<const PullPage> pages, absl::Time now) override {
    return ForwardingStorage::WritePulledPages(Holder(fence), pull_number, pages, now);
  }
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override {
    return ForwardingStorage::WriteLinks(Holder(fence), read_edit_version, rows, now);
  }
  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) override {
    return ForwardingStorage::BeginPush(Holder(fence), record);
  }
  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override {
    return ForwardingStorage::WriteSettlements(Holder(fence), batch, now);
  }

 private:
  Fence Holder(const Fence& fence) {
    const absl::StatusOr<QueueSnapshot> queue = inner().ReadQueue(fence.channel_id);
    if (!queue.ok() || queue->slot.holder_job == 0) return fence;
    return {fence.channel_id, queue->slot.holder_job, queue->slot.epoch, queue->slot.claim};
  }
};

// Who was overtaken writes what he had decided before.
class NoRevision : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::Status WriteQueue(const QueueChange& change) override {
    const absl::Status status = ForwardingStorage::WriteQueue(change);
    const absl::StatusOr<QueueSnapshot> queue = inner().ReadQueue(change.slot.channel_id);
    if (!absl::IsAborted(status) || !queue.ok()) return status;
    QueueChange again = change;
    again.expected_revision = queue->slot.revision;
    return ForwardingStorage::WriteQueue(again);
  }
};

// A push leaves no record.
class NoRecord : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence&, const PushRecord&) override {
    return std::vector<int64_t>();
  }
};

// A push begins though its links moved since it was planned.
class NoCheckAtBegin : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) override {
    PushRecord current = record;
    const std::map<int64_t, int64_t> versions = VersionsNow(inner(), fence.channel_id);
    for (PushItem& item : current.items) MakeCurrent(versions, &item);
    return ForwardingStorage::BeginPush(fence, current);
  }
};

// What is settled is taken to be what the link is by now.
class NoVersion : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override {
    SettlementBatch current = batch;
    const std::map<int64_t, int64_t> versions = VersionsNow(inner(), fence.channel_id);
    for (Settlement& row : current.rows) MakeCurrent(versions, &row);
    return ForwardingStorage::WriteSettlements(fence, current, now);
  }
};

// What a receipt decides is taken for the last word about its link, whatever was stated since.
class NoReceiptVersion : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override {
    SettlementBatch current = batch;
    const std::map<int64_t, int64_t> versions = VersionsNow(inner(), fence.channel_id);
    for (Settlement& row : current.rows) {
      if (!row.decided) continue;
      row.decided = false;
      row.settled = true;
      MakeCurrent(versions, &row);
    }
    return ForwardingStorage::WriteSettlements(fence, current, now);
  }
};

// A schedule fires for whoever notices.
class NoFireOnce : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::Status WriteQueue(const QueueChange& change) override {
    const absl::StatusOr<std::vector<Schedule>> schedules = inner().ReadSchedules();
    if (!change.fire.has_value() || !schedules.ok()) return ForwardingStorage::WriteQueue(change);
    QueueChange current = change;
    for (const Schedule& schedule : *schedules) {
      const bool same = schedule.channel_id == change.slot.channel_id && schedule.name == change.fire->name;
      if (same) current.fire->expected = schedule.next_fire;
    }
    return ForwardingStorage::WriteQueue(current);
  }
};

// Nobody knows his own slot again, so an end that could not be written never is.
class NoReclaim : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    absl::StatusOr<QueueSnapshot> queue = ForwardingStorage::ReadQueue(channel_id);
    if (queue.ok() && queue->slot.owner != 0) queue->slot.owner = kSomebody;
    return queue;
  }
  absl::Status WriteQueue(const QueueChange& change) override {
    const absl::StatusOr<QueueSnapshot> queue = inner().ReadQueue(change.slot.channel_id);
    QueueChange meant = change;
    if (queue.ok() && meant.slot.owner == kSomebody) meant.slot.owner = queue->slot.owner;
    return ForwardingStorage::WriteQueue(meant);
  }

 private:
  static constexpr OwnerId kSomebody = -1;
};

// Every owner is taken for dead.
class NoLife : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    absl::StatusOr<QueueSnapshot> queue = ForwardingStorage::ReadQueue(channel_id);
    if (queue.ok()) queue->owner_alive = false;
    return queue;
  }
};

// No step is owed to the bulk lane.
class NoOwedPage : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    absl::StatusOr<QueueSnapshot> queue = ForwardingStorage::ReadQueue(channel_id);
    if (queue.ok()) queue->slot.owes_bulk = false;
    return queue;
  }
};

// What a job asks for at its end is forgotten.
class NoFollowUp : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::Status WriteQueue(const QueueChange& change) override {
    QueueChange rest = change;
    rest.insert.clear();
    for (const Job& job : change.insert) {
      if (job.trigger != JobTrigger::kChain && job.trigger != JobTrigger::kRetry) rest.insert.push_back(job);
    }
    return ForwardingStorage::WriteQueue(rest);
  }
};

// What a fetch saw while a pull runs does not count as seen by it.
class NoSightings : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<PullWriteResult> WriteFetched(const Fence& fence, const FetchReply& reply, absl::Time now) override {
    const absl::StatusOr<Channel> channel = inner().ReadChannel(fence.channel_id);
    const bool pulls = channel.ok() && channel->pull.running;
    return ForwardingStorage::WriteFetched(fence, pulls ? FetchReply() : reply, now);
  }
};

// What planning is told of dirty links is not what is stored.
class OtherLinks : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override {
    absl::StatusOr<SyncBatch> links = ForwardingStorage::ReadDirty(channel_id, cursor, limit);
    if (!links.ok()) return links;
    for (SyncRow& row : links->rows) Change(row);
    return links;
  }

 private:
  virtual void Change(SyncRow& row) const = 0;
};

// No link is doubtful.
class NoDoubt : public OtherLinks {
 public:
  using OtherLinks::OtherLinks;

 private:
  void Change(SyncRow& row) const override { row.doubtful = false; }
};

// What is adopted is what a person stated.
class NoAuthor : public OtherLinks {
 public:
  using OtherLinks::OtherLinks;

 private:
  void Change(SyncRow& row) const override {
    if (row.status.author == StatusAuthor::kChannel) row.status.author = StatusAuthor::kPerson;
  }
};

// The changes of other jobs are not counted.
class NoChangeCounts : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<ChangeCounts> ReadChangeCounts(int64_t, absl::Time) override { return ChangeCounts(); }
};

// Nobody hears of what other processes do.
class NoWorkNumber : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<uint64_t> ReadWorkNumber() override { return 0; }
};

// Nobody wakes for what becomes due.
class NoNextDue : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<absl::Time> ReadNextDue(absl::Time) override { return absl::InfiniteFuture(); }
};

struct TwinKind {
  TwinName name;
  std::function<std::unique_ptr<Storage>(Storage&)> make;
};

template <typename Twin>
TwinKind Kind(std::string name, std::string guard) {
  return {{std::move(name), std::move(guard)}, [](Storage& store) { return std::make_unique<Twin>(store); }};
}

const std::vector<TwinKind>& Kinds() {
  static const auto* const kinds = new std::vector<TwinKind>{
      Kind<NoFence>("fence", "epoch and claim of a write"),
      Kind<NoRevision>("revision", "the slot's revision"),
      Kind<NoRecord>("record", "the record before a push"),
      Kind<NoCheckAtBegin>("begin", "the record's check of what it was planned with"),
      Kind<NoVersion>("version", "the dirty version that a settlement names"),
      Kind<NoReceiptVersion>("receipt", "what was stated since the push that a receipt decides"),
      Kind<NoFireOnce>("fire", "the compare-and-set of a schedule's fire"),
      Kind<NoReclaim>("reclaim", "taking one's own slot again"),
      Kind<NoLife>("life", "that a slot's owner lives"),
      Kind<NoOwedPage>("owed", "the step that is owed to the bulk lane"),
      Kind<NoFollowUp>("followup", "the jobs that follow one"),
      Kind<NoWorkNumber>("number", "the number that tells of what other processes do"),
      Kind<NoNextDue>("due", "waking for what becomes due"),
      Kind<NoSightings>("sighting", "what is seen since a pull began"),
      Kind<NoDoubt>("doubt", "the doubt about a link whose item has other keys"),
      Kind<NoAuthor>("author", "whose word a status is"),
      Kind<NoChangeCounts>("counts", "the changes that were made within a day"),
  };
  return *kinds;
}

}  // namespace

const std::vector<TwinName>& TwinNames() {
  static const auto* const names = [] {
    auto* const all = new std::vector<TwinName>;
    for (const TwinKind& kind : Kinds()) all->push_back(kind.name);
    return all;
  }();
  return *names;
}

std::unique_ptr<Storage> MakeTwin(absl::string_view name, Storage& store) {
  if (name.empty()) return std::make_unique<ForwardingStorage>(store);
  for (const TwinKind& kind : Kinds()) {
    if (kind.name.name == name) return kind.make(store);
  }
  return nullptr;
}

}  // namespace flxlink::simulation

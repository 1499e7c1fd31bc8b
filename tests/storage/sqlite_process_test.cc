// Real processes over one SQLite store: death at any write, full disks, races, and locks that outlive nobody.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/storage/sqlite/sqlite_locks.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/sqlite_store_file.h"

namespace flxlink {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// -- Processes

// A pipe for one byte messages.
class Signal {
 public:
  Signal() { EXPECT_EQ(pipe(ends_), 0); }
  ~Signal() {
    CloseSender();
    close(ends_[0]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void Send(char byte = '!') { EXPECT_EQ(write(ends_[1], &byte, 1), 1); }
  // Waits for a byte; 0 once nobody can send any more.
  char Receive() {
    char byte = 0;
    return read(ends_[0], &byte, 1) == 1 ? byte : '\0';
  }
  void CloseSender() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

// A forked process that runs `body` and exits with what it returns. Ends with the object, if need be by SIGKILL.
class Process {
 public:
  explicit Process(const std::function<int()>& body) : pid_(fork()) {
    if (pid_ == 0) _exit(body());
    EXPECT_GT(pid_, 0);
  }
  ~Process() {
    if (pid_ > 0) Kill();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // Waits for its end: its exit code, or minus the signal that killed it.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  void Kill() {
    EXPECT_EQ(kill(pid_, SIGKILL), 0);
    Wait();
  }

 private:
  pid_t pid_;
};

// -- Faults in SQLite's writes, in this process

using WriteFunction = ssize_t (*)(int, const void*, size_t, off_t);

struct WriteFault {
  int64_t writes_left = -1;  // Writes that go well before the fault; negative: no fault.
  int error = 0;             // The fault: errno, once and for all later writes. 0: half of the write, then death.
};
WriteFault write_fault;

ssize_t FaultyWrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  if (write_fault.writes_left > 0) --write_fault.writes_left;
  if (write_fault.writes_left != 0) return pwrite(descriptor, bytes, count, offset);
  if (write_fault.error != 0) {
    errno = write_fault.error;
    return -1;
  }
  static_cast<void>(pwrite(descriptor, bytes, count / 2, offset) == 0);
  kill(getpid(), SIGKILL);
  return -1;
}

// Makes SQLite write through FaultyWrite.
void InstallFaults() {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  int installed = 0;
  for (const char* name : {"pwrite", "pwrite64"}) {
    if (vfs->xGetSystemCall(vfs, name) == nullptr) continue;
    const int code = vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(&FaultyWrite));
    if (code == SQLITE_OK) ++installed;
  }
  EXPECT_GT(installed, 0);
}

// -- What the processes do

constexpr int kProducts = 40;

absl::Status WriteRound(Storage& storage, int64_t round) {
  std::vector<ProductRow> rows;
  for (int i = 0; i < kProducts; ++i) {
    rows.push_back({absl::StrCat("K", i), absl::StrCat("S", i), round, round, "", {{"note", std::string(200, 'n')}}});
  }
  return storage.WriteProducts(ToBatch(rows), At(round)).status();
}

// Writes rounds 1, 2 … `last` and tells of each one that is done.
int WriteRounds(const SqliteStoreFile& file, const SqliteOptions& options, int64_t last, Signal& done) {
  const auto storage = OpenSqliteStorage(file.path(), options);
  if (!storage.ok()) return 2;
  for (int64_t round = 1; round <= last; ++round) {
    if (!WriteRound(**storage, round).ok()) return 3;
    done.Send();
  }
  return 0;
}

// The database is sound, and holds one round as a whole: the last that was told of, or the one after it.
void ExpectWholeRound(const SqliteStoreFile& file, int64_t told) {
  EXPECT_THAT(RunSql(file.path(), "PRAGMA integrity_check"), ElementsAre("ok"));
  const auto storage = file.Open();
  ASSERT_NE(storage, nullptr);
  const ProductBatch products = Value(storage->ReadProducts(0, {}, 1000));
  if (told == 0 && products.size() == 0) return;
  ASSERT_EQ(products.size(), kProducts);
  EXPECT_TRUE(products.price[0] == told || products.price[0] == told + 1) << products.price[0] << " after " << told;
  EXPECT_THAT(products.price, Each(products.price[0]));
  EXPECT_TRUE(WriteRound(*storage, told + 2).ok());
}

TEST(SqliteProcess, DeathAtAnyWriteLeavesWholeTransactions) {
  constexpr int64_t kRounds = 4;
  // A small log, so that checkpoints are among what is interrupted.
  SqliteOptions options;
  options.checkpoint_bytes = 64 << 10;
  bool ended = false;
  int deaths = 0;
  // Each write of the making of the schema would only say the same, so these are taken in longer strides.
  for (int64_t writes = 1; !ended; writes += writes < 100 ? 7 : 1) {
    SqliteStoreFile file;
    Signal done;
    Process writer([&] {
      InstallFaults();
      write_fault.writes_left = writes;
      return WriteRounds(file, options, kRounds, done);
    });
    done.CloseSender();
    int64_t told = 0;
    while (done.Receive() != '\0') ++told;
    const int result = writer.Wait();
    ended = result == 0;
    EXPECT_TRUE(ended || result == -SIGKILL) << result;
    deaths += ended ? 0 : 1;
    ExpectWholeRound(file, told);
    if (HasFailure()) FAIL() << "after " << writes << " writes";
  }
  EXPECT_GT(deaths, 50);
}

TEST(SqliteProcess, DeathFromOutsideLeavesWholeTransactions) {
  for (int64_t rounds = 1; rounds <= 15; ++rounds) {
    SqliteStoreFile file;
    Signal done;
    Process writer([&] { return WriteRounds(file, {}, 1000000, done); });
    done.CloseSender();
    int64_t told = 0;
    while (told < rounds && done.Receive() != '\0') ++told;
    writer.Kill();
    while (done.Receive() != '\0') ++told;
    ExpectWholeRound(file, told);
  }
}

// A store for a Shop, in a process that may die at any time.
class MortalStore : public StorageUnderTest {
 public:
  explicit MortalStore(const SqliteStoreFile& file) : storage_(file.Open()) {}
  Storage& storage() override { return *storage_; }
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_->CloseOwner(owner).ok()); }
  bool Reopen() override { return false; }

 private:
  std::unique_ptr<Storage> storage_;
};

// The life of a link base: made, changed, brought up to date, dropped. The first write that fails is write number
// `writes` of it.
int LiveThroughALinkBase(const SqliteStoreFile& file, int64_t writes) {
  MortalStore store(file);
  Shop shop(store);
  const KeyColumn column = {LinkSide::kListing, 0};
  std::vector<KeyEntry> entries;
  for (int64_t id = 1; id <= 600; ++id) entries.push_back({static_cast<uint64_t>(id) << 40, id});
  InstallFaults();
  write_fault.writes_left = writes;
  Storage& storage = store.storage();
  for (size_t begin = 0; begin < entries.size(); begin += 300) {
    const absl::Span<const KeyEntry> part = absl::MakeConstSpan(entries).subspan(begin, 300);
    if (!storage.link_index()->WriteKeyEntries(shop.fence(), column, part).ok()) return 2;
  }
  if (!storage.link_index()->SetLinkBase(shop.fence(), "rules").ok()) return 3;
  shop.StockAndLink(3);
  if (!storage.link_index()->AddKeyEntries(shop.fence(), {{column, {7, 1}}, {column, {8, 2}}}).ok()) return 4;
  if (!Value(storage.link_index()->ForgetLinkChanges(shop.fence(), 0, 2))) return 5;
  while (Value(storage.link_index()->DropLinkBase(shop.fence(), 2))) {
  }
  return testing::Test::HasFailure() ? 6 : 0;
}

TEST(SqliteProcess, DeathAtAnyWriteLeavesALinkBaseThatCountsRight) {
  bool ended = false;
  int deaths = 0;
  for (int64_t writes = 1; !ended; writes += 5) {
    SqliteStoreFile file;
    Process writer([&] { return LiveThroughALinkBase(file, writes); });
    const int result = writer.Wait();
    ended = result == 0;
    EXPECT_TRUE(ended || result == -SIGKILL) << result;
    deaths += ended ? 0 : 1;
    EXPECT_THAT(RunSql(file.path(), "PRAGMA integrity_check"), ElementsAre("ok"));
    EXPECT_THAT(
        RunSql(file.path(),
               "SELECT coalesce(sum(entries), 0) - (SELECT coalesce(sum(length(entries)), 0) / 16 FROM key_run), "
               "coalesce(sum(added), 0) - (SELECT count(*) FROM key_added), "
               "coalesce(sum(changes), 0) - (SELECT count(*) FROM link_change) FROM link_base"),
        ElementsAre("0|0|0"));
    if (HasFailure()) FAIL() << "after " << writes << " writes";
  }
  EXPECT_GT(deaths, 10);
}

// -- Waking who waits for work

// Serves until a job has been completed; 0.
int ServeOneJob(const SqliteStoreFile& file, Signal& ready) {
  const auto storage = file.Open();
  AdapterRegistry adapters;
  RegisterSimulatedChannel(adapters, std::make_shared<SimulatedPlatform>(SystemClock(), SimulatedOptions()));
  EngineOptions options;
  options.storage = storage.get();
  options.adapters = &adapters;
  const std::unique_ptr<Engine> engine = Value(Engine::Create(options));
  EventFilter filter;
  filter.kinds = {EventKind::kJobState};
  const std::unique_ptr<EventStream> events = engine->Subscribe(filter);
  if (!engine->Start(2).ok()) return 2;
  ready.Send();
  for (;;) {
    const absl::StatusOr<Event> event = events->Next();
    if (!event.ok()) return 3;
    if (event->job.state == JobState::kCompleted) return 0;
  }
}

TEST(SqliteProcess, WhoWaitsForWorkSeesWhatAnotherProcessAsksFor) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  ChannelConfig config = NamedConfig("shop");
  config.adapter = "simulated";
  const int64_t channel_id = Value(storage->CreateChannel(config)).channel_id;
  Signal ready;
  Process worker([&] { return ServeOneJob(file, ready); });
  ASSERT_EQ(ready.Receive(), '!');
  const Job job = NewJob(*storage, channel_id, JobKind::kPull);
  ASSERT_TRUE(storage->WriteQueue(Enqueue(Value(storage->ReadQueue(channel_id)), job)).ok());
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(Value(storage->ReadJob(job.job_id)).state, JobState::kCompleted);
}

// Death writes nothing.
TEST(SqliteProcess, TheDeathOfAnOwnerThatHoldsASlotMovesTheWorkNumber) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  const int64_t channel_id = Value(storage->CreateChannel(NamedConfig("shop"))).channel_id;
  const Job job = NewJob(*storage, channel_id);
  ASSERT_TRUE(storage->WriteQueue(Enqueue(Value(storage->ReadQueue(channel_id)), job)).ok());
  Signal holds;
  Signal never;
  Process holder([&] {
    never.CloseSender();
    const auto own = file.Open();
    const OwnerId owner = Value(own->OpenOwner());
    if (!own->WriteQueue(Claim(Value(own->ReadQueue(channel_id)), job.job_id, owner)).ok()) return 2;
    holds.Send();
    never.Receive();
    return 3;
  });
  ASSERT_EQ(holds.Receive(), '!');
  const uint64_t number = Value(storage->ReadWorkNumber());
  EXPECT_EQ(Value(storage->ReadWorkNumber()), number);
  holder.Kill();
  EXPECT_NE(Value(storage->ReadWorkNumber()), number);
  EXPECT_EQ(Value(storage->ReadClaimable(At(0), 10)), std::vector<int64_t>{channel_id});
}

// -- Faults of the disk

TEST(SqliteProcess, FullDiskIsResourceExhaustedAndChangesNothing) {
  SqliteStoreFile file;
  ASSERT_TRUE(WriteRound(*file.Open(), 1).ok());
  Process writer([&] {
    InstallFaults();
    const auto storage = OpenSqliteStorage(file.path());
    if (!storage.ok()) return 2;
    for (int64_t writes = 0; writes < 5; ++writes) {
      write_fault = {writes, ENOSPC};
      if (WriteRound(**storage, 2).code() != absl::StatusCode::kResourceExhausted) return 3;
      if (Value((*storage)->ReadProducts(0, {}, 1)).price[0] != 1) return 4;
    }
    write_fault = {};  // There is room again.
    return WriteRound(**storage, 3).ok() ? 0 : 5;
  });
  EXPECT_EQ(writer.Wait(), 0);
  ExpectWholeRound(file, 3);
}

TEST(SqliteProcess, FileSizeLimitIsResourceExhausted) {
  SqliteStoreFile file;
  ASSERT_TRUE(WriteRound(*file.Open(), 1).ok());
  Process writer([&] {
    const auto storage = OpenSqliteStorage(file.path());
    if (!storage.ok()) return 2;
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {200 << 10, 200 << 10};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    for (int64_t round = 2; round < 100; ++round) {
      const absl::Status status = WriteRound(**storage, round);
      if (!status.ok()) return status.code() == absl::StatusCode::kResourceExhausted ? 0 : 4;
    }
    return 5;
  });
  EXPECT_EQ(writer.Wait(), 0);
  EXPECT_THAT(RunSql(file.path(), "PRAGMA integrity_check"), ElementsAre("ok"));
}

TEST(SqliteProcess, FailedCommitIsUnknownAndCanBeSaidAgain) {
  SqliteStoreFile file;
  ASSERT_TRUE(WriteRound(*file.Open(), 1).ok());
  Process writer([&] {
    InstallFaults();
    const auto storage = OpenSqliteStorage(file.path());
    if (!storage.ok()) return 2;
    write_fault = {3, EIO};
    if (WriteRound(**storage, 2).code() != absl::StatusCode::kUnknown) return 3;
    write_fault = {};
    return WriteRound(**storage, 2).ok() ? 0 : 4;
  });
  EXPECT_EQ(writer.Wait(), 0);
  ExpectWholeRound(file, 2);
}

// -- Writes that share a commit

constexpr int kTogether = 6;

// Each of kTogether threads makes a channel's schedule, all in one commit: what each was told.
std::vector<absl::Status> WriteTogether(const SqliteStoreFile& file, sqlite::SqliteStorage& storage,
                                        const std::vector<int64_t>& channel_ids) {
  auto lock = sqlite::WriterLock::Open(file.path());
  EXPECT_TRUE(lock->Acquire(absl::Seconds(10)).ok());
  std::vector<absl::Status> told(kTogether);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kTogether; ++t) {
    threads.emplace_back([&, t] {
      Schedule schedule;
      schedule.channel_id = channel_ids[t];
      schedule.name = "nightly";
      told[t] = storage.WriteSchedule(schedule).status();
    });
  }
  // One waits for the lock, the others for it.
  while (storage.waiting_writes() < kTogether - 1) std::this_thread::yield();
  lock->Release();
  for (std::thread& thread : threads) thread.join();
  return told;
}

std::vector<int64_t> MakeChannels(Storage& storage) {
  std::vector<int64_t> channel_ids;
  for (int i = 0; i < kTogether; ++i) {
    channel_ids.push_back(Value(storage.CreateChannel(NamedConfig(absl::StrCat("shop", i)))).channel_id);
  }
  return channel_ids;
}

TEST(SqliteProcess, DeathInASharedCommitLeavesAllOfItOrNothing) {
  bool ended = false;
  int deaths = 0;
  for (int64_t writes = 0; !ended; ++writes) {
    SqliteStoreFile file;
    const std::vector<int64_t> channel_ids = MakeChannels(*file.Open());
    Signal done;
    Process writer([&] {
      InstallFaults();
      const auto storage = sqlite::SqliteStorage::Open(file.path(), SqliteOptions());
      if (!storage.ok()) return 2;
      write_fault.writes_left = writes;
      for (const absl::Status& status : WriteTogether(file, **storage, channel_ids)) {
        if (!status.ok()) return 3;
        done.Send();
      }
      write_fault = {};
      return 0;
    });
    done.CloseSender();
    int64_t told = 0;
    while (done.Receive() != '\0') ++told;
    const int result = writer.Wait();
    ended = result == 0;
    EXPECT_TRUE(ended || result == -SIGKILL) << result;
    deaths += ended ? 0 : 1;
    const size_t stored = Value(file.Open()->ReadSchedules()).size();
    EXPECT_TRUE(stored == kTogether || (stored == 0 && told == 0)) << stored << " stored, " << told << " told";
    EXPECT_THAT(RunSql(file.path(), "PRAGMA integrity_check"), ElementsAre("ok"));
    if (HasFailure()) FAIL() << "after " << writes << " writes";
  }
  EXPECT_GT(deaths, 3);
}

TEST(SqliteProcess, UnknownOutcomeOfASharedCommitIsToldToAll) {
  SqliteStoreFile file;
  const std::vector<int64_t> channel_ids = MakeChannels(*file.Open());
  Process writer([&] {
    InstallFaults();
    const auto storage = sqlite::SqliteStorage::Open(file.path(), SqliteOptions());
    if (!storage.ok()) return 2;
    write_fault = {3, EIO};
    for (const absl::Status& status : WriteTogether(file, **storage, channel_ids)) {
      if (!absl::IsUnknown(status)) return 3;
    }
    write_fault = {};
    for (const absl::Status& status : WriteTogether(file, **storage, channel_ids)) {
      if (!status.ok()) return 4;
    }
    return 0;
  });
  EXPECT_EQ(writer.Wait(), 0);
  EXPECT_EQ(Value(file.Open()->ReadSchedules()).size(), size_t{kTogether});
}

// -- Locks

TEST(SqliteProcess, WriterLockIsWaitedForAndThenUnavailable) {
  SqliteStoreFile file;
  SqliteOptions options;
  options.lock_timeout = absl::Milliseconds(20);
  const auto storage = file.Open(options);
  Signal held;
  Signal never;
  Process holder([&] {
    never.CloseSender();
    auto lock = sqlite::WriterLock::Open(file.path());
    if (!lock.ok() || !lock->Acquire(absl::Seconds(10)).ok()) return 2;
    held.Send();
    never.Receive();
    return 0;
  });
  ASSERT_EQ(held.Receive(), '!');
  const absl::Status status = storage->ReserveIds(1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("was ", holder.pid())));
  EXPECT_TRUE(storage->ReadChannels().ok());  // Readers do not wait.
  EXPECT_EQ(Code(OpenSqliteStorage(file.path(), options)), absl::StatusCode::kUnavailable);
  holder.Kill();
  EXPECT_TRUE(storage->ReserveIds(1).ok());
}

// A channel with one pending job.
int64_t ChannelWithAJob(Storage& storage) {
  const int64_t channel_id = Value(storage.CreateChannel(NamedConfig("shop"))).channel_id;
  const Job job = NewJob(storage, channel_id);
  EXPECT_TRUE(storage.WriteQueue(Enqueue(Value(storage.ReadQueue(channel_id)), job)).ok());
  return channel_id;
}

// Opens the store as a worker and claims the channel's job once `go` says so.
absl::Status ClaimInProcess(Storage& storage, int64_t channel_id, const std::function<void()>& wait) {
  const absl::StatusOr<OwnerId> owner = storage.OpenOwner();
  const absl::StatusOr<QueueSnapshot> queue = storage.ReadQueue(channel_id);
  if (!owner.ok() || !queue.ok()) return absl::InternalError("cannot begin");
  const QueueChange claim = Claim(*queue, queue->slot.head_job, *owner);
  wait();
  return storage.WriteQueue(claim);
}

TEST(SqliteProcess, OwnersDeathIsSeenAtOnce) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  const int64_t channel_id = ChannelWithAJob(*storage);
  Signal claimed;
  Signal never;
  Process worker([&] {
    never.CloseSender();
    const auto own = OpenSqliteStorage(file.path());
    if (!own.ok() || !ClaimInProcess(**own, channel_id, [] {}).ok()) return 2;
    claimed.Send();
    never.Receive();
    return 0;
  });
  ASSERT_EQ(claimed.Receive(), '!');
  EXPECT_TRUE(Value(storage->ReadQueue(channel_id)).owner_alive);
  EXPECT_THAT(Value(storage->ReadClaimable(At(0), 10)), ElementsAre());
  EXPECT_EQ(Code(storage->RemoveChannel(channel_id)), kFailedPrecondition);
  worker.Kill();
  EXPECT_FALSE(Value(storage->ReadQueue(channel_id)).owner_alive);
  EXPECT_THAT(Value(storage->ReadClaimable(At(0), 10)), ElementsAre(channel_id));
}

TEST(SqliteProcess, OwnerDoesNotLiveOnInAChildThatItForked) {
  SqliteStoreFile file;
  const auto storage = file.Open();
  const int64_t channel_id = ChannelWithAJob(*storage);
  Signal claimed;
  Signal never;
  Process worker([&] {
    const auto own = OpenSqliteStorage(file.path());
    if (!own.ok() || !ClaimInProcess(**own, channel_id, [] {}).ok()) return 2;
    if (fork() == 0) {
      // The child outlives the worker: it ends when the test closes its side of the pipe.
      never.CloseSender();
      claimed.Send();
      never.Receive();
      _exit(0);
    }
    never.CloseSender();
    never.Receive();
    return 0;
  });
  ASSERT_EQ(claimed.Receive(), '!');
  EXPECT_TRUE(Value(storage->ReadQueue(channel_id)).owner_alive);
  worker.Kill();
  EXPECT_FALSE(Value(storage->ReadQueue(channel_id)).owner_alive);
  EXPECT_TRUE(storage->ReserveIds(1).ok());
}

TEST(SqliteProcess, TwoProcessesThatClaimHaveOneWinner) {
  for (int round = 0; round < 10; ++round) {
    SqliteStoreFile file;
    int64_t channel_id = ChannelWithAJob(*file.Open());
    Signal ready;
    Signal go;
    Signal never;
    const auto claim = [&] {
      never.CloseSender();
      const auto own = OpenSqliteStorage(file.path());
      if (!own.ok()) return 2;
      const absl::Status status = ClaimInProcess(**own, channel_id, [&] {
        ready.Send();
        go.Receive();
      });
      ready.Send(status.ok() ? 'w' : status.code() == kAborted ? 'l' : '?');
      never.Receive();  // The winner lives until both have tried.
      return 0;
    };
    Process one(claim);
    Process two(claim);
    ready.Receive();
    ready.Receive();
    go.Send();
    go.Send();
    const std::string results = {ready.Receive(), ready.Receive()};
    EXPECT_TRUE(results == "wl" || results == "lw") << results;
    const auto storage = file.Open();
    EXPECT_EQ(Value(storage->ReadQueue(channel_id)).slot.epoch, 1);
    never.CloseSender();
    EXPECT_EQ(one.Wait(), 0);
    EXPECT_EQ(two.Wait(), 0);
  }
}

TEST(SqliteProcess, WritersOfSeveralProcessesTakeTurns) {
  SqliteStoreFile file;
  file.Open();
  constexpr int kWriters = 4;
  constexpr int kIds = 25;
  std::vector<std::unique_ptr<Process>> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.push_back(absl::make_unique<Process>([&] {
      SqliteOptions options;
      options.checkpoint_bytes = 16 << 10;
      const auto own = OpenSqliteStorage(file.path(), options);
      if (!own.ok()) return 2;
      for (int k = 0; k < kIds; ++k) {
        if (!(*own)->ReserveIds(1).ok()) return 3;
      }
      return 0;
    }));
  }
  for (const auto& writer : writers) EXPECT_EQ(writer->Wait(), 0);
  EXPECT_EQ(Value(file.Open()->ReserveIds(1)), kWriters * kIds + 1);
  EXPECT_THAT(RunSql(file.path(), "PRAGMA integrity_check"), ElementsAre("ok"));
}

// A process has the store open; its lock file is removed, and a second process opens the store: only one goes on.
TEST(SqliteProcess, RemovedLockFilesLeaveOneWriter) {
  for (const char* suffix : {"-lock", "-owners"}) {
    SqliteStoreFile file;
    Signal opened;
    Signal go;
    Process first([&] {
      const auto own = OpenSqliteStorage(file.path());
      if (!own.ok() || !(*own)->ReserveIds(1).ok()) return 2;
      opened.Send();
      go.Receive();
      return Code((*own)->ReserveIds(1)) == kFailedPrecondition ? 0 : 3;
    });
    ASSERT_EQ(opened.Receive(), '!');
    ASSERT_EQ(unlink((file.path() + suffix).c_str()), 0);
    Process second([&] {
      const auto own = OpenSqliteStorage(file.path());
      return own.ok() && (*own)->ReserveIds(1).ok() ? 0 : 2;
    });
    EXPECT_EQ(second.Wait(), 0) << suffix;
    go.Send();
    EXPECT_EQ(first.Wait(), 0) << suffix;
    EXPECT_EQ(Value(file.Open()->ReserveIds(1)), 3);
  }
}

TEST(SqliteProcess, TheLastOneOutLeavesOneFile) {
  SqliteStoreFile file;
  Signal opened;
  Signal go;
  const auto work = [&] {
    const auto own = OpenSqliteStorage(file.path());
    if (!own.ok() || !WriteRound(**own, 1).ok()) return 2;
    opened.Send();
    go.Receive();
    return 0;
  };
  Process one(work);
  Process two(work);
  opened.Receive();
  opened.Receive();
  go.Send();
  go.Send();
  EXPECT_EQ(one.Wait(), 0);
  EXPECT_EQ(two.Wait(), 0);
  file.Open().reset();  // Where both ended at once, each could leave it to the other.
  EXPECT_NE(access((file.path() + "-wal").c_str(), F_OK), 0);
  EXPECT_EQ(rename(file.path().c_str(), (file.path() + ".moved").c_str()), 0);
  EXPECT_THAT(RunSql(file.path() + ".moved", "SELECT count(*) FROM product_variant"),
              ElementsAre(absl::StrCat(kProducts)));
}

TEST(SqliteProcess, ForkedChildIsToldToOpenItsOwn) {
  SqliteStoreFile file;
  auto storage = file.Open();
  const OwnerId owner = Value(storage->OpenOwner());
  Process child([&] {
    if (Code(storage->ReadChannels()) != kFailedPrecondition) return 2;
    if (Code(storage->ReserveIds(1)) != kFailedPrecondition) return 3;
    if (Code(storage->KeepAlive(owner)) != kFailedPrecondition) return 4;
    storage.reset();  // Leaves the parent's connections and locks alone.
    const auto own = OpenSqliteStorage(file.path());
    return own.ok() && (*own)->KeepAlive(owner).ok() && (*own)->ReserveIds(1).ok() ? 0 : 5;
  });
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_TRUE(storage->KeepAlive(owner).ok());
  EXPECT_EQ(Value(storage->ReserveIds(1)), 2);
}

}  // namespace
}  // namespace flxlink

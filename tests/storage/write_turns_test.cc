#include "src/storage/sqlite/write_turns.h"

#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::sqlite {
namespace {

using Outcome = WriteTurns::Outcome;

absl::Status Nothing(Connection&) { return absl::OkStatus(); }

PendingWrite WriteOf(WriteKind kind) { return {Nothing, kind, absl::OkStatus()}; }

// A thread that waits for its turn behind all that wait already, and then gives it up.
class Waiter {
 public:
  Waiter(WriteTurns& turns, WriteKind kind, absl::Duration timeout = absl::InfiniteDuration()) : write_(WriteOf(kind)) {
    const int64_t before = turns.waiting();
    thread_ = std::thread([this, &turns, timeout] {
      outcome_ = turns.Await(write_, timeout);
      if (outcome_ == Outcome::kTurn) turns.End({});
    });
    while (timeout == absl::InfiniteDuration() && turns.waiting() == before) std::this_thread::yield();
  }
  ~Waiter() {
    if (thread_.joinable()) thread_.join();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  PendingWrite& write() { return write_; }
  Outcome Join() {
    thread_.join();
    return outcome_;
  }

 private:
  PendingWrite write_;
  Outcome outcome_ = Outcome::kTimedOut;
  std::thread thread_;
};

// Of which the test has the turn.
class WriteTurnsTest : public testing::Test {
 protected:
  WriteTurnsTest() { EXPECT_EQ(turns_.Await(own_, absl::ZeroDuration()), Outcome::kTurn); }

  WriteTurns turns_;
  PendingWrite own_ = WriteOf(WriteKind::kSmall);
};

TEST_F(WriteTurnsTest, WhatIsTakenIsDoneOnceTheTurnEnds) {
  Waiter first(turns_, WriteKind::kSmall);
  Waiter second(turns_, WriteKind::kSmallStep);
  ASSERT_EQ(turns_.Take(WriteKind::kSmall), &first.write());
  ASSERT_EQ(turns_.Take(WriteKind::kSmall), &second.write());
  EXPECT_EQ(turns_.Take(WriteKind::kSmall), nullptr);
  first.write().status = absl::AbortedError("first");
  turns_.End({&first.write(), &second.write()});
  EXPECT_EQ(first.Join(), Outcome::kDone);
  EXPECT_EQ(first.write().status, absl::AbortedError("first"));
  EXPECT_EQ(second.Join(), Outcome::kDone);
  EXPECT_EQ(second.write().status, absl::OkStatus());
}

TEST_F(WriteTurnsTest, WhatIsNotTakenHasTheNextTurn) {
  Waiter first(turns_, WriteKind::kBulk);
  Waiter second(turns_, WriteKind::kSmall);
  EXPECT_EQ(turns_.Take(WriteKind::kSmall), nullptr);  // Nor is who came later taken before a bulk write.
  turns_.End({});
  EXPECT_EQ(first.Join(), Outcome::kTurn);
  EXPECT_EQ(second.Join(), Outcome::kTurn);
}

TEST_F(WriteTurnsTest, NobodyIsDoneWithABulkWrite) {
  Waiter other(turns_, WriteKind::kSmall);
  EXPECT_EQ(turns_.Take(WriteKind::kBulk), nullptr);
  turns_.End({});
  EXPECT_EQ(other.Join(), Outcome::kTurn);
}

TEST_F(WriteTurnsTest, WhatMustLastIsNotDoneWithWhatNeedNot) {
  Waiter step(turns_, WriteKind::kSmallStep);
  Waiter other(turns_, WriteKind::kSmall);
  EXPECT_EQ(turns_.Take(WriteKind::kSmallStep), &step.write());
  EXPECT_EQ(turns_.Take(WriteKind::kSmallStep), nullptr);
  turns_.End({&step.write()});
  EXPECT_EQ(step.Join(), Outcome::kDone);
  EXPECT_EQ(other.Join(), Outcome::kTurn);
}

TEST_F(WriteTurnsTest, WhoWaitsTooLongIsNotTakenAnyMore) {
  Waiter hasty(turns_, WriteKind::kSmall, absl::Milliseconds(1));
  EXPECT_EQ(hasty.Join(), Outcome::kTimedOut);
  EXPECT_EQ(turns_.waiting(), 0);
  EXPECT_EQ(turns_.Take(WriteKind::kSmall), nullptr);
  turns_.End({});
  PendingWrite next = WriteOf(WriteKind::kSmall);
  EXPECT_EQ(turns_.Await(next, absl::ZeroDuration()), Outcome::kTurn);
  turns_.End({});
}

TEST_F(WriteTurnsTest, WhatIsTakenIsWaitedForBeyondItsTime) {
  constexpr absl::Duration kTimeout = absl::Milliseconds(100);
  const absl::Time begun = absl::Now();
  Waiter hasty(turns_, WriteKind::kSmall, kTimeout);
  PendingWrite* taken = nullptr;
  while (taken == nullptr && absl::Now() < begun + kTimeout) taken = turns_.Take(WriteKind::kSmall);
  if (taken == nullptr) GTEST_SKIP() << "the machine was too slow to take it in time";
  while (absl::Now() < begun + 2 * kTimeout) std::this_thread::yield();
  taken->status = absl::AbortedError("taken");
  turns_.End({taken});
  EXPECT_EQ(hasty.Join(), Outcome::kDone);
  EXPECT_EQ(hasty.write().status, absl::AbortedError("taken"));
}

}  // namespace
}  // namespace flxlink::sqlite

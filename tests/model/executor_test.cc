#include "flxlink/executor.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

void RunsEachTaskOnce(Executor& executor, int count) {
  std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
  executor.ParallelFor(count, [&](int i) { ++runs[static_cast<size_t>(i)]; });
  for (const std::atomic<int>& run : runs) EXPECT_EQ(run, 1);
}

TEST(ExecutorTest, InlineRunsInOrderOnTheCallersThread) {
  std::vector<int> order;
  InlineExecutor().ParallelFor(3, [&](int i) { order.push_back(i); });
  EXPECT_EQ(order, std::vector<int>({0, 1, 2}));
  EXPECT_EQ(InlineExecutor().width(), 1);
}

TEST(ExecutorTest, RunsEachTaskOnceWhateverTheWidth) {
  for (int threads = 1; threads <= 4; ++threads) {
    const auto executor = NewThreadExecutor(threads);
    EXPECT_EQ(executor->width(), threads);
    for (const int count : {0, 1, 2, 100, 1000}) RunsEachTaskOnce(*executor, count);
  }
}

TEST(ExecutorTest, TakesSeveralCallersAtOnce) {
  const auto executor = NewThreadExecutor(3);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) RunsEachTaskOnce(*executor, 20);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(ExecutorTest, UsesItsThreads) {
  const auto executor = NewThreadExecutor(2);
  // Two tasks that wait for each other would hang on one thread; the contract forbids it elsewhere.
  std::atomic<int> begun{0};
  executor->ParallelFor(2, [&](int) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace flxlink::model

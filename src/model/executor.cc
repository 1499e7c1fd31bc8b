#include "flxlink/executor.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace flxlink {
namespace {

class CallerExecutor : public Executor {
 public:
  int width() const override { return 1; }
  void ParallelFor(int count, absl::FunctionRef<void(int)> task) override {
    for (int i = 0; i < count; ++i) task(i);
  }
};

// The caller of ParallelFor works too, so that a busy pool never makes it wait for tasks that nobody has begun.
class ThreadExecutor : public Executor {
 public:
  explicit ThreadExecutor(int threads) {
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
  }

  ~ThreadExecutor() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  int width() const override { return static_cast<int>(threads_.size()) + 1; }

  void ParallelFor(int count, absl::FunctionRef<void(int)> task) override {
    if (count <= 0) return;
    Job job{count, task};
    std::unique_lock<std::mutex> lock(mutex_);
    jobs_.push_back(&job);
    changed_.notify_all();
    while (job.next < job.count) RunOne(&job, &lock);
    changed_.wait(lock, [&] { return job.running == 0; });
  }

 private:
  // One call of ParallelFor. It is in jobs_ while it has tasks that nobody has begun.
  struct Job {
    int count;
    absl::FunctionRef<void(int)> task;
    int next = 0;
    int running = 0;
  };

  // Takes the job's next task and runs it without the lock.
  void RunOne(Job* job, std::unique_lock<std::mutex>* lock) {
    const int index = job->next++;
    ++job->running;
    if (job->next == job->count) jobs_.erase(std::find(jobs_.begin(), jobs_.end(), job));
    lock->unlock();
    job->task(index);
    lock->lock();
    --job->running;
    if (job->running == 0 && job->next == job->count) changed_.notify_all();
  }

  void Serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      RunOne(jobs_.front(), &lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

Executor& InlineExecutor() {
  static CallerExecutor* const executor = new CallerExecutor;
  return *executor;
}

std::unique_ptr<Executor> NewThreadExecutor(int threads) { return std::make_unique<ThreadExecutor>(threads); }

}  // namespace flxlink

// Lent threads. flxlink's pure parts start none of their own: what can run in parallel is handed to an Executor that
// the caller or the Engine provides. No result depends on the executor's width.

#ifndef FLXLINK_EXECUTOR_H_
#define FLXLINK_EXECUTOR_H_

#include <memory>

#include "absl/functional/function_ref.h"

namespace flxlink {

// Thread-safe: several callers may be in ParallelFor at once.
class Executor {
 public:
  virtual ~Executor() = default;

  // How many tasks may run at the same time, at least 1. A hint for how finely to cut the work.
  virtual int width() const = 0;

  // Runs task(0) … task(count-1), each once, in any order and on any thread, and returns when all have returned. Tasks
  // must not wait for each other and must not call back into the executor.
  virtual void ParallelFor(int count, absl::FunctionRef<void(int)> task) = 0;
};

// Runs every task on the caller's thread, in order. Never destroyed.
Executor& InlineExecutor();

// `threads` threads in all, the caller's included, so 1 starts none. Joined on destruction.
std::unique_ptr<Executor> NewThreadExecutor(int threads);

}  // namespace flxlink

#endif  // FLXLINK_EXECUTOR_H_

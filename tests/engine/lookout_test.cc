#include "src/engine/lookout.h"

#include <memory>

#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"

namespace flxlink::engine {
namespace {

TEST(LookoutTest, ARingBetweenTheLookAndTheSleepIsNotSleptThrough) {
  ManualClock clock;
  const std::unique_ptr<Storage> storage = NewMemoryStorage(clock);
  EngineOptions options;
  options.storage = storage.get();
  options.clock = &clock;
  const absl::Time start = clock.Now();
  Lookout lookout(options);
  lookout.Begin();
  EXPECT_FALSE(lookout.HasChanged());
  storage->work_bell().Ring();
  lookout.Sleep(absl::Hours(1));
  EXPECT_EQ(clock.Now(), start);
  EXPECT_TRUE(lookout.HasChanged());
  lookout.Begin();
  lookout.Sleep(absl::Hours(1));
  EXPECT_EQ(clock.Now(), start + options.poll_interval);
  EXPECT_FALSE(lookout.HasChanged());
  lookout.Forget();
  EXPECT_TRUE(lookout.HasChanged()) << "a look that failed is done again";
}

}  // namespace
}  // namespace flxlink::engine

#include "src/cli/digits.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace flxlink::cli {
namespace {

TEST(DigitsTest, AreGroupedByThree) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1000), "1,000");
  EXPECT_EQ(GroupDigits(412000), "412,000");
  EXPECT_EQ(GroupDigits(1234567), "1,234,567");
  EXPECT_EQ(GroupDigits(std::numeric_limits<int64_t>::max()), "9,223,372,036,854,775,807");
}

}  // namespace
}  // namespace flxlink::cli

#include "flxlink/storage.h"

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(StorageTest, LinkEventsHaveNames) {
  EXPECT_EQ(ToString(LinkEvent::Kind::kLinked), "linked");
  EXPECT_EQ(ToString(LinkEvent::Kind::kUnlinked), "unlinked");
  EXPECT_EQ(ToString(LinkEvent::Kind::kBroken), "broken");
  EXPECT_EQ(ToString(LinkEvent::Kind::kHealed), "healed");
  EXPECT_EQ(ToString(LinkEvent::Kind::kReleased), "released");
}

}  // namespace
}  // namespace flxlink::model

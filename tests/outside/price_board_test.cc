#include "price_board.h"

#include <memory>

#include "board_under_test.h"
#include "flxlink/conformance/channel.h"
#include "gtest/gtest.h"

namespace outside {
namespace {

std::unique_ptr<flxlink::ChannelUnderTest> MakeBoard() { return std::make_unique<BoardUnderTest>(); }

}  // namespace
}  // namespace outside

namespace flxlink {
INSTANTIATE_TEST_SUITE_P(Board, ChannelConformance, testing::Values(ChannelFactory{"board", outside::MakeBoard}),
                         ChannelFactoryName);
}  // namespace flxlink

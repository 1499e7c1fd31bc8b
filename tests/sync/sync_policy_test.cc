#include "src/sync/sync_policy.h"

#include "absl/time/time.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;

PushKind KindOf(const SyncFields& fields, int64_t worth_from = 1) {
  PushKind kind;
  kind.fields = fields;
  kind.worth_from = worth_from;
  return kind;
}

TEST(MakeSyncPolicyTest, SyncsWhatTheConfigWantsAndTheAdapterCanSet) {
  ChannelConfig config;
  config.sync_fields = {SyncField::kPrice, SyncField::kStatus};
  config.currency = Euro();
  config.oversell_guard = OversellGuard::kOverwrite;
  config.zero_prices = true;
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kQuantity), KindOf(kStatus)};
  capabilities.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden};
  capabilities.kept_by_parent = kStatus;
  capabilities.pull_lag = absl::Seconds(9);
  capabilities.takes_negative_quantities = true;
  const SyncPolicy policy = MakeSyncPolicy(config, capabilities);
  EXPECT_EQ(policy.fields, kStatus);
  EXPECT_EQ(policy.read_lag, absl::Seconds(9));
  EXPECT_EQ(policy.currency, Euro());
  EXPECT_EQ(policy.oversell_guard, OversellGuard::kOverwrite);
  EXPECT_TRUE(policy.zero_prices);
  EXPECT_TRUE(policy.takes_negative_quantities);
  EXPECT_TRUE(policy.parent_status);
  EXPECT_THAT(policy.kinds, ElementsAre(kNothing, kStatus));
}

TEST(MakeSyncPolicyTest, NoStatusWhereTheChannelHasNone) {
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kAll)};
  const SyncPolicy policy = MakeSyncPolicy(ChannelConfig(), capabilities);
  EXPECT_EQ(policy.fields, kPriceAndQuantity);
  EXPECT_THAT(policy.kinds, ElementsAre(kPriceAndQuantity));
  EXPECT_FALSE(policy.parent_status);
}

TEST(MakeSyncPolicyTest, LaterSubmissionsWinWhereNoReceiptSaysOtherwise) {
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kAll), KindOf(kPriceAndQuantity), KindOf(kStatus)};
  for (PushKind& kind : capabilities.push_kinds) kind.receipt_timeout = absl::Hours(1);
  const auto later_wins = [&] { return MakeSyncPolicy(ChannelConfig(), capabilities).later_wins; };
  EXPECT_EQ(later_wins(), kNothing);
  capabilities.push_kinds[1].later_wins = capabilities.push_kinds[2].later_wins = true;
  EXPECT_EQ(later_wins(), kNothing) << "of the first kind it is not known";
  capabilities.push_kinds[0].receipt_timeout = absl::ZeroDuration();
  EXPECT_EQ(later_wins(), kAll) << "what is done at once is never awaited";
}

TEST(MakeSyncPolicyTest, HidesByQuantityWhereQuantitiesAreSynced) {
  ChannelConfig config;
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kPriceAndQuantity)};
  EXPECT_FALSE(MakeSyncPolicy(config, capabilities).hides_by_quantity);
  capabilities.hides_by_quantity = true;
  EXPECT_TRUE(MakeSyncPolicy(config, capabilities).hides_by_quantity);
  config.sync_fields = kPrice;
  EXPECT_FALSE(MakeSyncPolicy(config, capabilities).hides_by_quantity);
}

TEST(MakeSyncPolicyTest, PlansLeaveOutKindsThatAreOnlyForMany) {
  AdapterCapabilities capabilities;
  capabilities.status_set = {ChannelStatus::kListed};
  capabilities.push_kinds = {KindOf(kAll, 50), KindOf(kPriceAndQuantity), KindOf(kStatus)};
  EXPECT_THAT(MakeSyncPolicy(ChannelConfig(), capabilities).kinds, ElementsAre(kNothing, kPriceAndQuantity, kStatus));
  // Without another one that sets the status it is for few as well.
  capabilities.push_kinds.pop_back();
  EXPECT_THAT(MakeSyncPolicy(ChannelConfig(), capabilities).kinds, ElementsAre(kAll, kPriceAndQuantity));
}

}  // namespace
}  // namespace flxlink::sync

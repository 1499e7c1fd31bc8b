// The platforms that merchants use most, said in the words of an adapter: what each of them is like can be declared.
// docs/adapters.md has the same as a table, with what cannot be said.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;

const std::vector<ChannelStatus> kShownOrHidden = {ChannelStatus::kListed, ChannelStatus::kHidden};

CallCost Cost(std::string bucket, double base, double per_item = 0) {
  CallCost cost;
  cost.bucket = std::move(bucket);
  cost.base = base;
  cost.per_item = per_item;
  return cost;
}

PushKind Kind(std::string name, SyncFields fields) {
  PushKind kind;
  kind.name = std::move(name);
  kind.fields = std::move(fields);
  return kind;
}

// One shop by the Admin GraphQL API, with the points of a plan that refills 100 a second.
AdapterCapabilities Shopify() {
  AdapterCapabilities shop;
  shop.link_fields = {"sku", "barcode", "title", "handle"};
  shop.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden, ChannelStatus::kDead};
  shop.kept_by_parent = {SyncField::kStatus};
  shop.complete_pull = true;
  shop.since = SinceReads{{SyncField::kPrice, SyncField::kStatus}, true, false, absl::Minutes(1)};
  shop.fetch_limit = 250;
  shop.account.buckets = {{"points", 2000, 100}};
  shop.account.slots = {{"bulk queries", 5}};
  shop.pull_cost.slots = "bulk queries";
  shop.fetch_cost = Cost("points", 0, 2);

  PushKind quantities = Kind("inventorySetQuantities", {SyncField::kQuantity});
  quantities.max_items = 250;
  quantities.compares = quantities.fields;
  quantities.keys = IdempotencyKeys::kCall;
  quantities.cost = Cost("points", 10);
  PushKind prices = Kind("productVariantsBulkUpdate", {SyncField::kPrice, SyncField::kCompareAtPrice});
  prices.max_items = 250;
  prices.one_parent = true;
  prices.takes_good_items = true;
  prices.in_flight = 8;
  prices.cost = Cost("points", 10, 0.2);
  PushKind statuses = Kind("productUpdate", {SyncField::kStatus});
  statuses.max_items = 1;
  statuses.in_flight = 8;
  statuses.cost = Cost("points", 10);
  shop.push_kinds = {quantities, prices, statuses};
  return shop;
}

AdapterCapabilities WooCommerce() {
  AdapterCapabilities shop;
  shop.link_fields = {"sku", "global_unique_id", "name"};
  shop.status_set = kShownOrHidden;
  shop.complete_pull = true;
  shop.since = SinceReads{{SyncField::kPrice, SyncField::kStatus}, true, false, absl::Seconds(1)};
  shop.fetch_limit = 100;
  shop.account.slots = {{"requests", 4}};
  shop.pull_cost.slots = shop.fetch_cost.slots = "requests";
  shop.fetch_lag = absl::Seconds(1);

  PushKind variations = Kind("variations/batch",
                             {SyncField::kPrice, SyncField::kCompareAtPrice, SyncField::kQuantity, SyncField::kStatus});
  variations.max_items = 100;
  variations.one_parent = true;
  variations.takes_good_items = true;
  variations.in_flight = 2;
  variations.cost.slots = "requests";
  shop.push_kinds = {variations};
  return shop;
}

AdapterCapabilities Medusa() {
  AdapterCapabilities shop;
  shop.link_fields = {"sku", "barcode", "ean", "upc", "title"};
  shop.status_set = kShownOrHidden;
  shop.kept_by_parent = {SyncField::kStatus};
  shop.complete_pull = true;
  shop.fetch_limit = 1000;

  PushKind levels = Kind("location-levels/batch", {SyncField::kQuantity});
  levels.max_items = 1000;
  PushKind prices = Kind("variants/batch", {SyncField::kPrice});
  prices.one_parent = true;
  prices.in_flight = 2;
  PushKind statuses = Kind("products/batch", {SyncField::kStatus});
  statuses.max_items = 100;
  shop.push_kinds = {levels, prices, statuses};
  return shop;
}

AdapterCapabilities Vendure() {
  AdapterCapabilities shop;
  shop.link_fields = {"sku", "name"};
  shop.status_set = kShownOrHidden;
  shop.complete_pull = true;
  shop.fetch_limit = 1000;

  PushKind variants = Kind("updateProductVariants", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus});
  variants.max_bytes = 90000;
  variants.item_bytes = 150;
  shop.push_kinds = {variants};
  return shop;
}

// One seller account in one marketplace, by the Selling Partner API.
AdapterCapabilities Amazon() {
  AdapterCapabilities seller;
  seller.link_fields = {"sku", "asin", "title"};
  seller.complete_pull = true;
  seller.fetch_limit = 20;
  seller.account.buckets = {{"get", 10, 5}, {"patch", 5, 5}, {"createReport", 15, 0.0167}, {"feeds", 5, 1.0 / 60}};
  seller.pull_cost = Cost("createReport", 1);
  seller.fetch_cost = Cost("get", 1);
  seller.poll_cost = Cost("get", 1);
  seller.pull_lag = absl::Hours(1);
  seller.hides_by_quantity = true;

  PushKind feed = Kind("JSON_LISTINGS_FEED", {SyncField::kPrice, SyncField::kQuantity});
  feed.max_items = 25000;
  feed.max_bytes = 10 << 20;
  feed.item_bytes = 400;
  feed.worth_from = 1500;
  feed.takes_good_items = true;
  feed.receipt_timeout = absl::Hours(24);
  feed.cost = Cost("feeds", 1);
  PushKind patch = Kind("patchListingsItem", {SyncField::kPrice, SyncField::kQuantity});
  patch.max_items = 1;
  patch.in_flight = 5;
  patch.receipt_timeout = absl::Hours(1);
  patch.cost = Cost("patch", 1);
  seller.push_kinds = {feed, patch};
  return seller;
}

std::vector<std::string> SettableNames(const AdapterCapabilities& capabilities) {
  return SettableFields(capabilities).Names();
}

TEST(PlatformDeclarationsTest, EveryPlatformCanBeDeclared) {
  for (const AdapterCapabilities& platform : {Shopify(), WooCommerce(), Medusa(), Vendure(), Amazon()}) {
    EXPECT_EQ(CheckCapabilities(platform), absl::OkStatus());
    EXPECT_TRUE(platform.complete_pull);
  }
}

TEST(PlatformDeclarationsTest, EachSetsWhatItCan) {
  EXPECT_THAT(SettableNames(Shopify()), ElementsAre("price", "quantity", "status", "compare_at_price"));
  EXPECT_THAT(SettableNames(WooCommerce()), ElementsAre("price", "quantity", "status", "compare_at_price"));
  EXPECT_THAT(SettableNames(Medusa()), ElementsAre("price", "quantity", "status"));
  EXPECT_THAT(SettableNames(Vendure()), ElementsAre("price", "quantity", "status"));
  EXPECT_THAT(SettableNames(Amazon()), ElementsAre("price", "quantity"));
}

TEST(PlatformDeclarationsTest, AWrongOneIsNoticed) {
  AdapterCapabilities shop = Shopify();
  shop.push_kinds[1].cost.bucket = "point";
  EXPECT_EQ(CheckCapabilities(shop).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flxlink

// Conformance: whoever does not hold the slot changes nothing.

#include <functional>
#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "flxlink/problem.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

struct FencedCall {
  std::string name;
  std::function<absl::Status(Storage& storage, const Fence& fence)> call;
};

// Every operation that takes a fence (WriteKeyEntries, which wants no link base, is in conformance_link_base.cc), each
// with arguments that are right for `shop`.
std::vector<FencedCall> FencedCalls(Shop& shop) {
  const int64_t pull_number = shop.channel().pull.pull_number;
  const int64_t edit_version = shop.channel().edit_version;
  const SyncRow link = shop.LinkRow("S1");
  const int64_t unlinked = shop.ListingId("S3");
  const int64_t item = shop.ItemId("X3");
  ListingBatch listings;
  listings.product_id = Value(shop.storage().ReadProducts(0, {"S1"}, 1)).product_id;
  listings.sku.Add("S9");
  listings.parent.Add("");
  listings.sync_priority = {0};
  const Reconciliation found = Found(link);
  SettlementBatch settled;
  settled.push_id = 1;
  settled.rows = {Applied(link, {1, 2, ChannelStatus::kHidden})};
  const LinkPair broken = {shop.ListingId("S2"), shop.ItemId("X2")};
  const LinkPair doubtful = {shop.ListingId("S4"), shop.ItemId("X4")};
  const StatusWrite hide = {link.listing_id, link.status, {Health::kListed, PendingChange::kHiding, false}};

  std::vector<FencedCall> calls = {
      {"WriteListings", [=](Storage& s, const Fence& f) { return s.WriteListings(f, listings, At(9)).status(); }},
      {"BeginPull", [=](Storage& s, const Fence& f) { return s.BeginPull(f, "").status(); }},
      {"WritePulledPages",
       [=](Storage& s, const Fence& f) {
         return s.WritePulledPages(f, pull_number, {ToPage({{"X1", 5, 5}, {"X9", 5, 5}}, "next")}, At(9)).status();
       }},
      {"SweepAbsent", [=](Storage& s, const Fence& f) { return s.SweepAbsent(f, pull_number, 10, At(9)).status(); }},
      {"EndPull", [=](Storage& s, const Fence& f) { return s.EndPull(f, pull_number, true, "", At(9)); }},
      {"WriteFetched",
       [=](Storage& s, const Fence& f) {
         FetchReply reply;
         reply.items = ToPage({{"X9", 5, 5}}).items;
         reply.missing = {"X1"};
         return s.WriteFetched(f, reply, At(9)).status();
       }},
      {"WriteLinks",
       [=](Storage& s, const Fence& f) {
         return s.WriteLinks(f, edit_version, {NewLink(unlinked, item)}, At(9)).status();
       }},
      {"ReleaseLinks", [=](Storage& s, const Fence& f) { return s.ReleaseLinks(f, {broken}, {}, At(9)).status(); }},
      {"HoldUnlinks", [=](Storage& s, const Fence& f) { return s.HoldUnlinks(f, {doubtful}, At(9)).status(); }},
      {"WriteReconciliations", [=](Storage& s, const Fence& f) { return s.WriteReconciliations(f, {found}, At(9)); }},
      {"ForceLinks", [=](Storage& s, const Fence& f) { return s.ForceLinks(f, {PairOf(link)}, At(9)); }},
      {"WriteEvaluatedVersion", [=](Storage& s, const Fence& f) { return s.WriteEvaluatedVersion(f, 5); }},
      {"BeginPush", [=](Storage& s, const Fence& f) { return s.BeginPush(f, Push(2, {link})).status(); }},
      {"WriteSettlements", [=](Storage& s, const Fence& f) { return s.WriteSettlements(f, settled, At(9)).status(); }},
      {"LetPushLinger", [=](Storage& s, const Fence& f) { return s.LetPushLinger(f, 1); }},
      {"AbandonPush", [=](Storage& s, const Fence& f) { return s.AbandonPush(f, 1, At(9)); }},
      {"WriteStatuses", [=](Storage& s, const Fence& f) { return s.WriteStatuses(f, {hide}, At(9)).status(); }},
      {"WriteProgress", [=](Storage& s, const Fence& f) { return s.WriteProgress(f, Progress(9, 9, 0)).status(); }},
  };
  if (shop.storage().link_index() == nullptr) return calls;
  const std::vector<FencedCall> of_index = {
      {"DropLinkBase", [=](Storage& s, const Fence& f) { return s.link_index()->DropLinkBase(f, 10).status(); }},
      {"SetLinkBase", [=](Storage& s, const Fence& f) { return s.link_index()->SetLinkBase(f, "other rules"); }},
      {"AddKeyEntries",
       [=](Storage& s, const Fence& f) {
         return s.link_index()->AddKeyEntries(f, {{{LinkSide::kListing, 0}, {7, unlinked}}});
       }},
      {"ForgetLinkChanges",
       [=](Storage& s, const Fence& f) { return s.link_index()->ForgetLinkChanges(f, edit_version, 10).status(); }},
  };
  calls.insert(calls.end(), of_index.begin(), of_index.end());
  return calls;
}

// A shop in which every fenced call has something to do: S1 is linked and has an open push, S2's link is broken, S3 is
// unlinked, S4's link is doubtful, a link base has changes on record, and a pull runs that has seen nothing on its
// first page.
void MakeWork(Shop& shop) {
  Channel channel = shop.channel();
  channel.config.link_priority = {{"sku", "sku"}};
  ASSERT_EQ(shop.storage().WriteChannel(channel.channel_id, channel.revision, channel.config, absl::nullopt, false),
            absl::OkStatus());
  if (shop.storage().link_index() != nullptr) {
    ASSERT_EQ(shop.index().SetLinkBase(shop.fence(), "rules"), absl::OkStatus());
  }
  shop.StockAndLink(2);
  shop.Stock({{"K3", "S3", 100, 10}, {"K4", "S4", 100, 10}});
  const auto item = [](const std::string& sku) {
    return PulledItem{"X4", 100, 10, ChannelStatus::kListed, "", {{"sku", sku}}};
  };
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}, item("S4")});
  shop.Link("S4", "X4");
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}, item("NEW")}, At(5));
  ASSERT_EQ(Value(shop.storage().BeginPush(shop.fence(), Push(1, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const int64_t pull_number = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  Value(shop.storage().WritePulledPages(shop.fence(), pull_number, {ToPage({}, "page 2")}, At(8)));
}

// Every call with this fence is refused and changes nothing.
void ExpectStale(Shop& shop, const std::vector<FencedCall>& calls, const Fence& fence) {
  const std::string before = StoreText(shop.storage());
  for (const FencedCall& call : calls) {
    const absl::Status status = call.call(shop.storage(), fence);
    EXPECT_EQ(Code(status), kFailedPrecondition) << call.name;
    EXPECT_EQ(ProblemFrom(status).code, problem_code::kSlotLost) << call.name;
    EXPECT_EQ(StoreText(shop.storage()), before) << call.name;
  }
}

}  // namespace

TEST_P(StorageConformance, FencedCallsOfTheTestsAllChangeSomething) {
  for (size_t i = 0;; ++i) {
    Shop shop(under_test(), "shop" + std::to_string(i));
    MakeWork(shop);
    const std::vector<FencedCall> calls = FencedCalls(shop);
    if (i == calls.size()) return;
    const std::string before = StoreText(storage());
    EXPECT_EQ(calls[i].call(storage(), shop.fence()), absl::OkStatus()) << calls[i].name;
    EXPECT_NE(StoreText(storage()), before) << calls[i].name;
  }
}

TEST_P(StorageConformance, AnotherEpochChangesNothing) {
  Shop shop(under_test());
  shop.ChangeJob();
  MakeWork(shop);
  const Fence& now = shop.fence();
  const std::vector<FencedCall> calls = FencedCalls(shop);
  ExpectStale(shop, calls, {now.channel_id, now.job_id, now.epoch - 1, now.claim});
  ExpectStale(shop, calls, {now.channel_id, now.job_id, now.epoch + 1, now.claim});
}

// A store that lost its last commits can give an epoch out a second time; the claim is then what differs.
TEST_P(StorageConformance, AnotherClaimOfTheSameEpochChangesNothing) {
  Shop shop(under_test());
  MakeWork(shop);
  const Fence& now = shop.fence();
  const std::vector<FencedCall> calls = FencedCalls(shop);
  ExpectStale(shop, calls, {now.channel_id, now.job_id, now.epoch, now.claim ^ 1});
  ExpectStale(shop, calls, {now.channel_id, now.job_id, now.epoch, now.claim ^ (uint64_t{1} << 63)});
  ExpectStale(shop, calls, {now.channel_id, now.job_id, now.epoch, 0});
}

// Whoever holds the slot and asks for what cannot be done is not told to stop.
TEST_P(StorageConformance, RowsInAWrongStateAreNoLostSlot) {
  Shop shop(under_test());
  MakeWork(shop);
  const Fence& fence = shop.fence();
  const LinkWrite taken = NewLink(shop.ListingId("S3"), shop.ItemId("X1"));
  const absl::Status refusals[] = {
      storage().EndPull(fence, shop.channel().pull.pull_number + 1, true, "", At(9)),
      storage().WriteLinks(fence, shop.channel().edit_version, {taken}, At(9)).status(),
  };
  for (const absl::Status& refusal : refusals) {
    EXPECT_EQ(Code(refusal), kFailedPrecondition);
    EXPECT_NE(ProblemFrom(refusal).code, problem_code::kSlotLost) << refusal;
  }
}

TEST_P(StorageConformance, AnotherJobChangesNothing) {
  Shop shop(under_test());
  const Fence earlier = shop.fence();
  shop.ChangeJob();
  MakeWork(shop);
  const std::vector<FencedCall> calls = FencedCalls(shop);
  ExpectStale(shop, calls, earlier);
  ExpectStale(shop, calls, {shop.channel_id(), earlier.job_id, shop.fence().epoch, shop.fence().claim});
}

TEST_P(StorageConformance, JobThatEndedChangesNothing) {
  Shop shop(under_test());
  MakeWork(shop);
  const std::vector<FencedCall> calls = FencedCalls(shop);
  shop.EndJob();
  ExpectStale(shop, calls, shop.fence());
  ExpectStale(shop, calls, {shop.channel_id(), 0, shop.fence().epoch, 0});
}

TEST_P(StorageConformance, HolderOfAnotherChannelsSlotChangesNothing) {
  Shop shop(under_test());
  MakeWork(shop);
  Shop other(under_test(), "other");
  const std::vector<FencedCall> calls = FencedCalls(shop);
  ExpectStale(shop, calls, {shop.channel_id(), other.fence().job_id, other.fence().epoch, other.fence().claim});
  ExpectStale(shop, calls, {987654321, shop.fence().job_id, shop.fence().epoch, shop.fence().claim});
}

TEST_P(StorageConformance, FenceOfARemovedChannelChangesNothing) {
  Shop shop(under_test());
  MakeWork(shop);
  const std::vector<FencedCall> calls = FencedCalls(shop);
  under_test().KillOwner(shop.owner());
  ASSERT_EQ(storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  Shop successor(under_test());
  ExpectStale(successor, calls, shop.fence());
}

TEST_P(StorageConformance, WorkerWhoseSlotWasTakenOverChangesNothing) {
  Shop shop(under_test());
  MakeWork(shop);
  const std::vector<FencedCall> calls = FencedCalls(shop);
  under_test().KillOwner(shop.owner());
  const OwnerId successor = Value(storage().OpenOwner());
  ASSERT_EQ(storage().WriteQueue(Claim(shop.Queue(), shop.fence().job_id, successor)), absl::OkStatus());
  ExpectStale(shop, calls, shop.fence());
  const Fence fence = FenceOf(shop.Queue().slot);
  EXPECT_EQ(Code(storage().WriteProgress(fence, Progress(1, 1, 0))), kOk);
}

}  // namespace flxlink

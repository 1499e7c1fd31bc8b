// Conformance: an operation that is repeated because its answer got lost, where the second call could be taken for
// another request.

#include <functional>

#include "flxlink/conformance/storage.h"
#include "flxlink/faulty_storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr absl::StatusCode kUnknown = absl::StatusCode::kUnknown;

// Calls `operation` on a storage that loses its answer, and repeats it. Returns the second answer.
absl::Status Repeat(Storage& storage, const std::function<absl::Status(Storage&)>& operation) {
  FaultyStorage faulty(storage, {1, 0, 1});
  EXPECT_EQ(Code(operation(faulty)), kUnknown);
  const std::string once = StoreText(storage);
  const absl::Status repeated = operation(storage);
  EXPECT_EQ(StoreText(storage), once) << "the repeated call changed something";
  return repeated;
}

}  // namespace

TEST_P(StorageConformance, RepeatedCreateChannelIsTheSameChannel) {
  EXPECT_EQ(Repeat(storage(), [](Storage& s) { return s.CreateChannel(NamedConfig("shop")).status(); }),
            absl::OkStatus());
}

TEST_P(StorageConformance, RepeatedWriteChannelIsWrittenOnce) {
  const Channel channel = Value(storage().CreateChannel(NamedConfig("shop")));
  ChannelConfig config = channel.config;
  config.link_after_build = true;
  ChannelConfig draft = config;
  draft.strict = true;
  const auto write = [&](Storage& s) { return s.WriteChannel(channel.channel_id, 0, config, draft, true); };
  EXPECT_EQ(Repeat(storage(), write), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadChannel(channel.channel_id)).revision, 1);

  EXPECT_EQ(Code(storage().WriteChannel(channel.channel_id, 0, config, absl::nullopt, true)), kAborted)
      << "another draft";
  EXPECT_EQ(Code(storage().WriteChannel(channel.channel_id, 0, draft, draft, true)), kAborted) << "another config";
  ASSERT_EQ(storage().WriteChannel(channel.channel_id, 1, config, draft, false), absl::OkStatus());
  EXPECT_EQ(Code(write(storage())), kAborted) << "it was changed once more";
}

TEST_P(StorageConformance, RepeatedRemoveChannelIsDone) {
  const int64_t channel_id = Value(storage().CreateChannel(NamedConfig("shop"))).channel_id;
  EXPECT_EQ(Repeat(storage(), [&](Storage& s) { return s.RemoveChannel(channel_id); }), absl::OkStatus());
}

TEST_P(StorageConformance, RepeatedQueueChangeIsToldFromAnother) {
  Shop shop(under_test());
  QueueChange finish = Finish(shop.Queue(), JobState::kCompleted);
  finish.number = 0xF000000000000005;
  EXPECT_EQ(Code(Repeat(storage(), [&](Storage& s) { return s.WriteQueue(finish); })), kAlreadyExists);
  QueueChange other = finish;
  other.number = 6;
  EXPECT_EQ(Code(storage().WriteQueue(other)), kAborted);

  QueueChange pause;
  pause.expected_revision = shop.Queue().slot.revision;
  pause.slot = shop.Queue().slot;
  pause.slot.paused = true;
  ASSERT_EQ(storage().WriteQueue(pause), absl::OkStatus());
  EXPECT_EQ(Code(storage().WriteQueue(pause)), kAborted) << "a change without a number is not known again";
  EXPECT_EQ(Code(storage().WriteQueue(finish)), kAborted) << "the queue was changed since";
}

TEST_P(StorageConformance, RepeatedBeginPullIsTheSamePull) {
  Shop shop(under_test());
  EXPECT_EQ(Repeat(storage(), [&](Storage& s) { return s.BeginPull(shop.fence(), "").status(); }), absl::OkStatus());
  const PullState begun = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_EQ(begun.pull_number, 1);
  EXPECT_TRUE(begun.running);
  Value(storage().WritePulledPages(shop.fence(), 1, {ToPage({{"X1", 100, 10}}, "page 2")}, At(5)));
  const PullState anew = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_EQ(anew.pull_number, 2) << "it starts over";
  EXPECT_EQ(anew.cursor, "");
  shop.ChangeJob();
  EXPECT_EQ(Value(storage().BeginPull(shop.fence(), "")).pull_number, 3) << "another job begins its own";
}

TEST_P(StorageConformance, RepeatedEndPullCountsOnce) {
  Shop shop(under_test());
  Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_EQ(Repeat(storage(), [&](Storage& s) { return s.EndPull(shop.fence(), 1, true, "", At(5)); }),
            absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.complete_pulls, 1);
}

TEST_P(StorageConformance, RepeatedPullSinceAMarkIsWrittenOnce) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  const auto begin = [&](Storage& s) { return s.BeginPull(shop.fence(), "mark").status(); };
  EXPECT_EQ(Repeat(storage(), begin), absl::OkStatus());
  const int64_t pull = shop.channel().pull.pull_number;
  PullPage page = ToPage({{"X1", 1, 1}});
  page.deleted = {"X2", "X8"};
  const auto write = [&](Storage& s) { return s.WritePulledPages(shop.fence(), pull, {page}, At(5)).status(); };
  EXPECT_EQ(Repeat(storage(), write), absl::OkStatus());
  EXPECT_EQ(shop.History("S2").size(), 2u) << "linked, and broken once";
  const auto end = [&](Storage& s) { return s.EndPull(shop.fence(), pull, true, "next mark", At(6)); };
  EXPECT_EQ(Repeat(storage(), end), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.mark, "next mark");
}

TEST_P(StorageConformance, RepeatedFetchIsWrittenOnce) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}});  // Breaks S3.
  FetchReply reply;
  reply.items = ToPage({{"X1", 1, 1}, {"X3", 3, 3}, {"X9", 9, 9}}).items;
  reply.problems = {{"X2", {}}, {"", {}}};
  reply.missing = {"X1", "X2", "X8"};
  Value(storage().BeginPull(shop.fence(), ""));
  const auto write = [&](Storage& s) { return s.WriteFetched(shop.fence(), reply, At(5)).status(); };
  EXPECT_EQ(Repeat(storage(), write), absl::OkStatus());
  reply.items = {};
  reply.problems = {};
  EXPECT_EQ(Repeat(storage(), write), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  EXPECT_EQ(shop.History("S1").size(), 2u);
}

TEST_P(StorageConformance, RepeatedHandEditsAreDone) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  shop.Stock({{"K2", "S2"}});
  const auto repeat = [&](ListingEdit edit) {
    edit.sku = "S1";
    return Repeat(storage(), [&](Storage& s) -> absl::Status {
      const absl::StatusOr<std::vector<EditOutcome>> done = s.EditListings(shop.channel_id(), {edit}, At(5));
      if (!done.ok()) return done.status();
      EXPECT_FALSE(done->at(0).changed_link) << "the first call changed it";
      return done->at(0).status;
    });
  };
  EXPECT_EQ(repeat(Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(repeat(Only(ListingEdit::Kind::kClearUnlink)), absl::OkStatus());
  EXPECT_EQ(repeat(LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(repeat(Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  EXPECT_EQ(repeat(Only(ListingEdit::Kind::kResume)), absl::OkStatus());
  EXPECT_EQ(repeat(Priority(7)), absl::OkStatus());
  EXPECT_EQ(Code(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink))), kFailedPrecondition) << "it never had a link";
}

// Nobody knows the first one, so it must be in nobody's way.
TEST_P(StorageConformance, RepeatedOpenOwnerLeavesTheQueuesAlone) {
  FaultyStorage faulty(storage(), {1, 0, 1});
  Shop shop(under_test());
  shop.EndJob();
  ASSERT_EQ(Code(faulty.OpenOwner()), kUnknown);
  const OwnerId owner = Value(storage().OpenOwner());
  const Job job = NewJob(storage(), shop.channel_id());
  ASSERT_EQ(storage().WriteQueue(Enqueue(shop.Queue(), job)), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), std::vector<int64_t>{shop.channel_id()});
  EXPECT_EQ(storage().WriteQueue(Claim(shop.Queue(), job.job_id, owner)), absl::OkStatus());
}

}  // namespace flxlink

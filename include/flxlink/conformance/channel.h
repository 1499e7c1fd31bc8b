// The channel conformance suite: what every ChannelAdapter (flxlink/channel_adapter.h) must do, as tests.
//
// To run it over an adapter of your own, write one source file that says how a small platform is set up and looked at,
// and link it with flxlink::channel_conformance (find_package(flxlink COMPONENTS conformance)) and GTest::gtest_main.
//
//   class MyChannelUnderTest : public flxlink::ChannelUnderTest { … };
//
//   namespace flxlink {
//   std::unique_ptr<ChannelUnderTest> MakeMine() { … }
//   INSTANTIATE_TEST_SUITE_P(Mine, ChannelConformance, testing::Values(ChannelFactory{"mine", MakeMine}),
//                            ChannelFactoryName);
//   }  // namespace flxlink
//
// Each declared capability is proved by what the platform then holds: all of it is looked at before and after, and
// nothing but what was stated may differ. What an adapter does not declare is not asked of it. No test waits for time
// to pass: the platform shows what was done to it at once.
//
// What cannot be seen from outside a small platform that answers at once is only checked for its form (the test
// CapabilitiesFitTogether), and is for tests of the adapter's own: how long the platform lags behind its changes
// (SinceReads::overlap, ages), what calls take of the account (buckets, slots, costs), how long a push may land late
// (timeouts), and how large a call may be (max_bytes).

#ifndef FLXLINK_CONFORMANCE_CHANNEL_H_
#define FLXLINK_CONFORMANCE_CHANNEL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/conformance/print.h"
#include "flxlink/event.h"
#include "flxlink/field.h"
#include "flxlink/push.h"
#include "gtest/gtest.h"

namespace flxlink {

// An item of a platform.
struct ConformanceItem {
  std::string external_id;
  std::string parent_id;
  // The content that can be set among them.
  ItemValues values;
  // Those that a pull must show; it may show more.
  std::vector<Field> fields;
  // By field. None, until ChannelUnderTest::Fix is called.
  std::vector<FixedField> fixed{};

  friend bool operator==(const ConformanceItem& a, const ConformanceItem& b) {
    return a.external_id == b.external_id && a.parent_id == b.parent_id && a.values == b.values &&
           a.fields == b.fields && a.fixed == b.fixed;
  }
};

inline void PrintTo(const ConformanceItem& item, std::ostream* out) {
  *out << item.external_id << " of " << item.parent_id << " " << testing::PrintToString(item.values) << " "
       << testing::PrintToString(item.fields) << " fixed " << testing::PrintToString(item.fixed);
}

// One platform with a few items, new when it is made, gone when this is destroyed.
class ChannelUnderTest {
 public:
  virtual ~ChannelUnderTest() = default;

  // An adapter for the platform, as another process would make it.
  virtual std::unique_ptr<ChannelAdapter> MakeAdapter() = 0;

  // All that the platform has at first: four items or more. The first two share a parent, the others have parents of
  // their own, or none. Prices and quantities are above zero; statuses, where the channel has any, kListed.
  virtual std::vector<ConformanceItem> Items() = 0;

  // Items that are rejected by every kind that sets their fields, made for the first two of Items(). None: there is
  // nothing that the platform rejects.
  virtual std::vector<PushItem> BadItems() = 0;

  // What an item has now, seen past the adapter. nullopt: there is no such item.
  virtual absl::optional<ItemValues> Look(absl::string_view external_id) = 0;

  // All else that the platform holds of an item, as text that is the same as long as nothing of it changes: what nobody
  // may touch. Default: what a pull shows is all.
  virtual std::string LookAtRest(absl::string_view /*external_id*/) { return ""; }

  // What somebody else does to the platform.
  virtual void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) = 0;
  virtual void Remove(absl::string_view external_id) = 0;
  // Adds an item, which is none of Items(). False: this one cannot.
  virtual bool Add(const ConformanceItem& /*item*/) { return false; }

  // Makes fields of that item such that no push can set them, as many as there is a way for. Returns which, by field,
  // as a pull must show them from then on. Default: every field can be set of every item.
  virtual std::vector<FixedField> Fix(absl::string_view /*external_id*/) { return {}; }

  // Makes the platform answer every call that it has too many, or ends that. False: this one cannot.
  virtual bool SetThrottled(bool) { return false; }

  // Brings receipts that were given nearer to their decision, and pages that are not ready nearer to being so. Nothing
  // where there are none.
  virtual void Advance() {}
};

// How the platforms of one adapter are made.
struct ChannelFactory {
  std::string name;  // Letters and digits; part of the tests' names.
  std::function<std::unique_ptr<ChannelUnderTest>()> make;
};

inline void PrintTo(const ChannelFactory& factory, std::ostream* out) { *out << factory.name; }

inline std::string ChannelFactoryName(const testing::TestParamInfo<ChannelFactory>& info) { return info.param.name; }

// A call that has all the time there is, and that nobody cancels. What it is told for the log is dropped.
class NoLimitCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return false; }
  void Log(LogLevel, absl::string_view) const override {}
};

// The same, cancelled before it began.
class CancelledCall : public NoLimitCall {
 public:
  bool cancelled() const override { return true; }
};

// All items of a channel, as pulled.
struct PulledItems {
  std::vector<ConformanceItem> items;             // By external id, with all fields that are not empty.
  std::map<std::string, std::string> handles;     // By external id.
  std::map<std::string, std::string> identities;  // By external id; those that are said.
  std::vector<std::string> cursors;               // With which the pages were asked for.
  std::vector<ItemProblem> problems;
  std::vector<std::string> deleted;  // In the order in which they were told.
  std::string mark;                  // Of the last page.
};

// Calls `visit` with each page of a pull as it is ready, and with the cursor that it was asked for with; `wait` where
// one is not. Returns the error of a page, if any. A pull that would never end fails the test and is left (INTERNAL):
// one that comes back to a cursor, that goes on for 10,000 pages, or whose page is never ready.
absl::Status ForEachPage(const ChannelAdapter& adapter, int64_t limit, const std::string& mark,
                         const std::function<void()>& wait,
                         const std::function<void(const std::string& cursor, const PullPage& page)>& visit);

// Pulls everything, or what changed since `mark` if that is not empty, in pages of `limit`, and checks what holds for
// every page. `wait` is called where a page is not ready.
PulledItems PullAll(const ChannelAdapter& adapter, int64_t limit = 1000, const std::function<void()>& wait = nullptr,
                    const std::string& mark = "");

// What can be seen of an item: past the adapter, and by a pull.
struct SeenItem {
  ItemValues values;
  std::string rest;
  ConformanceItem pulled;  // Content among the values only.

  friend bool operator==(const SeenItem& a, const SeenItem& b) {
    return a.values == b.values && a.rest == b.rest && a.pulled == b.pulled;
  }
};

inline void PrintTo(const SeenItem& item, std::ostream* out) {
  *out << testing::PrintToString(item.values) << " " << testing::PrintToString(item.rest) << ", pulled as "
       << testing::PrintToString(item.pulled);
}

using SeenItems = std::map<std::string, SeenItem>;  // By external id.

// The fixture of all tests of the suite.
class ChannelConformance : public testing::TestWithParam<ChannelFactory> {
 protected:
  void SetUp() override { Renew(); }

  // Begins anew, with a new platform.
  void Renew();

  const AdapterCapabilities& capabilities() const { return adapter_->capabilities(); }

  // Calls `check` with each kind, each on a new platform; the second also with each single field of it.
  void ForEachKind(const std::function<void(const PushKind& kind)>& check);
  void ForEachField(const std::function<void(const PushKind& kind, const SyncFields& field)>& check);

  PulledItems Pull(int64_t limit = 1000);
  PulledItems PullSince(const std::string& mark, int64_t limit = 1000);
  // One page, asked for until it is ready.
  absl::StatusOr<PullPage> PullPageAt(const ChannelAdapter& adapter, const std::string& cursor, int64_t limit);
  SeenItems See();

  // Items that fit into one call of that kind.
  std::vector<ConformanceItem> Together(const PushKind& kind) const;
  // Those of BadItems() that can go with them.
  std::vector<PushItem> BadItemsFor(const PushKind& kind) const;

  // An item with its key and its handle, with values that all differ from those of `item`, which are the known ones.
  PushItem MakePush(const ConformanceItem& item, const SyncFields& mask);
  // One for each; siblings agree about what their parent keeps.
  std::vector<PushItem> MakePushes(const std::vector<ConformanceItem>& items, const SyncFields& mask);

  // Pushes in one call, and waits for what becomes of accepted items. None: the whole call failed.
  std::vector<PushOutcome> Push(const PushKind& kind, const std::vector<PushItem>& items);
  std::vector<PushOutcome> Settle(std::vector<PushOutcome> outcomes);

  // What the platform has when those are applied that have such an outcome.
  SeenItems Expected(SeenItems before, const std::vector<PushItem>& pushed, const std::vector<PushOutcome>& outcomes);
  SeenItems Expected(SeenItems before, const std::vector<PushItem>& pushed);

  const NoLimitCall call_{};
  std::unique_ptr<ChannelUnderTest> channel_;
  std::unique_ptr<ChannelAdapter> adapter_;
  std::vector<ConformanceItem> items_;

 private:
  int pushes_made_ = 0;
  int calls_made_ = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_CONFORMANCE_CHANNEL_H_

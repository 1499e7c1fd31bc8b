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
// What an adapter does not declare is not asked of it: those tests are skipped. No test waits for time to pass.

#ifndef FLXLINK_CONFORMANCE_CHANNEL_H_
#define FLXLINK_CONFORMANCE_CHANNEL_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/conformance/print.h"
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

  friend bool operator==(const ConformanceItem& a, const ConformanceItem& b) {
    return a.external_id == b.external_id && a.parent_id == b.parent_id && a.values == b.values && a.fields == b.fields;
  }
};

inline void PrintTo(const ConformanceItem& item, std::ostream* out) {
  *out << item.external_id << " of " << item.parent_id << " " << testing::PrintToString(item.values) << " "
       << testing::PrintToString(item.fields);
}

// One platform with a few items, new when it is made, gone when this is destroyed.
class ChannelUnderTest {
 public:
  virtual ~ChannelUnderTest() = default;

  // An adapter for the platform, as another process would make it.
  virtual std::unique_ptr<ChannelAdapter> MakeAdapter() = 0;

  // All that the platform has at first: four items or more, which fit into one push together with BadItems(). The first
  // two share a parent, the others have parents of their own, or none. Prices and quantities are above zero; statuses,
  // where the channel has any, kListed.
  virtual std::vector<ConformanceItem> Items() = 0;

  // Items that are all rejected when they are pushed together, made for the first two of Items().
  virtual std::vector<PushItem> BadItems() = 0;

  // What an item has now, seen past the adapter. nullopt: there is no such item.
  virtual absl::optional<ItemValues> Look(absl::string_view external_id) = 0;

  // What somebody else does to the platform.
  virtual void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) = 0;
  virtual void Remove(absl::string_view external_id) = 0;

  // Makes the platform answer every call that it has too many, or ends that. False: this one cannot.
  virtual bool SetThrottled(bool) { return false; }

  // Brings receipts that were given nearer to their decision. Nothing where there are none.
  virtual void Advance() {}
};

// How the platforms of one adapter are made.
struct ChannelFactory {
  std::string name;  // Letters and digits; part of the tests' names.
  std::function<std::unique_ptr<ChannelUnderTest>()> make;
};

inline void PrintTo(const ChannelFactory& factory, std::ostream* out) { *out << factory.name; }

inline std::string ChannelFactoryName(const testing::TestParamInfo<ChannelFactory>& info) { return info.param.name; }

// All items of a channel, as pulled.
struct PulledItems {
  std::vector<ConformanceItem> items;  // By external id, with all fields that are not empty.
  std::vector<std::string> cursors;    // With which the pages were asked for.
  std::string revision;
};

// Pulls everything, in pages of `limit`, and checks what holds for every page.
PulledItems PullAll(const ChannelAdapter& adapter, int64_t limit = 1000);

// The fixture of all tests of the suite.
class ChannelConformance : public testing::TestWithParam<ChannelFactory> {
 protected:
  void SetUp() override;

  const AdapterCapabilities& capabilities() const { return adapter_->capabilities(); }

  // The single fields that can be set.
  std::vector<SyncFields> SettableFields() const;

  // An item with its key, and values that all differ from those of `item`.
  PushItem MakePush(const ConformanceItem& item, const SyncFields& mask);

  // Pushes on the revision that the platform has now, and waits for what becomes of accepted items.
  std::vector<PushOutcome> Push(const std::vector<PushItem>& items);
  // The same on a revision of the caller's.
  std::vector<PushOutcome> PushOn(const std::string& revision, const std::vector<PushItem>& items);

  // Expects that the platform has what it had at first, apart from the items named.
  void ExpectUntouched(const std::vector<std::string>& except = {});

  std::unique_ptr<ChannelUnderTest> channel_;
  std::unique_ptr<ChannelAdapter> adapter_;
  std::vector<ConformanceItem> items_;

 private:
  PushOutcome Settle(PushOutcome outcome);

  int pushes_made_ = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_CONFORMANCE_CHANNEL_H_

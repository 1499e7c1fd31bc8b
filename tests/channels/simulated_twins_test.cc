// Adapters that are broken in one thing each, and the test of the conformance suite that has to fail over them. A suite
// is worth what it catches: a check without a twin is one that nobody knows to work.
//
// The suite runs over the twins in a child of this program, which alone sees kTwinsVariable.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/simulated_options.h"

namespace flxlink {
namespace {

constexpr char kTwinsVariable[] = "FLXLINK_CHANNEL_TWINS";

const SyncFields kPrice = {SyncField::kPrice};

// What a twin does otherwise than the adapter that it wraps: what is left empty it does alike.
struct Breakage {
  std::function<void(PullPage*)> pull;
  // What a page goes on with, of the cursor that it was asked for with and the one that it has.
  std::function<std::string(const std::string& cursor, const std::string& next)> next;
  std::function<void(const FetchRequest&, FetchReply*)> fetch;
  std::function<void(PushRequest*, std::vector<PushItem>*)> request;
  std::function<void(const PushRequest&, absl::StatusOr<PushReply>*, SimulatedPlatform&)> reply;
  std::function<void(std::vector<PushOutcome>*)> poll;
  // Of several pushes, how often the answer to the first is told.
  int answers = 1;
  // A cancelled push does this much of its item, and a cancelled pull ends with this.
  SyncFields done_when_cancelled;
  absl::StatusCode cancelled_pull = absl::StatusCode::kCancelled;
  // A push whose first item has the new price already is a conflict.
  bool wants_the_old_price = false;
  // A mark is as of the end of its pull, and one that a pull is to begin at is not looked at.
  bool marks_the_end = false;
  bool ignores_marks = false;
  // Off: it says that there were too many calls, and no more.
  bool says_when_to_come_again = true;
};

struct Twin {
  std::string name;
  std::string caught_by;
  // What the platform does, and what the adapter declares of it.
  std::function<void(SimulatedOptions*)> platform;
  std::function<void(AdapterCapabilities*)> declare;
  ChannelSettings settings{};
  Breakage breakage;
};

class TwinAdapter : public ChannelAdapter {
 public:
  TwinAdapter(const Twin& twin, std::unique_ptr<ChannelAdapter> good, SimulatedPlatform& platform)
      : breakage_(twin.breakage), good_(std::move(good)), platform_(platform), capabilities_(good_->capabilities()) {
    if (twin.declare) twin.declare(&capabilities_);
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    const std::string mark = breakage_.ignores_marks ? "" : request.mark;
    absl::StatusOr<PullPage> page = good_->Pull({request.cursor, request.limit, mark}, call);
    if (page.ok() && breakage_.marks_the_end) page->mark = MarkNow(page->mark, call);
    if (call.cancelled()) return absl::Status(breakage_.cancelled_pull, "cancelled");
    if (page.ok() && breakage_.pull) breakage_.pull(&*page);
    if (page.ok() && breakage_.next) page->next_cursor = breakage_.next(request.cursor, page->next_cursor);
    return page;
  }

  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    absl::StatusOr<FetchReply> reply = good_->Fetch(request, call);
    if (reply.ok() && breakage_.fetch) breakage_.fetch(request, &*reply);
    return reply;
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    std::vector<PushItem> items(request.items.begin(), request.items.end());
    if (call.cancelled() && !breakage_.done_when_cancelled.empty()) {
      platform_.EditItem(items[0].external_id, breakage_.done_when_cancelled, items[0].values);
      return absl::CancelledError("cancelled");
    }
    if (breakage_.wants_the_old_price && HasAnotherPrice(items)) {
      PushReply reply;
      reply.outcomes.resize(items.size());
      for (PushOutcome& outcome : reply.outcomes) outcome.result = PushResult::kConflict;
      return reply;
    }
    PushRequest changed = request;
    if (breakage_.request) breakage_.request(&changed, &items);
    changed.items = items;
    absl::StatusOr<PushReply> reply = good_->Push(changed, call);
    if (breakage_.reply) breakage_.reply(request, &reply, platform_);
    if (!breakage_.says_when_to_come_again && IsThrottled(reply.status())) {
      return absl::ResourceExhaustedError("too many calls");
    }
    return reply;
  }

  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const override {
    for (size_t i = 0; i < requests.size(); ++i) {
      const absl::StatusOr<PushReply> reply = Push(requests[i], call);
      for (int told = 0; told < (i == 0 ? breakage_.answers : 1); ++told) done(i, reply);
    }
  }

  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    absl::StatusOr<std::vector<PushOutcome>> outcomes = good_->PollReceipts(receipts, call);
    if (outcomes.ok() && breakage_.poll) breakage_.poll(&*outcomes);
    return outcomes;
  }

 private:
  // Where `mark` is none, none.
  std::string MarkNow(const std::string& mark, const CallContext& call) const {
    return mark.empty() ? mark : good_->Pull({"", 1000}, call)->mark;
  }

  bool HasAnotherPrice(const std::vector<PushItem>& items) const {
    if (items.empty() || items[0].known.price == kAbsent) return false;
    const absl::optional<SimulatedItem> item = platform_.FindItem(items[0].external_id);
    return item.has_value() && item->values.price != items[0].known.price;
  }

  const Breakage breakage_;
  const std::unique_ptr<ChannelAdapter> good_;
  SimulatedPlatform& platform_;
  AdapterCapabilities capabilities_;
};

class TwinUnderTest : public SimulatedUnderTest {
 public:
  TwinUnderTest(const Twin& twin, const SimulatedOptions& options)
      : SimulatedUnderTest(options, twin.settings), twin_(twin) {}

  std::unique_ptr<ChannelAdapter> MakeAdapter() override {
    return std::make_unique<TwinAdapter>(twin_, SimulatedUnderTest::MakeAdapter(), platform());
  }

 private:
  const Twin twin_;
};

// -- What the twins have in common.

PushKind& Only(SimulatedOptions* options) { return options->capabilities.push_kinds.front(); }
PushKind& Only(AdapterCapabilities* capabilities) { return capabilities->push_kinds.front(); }

void KeepStatusByParent(SimulatedOptions* options) { options->capabilities.kept_by_parent = {SyncField::kStatus}; }
void CompareAll(SimulatedOptions* options) { Only(options).compares = Only(options).fields; }
void GiveReceipts(SimulatedOptions* options) {
  Only(options).receipt_timeout = absl::Minutes(1);
  options->faults.max_receipt_delay = absl::Seconds(10);
}

void RemoveLast(StringColumn* column) {
  StringColumn shorter;
  for (int64_t row = 0; row + 1 < column->size(); ++row) shorter.Add((*column)[row]);
  *column = std::move(shorter);
}

void RemoveLast(ChannelVariantBatch* items) {
  if (items->size() == 0) return;
  for (StringColumn* column : {&items->external_id, &items->parent_id, &items->handle, &items->identity})
    RemoveLast(column);
  for (auto* column : {&items->price, &items->quantity, &items->compare_at_price}) column->pop_back();
  items->status.pop_back();
  items->fixed.pop_back();
  items->aliases.pop_back();
  for (StringColumn& column : items->fields.columns) RemoveLast(&column);
}

// Of the items that were applied, each by its number.
void ForEachApplied(const PushRequest& request, const absl::StatusOr<PushReply>& reply,
                    const std::function<void(const PushItem&)>& edit) {
  if (!reply.ok()) return;
  for (size_t i = 0; i < reply->outcomes.size(); ++i) {
    if (reply->outcomes[i].result == PushResult::kApplied) edit(request.items[i]);
  }
}

Twin Broken(std::string name, std::string caught_by) {
  Twin twin;
  twin.name = std::move(name);
  twin.caught_by = std::move(caught_by);
  return twin;
}

// -- Twins of where on its account the channel is.

std::vector<Twin> PlaceTwins() {
  std::vector<Twin> twins;
  const auto add = [&](std::string name, std::string caught_by) {
    twins.push_back(Broken(std::move(name), std::move(caught_by)));
    twins.back().platform = [](SimulatedOptions* options) { HaveSeveralPlaces(*options); };
    twins.back().settings = {{"location", "lyon"}, {"market", "fr"}};
  };
  // Of what it pushed, does `edit` to the whole item.
  const auto break_items = [&](std::function<void(const PushItem&, SimulatedItem*)> edit) {
    twins.back().breakage.reply = [edit = std::move(edit)](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                                           SimulatedPlatform& platform) {
      ForEachApplied(request, *reply, [&](const PushItem& push) {
        SimulatedItem item = *platform.FindItem(push.external_id);
        edit(push, &item);
        platform.SetItem(std::move(item));
      });
    };
  };

  add("SendsOneMarketsPriceAsTheWholeSet", "NothingButTheStatedFieldDiffers");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kPrice)) item->prices.erase(item->prices.begin());
  });

  add("SetsTheStockOfEachLocation", "NothingButTheStatedFieldDiffers");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kQuantity)) item->stock[0].on_hand = item->stock[1].on_hand;
  });

  add("TakesWhatCanBeSoldForWhatIsOnHand", "PushedValuesAreOnThePlatformAndInTheNextPull");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kQuantity)) item->stock[1].on_hand = push.values.quantity;
  });

  add("DropsWhatIsReserved", "NothingButTheStatedFieldDiffers");
  twins.back().settings.emplace_back("quantity_means", "on_hand");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kQuantity)) item->stock[1].reserved = 0;
  });

  add("HidesOnEveryMarket", "NothingButTheStatedFieldDiffers");
  twins.back().settings.emplace_back("hiding", "publication");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kStatus) && push.values.status == ChannelStatus::kHidden) item->published.clear();
  });

  add("HidesTheItemForTheMarket", "NothingButTheStatedFieldDiffers");
  twins.back().settings.emplace_back("hiding", "publication");
  break_items([](const PushItem& push, SimulatedItem* item) {
    if (push.mask.Has(SyncField::kStatus)) item->values.status = push.values.status;
  });
  return twins;
}

// -- Twins of what is declared.

std::vector<Twin> CapabilityTwins() {
  std::vector<Twin> twins;
  twins.push_back(Broken("CostsOfNoBucket", "CapabilitiesFitTogether"));
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).cost.bucket = "no_such_bucket"; };

  twins.push_back(Broken("HasAStatusThatNobodyKnows", "CapabilitiesFitTogether"));
  twins.back().declare = [](AdapterCapabilities* declared) { declared->status_set.push_back(ChannelStatus::kUnknown); };

  twins.push_back(Broken("SetsAFieldThatItCannot", "NothingButTheStatedFieldDiffers"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).fields = kPrice; };
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).fields.Add(SyncField::kQuantity); };

  twins.push_back(Broken("NeedsOneParent", "PushedValuesAreOnThePlatformAndInTheNextPull"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).one_parent = true; };
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).one_parent = false; };

  twins.push_back(Broken("TakesFewerThanItSays", "AsManyItemsAsDeclaredArePushed"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).max_items = 5; };
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).max_items = 6; };

  twins.push_back(Broken("FetchesFewerThanItSays", "AsManyItemsAsDeclaredAreFetched"));
  twins.back().platform = [](SimulatedOptions* options) { options->capabilities.fetch_limit = 5; };
  twins.back().declare = [](AdapterCapabilities* declared) { declared->fetch_limit = 6; };

  twins.push_back(Broken("DoesNotSayThatSiblingsShare", "SiblingsShareWhatTheirParentKeeps"));
  twins.back().platform = KeepStatusByParent;
  twins.back().declare = [](AdapterCapabilities* declared) { declared->kept_by_parent = {}; };

  twins.push_back(Broken("ForgetsASibling", "SiblingsShareWhatTheirParentKeeps"));
  twins.back().declare = [](AdapterCapabilities* declared) { declared->kept_by_parent = {SyncField::kStatus}; };

  twins.push_back(Broken("TakesNoGoodItems", "BadItemsDoNotSinkGoodOnes"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).takes_good_items = false; };
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).takes_good_items = true; };

  twins.push_back(Broken("TakesGoodItemsOfWhatItRefuses", "APushThatIsRefusedWholeChangesNothing"));
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).takes_good_items = false; };
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (const PushOutcome& outcome : (*reply)->outcomes) {
      if (outcome.result != PushResult::kRejected) continue;
      *reply = absl::InvalidArgumentError("one is bad");
      return;
    }
  };

  for (const IdempotencyKeys keys : {IdempotencyKeys::kItem, IdempotencyKeys::kCall}) {
    twins.push_back(
        Broken(keys == IdempotencyKeys::kItem ? "RepeatsAnItem" : "RepeatsACall", "ARepeatedKeyIsDoneOnce"));
    twins.back().declare = [keys](AdapterCapabilities* declared) { Only(declared).keys = keys; };
  }

  twins.push_back(Broken("GivesReceiptsAllTheSame", "ReceiptsAreGivenOnlyWhereDeclared"));
  twins.back().platform = GiveReceipts;
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).receipt_timeout = absl::ZeroDuration(); };

  twins.push_back(Broken("LinksWhatItDoesNotShow", "PullShowsEveryFieldThatIsSaidToBeLinked"));
  twins.back().declare = [](AdapterCapabilities* declared) { declared->link_fields = {"sku", "no such field"}; };

  twins.push_back(Broken("HasAStatusThatItCannotSet", "EveryStatusThatIsDeclaredIsSet"));
  twins.back().platform = [](SimulatedOptions* options) {
    options->capabilities.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden};
  };
  twins.back().declare = [](AdapterCapabilities* declared) { declared->status_set.push_back(ChannelStatus::kDead); };

  twins.push_back(Broken("ShowsWhatCannotBeLinked", "PullShowsNoFieldsButThoseThatCanBeLinked"));
  twins.back().declare = [](AdapterCapabilities* declared) { declared->link_fields = {"sku"}; };
  return twins;
}

// -- Twins of pulls since a mark.

Twin BrokenSince(std::string name, std::string caught_by) {
  Twin twin = Broken(std::move(name), std::move(caught_by));
  twin.platform = [](SimulatedOptions* options) {
    SinceReads since;
    since.sees = SettableFields(options->capabilities);
    since.sees_new_items = since.sees_deletions = true;
    options->capabilities.since = since;
  };
  return twin;
}

std::vector<Twin> SinceTwins() {
  std::vector<Twin> twins;
  twins.push_back(BrokenSince("GivesNoMark", "PullsGiveMarksWhereTheyCanBeginAtThem"));
  twins.back().breakage.pull = [](PullPage* page) { page->mark.clear(); };

  twins.push_back(BrokenSince("MarksTheEnd", "NothingIsLostBetweenTwoMarks"));
  twins.back().breakage.marks_the_end = true;

  twins.push_back(BrokenSince("GoesInACircleSinceAMark", "NothingIsLostBetweenTwoMarks"));
  twins.back().breakage.next = [](const std::string& cursor, const std::string& next) {
    return next.empty() ? cursor : next;
  };

  twins.push_back(BrokenSince("ShowsEverything", "APullSinceAMarkShowsNothingWhereNothingChanged"));
  twins.back().breakage.ignores_marks = true;

  twins.push_back(BrokenSince("TakesAnyMark", "AMarkThatIsNotKnownStartsThePullOver"));
  twins.back().breakage.ignores_marks = true;

  twins.push_back(BrokenSince("HidesWhatIsGone", "APullSinceAMarkTellsWhatIsGone"));
  twins.back().breakage.pull = [](PullPage* page) { page->deleted.clear(); };

  twins.push_back(BrokenSince("TakesForGoneWhatIsThere", "APullSinceAMarkTellsWhatIsGone"));
  twins.back().breakage.pull = [](PullPage* page) { page->deleted.push_back("11"); };

  twins.push_back(Broken("SeesLessThanItSays", "APullSinceAMarkShowsWhatChanged"));
  twins.back().platform = [](SimulatedOptions* options) {
    options->capabilities.since.emplace();
    options->capabilities.since->sees = kPrice;
  };
  twins.back().declare = [](AdapterCapabilities* capabilities) {
    capabilities->since->sees = SettableFields(*capabilities);
  };

  twins.push_back(Broken("SeesNoNewItems", "APullSinceAMarkShowsNewItems"));
  twins.back().platform = [](SimulatedOptions* options) { options->capabilities.since.emplace(); };
  twins.back().declare = [](AdapterCapabilities* capabilities) { capabilities->since->sees_new_items = true; };
  return twins;
}

// -- Twins of reads.

std::vector<Twin> ReadTwins() {
  std::vector<Twin> twins;
  twins.push_back(Broken("DropsTheLastItem", "PullShowsEveryItem"));
  twins.back().breakage.pull = [](PullPage* page) {
    if (page->next_cursor.empty()) RemoveLast(&page->items);
  };

  twins.push_back(Broken("DropsTheLastItemOfFullPages", "PagesOfAnySizeShowTheSameItems"));
  twins.back().breakage.pull = [](PullPage* page) {
    if (!page->next_cursor.empty()) RemoveLast(&page->items);
  };

  twins.push_back(Broken("DoesNotMoveOn", "PagesOfAnySizeShowTheSameItems"));
  twins.back().breakage.next = [](const std::string& cursor, const std::string&) { return cursor; };

  twins.push_back(Broken("GoesInACircle", "PagesOfAnySizeShowTheSameItems"));
  twins.back().breakage.next = [](const std::string& cursor, const std::string& next) {
    static std::string first;
    if (cursor.empty()) first = next;
    return next.empty() ? first : next;
  };

  twins.push_back(Broken("ShowsOtherItemsTheSecondTime", "APageCanBeAskedForAgainByAnotherProcess"));
  twins.back().breakage.pull = [](PullPage* page) {
    static std::atomic<int> pulls{0};
    if (++pulls % 2 == 0) RemoveLast(&page->items);
  };

  twins.push_back(Broken("ShowsWhatThereWasBeforeThePull", "AChangeDuringAPullIsSeenOrStartsItOver"));
  twins.back().breakage.pull = [](PullPage* page) {
    for (int64_t& price : page->items.price) price = price == 800 ? 300 : price;
  };

  twins.push_back(Broken("FailsWhenCancelled", "ACancelledReadReturns"));
  twins.back().breakage.cancelled_pull = absl::StatusCode::kInternal;

  twins.push_back(Broken("ShowsTheOldPrice", "PushedValuesAreOnThePlatformAndInTheNextPull"));
  twins.back().breakage.pull = [](PullPage* page) {
    for (int64_t& price : page->items.price) price = price / 1000 * 1000;
  };

  twins.push_back(Broken("ShowsNoTitle", "PullShowsEveryItem"));
  twins.back().breakage.pull = [](PullPage* page) {
    std::vector<std::string>& names = page->items.fields.names;
    std::replace(names.begin(), names.end(), std::string("title"), std::string("headline"));
  };

  twins.push_back(Broken("PullsNothingFixed", "WhatIsFixedIsPulledAndFetchedSo"));
  twins.back().breakage.pull = [](PullPage* page) { page->items.fixed.clear(); };

  twins.push_back(Broken("FetchesNothingFixed", "WhatIsFixedIsPulledAndFetchedSo"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) { reply->items.fixed.clear(); };

  twins.push_back(Broken("PullsNoAliasesOneByOne", "AliasesAreTheSameInEveryRead"));
  twins.back().breakage.pull = [](PullPage* page) {
    if (page->items.size() == 1) page->items.aliases.clear();
  };

  twins.push_back(Broken("FetchesNoAliases", "AliasesAreTheSameInEveryRead"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) { reply->items.aliases.clear(); };

  twins.push_back(Broken("ShowsWhatIsGone", "WhatIsGoneIsAbsentFromACompletePull"));
  twins.back().breakage.pull = [](PullPage* page) {
    const auto shown = [&](absl::string_view id) {
      for (int64_t row = 0; row < page->items.size(); ++row) {
        if (page->items.external_id[row] == id) return true;
      }
      return !page->next_cursor.empty();
    };
    if (shown("3")) return;
    page->items.external_id.Add("3");
    page->items.parent_id.Add("");
    page->items.handle.Add("");
    AddValues({300, 40, ChannelStatus::kListed, 350}, &page->items);
    page->items.fixed.emplace_back();
    page->items.aliases.emplace_back();
    for (StringColumn& column : page->items.fields.columns) column.Add("");
  };

  twins.push_back(Broken("GivesNewHandles", "HandlesAreTheSameInEveryPull"));
  twins.back().breakage.pull = [](PullPage* page) {
    static std::atomic<int> pulls{0};
    StringColumn handles;
    ++pulls;
    for (int64_t row = 0; row < page->items.size(); ++row) handles.Add(absl::StrCat("handle-", pulls.load()));
    page->items.handle = std::move(handles);
  };

  twins.push_back(Broken("GivesNewIdentities", "IdentitiesAreTheSameInEveryRead"));
  twins.back().breakage.pull = [](PullPage* page) {
    static std::atomic<int> pulls{0};
    const std::string identity = absl::StrCat("identity-", ++pulls);
    page->items.identity = StringColumn();
    for (int64_t row = 0; row < page->items.size(); ++row) page->items.identity.Add(identity);
  };

  twins.push_back(Broken("FetchesWithoutIdentities", "IdentitiesAreTheSameInEveryRead"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) { reply->items.identity = StringColumn(); };

  twins.push_back(Broken("GivesAnotherIdentityWithAPush", "APushChangesNoIdentity"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) {
      SimulatedItem item = *platform.FindItem(push.external_id);
      item.identity += ", pushed";
      platform.SetItem(std::move(item));
    });
  };

  twins.push_back(Broken("ClaimsMissingWhatIsThere", "FetchShowsWhatAPullShows"));
  twins.back().breakage.fetch = [](const FetchRequest& request, FetchReply* reply) {
    if (reply->items.size() == 0) return;
    RemoveLast(&reply->items);
    reply->missing.push_back(request.external_ids.back());
  };

  twins.push_back(Broken("FetchesWithoutHandles", "FetchShowsWhatAPullShows"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) { reply->items.handle = StringColumn(); };

  twins.push_back(Broken("DoesNotNameWhatIsMissing", "FetchNamesWhatIsMissing"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) { reply->missing.clear(); };

  twins.push_back(Broken("FetchesWhatThereWas", "FetchShowsWhatThereIsNow"));
  twins.back().breakage.fetch = [](const FetchRequest&, FetchReply* reply) {
    for (int64_t& price : reply->items.price) price = price / 500 * 500 - 200;
  };
  return twins;
}

// -- Twins of pushes.

std::vector<Twin> PushTwins() {
  std::vector<Twin> twins;
  twins.push_back(Broken("WritesAnotherField", "NothingButTheStatedFieldDiffers"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) {
      ItemValues values;
      values.compare_at_price = 1;
      if (!push.mask.Has(SyncField::kCompareAtPrice)) {
        platform.EditItem(push.external_id, {SyncField::kCompareAtPrice}, values);
      }
    });
  };

  twins.push_back(Broken("WritesWhatNobodyCanSet", "NothingButTheStatedFieldDiffers"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) {
      ItemValues values;
      values.SetContent("sku", "taken away");
      platform.EditItem(push.external_id, SyncFields({}, {"sku"}), values);
    });
  };

  twins.push_back(Broken("WritesAnotherItem", "NothingButTheStatedFieldDiffers"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) { platform.EditItem("2", push.mask, push.values); });
  };

  twins.push_back(Broken("DropsWhatItDoesNotSet", "AKindRefusesWhatItDoesNotSet"));
  twins.back().breakage.request = [](PushRequest*, std::vector<PushItem>* items) {
    for (PushItem& item : *items) {
      item.mask = IntersectionOf(item.mask, SettableFields(DefaultSimulatedCapabilities()));
    }
  };

  twins.push_back(Broken("WritesWhatIsFixed", "WhatIsFixedIsRefusedAndStaysUntouched"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    if (!reply->ok()) return;
    for (size_t i = 0; i < request.items.size(); ++i) {
      PushOutcome& outcome = (*reply)->outcomes[i];
      if (outcome.code != problem_code::kFieldFixed) continue;
      platform.EditItem(request.items[i].external_id, request.items[i].mask, request.items[i].values);
      outcome.result = PushResult::kApplied;
    }
  };

  twins.push_back(Broken("SaysAppliedOfWhatIsFixed", "WhatIsFixedIsRefusedAndStaysUntouched"));
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (PushOutcome& outcome : (*reply)->outcomes) {
      if (outcome.code == problem_code::kFieldFixed) outcome.result = PushResult::kApplied;
    }
  };

  twins.push_back(Broken("PushesWithoutAKind", "WithoutKindsThereIsNothingToPush"));
  twins.back().platform = [](SimulatedOptions* options) { options->capabilities.push_kinds.clear(); };
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    *reply = PushReply();
  };

  twins.push_back(Broken("TakesAnyKind", "AnUnknownKindIsRefused"));
  twins.back().breakage.request = [](PushRequest* request, std::vector<PushItem>*) { request->kind = "items"; };

  twins.push_back(Broken("SaysAppliedOfWhatIsNotThere", "AnUnknownItemIsNotFound"));
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (PushOutcome& outcome : (*reply)->outcomes) {
      if (outcome.result == PushResult::kNotFound) outcome.result = PushResult::kApplied;
    }
  };

  twins.push_back(Broken("RefusesWithoutAWord", "BadItemsDoNotSinkGoodOnes"));
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (PushOutcome& outcome : (*reply)->outcomes) outcome.message.clear();
  };

  twins.push_back(Broken("MixesUpItsOutcomes", "BadItemsDoNotSinkGoodOnes"));
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (reply->ok()) std::reverse((*reply)->outcomes.begin(), (*reply)->outcomes.end());
  };

  twins.push_back(Broken("TakesOneItemOnly", "AnyNumberOfItemsIsTaken"));
  twins.back().breakage.request = [](PushRequest*, std::vector<PushItem>* items) {
    if (items->size() > 1) items->resize(1);
  };

  twins.push_back(Broken("AddsUp", "PushingTheSameAgainIsHarmless"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) {
      ItemValues values;
      values.quantity = platform.Counters().pushes;
      platform.EditItem(push.external_id, {SyncField::kQuantity}, values);
    });
  };

  twins.push_back(Broken("WritesWhereNothingIsPushed", "APushOfNothingChangesNothing"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>*,
                                   SimulatedPlatform& platform) {
    ItemValues values;
    values.quantity = 0;
    if (request.items.empty()) platform.EditItem("2", {SyncField::kQuantity}, values);
  };

  twins.push_back(Broken("DoesNotSayWhenToComeAgain", "AThrottledCallSaysWhenToComeAgainAndDidNothing"));
  twins.back().breakage.says_when_to_come_again = false;

  twins.push_back(Broken("DoesNotKnowItsHandleAnyMore", "AHandleLastsOverPushes"));
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    ForEachApplied(request, *reply, [&](const PushItem& push) {
      const SimulatedItem item = *platform.FindItem(push.external_id);
      platform.RemoveItem(push.external_id);
      platform.SetItem(item);
    });
  };
  return twins;
}

// -- Twins of comparing, keys, receipts, several pushes and cancelled ones.

std::vector<Twin> ProtocolTwins() {
  std::vector<Twin> twins;
  const auto forget_known = [](PushRequest*, std::vector<PushItem>* items) {
    for (PushItem& item : *items) item.known = ItemValues();
  };

  twins.push_back(Broken("IgnoresCompare", "AConflictChangesNothingOfItsItem"));
  twins.back().platform = CompareAll;
  twins.back().breakage.request = forget_known;

  twins.push_back(Broken("ComparesTheQuantityOnly", "AConflictChangesNothingOfItsItem"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).compares = {SyncField::kQuantity}; };
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).compares.Add(SyncField::kPrice); };

  twins.push_back(Broken("SetsTheRestOfAConflict", "AConflictChangesNothingOfItsItem"));
  twins.back().platform = CompareAll;
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply,
                                   SimulatedPlatform& platform) {
    if (!reply->ok()) return;
    for (size_t i = 0; i < request.items.size(); ++i) {
      if ((*reply)->outcomes[i].result != PushResult::kConflict) continue;
      platform.EditItem(request.items[i].external_id, SyncFields({}, {"title"}), request.items[i].values);
    }
  };

  twins.push_back(Broken("SaysThatWhatWasKnownIsThere", "AConflictChangesNothingOfItsItem"));
  twins.back().platform = CompareAll;
  twins.back().breakage.reply = [](const PushRequest& request, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (size_t i = 0; i < request.items.size(); ++i) (*reply)->outcomes[i].seen = request.items[i].known;
  };

  twins.push_back(Broken("SinksAllForOneConflict", "AConflictIsOfItsItemAlone"));
  twins.back().platform = CompareAll;
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    std::vector<PushOutcome>& outcomes = (*reply)->outcomes;
    const auto is_conflict = [](const PushOutcome& outcome) { return outcome.result == PushResult::kConflict; };
    const auto conflict = std::find_if(outcomes.begin(), outcomes.end(), is_conflict);
    if (conflict == outcomes.end()) return;
    const PushOutcome of_all = *conflict;
    std::fill(outcomes.begin(), outcomes.end(), of_all);
  };

  twins.push_back(Broken("TakesTheNewValueForAConflict", "WhatIsThereAlreadyIsApplied"));
  twins.back().platform = CompareAll;
  twins.back().breakage.wants_the_old_price = true;

  twins.push_back(Broken("WantsToKnow", "WhereNothingIsKnownAnythingIsReplaced"));
  twins.back().platform = CompareAll;
  twins.back().breakage.request = [](PushRequest*, std::vector<PushItem>* items) {
    for (PushItem& item : *items) {
      if (item.known.price == kAbsent) item.known.price = 0;
    }
  };

  twins.push_back(Broken("TakesNewKeysForOldOnes", "ANewKeyIsDone"));
  twins.back().platform = [](SimulatedOptions* options) { Only(options).keys = IdempotencyKeys::kItem; };
  twins.back().breakage.request = [](PushRequest*, std::vector<PushItem>* items) {
    for (PushItem& item : *items) item.idempotency_key = absl::StrCat(item.external_id, " ", item.values.price);
  };

  twins.push_back(Broken("LosesAnOutcomeOfAPoll", "ReceiptsAreDecidedInBulk"));
  twins.back().platform = GiveReceipts;
  twins.back().breakage.poll = [](std::vector<PushOutcome>* outcomes) {
    if (outcomes->size() > 1) outcomes->pop_back();
  };

  twins.push_back(Broken("SaysAppliedOfWhatIsGone", "ReceiptsAreDecidedInBulk"));
  twins.back().platform = GiveReceipts;
  twins.back().breakage.poll = [](std::vector<PushOutcome>* outcomes) {
    for (PushOutcome& outcome : *outcomes) {
      if (outcome.result == PushResult::kNotFound) outcome.result = PushResult::kApplied;
    }
  };

  twins.push_back(Broken("MixesUpAPoll", "ReceiptsAreDecidedInBulk"));
  twins.back().platform = GiveReceipts;
  twins.back().breakage.poll = [](std::vector<PushOutcome>* outcomes) {
    std::reverse(outcomes->begin(), outcomes->end());
  };

  twins.push_back(Broken("LetsTheLastDecidedStand", "TheLastSubmissionStandsWhereLaterOnesWin"));
  twins.back().platform = GiveReceipts;
  twins.back().declare = [](AdapterCapabilities* declared) { Only(declared).later_wins = true; };

  twins.push_back(Broken("SaysAppliedOfWhatItAccepted", "PushedValuesAreOnThePlatformAndInTheNextPull"));
  twins.back().platform = GiveReceipts;
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (PushOutcome& outcome : (*reply)->outcomes) {
      if (outcome.result == PushResult::kAccepted) outcome.result = PushResult::kApplied;
    }
  };

  twins.push_back(Broken("GivesOneReceiptForAll", "ReceiptsAreGivenOnlyWhereDeclared"));
  twins.back().platform = GiveReceipts;
  twins.back().breakage.reply = [](const PushRequest&, absl::StatusOr<PushReply>* reply, SimulatedPlatform&) {
    if (!reply->ok()) return;
    for (PushOutcome& outcome : (*reply)->outcomes) outcome.receipt = (*reply)->outcomes[0].receipt;
  };

  for (const int answers : {0, 2}) {
    twins.push_back(Broken(answers == 0 ? "ForgetsAnAnswer" : "AnswersTwice", "SeveralPushesAreAnsweredOnceEach"));
    twins.back().platform = [](SimulatedOptions* options) { Only(options).in_flight = 3; };
    twins.back().breakage.answers = answers;
  }

  twins.push_back(Broken("DoesHalfWhenCancelled", "ACancelledPushIsDoneWholeOrNotAtAll"));
  twins.back().breakage.done_when_cancelled = kPrice;
  return twins;
}

std::vector<Twin> AllTwins() {
  std::vector<Twin> all;
  for (const std::vector<Twin>& twins :
       {CapabilityTwins(), PlaceTwins(), SinceTwins(), ReadTwins(), PushTwins(), ProtocolTwins()}) {
    all.insert(all.end(), twins.begin(), twins.end());
  }
  return all;
}

ChannelFactory FactoryOf(const Twin& twin) {
  SimulatedOptions options;
  if (twin.platform) twin.platform(&options);
  return {twin.name, [twin, options] { return std::make_unique<TwinUnderTest>(twin, options); }};
}

// The whole ones are what the twins would be if nothing were broken.
std::vector<ChannelFactory> TwinFactories() {
  std::vector<ChannelFactory> factories;
  if (std::getenv(kTwinsVariable) == nullptr) return factories;
  for (const Twin& twin : AllTwins()) {
    factories.push_back(FactoryOf(twin));
    Twin whole = Broken(absl::StrCat(twin.name, "Whole"), "");
    whole.platform = twin.platform;
    whole.settings = twin.settings;
    factories.push_back(FactoryOf(whole));
  }
  return factories;
}

struct ChildRun {
  int exit_code = -1;
  std::string output;
};

// Runs this program over the twins, with what matches `filter`.
ChildRun RunOverTwins(const std::string& filter) {
  std::array<char, 4096> path = {};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return {};
  const std::string program(path.data(), static_cast<size_t>(length));
  // All of them, though this may be one of several shards.
  const std::string command =
      absl::StrCat("env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX ", kTwinsVariable, "=1 '", program,
                   "' --gtest_filter='", filter, "' --gtest_color=no --gtest_brief=0 2>&1");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  ChildRun run;
  std::array<char, 4096> part = {};
  while (const size_t size = fread(part.data(), 1, part.size(), pipe)) run.output.append(part.data(), size);
  const int status = pclose(pipe);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

std::string TestOf(const std::string& name, const std::string& twin) {
  return absl::StrCat("Twins/ChannelConformance.", name, "/", twin);
}

// One filter for all of them, so that one child runs them all.
std::string FilterOf(const std::vector<Twin>& twins, const std::string& suffix) {
  const auto append = [&](std::string* out, const Twin& twin) {
    absl::StrAppend(out, TestOf(twin.caught_by, absl::StrCat(twin.name, suffix)));
  };
  return absl::StrJoin(twins, ":", append);
}

TEST(SimulatedTwinsTest, EachIsCaughtByItsTest) {
  const std::vector<Twin> twins = AllTwins();
  const ChildRun run = RunOverTwins(FilterOf(twins, ""));
  EXPECT_EQ(run.exit_code, 1) << run.output;
  for (const Twin& twin : twins) {
    EXPECT_THAT(run.output, testing::HasSubstr(absl::StrCat("[  FAILED  ] ", TestOf(twin.caught_by, twin.name), ",")));
  }
}

// What they are caught for is what is broken, not what else they have.
TEST(SimulatedTwinsTest, WholeOnesPass) {
  const std::vector<Twin> twins = AllTwins();
  const ChildRun run = RunOverTwins(FilterOf(twins, "Whole"));
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, testing::HasSubstr(absl::StrCat("[  PASSED  ] ", twins.size(), " tests.")));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Twins, ChannelConformance, testing::ValuesIn(TwinFactories()), ChannelFactoryName);

}  // namespace flxlink

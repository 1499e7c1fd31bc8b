#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/engine_under_test.h"
#include "tests/engine/watched_storage.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EngineLinkTest : public EngineUnderTest {
 protected:
  // Builds and pulls what is new, and links.
  Job RunToLink() {
    EXPECT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
    EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
    return Run(JobKind::kLink);
  }

  void SetItemFields(const std::string& id, const std::string& sku, const std::string& upc) {
    platform_->SetItem({id, "", {1000, 5, ChannelStatus::kListed}, {{"sku", sku}, {"upc", upc}}});
  }

  // A channel on which a person unlinked "a" from item "1" that has its SKU; then "b" comes, which has the item's UPC.
  // Linking "b" takes the item, and so gives "a", under an earlier rule, another reason than it has at first.
  void ChannelWithALateTaker() {
    AddChannel(Config());
    WriteProducts({{"a", "a"}, {"c", "c"}});
    SetItemFields("1", "a", "9");
    SetItemFields("2", "x", "");
    RunToLink();
    EditListing("a", ListingEdit::Kind::kUnlink);
    ASSERT_EQ(CountOf(Run(JobKind::kLink), "judged"), 1);
    WriteProducts({{"b", "b", 1000, 5, "9"}});
    ASSERT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
  }
};

TEST_P(EngineLinkTest, LinkingNeedsACompletePull) {
  AddChannel(Config());
  WriteProducts({{"a", "a"}});
  Run(JobKind::kBuild);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(link.state, JobState::kFailed);
  ASSERT_TRUE(link.error.has_value());
  EXPECT_EQ(link.error->code, problem_code::kNoCompletePull);
  EXPECT_EQ(link.error->args, (std::vector<Field>{{"channel", "shop"}}));
}

TEST_P(EngineLinkTest, LinkAfterBuildChainsOnlyWhenSwitchedOnAndSomethingChanged) {
  ChannelConfig config = Config();
  config.link_after_build = true;
  config.link_after_sync = false;
  AddChannel(config);
  SetItem("1", "a");
  Run(JobKind::kPull);
  WriteProducts({{"a", "a"}});
  Run(JobKind::kBuild);
  EXPECT_THAT(JobKinds(), ElementsAre("link pending", "build completed", "pull completed"));
  RunAllPending();
  EXPECT_EQ(Listing("a").link_state, LinkState::kLinked);
  Run(JobKind::kBuild);
  EXPECT_THAT(JobKinds(), ElementsAre("build completed", "link completed", "build completed", "pull completed"));
}

TEST_P(EngineLinkTest, LinkAfterSyncChainsToAPullThatChangedSomethingAndNotTwice) {
  AddChannel(Config());
  SetItem("1", "a");
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("link pending", "pull completed"));
  RunAllPending();
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("pull completed", "link completed", "pull completed"));
  platform_->EditItem("1", {SyncField::kQuantity}, {0, 99, ChannelStatus::kListed});
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("pull completed", "pull completed", "link completed", "pull completed"))
      << "a quantity is nothing that linking reads";
}

// What decides is what storage holds, not what the job itself has come across.
TEST_P(EngineLinkTest, AJobThatChangedNothingChainsALinkToWhatIsNotJudgedYet) {
  ChannelConfig config = Config();
  config.link_after_sync = false;
  AddChannel(config);
  WriteProducts({{"a", "a"}});
  Run(JobKind::kBuild);
  SetItem("1", "a");
  Run(JobKind::kPull);
  RunAllPending();
  EXPECT_EQ(Listing("a").link_state, LinkState::kUnlinked);
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& edited) { edited.link_after_sync = true; }).ok());
  Run(JobKind::kPull);
  RunAllPending();
  EXPECT_EQ(Listing("a").link_state, LinkState::kLinked);
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(),
              ElementsAre("pull completed", "link completed", "pull completed", "pull completed", "build completed"));
}

TEST_P(EngineLinkTest, ABuildOfAChannelThatWasNeverPulledSaysThatNoLinkFollows) {
  ChannelConfig config = Config();
  config.link_after_build = true;
  AddChannel(config);
  WriteProducts({{"a", "a"}});
  const Job build = Run(JobKind::kBuild);
  EXPECT_EQ(build.state, JobState::kCompleted);
  ASSERT_EQ(build.problems.size(), 1u);
  EXPECT_EQ(build.problems[0].subject, "shop");
  EXPECT_EQ(build.problems[0].problem.code, problem_code::kNoCompletePull);
  EXPECT_THAT(JobKinds(), ElementsAre("build completed"));
}

TEST_P(EngineLinkTest, ReleaseBrokenLetsAReimportedStoreLinkAnew) {
  ChannelConfig config = Config();
  config.link_after_sync = false;
  SyncedChannel(2, config);
  platform_->RemoveItem("i0");
  SetItem("new0", "s0");
  Run(JobKind::kPull);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kBroken);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 0);
  JobOptions options;
  options.release_broken = true;
  const Job link = Run(JobKind::kLink, options);
  EXPECT_EQ(CountOf(link, "released"), 1);
  EXPECT_EQ(Listing("s0").external_id, "new0");
}

TEST_P(EngineLinkTest, ABrokenLinkHealsWhenItsItemReturns) {
  SyncedChannel(1, Config());
  platform_->RemoveItem("i0");
  Run(JobKind::kPull);
  ASSERT_EQ(Listing("s0").link_state, LinkState::kBroken);
  WriteProducts({{"s0", "s0", 1500, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  SetItem("i0", "s0");
  Run(JobKind::kPull);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").price, 1500);
}

TEST_P(EngineLinkTest, LinkingTellsWhichStatusesARuleWouldChange) {
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide}};
  config.link_priority.pop_back();
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 0}, {"b", "b", 1000, 4}});
  SetItem("1", "a");
  SetItem("2", "b");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(CountOf(link, "status_rules_would_change"), 1);
  ASSERT_EQ(link.problems.size(), 1u);
  EXPECT_EQ(link.problems[0].subject, "a");
  EXPECT_EQ(FieldValue(link.problems[0].problem.args, "channel"), "shop");
  EXPECT_EQ(Listing("a").status.base, Health::kListed) << "linking itself changes no status by rule";
}

TEST_P(EngineLinkTest, HandUnlinksAreRespectedUntilCleared) {
  SyncedChannel(1, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 0);
  EXPECT_EQ(Listing("s0").reason, LinkReason::kUnlinkedByHand);
  const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", "s0");
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->rules.size(), 2u);
  EXPECT_EQ(explained->rules[0].key, "s0");
  EXPECT_THAT(explained->rules[0].channel, ElementsAre("i0"));
  EXPECT_EQ(explained->rules[0].reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(explained->rules[1].reason, LinkReason::kNoKey);
  ASSERT_EQ(explained->history.size(), 2u);
  EXPECT_EQ(explained->history[1].kind, LinkEvent::Kind::kUnlinked);

  edit.kind = ListingEdit::Kind::kClearUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 1);
}

TEST_P(EngineLinkTest, ExplainFindsItemsWhoseValueANormalizerRefused) {
  ChannelConfig config = Config();
  config.link_priority = {{"upc", "upc", {Normalizer::kGtin}, Ambiguity::kStop}};
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 5, "036000291453"}, {"b", "b", 1000, 5, "036000291452"}});
  SetItemFields("mug", "", "036000291453");
  SetItemFields("cup", "", "036000291452");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const auto refused = [&](const char* sku) {
    const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", sku);
    EXPECT_TRUE(explained.ok()) << explained.status();
    EXPECT_FALSE(explained->rules[0].has_key && !explained->rules[0].refused.empty());
    return explained->rules[0].refused;
  };
  EXPECT_THAT(refused("a"), ElementsAre("mug")) << "no link job has left an index";
  Run(JobKind::kLink);
  EXPECT_THAT(refused("a"), ElementsAre("mug"));
  EXPECT_THAT(refused("b"), IsEmpty());
  // A change that no link job has looked at, and one that it has.
  SetItemFields("pot", "", "036000291453");
  Run(JobKind::kPull);
  EXPECT_THAT(refused("a"), ElementsAre("mug", "pot"));
  RunAllPending();
  EXPECT_THAT(refused("a"), ElementsAre("mug", "pot"));
  SetItemFields("mug", "", "036000291452");
  Run(JobKind::kPull);
  EXPECT_THAT(refused("a"), ElementsAre("pot"));
}

TEST_P(EngineLinkTest, ABrokenLinkNamesTheItemThatTheRulesWouldLinkItTo) {
  SyncedChannel(3, Config());
  platform_->RemoveItem("i0");
  platform_->RemoveItem("i1");
  SetItem("new", "s0");
  Run(JobKind::kPull);
  const auto relinks_to = [&](const char* sku) {
    const ListingRow row = Listing(sku);
    EXPECT_EQ(row.link_state, LinkState::kBroken);
    EXPECT_EQ(row.attentions.at(0).code, problem_code::kItemGone);
    return std::string(FieldValue(row.attentions.at(0).args, "relinks_to"));
  };
  EXPECT_EQ(relinks_to("s0"), "new") << "before a link job has looked at it";
  EXPECT_EQ(relinks_to("s1"), "");
  RunAllPending();
  EXPECT_EQ(relinks_to("s0"), "new") << "and after it: nobody asked for links that are made anew";
  EXPECT_THAT(Listing("s0").attentions[0].message, HasSubstr("new"));
  const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", "s0");
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->listing.attentions.at(0), Listing("s0").attentions.at(0));
  EXPECT_TRUE(explained->rules[0].linked);
  EXPECT_THAT(explained->rules[0].channel, ElementsAre("new"));
  SetItem("newer", "s0");
  Run(JobKind::kPull);
  EXPECT_EQ(relinks_to("s0"), "") << "there are two of them";
}

TEST_P(EngineLinkTest, BrokenLinksAreMadeAnewWhereTheChannelSaysSo) {
  ChannelConfig config = Config();
  config.relink_broken = true;
  SyncedChannel(4, config);
  for (const char* id : {"i0", "i1", "i2"}) platform_->RemoveItem(id);
  SetItem("new", "s0");
  SetItem("one", "s2");
  SetItem("two", "s2");
  Run(JobKind::kPull);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(link.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(link, "released"), 1);
  EXPECT_EQ(CountOf(link, "linked"), 1);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  EXPECT_EQ(Listing("s0").external_id, "new");
  EXPECT_EQ(Listing("s1").link_state, LinkState::kBroken) << "there is nothing to link it to";
  EXPECT_EQ(Listing("s2").link_state, LinkState::kBroken) << "there are two of them";
  EXPECT_EQ(Listing("s3").external_id, "i3");
  const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", "s0");
  ASSERT_TRUE(explained.ok()) << explained.status();
  std::vector<LinkEvent::Kind> kinds;
  for (const LinkEvent& event : explained->history) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, ElementsAre(LinkEvent::Kind::kLinked, LinkEvent::Kind::kBroken, LinkEvent::Kind::kReleased,
                                 LinkEvent::Kind::kLinked));
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "released"), 0);
  // The item that it was linked to before comes back: it is not that any more.
  SetItem("i0", "other");
  Run(JobKind::kPull);
  RunAllPending();
  EXPECT_EQ(Listing("s0").external_id, "new");
}

// A page has three of them. The first and the last would get the same item, each by a rule of its own.
TEST_P(EngineLinkTest, ABrokenLinkIsNotDissolvedForAnItemThatOneOfAnotherPageGets) {
  ChannelConfig config = Config();
  AddChannel(config);
  for (int i = 0; i < 7; ++i) {
    const std::string upc = i == 6 ? "0360002914526" : "";
    WriteProducts({{absl::StrCat("s", i), absl::StrCat("s", i), 1000, 5, upc}});
    SetItem(absl::StrCat("i", i), absl::StrCat("s", i));
  }
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  for (int i = 0; i < 7; ++i) platform_->RemoveItem(absl::StrCat("i", i));
  for (int i = 1; i < 6; ++i) SetItem(absl::StrCat("new", i), absl::StrCat("s", i));
  SetItemFields("both", "s0", "0360002914526");
  Run(JobKind::kPull);
  RunAllPending();
  ASSERT_EQ(Listing("s6").link_state, LinkState::kBroken);
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& edited) { edited.relink_broken = true; }).ok());
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(CountOf(link, "released"), 6);
  EXPECT_EQ(CountOf(link, "linked"), 6);
  EXPECT_EQ(Listing("s0").external_id, "both");
  for (int i = 1; i < 6; ++i) EXPECT_EQ(Listing(absl::StrCat("s", i)).external_id, absl::StrCat("new", i));
  EXPECT_EQ(Listing("s6").link_state, LinkState::kBroken) << "it can come back";
}

TEST_P(EngineLinkTest, ABrokenLinkIsNotDissolvedForAnItemThatAnotherBrokenLinkHolds) {
  ChannelConfig config = Config();
  config.relink_broken = true;
  SyncedChannel(3, config);
  const auto set_identity = [&](const std::string& identity, const std::string& sku) {
    SimulatedItem item{"i1", "", {1000, 5, ChannelStatus::kListed}, {{"sku", sku}}};
    item.identity = identity;
    platform_->SetItem(item);
  };
  set_identity("first", "s1");
  Run(JobKind::kPull);
  // Another item stands under i1 now. It is what s0 looks for, whose own is gone.
  platform_->RemoveItem("i0");
  set_identity("second", "s0");
  Run(JobKind::kPull);
  ASSERT_EQ(Listing("s1").attentions.at(0).code, problem_code::kItemReplaced);
  EXPECT_EQ(FieldValue(Listing("s0").attentions.at(0).args, "relinks_to"), "") << "s1 holds it";
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "released"), 0);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kBroken);
  EXPECT_EQ(Listing("s1").link_state, LinkState::kBroken);
  // Once there is an item for s1, both are made anew.
  SetItem("new", "s1");
  Run(JobKind::kPull);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "released"), 2);
  EXPECT_EQ(Listing("s0").external_id, "i1");
  EXPECT_EQ(Listing("s1").external_id, "new");
}

TEST_P(EngineLinkTest, LinksAreMadeAnewAlsoWhereThereIsNoIndexToLookInto) {
  SyncedChannel(2, Config());
  platform_->RemoveItem("i0");
  SetItem("new", "s0");
  Run(JobKind::kPull);
  // Other rules: what the link job before has left is of no use.
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) {
                config.link_priority.pop_back();
                config.relink_broken = true;
              }).ok());
  EXPECT_EQ(FieldValue(Listing("s0").attentions.at(0).args, "relinks_to"), "");
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "released"), 1);
  EXPECT_EQ(Listing("s0").external_id, "new");
}

TEST_P(EngineLinkTest, ALinkJobAfterTheFirstJudgesOnlyWhatChangesCanAffect) {
  SyncedChannel(5, Config());
  WriteProducts({{"new", "new"}, {"other", "other"}});
  SetItem("n", "new");
  const Job link = RunToLink();
  EXPECT_EQ(CountOf(link, "judged"), 2);
  EXPECT_EQ(CountOf(link, "linked"), 1);
  EXPECT_EQ(CountOf(link, "unlinked"), 1);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 0);

  SetItem("o", "other");
  const Job again = RunToLink();
  EXPECT_EQ(CountOf(again, "judged"), 1);
  EXPECT_EQ(CountOf(again, "linked_by_rule_1"), 1);
  EXPECT_EQ(Listing("other").external_id, "o");
}

TEST_P(EngineLinkTest, OtherRulesMakeALinkJobJudgeEverythingAnew) {
  SyncedChannel(2, Config());
  WriteProducts({{"late", "late", 1000, 5, "7"}});
  SetItemFields("l", "x", "7");
  ChannelConfig config = Config();
  const absl::StatusOr<Channel> edited =
      EditChannel(*engine_, "shop", [](ChannelConfig& changed) { changed.link_priority.pop_back(); });
  ASSERT_TRUE(edited.ok()) << edited.status();
  EXPECT_EQ(CountOf(RunToLink(), "linked"), 0);
  const auto restore = [&](ChannelConfig& changed) { changed.link_priority = config.link_priority; };
  ASSERT_TRUE(EditChannel(*engine_, "shop", restore).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked_by_rule_2"), 1) << "nothing but the rules changed";
}

TEST_P(EngineLinkTest, ItemsUnlinkedByHandDoNotHideAChangeOfAnotherItemWithTheirKey) {
  ChannelConfig config = Config();
  config.strict = true;
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 5, "1"}});
  for (const char* id : {"c1", "c2", "c3"}) SetItemFields(id, id, "1");
  ASSERT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
  ASSERT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
  for (const char* id : {"c1", "c2"}) {
    EditListing("a", ListingEdit::Kind::kLink, id);
    EditListing("a", ListingEdit::Kind::kUnlink);
  }
  SetItemFields("4", "a", "");
  RunToLink();
  ASSERT_EQ(Listing("a").reason, LinkReason::kContradiction) << "item c3 has its UPC";

  ASSERT_TRUE(platform_->RemoveItem("c3"));
  EXPECT_EQ(CountOf(RunToLink(), "judged"), 1);
  EXPECT_EQ(Listing("a").external_id, "4");
}

TEST_P(EngineLinkTest, ALinkThatChangesAnEarlierRulesReasonIsLookedAtByTheNextJob) {
  ChannelWithALateTaker();
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked_by_rule_2"), 1);
  EXPECT_EQ(Listing("a").reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 1);
  EXPECT_EQ(Listing("a").reason, LinkReason::kTargetTaken);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 0);
}

TEST_P(EngineLinkTest, AnEditAtAnyWriteOfALinkJobLosesNothing) {
  for (int at_write = 1; at_write <= 4; ++at_write) {
    UsePlatform({});
    ChannelWithALateTaker();
    WatchedStorage watched(*storage_);
    const std::unique_ptr<Engine> other = NewEngine(watched);
    JobRequest request;
    request.kind = JobKind::kLink;
    const absl::StatusOr<Job> job = other->Enqueue("shop", request);
    ASSERT_TRUE(job.ok()) << job.status();
    bool edited = false;
    watched.Expect(WatchedStorage::Fate::kMeddled, at_write, [&] {
      EditListing("c", ListingEdit::Kind::kLink, "2");
      edited = true;
    });
    const absl::StatusOr<Job> done = other->RunUntilFinal(job->job_id);
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(done->state, JobState::kCompleted) << done->error.value_or(Problem()).message;
    EXPECT_TRUE(edited) << at_write;
    EXPECT_EQ(CountOf(*done, "linked"), 1) << at_write;
    EXPECT_EQ(Listing("b").external_id, "1") << at_write;
    Run(JobKind::kLink);
    EXPECT_EQ(Listing("a").reason, LinkReason::kTargetTaken) << at_write;
  }
}

TEST_P(EngineLinkTest, WhatWasPushedBeforeAnUnlinkIsNotTakenForAcknowledgedByALaterLink) {
  SyncedChannel(1, Config());
  WriteProducts({{"s0", "s0", 1000, 7}});
  Run(JobKind::kSync);
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  WriteProducts({{"s0", "s0", 1000, 5}});  // What the last pull saw, and not what the channel has.
  edit.kind = ListingEdit::Kind::kLink;
  edit.external_id = "i0";
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
}

TEST_P(EngineLinkTest, PlanLinksTellsWhatALinkJobWouldDoAndChangesNothing) {
  AddChannel(Config());
  WriteProducts({{"a", "a"}, {"b", "b"}});
  SetItem("1", "a");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const absl::StatusOr<std::unique_ptr<LinkPlan>> planned = engine_->PlanLinks("shop");
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ((*planned)->size(), 2);
  const absl::StatusOr<PlannedLinkPage> page = (*planned)->Read({});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, "");
  const std::vector<PlannedLink>& plan = page->rows;
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0].sku, "a");
  EXPECT_EQ(plan[0].external_id, "1");
  EXPECT_EQ(plan[0].state, LinkState::kLinked);
  EXPECT_EQ(plan[1].sku, "b");
  EXPECT_EQ(plan[1].reason, LinkReason::kNoMatch);
  ASSERT_EQ((*planned)->problems().size(), 2u) << "nobody has a upc, on either side";
  EXPECT_EQ((*planned)->problems()[0].subject, "upc");
  EXPECT_EQ(Listing("a").link_state, LinkState::kUnlinked);
}

TEST_P(EngineLinkTest, AFieldThatNobodyHasIsNamedByTheLinkJobAndThePlan) {
  ChannelConfig config = Config();
  config.link_priority = {{"skuu", "sku", {}, Ambiguity::kStop}};
  AddChannel(config);
  WriteProducts({{"a", "a"}});
  SetItem("1", "a");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const absl::StatusOr<std::unique_ptr<LinkPlan>> plan = engine_->PlanLinks("shop");
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::vector<JobProblem>& problems = (*plan)->problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].subject, "skuu");
  EXPECT_EQ(problems[0].problem.code, "rule_field_unknown");
  EXPECT_THAT(problems[0].problem.message, HasSubstr("no listing variant of channel shop has a field skuu"));
  EXPECT_EQ(Run(JobKind::kLink).problems, problems);
}

TEST_P(EngineLinkTest, LinksThatAPullWouldBreakAreHeldUntilApproved) {
  ChannelConfig config = Config();
  config.limits = {{ChangeKind::kBreak, 1, false}};
  SyncedChannel(4, config);
  for (const char* id : {"i0", "i1", "i2"}) platform_->RemoveItem(id);
  const Job held = Run(JobKind::kPull);
  EXPECT_EQ(held.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(held, "break_held"), 3);
  EXPECT_EQ(CountOf(held, "broken"), 0);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  const Problem problem = Listing("s0").attentions.at(0);
  EXPECT_EQ(problem.code, problem_code::kBreakHeld);
  EXPECT_EQ(FieldValue(problem.args, "job"), absl::StrCat(held.job_id));
  // Nothing is sent to it meanwhile.
  WriteProducts({{"s0", "s0", 1100, 4}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);

  HeldSelection all;
  all.job_id = held.job_id;
  const absl::StatusOr<std::vector<Job>> jobs = engine_->ApproveHeld(all);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 1u);
  const absl::StatusOr<Job> approved = engine_->RunUntilFinal(jobs->front().job_id);
  ASSERT_TRUE(approved.ok());
  EXPECT_EQ(approved->state, JobState::kCompleted);
  EXPECT_EQ(CountOf(*approved, "broken"), 3);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kBroken);
}

TEST_P(EngineLinkTest, ACallThatHasEndedExplainsNothing) {
  SyncedChannel(3, Config());
  EXPECT_TRUE(engine_->Explain("shop", "s1").ok());
  Cancellation cancellation;
  cancellation.Cancel();
  const Call cancelled{absl::InfiniteFuture(), &cancellation};
  EXPECT_EQ(engine_->Explain("shop", "s1", cancelled).status().code(), absl::StatusCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Storages, EngineLinkTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace flxlink::engine

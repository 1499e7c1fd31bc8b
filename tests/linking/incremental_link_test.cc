// Link jobs over random histories of a channel: whatever happened since the last one, and however little of the channel
// the job looks at, every listing variant ends as a match of the whole channel would leave it.
//
// FLXLINK_TEST_SCALE makes the test longer or shorter; FLXLINK_TEST_SEED is the seed of the first history, 0 by
// default. A history that fails prints how to run it alone.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "gtest/gtest.h"
#include "src/engine/job_queue.h"
#include "src/engine/link_store.h"
#include "src/linking/link_index.h"
#include "src/linking/link_input.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_relinks.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/watched_storage.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/unindexed_storage.h"

namespace flxlink::linking {
namespace {

using engine::JobQueue;
using engine::WatchedStorage;

constexpr int kMemoryHistories = 2000;
constexpr int kSqliteHistories = 10;

double NumberFromEnvironment(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  double number = otherwise;
  return text != nullptr && absl::SimpleAtod(text, &number) ? number : otherwise;
}

int HistoryCount(int usual) {
  return std::max(1, static_cast<int>(usual * NumberFromEnvironment("FLXLINK_TEST_SCALE", 1)));
}
uint32_t FirstSeed() { return static_cast<uint32_t>(NumberFromEnvironment("FLXLINK_TEST_SEED", 0)); }

// ---- what a link job should leave

struct Link {
  LinkState state = LinkState::kUnlinked;
  int64_t channel_variant_id = 0;
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;

  friend bool operator==(const Link& a, const Link& b) {
    return a.state == b.state && a.channel_variant_id == b.channel_variant_id && a.rule == b.rule &&
           a.reason == b.reason;
  }
};

// By listing id.
using Links = std::map<int64_t, Link>;

std::string Text(const Links& links) {
  std::string text;
  for (const auto& [id, link] : links) {
    absl::StrAppend(&text, id, ": ", ToString(link.state), " ", link.channel_variant_id, " rule ", link.rule, " ",
                    ToString(link.reason), "\n");
  }
  return text;
}

Links StoredLinks(Storage& storage, int64_t channel_id) {
  Links links;
  for (int64_t after_id = 0;;) {
    const absl::StatusOr<ListingKeyPage> page = storage.ReadListingKeys(channel_id, {}, after_id, Storage::kMaxRows);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->size() == 0) return links;
    after_id = page->listing_id.back();
    for (size_t i = 0; i < page->listing_id.size(); ++i) {
      const LinkState linked = page->broken[i] != 0 ? LinkState::kBroken : LinkState::kLinked;
      const LinkState state = page->linked_to[i] == 0 ? LinkState::kUnlinked : linked;
      links[page->listing_id[i]] = {state, page->linked_to[i], page->rule[i], page->reason[i]};
    }
  }
}

struct LinkCollector : public LinkSink {
  LinkCollector(const LinkInput& input_in, Links* links_in) : input(input_in), links(links_in) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const LinkOutcome& outcome = outcomes[i];
      if (outcome.reason == LinkReason::kExisting) continue;
      const int64_t item = outcome.channel_row == kNoRow ? 0 : input.channel_variant_id(outcome.channel_row);
      (*links)[input.listing_id(row_base + static_cast<int64_t>(i))] = {outcome.state, item, outcome.rule,
                                                                        outcome.reason};
    }
    return absl::OkStatus();
  }

  const LinkInput& input;
  Links* links;
};

// What a match of the whole channel as it is now comes to.
Links ExpectedLinks(Storage& storage, const Channel& channel) {
  Links links = StoredLinks(storage, channel.channel_id);
  engine::StorageLinkLookup lookup(storage, channel.channel_id, Storage::kMaxRows);
  const absl::StatusOr<std::unique_ptr<LinkInput>> input =
      LinkInput::Load(lookup, LinkFields(channel.config.link_priority));
  EXPECT_TRUE(input.ok()) << input.status();
  MatchOptions options;
  options.parent_guard = channel.config.parent_guard;
  options.strict = channel.config.strict;
  LinkCollector collector(**input, &links);
  const absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  const absl::StatusOr<MatchStats> stats = linker->Match((*input)->match_input(), options, collector);
  EXPECT_TRUE(stats.ok()) << stats.status();
  return links;
}

// ---- a history

// Makes an empty store that lives in the time of a clock.
using NewStore = std::function<std::unique_ptr<Storage>(const Clock& clock)>;

// What the histories of a test came to.
struct Tally {
  int64_t jobs = 0;         // Link jobs that nothing befell.
  int64_t incremental = 0;  // Those that did not read the channel.
  int64_t linked = 0;       // Links made by them, incrementally.
  int64_t spoiled = 0;      // Link jobs that something befell.
  int64_t relinked = 0;     // Links that were released and made anew, to another item.
};

class History {
 public:
  History(uint32_t seed, const NewStore& new_store, Tally* tally)
      : random_(seed),
        inner_(new_store(clock_)),
        storage_(*inner_),
        platform_(std::make_shared<SimulatedPlatform>(clock_, SimulatedOptions())),
        queue_(*inner_, [] { return uint64_t{7}; }),
        tally_(*tally) {
    for (int& values : values_) values = 2 + Below(OneIn(2) ? 4 : 40);
    products_ = 3 + Below(20);
    items_ = products_ + Below(8);
    busy_hands_ = OneIn(3);
    page_rows_ = OneIn(3) ? 1 + Below(4) : Storage::kMaxRows;
    RegisterSimulatedChannel(adapters_, platform_);
    StartEngine();
  }

  // Runs it; the steps, one a line, in case of a failure.
  std::string Run() {
    Begin();
    for (int step = 20 + Below(20); step > 0 && !testing::Test::HasFailure(); --step) Step();
    if (!testing::Test::HasFailure()) CheckedLink(false);
    return absl::StrJoin(steps_, "\n");
  }

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }

  void StartEngine() {
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = page_rows_;
    options.max_tries = 2;
    options.random = [this] { return ++random_numbers_ * uint64_t{0x9E3779B97F4A7C15}; };
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  void Begin() {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_after_sync = false;
    ChangeRules(&config);
    absl::StatusOr<Channel> channel = engine_->AddChannel(config);
    ASSERT_TRUE(channel.ok()) << channel.status();
    channel_id_ = channel->channel_id;
    WriteProducts(1 + products_ / 3);
    for (int i = 0; i < items_; ++i) SetItem();
    Build();
    Pull(false);
    CheckedLink(false);
  }

  void Step() {
    clock_.Advance(absl::Seconds(1));
    if (busy_hands_ && OneIn(2)) return Edit(OneIn(2) ? ListingEdit::Kind::kLink : ListingEdit::Kind::kUnlink);
    switch (Below(18)) {
      case 0:
      case 1:
        WriteProducts(1 + Below(3));
        return Build();
      case 2:
      case 3:
      case 4:
        for (int i = 1 + Below(3); i > 0; --i) OneIn(4) ? RemoveItem() : SetItem();
        return Pull(OneIn(6));
      case 5:
        return Edit(ListingEdit::Kind::kLink);
      case 6:
        return Edit(ListingEdit::Kind::kUnlink);
      case 7:
        return Edit(ListingEdit::Kind::kClearUnlink);
      case 8:
        return Delist();
      case 9:
        if (OneIn(2)) RemoveItem();
        return Sync();
      case 10:
        if (OneIn(4)) EditRules();
        return;
      case 11:
        return SpoiledLink();
      default:
        return OneIn(12) ? CheckedRelink() : CheckedLink(OneIn(12));
    }
  }

  // -- The catalog

  std::string Value(size_t field) {
    static const char* const kBlanks[] = {"", " "};
    static const char* const kForms[] = {"v", "v", "v", "V", " v"};
    return OneIn(6) ? kBlanks[Below(2)] : absl::StrCat(kForms[Below(5)], Below(values_[field]));
  }
  std::vector<std::string> Values() { return {Value(0), Value(1), Value(2)}; }
  void ChangeOne(std::vector<std::string>* values) {
    const size_t field = static_cast<size_t>(Below(3));
    (*values)[field] = Value(field);
  }
  std::string Parent() {
    static const char* const kParents[] = {"p", "q", "r", "", " "};
    return kParents[Below(5)];
  }

  void WriteProducts(int count) {
    std::set<int> keys;
    ProductBatch batch;
    batch.fields.names = {"x", "y", "z"};
    batch.fields.columns.resize(3);
    for (int i = 0; i < count; ++i) {
      const int key = Below(products_);
      if (!keys.insert(key).second) continue;
      batch.key.Add(absl::StrCat("k", key));
      batch.sku.Add(absl::StrCat("s", key));
      batch.parent.Add(Parent());
      batch.price.push_back(Below(3));
      batch.quantity.push_back(Below(3));
      batch.sync_priority.push_back(0);
      std::vector<std::string>& values = product_values_[key];
      if (values.empty()) values = Values();
      if (OneIn(3)) ChangeOne(&values);
      for (size_t f = 0; f < values.size(); ++f) batch.fields.columns[f].Add(values[f]);
    }
    steps_.push_back(absl::StrCat("write ", batch.size(), " products"));
    const ProductWriteRun written = engine_->WriteProducts(batch);
    ASSERT_TRUE(written.status.ok()) << written.status;
  }

  void SetItem() {
    SimulatedItem item;
    item.external_id = absl::StrCat("i", Below(items_));
    item.parent_id = Parent();
    item.values = {Below(3), Below(3), OneIn(6) ? ChannelStatus::kDead : ChannelStatus::kListed};
    item.fields = ItemFields();
    // Often no more than one thing changes.
    const absl::optional<SimulatedItem> old = platform_->FindItem(item.external_id);
    if (old.has_value() && OneIn(2)) {
      SimulatedItem changed = *old;
      OneIn(3) ? void(changed.values.status = item.values.status) : void(changed.parent_id = item.parent_id);
      item = changed;
    }
    // Another item under the id breaks the link, which holds it.
    item.identity = OneIn(3) ? absl::StrCat("thing", Below(2)) : "";
    platform_->SetItem(item);
  }

  // Often those of a product, more or less.
  std::vector<Field> ItemFields() {
    std::vector<std::string> values = Values();
    if (!OneIn(4)) values = std::next(product_values_.begin(), Below(static_cast<int>(product_values_.size())))->second;
    if (OneIn(4)) ChangeOne(&values);
    return {{"x", values[0]}, {"y", values[1]}, {"z", values[2]}};
  }

  void RemoveItem() { platform_->RemoveItem(absl::StrCat("i", Below(items_))); }

  Job RunJob(const JobRequest& request) {
    absl::StatusOr<Job> job = engine_->Enqueue("shop", request);
    EXPECT_TRUE(job.ok()) << job.status();
    job = engine_->RunUntilFinal(job->job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? *job : Job();
  }

  void RunToTheEnd(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const Job job = RunJob(request);
    ASSERT_EQ(job.state, JobState::kCompleted) << job.error.value_or(Problem()).message;
  }

  void Build() {
    steps_.push_back("build");
    RunToTheEnd(JobKind::kBuild);
  }

  // With `in_part` the platform fails after some pages.
  void Pull(bool in_part) {
    steps_.push_back(in_part ? "pull in part" : "pull");
    if (!in_part) return RunToTheEnd(JobKind::kPull);
    SimulatedFaults faults;
    faults.unavailable = 0.7;
    platform_->SetFaults(faults);
    JobRequest request;
    request.kind = JobKind::kPull;
    RunJob(request);
    platform_->SetFaults({});
  }

  void Sync() {
    steps_.push_back("sync");
    RunToTheEnd(JobKind::kSync);
  }

  // -- What people do

  void Edit(ListingEdit::Kind kind) {
    ListingEdit edit;
    edit.kind = kind;
    edit.external_id = absl::StrCat("i", Below(items_));
    edit.sku = absl::StrCat("s", Below(busy_hands_ ? 3 : products_));
    const absl::Status status = inner_->EditListings(channel_id_, {edit}, clock_.Now())->front().status;
    steps_.push_back(absl::StrCat("edit ", static_cast<int>(kind), " of ", edit.sku, " to ", edit.external_id, ": ",
                                  status.ok() ? "done" : "refused"));
  }

  // Takes a listing variant off the channel, or brings it back: what an acknowledged status does.
  void Delist() {
    JobRequest request;
    request.kind = JobKind::kRules;
    const absl::StatusOr<Job> job = queue_.Enqueue(channel_id_, request);
    ASSERT_TRUE(job.ok()) << job.status();
    const absl::StatusOr<OwnerId> owner = inner_->OpenOwner();
    ASSERT_TRUE(owner.ok()) << owner.status();
    const auto claim = queue_.ClaimSlot(channel_id_, *owner);
    ASSERT_TRUE(claim.ok() && claim->has_value()) << claim.status();
    ListingFilter filter;
    filter.skus = {absl::StrCat("s", Below(products_))};
    const absl::StatusOr<std::vector<ListingRow>> rows = inner_->ReadListings(channel_id_, filter, 0, 1);
    ASSERT_TRUE(rows.ok()) << rows.status();
    for (const ListingRow& row : *rows) {
      StatusWrite write{row.listing_id, row.status, row.status};
      write.status.base = row.status.base == Health::kDelisted ? Health::kListed : Health::kDelisted;
      steps_.push_back(absl::StrCat("make ", row.sku, " ", ToString(write.status.base)));
      ASSERT_TRUE(inner_->WriteStatuses((*claim)->fence, {write}, clock_.Now()).ok());
    }
    ASSERT_TRUE(queue_.Finish((*claim)->fence, {}, {}).ok());
    ASSERT_TRUE(inner_->CloseOwner(*owner).ok());
  }

  void ChangeRules(ChannelConfig* config) {
    static const char* const kFields[] = {"x", "y", "z"};
    config->link_priority.clear();
    for (int i = 1 + Below(3); i > 0; --i) {
      const char* field = kFields[Below(3)];
      LinkRule rule{field, OneIn(5) ? kFields[Below(3)] : field, {}, OneIn(2) ? Ambiguity::kNext : Ambiguity::kStop};
      if (OneIn(3)) rule.normalizers.push_back(Normalizer::kTrim);
      if (OneIn(3)) rule.normalizers.push_back(Normalizer::kCasefold);
      config->link_priority.push_back(rule);
    }
    config->parent_guard = OneIn(2);
    config->strict = OneIn(2);
    steps_.push_back(absl::StrCat(
        "rules ",
        absl::StrJoin(config->link_priority, "; ",
                      [](std::string* out, const LinkRule& rule) { absl::StrAppend(out, FormatLinkRule(rule)); }),
        config->parent_guard ? ", guard" : "", config->strict ? ", strict" : ""));
  }

  void EditRules() {
    const absl::StatusOr<Channel> channel =
        engine::EditChannel(*engine_, "shop", [&](ChannelConfig& config) { ChangeRules(&config); });
    ASSERT_TRUE(channel.ok()) << channel.status();
  }

  // -- Link jobs

  Channel ReadChannel() {
    const absl::StatusOr<Channel> channel = inner_->ReadChannel(channel_id_);
    EXPECT_TRUE(channel.ok()) << channel.status();
    return channel.ok() ? *channel : Channel();
  }

  // Whether the next link job need not look at the whole channel.
  bool HasBase(const Channel& channel) {
    if (inner_->link_index() == nullptr) return false;
    const absl::StatusOr<LinkBase> base = inner_->link_index()->ReadLinkBase(channel_id_);
    EXPECT_TRUE(base.ok()) << base.status();
    return base.ok() && last_completed_ && LinkKeys::OfBase(channel.config, base->text).has_value();
  }

  void CheckedLink(bool release_broken) {
    steps_.push_back(release_broken ? "link, release broken" : "link");
    const Channel channel = ReadChannel();
    const bool has_base = HasBase(channel);
    if (OneIn(4)) CheckExplanations();
    const Links before = StoredLinks(*inner_, channel_id_);
    Links expected = ExpectedLinks(*inner_, channel);
    JobRequest request;
    request.kind = JobKind::kLink;
    request.options.release_broken = release_broken;
    storage_.Expect(WatchedStorage::Fate::kNone, 0);
    if (release_broken) {
      // The channel to match is the one that the release leaves.
      const auto broken = [](const auto& link) { return link.second.state == LinkState::kBroken; };
      const int64_t releases = std::count_if(before.begin(), before.end(), broken) / page_rows_ + 1;
      storage_.Expect(WatchedStorage::Fate::kMeddled, releases + 1,
                      [&] { expected = ExpectedLinks(*inner_, channel); });
    }
    const Job job = RunJob(request);
    const bool incremental = storage_.full_scans() == 0;
    storage_.Expect(WatchedStorage::Fate::kNone, 0);
    ASSERT_EQ(job.state, JobState::kCompleted) << job.error.value_or(Problem()).message;
    last_completed_ = true;
    ASSERT_EQ(incremental, has_base);
    ASSERT_EQ(Text(StoredLinks(*inner_, channel_id_)), Text(expected));
    CheckCounts(job, before, expected, has_base);
    ++tally_.jobs;
    tally_.incremental += has_base;
  }

  // To which items the broken links would lead, by listing id.
  std::map<int64_t, int64_t> FoundRelinks(const Channel& channel, const Links& links) {
    std::vector<int64_t> broken;
    for (const auto& [id, link] : links) {
      if (link.state == LinkState::kBroken) broken.push_back(id);
    }
    engine::StorageLinkLookup lookup(*inner_, channel_id_, page_rows_);
    const LinkKeys keys(channel.config, 5);
    ScannedIndex index(lookup, keys);
    const absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
    const absl::StatusOr<std::vector<LinkPair>> found = FindRelinks(index, keys, *linker, channel.config, broken);
    EXPECT_TRUE(found.ok()) << found.status();
    std::map<int64_t, int64_t> relinks;
    for (const LinkPair& relink : *found) relinks[relink.listing_id] = relink.channel_variant_id;
    return relinks;
  }

  void SetRelinkBroken(bool relink_broken) {
    const auto set = [&](ChannelConfig& config) { config.relink_broken = relink_broken; };
    const absl::StatusOr<Channel> channel = engine::EditChannel(*engine_, "shop", set);
    ASSERT_TRUE(channel.ok()) << channel.status();
  }

  // A link job that makes broken links anew. Where it takes them at once, all that was said of them comes true, and
  // nothing else; page by page, none is left without a link.
  void CheckedRelink() {
    // Where broken links would lead is said of a channel that was judged as it is.
    ASSERT_NO_FATAL_FAILURE(CheckedLink(false));
    steps_.emplace_back("relink");
    const Links before = StoredLinks(*inner_, channel_id_);
    const std::map<int64_t, int64_t> found = FoundRelinks(ReadChannel(), before);
    JobRequest request;
    request.kind = JobKind::kLink;
    ASSERT_NO_FATAL_FAILURE(SetRelinkBroken(true));
    const Job job = RunJob(request);
    ASSERT_EQ(job.state, JobState::kCompleted) << job.error.value_or(Problem()).message;
    ASSERT_NO_FATAL_FAILURE(SetRelinkBroken(false));
    const std::map<int64_t, int64_t> relinked = Relinked(before, StoredLinks(*inner_, channel_id_));
    if (page_rows_ == Storage::kMaxRows) {
      ASSERT_EQ(relinked, found);
    }
    tally_.relinked += static_cast<int64_t>(relinked.size());
    // No link could be made besides.
    ASSERT_NO_FATAL_FAILURE(CheckedLink(false));
  }

  // The links that were broken and lead to another item, by listing id. The others are broken as they were.
  static std::map<int64_t, int64_t> Relinked(const Links& before, const Links& after) {
    std::map<int64_t, int64_t> relinked;
    for (const auto& [id, link] : before) {
      if (link.state != LinkState::kBroken || after.at(id) == link) continue;
      EXPECT_EQ(after.at(id).state, LinkState::kLinked) << "listing " << id;
      EXPECT_NE(after.at(id).channel_variant_id, link.channel_variant_id) << "listing " << id;
      relinked[id] = after.at(id).channel_variant_id;
    }
    return relinked;
  }

  // Explain looks only at what keys lead to; it says what an explanation from the whole channel says.
  void CheckExplanations() {
    const Channel channel = ReadChannel();
    engine::StorageLinkLookup lookup(*inner_, channel_id_, Storage::kMaxRows);
    const absl::StatusOr<std::unique_ptr<LinkInput>> input =
        LinkInput::Load(lookup, LinkFields(channel.config.link_priority));
    const absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
    const MatchInput match_input = (*input)->match_input();
    const absl::StatusOr<ListingKeyPage> skus = inner_->ReadListingKeys(channel_id_, {"sku"}, 0, Storage::kMaxRows);
    ASSERT_TRUE(input.ok() && skus.ok());
    for (int64_t row = 0; row < (*input)->listing_count(); ++row) {
      // One whose link is broken is explained as if it had none.
      if (skus->broken[static_cast<size_t>(row)] != 0) continue;
      const absl::string_view sku = skus->columns[0][row];
      const auto expected = linker->Explain(match_input, ConfiguredOptions(channel.config), row);
      const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", sku);
      ASSERT_TRUE(expected.ok() && explained.ok()) << expected.status() << explained.status();
      ASSERT_EQ(explained->rules.size(), expected->size());
      for (size_t r = 0; r < expected->size(); ++r) {
        ASSERT_EQ(RuleText(explained->rules[r]), RuleText((*expected)[r])) << sku << ", rule " << r + 1;
      }
    }
  }

  // Of a RuleExplanation or a ListingExplanation::Rule.
  template <typename Rule>
  static std::string RuleText(const Rule& rule) {
    return absl::StrCat(rule.has_key, " ", rule.key, " ", rule.listing_count, " ", rule.channel_count, " ",
                        ToString(rule.reason), " ", rule.linked, " ", rule.stopped);
  }

  void CheckCounts(const Job& job, const Links& before, const Links& after, bool incremental) {
    std::map<std::string, int64_t> counts(job.counts.begin(), job.counts.end());
    int64_t linked = 0;
    for (const auto& [id, link] : after)
      linked += link.rule > 0 && link.state == LinkState::kLinked && !(before.at(id) == link);
    ASSERT_EQ(counts["linked"], linked);
    ASSERT_EQ(counts["judged"], counts["linked"] + counts["unlinked"]);
    ASSERT_LE(counts["judged"], static_cast<int64_t>(after.size()));
    if (incremental) tally_.linked += linked;
  }

  // A link job that does not come to a good end, or is meddled with. The next one is checked.
  void SpoiledLink() {
    using Fate = WatchedStorage::Fate;
    static constexpr Fate kFates[] = {Fate::kRefused, Fate::kAnswerLost, Fate::kDeath, Fate::kLateDeath,
                                      Fate::kMeddled};
    const Fate fate = kFates[Below(5)];
    const int at_write = 1 + Below(8);
    const bool cancel = OneIn(3);
    steps_.push_back(absl::StrCat("link, fate ", static_cast<int>(fate), cancel ? " cancel" : "", " at ", at_write));
    JobRequest request;
    request.kind = JobKind::kLink;
    request.options.release_broken = OneIn(8);
    const absl::StatusOr<Job> job = engine_->Enqueue("shop", request);
    ASSERT_TRUE(job.ok()) << job.status();
    storage_.Expect(fate, at_write, [&] { cancel ? void(engine_->Cancel(job->job_id).status()) : Meddle(); });
    const absl::StatusOr<Job> ended = engine_->RunUntilFinal(job->job_id);
    if (!ended.ok()) engine_.reset();  // Before storage works again: a dead process does not write its job's end.
    storage_.Expect(Fate::kNone, 0);
    ++tally_.spoiled;
    if (ended.ok()) {
      last_completed_ = ended->state == JobState::kCompleted;
      if (OneIn(2)) Edit(ListingEdit::Kind::kUnlink);
      return;
    }
    Revive(job->job_id);
  }

  void Meddle() {
    Edit(OneIn(2) ? ListingEdit::Kind::kLink : ListingEdit::Kind::kUnlink);
    if (OneIn(2)) Edit(ListingEdit::Kind::kClearUnlink);
  }

  // A new process in place of the one that died takes its job over.
  void Revive(int64_t job_id) {
    StartEngine();
    const Links expected = ExpectedLinks(*inner_, ReadChannel());
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(job_id);
    ASSERT_TRUE(job.ok()) << job.status();
    ASSERT_EQ(job->state, JobState::kCompleted) << job->error.value_or(Problem()).message;
    if (!job->options.release_broken) {
      ASSERT_EQ(Text(StoredLinks(*inner_, channel_id_)), Text(expected));
    }
    last_completed_ = true;
  }

  std::mt19937 random_;
  uint64_t random_numbers_ = 0;
  int values_[3] = {};       // Different ones in each field,
  int products_ = 0;         // products
  int items_ = 0;            // and items, at most.
  bool busy_hands_ = false;  // Somebody links and unlinks a few listing variants all the time.
  std::map<int, std::vector<std::string>> product_values_;
  int64_t page_rows_ = 0;
  ManualClock clock_;
  std::unique_ptr<Storage> inner_;
  WatchedStorage storage_;
  std::shared_ptr<SimulatedPlatform> platform_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
  JobQueue queue_;
  int64_t channel_id_ = 0;
  bool last_completed_ = false;  // The last link job.
  std::vector<std::string> steps_;
  Tally& tally_;
};

// Runs `count` histories and checks that they were worth it.
Tally RunHistories(int count, const NewStore& new_store) {
  Tally tally;
  for (uint32_t seed = FirstSeed(); seed < FirstSeed() + static_cast<uint32_t>(count); ++seed) {
    const std::string steps = History(seed, new_store, &tally).Run();
    if (!testing::Test::HasFailure()) continue;
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    ADD_FAILURE() << "replay: FLXLINK_TEST_SEED=" << seed
                  << " FLXLINK_TEST_SCALE=0 linking_test --gtest_filter=" << test->test_suite_name() << "."
                  << test->name() << "\n"
                  << steps;
    return tally;
  }
  std::printf("%lld link jobs, %lld of them incremental with %lld links, %lld spoiled\n",
              static_cast<long long>(tally.jobs), static_cast<long long>(tally.incremental),
              static_cast<long long>(tally.linked), static_cast<long long>(tally.spoiled));
  if (count >= 10) {
    EXPECT_GT(tally.spoiled, 0);
  }
  return tally;
}

void ExpectIncremental(int count, const Tally& tally) {
  if (count < 10) return;
  EXPECT_GT(tally.incremental * 2, tally.jobs);
  EXPECT_GT(tally.linked, 0);
}

TEST(IncrementalLinkTest, EqualsAFullPassOverAnyHistory) {
  const int count = HistoryCount(kMemoryHistories);
  const Tally tally = RunHistories(count, NewMemoryStorage);
  ExpectIncremental(count, tally);
  if (count >= 1000) {
    EXPECT_GT(tally.relinked, 0);
  }
}

// Without a link index each pass is a full one, and nothing else is different.
TEST(IncrementalLinkTest, AnyHistoryIsLinkedWithoutAnIndex) {
  const Tally tally = RunHistories(HistoryCount(kSqliteHistories), [](const Clock& clock) {
    return std::make_unique<UnindexedStorage>(NewMemoryStorage(clock));
  });
  EXPECT_GT(tally.jobs, 0);
  EXPECT_EQ(tally.incremental, 0);
}

TEST(IncrementalLinkTest, EqualsAFullPassOverAnyHistoryInSqlite) {
  TemporaryFolder folder;
  int stores = 0;
  const int count = HistoryCount(kSqliteHistories);
  const Tally tally = RunHistories(count, [&](const Clock& clock) {
    SqliteOptions options;
    options.clock = &clock;
    absl::StatusOr<std::unique_ptr<Storage>> storage =
        OpenSqliteStorage(folder.PathOf(absl::StrCat("store", ++stores, ".db")), options);
    EXPECT_TRUE(storage.ok()) << storage.status();
    return *std::move(storage);
  });
  ExpectIncremental(count, tally);
}

}  // namespace
}  // namespace flxlink::linking

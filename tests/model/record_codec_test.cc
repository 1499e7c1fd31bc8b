#include "src/model/record_codec.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;
using Action = StatusRule::Action;
using Comparison = StatusRule::Comparison;
using Subject = StatusRule::Subject;

bool Same(const ChannelConfig& a, const ChannelConfig& b) {
  const auto parts = [](const ChannelConfig& c) {
    return std::tie(c.name, c.adapter, c.settings, c.link_priority, c.parent_guard, c.strict, c.link_after_build,
                    c.link_after_sync, c.relink_broken, c.sync_fields, c.currency, c.oversell_guard, c.on_doubt,
                    c.on_status_drift, c.zero_prices, c.status_rules, c.limits, c.keep_days, c.keep_jobs);
  };
  return parts(a) == parts(b);
}

bool SameDetails(const Job& a, const Job& b) { return std::tie(a.options, a.chain) == std::tie(b.options, b.chain); }

const JobCounts kCounts = {{"linked", 3}, {"sent", -1}};

// A configuration in which nothing is at its default.
ChannelConfig FullConfig() {
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "csv";
  config.settings = {{"path", "shop.csv"}, {"mode", ""}};
  config.link_priority = {
      {"sku", "sku", {}, Ambiguity::kStop},
      {"upc", "barcode", {Normalizer::kTrim, Normalizer::kCasefold, Normalizer::kGtin}, Ambiguity::kNext}};
  config.parent_guard = true;
  config.strict = true;
  config.link_after_build = true;
  config.link_after_sync = false;
  config.sync_fields = {SyncField::kPrice, SyncField::kStatus};
  config.currency = Currency::Parse("EUR").value();
  config.oversell_guard = OversellGuard::kOverwrite;
  config.zero_prices = true;
  config.relink_broken = true;
  config.on_doubt = OnDoubt::kDissolve;
  config.on_status_drift = StatusDrift::kAdopt;
  config.status_rules = {{Subject::kQuantity, Comparison::kLessOrEqual, 0, Action::kHide},
                         {Subject::kPrice, Comparison::kGreater, 1990, Action::kUnhide}};
  config.limits = {{ChangeKind::kReprice, 5, true}};
  config.keep_days = 7;
  config.keep_jobs = 20;
  return config;
}

Job FullJob() {
  Job job;
  job.options.skus = {"A", ""};
  job.options.force = {"B"};
  job.options.only_forced = true;
  job.options.full = true;
  job.options.release_broken = true;
  job.options.since_last = true;
  job.chain = {JobKind::kPull, JobKind::kRules};
  return job;
}

TEST(RecordCodecTest, KeepsEverythingOfAConfiguration) {
  const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(EncodeChannelConfig(FullConfig()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(Same(*decoded, FullConfig()));
}

TEST(RecordCodecTest, KeepsDefaults) {
  const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(EncodeChannelConfig(ChannelConfig()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(Same(*decoded, ChannelConfig()));
  Job job = FullJob();
  ASSERT_TRUE(DecodeJobDetails(EncodeJobDetails(Job()), &job).ok());
  EXPECT_TRUE(SameDetails(job, Job()));
}

TEST(RecordCodecTest, KeepsEverythingOfJobDetailsAndTouchesNothingElse) {
  Job job;
  job.job_id = 5;
  job.error = Problem{"kept", {}, ""};
  job.progress = {3, 2, 1};
  Job full = FullJob();
  full.options.items = {"X1", ""};
  ASSERT_TRUE(DecodeJobDetails(EncodeJobDetails(full), &job).ok());
  EXPECT_TRUE(SameDetails(job, full));
  EXPECT_EQ(job.job_id, 5);
  EXPECT_EQ(job.error, (Problem{"kept", {}, ""}));
  EXPECT_EQ(job.progress.done, 2);
}

TEST(RecordCodecTest, KeepsCountsAndCursorOfAReport) {
  const absl::StatusOr<JobReport> report = DecodeJobReport(EncodeJobReport(kCounts, "5/7"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->counts, kCounts);
  EXPECT_EQ(report->cursor, "5/7");
  EXPECT_TRUE(report->problems.empty());
  const absl::StatusOr<JobReport> none = DecodeJobReport(EncodeJobReport({}, ""));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->counts.empty());
  EXPECT_EQ(none->cursor, "");
}

// It was a field of its own.
TEST(RecordCodecTest, ABreakLimitOfBeforeIsOneOfTheLimits) {
  const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(EncodeChannelConfig(FullConfig()) + "\x68\x03");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ChannelConfig expected = FullConfig();
  expected.limits.push_back({ChangeKind::kBreak, 3, false});
  EXPECT_TRUE(Same(*decoded, expected));
}

// Titles and messages come from outside.
TEST(RecordCodecTest, KeepsTextThatIsNotUtf8) {
  ChannelConfig config = FullConfig();
  config.settings = {{std::string("a\0b", 3), "\xff\xfe"}};
  EXPECT_TRUE(Same(DecodeChannelConfig(EncodeChannelConfig(config)).value(), config));
  Job job;
  job.options.skus = {"\xc3", std::string(1, '\0')};
  Job decoded;
  ASSERT_TRUE(DecodeJobDetails(EncodeJobDetails(job), &decoded).ok());
  EXPECT_TRUE(SameDetails(job, decoded));
  EXPECT_EQ(DecodeJobReport(EncodeJobReport({}, "\xff")).value().cursor, "\xff");
}

// What stores hold. If one of these fails, stores that are out there cannot be read any more: do not change the bytes.
TEST(RecordCodecTest, FormatIsUnchanged) {
  EXPECT_EQ(absl::BytesToHexString(EncodeChannelConfig(FullConfig())),
            "0a0473686f7012036373761a100a0470617468120873686f702e6373761a060a046d6f6465220a0a03736b751203736b"
            "7522150a037570631207626172636f64651a0300010220012801300138014a0408011801520345555258016204080110"
            "0162071005188c1f200170077814800102880101900101"
            "9a010a726570726963653d3525a00101");
  EXPECT_EQ(absl::BytesToHexString(EncodeJobDetails(FullJob())), "0a100a01410a00120142180120012801400112020004");
  EXPECT_EQ(absl::BytesToHexString(EncodeJobReport(kCounts, "5/7")),
            "220a0a066c696e6b6564100322110a0473656e7410ffffffffffffffffff013203352f37");
  Job without_since_last = FullJob();
  without_since_last.options.since_last = false;
  EXPECT_EQ(absl::BytesToHexString(EncodeJobDetails(without_since_last)), "0a0e0a01410a0012014218012001280112020004");
  Job pull_first;
  pull_first.options.pull_first = true;
  pull_first.chained = {44, 45};
  EXPECT_EQ(absl::BytesToHexString(EncodeJobDetails(pull_first)), "0a0248013a022c2d");
}

// The details of a job had what it came to once.
TEST(RecordCodecTest, ReadsReportsAmongDetails) {
  const std::string bytes = absl::HexStringToBytes(
      "0a120a01410a001201421801200128013001400112020004220a0a066c696e6b6564100322110a0473656e7410ffffff"
      "ffffffffffff012a230a05534b552d3112066e6f5f736b751a04776861742a0c0a0770726f64756374120137");
  Job job;
  ASSERT_TRUE(DecodeJobDetails(bytes, &job).ok());
  EXPECT_TRUE(SameDetails(job, FullJob()));
  const absl::StatusOr<JobReport> report = DecodeJobReport(bytes);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->counts, kCounts);
  EXPECT_EQ(report->problems, (std::vector<JobProblem>{{"SKU-1", {"no_sku", {{"product", "7"}}, "what"}}}));
}

// Problems had no arguments once, and an advice.
TEST(RecordCodecTest, ReadsProblemsWithASuggestion) {
  const std::string bytes = absl::HexStringToBytes("2a190a05534b552d3112066e6f5f736b751a04776861742202646f");
  const absl::StatusOr<JobReport> report = DecodeJobReport(bytes);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->problems, (std::vector<JobProblem>{{"SKU-1", {"no_sku", {}, "what"}}}));
}

// What is kept was no setting once.
TEST(RecordCodecTest, ReadsChannelsThatDoNotSayWhatTheyKeep) {
  // Fields 1, 2 and 10: name, adapter and currency.
  const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(
      "\x0a\x04shop\x12\x03"
      "csv"
      "\x52\x03USD");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ChannelConfig expected;
  expected.name = "shop";
  expected.adapter = "csv";
  expected.link_after_sync = false;
  expected.sync_fields = SyncFields();
  EXPECT_TRUE(Same(*decoded, expected));
}

// Fields that a later release adds are passed over.
TEST(RecordCodecTest, ReadsRecordsWithFieldsItDoesNotKnow) {
  const std::string later = EncodeChannelConfig(FullConfig()) + std::string("\xf8\x3f\x01", 3);
  const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(later);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(Same(*decoded, FullConfig()));
}

void ExpectDataLoss(const absl::Status& status, absl::string_view part) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(part)));
}

TEST(RecordCodecTest, RefusesDamagedBytes) {
  ExpectDataLoss(DecodeChannelConfig("\x0a\x7f").status(), "channel configuration of 2 bytes is damaged");
  ExpectDataLoss(DecodeChannelConfig("").status(), "is not a currency");
  Job job = FullJob();
  ExpectDataLoss(DecodeJobDetails("\xff", &job), "job details of 1 bytes is damaged");
  EXPECT_TRUE(SameDetails(job, FullJob()));
}

TEST(RecordCodecTest, RefusesValuesThatItDoesNotKnow) {
  const std::string good = EncodeChannelConfig(ChannelConfig());
  // Fields 4 (a link rule), 11 and 12 (a status rule), each with a number that none of their enums has.
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x22\x03\x1a\x01\x07", 5)).status(), "normalizer 7");
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x22\x02\x20\x07", 4)).status(), "ambiguity 7");
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x58\x07", 2)).status(), "oversell guard 7");
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x62\x02\x08\x07", 4)).status(), "subject of a status rule 7");
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x62\x02\x10\x07", 4)).status(), "comparison of a status");
  ExpectDataLoss(DecodeChannelConfig(good + std::string("\x62\x02\x20\x07", 4)).status(), "action of a status rule 7");
  Job job = FullJob();
  ExpectDataLoss(DecodeJobDetails(std::string("\x12\x01\x07", 3), &job), "job kind 7");
  EXPECT_TRUE(SameDetails(job, FullJob()));
}

TEST(RecordCodecTest, SurvivesCutAndChangedBytes) {
  std::mt19937_64 random(3);
  const std::string config = EncodeChannelConfig(FullConfig());
  const std::string details = EncodeJobDetails(FullJob());
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = i % 2 == 0 ? config : details;
    bytes.resize(bytes.size() - random() % bytes.size());
    for (int flips = static_cast<int>(random() % 4); flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(bytes);
    if (decoded.ok()) {
      EXPECT_TRUE(Same(*decoded, DecodeChannelConfig(EncodeChannelConfig(*decoded)).value()));
    } else {
      EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
    }
    Job job;
    const absl::Status status = DecodeJobDetails(bytes, &job);
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
  }
}

class RandomRecord {
 public:
  explicit RandomRecord(uint64_t seed) : random_(seed) {}

  ChannelConfig Config() {
    ChannelConfig config;
    config.name = Text();
    config.adapter = Text();
    for (int64_t i = Below(3); i > 0; --i) config.settings.emplace_back(Text(), Text());
    for (int64_t i = Below(3); i > 0; --i) config.link_priority.push_back(Rule());
    config.parent_guard = Flag();
    config.strict = Flag();
    config.link_after_build = Flag();
    config.link_after_sync = Flag();
    config.sync_fields = SyncFields();
    for (const SyncField field : kSyncFields) {
      if (Flag()) config.sync_fields.Add(field);
    }
    if (Flag()) config.sync_fields.AddContent("title");
    if (Flag()) config.sync_fields.AddContent("description");
    config.currency = Currency::Parse(std::string(3, static_cast<char>('A' + Below(26)))).value();
    config.zero_prices = Flag();
    config.relink_broken = Flag();
    config.oversell_guard = Flag() ? OversellGuard::kHold : OversellGuard::kOverwrite;
    for (int64_t i = Below(3); i > 0; --i) {
      config.status_rules.push_back({Flag() ? Subject::kPrice : Subject::kQuantity, static_cast<Comparison>(Below(6)),
                                     Number(), Flag() ? Action::kHide : Action::kUnhide});
    }
    if (Flag()) config.limits.push_back({ChangeKind::kBreak, Below(100), Flag()});
    config.keep_days = Number();
    config.keep_jobs = Number();
    return config;
  }

  Job Details() {
    Job job;
    for (int64_t i = Below(3); i > 0; --i) job.options.skus.push_back(Text());
    for (int64_t i = Below(3); i > 0; --i) job.options.force.push_back(Text());
    job.options.only_forced = Flag();
    job.options.full = Flag();
    job.options.pull_first = Flag();
    job.options.release_broken = Flag();
    job.options.since_last = Flag();
    for (int64_t i = Below(3); i > 0; --i) job.chained.push_back(Number());
    for (int64_t i = Below(4); i > 0; --i) job.chain.push_back(static_cast<JobKind>(Below(5)));
    return job;
  }

  JobCounts Counts() {
    JobCounts counts;
    for (int64_t i = Below(3); i > 0; --i) counts.emplace_back(Text(), Number());
    return counts;
  }

  std::string Text() {
    std::string text;
    for (int64_t i = Below(6); i > 0; --i) text += static_cast<char>(random_());
    return text;
  }

 private:
  int64_t Below(uint64_t limit) { return static_cast<int64_t>(random_() % limit); }
  bool Flag() { return random_() % 2 == 0; }

  int64_t Number() {
    switch (Below(4)) {
      case 0:
        return std::numeric_limits<int64_t>::min();
      case 1:
        return std::numeric_limits<int64_t>::max();
      case 2:
        return Below(3) - 1;
      default:
        return static_cast<int64_t>(random_());
    }
  }

  LinkRule Rule() {
    LinkRule rule{Text(), Text(), {}, Flag() ? Ambiguity::kStop : Ambiguity::kNext};
    for (int64_t i = Below(4); i > 0; --i) rule.normalizers.push_back(static_cast<Normalizer>(Below(3)));
    return rule;
  }

  std::mt19937_64 random_;
};

TEST(RecordCodecTest, ReadsBackWhatItWrites) {
  RandomRecord random(5);
  for (int i = 0; i < 2000; ++i) {
    const ChannelConfig config = random.Config();
    const std::string bytes = EncodeChannelConfig(config);
    const absl::StatusOr<ChannelConfig> decoded = DecodeChannelConfig(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_TRUE(Same(*decoded, config));
    ASSERT_EQ(EncodeChannelConfig(*decoded), bytes);

    const Job job = random.Details();
    const std::string details = EncodeJobDetails(job);
    Job read;
    ASSERT_TRUE(DecodeJobDetails(details, &read).ok());
    ASSERT_TRUE(SameDetails(read, job));
    ASSERT_EQ(EncodeJobDetails(read), details);
  }
}

}  // namespace
}  // namespace flxlink::model

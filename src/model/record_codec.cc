#include "src/model/record_codec.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/record.pb.h"

namespace flxlink::model {
namespace {

// The numbers of the enums are what is stored: a constant that is moved in a header must not change what a store says.
#define FLXLINK_SAME_NUMBER(constant, record) static_assert(static_cast<int>(constant) == internal::record, "")
FLXLINK_SAME_NUMBER(Normalizer::kTrim, NORMALIZER_TRIM);
FLXLINK_SAME_NUMBER(Normalizer::kCasefold, NORMALIZER_CASEFOLD);
FLXLINK_SAME_NUMBER(Normalizer::kGtin, NORMALIZER_GTIN);
FLXLINK_SAME_NUMBER(Normalizer::kSpreadsheet, NORMALIZER_SPREADSHEET);
FLXLINK_SAME_NUMBER(Ambiguity::kStop, AMBIGUITY_STOP);
FLXLINK_SAME_NUMBER(Ambiguity::kNext, AMBIGUITY_NEXT);
FLXLINK_SAME_NUMBER(StatusRule::Subject::kPrice, SUBJECT_PRICE);
FLXLINK_SAME_NUMBER(StatusRule::Subject::kQuantity, SUBJECT_QUANTITY);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kLess, COMPARISON_LESS);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kLessOrEqual, COMPARISON_LESS_OR_EQUAL);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kEqual, COMPARISON_EQUAL);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kNotEqual, COMPARISON_NOT_EQUAL);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kGreaterOrEqual, COMPARISON_GREATER_OR_EQUAL);
FLXLINK_SAME_NUMBER(StatusRule::Comparison::kGreater, COMPARISON_GREATER);
FLXLINK_SAME_NUMBER(StatusRule::Action::kHide, ACTION_HIDE);
FLXLINK_SAME_NUMBER(StatusRule::Action::kUnhide, ACTION_UNHIDE);
FLXLINK_SAME_NUMBER(OversellGuard::kHold, OVERSELL_GUARD_HOLD);
FLXLINK_SAME_NUMBER(OversellGuard::kOverwrite, OVERSELL_GUARD_OVERWRITE);
FLXLINK_SAME_NUMBER(StatusDrift::kCorrect, STATUS_DRIFT_CORRECT);
FLXLINK_SAME_NUMBER(StatusDrift::kAdopt, STATUS_DRIFT_ADOPT);
FLXLINK_SAME_NUMBER(OnDoubt::kKeep, ON_DOUBT_KEEP);
FLXLINK_SAME_NUMBER(OnDoubt::kHold, ON_DOUBT_HOLD);
FLXLINK_SAME_NUMBER(OnDoubt::kDissolve, ON_DOUBT_DISSOLVE);
FLXLINK_SAME_NUMBER(JobKind::kPull, JOB_KIND_PULL);
FLXLINK_SAME_NUMBER(JobKind::kBuild, JOB_KIND_BUILD);
FLXLINK_SAME_NUMBER(JobKind::kLink, JOB_KIND_LINK);
FLXLINK_SAME_NUMBER(JobKind::kSync, JOB_KIND_SYNC);
FLXLINK_SAME_NUMBER(JobKind::kRules, JOB_KIND_RULES);
FLXLINK_SAME_NUMBER(JobKind::kFetch, JOB_KIND_FETCH);
#undef FLXLINK_SAME_NUMBER

constexpr absl::string_view kConfig = "channel configuration";
constexpr absl::string_view kDetails = "job details";
constexpr absl::string_view kReport = "job report";
constexpr absl::string_view kProblem = "problem";

template <typename Record>
absl::Status ParseRecord(absl::string_view what, absl::string_view bytes, Record* record) {
  // Protobuf's own limit is that of an int.
  constexpr size_t kMaxBytes = size_t{1} << 30;
  if (bytes.size() <= kMaxBytes && record->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("the stored ", what, " of ", bytes.size(), " bytes is damaged; restore the store from a backup"));
}

absl::Status DamagedConfig(const absl::Status& why) {
  return absl::DataLossError(
      absl::StrCat("the stored ", kConfig, " is damaged: ", why.message(), "; restore the store from a backup"));
}

absl::Status UnknownValue(absl::string_view what, absl::string_view name, int value) {
  return absl::DataLossError(
      absl::StrCat("the stored ", what, " has the unknown ", name, " ", value,
                   "; open the store with the newer flxlink that wrote it, or restore a backup"));
}

// Sets `*out` from a stored number that `is_valid`, as protoc made it, knows.
template <typename Enum>
absl::Status DecodeEnum(absl::string_view what, absl::string_view name, int value, bool (*is_valid)(int), Enum* out) {
  if (!is_valid(value)) return UnknownValue(what, name, value);
  *out = static_cast<Enum>(value);
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------------------------------------
// Channel configurations
// ---------------------------------------------------------------------------------------------------------------------

void EncodeLinkRule(const LinkRule& rule, internal::LinkRuleRecord* record) {
  record->set_listing_field(rule.listing_field);
  record->set_channel_field(rule.channel_field);
  for (const Normalizer normalizer : rule.normalizers) {
    record->add_normalizers(static_cast<internal::NormalizerRecord>(normalizer));
  }
  record->set_ambiguous(static_cast<internal::AmbiguityRecord>(rule.ambiguous));
}

absl::Status DecodeLinkRule(const internal::LinkRuleRecord& record, LinkRule* rule) {
  rule->listing_field = record.listing_field();
  rule->channel_field = record.channel_field();
  for (const int value : record.normalizers()) {
    rule->normalizers.emplace_back();
    absl::Status status =
        DecodeEnum(kConfig, "normalizer", value, &internal::NormalizerRecord_IsValid, &rule->normalizers.back());
    if (!status.ok()) return status;
  }
  return DecodeEnum(kConfig, "ambiguity", record.ambiguous(), &internal::AmbiguityRecord_IsValid, &rule->ambiguous);
}

void EncodeStatusRule(const StatusRule& rule, internal::StatusRuleRecord* record) {
  record->set_subject(static_cast<internal::SubjectRecord>(rule.subject));
  record->set_comparison(static_cast<internal::ComparisonRecord>(rule.comparison));
  record->set_operand(rule.operand);
  record->set_action(static_cast<internal::ActionRecord>(rule.action));
}

absl::Status DecodeStatusRule(const internal::StatusRuleRecord& record, StatusRule* rule) {
  rule->operand = record.operand();
  absl::Status status = DecodeEnum(kConfig, "subject of a status rule", record.subject(),
                                   &internal::SubjectRecord_IsValid, &rule->subject);
  status.Update(DecodeEnum(kConfig, "comparison of a status rule", record.comparison(),
                           &internal::ComparisonRecord_IsValid, &rule->comparison));
  status.Update(
      DecodeEnum(kConfig, "action of a status rule", record.action(), &internal::ActionRecord_IsValid, &rule->action));
  return status;
}

// The fields that have flags in the record; all others stand there by name.
constexpr SyncField kFlagFields[] = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};

void EncodeSyncFields(const SyncFields& fields, internal::SyncFieldsRecord* record) {
  record->set_price(fields.Has(SyncField::kPrice));
  record->set_quantity(fields.Has(SyncField::kQuantity));
  record->set_status(fields.Has(SyncField::kStatus));
  SyncFields others = fields;
  for (const SyncField field : kFlagFields) others.Remove(field);
  for (std::string& name : others.Names()) record->add_others(std::move(name));
}

absl::Status DecodeSyncFields(const internal::SyncFieldsRecord& record, SyncFields* fields) {
  if (record.price()) fields->Add(SyncField::kPrice);
  if (record.quantity()) fields->Add(SyncField::kQuantity);
  if (record.status()) fields->Add(SyncField::kStatus);
  for (const std::string& name : record.others()) {
    const absl::StatusOr<SyncFields> other = ParseSyncFields(name);
    if (!other.ok()) return DamagedConfig(other.status());
    *fields = UnionOf(*fields, *other);
  }
  return absl::OkStatus();
}

// What has neither a list nor a value that can be unknown.
void DecodePlainConfig(const internal::ChannelConfigRecord& record, ChannelConfig* config) {
  config->name = record.name();
  config->adapter = record.adapter();
  config->parent_guard = record.parent_guard();
  config->strict = record.strict();
  config->link_after_build = record.link_after_build();
  config->link_after_sync = record.link_after_sync();
  config->zero_prices = record.zero_prices();
  config->relink_broken = record.relink_broken();
  if (record.has_keep_days()) config->keep_days = record.keep_days();
  if (record.has_keep_jobs()) config->keep_jobs = record.keep_jobs();
}

absl::Status DecodeConfigLists(const internal::ChannelConfigRecord& record, ChannelConfig* config) {
  for (const internal::SettingRecord& setting : record.settings()) {
    config->settings.emplace_back(setting.name(), setting.value());
  }
  for (const internal::LinkRuleRecord& rule : record.link_priority()) {
    config->link_priority.emplace_back();
    if (absl::Status status = DecodeLinkRule(rule, &config->link_priority.back()); !status.ok()) return status;
  }
  for (const std::string& text : record.limits()) {
    const absl::StatusOr<ChangeLimit> limit = ParseChangeLimit(text);
    if (!limit.ok()) return DamagedConfig(limit.status());
    config->limits.push_back(*limit);
  }
  if (record.has_break_limit()) config->limits.push_back({ChangeKind::kBreak, record.break_limit(), false});
  for (const internal::StatusRuleRecord& rule : record.status_rules()) {
    config->status_rules.emplace_back();
    if (absl::Status status = DecodeStatusRule(rule, &config->status_rules.back()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------------------------------------
// Job details
// ---------------------------------------------------------------------------------------------------------------------

void EncodeOptions(const JobOptions& options, internal::JobOptionsRecord* record) {
  for (const std::string& sku : options.skus) record->add_skus(sku);
  for (const std::string& sku : options.force) record->add_force(sku);
  record->set_only_forced(options.only_forced);
  record->set_full(options.full);
  record->set_pull_first(options.pull_first);
  record->set_release_broken(options.release_broken);
  record->set_release_doubtful(options.release_doubtful);
  record->set_since_last(options.since_last);
  for (const std::string& item : options.items) record->add_items(item);
}

JobOptions DecodeOptions(const internal::JobOptionsRecord& record) {
  JobOptions options;
  options.skus.assign(record.skus().begin(), record.skus().end());
  options.force.assign(record.force().begin(), record.force().end());
  options.only_forced = record.only_forced();
  options.full = record.full();
  options.pull_first = record.pull_first();
  options.release_broken = record.release_broken();
  options.release_doubtful = record.release_doubtful();
  options.since_last = record.since_last();
  options.items.assign(record.items().begin(), record.items().end());
  return options;
}

// Either kind of record that has a problem.
template <typename Record>
void EncodeParts(const Problem& problem, Record* record) {
  record->set_code(problem.code);
  record->set_message(problem.message);
  for (const Field& arg : problem.args) {
    internal::SettingRecord* arg_record = record->add_args();
    arg_record->set_name(arg.name);
    arg_record->set_value(arg.value);
  }
}

template <typename Record>
Problem DecodeParts(const Record& record) {
  Problem problem = MakeProblem(record.code(), {}, record.message());
  for (const internal::SettingRecord& arg : record.args()) problem.args.push_back({arg.name(), arg.value()});
  return problem;
}

// Of what is to be done in which case.
absl::Status DecodeConfigEnums(const internal::ChannelConfigRecord& record, ChannelConfig* config) {
  absl::Status status = DecodeEnum(kConfig, "oversell guard", record.oversell_guard(),
                                   &internal::OversellGuardRecord_IsValid, &config->oversell_guard);
  if (status.ok()) {
    status = DecodeEnum(kConfig, "status drift", record.on_status_drift(), &internal::StatusDriftRecord_IsValid,
                        &config->on_status_drift);
  }
  if (!status.ok() || !record.has_on_doubt()) return status;
  OnDoubt on_doubt = OnDoubt::kHold;
  status = DecodeEnum(kConfig, "answer to doubt", record.on_doubt(), &internal::OnDoubtRecord_IsValid, &on_doubt);
  config->on_doubt = on_doubt;
  return status;
}

}  // namespace

std::string EncodeProblem(const Problem& problem) {
  internal::ProblemRecord record;
  EncodeParts(problem, &record);
  return record.SerializeAsString();
}

absl::StatusOr<Problem> DecodeProblem(absl::string_view bytes) {
  internal::ProblemRecord record;
  if (absl::Status status = ParseRecord(kProblem, bytes, &record); !status.ok()) return status;
  return DecodeParts(record);
}

std::string EncodeChannelConfig(const ChannelConfig& config) {
  internal::ChannelConfigRecord record;
  record.set_name(config.name);
  record.set_adapter(config.adapter);
  for (const auto& setting : config.settings) {
    internal::SettingRecord* setting_record = record.add_settings();
    setting_record->set_name(setting.first);
    setting_record->set_value(setting.second);
  }
  for (const LinkRule& rule : config.link_priority) EncodeLinkRule(rule, record.add_link_priority());
  record.set_parent_guard(config.parent_guard);
  record.set_strict(config.strict);
  record.set_link_after_build(config.link_after_build);
  record.set_link_after_sync(config.link_after_sync);
  EncodeSyncFields(config.sync_fields, record.mutable_sync_fields());
  record.set_currency(std::string(config.currency.code()));
  record.set_oversell_guard(static_cast<internal::OversellGuardRecord>(config.oversell_guard));
  if (config.on_doubt.has_value()) record.set_on_doubt(static_cast<internal::OnDoubtRecord>(*config.on_doubt));
  record.set_on_status_drift(static_cast<internal::StatusDriftRecord>(config.on_status_drift));
  record.set_zero_prices(config.zero_prices);
  record.set_relink_broken(config.relink_broken);
  for (const ChangeLimit& limit : config.limits) record.add_limits(FormatChangeLimit(limit));
  for (const StatusRule& rule : config.status_rules) EncodeStatusRule(rule, record.add_status_rules());
  record.set_keep_days(config.keep_days);
  record.set_keep_jobs(config.keep_jobs);
  return record.SerializeAsString();
}

absl::StatusOr<ChannelConfig> DecodeChannelConfig(absl::string_view bytes) {
  internal::ChannelConfigRecord record;
  if (absl::Status status = ParseRecord(kConfig, bytes, &record); !status.ok()) return status;
  ChannelConfig config;
  DecodePlainConfig(record, &config);
  if (absl::Status status = DecodeConfigLists(record, &config); !status.ok()) return status;
  config.sync_fields = SyncFields();
  if (absl::Status status = DecodeSyncFields(record.sync_fields(), &config.sync_fields); !status.ok()) return status;
  if (absl::Status status = DecodeConfigEnums(record, &config); !status.ok()) return status;
  const absl::StatusOr<Currency> currency = Currency::Parse(record.currency());
  if (!currency.ok()) return DamagedConfig(currency.status());
  config.currency = *currency;
  return config;
}

std::string EncodeJobDetails(const Job& job) {
  internal::JobDetailsRecord record;
  EncodeOptions(job.options, record.mutable_options());
  for (const JobKind kind : job.chain) record.add_chain(static_cast<internal::JobKindRecord>(kind));
  for (const int64_t job_id : job.chained) record.add_chained(job_id);
  return record.SerializeAsString();
}

absl::Status DecodeJobDetails(absl::string_view bytes, Job* job) {
  internal::JobDetailsRecord record;
  if (absl::Status status = ParseRecord(kDetails, bytes, &record); !status.ok()) return status;
  std::vector<JobKind> chain;
  for (const int value : record.chain()) {
    chain.emplace_back();
    absl::Status status = DecodeEnum(kDetails, "job kind", value, &internal::JobKindRecord_IsValid, &chain.back());
    if (!status.ok()) return status;
  }
  job->options = DecodeOptions(record.options());
  job->chain = std::move(chain);
  job->chained.assign(record.chained().begin(), record.chained().end());
  return absl::OkStatus();
}

std::string EncodeJobReport(const JobCounts& counts, absl::string_view cursor) {
  internal::JobReportRecord record;
  for (const auto& count : counts) {
    internal::JobCountRecord* count_record = record.add_counts();
    count_record->set_name(count.first);
    count_record->set_count(count.second);
  }
  record.set_cursor(std::string(cursor));
  return record.SerializeAsString();
}

absl::StatusOr<JobReport> DecodeJobReport(absl::string_view bytes) {
  internal::JobReportRecord record;
  if (absl::Status status = ParseRecord(kReport, bytes, &record); !status.ok()) return status;
  JobReport report;
  for (const internal::JobCountRecord& count : record.counts()) report.counts.emplace_back(count.name(), count.count());
  for (const internal::JobProblemRecord& problem : record.problems()) {
    report.problems.push_back({problem.subject(), DecodeParts(problem)});
  }
  report.cursor = record.cursor();
  return report;
}

}  // namespace flxlink::model

#include "bench/compare/link_store.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/compare/link_report.h"
#include "bench/compare/link_sql.h"
#include "bench/compare/sql_database.h"
#include "bench/link_data.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/executor.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace flxlink {
namespace {

constexpr char kChannelName[] = "shop";
constexpr int kThreads = 2;
constexpr int64_t kNewListings = 1000;
constexpr int64_t kExplained = 1000;
constexpr int64_t kPrice = 1990;
constexpr int64_t kQuantity = 7;

// A channel of made-up items; its setting `rows` says how many.
class DataAdapter : public ChannelAdapter {
 public:
  explicit DataAdapter(int64_t rows) : data_(rows) {
    capabilities_.link_fields = {"sku", "barcode", "title"};
    PushKind kind;
    kind.name = "items";
    kind.fields = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
    capabilities_.push_kinds = {kind};
    capabilities_.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    int64_t begin = 0;
    if (!request.cursor.empty() && !absl::SimpleAtoi(request.cursor, &begin)) {
      return absl::InvalidArgumentError(absl::StrCat("there is no page ", request.cursor));
    }
    const int64_t end = std::min(data_.rows(), begin + request.limit);
    PullPage page;
    page.items.fields.names = {"sku", "barcode", "title"};
    page.items.fields.columns.resize(3);
    for (int64_t row = begin; row < end; ++row) AddItem(row, &page.items);
    if (end < data_.rows()) page.next_cursor = absl::StrCat(end);
    return page;
  }

  absl::StatusOr<PushReply> Push(const PushRequest&, const CallContext&) const override {
    return absl::UnimplementedError("nothing is sent to made-up items");
  }

 private:
  void AddItem(int64_t row, ChannelVariantBatch* items) const {
    const auto add = [&](void (LinkData::*append)(DataSide, int64_t, std::string*) const, StringColumn* column) {
      std::string cell;
      (data_.*append)(DataSide::kChannel, row, &cell);
      column->Add(cell);
    };
    add(&LinkData::AppendId, &items->external_id);
    add(&LinkData::AppendParent, &items->parent_id);
    add(&LinkData::AppendSku, &items->fields.columns[0]);
    add(&LinkData::AppendBarcode, &items->fields.columns[1]);
    add(&LinkData::AppendTitle, &items->fields.columns[2]);
    items->price.push_back(kPrice);
    items->quantity.push_back(kQuantity);
    items->status.push_back(ChannelStatus::kListed);
  }

  LinkData data_;
  AdapterCapabilities capabilities_;
};

absl::StatusOr<int64_t> ReadRows(const ChannelConfig& config) {
  int64_t rows = 0;
  for (const auto& [name, value] : config.settings) {
    if (name == "rows" && absl::SimpleAtoi(value, &rows)) return rows;
  }
  return absl::InvalidArgumentError("the setting rows is not a number");
}

absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakeDataAdapter(const AdapterContext& context) {
  absl::StatusOr<int64_t> rows = ReadRows(context.config);
  if (!rows.ok()) return rows.status();
  return std::make_unique<DataAdapter>(*rows);
}

ProductBatch MakeProducts(const LinkData& data, int64_t begin, int64_t end) {
  ProductBatch products;
  products.fields.names = {"upc", "title"};
  products.fields.columns.resize(2);
  for (int64_t row = begin; row < end; ++row) {
    const auto add = [&](void (LinkData::*append)(DataSide, int64_t, std::string*) const, StringColumn* column) {
      std::string cell;
      (data.*append)(DataSide::kListings, row, &cell);
      column->Add(cell);
    };
    add(&LinkData::AppendId, &products.key);
    add(&LinkData::AppendSku, &products.sku);
    add(&LinkData::AppendParent, &products.parent);
    add(&LinkData::AppendBarcode, &products.fields.columns[0]);
    add(&LinkData::AppendTitle, &products.fields.columns[1]);
    products.price.push_back(kPrice);
    products.quantity.push_back(kQuantity);
    products.sync_priority.push_back(0);
  }
  return products;
}

// A store that is open, with what runs on it.
class Shop {
 public:
  static absl::StatusOr<std::unique_ptr<Shop>> Open(const std::string& path) {
    auto shop = std::make_unique<Shop>();
    absl::StatusOr<std::unique_ptr<Storage>> storage = OpenSqliteStorage(path);
    if (!storage.ok()) return storage.status();
    shop->storage_ = *std::move(storage);
    shop->adapters_.Register("data", MakeDataAdapter);
    EngineOptions options;
    options.storage = shop->storage_.get();
    options.adapters = &shop->adapters_;
    options.executor = shop->executor_.get();
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    if (!engine.ok()) return engine.status();
    shop->engine_ = *std::move(engine);
    return shop;
  }

  Engine& engine() { return *engine_; }

  // Runs a job to its end.
  absl::StatusOr<Job> Run(JobKind kind, JobOptions options = {}) {
    JobRequest request;
    request.kind = kind;
    request.options = std::move(options);
    absl::StatusOr<Job> job = engine_->Enqueue(kChannelName, request);
    if (job.ok()) job = engine_->RunUntilFinal(job->job_id);
    if (job.ok() && job->state != JobState::kCompleted)
      return absl::InternalError(job->error.value_or(Problem()).message);
    return job;
  }

 private:
  std::unique_ptr<Storage> storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Executor> executor_ = NewThreadExecutor(kThreads);
  std::unique_ptr<Engine> engine_;
};

void ReportStore(const std::string& name, double seconds, const std::string& path, const Job* job) {
  Report report(name);
  report.Add("seconds", seconds);
  report.AddPeakMemory();
  if (job != nullptr) {
    for (const auto& [count, number] : job->counts) report.Add(count, number);
  }
  SqlDatabase database(path);
  report.Add(DigestStore(database));
  report.Print();
}

}  // namespace

absl::Status LoadStore(int64_t rows, const std::string& path) {
  const Stopwatch watch;
  {
    absl::StatusOr<std::unique_ptr<Shop>> shop = Shop::Open(path);
    if (!shop.ok()) return shop.status();
    ChannelConfig config;
    config.name = kChannelName;
    config.adapter = "data";
    config.settings = {{"rows", absl::StrCat(rows)}};
    config.link_priority = {{"sku", "sku"}, {"upc", "barcode"}};
    config.link_after_sync = false;
    absl::Status status = (*shop)->engine().AddChannel(config).status();
    const LinkData data(rows);
    for (int64_t begin = 0; status.ok() && begin < rows; begin += Storage::kMaxRows) {
      const int64_t end = std::min(rows, begin + Storage::kMaxRows);
      status = (*shop)->engine().WriteProducts(MakeProducts(data, begin, end)).status;
    }
    if (status.ok()) status = (*shop)->Run(JobKind::kBuild).status();
    if (status.ok()) status = (*shop)->Run(JobKind::kPull).status();
    if (!status.ok()) return status;
  }
  // So that a copy of the one file is a copy of the store.
  SqlDatabase(path).Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  Report report("sqlite-load");
  report.Add("seconds", watch.seconds());
  report.AddPeakMemory();
  report.Print();
  return absl::OkStatus();
}

absl::Status LinkStore(const std::string& path) {
  double seconds = 0;
  absl::StatusOr<Job> job;
  {
    absl::StatusOr<std::unique_ptr<Shop>> shop = Shop::Open(path);
    if (!shop.ok()) return shop.status();
    const Stopwatch watch;
    job = (*shop)->Run(JobKind::kLink);
    seconds = watch.seconds();
    if (!job.ok()) return job.status();
  }
  ReportStore("sqlite-full", seconds, path, &*job);
  return absl::OkStatus();
}

absl::Status LinkNewListings(const std::string& path, int rounds) {
  int64_t rows = 0;
  int64_t begin = 0;
  {
    SqlDatabase database(path);
    rows = database.ReadNumber("SELECT count(*) FROM channel_variant");
    begin = database.ReadNumber("SELECT count(*) FROM product_variant");
  }
  const LinkData data(rows);
  std::vector<double> seconds;
  absl::StatusOr<Job> job;
  {
    absl::StatusOr<std::unique_ptr<Shop>> shop = Shop::Open(path);
    if (!shop.ok()) return shop.status();
    for (int round = 0; round < rounds; ++round, begin += kNewListings) {
      const ProductBatch products = MakeProducts(data, begin, begin + kNewListings);
      absl::Status status = (*shop)->engine().WriteProducts(products).status;
      JobOptions build;
      for (int64_t i = 0; i < products.size(); ++i) build.skus.emplace_back(products.sku[i]);
      if (status.ok()) status = (*shop)->Run(JobKind::kBuild, build).status();
      if (!status.ok()) return status;
      const Stopwatch watch;
      job = (*shop)->Run(JobKind::kLink);
      seconds.push_back(watch.seconds());
      if (!job.ok()) return job.status();
    }
  }
  std::sort(seconds.begin(), seconds.end());
  ReportStore("sqlite-incremental", seconds[seconds.size() / 2], path, &*job);
  return absl::OkStatus();
}

absl::Status ExplainListings(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Shop>> shop = Shop::Open(path);
  if (!shop.ok()) return shop.status();
  absl::StatusOr<Channel> channel = (*shop)->engine().GetChannel(kChannelName);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<int64_t> rows = ReadRows(channel->config);
  if (!rows.ok()) return rows.status();
  const LinkData data(*rows);
  std::vector<double> milliseconds;
  for (int64_t i = 0; i < kExplained; ++i) {
    std::string sku;
    data.AppendSku(DataSide::kListings, i * (*rows / kExplained), &sku);
    const Stopwatch watch;
    absl::StatusOr<ListingExplanation> explanation = (*shop)->engine().Explain(kChannelName, sku);
    if (!explanation.ok()) return explanation.status();
    milliseconds.push_back(watch.seconds() * 1000);
  }
  Report report("sqlite-explain");
  report.Add("first_ms", milliseconds.front());
  std::sort(milliseconds.begin(), milliseconds.end());
  report.Add("median_ms", milliseconds[milliseconds.size() / 2]);
  report.Add("slowest_ms", milliseconds.back());
  report.AddPeakMemory();
  report.Print();
  return absl::OkStatus();
}

}  // namespace flxlink

// What benchmarks of jobs share: a channel whose items are all linked, and its engine. Not thread-safe.

#ifndef FLXLINK_BENCH_BENCH_SHOP_H_
#define FLXLINK_BENCH_BENCH_SHOP_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/field.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace flxlink::bench {

inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

// What a platform that takes prices and quantities by itself takes in one call, and how many calls at the same time.
inline PushKind ItemsKind(int32_t in_flight) {
  PushKind kind;
  kind.name = "items";
  kind.fields = {SyncField::kPrice, SyncField::kQuantity};
  kind.max_items = 100;
  kind.in_flight = in_flight;
  kind.takes_good_items = true;
  return kind;
}

// Adds items `begin` to `end` of a platform, with the SKUs S0, S1 ….
inline void AddItems(int64_t begin, int64_t end, PullPage* page) {
  page->items.fields.names = {"sku"};
  page->items.fields.columns.resize(1);
  for (int64_t i = begin; i < end; ++i) {
    page->items.external_id.Add(absl::StrCat(i));
    page->items.parent_id.Add("");
    page->items.fields.columns[0].Add(absl::StrCat("S", i));
    AddValues({1000, 1, ChannelStatus::kUnknown}, &page->items);
  }
}

// A page of a platform that has items 0 to `items`.
inline absl::StatusOr<PullPage> PageOf(int64_t items, const PullRequest& request) {
  int64_t begin = 0;
  if (!request.cursor.empty() && !absl::SimpleAtoi(request.cursor, &begin)) {
    return absl::InvalidArgumentError(absl::StrCat("there is no page ", request.cursor));
  }
  const int64_t end = std::min(items, begin + request.limit);
  PullPage page;
  AddItems(begin, end, &page);
  if (end < items) page.next_cursor = absl::StrCat(end);
  return page;
}

// Everything is applied.
inline PushReply Applied(const PushRequest& request) {
  PushReply reply;
  reply.outcomes.resize(request.items.size());
  for (PushOutcome& outcome : reply.outcomes) outcome.result = PushResult::kApplied;
  return reply;
}

// The product of item `i`.
inline void AddProduct(int64_t i, int64_t price, ProductBatch* products) {
  products->key.Add(absl::StrCat("S", i));
  products->sku.Add(absl::StrCat("S", i));
  products->price.push_back(price);
  products->quantity.push_back(7);
}

class Shop {
 public:
  // Builds, pulls and links. `register_adapter` registers "bench", whose channel has items as PageOf gives them.
  Shop(std::unique_ptr<Storage> storage, absl::FunctionRef<void(AdapterRegistry&)> register_adapter, int64_t items)
      : items_(items), storage_(std::move(storage)) {
    register_adapter(adapters_);
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    engine_ = Must(Engine::Create(options));
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "bench";
    config.link_priority = {{"sku", "sku"}};
    Must(engine_->AddChannel(config));
    SetPrices(999);
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  }

  // Of all products. Of more than double or less than half of what they had the circuit breaker would hold them.
  void SetPrices(int64_t price) { SetPrices(0, items_, price); }
  // Of the products from `begin` to `end`.
  void SetPrices(int64_t begin, int64_t end, int64_t price) {
    for (; begin < end; begin += Storage::kMaxRows) {
      ProductBatch products;
      for (int64_t i = begin; i < std::min(end, begin + Storage::kMaxRows); ++i) AddProduct(i, price, &products);
      Must(engine_->WriteProducts(products).status);
    }
  }

  Engine& engine() { return *engine_; }

  Job Run(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const Job job = Must(engine_->Enqueue("shop", request));
    return Must(engine_->RunUntilFinal(job.job_id));
  }

 private:
  const int64_t items_;
  const std::unique_ptr<Storage> storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

// A store in a folder that goes with it.
class SqliteFolder {
 public:
  explicit SqliteFolder(const std::string& name) : path_(std::filesystem::temp_directory_path() / name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  ~SqliteFolder() { std::filesystem::remove_all(path_); }
  SqliteFolder(const SqliteFolder&) = delete;
  SqliteFolder& operator=(const SqliteFolder&) = delete;

  std::unique_ptr<Storage> Open(const SqliteOptions& options = {}) const {
    return Must(OpenSqliteStorage((path_ / "shop.db").string(), options));
  }

 private:
  const std::filesystem::path path_;
};

}  // namespace flxlink::bench

#endif  // FLXLINK_BENCH_BENCH_SHOP_H_

// A host program that embeds flxlink: its own products, a shop's CSV file as the channel, everything kept in one SQLite
// file.
//
//   embed STORE.db SHOP.csv

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/csv_channel.h"
#include "flxlink/engine.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace {

using flxlink::Engine;
using flxlink::JobKind;

// The host's inventory, as it would come from its own tables.
flxlink::ProductBatch Products() {
  flxlink::ProductBatch products;
  flxlink::FieldColumns& fields = products.fields;
  fields.names = {"upc"};
  fields.columns.resize(1);
  const auto add = [&](const char* sku, const char* upc, int64_t cents, int64_t quantity) {
    products.key.Add(sku);
    products.sku.Add(sku);
    products.parent.Add("");
    products.price.push_back(cents);
    products.quantity.push_back(quantity);
    products.sync_priority.push_back(0);
    fields.columns[0].Add(upc);
  };
  add("MUG-BLUE", "036000291452", 1590, 12);
  add("MUG-RED", "012345678905", 1590, 3);
  add("POT-1L", "", 4900, 7);
  return products;
}

// Asks for a job and runs it on this thread, with what it chains.
absl::Status Run(Engine& engine, JobKind kind) {
  flxlink::JobRequest request;
  request.kind = kind;
  absl::StatusOr<flxlink::Job> job = engine.Enqueue("shop", request);
  if (job.ok()) job = engine.RunUntilFinal(job->job_id);
  if (!job.ok()) return job.status();
  std::cout << ToString(job->kind) << ": " << ToString(job->state);
  for (const auto& [name, count] : job->counts) {
    if (count != 0) std::cout << ", " << count << " " << name;
  }
  std::cout << "\n";
  return job->state == flxlink::JobState::kCompleted ? absl::OkStatus() : absl::UnknownError(job->error->message);
}

absl::Status Main(const std::string& store, const std::string& shop) {
  absl::StatusOr<std::unique_ptr<flxlink::Storage>> storage = flxlink::OpenSqliteStorage(store);
  if (!storage.ok()) return storage.status();
  flxlink::AdapterRegistry adapters;
  flxlink::RegisterCsvChannel(adapters);
  flxlink::EngineOptions options;
  options.storage = storage->get();
  options.adapters = &adapters;
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
  if (!engine.ok()) return engine.status();

  // By SKU first; what that leaves unlinked, by UPC, in whatever form the two sides write it.
  flxlink::ChannelConfig channel;
  channel.name = "shop";
  channel.adapter = "csv";
  channel.settings = {{"path", shop}};
  channel.link_priority = {{"sku", "sku"}, {"upc", "barcode", {flxlink::Normalizer::kGtin}}};
  absl::Status status = (*engine)->AddChannel(channel).status();
  if (!status.ok()) return status;

  status = (*engine)->WriteProducts(Products()).status;
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
    if (status.ok()) status = Run(**engine, kind);
  }
  if (!status.ok()) return status;

  flxlink::PageRequest request;
  do {
    absl::StatusOr<flxlink::ListingPage> page = (*engine)->ListListings("shop", {}, request);
    if (!page.ok()) return page.status();
    for (const flxlink::ListingRow& row : page->rows) {
      std::cout << row.sku << ": " << ToString(row.link_state) << " " << row.external_id << ToString(row.reason)
                << "\n";
    }
    request.after = page->next;
  } while (!request.after.empty());
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed STORE.db SHOP.csv\n";
    return 2;
  }
  const absl::Status status = Main(argv[1], argv[2]);
  if (!status.ok()) std::cerr << "embed: " << status.message() << "\n";
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}

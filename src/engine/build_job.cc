#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "src/engine/jobs.h"
#include "src/jobs/queue.h"
#include "src/linking/link_input.h"

namespace flxlink::engine {
namespace {

// The product variants of a page that have a SKU, as listing variants; `row_of` says which row each came from.
ListingBatch ToListings(JobContext& context, const ProductBatch& products, std::vector<int64_t>* row_of) {
  ListingBatch listings;
  listings.fields.names = products.fields.names;
  listings.fields.columns.resize(products.fields.names.size());
  for (int64_t i = 0; i < products.size(); ++i) {
    if (absl::StripAsciiWhitespace(products.sku[i]).empty()) {
      context.progress().failed += 1;
      context.AddProblem(products.key[i],
                         MakeProblem(problem_code::kNoSku, {{"product", std::string(products.key[i])}},
                                     absl::StrCat("product variant ", products.key[i], " has no SKU")));
      continue;
    }
    const size_t at = static_cast<size_t>(i);
    listings.product_id.push_back(products.product_id[at]);
    listings.sku.Add(products.sku[i]);
    listings.parent.Add(products.parent[i]);
    listings.sync_priority.push_back(products.sync_priority[at]);
    for (size_t f = 0; f < products.fields.columns.size(); ++f) {
      listings.fields.columns[f].Add(products.fields.columns[f][i]);
    }
    row_of->push_back(i);
  }
  return listings;
}

void NoteOutcomes(JobContext& context, const ProductBatch& products, const std::vector<int64_t>& row_of,
                  const std::vector<BuildOutcome>& outcomes) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    switch (outcomes[i]) {
      case BuildOutcome::kCreated:
        context.Count("created", 1);
        break;
      case BuildOutcome::kRefreshed:
        context.Count("refreshed", 1);
        break;
      case BuildOutcome::kUnchanged:
        context.Count("unchanged", 1);
        break;
      case BuildOutcome::kRepeatedSku: {
        const absl::string_view key = products.key[row_of[i]];
        context.progress().failed += 1;
        context.AddProblem(key,
                           MakeProblem(problem_code::kRepeatedSku,
                                       {{"sku", std::string(products.sku[row_of[i]])}, {"product", std::string(key)}},
                                       absl::StrCat("SKU ", products.sku[row_of[i]], " of product variant ", key,
                                                    " belongs to another product variant")));
        continue;
      }
    }
    context.progress().done += 1;
  }
}

// Makes listing variants of the products of one page.
absl::Status BuildPage(JobContext& context, const ProductBatch& products) {
  std::vector<int64_t> row_of;
  const ListingBatch listings = ToListings(context, products, &row_of);
  absl::StatusOr<std::vector<BuildOutcome>> outcomes = context.WriteValue<std::vector<BuildOutcome>>(
      [&](absl::Time now) { return context.storage().WriteListings(context.fence(), listings, now); });
  if (!outcomes.ok()) return outcomes.status();
  NoteOutcomes(context, products, row_of, *outcomes);
  return absl::OkStatus();
}

absl::StatusOr<ProductBatch> ReadPage(JobContext& context, int64_t after_id, absl::Span<const std::string> skus) {
  return context.RetryValue<ProductBatch>(
      [&] { return context.storage().ReadProducts(after_id, skus, context.page_rows()); });
}

// The end of a step, after which a job that yields goes on at `cursor`.
absl::Status ReportAt(JobContext& context, int64_t cursor) {
  context.output().cursor = absl::StrCat(cursor);
  return context.Report();
}

// One that goes on knows it, unless there were more than it counted.
absl::Status CountTotal(JobContext& context, int64_t after_id) {
  JobProgress& progress = context.progress();
  if (progress.total.has_value()) return absl::OkStatus();
  const absl::StatusOr<int64_t> count =
      context.RetryValue<int64_t>([&] { return context.storage().CountProducts(after_id); });
  if (!count.ok()) return count.status();
  progress.total = progress.looked_at() + *count;
  return absl::OkStatus();
}

// Of all products: those with higher ids.
absl::Status BuildAll(JobContext& context, int64_t after_id) {
  const absl::Status counted = CountTotal(context, after_id);
  if (!counted.ok()) return counted;
  for (;;) {
    const absl::StatusOr<ProductBatch> products = ReadPage(context, after_id, {});
    if (!products.ok()) return products.status();
    if (products->size() == 0) return absl::OkStatus();
    absl::Status status = BuildPage(context, *products);
    if (!status.ok()) return status;
    after_id = products->product_id.back();
    status = ReportAt(context, after_id);
    if (!status.ok()) return status;
  }
}

void NoteMissing(JobContext& context, const std::string& sku) {
  context.progress().failed += 1;
  context.AddProblem(
      sku, MakeProblem(problem_code::kNoProduct, {{"sku", sku}}, absl::StrCat("no product variant has SKU ", sku)));
}

// All products of these few SKUs, in one step.
absl::Status BuildSkus(JobContext& context, absl::Span<const std::string> skus) {
  std::set<std::string> missing(skus.begin(), skus.end());
  for (int64_t after_id = 0;;) {
    const absl::StatusOr<ProductBatch> products = ReadPage(context, after_id, skus);
    if (!products.ok()) return products.status();
    if (products->size() == 0) break;
    const absl::Status status = BuildPage(context, *products);
    if (!status.ok()) return status;
    for (int64_t i = 0; i < products->size(); ++i) missing.erase(std::string(products->sku[i]));
    after_id = products->product_id.back();
  }
  for (const std::string& sku : missing) NoteMissing(context, sku);
  return absl::OkStatus();
}

// From the SKU with this number on.
absl::Status BuildSome(JobContext& context, absl::Span<const std::string> skus, size_t first) {
  const size_t most = static_cast<size_t>(context.page_rows());
  context.progress().total = static_cast<int64_t>(skus.size());
  for (size_t at = first; at < skus.size(); at += most) {
    absl::Status status = BuildSkus(context, skus.subspan(at, most));
    if (status.ok()) status = ReportAt(context, static_cast<int64_t>(at + most));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Each once, in their order.
std::vector<std::string> Distinct(const std::vector<std::string>& skus) {
  std::set<absl::string_view> seen;
  std::vector<std::string> distinct;
  for (const std::string& sku : skus) {
    if (seen.insert(sku).second) distinct.push_back(sku);
  }
  return distinct;
}

// Where a link job is to follow and the channel cannot be linked yet, the build says what is missing.
absl::Status NoteThatNoLinkFollows(JobContext& context) {
  const absl::StatusOr<Channel> channel = context.ReadChannel();
  if (!channel.ok()) return channel.status();
  if (!jobs::FeedsLink(context.job(), context.output().counts, channel->config)) return absl::OkStatus();
  const absl::Status ready = linking::CheckReadyToLink(*channel);
  if (!ready.ok()) context.AddProblem(channel->config.name, ProblemFrom(ready));
  return absl::OkStatus();
}

// Where the job goes on. 0: at the beginning.
int64_t FirstOf(const Job& job) {
  int64_t cursor = 0;
  return absl::SimpleAtoi(job.cursor, &cursor) ? cursor : 0;
}

}  // namespace

absl::Status RunBuildJob(JobContext& context) {
  for (absl::string_view name : {"created", "refreshed", "unchanged"}) context.Count(name, 0);
  const int64_t first = FirstOf(context.job());
  if (first == 0) {
    context.SetCount("unchanged", 0);  // What it made itself is among them.
    context.progress() = JobProgress();
  }
  const std::vector<std::string> skus = Distinct(context.job().options.skus);
  const absl::Status status =
      skus.empty() ? BuildAll(context, first) : BuildSome(context, skus, static_cast<size_t>(first));
  return status.ok() ? NoteThatNoLinkFollows(context) : status;
}

}  // namespace flxlink::engine

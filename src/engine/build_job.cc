#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/engine/jobs.h"

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

// Builds the product variants that `skus` names, or all of them.
absl::Status BuildProducts(JobContext& context, absl::Span<const std::string> skus, std::set<std::string>* seen) {
  for (int64_t after_id = 0;;) {
    absl::StatusOr<ProductBatch> products = context.RetryValue<ProductBatch>(
        [&] { return context.storage().ReadProducts(after_id, skus, context.page_rows()); });
    if (!products.ok()) return products.status();
    if (products->size() == 0) return absl::OkStatus();
    after_id = products->product_id.back();

    std::vector<int64_t> row_of;
    const ListingBatch listings = ToListings(context, *products, &row_of);
    absl::StatusOr<std::vector<BuildOutcome>> outcomes = context.WriteValue<std::vector<BuildOutcome>>(
        [&](absl::Time now) { return context.storage().WriteListings(context.fence(), listings, now); });
    if (!outcomes.ok()) return outcomes.status();
    NoteOutcomes(context, *products, row_of, *outcomes);
    if (!skus.empty()) {
      for (int64_t i = 0; i < products->size(); ++i) seen->insert(std::string(products->sku[i]));
    }
    context.progress().total += products->size();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
}

}  // namespace

absl::Status RunBuildJob(JobContext& context) {
  for (absl::string_view name : {"created", "refreshed"}) context.Count(name, 0);
  context.SetCount("unchanged", 0);  // After it yielded, what it made itself is among them.
  context.progress() = JobProgress();
  const std::vector<std::string>& skus = context.job().options.skus;
  std::set<std::string> seen;
  if (skus.empty()) return BuildProducts(context, skus, &seen);
  for (size_t at = 0; at < skus.size(); at += static_cast<size_t>(Storage::kMaxRows)) {
    const absl::Status status =
        BuildProducts(context, absl::MakeConstSpan(skus).subspan(at, static_cast<size_t>(Storage::kMaxRows)), &seen);
    if (!status.ok()) return status;
  }
  for (const std::string& sku : skus) {
    if (seen.insert(sku).second) {
      context.progress().total += 1;
      context.progress().failed += 1;
      context.AddProblem(
          sku, MakeProblem(problem_code::kNoProduct, {{"sku", sku}}, absl::StrCat("no product variant has SKU ", sku)));
    }
  }
  return context.Report();
}

}  // namespace flxlink::engine

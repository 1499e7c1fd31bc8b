// Listing variants for items of a channel, linked to them by hand.

#ifndef FLXLINK_TESTS_ENGINE_LINKED_ITEMS_H_
#define FLXLINK_TESTS_ENGINE_LINKED_ITEMS_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "gtest/gtest.h"

namespace flxlink::engine {

// The items are there, and free.
inline void LinkItems(Engine& engine, const std::string& channel, const std::vector<std::string>& external_ids) {
  ProductBatch products;
  for (const std::string& id : external_ids) {
    products.key.Add(absl::StrCat("of ", id));
    products.sku.Add(absl::StrCat("of ", id));
  }
  ASSERT_TRUE(engine.WriteProducts(products).status.ok());
  JobRequest build;
  build.kind = JobKind::kBuild;
  ASSERT_EQ(engine.RunUntilFinal(engine.Enqueue(channel, build)->job_id)->state, JobState::kCompleted);
  for (const std::string& id : external_ids) {
    ListingEdit link;
    link.kind = ListingEdit::Kind::kLink;
    link.external_id = id;
    ASSERT_EQ(engine.EditListing(channel, absl::StrCat("of ", id), link), absl::OkStatus());
  }
}

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_LINKED_ITEMS_H_

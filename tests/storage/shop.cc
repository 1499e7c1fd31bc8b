#include "tests/storage/shop.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace flxlink {
namespace {

// Columns of the fields of all rows.
template <typename Row>
FieldColumns ToColumns(const std::vector<Row>& rows) {
  FieldColumns columns;
  for (const Row& row : rows) {
    for (const Field& field : row.fields) {
      if (columns.Find(field.name) == nullptr) {
        columns.names.push_back(field.name);
        columns.columns.emplace_back();
      }
    }
  }
  for (size_t i = 0; i < columns.names.size(); ++i) {
    for (const Row& row : rows) columns.columns[i].Add(FieldValue(row.fields, columns.names[i]));
  }
  return columns;
}

void SetHead(const Job& job, Slot* slot) {
  slot->head_job = job.job_id;
  slot->head_prioritized_at = job.prioritized_at;
  slot->head_lane = LaneOf(job);
  slot->head_priority = job.priority;
  slot->head_sync_priority = job.sync_priority;
  slot->head_created_at = job.created_at;
}

}  // namespace

ProductBatch ToBatch(const std::vector<ProductRow>& rows, Currency currency) {
  ProductBatch batch;
  for (const ProductRow& row : rows) {
    batch.key.Add(row.key);
    batch.sku.Add(row.sku);
    batch.parent.Add(row.parent);
    batch.price.push_back(row.price);
    batch.quantity.push_back(row.quantity);
    batch.sync_priority.push_back(row.sync_priority);
  }
  batch.currency = currency;
  batch.fields = ToColumns(rows);
  return batch;
}

PullPage ToPage(const std::vector<PulledItem>& rows, std::string next_cursor) {
  PullPage page;
  for (const PulledItem& row : rows) {
    page.items.external_id.Add(row.external_id);
    page.items.parent_id.Add(row.parent);
    page.items.price.push_back(row.price);
    page.items.quantity.push_back(row.quantity);
    page.items.status.push_back(row.status);
  }
  page.items.fields = ToColumns(rows);
  page.next_cursor = std::move(next_cursor);
  return page;
}

ChannelConfig NamedConfig(const std::string& name) {
  ChannelConfig config;
  config.name = name;
  config.adapter = "simulated";
  return config;
}

Currency CurrencyOf(absl::string_view code) { return Value(Currency::Parse(code)); }

Job NewJob(Storage& storage, int64_t channel_id, JobKind kind) {
  Job job;
  job.job_id = Value(storage.ReserveIds(1));
  job.channel_id = channel_id;
  job.kind = kind;
  job.created_at = At(0);
  return job;
}

QueueChange Enqueue(const QueueSnapshot& queue, const Job& job) {
  QueueChange change;
  change.expected_revision = queue.slot.revision;
  change.slot = queue.slot;
  change.insert.push_back(job);
  SetHead(job, &change.slot);
  return change;
}

QueueChange Claim(const QueueSnapshot& queue, int64_t job_id, OwnerId owner) {
  QueueChange change;
  change.expected_revision = queue.slot.revision;
  change.slot = queue.slot;
  change.slot.holder_job = job_id;
  change.slot.owner = owner;
  ++change.slot.epoch;
  change.slot.claim = ~static_cast<uint64_t>(owner);
  SetHead(Job(), &change.slot);
  change.slot.head_created_at = absl::InfinitePast();
  for (Job job : queue.open_jobs) {
    if (job.job_id == job_id) {
      job.state = JobState::kRunning;
      ++job.attempts;
      job.started_at = At(0);
      change.update.push_back(job);
    } else if (job.state == JobState::kPending) {
      SetHead(job, &change.slot);
    }
  }
  return change;
}

JobReport Progress(absl::optional<int64_t> total, int64_t done, int64_t failed) {
  JobReport report;
  report.progress = {total, done, failed};
  return report;
}

Fence FenceOf(const Slot& slot) { return {slot.channel_id, slot.holder_job, slot.epoch, slot.claim}; }

QueueChange Finish(const QueueSnapshot& queue, JobState state) {
  QueueChange change;
  change.expected_revision = queue.slot.revision;
  change.slot = queue.slot;
  change.slot.holder_job = 0;
  change.slot.owner = 0;
  change.slot.claim = 0;
  for (Job job : queue.open_jobs) {
    if (job.job_id != queue.slot.holder_job) continue;
    job.state = state;
    job.finished_at = At(0);
    change.update.push_back(job);
  }
  return change;
}

Shop::Shop(StorageUnderTest& under_test, const std::string& name) : under_test_(under_test) {
  channel_id_ = Value(storage().CreateChannel(NamedConfig(name))).channel_id;
  StartJob();
}

void Shop::StartJob() {
  owner_ = Value(storage().OpenOwner());
  const Job job = NewJob(storage(), channel_id_);
  EXPECT_EQ(storage().WriteQueue(Enqueue(Queue(), job)), absl::OkStatus());
  EXPECT_EQ(storage().WriteQueue(Claim(Queue(), job.job_id, owner_)), absl::OkStatus());
  fence_ = FenceOf(Queue().slot);
}

void Shop::EndJob() {
  EXPECT_EQ(storage().WriteQueue(Finish(Queue(), JobState::kCompleted)), absl::OkStatus());
  EXPECT_EQ(storage().CloseOwner(owner_), absl::OkStatus());
}

void Shop::ChangeJob() {
  EndJob();
  StartJob();
}

ProductWriteResult Shop::WriteProducts(const std::vector<ProductRow>& rows, absl::Time at) {
  return Value(storage().WriteProducts(ToBatch(rows), at));
}

std::vector<BuildOutcome> Shop::Build(const std::vector<std::string>& skus) {
  const ProductBatch products = Value(storage().ReadProducts(0, skus, Storage::kMaxRows));
  ListingBatch listings;
  listings.product_id = products.product_id;
  listings.sku = products.sku;
  listings.parent = products.parent;
  listings.sync_priority = products.sync_priority;
  listings.fields = products.fields;
  return Value(storage().WriteListings(fence_, listings, At(0)));
}

void Shop::Stock(const std::vector<ProductRow>& rows, absl::Time at) {
  WriteProducts(rows, at);
  std::vector<std::string> skus;
  for (const ProductRow& row : rows) skus.push_back(row.sku);
  Build(skus);
}

PullWriteResult Shop::Pull(const std::vector<PulledItem>& rows, absl::Time at) {
  const int64_t pull_number = Value(storage().BeginPull(fence_, "")).pull_number;
  const PullWriteResult result = Value(storage().WritePulledPages(fence_, pull_number, {ToPage(rows)}, at));
  Value(storage().SweepAbsent(fence_, pull_number, Storage::kMaxRows, at));
  EXPECT_EQ(storage().EndPull(fence_, pull_number, true, "", at), absl::OkStatus());
  return result;
}

void Shop::Link(const std::string& sku, const std::string& external_id, absl::Time at) {
  const LinkWrite row = NewLink(ListingId(sku), ItemId(external_id));
  Value(storage().WriteLinks(fence_, channel().edit_version, {row}, at));
  const ListingRow listing = Listing(sku);
  EXPECT_EQ(listing.link_state, LinkState::kLinked);
  EXPECT_EQ(listing.external_id, external_id);
}

int64_t Shop::ReleaseBroken(absl::Time at) {
  const std::vector<LinkPair> broken = Value(storage().ReadBrokenLinks(channel_id_, 0, Storage::kMaxRows));
  return Value(storage().ReleaseLinks(fence_, broken, {}, at));
}

int64_t Shop::ReleaseDoubtful(absl::Time at) {
  std::vector<LinkPair> doubtful;
  for (const DoubtfulLink& link : Value(storage().ReadDoubtfulLinks(channel_id_, 0, Storage::kMaxRows))) {
    doubtful.push_back(link.link);
  }
  return Value(storage().ReleaseLinks(fence_, doubtful, {}, at));
}

absl::Status Shop::Edit(const std::string& sku, ListingEdit edit, absl::Time at) {
  edit.sku = sku;
  return Value(storage().EditListings(channel_id_, {edit}, at)).at(0).status;
}

void Shop::Clean(const std::string& sku) {
  const SyncRow link = LinkRow(sku);
  SettlementBatch batch;
  batch.rows.push_back(Applied(link, link.acknowledged));
  batch.rows.back().mask = {};
  EXPECT_EQ(storage().WriteSettlements(fence_, batch, At(4)).status(), absl::OkStatus());
}

void Shop::StockAndLink(int count) {
  std::vector<ProductRow> products;
  std::vector<PulledItem> items;
  for (int i = 1; i <= count; ++i) {
    products.push_back({absl::StrCat("K", i), absl::StrCat("S", i), 100, 10});
    items.push_back({absl::StrCat("X", i), 100, 10});
  }
  Stock(products);
  Pull(items);
  for (int i = 1; i <= count; ++i) Link(absl::StrCat("S", i), absl::StrCat("X", i));
}

void Shop::StockAndSync(int count) {
  StockAndLink(count);
  for (int i = 1; i <= count; ++i) Clean(absl::StrCat("S", i));
}

ListingRow Shop::Listing(const std::string& sku) {
  ListingFilter filter;
  filter.skus = {sku};
  const std::vector<ListingRow> rows = Value(storage().ReadListings(channel_id_, filter, 0, 1));
  EXPECT_EQ(rows.size(), 1u) << sku;
  return rows.empty() ? ListingRow() : rows[0];
}

int64_t Shop::ItemId(const std::string& external_id) {
  const ChannelKeyPage page = Value(storage().ReadChannelKeys(channel_id_, {}, 0, Storage::kMaxRows));
  for (int64_t i = 0; i < page.size(); ++i) {
    if (page.external_id[i] == external_id) return page.channel_variant_id[static_cast<size_t>(i)];
  }
  ADD_FAILURE() << "no item " << external_id;
  return 0;
}

bool Shop::IsLiveItem(const std::string& external_id) {
  const ChannelKeyPage page = Value(storage().ReadChannelKeys(channel_id_, {}, ItemId(external_id) - 1, 1));
  return page.size() == 1 && page.live[0] != 0;
}

SyncRow Shop::LinkRow(const std::string& sku) {
  const SyncBatch batch = Value(storage().ReadLinksBySku(channel_id_, {sku}));
  EXPECT_EQ(batch.size(), 1) << sku;
  return batch.rows.empty() ? SyncRow() : batch.rows[0];
}

std::vector<LinkEvent> Shop::History(const std::string& sku) {
  HistoryFilter filter;
  filter.sku = sku;
  std::vector<LinkEvent> events;
  for (LinkHistoryRow& row : Value(storage().ReadLinkHistory(channel_id_, filter, {}, Storage::kMaxRows))) {
    events.push_back(std::move(row.event));
  }
  return events;
}

void Shop::ExpectBroken(const std::string& sku, const std::string& external_id, absl::Time at) {
  SCOPED_TRACE(sku);
  const ListingRow row = Listing(sku);
  EXPECT_EQ(row.link_state, LinkState::kBroken);
  EXPECT_EQ(row.external_id, external_id);
  EXPECT_FALSE(row.dirty);
  ASSERT_EQ(row.attentions.size(), 1u);
  EXPECT_EQ(row.attentions[0].code, problem_code::kItemGone);
  EXPECT_EQ(row.attentions[0].args, (std::vector<Field>{{"external_id", external_id}}));
  EXPECT_NE(row.attentions[0].message.find(external_id), std::string::npos);
  EXPECT_FALSE(IsLiveItem(external_id));
  const LinkEvent last = History(sku).back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kBroken);
  EXPECT_EQ(last.external_id, external_id);
  EXPECT_EQ(last.job_id, fence_.job_id);
  EXPECT_EQ(last.at, at);
}

std::vector<std::string> Shop::DirtySkus() {
  Storage::DirtyCursor cursor;
  const SyncBatch batch = Value(storage().ReadDirty(channel_id_, &cursor, Storage::kMaxRows));
  std::vector<std::string> skus;
  for (int64_t i = 0; i < batch.size(); ++i) skus.emplace_back(batch.sku[i]);
  return skus;
}

LinkWrite NewLink(int64_t listing_id, int64_t channel_variant_id) {
  LinkWrite row;
  row.listing_id = listing_id;
  row.channel_variant_id = channel_variant_id;
  row.rule = 1;
  return row;
}

PushRecord Push(int64_t push_id, const std::vector<SyncRow>& links, absl::Time call_deadline) {
  PushRecord record;
  record.push_id = push_id;
  record.call_deadline = call_deadline;
  for (const SyncRow& link : links) {
    PushItem item;
    item.listing_id = link.listing_id;
    item.channel_variant_id = link.channel_variant_id;
    item.dirty_version = link.dirty_version;
    item.mask = {SyncField::kPrice, SyncField::kQuantity};
    item.values = {link.product_price, link.product_quantity, ChannelStatus::kUnknown};
    item.idempotency_key = absl::StrCat(link.listing_id, "-", link.dirty_version);
    record.items.push_back(item);
  }
  return record;
}

Reconciliation Found(const SyncRow& link) {
  Reconciliation row;
  row.listing_id = link.listing_id;
  row.channel_variant_id = link.channel_variant_id;
  return row;
}

Settlement Applied(const SyncRow& link, const ItemValues& values) {
  Settlement row;
  row.listing_id = link.listing_id;
  row.channel_variant_id = link.channel_variant_id;
  row.dirty_version = link.dirty_version;
  row.settled = true;
  row.mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  row.acknowledged = values;
  return row;
}

Settlement Gone(const SyncRow& link) {
  Settlement row;
  row.listing_id = link.listing_id;
  row.channel_variant_id = link.channel_variant_id;
  row.dirty_version = link.dirty_version;
  row.gone = true;
  return row;
}

SettlementBatch Settled(int64_t push_id, std::vector<Settlement> rows) {
  SettlementBatch batch;
  batch.push_id = push_id;
  batch.rows = std::move(rows);
  return batch;
}

}  // namespace flxlink

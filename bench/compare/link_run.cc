// One measured run, as one line of JSON on the standard output. link.py runs this program; see link.sh.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bench/compare/link_report.h"
#include "bench/compare/link_sql.h"
#include "bench/compare/link_store.h"
#include "bench/link_data.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"

namespace flxlink {
namespace {

constexpr char kUsage[] = R"(usage: link_run COMMAND ARGUMENTS
  generate ROWS FOLDER        writes listings.csv and channel.csv
  memory FOLDER               matches the two files' variants in memory; best of three
  huge ROWS LIMIT_BYTES       matches made-up sources under a limit of memory
  checksum FILE               counts and sums up the links of a CSV file
  sqlite-load ROWS STORE      makes a store of made-up variants
  sqlite-full STORE           runs a link job
  sqlite-incremental STORE    links 1,000 new listings, five times
  sqlite-explain STORE        explains 1,000 listing variants
  sqlite-bare FINISHED STORE  writes to one store the links of another
  sqlite-sql STORE            links in SQL alone
)";

constexpr int kThreads = 2;
constexpr int kRepeats = 3;
constexpr int kIncrementalRounds = 5;

LinkPriority Rules() { return {{"sku", "sku"}, {"upc", "barcode"}}; }

int64_t Rows(const MatchInput& input) { return input.listings->row_count() + input.channel->row_count(); }

// ---------------------------------------------------------------------------------------------------------------------
// Files
// ---------------------------------------------------------------------------------------------------------------------

absl::Status WriteSide(const LinkData& data, DataSide side, absl::string_view header, const std::string& path) {
  constexpr size_t kBufferBytes = 1 << 20;
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, ": it cannot be written"));
  std::string buffer(header);
  bool written = true;
  const auto flush = [&] {
    written = written && std::fwrite(buffer.data(), 1, buffer.size(), file) == buffer.size();
    buffer.clear();
  };
  for (int64_t row = 0; row < data.rows(); ++row) {
    data.AppendId(side, row, &buffer);
    buffer.push_back(',');
    data.AppendParent(side, row, &buffer);
    buffer.push_back(',');
    data.AppendSku(side, row, &buffer);
    buffer.push_back(',');
    data.AppendBarcode(side, row, &buffer);
    buffer.push_back('\n');
    if (buffer.size() >= kBufferBytes) flush();
  }
  flush();
  const bool closed = std::fclose(file) == 0;
  return written && closed ? absl::OkStatus() : absl::ResourceExhaustedError(absl::StrCat(path, ": it is cut off"));
}

absl::Status Generate(int64_t rows, const std::string& folder) {
  const Stopwatch watch;
  const LinkData data(rows);
  absl::Status sides[2];
  NewThreadExecutor(kThreads)->ParallelFor(2, [&](int side) {
    sides[side] =
        side == 0
            ? WriteSide(data, DataSide::kListings, "id,parent_id,sku,upc\n", absl::StrCat(folder, "/listings.csv"))
            : WriteSide(data, DataSide::kChannel, "id,parent_id,sku,barcode\n", absl::StrCat(folder, "/channel.csv"));
  });
  for (const absl::Status& status : sides) {
    if (!status.ok()) return status;
  }
  Report report("generate");
  report.Add("seconds", watch.seconds());
  report.Print();
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------------------------------------
// Matches in memory
// ---------------------------------------------------------------------------------------------------------------------

// Keeps which channel row each listing row is linked to, and by which rule.
class LinkCollector : public LinkSink {
 public:
  explicit LinkCollector(int64_t rows) : links_(static_cast<size_t>(rows)) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes, absl::Span<const LinkDetail>) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      links_[static_cast<size_t>(row_base) + i] = {static_cast<int32_t>(outcomes[i].channel_row), outcomes[i].rule};
    }
    return absl::OkStatus();
  }

  LinkDigest Digest(const CsvCatalog& listings, const CsvCatalog& channel) const {
    LinkDigest digest;
    for (size_t row = 0; row < links_.size(); ++row) {
      if (links_[row].channel_row < 0) continue;
      digest.Add(listings.id(static_cast<int64_t>(row)), channel.id(links_[row].channel_row), links_[row].rule);
    }
    return digest;
  }

 private:
  struct Link {
    int32_t channel_row = 0;
    int32_t rule = 0;
  };
  std::vector<Link> links_;
};

absl::StatusOr<std::unique_ptr<CsvCatalog>> ReadCatalog(const std::string& path, const std::string& code,
                                                        Executor& executor) {
  CsvCatalogOptions options;
  options.fields = {"sku", code};
  options.parents = false;
  options.lookup = false;
  return CsvCatalog::Read(path, options, executor);
}

// What the catalog holds, as a host would have it in memory.
absl::StatusOr<VariantTable> TableOf(const CsvCatalog& catalog) {
  VariantTable table(2);
  for (int part = 0; part < catalog.part_count(); ++part) {
    absl::Status status = catalog.Scan(part, {0, 1}, [&](const VariantChunk& chunk) {
      for (int64_t i = 0; i < chunk.row_count; ++i) table.AddRow({chunk.columns[0][i], chunk.columns[1][i]}, "");
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
  }
  return table;
}

absl::Status MatchInMemory(const std::string& folder) {
  const std::unique_ptr<Executor> executor = NewThreadExecutor(kThreads);
  auto listings = ReadCatalog(folder + "/listings.csv", "upc", *executor);
  if (!listings.ok()) return listings.status();
  auto channel = ReadCatalog(folder + "/channel.csv", "barcode", *executor);
  if (!channel.ok()) return channel.status();
  const absl::StatusOr<VariantTable> listing_table = TableOf(**listings);
  const absl::StatusOr<VariantTable> channel_table = TableOf(**channel);
  if (!listing_table.ok()) return listing_table.status();
  if (!channel_table.ok()) return channel_table.status();
  MatchInput input;
  input.listings = &*listing_table;
  input.channel = &*channel_table;
  input.rule_columns = {{0, 0}, {1, 1}};
  const absl::StatusOr<Linker> linker = Linker::Create(Rules());
  if (!linker.ok()) return linker.status();
  MatchOptions options;
  options.executor = executor.get();

  LinkCollector links(input.listings->row_count());
  double best = 0;
  ForgetPeakMemory();
  const int64_t before = MemoryBytes();
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const Stopwatch watch;
    const absl::Status status = linker->Match(input, options, links).status();
    if (!status.ok()) return status;
    best = repeat == 0 ? watch.seconds() : std::min(best, watch.seconds());
  }
  Report report("memory");
  report.Add("seconds", best);
  report.AddPeakMemory();
  report.Add("temp_bytes_per_variant",
             static_cast<double>(PeakMemoryBytes() - before) / static_cast<double>(Rows(input)));
  report.Add(links.Digest(**listings, **channel));
  report.Print();
  return absl::OkStatus();
}

// Counts how often a source is read.
class CountedSource : public VariantSource {
 public:
  CountedSource(const LinkData& data, DataSide side) : source_(data, side) {}

  int64_t row_count() const override { return source_.row_count(); }
  int part_count() const override { return source_.part_count(); }
  absl::Status Scan(int part, absl::Span<const int> columns,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override {
    if (part == 0) ++scans_;
    return source_.Scan(part, columns, visit);
  }

  int64_t scans() const { return scans_; }

 private:
  const LinkDataSource source_;
  mutable std::atomic<int64_t> scans_{0};
};

// Sums up the links, with the ids that the rows have.
class DigestSink : public LinkSink {
 public:
  explicit DigestSink(const LinkData& data) : data_(data) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes, absl::Span<const LinkDetail>) override {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].state != LinkState::kLinked) continue;
      listing_id_.clear();
      channel_id_.clear();
      data_.AppendId(DataSide::kListings, row_base + static_cast<int64_t>(i), &listing_id_);
      data_.AppendId(DataSide::kChannel, outcomes[i].channel_row, &channel_id_);
      digest_.Add(listing_id_, channel_id_, outcomes[i].rule);
    }
    return absl::OkStatus();
  }

  const LinkDigest& digest() const { return digest_; }

 private:
  const LinkData& data_;
  LinkDigest digest_;
  std::string listing_id_;
  std::string channel_id_;
};

absl::Status MatchHuge(int64_t rows, int64_t limit_bytes) {
  const std::unique_ptr<Executor> executor = NewThreadExecutor(kThreads);
  const LinkData data(rows);
  const CountedSource listings(data, DataSide::kListings);
  const CountedSource channel(data, DataSide::kChannel);
  MatchInput input;
  input.listings = &listings;
  input.channel = &channel;
  input.rule_columns = {{0, 0}, {1, 1}};
  const absl::StatusOr<Linker> linker = Linker::Create(Rules());
  if (!linker.ok()) return linker.status();
  MatchOptions options;
  options.executor = executor.get();
  options.memory_limit_bytes = limit_bytes;
  DigestSink sink(data);
  const Stopwatch watch;
  const absl::StatusOr<MatchStats> stats = linker->Match(input, options, sink);
  if (!stats.ok()) return stats.status();
  Report report("huge");
  report.Add("rows", rows);
  report.Add("limit_bytes", limit_bytes);
  report.Add("seconds", watch.seconds());
  report.AddPeakMemory();
  report.Add("scans_of_listings", listings.scans());
  report.Add("scans_of_channel", channel.scans());
  report.Add("unlinked", stats->unlinked);
  report.Add(sink.digest());
  report.Print();
  return absl::OkStatus();
}

absl::Status Checksum(const std::string& path) {
  LinkDigest digest;
  if (absl::Status status = DigestCsv(path, &digest); !status.ok()) return status;
  Report report("checksum");
  report.Add(digest);
  report.Print();
  return absl::OkStatus();
}

// ---------------------------------------------------------------------------------------------------------------------
// The command line
// ---------------------------------------------------------------------------------------------------------------------

using Arguments = std::vector<std::string>;

struct Command {
  size_t arguments;
  std::function<absl::Status(const Arguments& arguments)> run;
};

// Calls `run` with the number that `text` says.
absl::Status WithNumber(const std::string& text, const std::function<absl::Status(int64_t number)>& run) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 1) {
    return absl::InvalidArgumentError(absl::StrCat(text, ": it is not a number above 0"));
  }
  return run(number);
}

const std::map<std::string, Command>& Commands() {
  static const auto* const commands = new std::map<std::string, Command>{
      {"generate",
       {2, [](const Arguments& a) { return WithNumber(a[0], [&](int64_t rows) { return Generate(rows, a[1]); }); }}},
      {"memory", {1, [](const Arguments& a) { return MatchInMemory(a[0]); }}},
      {"huge",
       {2,
        [](const Arguments& a) {
          return WithNumber(a[0], [&](int64_t rows) {
            return WithNumber(a[1], [&](int64_t limit) { return MatchHuge(rows, limit); });
          });
        }}},
      {"checksum", {1, [](const Arguments& a) { return Checksum(a[0]); }}},
      {"sqlite-load",
       {2, [](const Arguments& a) { return WithNumber(a[0], [&](int64_t rows) { return LoadStore(rows, a[1]); }); }}},
      {"sqlite-full", {1, [](const Arguments& a) { return LinkStore(a[0]); }}},
      {"sqlite-incremental", {1, [](const Arguments& a) { return LinkNewListings(a[0], kIncrementalRounds); }}},
      {"sqlite-explain", {1, [](const Arguments& a) { return ExplainListings(a[0]); }}},
      {"sqlite-bare",
       {2,
        [](const Arguments& a) {
          CopyLinks(a[0], a[1]);
          return absl::OkStatus();
        }}},
      {"sqlite-sql",
       {1,
        [](const Arguments& a) {
          LinkInSql(a[0]);
          return absl::OkStatus();
        }}},
  };
  return *commands;
}

int Main(const Arguments& words) {
  const auto command = words.empty() ? Commands().end() : Commands().find(words[0]);
  if (command == Commands().end() || words.size() != command->second.arguments + 1) {
    std::cerr << kUsage;
    return 2;
  }
  const absl::Status status = command->second.run(Arguments(words.begin() + 1, words.end()));
  if (!status.ok()) std::cerr << "link_run: " << status.message() << "\n";
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace flxlink

int main(int argc, char** argv) { return flxlink::Main(std::vector<std::string>(argv + 1, argv + argc)); }

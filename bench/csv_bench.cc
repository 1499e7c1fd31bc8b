// CSV in and out: files of five short columns, one of them in quotes, read as `flxlink match` reads them, and rows of
// ids written.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/csv_field.h"
#include "flxlink/executor.h"
#include "src/csv/csv_reader.h"

namespace flxlink {
namespace {

std::string MakeText(int64_t rows) {
  std::string text = "id,parent_id,sku,upc,title\n";
  for (int64_t i = 0; i < rows; ++i) {
    absl::StrAppendFormat(&text, "L%08d,P%07d,SKU-%09d-X,%012d,\"Item, number %d\"\n", i, i / 4, i, i * 37, i);
  }
  return text;
}

// A file with this text, gone at the end.
class TempFile {
 public:
  explicit TempFile(absl::string_view text) {
    const int descriptor = mkstemp(&path_[0]);
    if (descriptor < 0) std::abort();
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TempFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/flxlink-csv-bench-XXXXXX";
};

void SetRates(benchmark::State& state, size_t bytes) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

// Arguments: rows, threads.
void BM_ReadCatalog(benchmark::State& state) {
  const std::string text = MakeText(state.range(0));
  const TempFile file(text);
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(1)));
  CsvCatalogOptions options;
  options.fields = {"sku", "upc"};
  options.parents = false;
  options.lookup = false;
  for (auto _ : state) {
    const auto catalog = CsvCatalog::Read(file.path(), options, *executor);
    if (!catalog.ok() || (*catalog)->row_count() != state.range(0)) state.SkipWithError("the file was not read");
  }
  SetRates(state, text.size());
}
BENCHMARK(BM_ReadCatalog)
    ->ArgNames({"rows", "threads"})
    ->ArgsProduct({{1000000}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Record by record, as all other files are read.
void BM_ReadRecords(benchmark::State& state) {
  const std::string text = MakeText(state.range(0));
  for (auto _ : state) {
    absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText("text", text);
    csv::CsvRecord record;
    int64_t rows = 0;
    while (reader.ok() && *reader->Next(&record)) ++rows;
    if (rows != state.range(0)) state.SkipWithError("the text was not read");
  }
  SetRates(state, text.size());
}
BENCHMARK(BM_ReadRecords)->ArgName("rows")->Arg(1000000)->Unit(benchmark::kMillisecond);

// Fields without and with something to quote.
void BM_AppendField(benchmark::State& state) {
  const absl::string_view field = state.range(0) == 0 ? "L00000001" : "12\" x 3, steel";
  std::string text;
  for (auto _ : state) {
    if (text.size() > 100000) text.clear();
    AppendCsvField(field, &text);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendField)->ArgName("quoted")->Arg(0)->Arg(1);

}  // namespace
}  // namespace flxlink

#include "src/cli/product_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/product.h"
#include "src/cli/option_checks.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

struct ImportFlags {
  std::string file;
  std::string dialect = "generic";
  std::string currency = "USD";
};

// Reads the whole file before anything is written: one with an error in it changes nothing.
absl::StatusOr<std::vector<ProductBatch>> ReadProducts(const ImportFlags& flags) {
  absl::StatusOr<CsvDialect> dialect = ParseCsvDialect(flags.dialect);
  if (!dialect.ok()) return dialect.status();
  absl::StatusOr<Currency> currency = Currency::Parse(flags.currency);
  if (!currency.ok()) return currency.status();
  ProductCsvOptions options;
  options.dialect = *dialect;
  options.currency = *currency;
  std::vector<ProductBatch> pages;
  const absl::Status status = ReadProductCsv(flags.file, options, [&](const ProductBatch& page) {
    pages.push_back(page);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return pages;
}

absl::StatusOr<ProductWriteResult> WritePages(Session& session, const std::vector<ProductBatch>& pages) {
  ProductWriteResult total;
  for (const ProductBatch& page : pages) {
    absl::StatusOr<ProductWriteResult> written = session.engine().WriteProducts(page);
    if (!written.ok()) return written.status();
    total.inserted += written->inserted;
    total.changed += written->changed;
    total.unchanged += written->unchanged;
    total.dirtied += written->dirtied;
    session.progress_line().Show(
        absl::StrCat("product import: ", total.inserted + total.changed + total.unchanged, " written"));
  }
  session.progress_line().Erase();
  return total;
}

absl::Status Import(Session& session, const ImportFlags& flags) {
  absl::StatusOr<std::vector<ProductBatch>> pages = ReadProducts(flags);
  if (!pages.ok()) return pages.status();
  absl::StatusOr<ProductWriteResult> written = WritePages(session, *pages);
  if (!written.ok()) return written.status();
  if (session.json()) {
    return PrintJson({{"file", flags.file},
                      {"inserted", written->inserted},
                      {"changed", written->changed},
                      {"unchanged", written->unchanged},
                      {"dirtied", written->dirtied}});
  }
  return PrintLine(absl::StrCat("product import: ", written->inserted, " new, ", written->changed, " changed, ",
                                written->unchanged, " unchanged; links marked to be sent: ", written->dirtied));
}

}  // namespace

void AddProductCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("product", "Take products in")->require_subcommand(1);
  CLI::App* command = group->add_subcommand("import", "Take in products from a CSV file: new ones, and changes");
  const auto flags = std::make_shared<ImportFlags>();
  command->add_option("F", flags->file, "CSV file of products")->required()->type_name("");
  TakeOneOf(command->add_option("--dialect", flags->dialect, "What the file's columns mean (default: generic)"),
            {"generic", "shopify"});
  command->add_option("--currency", flags->currency, "Of the file's prices, as an ISO 4217 code (default: USD)")
      ->check(Parses([](const std::string& text) { return Currency::Parse(text).status(); }))
      ->type_name("CODE");
  SetWork(
      command, globals, action, [flags](Session& session) { return Import(session, *flags); }, StoreUse::kMayMake);
}

}  // namespace flxlink::cli

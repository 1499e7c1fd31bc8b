#include "src/cli/product_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/filter.h"
#include "flxlink/product.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"

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

// -- Products that are there

std::vector<std::string> TableRow(const ProductBatch& products, int64_t row) {
  const size_t at = static_cast<size_t>(row);
  const int64_t price = products.price[at];
  const int64_t quantity = products.quantity[at];
  return {std::string(products.key[row]),
          std::string(products.sku[row]),
          std::string(products.parent[row]),
          price == kAbsent ? "" : FormatMoney(Money{price, products.currency}),
          price == kAbsent ? "" : std::string(products.currency.code()),
          quantity == kAbsent ? "" : absl::StrCat(quantity)};
}

// Every product that the filter asks for, page by page.
absl::Status ForEachProduct(Session& session, const ProductFilter& filter,
                            absl::FunctionRef<absl::Status(const ProductBatch&, int64_t row)> visit) {
  return ForEachPage([&](const PageRequest& page) { return session.engine().ListProducts(filter, page); },
                     [&](const ProductBatch& products) {
                       for (int64_t row = 0; row < products.size(); ++row) {
                         if (absl::Status status = visit(products, row); !status.ok()) return status;
                       }
                       return absl::OkStatus();
                     });
}

absl::Status List(Session& session) {
  if (session.json()) {
    JsonArray array;
    const absl::Status status = ForEachProduct(
        session, {}, [&](const ProductBatch& products, int64_t row) { return array.Add(ProductView(products, row)); });
    return status.ok() ? array.Finish() : status;
  }
  TextTable table({"KEY", "SKU", "PARENT", "PRICE", "CURRENCY", "QUANTITY"});
  const absl::Status status = ForEachProduct(
      session, {}, [&](const ProductBatch& products, int64_t row) { return table.AddRow(TableRow(products, row)); });
  return status.ok() ? table.Finish() : status;
}

// One line a value that there is.
std::string Describe(const Json& product) {
  std::string text = absl::StrCat("product ", OneLine(product["key"].get<std::string>()), "\n");
  for (const auto& [name, value] : product.items()) {
    if (name == "key" || name == "fields" || value.is_null()) continue;
    absl::StrAppend(&text, "  ", name, ": ", OneLine(value.is_string() ? value.get<std::string>() : value.dump()),
                    "\n");
  }
  for (const auto& [name, value] : product["fields"].items()) {
    absl::StrAppend(&text, "  ", OneLine(name), ": ", OneLine(value.get<std::string>()), "\n");
  }
  return text;
}

// Several product variants can have one SKU.
absl::Status Show(Session& session, const std::string& sku) {
  ProductFilter filter;
  filter.skus = {sku};
  std::vector<Json> views;
  const absl::Status status = ForEachProduct(session, filter, [&](const ProductBatch& products, int64_t row) {
    views.push_back(ProductView(products, row));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (views.empty()) {
    return absl::NotFoundError(
        absl::StrCat("there is no product with SKU ", sku, "; see those there are: flxlink product list"));
  }
  if (!session.json()) {
    std::string text;
    for (const Json& view : views) absl::StrAppend(&text, Describe(view));
    return PrintText(text);
  }
  JsonArray array;
  for (const Json& view : views) {
    if (absl::Status added = array.Add(view); !added.ok()) return added;
  }
  return array.Finish();
}

}  // namespace

void AddProductCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("product", "Take products in, and look at them")->require_subcommand(1);
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
  SetWork(group->add_subcommand("list", "List the products"), globals, action, &List);
  CLI::App* show = group->add_subcommand("show", "Show the products with a SKU");
  const auto sku = std::make_shared<std::string>();
  show->add_option("SKU", *sku, "The product variant's SKU")->required()->type_name("");
  SetWork(show, globals, action, [sku](Session& session) { return Show(session, *sku); });
}

}  // namespace flxlink::cli

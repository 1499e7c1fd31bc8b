#include "src/cli/product_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/filter.h"
#include "flxlink/problem.h"
#include "flxlink/product.h"
#include "src/cli/confirm.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/progress_line.h"
#include "src/cli/text_table.h"

namespace flxlink::cli {
namespace {

// Of an import, as text.
constexpr size_t kRefusalsShown = 20;

struct ImportFlags {
  std::string file;
  std::string dialect = "generic";
  std::string currency = "USD";
  std::string decimal;
  std::vector<std::string> columns;
  std::string as_of;
  std::string source;
  std::string absent;
};

absl::StatusOr<std::pair<std::string, std::string>> ParseColumn(const std::string& text) {
  const std::pair<std::string, std::string> column = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!column.first.empty() && !column.second.empty()) return column;
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" names no column; write FIELD=HEADER"));
}

absl::StatusOr<absl::Time> ParseInstant(const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) && time > absl::UnixEpoch() &&
      time < absl::InfiniteFuture()) {
    return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no time; write it like 2026-01-31T08:30:00Z or 2026-01-31T09:30:00+01:00"));
}

AbsentProducts AbsentOf(const ImportFlags& flags) {
  if (flags.absent == "zero") return AbsentProducts::kZero;
  return flags.absent == "remove" ? AbsentProducts::kRemove : AbsentProducts::kKeep;
}

// Reads the whole file before anything is written: one with an error in it changes nothing.
absl::StatusOr<std::vector<ProductBatch>> ReadProducts(const ImportFlags& flags) {
  absl::StatusOr<CsvDialect> dialect = ParseCsvDialect(flags.dialect);
  if (!dialect.ok()) return dialect.status();
  absl::StatusOr<Currency> currency = Currency::Parse(flags.currency);
  if (!currency.ok()) return currency.status();
  ProductCsvOptions options;
  options.dialect = *dialect;
  options.currency = *currency;
  if (!flags.decimal.empty()) {
    absl::StatusOr<DecimalMark> decimal = ParseDecimalMark(flags.decimal);
    if (!decimal.ok()) return decimal.status();
    options.decimal = *decimal;
  }
  for (const std::string& text : flags.columns) {
    absl::StatusOr<std::pair<std::string, std::string>> column = ParseColumn(text);
    if (!column.ok()) return column.status();
    options.columns.push_back(*std::move(column));
  }
  std::vector<ProductBatch> pages;
  const absl::Status status = ReadProductCsv(flags.file, options, [&](const ProductBatch& page) {
    pages.push_back(page);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return pages;
}

// Says of the pages what the command line says of all of them.
absl::Status Stamp(Session& session, const ImportFlags& flags, std::vector<ProductBatch>* pages) {
  absl::optional<absl::Time> as_of;
  if (!flags.as_of.empty()) {
    const absl::StatusOr<absl::Time> time = ParseInstant(flags.as_of);
    if (!time.ok()) return time.status();
    as_of = *time;
  }
  ProductImport import;
  if (!flags.source.empty()) {
    absl::StatusOr<ProductImport> begun = session.engine().BeginImport(flags.source);
    if (!begun.ok()) return begun.status();
    import = *std::move(begun);
  }
  for (ProductBatch& page : *pages) {
    page.quantity_as_of = as_of;
    page.import = import;
  }
  return absl::OkStatus();
}

// Writes the pages until one cannot be written.
ProductWriteRun WritePages(Session& session, const std::vector<ProductBatch>& pages) {
  ProgressLine line;
  ProductWriteRun total;
  for (const ProductBatch& page : pages) {
    Append(session.engine().WriteProducts(page), &total);
    if (!total.status.ok()) break;
    line.Show(absl::StrCat("product import: ", total.rows, " written"));
  }
  return total;
}

// What an import came to.
struct ImportRun {
  ProductWriteRun written;
  AbsentResult absent;
};

Json ImportView(const ImportFlags& flags, const ImportRun& run) {
  const ProductWriteResult& written = run.written.result;
  Json refused = Json::array();
  for (const RowRefusal& refusal : written.refused) {
    Json view = {{"row", refusal.row + 1}};
    view.update(ProblemView(refusal.problem, {}));
    refused.push_back(std::move(view));
  }
  return {{"file", flags.file},
          {"source", flags.source.empty() ? Json() : Json(flags.source)},
          {"inserted", written.inserted},
          {"changed", written.changed},
          {"unchanged", written.unchanged},
          {"outdated", written.outdated},
          {"absent", run.absent.absent},
          {"dirtied", written.dirtied + run.absent.dirtied},
          {"refused", std::move(refused)}};
}

std::string DescribeAbsent(const ImportFlags& flags, const AbsentResult& absent) {
  if (absent.unproved) return "  a variant's key could not be read, so that none is taken for absent\n";
  if (absent.absent == 0) return "";
  return absl::StrCat("  absent: ", absent.absent,
                      AbsentOf(flags) == AbsentProducts::kZero ? ", their quantity is 0 now\n" : ", removed\n");
}

std::string DescribeImport(const ImportFlags& flags, const ImportRun& run) {
  const ProductWriteResult& written = run.written.result;
  std::string text = absl::StrCat("product import: ", written.inserted, " new, ", written.changed, " changed, ",
                                  written.unchanged, " unchanged");
  if (written.outdated > 0) absl::StrAppend(&text, ", ", written.outdated, " with an outdated quantity");
  if (!written.refused.empty()) absl::StrAppend(&text, ", ", written.refused.size(), " refused");
  absl::StrAppend(&text, "; links marked to be sent: ", written.dirtied + run.absent.dirtied, "\n",
                  DescribeAbsent(flags, run.absent));
  for (size_t i = 0; i < written.refused.size() && i < kRefusalsShown; ++i) {
    const RowRefusal& refusal = written.refused[i];
    absl::StrAppend(&text, "  variant ", refusal.row + 1, ": ", OneLine(refusal.problem.message), "\n");
  }
  if (written.refused.size() > kRefusalsShown) {
    absl::StrAppend(&text, "  and ", written.refused.size() - kRefusalsShown, " more; --json names all\n");
  }
  return text;
}

// An import that ended early, and rows that were refused, are errors.
absl::Status ImportError(const std::string& file, const ProductWriteRun& run, int64_t rows) {
  if (!run.status.ok()) {
    const absl::Status status(
        run.status.code(), absl::StrCat(file, ": after ", run.rows, " of ", rows, " variants: ", run.status.message(),
                                        "; import the file again, what was written stays"));
    return WithProblem(status, ProblemFrom(run.status));
  }
  if (run.result.refused.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(file, ": ", run.result.refused.size(), " of ", rows,
                                                    " variants were refused; correct them and import the file again"));
}

// A file without a row was more often cut off than meant.
absl::Status CheckAbsent(const ImportFlags& flags, const std::vector<ProductBatch>& pages) {
  if (!pages.empty() || AbsentOf(flags) == AbsentProducts::kKeep) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      flags.file, ": there is no product in it, so that all would be absent; remove them: flxlink product remove"));
}

// What is to become of what the file does not have.
absl::Status EndImport(Session& session, const ImportFlags& flags, const std::vector<ProductBatch>& pages,
                       AbsentResult* absent) {
  if (flags.source.empty() || pages.empty()) return absl::OkStatus();
  absl::StatusOr<AbsentResult> ended = session.engine().EndImport(pages[0].import, AbsentOf(flags));
  if (!ended.ok()) return ended.status();
  *absent = *ended;
  return absl::OkStatus();
}

absl::Status Import(Session& session, const ImportFlags& flags) {
  absl::StatusOr<std::vector<ProductBatch>> pages = ReadProducts(flags);
  if (!pages.ok()) return pages.status();
  absl::Status status = CheckAbsent(flags, *pages);
  if (status.ok()) status = Stamp(session, flags, &*pages);
  if (!status.ok()) return status;
  int64_t rows = 0;
  for (const ProductBatch& page : *pages) rows += page.size();
  ImportRun run;
  run.written = WritePages(session, *pages);
  absl::Status ended;
  if (run.written.status.ok()) ended = EndImport(session, flags, *pages, &run.absent);
  const absl::Status printed =
      session.json() ? PrintJson(ImportView(flags, run)) : PrintText(DescribeImport(flags, run));
  if (!printed.ok() || !ended.ok()) return printed.ok() ? ended : printed;
  return ImportError(flags.file, run.written, rows);
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

// -- Removing products

struct RemoveFlags {
  std::vector<std::string> skus;
  bool yes = false;
};

absl::string_view OutcomeText(ProductRemoval outcome) {
  switch (outcome) {
    case ProductRemoval::kRemoved:
      return "removed";
    case ProductRemoval::kRemovedBefore:
      return "removed_before";
    case ProductRemoval::kNoProduct:
      return "no_product";
  }
  return "";
}

std::string Sentence(const std::string& sku, ProductRemoval outcome) {
  switch (outcome) {
    case ProductRemoval::kRemoved:
      return absl::StrCat("product ", sku,
                          ": removed; the next sync takes it off sale on its channels: quantity 0, and hidden");
    case ProductRemoval::kRemovedBefore:
      return absl::StrCat("product ", sku, ": was removed before");
    case ProductRemoval::kNoProduct:
      return absl::StrCat("product ", sku, ": there is none");
  }
  return "";
}

absl::Status PrintRemoval(bool json, const std::vector<std::string>& skus, const ProductRemovalResult& removed) {
  if (json) {
    Json products = Json::array();
    for (size_t i = 0; i < removed.outcomes.size(); ++i) {
      products.push_back({{"sku", skus[i]}, {"outcome", std::string(OutcomeText(removed.outcomes[i]))}});
    }
    return PrintJson({{"products", std::move(products)}, {"dirtied", removed.dirtied}});
  }
  std::string text;
  for (size_t i = 0; i < removed.outcomes.size(); ++i) {
    absl::StrAppend(&text, OneLine(Sentence(skus[i], removed.outcomes[i])), "\n");
  }
  return PrintText(absl::StrCat(text, "links marked to be sent: ", removed.dirtied, "\n"));
}

// A SKU that no product has is an error, once the others are removed.
absl::Status RemovalError(const std::vector<std::string>& skus, const ProductRemovalRun& run) {
  if (!run.status.ok()) return run.status;
  for (size_t i = 0; i < skus.size(); ++i) {
    if (run.result.outcomes[i] != ProductRemoval::kNoProduct) continue;
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoProduct, {{"sku", skus[i]}},
                         absl::StrCat("no product variant has SKU ", skus[i]));
  }
  return absl::OkStatus();
}

absl::Status Remove(Session& session, const RemoveFlags& flags) {
  if (!flags.yes) {
    const std::string what = flags.skus.size() == 1 ? flags.skus[0] : absl::StrCat(flags.skus.size(), " products");
    const absl::Status confirmed =
        Confirm(absl::StrCat("Remove ", what, ", and send the quantity 0 to every channel that sells it"));
    if (!confirmed.ok()) return confirmed;
  }
  const ProductRemovalRun run = session.engine().RemoveProducts(flags.skus);
  const absl::Status printed = PrintRemoval(session.json(), flags.skus, run.result);
  return printed.ok() ? RemovalError(flags.skus, run) : printed;
}

void AddImport(CLI::App& group, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* command = group.add_subcommand("import", "Take in products from a CSV file: new ones, and changes");
  const auto flags = std::make_shared<ImportFlags>();
  command->add_option("F", flags->file, "CSV file of products")->required()->type_name("");
  TakeOneOf(command->add_option("--dialect", flags->dialect, "What the file's columns mean (default: generic)"),
            {"generic", "shopify"});
  command->add_option("--currency", flags->currency, "Of the file's prices, as an ISO 4217 code (default: USD)")
      ->check(Parses([](const std::string& text) { return Currency::Parse(text).status(); }))
      ->type_name("CODE");
  TakeOneOf(command->add_option("--decimal", flags->decimal,
                                "The decimal mark of the file's numbers, where they do not tell (default: they tell)"),
            {"point", "comma"});
  AddRepeatable(command, "--column", flags->columns, "FIELD=HEADER, a field that stands in a column of another name",
                "COLUMN");
  command->get_option("--column")->check(Parses([](const std::string& text) { return ParseColumn(text).status(); }));
  command
      ->add_option("--as-of", flags->as_of,
                   "When the quantities were true, such as 2026-01-31T08:30:00Z: later ones stay (default: they "
                   "replace all, and count for the oversell guard as of the file's modification)")
      ->check(Parses([](const std::string& text) { return ParseInstant(text).status(); }))
      ->type_name("TIME");
  CLI::Option* const source =
      command->add_option("--source", flags->source, "Where the file comes from: a name for its line of files")
          ->type_name("NAME");
  TakeOneOf(command->add_option("--absent", flags->absent,
                                "What becomes of products that an earlier file of the source had and this one has not "
                                "(default: keep)"),
            {"keep", "zero", "remove"});
  command->get_option("--absent")->needs(source);
  SetWork(
      command, globals, action, [flags](Session& session) { return Import(session, *flags); }, StoreUse::kMayMake);
}

void AddRemove(CLI::App& group, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* command = group.add_subcommand(
      "remove", "Remove products: their channels get the quantity 0, and keep their links until they are stated again");
  const auto flags = std::make_shared<RemoveFlags>();
  command->add_option("SKU", flags->skus, "SKUs of products")->required()->type_name("");
  command->add_flag("--yes", flags->yes, "Do not ask (default: ask on a terminal)");
  SetWork(command, globals, action, [flags](Session& session) { return Remove(session, *flags); });
}

}  // namespace

void AddProductCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group =
      app.add_subcommand("product", "Take products in, look at them, and remove them")->require_subcommand(1);
  AddImport(*group, globals, action);
  SetWork(group->add_subcommand("list", "List the products"), globals, action, &List);
  CLI::App* show = group->add_subcommand("show", "Show the products with a SKU");
  const auto sku = std::make_shared<std::string>();
  show->add_option("SKU", *sku, "The product variant's SKU")->required()->type_name("");
  SetWork(show, globals, action, [sku](Session& session) { return Show(session, *sku); });
  AddRemove(*group, globals, action);
}

}  // namespace flxlink::cli

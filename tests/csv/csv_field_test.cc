#include "flxlink/csv_field.h"

#include <string>

#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

TEST(AppendCsvFieldTest, QuotesOnlyWhereNeeded) {
  std::string out;
  for (const char* field : {"", " a ", "1,5", "say \"x\"", "a\nb", "a\rb", "é"}) {
    AppendCsvField(field, &out);
    out.push_back('|');
  }
  EXPECT_EQ(out, "| a |\"1,5\"|\"say \"\"x\"\"\"|\"a\nb\"|\"a\rb\"|é|");
}

}  // namespace
}  // namespace flxlink::csv

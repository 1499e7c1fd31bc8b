#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "flxlink/credential_resolver.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

// The variable that a credential is looked for in, as the error says.
std::string VariableOf(absl::string_view channel, absl::string_view credential) {
  const absl::Status missing = NewEnvironmentCredentials()->Resolve(channel, credential).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  const std::vector<std::string> parts = absl::StrSplit(missing.message(), "; set ");
  EXPECT_EQ(parts.size(), 2u) << missing;
  return parts.back();
}

// All names of up to `length` characters of a small alphabet that has everything a name can trip over.
std::vector<std::string> SmallNames(size_t length) {
  std::vector<std::string> names = {""};
  for (size_t begin = 0, end = 1, size = 0; size < length; ++size, begin = end, end = names.size()) {
    for (size_t i = begin; i < end; ++i) {
      for (const char c : {'a', 'A', '2', 'd', '_', '-', '.'}) names.push_back(names[i] + c);
    }
  }
  names.erase(names.begin());
  return names;
}

TEST(EnvironmentCredentialsTest, NamesOfChannelsThatLookAlikeHaveVariablesOfTheirOwn) {
  EXPECT_EQ(VariableOf("shop", "token"), "FLXLINK_SHOP_TOKEN");
  EXPECT_EQ(VariableOf("shop-eu", "token"), "FLXLINK_SHOP__2DEU_TOKEN");
  EXPECT_EQ(VariableOf("shop.eu", "token"), "FLXLINK_SHOP__2EEU_TOKEN");
  EXPECT_EQ(VariableOf("Shop_EU", "token"), "FLXLINK___53HOP__5F__45__55_TOKEN");
  EXPECT_NE(VariableOf("a_b", "c"), VariableOf("a", "b_c"));
}

TEST(EnvironmentCredentialsTest, NoTwoCredentialsShareAVariable) {
  const std::vector<std::string> names = SmallNames(3);
  std::map<std::string, std::string> owners;
  for (const std::string& channel : names) {
    for (const std::string& credential : names) {
      const std::string pair = absl::StrCat(channel, " ", credential);
      const std::string variable = VariableOf(channel, credential);
      const std::string& owner = owners.emplace(variable, pair).first->second;
      ASSERT_EQ(owner, pair) << variable;
      for (const char c : variable) ASSERT_TRUE(absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '_');
    }
  }
}

TEST(EnvironmentCredentialsTest, GivesWhatTheVariableHas) {
  const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
  const std::string variable = VariableOf("my-shop.1", "api key");
  ASSERT_EQ(setenv(variable.c_str(), "s3cret", 1), 0);
  const absl::StatusOr<std::string> found = credentials->Resolve("my-shop.1", "api key");
  ASSERT_EQ(unsetenv(variable.c_str()), 0);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, "s3cret");
}

TEST(EnvironmentCredentialsTest, KeepsNothing) {
  EXPECT_EQ(NewEnvironmentCredentials()->Replace("shop", "token", "old", "new").code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace flxlink

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/credential_resolver.h"
#include "src/credentials/credential_name.h"

namespace flxlink {
namespace {

class EnvironmentCredentials : public CredentialResolver {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const override {
    const std::string variable = credentials::CredentialName(channel_name, credential);
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr) return std::string(value);
    return credentials::NoCredential(channel_name, credential, "in the environment", absl::StrCat("set ", variable));
  }
};

}  // namespace

absl::Status CredentialResolver::Replace(absl::string_view, absl::string_view, absl::string_view,
                                         absl::string_view) const {
  return absl::UnimplementedError("credentials from here cannot be replaced; use a resolver that keeps them");
}

std::unique_ptr<CredentialResolver> NewEnvironmentCredentials() { return std::make_unique<EnvironmentCredentials>(); }

}  // namespace flxlink

#include "src/credentials/credential_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink::credentials {
namespace {

// A name as part of a variable's. A single '_' never comes of it, so that one can part two names: what two underscores
// and a hexadecimal digit begin is always a character of a name.
std::string VariablePart(absl::string_view name) {
  std::string part;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_islower(byte) || absl::ascii_isdigit(byte)) {
      part.push_back(absl::ascii_toupper(byte));
    } else {
      absl::StrAppendFormat(&part, "__%02X", byte);
    }
  }
  return part;
}

}  // namespace

std::string CredentialName(absl::string_view channel_name, absl::string_view credential) {
  return absl::StrCat("FLXLINK_", VariablePart(channel_name), "_", VariablePart(credential));
}

absl::Status NoCredential(absl::string_view channel_name, absl::string_view credential, absl::string_view where,
                          absl::string_view remedy) {
  return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kCredentialMissing,
                       {{"channel", std::string(channel_name)}, {"credential", std::string(credential)}},
                       absl::StrCat("channel ", model::Quote(channel_name), ": there is no credential ",
                                    model::Quote(credential), " ", where, "; ", remedy));
}

}  // namespace flxlink::credentials

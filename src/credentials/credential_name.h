// The name by which a credential is kept outside: in the environment, and in files.

#ifndef FLXLINK_SRC_CREDENTIALS_CREDENTIAL_NAME_H_
#define FLXLINK_SRC_CREDENTIALS_CREDENTIAL_NAME_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::credentials {

// FLXLINK_<CHANNEL>_<CREDENTIAL>, as NewEnvironmentCredentials says.
std::string CredentialName(absl::string_view channel_name, absl::string_view credential);

// The error for one that is not `where` ("in the environment"), with what to do.
absl::Status NoCredential(absl::string_view channel_name, absl::string_view credential, absl::string_view where,
                          absl::string_view remedy);

}  // namespace flxlink::credentials

#endif  // FLXLINK_SRC_CREDENTIALS_CREDENTIAL_NAME_H_

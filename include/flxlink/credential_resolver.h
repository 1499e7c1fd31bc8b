// Credentials: the secrets by which adapters log in.
//
// They come from where the host keeps them and are never stored with a channel, never logged, and struck out of what
// adapters say.

#ifndef FLXLINK_CREDENTIAL_RESOLVER_H_
#define FLXLINK_CREDENTIAL_RESOLVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink {

// Where adapters get secrets from. They are asked for by name when an adapter is made or in any call of it, never
// stored and never logged.
//
// Thread-safe.
class CredentialResolver {
 public:
  virtual ~CredentialResolver() = default;
  // NOT_FOUND names the credential and where it was looked for.
  virtual absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const = 0;
  // Keeps another value of a credential that the platform replaces at each use, if it is still `expected`; else
  // ABORTED: somebody was first, resolve it again. UNIMPLEMENTED: this resolver keeps nothing (the default).
  virtual absl::Status Replace(absl::string_view channel_name, absl::string_view credential, absl::string_view expected,
                               absl::string_view value) const;
};

// Looks for FLXLINK_<CHANNEL>_<CREDENTIAL> in the environment. Small letters are written as capitals and digits as they
// are; any other character as two underscores and its code in hexadecimal, so that no two credentials share a variable:
//
//   shop, token      FLXLINK_SHOP_TOKEN
//   shop-eu, token   FLXLINK_SHOP__2DEU_TOKEN
//   Shop_EU, token   FLXLINK___53HOP__5F__45__55_TOKEN
//
// The error for one that is missing says what to set.
std::unique_ptr<CredentialResolver> NewEnvironmentCredentials();

// The same names in a file, for secrets that change by themselves: NAME=VALUE on a line, the value as it stands up to
// the end of the line; empty lines and those that begin with # say nothing. It is read at each call, so that it can be
// changed meanwhile, and written anew at once: a reader sees the old one or the new one.
//
// Thread-safe, and safe between processes that use this resolver or replace the file as a whole.
//
// Resolve: NOT_FOUND says which line is missing. PERMISSION_DENIED: the file can be read by others than its owner.
// INVALID_ARGUMENT names a line that cannot be read, or a name that is there twice. Replace also: INVALID_ARGUMENT for
// a value of several lines; UNAVAILABLE: others kept the file locked, on PATH.lock.
std::unique_ptr<CredentialResolver> NewFileCredentials(std::string path);

}  // namespace flxlink

#endif  // FLXLINK_CREDENTIAL_RESOLVER_H_

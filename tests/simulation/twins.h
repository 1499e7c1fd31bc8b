// Twins of a store that each have one guard broken, by which a test shows that the oracles would see it. All are made
// at the boundary of the store, so that nothing in the product knows of them.

#ifndef FLXLINK_TESTS_SIMULATION_TWINS_H_
#define FLXLINK_TESTS_SIMULATION_TWINS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/storage.h"

namespace flxlink::simulation {

struct TwinName {
  std::string name;
  // What is broken in it.
  std::string guard;
};

const std::vector<TwinName>& TwinNames();

// Forwards to `store`, with the guard of that name broken. Empty: with none. nullptr: there is no such twin.
std::unique_ptr<Storage> MakeTwin(absl::string_view name, Storage& store);

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_TWINS_H_

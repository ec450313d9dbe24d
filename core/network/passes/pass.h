#pragma once

#include "core/network/network.h"

#include <set>
#include <string>
#include <vector>

namespace planish {

/// What a pass made, and one sentence for each change, for the user. `network.passes` names the pass if it
/// changed anything.
struct PassResult {
  Network network;
  std::vector<std::string> changes;
};

/// Names of the values that bodies of If, Loop and Scan may read from outside: a pass leaves them as they
/// are.
std::set<std::string> capturedNames(const Network& network);

/// The tensor that a value always has: its own, or that of the weight it stands for behind Identity
/// operations; nullptr if it has none.
const Tensor* constantBehind(const Network& network, const Connections& connections, ValueId value);

}  // namespace planish

#pragma once

#include "core/network/passes/pass.h"

namespace planish {

/// "drop-identity": takes out Identity, and Dropout as far as it does nothing in inference. Readers read what
/// it read. One that makes a network output stays.
PassResult dropIdentity(const Network& network);

}  // namespace planish

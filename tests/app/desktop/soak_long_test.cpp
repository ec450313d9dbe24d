#include "tests/app/desktop/support/soak.h"

namespace planish::desktop {
namespace {

TEST(Soak, U24_TwoHundredNetworksLeaveNoMemoryAndNoDescriptors) { soak(200, 20, std::int64_t(20) << 20); }

}  // namespace
}  // namespace planish::desktop

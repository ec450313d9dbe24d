#include "plugins/formats/any_target/any_target.h"

namespace planish {

AnyTarget::AnyTarget()
    : m_declaration{"any",
                    "Any",
                    "Every setting; sizes are codes at their bits plus 2 bytes a scale. Nothing can be "
                    "exported for it.",
                    {}} {}

}  // namespace planish

#pragma once

namespace planish {

/// Gives memory that was freed, and that the allocator still holds for later, back to the system where it can. Takes milliseconds.
void returnIdleMemory();

}  // namespace planish

#pragma once

namespace planish::views {

/// A number that no other drag of this program has: requests that carry it merge into one undo step. GUI thread only.
inline int nextDragNumber() {
  static int last = 0;
  return ++last;
}

}  // namespace planish::views

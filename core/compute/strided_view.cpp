#include "core/compute/strided_view.h"

#include "core/compute/operations/movement.h"

#include <set>

namespace planish {

bool StridedView::reshape(const std::vector<std::int64_t>& to) {
  // Runs of axes that lie behind one another are cut anew; axes of one element fit anywhere.
  std::vector<std::int64_t> result(to.size(), 0);
  std::int64_t count = 1;
  for (const std::int64_t size : sizes)
    count *= size;
  if (count == 0) return false;
  auto next = static_cast<std::ptrdiff_t>(to.size()) - 1;
  std::int64_t run = 1, base = 1;  // elements of the run so far, distance of its innermost elements
  const auto place = [&] {
    std::int64_t placed = 1;
    while (next >= 0 && (placed < run || to[static_cast<std::size_t>(next)] == 1)) {
      result[static_cast<std::size_t>(next)] = placed * base;
      placed *= to[static_cast<std::size_t>(next--)];
    }
    return placed == run;
  };
  bool open = false;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (open && strides[i] == run * base) {
      run *= sizes[i];
      continue;
    }
    if (open && !place()) return false;
    run = sizes[i];
    base = strides[i];
    open = true;
  }
  if (!place() || next >= 0) return false;
  sizes = to;
  strides = std::move(result);
  return true;
}

bool StridedView::expand(const std::vector<std::int64_t>& to) {
  if (to.size() < sizes.size()) return false;
  const std::size_t added = to.size() - sizes.size();
  std::vector<std::int64_t> result(to.size(), 0);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] != to[added + i] && sizes[i] != 1) return false;
    result[added + i] = sizes[i] == to[added + i] ? strides[i] : 0;
  }
  sizes = to;
  strides = std::move(result);
  return true;
}

bool StridedView::knows(const std::string& type) {
  static const std::set<std::string> kTypes{"Identity", "Reshape",   "Flatten", "Squeeze", "Unsqueeze",
                                            "Expand",   "Transpose", "Gather",  "Split"};
  return kTypes.contains(type);
}

bool StridedView::apply(const Operation& operation, const Shape& shape, std::int64_t first) {
  const auto& to = shape.dims();
  const std::string& type = operation.type;
  const auto rank = static_cast<int>(sizes.size());
  if (type == "Identity") return true;
  if (type == "Reshape" || type == "Flatten" || type == "Squeeze" || type == "Unsqueeze") return reshape(to);
  if (type == "Expand") return expand(to);
  if (type == "Transpose") {
    const auto order = operations::transposeOrder(operation.attributes, rank);
    std::vector<std::int64_t> turned;
    for (const int axis : order)
      turned.push_back(strides[static_cast<std::size_t>(axis)]);
    sizes = to;
    strides = std::move(turned);
    return true;
  }
  const auto axis = static_cast<std::size_t>(normalizedAxis(operation.attributes.whole("axis", 0), rank));
  if (type == "Split") {
    offset += first * strides[axis];
    sizes = to;
    return true;
  }
  if (type != "Gather" || to.size() + 1 != sizes.size()) return false;
  offset += (first < 0 ? first + sizes[axis] : first) * strides[axis];
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return true;
}

}  // namespace planish

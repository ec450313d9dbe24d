#include "core/base/error.h"
#include "core/project/hdf5.h"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace planish::hdf5 {
namespace {

constexpr std::uint64_t kMostObjects = 1u << 20;
constexpr std::uint64_t kMostAttributeBytes = 64u << 10;
constexpr std::uint64_t kMostChunkBytes = 64u << 20;
constexpr std::size_t kMostTextBytes = 1u << 20;
/// Deflate cannot do better than 1032 : 1, so honest files stay under it.
constexpr std::uint64_t kMostExpansion = 1100;
/// HDF5 walks down by recursion; a project needs nine levels.
constexpr std::ptrdiff_t kMostLevels = 16;

/// What the walk over all objects gathers.
struct Walk {
  std::uint64_t imageBytes = 0, objects = 0, claimed = 0;
  std::unordered_set<haddr_t> seen;
  std::string place, problem;
  bool outOfMemory = false;
};

bool isPlain(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t width = H5Tget_size(type);
  if (kind == H5T_INTEGER || kind == H5T_FLOAT) return width >= 1 && width <= 8;
  return kind == H5T_STRING && H5Tis_variable_str(type) == 0 && width >= 1 && width <= kMostTextBytes;
}

std::string problemOfFilters(hid_t properties) {
  for (int i = 0; i < H5Pget_nfilters(properties); ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_FLETCHER32)
      return "needs filter " + std::to_string(filter) + ", which projects never use";
  }
  return {};
}

/// An honest chunk has an entry of its own in the file's index, so their number is bounded by the file too:
/// HDF5 keeps a node for each.
std::string problemOfChunks(hid_t properties, std::uint64_t count, std::uint64_t width,
                            std::uint64_t imageBytes) {
  hsize_t chunk[H5S_MAX_RANK] = {};
  if (H5Pget_chunk(properties, H5S_MAX_RANK, chunk) != 1 || chunk[0] == 0) return "is not one-dimensional";
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(width, static_cast<std::uint64_t>(chunk[0]), &bytes) || bytes > kMostChunkBytes)
    return "has chunks of over 64 MiB";
  if (count / chunk[0] > 16 + imageBytes / 16)
    return "claims " + std::to_string(count / chunk[0]) + " chunks, more than its file can hold";
  return {};
}

std::string problemOfDataset(hid_t dataset, Walk& walk) {
  Handle properties(H5Dget_create_plist(dataset), H5Pclose, "read dataset properties");
  const H5D_layout_t layout = H5Pget_layout(properties);
  if (layout == H5D_VIRTUAL) return "is a virtual dataset";
  if (H5Pget_external_count(properties) != 0) return "keeps its data in another file";
  if (auto problem = problemOfFilters(properties); !problem.empty()) return problem;
  Handle type(H5Dget_type(dataset), H5Tclose, "read a data type");
  if (!isPlain(type)) return "has a type that projects never use";
  Handle space(H5Dget_space(dataset), H5Sclose, "read a data space");
  if (H5Sget_simple_extent_ndims(space) != 1) return "is not one-dimensional";
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const std::uint64_t width = H5Tget_size(type);
  std::uint64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count), width, &bytes) ||
      __builtin_add_overflow(walk.claimed, bytes, &walk.claimed) ||
      walk.claimed / kMostExpansion > walk.imageBytes)
    return "claims " + std::to_string(count) + " elements; in all over " + std::to_string(kMostExpansion) +
           " times the file's size";
  return layout == H5D_CHUNKED
             ? problemOfChunks(properties, static_cast<std::uint64_t>(count), width, walk.imageBytes)
             : std::string();
}

std::string problemOfAttribute(hid_t object, const char* name, const H5A_info_t& info) {
  const std::string subject = "attribute '" + printable(name) + "' ";
  if (info.data_size > kMostAttributeBytes) return subject + "has over 64 KiB";
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, "open an attribute");
  Handle type(H5Aget_type(attribute), H5Tclose, "read a data type");
  return isPlain(type) ? std::string() : subject + "has a type that projects never use";
}

/// Runs a check inside a callback of the C library, through which no exception may pass; what it threw is
/// kept as the problem.
template <typename Check>
herr_t guarded(Walk& walk, const Check& check) noexcept {
  try {
    try {
      walk.problem = check();
    } catch (const Error& error) {
      walk.problem = error.message();
    }
  } catch (...) {
    walk.outOfMemory = true;
  }
  return walk.problem.empty() && !walk.outOfMemory ? 0 : 1;
}

herr_t inspectAttribute(hid_t object, const char* name, const H5A_info_t* info, void* data) {
  return guarded(*static_cast<Walk*>(data), [&] { return problemOfAttribute(object, name, *info); });
}

/// An object that was opened: its address, its kind, its attributes.
std::string problemOfObject(hid_t object, Walk& walk) {
  H5O_info_t info{};
  check(H5Oget_info2(object, &info, H5O_INFO_BASIC), "read an object's header");
  // The count of links may lie; cycles and shared objects are found by their address too.
  if (info.rc > 1 || !walk.seen.insert(info.addr).second)
    return "has several names, which projects never have";
  hsize_t at = 0;
  const herr_t status = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, inspectAttribute, &walk);
  if (!walk.problem.empty()) return walk.problem;
  if (status < 0) return "has damaged attributes";
  const H5I_type_t kind = H5Iget_type(object);
  if (kind == H5I_DATASET) return problemOfDataset(object, walk);
  return kind == H5I_GROUP ? std::string() : "is neither group nor dataset";
}

herr_t inspectLink(hid_t group, const char* name, const H5L_info_t* info, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  return guarded(walk, [&]() -> std::string {
    walk.place = name;
    if (++walk.objects > kMostObjects) return "over a million objects";
    if (info->type != H5L_TYPE_HARD) return "is a link to elsewhere, which projects never have";
    if (std::count(walk.place.begin(), walk.place.end(), '/') >= kMostLevels)
      return "groups are nested too deep";
    Handle object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose, "open the object");
    return problemOfObject(object, walk);
  });
}

}  // namespace

void refuseHostile(const Handle& file, std::uint64_t imageBytes) {
  Walk walk;
  walk.imageBytes = imageBytes;
  {
    Handle root(H5Oopen(file, "/", H5P_DEFAULT), H5Oclose, "open the root group");
    guarded(walk, [&] { return problemOfObject(root, walk); });
  }
  herr_t status = 0;
  if (walk.problem.empty() && !walk.outOfMemory)
    status = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, inspectLink, &walk);
  if (walk.outOfMemory)
    throw Error(ErrorKind::outOfMemory, "not enough memory to look through the file's objects");
  if (walk.problem.empty() && status < 0) walk.problem = "the tree of objects is damaged";
  if (!walk.problem.empty())
    throw Error(ErrorKind::invalidInput, walk.problem).at("/" + printable(walk.place));
}

}  // namespace planish::hdf5

#include "plugins/datasets/hdf5/hdf5_reader.h"

#include <algorithm>
#include <exception>
#include <hdf5.h>
#include <mutex>
#include <optional>

namespace planish {
namespace {

constexpr int kDeepestGroup = 8;
constexpr std::size_t kMostArrays = 10000;
/// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t kLargestRatio = 1032;

std::mutex& libraryLock() {
  static std::mutex lock;
  return lock;
}

/// Owns an HDF5 identifier.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : m_id(id), m_close(close) {}
  ~Handle() {
    if (m_id >= 0) m_close(m_id);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return m_id; }
  bool valid() const { return m_id >= 0; }

 private:
  hid_t m_id;
  herr_t (*m_close)(hid_t);
};

/// No error output and no filter plugins while a foreign file is open; both are put back afterwards.
class Guard {
 public:
  Guard() : m_lock(libraryLock()) {
    H5open();
    H5Eget_auto2(H5E_DEFAULT, &m_function, &m_data);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
  }
  ~Guard() { H5Eset_auto2(H5E_DEFAULT, m_function, m_data); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::lock_guard<std::mutex> m_lock;
  H5E_auto2_t m_function = nullptr;
  void* m_data = nullptr;
};

hid_t openFile(const std::filesystem::path& path) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) throw Error(ErrorKind::invalidInput, "expected an HDF5 file that can be read, found a damaged or other one").in(printable(path.string()));
  return file;
}

DataType numberType(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: {
      const bool isSigned = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1) return isSigned ? DataType::int8 : DataType::uint8;
      if (size == 2) return isSigned ? DataType::int16 : DataType::uint16;
      if (size == 4) return isSigned ? DataType::int32 : DataType::uint32;
      return size == 8 ? isSigned ? DataType::int64 : DataType::uint64 : DataType::undefined;
    }
    // Half precision is widened on reading.
    case H5T_FLOAT: return size <= 4 ? DataType::float32 : size == 8 ? DataType::float64 : DataType::undefined;
    default: return DataType::undefined;
  }
}

hid_t memoryType(DataType type) {
  switch (type) {
    case DataType::int8: return H5T_NATIVE_INT8;
    case DataType::uint8: return H5T_NATIVE_UINT8;
    case DataType::int16: return H5T_NATIVE_INT16;
    case DataType::uint16: return H5T_NATIVE_UINT16;
    case DataType::int32: return H5T_NATIVE_INT32;
    case DataType::uint32: return H5T_NATIVE_UINT32;
    case DataType::int64: return H5T_NATIVE_INT64;
    case DataType::uint64: return H5T_NATIVE_UINT64;
    case DataType::float64: return H5T_NATIVE_DOUBLE;
    default: return H5T_NATIVE_FLOAT;
  }
}

/// nullopt: not an array of numbers.
std::optional<Hdf5Array> describe(hid_t dataset, const std::string& name) {
  const Handle type(H5Dget_type(dataset), H5Tclose), space(H5Dget_space(dataset), H5Sclose);
  if (!type.valid() || !space.valid() || H5Sget_simple_extent_type(space) != H5S_SIMPLE) return std::nullopt;
  Hdf5Array array{name, numberType(type), {}};
  const int rank = H5Sget_simple_extent_ndims(space);
  if (array.type == DataType::undefined || rank < 1 || rank > H5S_MAX_RANK) return std::nullopt;
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, dims.data(), nullptr);
  std::vector<std::int64_t> shape;
  for (const hsize_t dim : dims) {
    if (dim > std::uint64_t(1) << 48) throw Error(ErrorKind::invalidInput, "a dimension of " + std::to_string(dim) + " is larger than any file").at("array '" + printable(name) + "'");
    shape.push_back(static_cast<std::int64_t>(dim));
  }
  array.shape = Shape(std::move(shape));
  return array;
}

/// Throws unless reading the dataset touches this file only, with filters that come with the library, and no more memory than the file justifies.
void checkStorage(hid_t dataset, std::uint64_t fileSize, std::uint64_t bytes) {
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  if (!properties.valid()) throw Error(ErrorKind::invalidInput, "its properties are damaged");
  if (H5Pget_external_count(properties) != 0) throw Error(ErrorKind::invalidInput, "its data lies in another file, which is not followed");
  const H5D_layout_t layout = H5Pget_layout(properties);
  if (layout == H5D_VIRTUAL) throw Error(ErrorKind::invalidInput, "it is a virtual dataset, which is not followed");
  const int filters = layout == H5D_CHUNKED ? H5Pget_nfilters(properties) : 0;
  bool deflated = false;
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      throw Error(ErrorKind::unsupported, "expected data stored plain or with deflate, shuffle or fletcher32, found filter " + std::to_string(filter));
    deflated = deflated || filter == H5Z_FILTER_DEFLATE;
  }
  const std::uint64_t stored = H5Dget_storage_size(dataset), ratio = deflated ? kLargestRatio : 1;
  if (stored > fileSize || bytes / ratio > stored)
    throw Error(ErrorKind::invalidInput, std::to_string(stored) + " stored bytes cannot hold the " + std::to_string(bytes) + " bytes it claims");
  if (layout != H5D_CHUNKED) return;
  hsize_t chunk[H5S_MAX_RANK];
  const int rank = H5Pget_chunk(properties, H5S_MAX_RANK, chunk);
  std::uint64_t chunkBytes = 8;
  for (int i = 0; i < rank; ++i)
    if (__builtin_mul_overflow(chunkBytes, static_cast<std::uint64_t>(chunk[i]), &chunkBytes)) chunkBytes = ~std::uint64_t(0);
  // Chunks at the edge reach over it, so one chunk may be larger than the array.
  if (rank < 1 || chunkBytes / 8 / ratio > std::max(stored, std::uint64_t(4096)))
    throw Error(ErrorKind::invalidInput, "its chunks are larger than the stored data can fill");
}

struct Walk {
  std::uint64_t fileSize;
  std::vector<Hdf5Array>& arrays;
  std::string prefix;
  int depth = 0;
  std::exception_ptr failure;  ///< exceptions must not cross the library
};

std::uint64_t byteCount(const Hdf5Array& array) {
  std::int64_t bytes;
  if (__builtin_mul_overflow(array.shape.count(), std::int64_t(8), &bytes)) throw Error(ErrorKind::invalidInput, "shape " + array.shape.text() + " is larger than any file");
  return static_cast<std::uint64_t>(bytes / 8 * (bitsOf(array.type) / 8));
}

herr_t visit(hid_t group, const char* name, const H5L_info_t* link, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  if (link->type != H5L_TYPE_HARD || walk.arrays.size() >= kMostArrays) return 0;
  const std::string full = walk.prefix + name;
  try {
    const Handle object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose);
    if (!object.valid()) return 0;
    if (H5Iget_type(object) == H5I_DATASET) {
      if (auto array = describe(object, full)) {
        checkStorage(object, walk.fileSize, byteCount(*array));
        walk.arrays.push_back(std::move(*array));
      }
    } else if (H5Iget_type(object) == H5I_GROUP && walk.depth < kDeepestGroup) {
      Walk inner{walk.fileSize, walk.arrays, full + "/", walk.depth + 1, {}};
      hsize_t index = 0;
      const herr_t status = H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, &index, visit, &inner);
      walk.failure = inner.failure;
      return status;
    }
  } catch (Error& error) {
    walk.failure = std::make_exception_ptr(std::move(error).at("array '" + printable(full) + "'"));
    return -1;
  } catch (...) {
    walk.failure = std::current_exception();
    return -1;
  }
  return 0;
}

/// Throws unless every part of the path is a hard link.
void checkLinks(hid_t file, const std::string& name) {
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);
    H5L_info_t link;
    if (H5Lget_info(file, part.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
      throw Error(ErrorKind::invalidInput, "expected an array in this file, found a link or nothing");
    if (end == std::string::npos) return;
  }
}

}  // namespace

std::vector<Hdf5Array> Hdf5Reader::list() const {
  const Guard guard;
  const Handle file(openFile(m_path), H5Fclose);
  std::vector<Hdf5Array> arrays;
  Walk walk{std::filesystem::file_size(m_path), arrays, {}, 0, {}};
  hsize_t index = 0;
  const herr_t status = H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, &index, visit, &walk);
  try {
    if (walk.failure) std::rethrow_exception(walk.failure);
    if (status < 0) throw Error(ErrorKind::invalidInput, "the list of its arrays is damaged");
  } catch (Error& error) {
    throw std::move(error).in(printable(m_path.string()));
  }
  return arrays;
}

void Hdf5Reader::read(const Hdf5Array& array, std::span<std::byte> into) const {
  const Guard guard;
  try {
    const Handle file(openFile(m_path), H5Fclose);
    checkLinks(file, array.name);
    const Handle dataset(H5Dopen2(file, array.name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.valid()) throw Error(ErrorKind::invalidInput, "the array cannot be opened");
    const auto found = describe(dataset, array.name);
    if (!found || found->type != array.type || found->shape != array.shape) throw Error(ErrorKind::invalidInput, "the file changed while it was read");
    if (H5Dread(dataset, memoryType(array.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, into.data()) < 0)
      throw Error(ErrorKind::invalidInput, "its data is damaged or uses a filter that is not there");
  } catch (Error& error) {
    throw std::move(error).in(printable(m_path.string())).at("array '" + printable(array.name) + "'");
  }
}

}  // namespace planish

#include "core/project/hdf5.h"

#include "core/base/error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace planish::hdf5 {
namespace {

constexpr std::uint64_t kMostElements = std::uint64_t(8) << 30;
constexpr hsize_t kChunk = 1 << 16;

Error bad(const std::string& message, const std::string& where = {}) {
  Error error(ErrorKind::invalidInput, message);
  return where.empty() ? std::move(error) : std::move(error).at(where);
}

std::string pathOf(hid_t object) {
  char buffer[512];
  const ssize_t size = H5Iget_name(object, buffer, sizeof buffer);
  return size > 0 ? printable(std::string_view(buffer, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof buffer - 1))) : "/";
}

Handle textType(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "copy a text type");
  check(H5Tset_size(type, std::max<std::size_t>(1, size)), "size a text type");
  check(H5Tset_strpad(type, H5T_STR_NULLPAD), "pad a text type");
  check(H5Tset_cset(type, H5T_CSET_UTF8), "set a text type's characters");
  return type;
}

void writeArray(hid_t parent, const std::string& name, hid_t fileType, hid_t memoryType, const void* data, std::size_t count) {
  const hsize_t dims[1] = {count};
  Handle space(H5Screate_simple(1, dims, nullptr), H5Sclose, "create a data space");
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "create dataset properties");
  if (count > 0) {
    const hsize_t chunk[1] = {std::min<hsize_t>(count, kChunk)};
    check(H5Pset_chunk(properties, 1, chunk), "set chunks");
    if (count > 1024) {
      check(H5Pset_shuffle(properties), "set the shuffle filter");
      check(H5Pset_deflate(properties, 4), "set the deflate filter");
    }
    check(H5Pset_fletcher32(properties), "set the checksum filter");
  }
  Handle dataset(H5Dcreate2(parent, name.c_str(), fileType, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose, "create dataset " + name);
  if (count > 0) check(H5Dwrite(dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write dataset " + name);
}

/// An open one-dimensional dataset and its length.
struct Opened {
  Handle dataset;
  std::size_t count;
};

Opened openArray(hid_t parent, const std::string& name, H5T_class_t wanted) {
  if (!has(parent, name)) throw bad("dataset '" + name + "' is missing", pathOf(parent));
  Handle dataset(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), H5Dclose, "open dataset " + name);
  Handle space(H5Dget_space(dataset), H5Sclose, "read a data space");
  Handle type(H5Dget_type(dataset), H5Tclose, "read a data type");
  if (H5Tget_class(type) != wanted) throw bad("dataset '" + name + "' has another type than expected", pathOf(parent));
  if (H5Sget_simple_extent_ndims(space) != 1) throw bad("dataset '" + name + "' is not one-dimensional", pathOf(parent));
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || static_cast<std::uint64_t>(count) > kMostElements) throw bad("dataset '" + name + "' is too large", pathOf(parent));
  return {std::move(dataset), static_cast<std::size_t>(count)};
}

template <typename T>
std::vector<T> readArray(hid_t parent, const std::string& name, H5T_class_t wanted, hid_t memoryType) {
  const auto opened = openArray(parent, name, wanted);
  std::vector<T> values(opened.count);
  if (!values.empty() && H5Dread(opened.dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    throw bad("dataset '" + name + "' is damaged", pathOf(parent));
  return values;
}

Handle openAttribute(hid_t object, const std::string& name) {
  if (!hasAttribute(object, name)) throw bad("attribute '" + name + "' is missing", pathOf(object));
  return Handle(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open attribute " + name);
}

void setScalar(hid_t object, const std::string& name, hid_t type, const void* value) {
  Handle space(H5Screate(H5S_SCALAR), H5Sclose, "create a data space");
  Handle attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, "create attribute " + name);
  check(H5Awrite(attribute, type, value), "write attribute " + name);
}

template <typename T>
T scalar(hid_t object, const std::string& name, H5T_class_t wanted, hid_t memoryType) {
  const Handle attribute = openAttribute(object, name);
  Handle type(H5Aget_type(attribute), H5Tclose, "read a data type");
  Handle space(H5Aget_space(attribute), H5Sclose, "read a data space");
  if (H5Tget_class(type) != wanted || H5Sget_simple_extent_npoints(space) != 1)
    throw bad("attribute '" + name + "' has another type than expected", pathOf(object));
  T value{};
  check(H5Aread(attribute, memoryType, &value), "read attribute " + name);
  return value;
}

/// What the walk over all objects gathers.
struct Walk {
  std::uint64_t objects = 0, imageBytes = 0;
  std::string problem, place;
};

bool isPlain(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_INTEGER || kind == H5T_FLOAT || (kind == H5T_STRING && H5Tis_variable_str(type) == 0);
}

std::string problemOfDataset(hid_t dataset, std::uint64_t imageBytes) {
  Handle properties(H5Dget_create_plist(dataset), H5Pclose, "read dataset properties");
  if (H5Pget_layout(properties) == H5D_VIRTUAL) return "is a virtual dataset";
  if (H5Pget_external_count(properties) > 0) return "keeps its data in another file";
  for (int i = 0; i < H5Pget_nfilters(properties); ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_FLETCHER32)
      return "needs filter " + std::to_string(filter) + ", which projects never use";
  }
  Handle type(H5Dget_type(dataset), H5Tclose, "read a data type");
  if (!isPlain(type)) return "has a type that projects never use";
  const std::size_t width = H5Tget_size(type);
  if (width > (1u << 20)) return "has elements of over 1 MiB";
  Handle space(H5Dget_space(dataset), H5Sclose, "read a data space");
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  std::uint64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count), width, &bytes) || bytes / 1000 > imageBytes)
    return "claims " + std::to_string(count) + " elements, over 1000 times the file's size";
  if (H5Pget_layout(properties) == H5D_CHUNKED) {
    hsize_t chunk[H5S_MAX_RANK] = {};
    const int rank = H5Pget_chunk(properties, H5S_MAX_RANK, chunk);
    std::uint64_t chunkBytes = width;
    for (int i = 0; i < rank; ++i)
      if (__builtin_mul_overflow(chunkBytes, static_cast<std::uint64_t>(chunk[i]), &chunkBytes) || chunkBytes > (64u << 20)) return "has chunks of over 64 MiB";
  }
  return {};
}

herr_t inspectAttribute(hid_t object, const char* name, const H5A_info_t* info, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  if (info->data_size > (64u << 10)) {
    walk.problem = "attribute '" + printable(name) + "' has over 64 KiB";
    return 1;
  }
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
  if (type < 0 || !isPlain(type)) walk.problem = "attribute '" + printable(name) + "' has a type that projects never use";
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return walk.problem.empty() ? 0 : 1;
}

herr_t inspectLink(hid_t group, const char* name, const H5L_info_t* info, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  walk.place = name;
  if (++walk.objects > (1u << 20)) walk.problem = "over a million objects";
  else if (info->type != H5L_TYPE_HARD) walk.problem = "is a link to elsewhere, which projects never have";
  if (!walk.problem.empty()) return 1;
  const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) {
    walk.problem = "cannot be opened";
    return 1;
  }
  const H5I_type_t kind = H5Iget_type(object);
  try {
    if (kind == H5I_DATASET) walk.problem = problemOfDataset(object, walk.imageBytes);
    else if (kind != H5I_GROUP) walk.problem = "is neither group nor dataset";
    if (walk.problem.empty()) {
      hsize_t at = 0;
      H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, inspectAttribute, &walk);
    }
  } catch (const Error& error) {  // must not pass through the C library
    walk.problem = error.message();
  }
  H5Oclose(object);
  return walk.problem.empty() ? 0 : 1;
}

}  // namespace

Handle::Handle(hid_t id, herr_t (*close)(hid_t), std::string_view doing) : m_id(id), m_close(close) {
  if (id < 0) throw bad("HDF5 could not " + std::string(doing));
}

Handle::~Handle() {
  if (m_id >= 0) m_close(m_id);
}

Handle::Handle(Handle&& other) noexcept : m_id(std::exchange(other.m_id, -1)), m_close(other.m_close) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(m_id, other.m_id);
  std::swap(m_close, other.m_close);
  return *this;
}

void check(herr_t status, std::string_view doing) {
  if (status < 0) throw bad("HDF5 could not " + std::string(doing));
}

std::unique_lock<std::recursive_mutex> acquire() {
  static std::recursive_mutex mutex;
  std::unique_lock lock(mutex);
  [[maybe_unused]] static const bool prepared = [] {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    return true;
  }();
  return lock;
}

Handle createGroup(hid_t parent, const std::string& name) {
  return Handle(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, "create group " + name);
}

Handle openGroup(hid_t parent, const std::string& name) {
  if (!has(parent, name)) throw bad("group '" + name + "' is missing", pathOf(parent));
  return Handle(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose, "open group " + name);
}

bool has(hid_t parent, const std::string& name) { return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0; }

bool hasAttribute(hid_t object, const std::string& name) { return H5Aexists(object, name.c_str()) > 0; }

void setText(hid_t object, const std::string& name, std::string_view value) {
  const Handle type = textType(value.size());
  const std::string padded = value.empty() ? std::string(1, '\0') : std::string(value);
  setScalar(object, name, type, padded.data());
}

void setWhole(hid_t object, const std::string& name, std::int64_t value) { setScalar(object, name, H5T_NATIVE_INT64, &value); }

void setNumber(hid_t object, const std::string& name, double value) { setScalar(object, name, H5T_NATIVE_DOUBLE, &value); }

std::string text(hid_t object, const std::string& name) {
  const Handle attribute = openAttribute(object, name);
  Handle type(H5Aget_type(attribute), H5Tclose, "read a data type");
  Handle space(H5Aget_space(attribute), H5Sclose, "read a data space");
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || H5Sget_simple_extent_npoints(space) != 1)
    throw bad("attribute '" + name + "' is no text", pathOf(object));
  std::string value(std::min<std::size_t>(H5Tget_size(type), 64u << 10), '\0');
  const Handle memory = textType(value.size());
  check(H5Aread(attribute, memory, value.data()), "read attribute " + name);
  value.resize(::strnlen(value.data(), value.size()));
  return value;
}

std::int64_t whole(hid_t object, const std::string& name) { return scalar<std::int64_t>(object, name, H5T_INTEGER, H5T_NATIVE_INT64); }

double number(hid_t object, const std::string& name) { return scalar<double>(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE); }

void write(hid_t parent, const std::string& name, std::span<const double> values) {
  writeArray(parent, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data(), values.size());
}

void write(hid_t parent, const std::string& name, std::span<const float> values) {
  writeArray(parent, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), values.size());
}

void write(hid_t parent, const std::string& name, std::span<const std::int64_t> values) {
  writeArray(parent, name, H5T_STD_I64LE, H5T_NATIVE_INT64, values.data(), values.size());
}

void write(hid_t parent, const std::string& name, std::span<const std::uint8_t> values) {
  writeArray(parent, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, values.data(), values.size());
}

void write(hid_t parent, const std::string& name, const std::vector<std::string>& values) {
  std::size_t width = 1;
  for (const auto& value : values) width = std::max(width, value.size());
  std::vector<char> flat(width * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) std::memcpy(flat.data() + i * width, values[i].data(), values[i].size());
  const Handle type = textType(width);
  writeArray(parent, name, type, type, flat.data(), values.size());
}

void writeText(hid_t parent, const std::string& name, std::string_view value) {
  write(parent, name, std::span(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()));
}

std::vector<double> readNumbers(hid_t parent, const std::string& name) { return readArray<double>(parent, name, H5T_FLOAT, H5T_NATIVE_DOUBLE); }
std::vector<float> readFloats(hid_t parent, const std::string& name) { return readArray<float>(parent, name, H5T_FLOAT, H5T_NATIVE_FLOAT); }
std::vector<std::int64_t> readWholes(hid_t parent, const std::string& name) { return readArray<std::int64_t>(parent, name, H5T_INTEGER, H5T_NATIVE_INT64); }
std::vector<std::uint8_t> readBytes(hid_t parent, const std::string& name) { return readArray<std::uint8_t>(parent, name, H5T_INTEGER, H5T_NATIVE_UINT8); }

std::vector<std::string> readTexts(hid_t parent, const std::string& name) {
  const auto opened = openArray(parent, name, H5T_STRING);
  Handle type(H5Dget_type(opened.dataset), H5Tclose, "read a data type");
  const std::size_t width = H5Tget_size(type);
  if (H5Tis_variable_str(type) > 0 || width > (1u << 20)) throw bad("dataset '" + name + "' has text of another kind", pathOf(parent));
  std::vector<char> flat(width * opened.count);
  const Handle memory = textType(width);
  if (!flat.empty() && H5Dread(opened.dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, flat.data()) < 0)
    throw bad("dataset '" + name + "' is damaged", pathOf(parent));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < opened.count; ++i) values.emplace_back(flat.data() + i * width, ::strnlen(flat.data() + i * width, width));
  return values;
}

std::string readText(hid_t parent, const std::string& name) {
  const auto bytes = readBytes(parent, name);
  return {bytes.begin(), bytes.end()};
}

Handle createImage() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "create file properties");
  check(H5Pset_fapl_core(access, 1 << 20, 0), "choose memory for the file");
  // The earliest format: HDF5 1.10 cannot open its own images of newer ones again (superblock checksum).
  check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "choose the file format");
  return Handle(H5Fcreate("planish-image", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose, "create a file in memory");
}

std::vector<std::byte> imageOf(const Handle& file) {
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), "flush the file");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  if (size < 0) throw bad("HDF5 could not measure the file image");
  std::vector<std::byte> image(static_cast<std::size_t>(size));
  if (H5Fget_file_image(file, image.data(), image.size()) < 0) throw bad("HDF5 could not copy the file image");
  return image;
}

Handle openImage(std::span<const std::byte> image) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "create file properties");
  check(H5Pset_fapl_core(access, 1 << 20, 0), "choose memory for the file");
  check(H5Pset_file_image(access, const_cast<std::byte*>(image.data()), image.size()), "take the file image");
  return Handle(H5Fopen("planish-image", H5F_ACC_RDONLY, access), H5Fclose, "open the file");
}

void refuseHostile(const Handle& file, std::uint64_t imageBytes) {
  Walk walk;
  walk.imageBytes = imageBytes;
  const herr_t status = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, inspectLink, &walk);
  if (!walk.problem.empty()) throw bad(walk.problem, "/" + printable(walk.place));
  if (status < 0) throw bad("the tree of objects is damaged", "/" + printable(walk.place));
}

}  // namespace planish::hdf5

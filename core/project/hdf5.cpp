#include "core/project/hdf5.h"

#include "core/base/error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace planish::hdf5 {
namespace {

constexpr std::uint64_t kMostElements = std::uint64_t(8) << 30;
constexpr std::size_t kChunkElements = 1 << 16;
constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kMostAttributeBytes = 60000;  // an attribute shares 64 KiB with its header
constexpr std::size_t kMostTextBytes = 1 << 20;

Error bad(const std::string& message, const std::string& where = {}) {
  Error error(ErrorKind::invalidInput, message);
  return where.empty() ? std::move(error) : std::move(error).at(where);
}

std::string pathOf(hid_t object) {
  char buffer[512];
  const ssize_t size = H5Iget_name(object, buffer, sizeof buffer);
  return size > 0 ? printable(std::string_view(
                        buffer, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof buffer - 1)))
                  : "/";
}

Handle textType(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "copy a text type");
  check(H5Tset_size(type, std::max<std::size_t>(1, size)), "size a text type");
  check(H5Tset_strpad(type, H5T_STR_NULLPAD), "pad a text type");
  check(H5Tset_cset(type, H5T_CSET_UTF8), "set a text type's characters");
  return type;
}

void writeArray(hid_t parent, const std::string& name, hid_t fileType, hid_t memoryType, const void* data,
                std::size_t count) {
  const hsize_t dims[1] = {count};
  Handle space(H5Screate_simple(1, dims, nullptr), H5Sclose, "create a data space");
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "create dataset properties");
  if (count > 0) {
    const std::size_t most = std::clamp<std::size_t>(kChunkBytes / H5Tget_size(fileType), 1, kChunkElements);
    const hsize_t chunk[1] = {std::min(count, most)};
    check(H5Pset_chunk(properties, 1, chunk), "set chunks");
    if (count > 1024) {
      check(H5Pset_shuffle(properties), "set the shuffle filter");
      check(H5Pset_deflate(properties, 4), "set the deflate filter");
    }
    check(H5Pset_fletcher32(properties), "set the checksum filter");
  }
  check(H5Pset_obj_track_times(properties, false),
        "leave out times");  // the same content gives the same bytes
  Handle dataset(H5Dcreate2(parent, name.c_str(), fileType, space, H5P_DEFAULT, properties, H5P_DEFAULT),
                 H5Dclose, "create dataset " + name);
  if (count > 0)
    check(H5Dwrite(dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write dataset " + name);
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
  if (H5Tget_class(type) != wanted)
    throw bad("dataset '" + name + "' has another type than expected", pathOf(parent));
  if (H5Sget_simple_extent_ndims(space) != 1)
    throw bad("dataset '" + name + "' is not one-dimensional", pathOf(parent));
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || static_cast<std::uint64_t>(count) > kMostElements)
    throw bad("dataset '" + name + "' is too large", pathOf(parent));
  return {std::move(dataset), static_cast<std::size_t>(count)};
}

template <typename T>
std::vector<T> readArray(hid_t parent, const std::string& name, H5T_class_t wanted, hid_t memoryType) {
  const auto opened = openArray(parent, name, wanted);
  std::vector<T> values(opened.count);
  if (!values.empty() &&
      H5Dread(opened.dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    throw bad("dataset '" + name + "' is damaged", pathOf(parent));
  return values;
}

Handle openAttribute(hid_t object, const std::string& name) {
  if (!hasAttribute(object, name)) throw bad("attribute '" + name + "' is missing", pathOf(object));
  return Handle(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open attribute " + name);
}

/// Texts are padded with zeros, so one in the text would cut it.
void refuseZero(std::string_view value, const std::string& name) {
  if (value.find('\0') != std::string_view::npos)
    throw Error(ErrorKind::unsupported,
                "'" + printable(value) + "' (" + name + ") contains a zero byte, which projects cannot keep");
}

void setScalar(hid_t object, const std::string& name, hid_t type, const void* value) {
  Handle space(H5Screate(H5S_SCALAR), H5Sclose, "create a data space");
  Handle attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                   "create attribute " + name);
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

/// HDF5 takes two open images of one name for the same file, and tries to open a file of the name before it
/// creates one in memory: no file can be below /dev/null.
std::string imageName() {
  static std::uint64_t count = 0;  // under acquire()
  return "/dev/null/planish-image-" + std::to_string(count++);
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
  Handle properties(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "create group properties");
  check(H5Pset_obj_track_times(properties, false), "leave out times");
  return Handle(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, properties, H5P_DEFAULT), H5Gclose,
                "create group " + name);
}

Handle openGroup(hid_t parent, const std::string& name) {
  if (!has(parent, name)) throw bad("group '" + name + "' is missing", pathOf(parent));
  return Handle(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose, "open group " + name);
}

bool has(hid_t parent, const std::string& name) {
  return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
}

bool hasAttribute(hid_t object, const std::string& name) {
  return H5Aexists(object, name.c_str()) > 0;
}

void setText(hid_t object, const std::string& name, std::string_view value) {
  refuseZero(value, name);
  if (value.size() > kMostAttributeBytes)
    throw Error(ErrorKind::unsupported,
                "'" + printable(value) + "' (" + name + ") has " + std::to_string(value.size()) +
                    " bytes, projects keep names of up to " + std::to_string(kMostAttributeBytes));
  const Handle type = textType(value.size());
  const std::string padded = value.empty() ? std::string(1, '\0') : std::string(value);
  setScalar(object, name, type, padded.data());
}

void setWhole(hid_t object, const std::string& name, std::int64_t value) {
  setScalar(object, name, H5T_NATIVE_INT64, &value);
}

void setNumber(hid_t object, const std::string& name, double value) {
  setScalar(object, name, H5T_NATIVE_DOUBLE, &value);
}

std::string text(hid_t object, const std::string& name) {
  const Handle attribute = openAttribute(object, name);
  Handle type(H5Aget_type(attribute), H5Tclose, "read a data type");
  Handle space(H5Aget_space(attribute), H5Sclose, "read a data space");
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 ||
      H5Sget_simple_extent_npoints(space) != 1)
    throw bad("attribute '" + name + "' is no text", pathOf(object));
  std::string value(std::min<std::size_t>(H5Tget_size(type), 64u << 10), '\0');
  const Handle memory = textType(value.size());
  check(H5Aread(attribute, memory, value.data()), "read attribute " + name);
  value.resize(::strnlen(value.data(), value.size()));
  return value;
}

std::int64_t whole(hid_t object, const std::string& name) {
  return scalar<std::int64_t>(object, name, H5T_INTEGER, H5T_NATIVE_INT64);
}

std::int64_t whole(hid_t object, const std::string& name, std::int64_t least, std::int64_t most) {
  const std::int64_t value = whole(object, name);
  if (value < least || value > most)
    throw bad("attribute '" + name + "' is " + std::to_string(value) + ", expected " + std::to_string(least) +
                  " to " + std::to_string(most),
              pathOf(object));
  return value;
}

double number(hid_t object, const std::string& name) {
  return scalar<double>(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE);
}

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
  for (const auto& value : values) {
    refuseZero(value, name);
    width = std::max(width, value.size());
  }
  std::size_t bytes = 0;
  if (width > kMostTextBytes || __builtin_mul_overflow(width, values.size(), &bytes) || bytes > kMostElements)
    throw Error(ErrorKind::unsupported, "a list of texts (" + name + ") has one of " + std::to_string(width) +
                                            " bytes, which is too long to keep");
  std::vector<char> flat(width * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::memcpy(flat.data() + i * width, values[i].data(), values[i].size());
  const Handle type = textType(width);
  writeArray(parent, name, type, type, flat.data(), values.size());
}

void writeText(hid_t parent, const std::string& name, std::string_view value) {
  write(parent, name, std::span(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()));
}

std::vector<double> readNumbers(hid_t parent, const std::string& name) {
  return readArray<double>(parent, name, H5T_FLOAT, H5T_NATIVE_DOUBLE);
}
std::vector<float> readFloats(hid_t parent, const std::string& name) {
  return readArray<float>(parent, name, H5T_FLOAT, H5T_NATIVE_FLOAT);
}
std::vector<std::int64_t> readWholes(hid_t parent, const std::string& name) {
  return readArray<std::int64_t>(parent, name, H5T_INTEGER, H5T_NATIVE_INT64);
}
std::vector<std::uint8_t> readBytes(hid_t parent, const std::string& name) {
  return readArray<std::uint8_t>(parent, name, H5T_INTEGER, H5T_NATIVE_UINT8);
}

std::vector<std::string> readTexts(hid_t parent, const std::string& name) {
  const auto opened = openArray(parent, name, H5T_STRING);
  Handle type(H5Dget_type(opened.dataset), H5Tclose, "read a data type");
  const std::size_t width = H5Tget_size(type);
  if (H5Tis_variable_str(type) > 0 || width > (1u << 20))
    throw bad("dataset '" + name + "' has text of another kind", pathOf(parent));
  std::vector<char> flat(width * opened.count);
  const Handle memory = textType(width);
  if (!flat.empty() && H5Dread(opened.dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, flat.data()) < 0)
    throw bad("dataset '" + name + "' is damaged", pathOf(parent));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < opened.count; ++i)
    values.emplace_back(flat.data() + i * width, ::strnlen(flat.data() + i * width, width));
  return values;
}

std::string readText(hid_t parent, const std::string& name) {
  const auto bytes = readBytes(parent, name);
  return {bytes.begin(), bytes.end()};
}

Handle createImage() {
  Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "create file properties");
  check(H5Pset_obj_track_times(creation, false), "leave out times");
  check(H5Pset_istore_k(creation, 4),
        "choose small index nodes");  // most datasets have one chunk; the usual nodes take 2 KiB each
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "create file properties");
  check(H5Pset_fapl_core(access, 1 << 20, 0), "choose memory for the file");
  // The earliest format: HDF5 1.10 cannot open its own images of newer ones again (superblock checksum).
  check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "choose the file format");
  return Handle(H5Fcreate(imageName().c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose,
                "create a file in memory");
}

std::vector<std::byte> imageOf(const Handle& file) {
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), "flush the file");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  if (size < 0) throw bad("HDF5 could not measure the file image");
  std::vector<std::byte> image(static_cast<std::size_t>(size));
  if (H5Fget_file_image(file, image.data(), image.size()) < 0)
    throw bad("HDF5 could not copy the file image");
  return image;
}

Handle openImage(std::span<const std::byte> image) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "create file properties");
  check(H5Pset_fapl_core(access, 1 << 20, 0), "choose memory for the file");
  check(H5Pset_file_image(access, const_cast<std::byte*>(image.data()), image.size()), "take the file image");
  return Handle(H5Fopen(imageName().c_str(), H5F_ACC_RDONLY, access), H5Fclose, "open the file");
}

}  // namespace planish::hdf5

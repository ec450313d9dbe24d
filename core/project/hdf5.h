#pragma once

// The functions as HDF5 1.10 has them, whatever is installed.
#define H5_USE_110_API
#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace planish::hdf5 {

/// An HDF5 identifier that closes itself; throws Error(invalidInput) "HDF5 could not <doing>" for a negative
/// one.
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*close)(hid_t), std::string_view doing);
  ~Handle();
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  operator hid_t() const { return m_id; }

 private:
  hid_t m_id = -1;
  herr_t (*m_close)(hid_t) = nullptr;
};

/// Throws for a negative status.
void check(herr_t status, std::string_view doing);

/// The library is used by one thread at a time, prints nothing and loads no filter plugins; hold this while
/// calling it.
std::unique_lock<std::recursive_mutex> acquire();

Handle createGroup(hid_t parent, const std::string& name);
Handle openGroup(hid_t parent, const std::string& name);
bool has(hid_t parent, const std::string& name);

/// Throws Error(unsupported) for text with a zero byte or of over 60000 bytes.
void setText(hid_t object, const std::string& name, std::string_view value);
void setWhole(hid_t object, const std::string& name, std::int64_t value);
void setNumber(hid_t object, const std::string& name, double value);
bool hasAttribute(hid_t object, const std::string& name);
std::string text(hid_t object, const std::string& name);
std::int64_t whole(hid_t object, const std::string& name);
/// Throws Error(invalidInput) outside least..most.
std::int64_t whole(hid_t object, const std::string& name, std::int64_t least, std::int64_t most);
double number(hid_t object, const std::string& name);

/// One-dimensional datasets with a checksum, compressed where they are long.
void write(hid_t parent, const std::string& name, std::span<const double> values);
void write(hid_t parent, const std::string& name, std::span<const float> values);
void write(hid_t parent, const std::string& name, std::span<const std::int64_t> values);
void write(hid_t parent, const std::string& name, std::span<const std::uint8_t> values);
void write(hid_t parent, const std::string& name, const std::vector<std::string>& values);
/// Text of any length; attributes are limited to 64 KiB.
void writeText(hid_t parent, const std::string& name, std::string_view value);
/// Throw Error(invalidInput) naming the dataset: missing, wrong rank or type, too large, wrong checksum.
std::vector<double> readNumbers(hid_t parent, const std::string& name);
std::vector<float> readFloats(hid_t parent, const std::string& name);
std::vector<std::int64_t> readWholes(hid_t parent, const std::string& name);
std::vector<std::uint8_t> readBytes(hid_t parent, const std::string& name);
std::vector<std::string> readTexts(hid_t parent, const std::string& name);
std::string readText(hid_t parent, const std::string& name);

/// A file that lives in memory: created empty, and turned into the bytes that a file would have.
Handle createImage();
std::vector<std::byte> imageOf(const Handle& file);
/// Opens bytes read-only.
Handle openImage(std::span<const std::byte> image);

/// Walks every object before anything is read and refuses what a project never has: soft, external and
/// user-defined links, objects with several names, deep nesting, external or virtual storage, filters other
/// than shuffle, deflate and fletcher32, types other than plain numbers and text of fixed length, more than a
/// million objects, attributes over 64 KiB, and datasets that together claim over 1100 times the file's size.
/// Throws Error(invalidInput) with the object's path.
void refuseHostile(const Handle& file, std::uint64_t imageBytes);

}  // namespace planish::hdf5

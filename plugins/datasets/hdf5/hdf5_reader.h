#pragma once

#include "core/tensor/tensor.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace planish {

/// One dataset of numbers in a foreign HDF5 file.
struct Hdf5Array {
  std::string name;  ///< path inside the file without the leading slash
  DataType type = DataType::undefined;
  Shape shape;
};

/// Reads arrays from an HDF5 file of a stranger: follows hard links only, loads no filter plugins, takes no external or virtual storage,
/// and no sizes that the file cannot hold. One call at a time in the whole process, because the library keeps global state.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(std::filesystem::path path) : m_path(std::move(path)) {}

  /// Arrays of numbers in the order of names, at most 8 groups deep; links and other objects are left out. Throws Error(invalidInput |
  /// unsupported) if an array's storage is one of those above.
  std::vector<Hdf5Array> list() const;
  /// Row-major, native byte order. Throws Error(invalidInput | unsupported).
  void read(const Hdf5Array& array, std::span<std::byte> into) const;

 private:
  std::filesystem::path m_path;
};

}  // namespace planish

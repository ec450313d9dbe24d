#pragma once

#include "core/base/registry.h"
#include "core/parameters/declaration.h"
#include "core/tensor/tensor.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace planish {

/// Samples with labels, as they lie in a file or folder: raw, not preprocessed. Thread-safe for reading.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t count() const = 0;
  /// Names of the arrays that samples consist of, the first the default: {"x"}; {"image"} for pictures.
  virtual std::vector<std::string> arrays() const = 0;
  /// One sample of an array, without a batch axis. Pictures: uint8 [height, width, channels], RGB; others as stored.
  /// Throws Error(invalidInput) for a damaged sample.
  virtual Tensor sample(std::string_view array, std::int64_t index) const = 0;
  /// One class number a sample; empty if the data has none.
  virtual const std::vector<std::int64_t>& labels() const = 0;
  virtual std::vector<std::string> classNames() const { return {}; }
  /// Whether samples are stored with channels last (pictures) or first; unknown for plain arrays.
  enum class Order : std::uint8_t { unknown, channelsLast, channelsFirst };
  virtual Order order() const { return Order::unknown; }
  /// SHA-256 (hex) of everything that samples and labels are read from.
  virtual std::string fingerprint() const = 0;
  /// Path as given, for messages and projects.
  virtual std::string source() const = 0;
};

/// How to open data: what the command line's --x and --y say.
struct DatasetRequest {
  std::filesystem::path path;
  std::string x, y;  ///< names of arrays; empty: the first known one (see openDataset)
};

/// Opens one kind of data; registered by plugins/datasets.
class DatasetFormat {
 public:
  virtual ~DatasetFormat() = default;
  virtual const Declaration& declaration() const = 0;
  /// Cheap look at name and first bytes.
  virtual bool canOpen(const std::filesystem::path& path) const = 0;
  /// Throws Error(invalidInput) for damaged data, Error(usage) for an array name that is not there (listing those that are).
  virtual std::shared_ptr<const Dataset> open(const DatasetRequest& request) const = 0;
};

/// Opens data with the first format that can. Throws Error(invalidInput) if there is nothing at the path, Error(unsupported) listing
/// the known formats if none takes it.
std::shared_ptr<const Dataset> openDataset(const Registry<DatasetFormat>& formats, const DatasetRequest& request);

}  // namespace planish

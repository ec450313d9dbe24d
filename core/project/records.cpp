#include "core/project/records.h"

#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"

#include <algorithm>

namespace planish {
namespace {

Error damaged(const std::string& message) {
  return Error(ErrorKind::invalidInput, message);
}

void expectColumns(std::size_t rows, std::initializer_list<std::size_t> others, const std::string& what) {
  for (const std::size_t other : others)
    if (other != rows) throw damaged("the columns of " + what + " have different lengths");
}

/// Sparsity, storage rules and mask are the same for all planes.
void writeCommon(hid_t group, const Sparsity& sparsity, const StorageRules& storage, const Tensor& mask) {
  Setting carrier;
  carrier.sparsity = sparsity;
  hdf5::setText(group, "sparsity", toText(carrier));
  hdf5::setWhole(group, "scale_bits", storage.scaleBits);
  hdf5::setWhole(group, "zero_points", storage.zeroPoints);
  hdf5::setWhole(group, "whole_bytes", storage.wholeBytes);
  hdf5::setWhole(group, "leave_out_pruned", storage.leaveOutPruned);
  if (mask.defined()) writeTensor(group, "mask", mask);
}

/// Rows and columns of a matrix in a file.
constexpr std::int64_t kLongestSide = std::int64_t(1) << 40;

struct Extent {
  std::int64_t rows = 0, columns = 0;
  bool operator==(const Extent&) const = default;
};

Extent extentOf(const Plane& plane) {
  if (const auto* codes = dynamic_cast<const CodePlane*>(&plane)) return {codes->rows(), codes->columns()};
  if (const auto* dense = dynamic_cast<const DensePlane*>(&plane)) return {dense->rows(), dense->columns()};
  if (const auto* pair = dynamic_cast<const LowRankPlane*>(&plane))
    return {extentOf(pair->left()).rows, extentOf(pair->right()).columns};
  throw Error(ErrorKind::unsupported, "projects cannot keep a plane of kind '" + plane.kind() + "'");
}

Sparsity readSparsity(hid_t group) {
  return parseSetting(hdf5::text(group, "sparsity")).sparsity;
}

StorageRules readStorage(hid_t group) {
  StorageRules storage;
  storage.scaleBits = static_cast<int>(hdf5::whole(group, "scale_bits", 16, 32));
  storage.zeroPoints = hdf5::whole(group, "zero_points") != 0;
  storage.wholeBytes = hdf5::whole(group, "whole_bytes") != 0;
  storage.leaveOutPruned = hdf5::whole(group, "leave_out_pruned") != 0;
  return storage;
}

Tensor readMask(hid_t group, Extent extent) {
  if (!hdf5::has(group, "mask")) return {};
  Tensor mask = readTensor(group, "mask");
  if (mask.type() != DataType::boolean || mask.shape() != Shape{extent.rows, extent.columns})
    throw damaged("a mask of " + std::string(name(mask.type())) + mask.shape().text() + " for a matrix of " +
                  Shape{extent.rows, extent.columns}.text());
  return mask;
}

std::vector<std::int64_t> widened(const std::vector<std::int16_t>& values) {
  return {values.begin(), values.end()};
}

std::vector<std::int16_t> narrowed(const std::vector<std::int64_t>& values, const std::string& what) {
  std::vector<std::int16_t> narrow;
  narrow.reserve(values.size());
  for (const std::int64_t value : values) {
    if (value < INT16_MIN || value > INT16_MAX)
      throw damaged(what + " out of range: " + std::to_string(value));
    narrow.push_back(static_cast<std::int16_t>(value));
  }
  return narrow;
}

void writePlane(hid_t parent, const std::string& name, const Plane& plane) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "kind", plane.kind());
  if (const auto* codes = dynamic_cast<const CodePlane*>(&plane)) {
    const auto& parts = codes->parts();
    hdf5::setWhole(group, "unsigned", parts.format == NumberFormat::unsignedInteger);
    hdf5::setWhole(group, "bits", parts.bits);
    hdf5::setWhole(group, "rows", parts.rows);
    hdf5::setWhole(group, "columns", parts.columns);
    hdf5::setWhole(group, "group", parts.group);
    // One byte a code, offset so that signed codes fit; compressed by HDF5.
    std::vector<std::uint8_t> bytes(parts.codes.size());
    const int offset = parts.format == NumberFormat::unsignedInteger ? 0 : 128;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(parts.codes[i] + offset);
    hdf5::write(group, "codes", std::span<const std::uint8_t>(bytes));
    hdf5::write(group, "scales", std::span<const float>(parts.scales));
    const auto zeroPoints = widened(parts.zeroPoints);
    hdf5::write(group, "zero_points_of_scales", std::span<const std::int64_t>(zeroPoints));
    writeCommon(group, parts.sparsity, parts.storage, parts.mask);
  } else if (const auto* dense = dynamic_cast<const DensePlane*>(&plane)) {
    const auto& parts = dense->parts();
    Setting carrier;
    carrier.format = parts.format;
    hdf5::setText(group, "format", toText(carrier));
    hdf5::setWhole(group, "group", parts.group);
    writeTensor(group, "elements", parts.elements);
    hdf5::write(group, "scales", std::span<const float>(parts.scales));
    writeCommon(group, parts.sparsity, parts.storage, parts.mask);
  } else if (const auto* pair = dynamic_cast<const LowRankPlane*>(&plane)) {
    writePlane(group, "left", pair->left());
    writePlane(group, "right", pair->right());
    writeCommon(group, pair->sparsity(), {}, pair->mask());
  } else {
    throw Error(ErrorKind::unsupported, "projects cannot keep a plane of kind '" + plane.kind() + "'");
  }
}

std::shared_ptr<const Plane> readCodes(hid_t group) {
  CodePlane::Parts parts;
  const bool isUnsigned = hdf5::whole(group, "unsigned", 0, 1) != 0;
  parts.format = isUnsigned ? NumberFormat::unsignedInteger : NumberFormat::integer;
  parts.bits = static_cast<int>(hdf5::whole(group, "bits", 1, 8));
  parts.rows = hdf5::whole(group, "rows", 1, kLongestSide);
  parts.columns = hdf5::whole(group, "columns", 1, kLongestSide);
  parts.group = hdf5::whole(group, "group", 0, parts.columns);
  const auto bytes = hdf5::readBytes(group, "codes");
  std::int64_t count = 0;
  if (__builtin_mul_overflow(parts.rows, parts.columns, &count) ||
      static_cast<std::uint64_t>(count) != bytes.size())
    throw damaged("a matrix of " + Shape{parts.rows, parts.columns}.text() + " has " +
                  std::to_string(bytes.size()) + " codes");
  parts.codes.reserve(bytes.size());
  for (const std::uint8_t byte : bytes)
    parts.codes.push_back(static_cast<std::int16_t>(byte - (isUnsigned ? 0 : 128)));
  parts.scales = hdf5::readFloats(group, "scales");
  parts.zeroPoints = narrowed(hdf5::readWholes(group, "zero_points_of_scales"), "zero point");
  parts.mask = readMask(group, {parts.rows, parts.columns});
  parts.sparsity = readSparsity(group);
  parts.storage = readStorage(group);
  return std::make_shared<CodePlane>(std::move(parts));
}

std::shared_ptr<const Plane> readDense(hid_t group) {
  DensePlane::Parts parts;
  parts.format = parseSetting(hdf5::text(group, "format")).format;
  parts.elements = readTensor(group, "elements");
  const Shape& shape = parts.elements.shape();
  if (shape.rank() != 2 || shape[0] < 1 || shape[1] < 1)
    throw damaged("elements of shape " + shape.text() + " are no matrix");
  parts.group = hdf5::whole(group, "group", 0, shape[1]);
  parts.scales = hdf5::readFloats(group, "scales");
  parts.mask = readMask(group, {shape[0], shape[1]});
  parts.sparsity = readSparsity(group);
  parts.storage = readStorage(group);
  return std::make_shared<DensePlane>(std::move(parts));
}

std::shared_ptr<const Plane> readPlane(hid_t parent, const std::string& name, bool isFactor = false) {
  const auto group = hdf5::openGroup(parent, name);
  const std::string kind = hdf5::text(group, "kind");
  if (kind == "codes") return readCodes(group);
  if (kind == "dense") return readDense(group);
  // A factor that is a product itself could stand for far more numbers than the file has.
  if (kind != "low-rank" || isFactor) throw damaged("unknown kind of plane '" + printable(kind) + "'");
  const auto left = readPlane(group, "left", true), right = readPlane(group, "right", true);
  return std::make_shared<LowRankPlane>(
      left, right, readMask(group, {extentOf(*left).rows, extentOf(*right).columns}), readSparsity(group));
}

}  // namespace

void writeRows(hid_t parent, const std::string& name, const std::vector<SensitivityRow>& rows) {
  const auto group = hdf5::createGroup(parent, name);
  std::vector<std::string> layers, options;
  std::vector<double> means, errors;
  std::vector<std::int64_t> counts, bits;
  for (const auto& row : rows) {
    layers.push_back(row.layer);
    options.push_back(toText(row.option));
    means.push_back(row.estimate.mean);
    errors.push_back(row.estimate.standardError);
    counts.push_back(row.estimate.count);
    bits.push_back(row.bits.count);
  }
  hdf5::write(group, "layer", layers);
  hdf5::write(group, "option", options);
  hdf5::write(group, "mean", std::span<const double>(means));
  hdf5::write(group, "standard_error", std::span<const double>(errors));
  hdf5::write(group, "count", std::span<const std::int64_t>(counts));
  hdf5::write(group, "bits", std::span<const std::int64_t>(bits));
}

std::vector<SensitivityRow> readRows(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  const auto layers = hdf5::readTexts(group, "layer"), options = hdf5::readTexts(group, "option");
  const auto means = hdf5::readNumbers(group, "mean"), errors = hdf5::readNumbers(group, "standard_error");
  const auto counts = hdf5::readWholes(group, "count"), bits = hdf5::readWholes(group, "bits");
  expectColumns(layers.size(), {options.size(), means.size(), errors.size(), counts.size(), bits.size()},
                "a sensitivity table");
  std::vector<SensitivityRow> rows;
  for (std::size_t i = 0; i < layers.size(); ++i)
    rows.push_back(
        {layers[i], parseSetting(options[i]), {means[i], errors[i], counts[i]}, storedBits(bits[i])});
  return rows;
}

void writeLayerResults(hid_t parent, const std::string& name, const std::vector<LayerResult>& layers) {
  const auto group = hdf5::createGroup(parent, name);
  std::vector<std::string> names, settings;
  std::vector<std::int64_t> bits;
  std::vector<double> errors, seconds;
  for (const auto& layer : layers) {
    names.push_back(layer.layer);
    settings.push_back(toText(layer.setting));
    bits.push_back(layer.bits.count);
    errors.push_back(layer.error);
    seconds.push_back(layer.seconds);
  }
  hdf5::write(group, "layer", names);
  hdf5::write(group, "setting", settings);
  hdf5::write(group, "bits", std::span<const std::int64_t>(bits));
  hdf5::write(group, "error", std::span<const double>(errors));
  hdf5::write(group, "seconds", std::span<const double>(seconds));
}

std::vector<LayerResult> readLayerResults(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  const auto names = hdf5::readTexts(group, "layer"), settings = hdf5::readTexts(group, "setting");
  const auto bits = hdf5::readWholes(group, "bits");
  const auto errors = hdf5::readNumbers(group, "error"), seconds = hdf5::readNumbers(group, "seconds");
  expectColumns(names.size(), {settings.size(), bits.size(), errors.size(), seconds.size()},
                "a list of layers");
  std::vector<LayerResult> layers;
  for (std::size_t i = 0; i < names.size(); ++i)
    layers.push_back({names[i], parseSetting(settings[i]), storedBits(bits[i]), errors[i], seconds[i]});
  return layers;
}

void writeCompressed(hid_t parent, const std::string& name, const CompressedTensor& tensor) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "setting", toText(tensor.setting));
  hdf5::setWhole(group, "rows", tensor.rows);
  hdf5::setWhole(group, "columns", tensor.columns);
  for (std::size_t i = 0; i < tensor.planes.size(); ++i)
    writePlane(group, "plane" + std::to_string(i), *tensor.planes[i]);
}

CompressedTensor readCompressed(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  CompressedTensor tensor;
  tensor.setting = parseSetting(hdf5::text(group, "setting"));
  tensor.rows = hdf5::whole(group, "rows", 1, kLongestSide);
  tensor.columns = hdf5::whole(group, "columns", 1, kLongestSide);
  try {
    for (int i = 0; hdf5::has(group, "plane" + std::to_string(i)); ++i)
      tensor.planes.push_back(readPlane(group, "plane" + std::to_string(i)));
  } catch (const Error& error) {
    throw damaged(error.message())
        .at(error.where());  // planes check their parts as a programmer's mistake; here it is the file's
  }
  if (tensor.planes.empty()) throw damaged("a compressed weight without planes");
  for (const auto& plane : tensor.planes)
    if (extentOf(*plane) != Extent{tensor.rows, tensor.columns})
      throw damaged("a " + plane->kind() + " plane of another shape in a weight of " +
                    Shape{tensor.rows, tensor.columns}.text());
  return tensor;
}

void writeTensor(hid_t parent, const std::string& name, const Tensor& tensor) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setWhole(group, "type", static_cast<std::int64_t>(tensor.type()));
  hdf5::write(group, "shape", std::span<const std::int64_t>(tensor.shape().dims()));
  const Tensor plain = toPlain(tensor);
  const auto bytes = plain.bytes();
  hdf5::write(group, "bytes", std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

Tensor readTensor(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  const auto type = static_cast<DataType>(hdf5::whole(group, "type"));
  const Shape shape(hdf5::readWholes(group, "shape"));
  const auto bytes = hdf5::readBytes(group, "bytes");
  if (!isKnown(type) || bitsOf(type) == 0)
    throw damaged("unknown element type " + std::to_string(static_cast<std::int64_t>(type)));
  std::int64_t bits = 0;
  if (shape.rank() > 16 ||
      __builtin_mul_overflow(shape.count(), static_cast<std::int64_t>(bitsOf(type)), &bits) ||
      bits / 8 + (bits % 8 != 0) != static_cast<std::int64_t>(bytes.size()))
    throw damaged("a tensor of shape " + shape.text() + " has " + std::to_string(bytes.size()) + " bytes");
  if (type == DataType::boolean &&
      std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte > 1; }))
    throw damaged("a truth value that is neither 0 nor 1");
  Tensor tensor(type, shape);
  std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), tensor.writableBytes().data());
  return tensor;
}

Bits storedBits(std::int64_t count) {
  if (count < 0 || count > (std::int64_t(1) << 42))
    throw damaged("a size of " + std::to_string(count) + " bits");
  return Bits{count};
}

void writeEstimates(hid_t parent, const std::string& name, const std::map<std::string, Estimate>& estimates) {
  const auto group = hdf5::createGroup(parent, name);
  std::vector<std::string> scores;
  std::vector<double> means, errors;
  std::vector<std::int64_t> counts;
  for (const auto& [score, estimate] : estimates) {
    scores.push_back(score);
    means.push_back(estimate.mean);
    errors.push_back(estimate.standardError);
    counts.push_back(estimate.count);
  }
  hdf5::write(group, "score", scores);
  hdf5::write(group, "mean", std::span<const double>(means));
  hdf5::write(group, "standard_error", std::span<const double>(errors));
  hdf5::write(group, "count", std::span<const std::int64_t>(counts));
}

std::map<std::string, Estimate> readEstimates(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  const auto scores = hdf5::readTexts(group, "score");
  const auto means = hdf5::readNumbers(group, "mean"), errors = hdf5::readNumbers(group, "standard_error");
  const auto counts = hdf5::readWholes(group, "count");
  expectColumns(scores.size(), {means.size(), errors.size(), counts.size()}, "a list of estimates");
  std::map<std::string, Estimate> estimates;
  for (std::size_t i = 0; i < scores.size(); ++i)
    estimates[scores[i]] = {means[i], errors[i], counts[i]};
  return estimates;
}

}  // namespace planish

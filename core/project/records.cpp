#include "core/project/records.h"

#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"

#include <algorithm>

namespace planish {
namespace {

Error damaged(const std::string& message) { return Error(ErrorKind::invalidInput, message); }

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

Sparsity readSparsity(hid_t group) { return parseSetting(hdf5::text(group, "sparsity")).sparsity; }

StorageRules readStorage(hid_t group) {
  StorageRules storage;
  storage.scaleBits = static_cast<int>(hdf5::whole(group, "scale_bits"));
  storage.zeroPoints = hdf5::whole(group, "zero_points") != 0;
  storage.wholeBytes = hdf5::whole(group, "whole_bytes") != 0;
  storage.leaveOutPruned = hdf5::whole(group, "leave_out_pruned") != 0;
  return storage;
}

Tensor readMask(hid_t group) { return hdf5::has(group, "mask") ? readTensor(group, "mask") : Tensor(); }

std::vector<std::int64_t> widened(const std::vector<std::int16_t>& values) { return {values.begin(), values.end()}; }

std::vector<std::int16_t> narrowed(const std::vector<std::int64_t>& values, const std::string& what) {
  std::vector<std::int16_t> narrow;
  narrow.reserve(values.size());
  for (const std::int64_t value : values) {
    if (value < INT16_MIN || value > INT16_MAX) throw damaged(what + " out of range: " + std::to_string(value));
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
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(parts.codes[i] + offset);
    hdf5::write(group, "codes", std::span<const std::uint8_t>(bytes));
    hdf5::write(group, "scales", std::span<const float>(parts.scales));
    const auto zeroPoints = widened(parts.zeroPoints);
    hdf5::write(group, "zero_points_of_scales", std::span<const std::int64_t>(zeroPoints));
    writeCommon(group, parts.sparsity, parts.storage, parts.mask);
  } else if (const auto* dense = dynamic_cast<const DensePlane*>(&plane)) {
    const auto& parts = dense->parts();
    hdf5::setWhole(group, "format", static_cast<std::int64_t>(parts.format));
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

std::shared_ptr<const Plane> readPlane(hid_t parent, const std::string& name, int depth) {
  if (depth > 4) throw damaged("planes are nested too deep");
  const auto group = hdf5::openGroup(parent, name);
  const std::string kind = hdf5::text(group, "kind");
  if (kind == "codes") {
    CodePlane::Parts parts;
    const bool isUnsigned = hdf5::whole(group, "unsigned") != 0;
    parts.format = isUnsigned ? NumberFormat::unsignedInteger : NumberFormat::integer;
    parts.bits = static_cast<int>(hdf5::whole(group, "bits"));
    parts.rows = hdf5::whole(group, "rows");
    parts.columns = hdf5::whole(group, "columns");
    parts.group = hdf5::whole(group, "group");
    for (const std::uint8_t byte : hdf5::readBytes(group, "codes")) parts.codes.push_back(static_cast<std::int16_t>(byte - (isUnsigned ? 0 : 128)));
    parts.scales = hdf5::readFloats(group, "scales");
    parts.zeroPoints = narrowed(hdf5::readWholes(group, "zero_points_of_scales"), "zero point");
    parts.mask = readMask(group);
    parts.sparsity = readSparsity(group);
    parts.storage = readStorage(group);
    return std::make_shared<CodePlane>(std::move(parts));
  }
  if (kind == "dense") {
    DensePlane::Parts parts;
    const auto format = hdf5::whole(group, "format");
    if (format < 0 || format > static_cast<std::int64_t>(NumberFormat::gguf)) throw damaged("unknown number format " + std::to_string(format));
    parts.format = static_cast<NumberFormat>(format);
    parts.group = hdf5::whole(group, "group");
    parts.elements = readTensor(group, "elements");
    parts.scales = hdf5::readFloats(group, "scales");
    parts.mask = readMask(group);
    parts.sparsity = readSparsity(group);
    parts.storage = readStorage(group);
    return std::make_shared<DensePlane>(std::move(parts));
  }
  if (kind == "low-rank")
    return std::make_shared<LowRankPlane>(readPlane(group, "left", depth + 1), readPlane(group, "right", depth + 1), readMask(group), readSparsity(group));
  throw damaged("unknown kind of plane '" + printable(kind) + "'");
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
  expectColumns(layers.size(), {options.size(), means.size(), errors.size(), counts.size(), bits.size()}, "a sensitivity table");
  std::vector<SensitivityRow> rows;
  for (std::size_t i = 0; i < layers.size(); ++i)
    rows.push_back({layers[i], parseSetting(options[i]), {means[i], errors[i], counts[i]}, Bits{bits[i]}});
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
  expectColumns(names.size(), {settings.size(), bits.size(), errors.size(), seconds.size()}, "a list of layers");
  std::vector<LayerResult> layers;
  for (std::size_t i = 0; i < names.size(); ++i) layers.push_back({names[i], parseSetting(settings[i]), Bits{bits[i]}, errors[i], seconds[i]});
  return layers;
}

void writeCompressed(hid_t parent, const std::string& name, const CompressedTensor& tensor) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "setting", toText(tensor.setting));
  hdf5::setWhole(group, "rows", tensor.rows);
  hdf5::setWhole(group, "columns", tensor.columns);
  for (std::size_t i = 0; i < tensor.planes.size(); ++i) writePlane(group, "plane" + std::to_string(i), *tensor.planes[i]);
}

CompressedTensor readCompressed(hid_t parent, const std::string& name) {
  const auto group = hdf5::openGroup(parent, name);
  CompressedTensor tensor;
  tensor.setting = parseSetting(hdf5::text(group, "setting"));
  tensor.rows = hdf5::whole(group, "rows");
  tensor.columns = hdf5::whole(group, "columns");
  try {
    for (int i = 0; hdf5::has(group, "plane" + std::to_string(i)); ++i) tensor.planes.push_back(readPlane(group, "plane" + std::to_string(i), 0));
  } catch (const Error& error) {
    throw damaged(error.message());  // planes check their parts as a programmer's mistake; here it is the file's
  }
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
  if (!isKnown(type) || bitsOf(type) == 0) throw damaged("unknown element type " + std::to_string(static_cast<std::int64_t>(type)));
  std::int64_t bits = 0;
  if (shape.rank() > 16 || __builtin_mul_overflow(shape.count(), static_cast<std::int64_t>(bitsOf(type)), &bits) ||
      (bits + 7) / 8 != static_cast<std::int64_t>(bytes.size()))
    throw damaged("a tensor of shape " + shape.text() + " has " + std::to_string(bytes.size()) + " bytes");
  Tensor tensor(type, shape);
  std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), tensor.writableBytes().data());
  return tensor;
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
  for (std::size_t i = 0; i < scores.size(); ++i) estimates[scores[i]] = {means[i], errors[i], counts[i]};
  return estimates;
}

}  // namespace planish

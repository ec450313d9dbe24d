#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/project/project.h"
#include "core/project/records.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace planish {
namespace {

/// In front of the HDF5 image: magic, container version, image length, SHA-256 of the image, generator. HDF5
/// finds its superblock at 512 by itself, so every HDF5 tool reads the file.
constexpr std::size_t kHeaderSize = 512;
constexpr std::array<unsigned char, 12> kMagic = {0x89, 'P', 'L',  'A',  'N',  'I',
                                                  'S',  'H', '\r', '\n', 0x1A, '\n'};
constexpr std::uint32_t kContainerVersion = 1;
constexpr std::uint64_t kMostBytes = std::uint64_t(8) << 30;

constexpr std::int64_t kMostSamples = std::int64_t(1) << 48;

template <typename T>
void put(std::array<std::byte, kHeaderSize>& header, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    header[at + i] = std::byte(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

template <typename T>
T get(std::span<const std::byte> header, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= std::to_integer<std::uint64_t>(header[at + i]) << (8 * i);
  return static_cast<T>(value);
}

std::array<std::byte, kHeaderSize> headerFor(std::span<const std::byte> image) {
  std::array<std::byte, kHeaderSize> header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  put<std::uint32_t>(header, 12, kContainerVersion);
  put<std::uint64_t>(header, 16, image.size());
  Sha256 hash;
  hash.add(image);
  const auto digest = hash.digest();
  std::memcpy(header.data() + 24, digest.data(), digest.size());
  const std::string generator = "Planish " PLANISH_VERSION;
  std::memcpy(header.data() + 56, generator.data(), generator.size());
  return header;
}

void writeReference(hid_t root, const std::string& name, const DataReference& data) {
  const auto group = hdf5::createGroup(root, name);
  hdf5::setText(group, "path", data.path);
  hdf5::setText(group, "x", data.x);
  hdf5::setText(group, "y", data.y);
  hdf5::setText(group, "fingerprint", data.fingerprint);
  hdf5::setWhole(group, "limit", data.limit);
  hdf5::setWhole(group, "batch", data.batch);
  hdf5::setWhole(group, "count", data.count);
  hdf5::writeText(group, "preprocessing", data.preprocessing);
}

std::optional<DataReference> readReference(hid_t root, const std::string& name) {
  if (!hdf5::has(root, name)) return std::nullopt;
  const auto group = hdf5::openGroup(root, name);
  DataReference data;
  data.path = hdf5::text(group, "path");
  data.x = hdf5::text(group, "x");
  data.y = hdf5::text(group, "y");
  data.fingerprint = hdf5::text(group, "fingerprint");
  data.limit = hdf5::whole(group, "limit", -1, kMostSamples);
  data.batch = hdf5::whole(group, "batch", 1, kMostSamples);
  data.count = hdf5::whole(group, "count", 0, kMostSamples);
  data.preprocessing = hdf5::readText(group, "preprocessing");
  return data;
}

void writeNetwork(hid_t root, const NetworkReference& network) {
  const auto group = hdf5::createGroup(root, "network");
  hdf5::setText(group, "path", network.path);
  hdf5::setText(group, "name", network.name);
  hdf5::setText(group, "format", network.format);
  hdf5::setText(group, "fingerprint", network.fingerprint);
  hdf5::setWhole(group, "bytes", static_cast<std::int64_t>(network.bytes));
  hdf5::write(group, "passes", network.passes);
}

NetworkReference readNetwork(hid_t root) {
  const auto group = hdf5::openGroup(root, "network");
  NetworkReference network;
  network.path = hdf5::text(group, "path");
  network.name = hdf5::text(group, "name");
  network.format = hdf5::text(group, "format");
  network.fingerprint = hdf5::text(group, "fingerprint");
  network.bytes = static_cast<std::uint64_t>(hdf5::whole(group, "bytes"));
  network.passes = hdf5::readTexts(group, "passes");
  return network;
}

void writeTable(hid_t parent, const std::string& name, const SensitivityTable& table) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "metric", table.metric);
  hdf5::setText(group, "unit", table.unit);
  hdf5::setText(group, "fingerprint", table.fingerprint);
  hdf5::writeText(group, "description", table.description);
  writeRows(group, "rows", table.rows);
}

SensitivityTable readTable(hid_t group) {
  SensitivityTable table;
  table.metric = hdf5::text(group, "metric");
  table.unit = hdf5::text(group, "unit");
  table.fingerprint = hdf5::text(group, "fingerprint");
  table.description = hdf5::readText(group, "description");
  table.rows = readRows(group, "rows");
  return table;
}

void writePlan(hid_t parent, const std::string& name, const Plan& plan) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "name", plan.name);
  hdf5::setText(group, "solver", plan.solver);
  hdf5::setText(group, "target", plan.target);
  hdf5::setText(group, "metric", plan.metric);
  hdf5::setText(group, "budget", plan.budget == Budget{} ? std::string() : toText(plan.budget));  // plans made by hand have none
  hdf5::setNumber(group, "predicted_mean", plan.predicted.mean);
  hdf5::setNumber(group, "predicted_standard_error", plan.predicted.standardError);
  hdf5::setWhole(group, "predicted_count", plan.predicted.count);
  if (plan.bound) hdf5::setNumber(group, "bound", *plan.bound);
  hdf5::writeText(group, "note", plan.note);
  hdf5::write(group, "repairs", plan.repairs);
  std::vector<std::string> layers, settings, provenance;
  std::vector<std::int64_t> locked, bits;
  for (const auto& layer : plan.layers) {
    layers.push_back(layer.layer);
    settings.push_back(toText(layer.setting));
    provenance.push_back(layer.provenance);
    locked.push_back(layer.locked);
    bits.push_back(layer.bits.count);
  }
  hdf5::write(group, "layer", layers);
  hdf5::write(group, "setting", settings);
  hdf5::write(group, "provenance", provenance);
  hdf5::write(group, "locked", std::span<const std::int64_t>(locked));
  hdf5::write(group, "bits", std::span<const std::int64_t>(bits));
}

Plan readPlan(hid_t group) {
  Plan plan;
  plan.name = hdf5::text(group, "name");
  plan.solver = hdf5::text(group, "solver");
  plan.target = hdf5::text(group, "target");
  plan.metric = hdf5::text(group, "metric");
  if (const std::string budget = hdf5::text(group, "budget"); !budget.empty()) plan.budget = parseBudget(budget);
  plan.predicted = {hdf5::number(group, "predicted_mean"), hdf5::number(group, "predicted_standard_error"),
                    hdf5::whole(group, "predicted_count")};
  if (hdf5::hasAttribute(group, "bound")) plan.bound = hdf5::number(group, "bound");
  plan.note = hdf5::readText(group, "note");
  plan.repairs = hdf5::readTexts(group, "repairs");
  const auto layers = hdf5::readTexts(group, "layer"), settings = hdf5::readTexts(group, "setting"),
             provenance = hdf5::readTexts(group, "provenance");
  const auto locked = hdf5::readWholes(group, "locked"), bits = hdf5::readWholes(group, "bits");
  if (settings.size() != layers.size() || provenance.size() != layers.size() ||
      locked.size() != layers.size() || bits.size() != layers.size())
    throw Error(ErrorKind::invalidInput,
                "the columns of plan '" + printable(plan.name) + "' have different lengths");
  for (std::size_t i = 0; i < layers.size(); ++i)
    plan.layers.push_back(
        {layers[i], parseSetting(settings[i]), locked[i] != 0, storedBits(bits[i]), provenance[i]});
  return plan;
}

void writeStored(hid_t parent, const StoredNetwork& stored) {
  const auto weights = hdf5::createGroup(parent, "weights");
  std::size_t index = 0;
  for (const auto& [name, tensor] : stored.weights) {
    writeCompressed(weights, std::to_string(index), tensor);
    hdf5::setText(hdf5::openGroup(weights, std::to_string(index++)), "name", name);
  }
  const auto edits = hdf5::createGroup(parent, "edits");
  index = 0;
  for (const auto& [name, tensor] : stored.edits) {
    writeTensor(edits, std::to_string(index), tensor);
    hdf5::setText(hdf5::openGroup(edits, std::to_string(index++)), "name", name);
  }
  const auto activations = hdf5::createGroup(parent, "activations");
  std::vector<std::string> values;
  std::vector<std::int64_t> bits, isSigned, zeroPoints;
  std::vector<double> scales;
  for (const auto& [name, format] : stored.activations) {
    values.push_back(name);
    bits.push_back(format.bits);
    isSigned.push_back(format.isSigned);
    zeroPoints.push_back(format.zeroPoint);
    scales.push_back(format.scale);
  }
  hdf5::write(activations, "value", values);
  hdf5::write(activations, "bits", std::span<const std::int64_t>(bits));
  hdf5::write(activations, "signed", std::span<const std::int64_t>(isSigned));
  hdf5::write(activations, "zero_point", std::span<const std::int64_t>(zeroPoints));
  hdf5::write(activations, "scale", std::span<const double>(scales));
}

ActivationFormat activationFormat(std::int64_t bits, bool isSigned, double scale, std::int64_t zeroPoint) {
  const std::int64_t least = isSigned ? -(std::int64_t(1) << 15) : 0, most = (std::int64_t(1) << 16) - 1;
  if ((bits != 8 && bits != 16) || !(scale > 0) || scale > std::numeric_limits<float>::max() ||
      zeroPoint < least || zeroPoint > most)
    throw Error(ErrorKind::invalidInput, "an activation of " + std::to_string(bits) + " bits with scale " +
                                             std::to_string(scale) + " and zero point " +
                                             std::to_string(zeroPoint));
  return {static_cast<int>(bits), isSigned, static_cast<float>(scale), static_cast<std::int32_t>(zeroPoint)};
}

StoredNetwork readStored(hid_t parent) {
  StoredNetwork stored;
  const auto weights = hdf5::openGroup(parent, "weights");
  for (std::size_t i = 0; hdf5::has(weights, std::to_string(i)); ++i)
    stored.weights[hdf5::text(hdf5::openGroup(weights, std::to_string(i)), "name")] =
        readCompressed(weights, std::to_string(i));
  const auto edits = hdf5::openGroup(parent, "edits");
  for (std::size_t i = 0; hdf5::has(edits, std::to_string(i)); ++i)
    stored.edits[hdf5::text(hdf5::openGroup(edits, std::to_string(i)), "name")] =
        readTensor(edits, std::to_string(i));
  const auto activations = hdf5::openGroup(parent, "activations");
  const auto values = hdf5::readTexts(activations, "value");
  const auto bits = hdf5::readWholes(activations, "bits"), isSigned = hdf5::readWholes(activations, "signed");
  const auto zeroPoints = hdf5::readWholes(activations, "zero_point");
  const auto scales = hdf5::readNumbers(activations, "scale");
  if (bits.size() != values.size() || isSigned.size() != values.size() ||
      zeroPoints.size() != values.size() || scales.size() != values.size())
    throw Error(ErrorKind::invalidInput, "the columns of the activation formats have different lengths");
  for (std::size_t i = 0; i < values.size(); ++i)
    stored.activations[values[i]] = activationFormat(bits[i], isSigned[i] != 0, scales[i], zeroPoints[i]);
  return stored;
}

void writeResult(hid_t parent, const std::string& name, const CompressionResult& result) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "plan", result.plan);
  hdf5::setText(group, "fingerprint", result.fingerprint);
  hdf5::setNumber(group, "seconds", result.seconds);
  hdf5::setWhole(group, "seed", static_cast<std::int64_t>(result.seed));
  hdf5::setWhole(group, "resumed_from", result.resumedFrom);
  hdf5::setWhole(group, "correct_before", result.correctBefore);
  hdf5::setWhole(group, "correct_after", result.correctAfter);
  hdf5::write(group, "repairs", result.repairs);
  writeLayerResults(group, "layers", result.layers);
  writeEstimates(group, "before", result.before);
  writeEstimates(group, "after", result.after);
  writeEstimates(group, "difference", result.difference);
  writeStored(hdf5::createGroup(group, "compressed"), result.compressed);
}

CompressionResult readResult(hid_t group) {
  CompressionResult result;
  result.plan = hdf5::text(group, "plan");
  result.fingerprint = hdf5::text(group, "fingerprint");
  result.seconds = hdf5::number(group, "seconds");
  result.seed = static_cast<std::uint64_t>(hdf5::whole(group, "seed"));
  result.resumedFrom = hdf5::whole(group, "resumed_from");
  result.correctBefore = hdf5::whole(group, "correct_before");
  result.correctAfter = hdf5::whole(group, "correct_after");
  result.repairs = hdf5::readTexts(group, "repairs");
  result.layers = readLayerResults(group, "layers");
  result.before = readEstimates(group, "before");
  result.after = readEstimates(group, "after");
  result.difference = readEstimates(group, "difference");
  result.compressed = readStored(hdf5::openGroup(group, "compressed"));
  return result;
}

void writeExport(hid_t parent, const std::string& name, const ExportRecord& record) {
  const auto group = hdf5::createGroup(parent, name);
  hdf5::setText(group, "plan", record.plan);
  hdf5::setText(group, "target", record.target);
  hdf5::setText(group, "file", record.file);
  hdf5::setWhole(group, "bytes", record.bytes);
  hdf5::setWhole(group, "weight_bytes", record.weightBytes);
  hdf5::setWhole(group, "predicted_bytes", record.predictedBytes);
  hdf5::setNumber(group, "max_abs_difference", record.maxAbsDifference);
  writeEstimates(group, "reloaded", record.reloaded);
}

ExportRecord readExport(hid_t group) {
  ExportRecord record;
  record.plan = hdf5::text(group, "plan");
  record.target = hdf5::text(group, "target");
  record.file = hdf5::text(group, "file");
  record.bytes = hdf5::whole(group, "bytes");
  record.weightBytes = hdf5::whole(group, "weight_bytes");
  record.predictedBytes = hdf5::whole(group, "predicted_bytes");
  record.maxAbsDifference = hdf5::number(group, "max_abs_difference");
  record.reloaded = readEstimates(group, "reloaded");
  return record;
}

/// Groups "0", "1", ... of a list.
template <typename Items, typename Write>
void writeList(hid_t root, const std::string& name, const Items& items, Write write) {
  const auto group = hdf5::createGroup(root, name);
  for (std::size_t i = 0; i < items.size(); ++i)
    write(group, std::to_string(i), items[i]);
}

template <typename Items, typename Read>
void readList(hid_t root, const std::string& name, Items& items, Read read) {
  const auto group = hdf5::openGroup(root, name);
  for (std::size_t i = 0; hdf5::has(group, std::to_string(i)); ++i)
    items.push_back(read(hdf5::openGroup(group, std::to_string(i))));
}

std::vector<std::byte> imageOfProject(const Project& project) {
  const auto lock = hdf5::acquire();
  const auto file = hdf5::createImage();
  hdf5::setWhole(file, "schema", kProjectSchema);
  hdf5::setText(file, "program", "Planish");
  hdf5::setText(file, "version", project.programVersion);
  writeNetwork(file, project.network);
  if (project.data) writeReference(file, "data", *project.data);
  if (project.calibration) writeReference(file, "calibration", *project.calibration);
  writeList(file, "tables", project.tables, writeTable);
  writeList(file, "plans", project.plans, writePlan);
  writeList(file, "results", project.results, writeResult);
  writeList(file, "exports", project.exports, writeExport);
  return hdf5::imageOf(file);
}

Project projectOfImage(std::span<const std::byte> image) {
  const auto lock = hdf5::acquire();
  const auto file = hdf5::openImage(image);
  hdf5::refuseHostile(file, image.size());
  if (!hdf5::hasAttribute(file, "schema") || !hdf5::hasAttribute(file, "program") ||
      hdf5::text(file, "program") != "Planish")
    throw Error(ErrorKind::invalidInput, "this HDF5 file is not a Planish project");
  if (const auto schema = hdf5::whole(file, "schema", 1, std::numeric_limits<std::int64_t>::max());
      schema > kProjectSchema)
    throw Error(ErrorKind::unsupported, "saved by a newer version (layout " + std::to_string(schema) +
                                            ", this program reads " + std::to_string(kProjectSchema) + ")")
        .remedy("use the newer program");
  Project project;
  project.programVersion = hdf5::text(file, "version");
  project.network = readNetwork(file);
  project.data = readReference(file, "data");
  project.calibration = readReference(file, "calibration");
  readList(file, "tables", project.tables, readTable);
  readList(file, "plans", project.plans, readPlan);
  readList(file, "results", project.results, readResult);
  readList(file, "exports", project.exports, readExport);
  return project;
}

}  // namespace

void saveProject(const Project& project, const std::filesystem::path& path) {
  AtomicFile file(path);
  {
    Project stamped = project;
    stamped.programVersion = PLANISH_VERSION;
    const auto image = imageOfProject(stamped);
    const auto header = headerFor(image);
    file.write(std::span<const std::byte>(header));
    for (std::span<const std::byte> rest = image;
         !rest.empty();) {  // in pieces, since what is written is buffered until it is 1 MiB
      const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1u << 20));
      file.write(piece);
      rest = rest.subspan(piece.size());
    }
  }
  file.flush();
  try {
    loadProject(file.temporary());
  } catch (const Error& error) {
    throw Error(ErrorKind::failed,
                "what was written could not be read back, so the file was not replaced: " + error.message())
        .in(path.string())
        .at(error.where());
  }
  file.commit();
}

Project loadProject(const std::filesystem::path& path, std::vector<std::string>* warnings) {
  const auto content = InputFile(path).readAll(kMostBytes + kHeaderSize);
  return loadProjectImage(content, path.string(), warnings);
}

Project loadProjectImage(std::span<const std::byte> file, const std::string& name,
                         std::vector<std::string>* warnings) {
  try {
    if (file.empty()) throw Error(ErrorKind::invalidInput, "the file is empty");
    if (file.size() < kHeaderSize || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
      throw Error(ErrorKind::invalidInput,
                  "not a Planish project: it does not begin with a project's 512-byte header")
          .at("offset 0");
    if (const auto version = get<std::uint32_t>(file, 12); version != kContainerVersion)
      throw Error(ErrorKind::unsupported, "container version " + std::to_string(version) +
                                              ", this program reads " + std::to_string(kContainerVersion))
          .at("offset 12");
    const auto length = get<std::uint64_t>(file, 16);
    const auto image = file.subspan(kHeaderSize);
    if (length > image.size())
      throw Error(ErrorKind::invalidInput, "the file is truncated: it should have " + std::to_string(length) +
                                               " bytes after its header, found " +
                                               std::to_string(image.size()))
          .at("offset 16")
          .remedy("restore a copy");
    if (length < image.size() && warnings)
      warnings->push_back(printable(name) + ": " + std::to_string(image.size() - length) +
                          " bytes after the end are ignored");
    Sha256 hash;
    hash.add(image.first(length));
    const auto digest = hash.digest();
    if (std::memcmp(digest.data(), file.data() + 24, digest.size()) != 0)
      throw Error(ErrorKind::invalidInput, "the file is damaged: its content does not fit its checksum")
          .remedy("restore a copy");
    return projectOfImage(image.first(length));
  } catch (Error& error) {
    // Words of a plan are parsed as if a user had typed them; here they are the file's.
    if (error.kind() == ErrorKind::usage)
      throw Error(ErrorKind::invalidInput, error.message()).in(printable(name)).at(error.where());
    throw std::move(error).in(printable(name));
  }
}

}  // namespace planish

#include "plugins/formats/onnx/importer.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "plugins/formats/onnx/graph_reader.h"
#include "plugins/formats/onnx/model_file.h"

#include <algorithm>

namespace planish::onnx {
namespace {

void readOpsets(const ModelProto& model, Network& network) {
  for (const auto& import : model.opset_import()) {
    const std::string domain = standardDomain(import.domain());
    const auto [entry, isNew] = network.opsets.emplace(domain, import.version());
    if (!isNew && entry->second != import.version())
      throw Error(ErrorKind::invalidInput, "the file imports versions " + std::to_string(entry->second) + " and " + std::to_string(import.version()) +
                                               " of the operations of domain '" + printable(domain) + "'")
          .at("opset_import");
  }
  auto& notices = network.notices;
  if (model.ir_version() > kNewestIrVersion)
    notices.push_back("the file has IR version " + std::to_string(model.ir_version()) + ", newer than " + std::to_string(kNewestIrVersion) +
                      ": parts of it may be unknown here");
  else if (model.ir_version() < 1)
    notices.push_back("the file names no IR version");
  if (!network.opsets.count("")) {
    notices.push_back("the file imports no version of the standard operations; they are read as version 1 means them");
    network.opsets[""] = 1;
  } else if (const std::int64_t opset = network.opset(); opset > kNewestOpset) {
    notices.push_back("the file uses opset " + std::to_string(opset) + ", newer than " + std::to_string(kNewestOpset) + ": operations may have changed");
  } else if (opset < kOldestOpset) {
    notices.push_back("the file uses opset " + std::to_string(opset) + ", older than " + std::to_string(kOldestOpset) + ": operations may mean something else");
  }
}

void readMetadata(const ModelProto& model, Network& network) {
  for (const auto& entry : model.metadata_props()) network.metadata[entry.key()] = entry.value();
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) network.metadata.emplace(key, text);
  };
  add("producer", model.producer_name());
  add("producer_version", model.producer_version());
  add("domain", model.domain());
  add("description", model.doc_string());
  if (model.model_version() != 0) add("model_version", std::to_string(model.model_version()));
}

void noteOddities(const ModelProto& model, const Reading& reading, Network& network) {
  auto& notices = network.notices;
  const ExternalData& external = reading.external;
  if (!external.missing().empty())
    notices.push_back("weights are missing: no file " + listed({external.missing().begin(), external.missing().end()}) + " beside the network");
  notices.insert(notices.end(), external.notices().begin(), external.notices().end());
  if (!reading.defaultedInputs.empty())
    notices.push_back("inputs with a value in the file are treated as weights: " + listed(reading.defaultedInputs));
  if (!reading.oddInputs.empty()) notices.push_back("inputs or outputs that are not tensors: " + listed(reading.oddInputs));
  if (!reading.unreadAttributes.empty())
    notices.push_back("attributes that are not shown here, but kept: " + listed({reading.unreadAttributes.begin(), reading.unreadAttributes.end()}));
  if (reading.fromFunctions > 0)
    notices.push_back(std::to_string(reading.fromFunctions) + " operations come from functions of the file and are shown in place of the calls");
  if (model.training_info_size() > 0) notices.push_back("the file's training graphs are ignored");
}

}  // namespace

const Declaration& OnnxImporter::declaration() const {
  static const Declaration declaration{"onnx", "ONNX", "Networks as ONNX files, with weights inside or in files beside them.", {}};
  return declaration;
}

bool OnnxImporter::canOpen(const std::filesystem::path& path) const {
  std::string suffix = path.extension().string();
  for (char& c : suffix)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (suffix == ".onnx") return true;
  if (!suffix.empty()) return false;
  // A name without a suffix: files begin with the IR version and go on with the producer, the graph or the opsets.
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code) || std::filesystem::file_size(path, code) < 4 || code) return false;
  std::byte start[3];
  InputFile(path).read(0, start);
  const auto third = static_cast<int>(start[2]);
  return start[0] == std::byte{8} && start[1] > std::byte{0} && start[1] < std::byte{64} && (third == 0x12 || third == 0x3A || third == 0x42);
}

std::shared_ptr<const Network> OnnxImporter::open(const std::filesystem::path& path, const Progress& progress, const ImportRules& rules) const {
  const std::string shown = printable(path.string());
  try {
    const InputFile file(path);
    auto network = std::make_shared<Network>();
    const auto model = readModelFile(file, &network->fingerprint);
    progress.throwIfStopped();
    progress.report(0.5);
    if (!model->has_graph()) throw Error(ErrorKind::invalidInput, "the file holds no graph").at("byte 0").remedy("this is not an ONNX network");
    network->file = path.string();
    network->format = declaration().id;
    network->irVersion = model->ir_version();
    readOpsets(*model, *network);
    readMetadata(*model, *network);
    ExternalData external(path.parent_path(), rules);
    Reading reading(external, FunctionTable(*model), progress);
    reading.irVersion = network->irVersion;
    reading.opsets = network->opsets;
    GraphReader(reading, *network).read(*model->mutable_graph());
    noteOddities(*model, reading, *network);
    if (external.used()) {
      Sha256 digest;
      digest.add(network->fingerprint);
      external.addTo(digest);
      network->fingerprint = digest.hexDigest();
    }
    progress.report(1);
    return network;
  } catch (Error& error) {
    throw std::move(error).in(shown);
  }
}

}  // namespace planish::onnx

#include "plugins/formats/onnx/exporter.h"

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/compression/integer_bias.h"
#include "core/compression/low_rank_plane.h"
#include "plugins/formats/onnx/messages.h"
#include "plugins/formats/onnx/model_writer.h"
#include "plugins/formats/onnx/qdq.h"
#include "plugins/formats/onnx/source_file.h"
#include "plugins/formats/onnx/weight_forms.h"

#include <algorithm>

namespace planish::onnx {
namespace {

/// What the operations that read a weight ask of its form.
WeightUse useOf(const Network& network, const Layers& layers, ValueId weight,
                const CompressedNetwork& compressed) {
  WeightUse use;
  for (const Layer& layer : layers.items) {
    if (layer.weight != weight) continue;
    use.onIntegers = use.onIntegers || runsOnIntegers(network, layer, compressed);
    use.matrixProduct = use.matrixProduct || layer.kind == "linear";
  }
  return use;
}

Bytes writeWeight(GraphEditor& editor, const Layers& layers, ValueId id, const CompressedTensor& tensor,
                  const CompressedNetwork& compressed) {
  const Network& network = editor.network();
  const Layer* layer = layers.ofWeight(id);
  const Value& value = network.value(id);
  if (!layer) throw Error(ErrorKind::failed, "a compressed weight belongs to no layer").at(value.name);
  if (tensor.planes.size() != 1)
    throw Error(ErrorKind::unsupported, "ONNX has no form for a weight that is a sum of several planes")
        .at(layer->name);
  const Plane& plane = *tensor.planes[0];
  const DataType type = value.constant.type();
  editor.removeWeight(value.name);
  if (const auto* pair = dynamic_cast<const LowRankPlane*>(&plane)) {
    if (pair->mask().defined())
      throw Error(ErrorKind::unsupported, "ONNX has no form for a low-rank product under a mask")
          .at(layer->name);
    return writeLowRank(editor, *layer, pair->left(), pair->right(), value.name, type);
  }
  Bytes payload;
  if (const auto* codes = dynamic_cast<const CodePlane*>(&plane);
      codes && type == DataType::float32 && writeMatMulNBits(editor, *codes, value.name, payload))
    return payload;
  return writePlane(editor, *layer, plane, value.name, type, useOf(network, layers, id, compressed));
}

}  // namespace

OnnxExporter::OnnxExporter(std::int64_t inlineLimit)
    : m_declaration{"onnx",
                    "ONNX",
                    "Writes the network's own file with the compressed layers in it, for ONNX Runtime and "
                    "others.",
                    {}},
      m_inlineLimit(inlineLimit) {}

ExportResult OnnxExporter::write(const Network& network, const Layers& layers,
                                 const CompressedNetwork& compressed, const std::filesystem::path& to,
                                 bool force, const Progress& progress) const {
  const std::string source = network.file.empty() ? modelMessage(network) : readSource(network);
  checkTarget(network, source, to, force);
  GraphEditor editor(source, network);
  for (const auto& [id, tensor] : compressed.edits) {
    if (compressed.weights.contains(id))
      throw Error(ErrorKind::failed, "a weight is compressed and edited").at(network.value(id).name);
    editor.removeWeight(network.value(id).name);
    editor.addTensor(network.value(id).name, cast(tensor, network.value(id).constant.type()));
  }
  Bytes weightBytes;
  std::size_t done = 0;
  for (const auto& [id, tensor] : compressed.weights) {
    progress.throwIfStopped();
    const Bytes payload = writeWeight(editor, layers, id, tensor, compressed);
    // Tensors end at a byte each: codes and zero points of odd counts may take a byte more than their bits.
    const Bytes exact = tensor.bits().bytes();
    const std::int64_t padding = payload.count - exact.count;
    weightBytes += padding >= 0 && padding <= 2 ? exact : payload;
    progress.report(0.5 * static_cast<double>(++done) / static_cast<double>(compressed.weights.size()));
  }
  quantizeActivations(editor, compressed, quantizeBiases(editor, layers, compressed, progress));
  editor.dropUnread();
  ExportResult result = writeModel(editor, to, m_inlineLimit, progress.part(0.5, 1));
  result.weightBytes = weightBytes;
  return result;
}

}  // namespace planish::onnx

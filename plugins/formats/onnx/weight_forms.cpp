#include "plugins/formats/onnx/weight_forms.h"

#include "core/compression/dense_plane.h"
#include "core/tensor/element.h"
#include "plugins/formats/onnx/messages.h"
#include "plugins/formats/onnx/wire.h"

#include <algorithm>
#include <cstring>

namespace planish::onnx {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

[[noreturn]] void refuse(const Layer& layer, const std::string& why) {
  throw Error(ErrorKind::unsupported, why).at(layer.name);
}

EditedNode frontNode(GraphEditor& editor, const std::string& type, const std::string& domain,
                     std::vector<std::string> inputs, const std::string& output,
                     const Attributes& attributes = {}) {
  EditedNode node;
  node.type = type;
  node.domain = domain;
  node.name = editor.freshName(output + "/" + type);
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.attributes = attributeFields(attributes);
  return node;
}

Tensor packedTensor(DataType type, Shape shape, const std::vector<int>& codes) {
  Tensor tensor(type, std::move(shape));
  const auto bytes = packed(codes, bitsOf(type));
  std::memcpy(tensor.writableBytes().data(), bytes.data(), bytes.size());
  return tensor;
}

DataType codeType(int bits, bool isUnsigned) {
  if (bits == 8) return isUnsigned ? DataType::uint8 : DataType::int8;
  if (bits == 4) return isUnsigned ? DataType::uint4 : DataType::int4;
  return isUnsigned ? DataType::uint2 : DataType::int2;
}

/// Codes, scales and zero points as whole numbers, ready to be stored; a scale of 0 became 1 with codes that
/// stand for 0.
struct Codes {
  std::vector<int> codes, zeroPoints;
  std::vector<float> scales;
  bool isUnsigned = false;
  int bits = 8;
  bool shifted = false;  ///< signed codes were moved by half their range; the zero points are not the plane's
};

Codes codesOf(const CodePlane& plane, bool shift) {
  Codes result;
  result.bits = plane.codeBits();
  result.isUnsigned = plane.format() == NumberFormat::unsignedInteger || shift;
  result.shifted = shift && plane.format() != NumberFormat::unsignedInteger;
  const int offset = result.shifted ? 1 << (result.bits - 1) : 0;
  result.codes.assign(plane.codes().begin(), plane.codes().end());
  for (int& code : result.codes)
    code += offset;
  result.scales = plane.scales();
  if (result.isUnsigned) {
    result.zeroPoints.assign(plane.zeroPoints().begin(), plane.zeroPoints().end());
    result.zeroPoints.resize(result.scales.size(), offset);
  }
  const std::int64_t columns = plane.columns(), group = plane.group() == 0 ? columns : plane.group();
  for (std::size_t s = 0; s < result.scales.size(); ++s) {
    if (result.scales[s] != 0) continue;
    result.scales[s] = 1;
    const int zero = result.zeroPoints.empty() ? 0 : result.zeroPoints[s];
    for (std::int64_t i = 0; i < plane.rows() * columns; ++i) {
      const std::int64_t at =
          plane.group() == 0 ? 0 : i / columns * plane.groupsPerRow() + i % columns / group;
      if (at == static_cast<std::int64_t>(s)) result.codes[static_cast<std::size_t>(i)] = zero;
    }
  }
  return result;
}

/// [rows, columns] to the weight's own shape and order.
std::vector<int> inWeightOrder(const Layer& layer, const std::vector<int>& codes) {
  if (layer.order == WeightOrder::outputFirst) return codes;
  Tensor matrix(DataType::float32, Shape{layer.rows(), layer.columns()});
  auto values = matrix.writable<float>();
  for (std::size_t i = 0; i < codes.size(); ++i)
    values[i] = static_cast<float>(codes[i]);
  const Tensor weight = fromMatrix(layer, matrix);
  const auto reordered = weight.data<float>();
  return {reordered.begin(), reordered.end()};
}

/// Appends nodes that turn a matrix value [rows, columns] (any shape of that count, row-major) into the
/// weight.
class Reorder {
 public:
  Reorder(GraphEditor& editor, const Layer& layer) : m_editor(editor), m_layer(layer) {}

  void reshape(const std::string& from, const std::string& to, const Shape& shape) {
    const std::string name = m_editor.freshName(to + "/shape");
    m_editor.addTensor(name, Tensor::of<std::int64_t>(Shape{shape.rank()}, shape.dims()));
    m_editor.addFront(frontNode(m_editor, "Reshape", "", {from, name}, to));
  }

  void toWeight(const std::string& from, const std::string& to) {
    if (m_layer.order == WeightOrder::outputFirst) return reshape(from, to, m_layer.weightShape);
    const std::int64_t groups = m_layer.kind == "conv-transpose" ? m_layer.groups : 1;
    const std::int64_t outputs = m_layer.rows() / groups, inputs = m_layer.weightShape[0] / groups;
    const std::int64_t kernel = m_layer.columns() / inputs;
    const bool plainMatrix = groups == 1 && kernel == 1 && m_layer.weightShape.rank() == 2;
    const std::string matrix = m_editor.freshName(to + "/matrix");
    reshape(from, matrix, plainMatrix ? Shape{outputs, inputs} : Shape{groups, outputs, inputs, kernel});
    const std::string transposed = plainMatrix ? to : m_editor.freshName(to + "/transposed");
    Attributes attributes;
    attributes.set("perm",
                   plainMatrix ? std::vector<std::int64_t>{1, 0} : std::vector<std::int64_t>{0, 2, 1, 3});
    m_editor.addFront(frontNode(m_editor, "Transpose", "", {matrix}, transposed, attributes));
    if (!plainMatrix) reshape(transposed, to, m_layer.weightShape);
  }

 private:
  GraphEditor& m_editor;
  const Layer& m_layer;
};

/// ai.onnx's own where the network's operator set has what is needed, else ONNX Runtime's, so that no other
/// operation of the network changes its meaning by a newer operator set.
std::string dequantizeDomain(GraphEditor& editor, const Layer& layer, int bits, bool perAxis) {
  const std::int64_t opset = editor.opset();
  if (bits == 2) {
    if (opset < 25)
      refuse(layer, "2-bit codes need operator set 25, the network has " + std::to_string(opset));
    editor.requireIr(13);
    return {};
  }
  if (bits == 4) editor.requireIr(10);
  if (opset >= (bits == 4 ? 21 : perAxis ? 13 : 10)) return {};
  editor.requireOpset(kMicrosoft, 1);
  return kMicrosoft;
}

Bytes writeCodes(GraphEditor& editor, const Layer& layer, const CodePlane& plane, const std::string& name,
                 DataType type, const WeightUse& use) {
  const int bits = plane.codeBits();
  if (bits != 8 && bits != 4 && bits != 2)
    refuse(layer, "ONNX stores integers of 2, 4 or 8 bits, not " + std::to_string(bits));
  const std::int64_t rows = plane.rows(), columns = plane.columns();
  const bool perTensor = plane.group() == 0,
             groupedTranspose = layer.kind == "conv-transpose" && layer.groups > 1;
  const bool asMatrix = !perTensor && (plane.group() != columns || groupedTranspose);
  if (asMatrix && columns % plane.group() != 0)
    refuse(layer, "groups of " + std::to_string(plane.group()) + " do not divide its " +
                      std::to_string(columns) + " inputs");

  const bool shift = use.onIntegers && bits == 8 && !asMatrix;
  const Codes codes = codesOf(plane, shift);
  const DataType stored = codeType(bits, codes.isUnsigned);
  const Shape shape = asMatrix ? Shape{rows * plane.groupsPerRow(), plane.group()} : layer.weightShape;
  const auto scaleCount = static_cast<std::int64_t>(codes.scales.size());
  const Shape scaleShape = perTensor ? Shape{} : Shape{scaleCount};

  std::vector<std::string> inputs{editor.freshName(name + "/codes"), editor.freshName(name + "/scale")};
  const Tensor codeTensor =
      packedTensor(stored, shape, asMatrix ? codes.codes : inWeightOrder(layer, codes.codes));
  Bytes payload{codeTensor.byteSize() + scaleCount * 4};
  editor.addTensor(inputs[0], codeTensor);
  editor.addTensor(inputs[1], Tensor::of<float>(scaleShape, codes.scales));
  if (codes.isUnsigned) {
    inputs.push_back(editor.freshName(name + "/zero_point"));
    const Tensor zeroPoints = packedTensor(stored, scaleShape, codes.zeroPoints);
    if (!codes.shifted) payload += Bytes{zeroPoints.byteSize()};
    editor.addTensor(inputs[2], zeroPoints);
  }

  Attributes attributes;
  if (!perTensor) attributes.set("axis", std::int64_t(asMatrix ? 0 : layer.outputAxis()));
  // ONNX Runtime turns DequantizeLinear + MatMul into a product that rounds the activations to 8 bits; a
  // Reshape between them keeps the arithmetic in floats. With quantised activations the fusion is wanted.
  const bool guarded = !asMatrix && use.matrixProduct && !use.onIntegers;
  const bool convert = type != DataType::float32;
  std::string made = name;
  if (asMatrix || guarded || convert) made = editor.freshName(name + "/float");
  editor.addFront(frontNode(editor, "DequantizeLinear", dequantizeDomain(editor, layer, bits, !perTensor),
                            inputs, made, attributes));
  Reorder reorder(editor, layer);
  const std::string shaped = convert && (asMatrix || guarded) ? editor.freshName(name + "/shaped")
                             : convert                        ? made
                                                              : name;
  if (asMatrix) reorder.toWeight(made, shaped);
  if (guarded) reorder.reshape(made, shaped, layer.weightShape);
  if (convert) {
    Attributes to;
    to.set("to", static_cast<std::int64_t>(type));
    editor.addFront(frontNode(editor, "Cast", "", {shaped}, name, to));
  }
  return payload;
}

Bytes writeDense(GraphEditor& editor, const Layer& layer, const DensePlane& plane, const std::string& name,
                 DataType type) {
  DataType stored = type;
  switch (plane.format()) {
  case NumberFormat::keep:
    break;
  case NumberFormat::fp32:
    stored = DataType::float32;
    break;
  case NumberFormat::fp16:
    stored = DataType::float16;
    break;
  case NumberFormat::bf16:
    stored = DataType::bfloat16;
    break;
  default:
    refuse(layer, "ONNX Runtime's CPU kernels take no weights of this floating format");
  }
  const Tensor weight = cast(fromMatrix(layer, plane.decode()), stored);
  if (stored == type) {
    editor.addTensor(name, weight);
    return {weight.byteSize()};
  }
  const std::string small = editor.freshName(name + "/" + std::string(planish::name(stored)));
  editor.addTensor(small, weight);
  Attributes to;
  to.set("to", static_cast<std::int64_t>(type));
  editor.addFront(frontNode(editor, "Cast", "", {small}, name, to));
  return {weight.byteSize()};
}

bool isPowerOfTwo(std::int64_t value) {
  return value > 0 && (value & (value - 1)) == 0;
}

/// The attribute fields of a node in the file or made here.
std::string attributesOf(const EditedNode& node) {
  if (node.original.empty()) return node.attributes;
  std::string out;
  for (const auto& f : wireFields(node.original))
    if (f.number == field::node::kAttribute) out.append(f.whole);
  return out;
}

/// A layer that stands for one factor of a product.
Layer factorLayer(const Layer& layer, std::int64_t outputs, std::int64_t inputs, bool first) {
  Layer factor = layer;
  if (layer.kind == "conv") {
    factor.weightShape = layer.weightShape;
    factor.weightShape[0] = outputs;
    if (!first) {
      for (int axis = 2; axis < factor.weightShape.rank(); ++axis)
        factor.weightShape[axis] = 1;
      factor.weightShape[1] = inputs;
    }
  } else {
    factor.weightShape =
        layer.order == WeightOrder::outputFirst ? Shape{outputs, inputs} : Shape{inputs, outputs};
  }
  return factor;
}

}  // namespace

std::vector<std::uint8_t> packed(const std::vector<int>& codes, int bits) {
  const std::size_t perByte = static_cast<std::size_t>(8 / bits);
  const auto mask = static_cast<unsigned>((1 << bits) - 1);
  std::vector<std::uint8_t> bytes((codes.size() + perByte - 1) / perByte);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const unsigned code = static_cast<unsigned>(codes[i]) & mask;
    bytes[i / perByte] = static_cast<std::uint8_t>(bytes[i / perByte] |
                                                   code << (i % perByte * static_cast<std::size_t>(bits)));
  }
  return bytes;
}

Bytes writePlane(GraphEditor& editor, const Layer& layer, const Plane& plane, const std::string& name,
                 DataType type, const WeightUse& use) {
  if (const auto* codes = dynamic_cast<const CodePlane*>(&plane))
    return writeCodes(editor, layer, *codes, name, type, use);
  if (const auto* dense = dynamic_cast<const DensePlane*>(&plane))
    return writeDense(editor, layer, *dense, name, type);
  refuse(layer, "ONNX has no form for a plane of kind '" + plane.kind() + "'");
}

bool writeMatMulNBits(GraphEditor& editor, const CodePlane& plane, const std::string& name, Bytes& payload) {
  const int bits = plane.codeBits();
  const std::int64_t group = plane.group(), rows = plane.rows(), columns = plane.columns();
  if ((bits != 2 && bits != 4 && bits != 8) || group == columns || group < 16 || group > 256 ||
      !isPowerOfTwo(group) || columns % group != 0)
    return false;
  const bool isUnsigned = plane.format() == NumberFormat::unsignedInteger;
  if (isUnsigned && plane.groupsPerRow() * bits % 8 != 0) return false;
  const auto readers = editor.readers(name);
  for (const std::size_t i : readers) {
    const EditedNode& node = editor.nodes[i];
    if (node.type != "MatMul" || !node.domain.empty() || node.inputs.size() != 2 || node.inputs[1] != name ||
        node.inputs[0] == name)
      return false;
  }
  const Codes codes = codesOf(plane, true);
  const std::string codeName = editor.freshName(name + "/codes"),
                    scaleName = editor.freshName(name + "/scale");
  const auto bytes = packed(codes.codes, bits);
  editor.addTensor(codeName, Tensor::of<std::uint8_t>(Shape{rows, columns / group, group * bits / 8}, bytes));
  editor.addTensor(scaleName, Tensor::of<float>(Shape{rows * (columns / group)}, codes.scales));
  payload +=
      Bytes{static_cast<std::int64_t>(bytes.size()) + static_cast<std::int64_t>(codes.scales.size()) * 4};
  std::vector<std::string> weightInputs{codeName, scaleName};
  if (isUnsigned) {
    const auto zeroPoints = packed(codes.zeroPoints, bits);
    weightInputs.push_back(editor.freshName(name + "/zero_point"));
    editor.addTensor(
        weightInputs.back(),
        Tensor::of<std::uint8_t>(Shape{static_cast<std::int64_t>(zeroPoints.size())}, zeroPoints));
    payload += Bytes{static_cast<std::int64_t>(zeroPoints.size())};
  }
  Attributes attributes;
  attributes.set("K", columns);
  attributes.set("N", rows);
  attributes.set("bits", std::int64_t(bits));
  attributes.set("block_size", group);
  attributes.set("accuracy_level",
                 std::int64_t(1));  // float32 arithmetic: 4 would round the activations to 8 bits
  for (const std::size_t i : readers) {
    EditedNode& node = editor.nodes[i];
    EditedNode product;
    product.type = "MatMulNBits";
    product.domain = kMicrosoft;
    product.name = node.name;
    product.inputs = {node.inputs[0]};
    product.inputs.insert(product.inputs.end(), weightInputs.begin(), weightInputs.end());
    product.outputs = node.outputs;
    product.attributes = attributeFields(attributes);
    product.operation = node.operation;
    node = std::move(product);
  }
  editor.requireOpset(kMicrosoft, 1);
  return true;
}

Bytes writeLowRank(GraphEditor& editor, const Layer& layer, const Plane& left, const Plane& right,
                   const std::string& name, DataType type) {
  const std::int64_t rank = right.decode().shape()[0];
  const Layer first = factorLayer(layer, rank, layer.columns(), true),
              second = factorLayer(layer, layer.rows(), rank, false);
  const std::string rightName = editor.freshName(name + "/right"),
                    leftName = editor.freshName(name + "/left");
  const WeightUse use{false, layer.kind == "linear"};
  Bytes payload = writePlane(editor, first, right, rightName, type, use) +
                  writePlane(editor, second, left, leftName, type, use);
  std::vector<EditedNode> edited;
  for (const EditedNode& node : editor.nodes) {
    const bool reads = std::find(node.inputs.begin(), node.inputs.end(), name) != node.inputs.end();
    if (!reads) {
      edited.push_back(node);
      continue;
    }
    const bool fits = node.domain.empty() && node.inputs.size() >= 2 && node.inputs[1] == name &&
                      node.inputs[0] != name &&
                      (node.type == "MatMul" || node.type == "Gemm" || node.type == "Conv");
    if (!fits)
      refuse(layer, "a low-rank product is written for Conv, Gemm and MatMul only, and " + node.type +
                        " reads this weight too");
    if (node.type == "Gemm" && node.operation.valid() &&
        editor.network().operation(node.operation).attributes.whole("transA", 0) != 0)
      refuse(layer, "a low-rank product is not written for a Gemm that transposes its input");
    EditedNode inner, outer;
    inner.type = outer.type = node.type;
    inner.name = editor.freshName(node.name + "/right");
    outer.name = node.name;
    inner.inputs = {node.inputs[0], rightName};
    inner.outputs = {editor.freshName(node.outputs.at(0) + "/right")};
    outer.inputs = {inner.outputs[0], leftName};
    outer.inputs.insert(outer.inputs.end(), node.inputs.begin() + 2, node.inputs.end());
    outer.outputs = node.outputs;
    outer.operation = node.operation;
    if (node.type == "Conv") inner.attributes = attributesOf(node);
    if (node.type == "Gemm") {
      outer.attributes = attributesOf(node);
      Attributes order;
      order.set("transB", std::int64_t(layer.order == WeightOrder::outputFirst));
      inner.attributes = attributeFields(order);
    }
    edited.push_back(std::move(inner));
    edited.push_back(std::move(outer));
  }
  editor.nodes = std::move(edited);
  return payload;
}

}  // namespace planish::onnx

#include "core/compute/operations/transform_sizes.h"

namespace planish::operations {
namespace {

const Tensor* valueOrNone(const InferenceCall& call, std::size_t i) { return call.hasInput(i) ? &call.value(i) : nullptr; }

DataType outputType(const InferenceCall& call) {
  const std::int64_t value = call.attributes().whole("output_datatype", 1);
  const auto type = static_cast<DataType>(value);
  if (value < 0 || value > 100 || !(isReal(type) || isInteger(type))) refuse("a numeric type in attribute 'output_datatype'", std::to_string(value));
  return type;
}

void inferWindow(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectOneOf(call, 0, "size", {DataType::int32, DataType::int64});
  expectSingle(call, 0, "size");
  wholeWithin(call.attributes(), "periodic", 1, 0, 1);
  const DataType type = outputType(call);
  const std::int64_t size = toIntegers(call.value(0))[0];
  if (size < 1 || size > std::int64_t(1) << 31) refuse("a size from 1 to 2^31", std::to_string(size));
  call.setOutput(0, type, Shape{size});
}

void inferMelWeightMatrix(InferenceCall& call) {
  expectInputCount(call, 5, 5);
  const char* names[] = {"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz"};
  for (std::size_t i = 0; i < 5; ++i) {
    if (i < 3) expectOneOf(call, i, names[i], {DataType::int32, DataType::int64});
    else expectReal(call, i, names[i]);
    expectSingle(call, i, names[i]);
  }
  const DataType type = outputType(call);
  const std::int64_t bins = lengthOf(call.value(0), "number of bins"), length = lengthOf(call.value(1), "transform's length");
  expectWithin(call, 2, names[2], 1, std::numeric_limits<std::int32_t>::max());
  Shape output{length / 2 + 1, bins};
  output.count();
  call.setOutput(0, type, std::move(output));
}

void inferDft(InferenceCall& call) {
  expectInputCount(call, 1, 3);
  expectReal(call, 0, "input");
  const DftSizes sizes(call.attributes(), call.opset(), call.shape(0), valueOrNone(call, 1), valueOrNone(call, 2));
  call.setOutput(0, call.type(0), sizes.output(call.shape(0)));
}

void inferStft(InferenceCall& call) {
  expectInputCount(call, 2, 4);
  expectReal(call, 0, "signal");
  expectSameType(call, 2, "window", 0);
  const StftSizes sizes(call.attributes(), call.shape(0), call.value(1), call.hasInput(2) ? &call.shape(2) : nullptr, valueOrNone(call, 3));
  Shape output{call.shape(0)[0], sizes.frames, sizes.bins, 2};
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void signal_processing(OperationRegistry& registry) {
  for (const char* type : {"HannWindow", "HammingWindow", "BlackmanWindow"}) registry.add({type, "", inferWindow});
  registry.add({"MelWeightMatrix", "", inferMelWeightMatrix});
  registry.add({"DFT", "", inferDft});
  registry.add({"STFT", "", inferStft});
}

}  // namespace planish::operations

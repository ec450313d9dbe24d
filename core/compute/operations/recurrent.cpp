#include "core/compute/operations/recurrent_sizes.h"

namespace planish::operations {
namespace {

/// What the three operations share: X, W, R, B, sequence_lens and initial_h; sets Y and Y_h.
RecurrentSizes inferRecurrent(InferenceCall& call, std::int64_t gates, const std::vector<std::string>& functions) {
  expectReal(call, 0, "X");
  const RecurrentSizes sizes(call.attributes(), call.shape(0), gates, functions);
  const char* names[] = {"X", "W", "R", "B", "sequence_lens", "initial_h"};
  for (const std::size_t i : {1, 2, 3, 5}) expectSameType(call, i, names[i], 0);
  call.shape(1), call.shape(2);
  expectShape(call, 1, names[1], sizes.weight(sizes.width));
  expectShape(call, 2, names[2], sizes.weight(sizes.hidden));
  expectShape(call, 3, names[3], sizes.bias());
  if (call.hasInput(4)) {
    expectOneOf(call, 4, names[4], {DataType::int32});
    expectShape(call, 4, names[4], Shape{sizes.batch});
    expectWithin(call, 4, names[4], 0, sizes.length);
  }
  expectShape(call, 5, names[5], sizes.state());
  if (const float clip = call.attributes().number("clip", 0); !(clip >= 0)) refuse("attribute 'clip' of 0 or more", std::to_string(clip));
  sizes.sequence().count();
  call.setOutput(0, call.type(0), sizes.sequence());
  call.setOutput(1, call.type(0), sizes.state());
  return sizes;
}

void inferRnn(InferenceCall& call) {
  expectInputCount(call, 3, 6);
  inferRecurrent(call, 1, {"Tanh"});
}

void inferGru(InferenceCall& call) {
  expectInputCount(call, 3, 6);
  inferRecurrent(call, 3, {"Sigmoid", "Tanh"});
}

void inferLstm(InferenceCall& call) {
  expectInputCount(call, 3, 8);
  const RecurrentSizes sizes = inferRecurrent(call, 4, {"Sigmoid", "Tanh", "Tanh"});
  expectSameType(call, 6, "initial_c", 0);
  expectSameType(call, 7, "P", 0);
  expectShape(call, 6, "initial_c", sizes.state());
  expectShape(call, 7, "P", Shape{sizes.directions, product(3, sizes.hidden)});
  call.setOutput(2, call.type(0), sizes.state());
}

}  // namespace

void recurrent(OperationRegistry& registry) {
  registry.add({"RNN", "", inferRnn});
  registry.add({"GRU", "", inferGru});
  registry.add({"LSTM", "", inferLstm});
}

}  // namespace planish::operations

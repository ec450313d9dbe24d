#include "core/compute/operations/argument_checks.h"

#include <cmath>

namespace planish::operations {
namespace {

/// How many boxes are kept is known only to the kernel.
void inferNonMaxSuppression(InferenceCall& call) {
  expectInputCount(call, 2, 5);
  expectOneOf(call, 0, "boxes", {DataType::float32});
  expectOneOf(call, 1, "scores", {DataType::float32});
  expectRank(call, 0, "boxes", 3, 3);
  expectRank(call, 1, "scores", 3, 3);
  const Shape &boxes = call.shape(0), &scores = call.shape(1);
  if (boxes[2] != 4 || scores[0] != boxes[0] || scores[2] != boxes[1])
    refuse("boxes [batch, count, 4] and scores [batch, classes, count]", boxes.text() + " and " + scores.text());
  const char* names[] = {"boxes", "scores", "max_output_boxes_per_class", "iou_threshold", "score_threshold"};
  for (std::size_t i = 2; i < 5; ++i) {
    expectSingle(call, i, names[i]);
    if (call.hasInput(i)) expectOneOf(call, i, names[i], {i == 2 ? DataType::int64 : DataType::float32});
  }
  wholeWithin(call.attributes(), "center_point_box", 0, 0, 1);
  call.setOutput(0, DataType::int64, Shape{0, 3});
  throw ValueUnknown();
}

void inferRoiAlign(InferenceCall& call) {
  expectInputCount(call, 3, 3);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "rois", 0);
  expectOneOf(call, 2, "batch_indices", {DataType::int64});
  expectRank(call, 0, "X", 4, 4);
  expectRank(call, 1, "rois", 2, 2);
  const Shape &x = call.shape(0), &rois = call.shape(1);
  if (rois[1] != 4) refuse("rois [count, 4]", rois.text());
  expectShape(call, 2, "batch_indices", Shape{rois[0]});
  expectWithin(call, 2, "batch_indices", 0, x[0] - 1);
  if (x[2] < 1 || x[3] < 1) refuse("pictures with pixels", x.text());
  wordOf(call.attributes(), "mode", "avg", {"avg", "max"});
  wordOf(call.attributes(), "coordinate_transformation_mode", "half_pixel", {"half_pixel", "output_half_pixel"});
  wholeWithin(call.attributes(), "sampling_ratio", 0, 0, 1024);
  if (!std::isfinite(call.attributes().number("spatial_scale", 1))) refuse("a finite attribute 'spatial_scale'", "another");
  constexpr std::int64_t kLargest = 1 << 20;
  Shape output{rois[0], x[1], wholeWithin(call.attributes(), "output_height", 1, 1, kLargest), wholeWithin(call.attributes(), "output_width", 1, 1, kLargest)};
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

void inferMaxRoiPool(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "rois", 0);
  expectRank(call, 0, "X", 4, 4);
  expectRank(call, 1, "rois", 2, 2);
  const Shape &x = call.shape(0), &rois = call.shape(1);
  if (rois[1] != 5) refuse("rois [count, 5]", rois.text());
  const auto pooled = call.attributes().wholes("pooled_shape");
  if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1 || pooled[0] > 1 << 20 || pooled[1] > 1 << 20)
    refuse("attribute 'pooled_shape' of two sizes from 1 to 1048576", listText(pooled));
  Shape output{rois[0], x[1], pooled[0], pooled[1]};
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void detection(OperationRegistry& registry) {
  registry.add({"NonMaxSuppression", "", inferNonMaxSuppression, true});
  registry.add({"RoiAlign", "", inferRoiAlign});
  registry.add({"MaxRoiPool", "", inferMaxRoiPool});
}

}  // namespace planish::operations

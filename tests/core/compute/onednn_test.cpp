#include "tests/core/compute/sketch.h"

using namespace planish;
using namespace planish::testing;

namespace {

struct Case {
  const char* type;
  Shape x, w;
  std::int64_t groups;
  std::vector<std::int64_t> strides, dilations, pads, outputPadding;
};

const Case kCases[] = {
    {"Conv", {2, 4, 5, 6, 7}, {6, 2, 3, 2, 3}, 2, {1, 2, 1}, {1, 1, 2}, {1, 0, 2, 0, 1, 1}, {}},
    {"Conv", {1, 3, 4, 4, 4}, {8, 3, 1, 1, 1}, 1, {1, 1, 1}, {1, 1, 1}, {0, 0, 0, 0, 0, 0}, {}},
    {"ConvTranspose", {2, 4, 5, 6}, {4, 7, 3, 3}, 1, {2, 2}, {1, 1}, {1, 1, 1, 1}, {1, 1}},
    {"ConvTranspose", {1, 6, 4, 3}, {6, 2, 2, 3}, 3, {1, 3}, {2, 1}, {0, 1, 1, 0}, {0, 2}},
    {"ConvTranspose", {2, 3, 9}, {3, 5, 4}, 1, {2}, {1}, {1, 2}, {0}},
};

class OneDnn : public ::testing::TestWithParam<Case> {};

TEST_P(OneDnn, EqualsTheReference) {
  const auto& c = GetParam();
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x"), w = sketch.weight("w", randomTensor(c.w, random));
  const std::int64_t outputs = c.type == std::string("Conv") ? c.w[0] : c.w[1] * c.groups;
  const ValueId b = sketch.weight("b", randomTensor({outputs}, random));
  Attributes attributes;
  attributes.set("group", c.groups);
  attributes.set("strides", c.strides);
  attributes.set("dilations", c.dilations);
  attributes.set("pads", c.pads);
  if (!c.outputPadding.empty()) attributes.set("output_padding", c.outputPadding);
  compare(sketch, {{x, randomTensor(c.x, random)}}, sketch.add(c.type, {x, w, b}, attributes), 2);
}

INSTANTIATE_TEST_SUITE_P(Shapes, OneDnn, ::testing::ValuesIn(kCases));

}  // namespace

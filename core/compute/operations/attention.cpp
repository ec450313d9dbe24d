#include "core/compute/operations/attention_sizes.h"

#include <cmath>

namespace planish::operations {
namespace {

/// The mask stretches to [batch, heads, queries, keys]; its last axis may be shorter, what is missing is masked.
void expectMask(const InferenceCall& call, const AttentionSizes& sizes) {
  if (!call.hasInput(3)) return;
  if (call.type(3) != DataType::boolean) expectReal(call, 3, "attn_mask");
  expectRank(call, 3, "attn_mask", 1, 4);
  Shape full{sizes.batch, sizes.heads, sizes.queries, sizes.keys()};
  const Shape& mask = call.shape(3);
  if (mask[-1] > sizes.keys()) refuse("at most " + std::to_string(sizes.keys()) + " keys in input 3 (attn_mask)", mask.text());
  full[-1] = mask[-1];
  expectStretches(call, 3, "attn_mask", full);
}

void inferAttention(InferenceCall& call) {
  expectInputCount(call, 3, 7);
  expectReal(call, 0, "Q");
  expectSameType(call, 1, "K", 0);
  expectReal(call, 2, "V");
  if (call.hasInput(4) != call.hasInput(5)) refuse("past_key and past_value together", "one of them");
  if (call.hasInput(4) && call.hasInput(6)) refuse("past keys or nonpad_kv_seqlen", "both");
  expectSameType(call, 4, "past_key", 1);
  expectSameType(call, 5, "past_value", 2);
  const AttentionSizes sizes(call.attributes(), call.shape(0), call.shape(1), call.shape(2), call.hasInput(4) ? &call.shape(4) : nullptr);
  expectShape(call, 5, "past_value", Shape{sizes.batch, sizes.groups, sizes.past, sizes.valueWidth});
  expectMask(call, sizes);
  if (call.hasInput(6)) {
    expectOneOf(call, 6, "nonpad_kv_seqlen", {DataType::int64});
    expectShape(call, 6, "nonpad_kv_seqlen", Shape{sizes.batch});
    expectWithin(call, 6, "nonpad_kv_seqlen", 0, sizes.keys());
  }
  wholeWithin(call.attributes(), "is_causal", 0, 0, 1);
  wholeWithin(call.attributes(), "qk_matmul_output_mode", 0, 0, 3);
  for (const char* name : {"left_window_size", "right_window_size"}) wholeWithin(call.attributes(), name, -1, -1, std::int64_t(1) << 60);
  if (const float cap = call.attributes().number("softcap", 0); !(cap >= 0)) refuse("attribute 'softcap' of 0 or more", std::to_string(cap));
  if (call.attributes().has("scale") && !(call.attributes().number("scale", 1) > 0))
    refuse("attribute 'scale' above 0", std::to_string(call.attributes().number("scale", 1)));
  call.setOutput(0, call.type(0), sizes.flat ? Shape{sizes.batch, sizes.queries, product(sizes.heads, sizes.valueWidth)}
                                             : Shape{sizes.batch, sizes.heads, sizes.queries, sizes.valueWidth});
  call.setOutput(1, call.type(1), Shape{sizes.batch, sizes.groups, sizes.keys(), sizes.width});
  call.setOutput(2, call.type(2), Shape{sizes.batch, sizes.groups, sizes.keys(), sizes.valueWidth});
  call.setOutput(3, call.type(0), Shape{sizes.batch, sizes.heads, sizes.queries, sizes.keys()});
}

void inferRotaryEmbedding(InferenceCall& call) {
  expectInputCount(call, 3, 4);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "cos_cache", 0);
  expectSameType(call, 2, "sin_cache", 0);
  expectRank(call, 0, "X", 3, 4);
  const Shape& x = call.shape(0);
  std::int64_t width = x[-1];
  if (x.rank() == 3) {
    const std::int64_t heads = wholeWithin(call.attributes(), "num_heads", 0, 1, std::numeric_limits<std::int32_t>::max());
    if (width % heads != 0) refuse("a width that " + std::to_string(heads) + " heads divide", x.text());
    width /= heads;
  }
  std::int64_t rotated = wholeWithin(call.attributes(), "rotary_embedding_dim", 0, 0, width);
  if (rotated == 0) rotated = width;
  if (rotated % 2 != 0) refuse("an even number of rotated dimensions", std::to_string(rotated));
  const std::int64_t length = x.rank() == 3 ? x[1] : x[2];
  if (call.hasInput(3)) {
    expectOneOf(call, 3, "position_ids", {DataType::int64});
    expectShape(call, 3, "position_ids", Shape{x[0], length});
    expectRank(call, 1, "cos_cache", 2, 2);
    expectShape(call, 1, "cos_cache", Shape{call.shape(1)[0], rotated / 2});
    expectWithin(call, 3, "position_ids", 0, call.shape(1)[0] - 1);
  } else {
    expectShape(call, 1, "cos_cache", Shape{x[0], length, rotated / 2});
  }
  expectShape(call, 2, "sin_cache", call.shape(1));
  call.setOutput(0, call.type(0), x);
}

}  // namespace

void attention(OperationRegistry& registry) {
  registry.add({"Attention", "", inferAttention});
  registry.add({"RotaryEmbedding", "", inferRotaryEmbedding});
}

}  // namespace planish::operations

#include "core/compute/operations/arguments.h"

namespace planish::operations {
namespace {

bool isCastable(DataType type) { return isNumeric(type) || type == DataType::boolean; }

void inferTo(InferenceCall& call, DataType to) {
  if (!isKnown(to)) reject("expected a known type to cast to, found number " + std::to_string(static_cast<std::int32_t>(to)));
  for (const DataType type : {call.type(0), to})
    if (!isCastable(type)) throw Error(ErrorKind::unsupported, "no cast from or to type " + std::string(name(type)));
  call.setOutput(0, to, call.shape(0));
}

DataType typeAttribute(const InferenceCall& call) {
  if (!call.attributes().has("to")) reject("expected the attribute 'to'");
  const std::int64_t to = call.attributes().whole("to", 0);
  if (to < 0 || to > 1000) reject("expected a known type, found number " + std::to_string(to));
  return static_cast<DataType>(to);
}

void inferCast(InferenceCall& call) {
  expectInputs(call, 1, 1);
  inferTo(call, typeAttribute(call));
  const std::string mode = call.attributes().word("round_mode", "up");
  if (mode != "up" && mode != "down" && mode != "nearest") reject("expected round_mode up, down or nearest, found '" + printable(mode) + "'");
}

void inferCastLike(InferenceCall& call) {
  expectInputs(call, 2, 2);
  inferTo(call, call.type(1));
}

/// The same bits under another type of the same width.
void inferBitCast(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const DataType to = typeAttribute(call);
  if (!isCastable(call.type(0)) || !isCastable(to) || bitsOf(call.type(0)) != bitsOf(to))
    reject("expected types of one width, found " + std::string(name(call.type(0))) + " and " + std::string(name(to)));
  call.setOutput(0, to, call.shape(0));
}

}  // namespace

void cast(OperationRegistry& registry) {
  registry.add({"Cast", "", inferCast});
  registry.add({"CastLike", "", inferCastLike});
  registry.add({"BitCast", "", inferBitCast});
}

}  // namespace planish::operations

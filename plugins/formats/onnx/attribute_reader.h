#pragma once

#include "plugins/formats/onnx/reading.h"

#include <map>
#include <string_view>

namespace planish::onnx {

/// What the attributes of a function call stand for inside the function, by name.
using AttributeFrame = std::map<std::string_view, AttributeProto*>;

/// The attribute itself, or what it refers to in the function around it; nullptr where the caller gives none. Throws
/// Error(invalidInput) for a reference outside of functions.
AttributeProto* resolved(AttributeProto& attribute, const AttributeFrame* frame);

/// The kind a file names, or the one of the field that is filled: old files name none.
AttributeProto::AttributeType kindOf(const AttributeProto& attribute);

/// Any kind but graphs. Nothing for kinds that a network does not hold, which are noted in `reading`.
std::optional<Attribute> readAttribute(AttributeProto& attribute, std::string_view operationType, Reading& reading);

/// The value that a Constant operation makes, from its one attribute. Nothing if its external file is not there.
std::optional<Tensor> constantOf(AttributeProto& attribute, Reading& reading);

}  // namespace planish::onnx

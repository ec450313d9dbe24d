#pragma once

#include "core/formats/exporter.h"
#include "plugins/formats/onnx/graph_editor.h"

namespace planish::onnx {

/// Writes the edited model to `to`, and where it would be larger than `inlineLimit` its larger tensors to
/// `to` + ".data": both beside their targets first, data before model. Throws Error(notWritable).
ExportResult writeModel(const GraphEditor& editor, const std::filesystem::path& to, std::int64_t inlineLimit,
                        const Progress& progress);

/// Throws Error(notWritable) if `to` or its data file is the network's own file or data (also through links),
/// a folder, or, unless `force`, exists.
void checkTarget(const Network& network, std::string_view model, const std::filesystem::path& to, bool force);

std::filesystem::path dataFile(const std::filesystem::path& model);

}  // namespace planish::onnx

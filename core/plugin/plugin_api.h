#pragma once

#include "core/allocation/allocator.h"
#include "core/base/registry.h"
#include "core/compression/compressor.h"
#include "core/compression/repair.h"
#include "core/data/dataset.h"
#include "core/evaluation/score.h"
#include "core/formats/exporter.h"
#include "core/formats/importer.h"
#include "core/sensitivity/sensitivity_metric.h"

namespace planish {

/// Raised whenever an interface that plugins implement changes; a shared-library plugin built for another one is refused.
inline constexpr int kPluginApiVersion = 2;

/// Everything that can be extended, by kind. Filled once at start, then shared const.
struct PluginRegistries {
  Registry<Score> scores{"score"};
  Registry<SensitivityMetric> metrics{"metric"};
  Registry<Allocator> solvers{"solver"};
  Registry<Compressor> compressors{"compressor"};
  Registry<Repair> repairs{"repair"};
  Registry<Importer> importers{"importer"};
  ImportRules importRules;  ///< for every network that is opened with these
  Registry<Exporter> exporters{"exporter"};
  Registry<TargetProfile> targets{"target"};
  Registry<DatasetFormat> datasets{"data format"};
};

}  // namespace planish

/// A plugin's one entry function; the build names it per plugin for built-in ones and planish_plugin_entry for shared libraries.
/// Define it as: extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { ... }
#ifdef PLANISH_PLUGIN_ENTRY
extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries);
#endif

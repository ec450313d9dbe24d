#pragma once

#include "core/jobs/device_memory.h"
#include "core/jobs/layer_control.h"
#include "core/jobs/live_evaluator.h"
#include "core/jobs/open_job.h"
#include "core/project/journal.h"

#include <functional>

namespace planish {

/// One plan made real. Const inputs; nothing is kept but what is returned (and the journal).
struct CompressJob {
  const OpenedNetwork& network;
  const Plan& plan;
  const PluginRegistries& plugins;
  const BatchSource* calibration = nullptr;  ///< needed by activation ranges, repairs and compressors that ask for statistics
  const BatchSource* data = nullptr;         ///< judges before and after; null: not judged
  /// Ids of repairs in order; nullopt: what helps on the calibration data.
  std::optional<std::vector<std::string>> repairs = {};
  RangeRule rangeRule = RangeRule::mse;
  Journal* journal = nullptr;
  /// After each layer that was compressed, taken from the journal or skipped (with the setting keep).
  std::function<void(const LayerResult&, std::size_t done, std::size_t total)> onLayer = {};
  /// The following are all called on the job's thread. Asked in front of each layer; may block (a pause; the time does not count, a stop that
  /// was requested meanwhile takes effect when it returns). A skipped layer stays as it is.
  std::function<LayerControl(const Layer&)> control = {};
  /// Asked in front of each layer, after control: the plan may have been edited. A layer in the journal counts only if it has this setting.
  std::function<Setting(const Layer&)> settingNow = {};
  LiveOptions live = {};
  LevelStore* levels = nullptr;  ///< see CompressionInput
  MemoryQuestion onNoMemory = {};
};

struct CompressOutcome {
  CompressionResult result;
  Plan plan;                         ///< with the settings that were really used; what was predicted is left out where it was edited
  std::vector<std::string> skipped;  ///< layers
  CompressedNetwork compressed;
};

/// Compresses layer by layer, quantises activations, repairs, and judges paired against the original. Throws Error(usage) for a
/// plan that does not fit the network, listing the layers. A stop takes effect between layers and keeps the journal. Where a device's memory does not suffice, each step (statistics, a
/// layer, a repair, judging, live evaluation) is tried again with less at a time: see DeviceMemory; live evaluations end with a warning where onNoMemory is not given.
CompressOutcome compress(const CompressJob& job, const Context& context, const Progress& progress);

/// The journal's and the result's fingerprint: lines "part=value". Two jobs with one fingerprint compress every layer to the same bytes.
std::string fingerprintOf(const CompressJob& job, const Context& context);

/// The values that the plan's settings quantise, with the bits of each: where layers of two widths read one, the wider.
std::map<ValueId, int> activationBits(const Network& network, const Layers& layers, const Plan& plan);
/// The static formats of all values that the plan's settings quantise, from ranges on the calibration data.
ActivationFormats activationFormats(const Network& network, const Layers& layers, const Plan& plan, const BatchSource& calibration, RangeRule rule,
                                    const Context& context, const Progress& progress);

/// Scores that this data can give: loss, top1, top5 with labels, kl, nmse, cosine against the original. "ppl" is left to language models.
std::vector<const Score*> scoresFor(const Registry<Score>& scores, const BatchSource& data);

}  // namespace planish

// Uniform rounding of the CIFAR MobileNetV2 with scales chosen by three errors: of the weights, of the weights times their inputs' mean squares, of the
// layers' outputs; as it is and with channel moments matched. KL against the original on the calibration pictures. Usage: clip_benchmark [threads]
#include "core/compression/input_statistics.h"
#include "plugins/builtin_plugins.h"
#include "tests/benchmarks/sweep_support.h"

namespace planish::benchmark {
namespace {

class Clips {
 public:
  explicit Clips(int threads) {
    registerBuiltinPlugins(m_plugins);
    m_context.threads = threads;
    m_opened = openNetwork(assets() / "cifar10/mobilenetv2.onnx", {}, m_plugins, {});
    m_calibration = openData(*m_opened.network, {assets() / "cifar10/calibration.npz", {}, {}}, cifarPreprocessing(), 512, 64, m_plugins).source;
    m_reference = answers({m_opened.network.get()}, *m_calibration, m_context, {});
  }

  void run() {
    std::map<LayerId, std::vector<Setting>> settings;
    for (const auto& layer : m_opened.layers.items) settings[layer.id] = {parseSetting("int4")};
    auto start = std::chrono::steady_clock::now();
    const Statistics outputs = inputStatistics(m_plugins.compressors, *m_opened.network, m_opened.layers, settings, m_calibration.get(), m_context, {});
    std::printf("statistics of the inputs: %.1f s\n", secondsSince(start));
    Statistics inputs = outputs;
    for (auto& [id, shared] : inputs.inputs) {
      auto squares = std::make_shared<InputStatistics>(*shared);
      squares->gram.clear();
      shared = squares;
    }
    for (const char* setting : {"int5", "int4", "int3", "int2"})
      for (const auto& [name, statistics] : {std::pair<const char*, const Statistics*>("weights", nullptr), {"inputs", &inputs}, {"output", &outputs}}) {
        start = std::chrono::steady_clock::now();
        CompressedNetwork compressed;
        for (const auto& layer : m_opened.layers.items) {
          const InputStatistics* known = statistics ? statistics->input(layer.id) : nullptr;
          LayerCompressor compressor(m_plugins.compressors, {layer, toMatrix(layer, m_opened.network->value(layer.weight).constant), known, {}, m_context});
          compressed.weights[layer.weight] = compressor.compress(parseSetting(setting));
        }
        const double seconds = secondsSince(start), plain = damageOf(compressed);
        const Repair& moments = m_plugins.repairs.get("moments");
        moments.apply(*m_opened.network, m_opened.layers, compressed, *m_calibration, ParameterValues(moments.declaration()), m_context, {}, &m_moments);
        std::printf("%s, least error of %-8s KL %.5f, with moments %.5f (%.1f s to compress)\n", setting, name, plain, damageOf(compressed), seconds);
        std::fflush(stdout);
      }
  }

 private:
  double damageOf(const CompressedNetwork& compressed) {
    const WeightOverlay overlay = compressed.overlay(*m_opened.network, m_opened.layers);
    const Score* score = &m_plugins.scores.get("kl");
    return evaluate(std::span(&score, 1), answers({m_opened.network.get(), &overlay}, *m_calibration, m_context, {}), *m_calibration, &m_reference).estimate("kl").mean;
  }

  PluginRegistries m_plugins;
  Context m_context;
  OpenedNetwork m_opened;
  std::unique_ptr<BatchSource> m_calibration;
  Tensor m_reference;
  OriginalMoments m_moments;
};

}  // namespace
}  // namespace planish::benchmark

int main(int count, char** words) {
  planish::benchmark::Clips(count > 1 ? std::atoi(words[1]) : 2).run();
}

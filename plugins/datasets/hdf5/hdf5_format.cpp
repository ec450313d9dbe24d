#include "core/base/file.h"
#include "core/data/array_dataset.h"
#include "core/plugin/plugin_api.h"
#include "plugins/datasets/hdf5/hdf5_reader.h"

#include <cstring>

namespace planish {
namespace {

class Hdf5Format : public DatasetFormat {
 public:
  const Declaration& declaration() const override { return m_declaration; }

  bool canOpen(const std::filesystem::path& path) const override {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure)) return false;
    const InputFile file(path);
    std::byte start[8] = {};
    if (file.size() < sizeof start) return false;
    file.read(0, start);
    return std::memcmp(start, "\x89HDF\r\n\x1a\n", sizeof start) == 0;
  }

  std::shared_ptr<const Dataset> open(const DatasetRequest& request) const override {
    const auto reader = std::make_shared<const Hdf5Reader>(request.path);
    std::vector<NamedArray> arrays;
    for (const auto& array : reader->list())
      arrays.push_back({array.name, Tensor::lazy(array.type, array.shape, [reader, array](std::span<std::byte> into) { reader->read(array, into); })});
    return std::make_shared<ArrayDataset>(request, std::move(arrays));
  }

 private:
  Declaration m_declaration{"hdf5", "HDF5", "HDF5 file with one array of samples and one of labels", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.datasets.add(std::make_shared<planish::Hdf5Format>()); }

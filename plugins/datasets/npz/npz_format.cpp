#include "core/data/array_dataset.h"
#include "core/plugin/plugin_api.h"
#include "plugins/datasets/npz/npy_array.h"
#include "plugins/datasets/npz/zip_archive.h"

#include <algorithm>
#include <cstring>
#include <fstream>

namespace planish {
namespace {

/// A tensor that is unpacked when first used.
Tensor lazyArray(std::shared_ptr<const ZipArchive> archive, const ZipArchive::Entry& entry, const NpyHeader& header) {
  return Tensor::lazy(header.type, header.shape, [archive, entry, header](std::span<std::byte> into) {
    std::vector<std::byte> whole(static_cast<std::size_t>(entry.size));
    archive->read(entry, whole);
    std::copy(whole.begin() + static_cast<std::ptrdiff_t>(header.dataOffset), whole.end(), into.begin());
    toNative(header, into);
  });
}

/// Lines of a file classes.txt beside the archive: names of the classes, in their order. None where there is no such file.
std::vector<std::string> classNamesBeside(const std::filesystem::path& archive) {
  constexpr std::size_t kMost = 65536;
  std::ifstream file(archive.parent_path() / "classes.txt");
  std::vector<std::string> names;
  for (std::string line; names.size() < kMost && std::getline(file, line);) names.push_back(printable(line, 80));
  return names;
}

class NpzFormat : public DatasetFormat {
 public:
  const Declaration& declaration() const override { return m_declaration; }

  bool canOpen(const std::filesystem::path& path) const override {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure)) return false;
    const InputFile file(path);
    std::byte start[4] = {};
    if (file.size() < sizeof start) return path.extension() == ".npz";
    file.read(0, start);
    return std::memcmp(start, "PK\3\4", 4) == 0 || path.extension() == ".npz";
  }

  std::shared_ptr<const Dataset> open(const DatasetRequest& request) const override {
    const std::string file = printable(request.path.string());
    const auto archive = std::make_shared<const ZipArchive>(request.path);
    std::vector<NamedArray> arrays;
    for (const auto& entry : archive->entries()) {
      if (!entry.name.ends_with(".npy")) continue;
      const std::string array = entry.name.substr(0, entry.name.size() - 4);
      try {
        const auto header = readNpyHeader(entry.size, [&](std::span<std::byte> into) { archive->read(entry, into); });
        if (header) arrays.push_back({array, lazyArray(archive, entry, *header)});
        else if (array == request.x || array == request.y) throw Error(ErrorKind::unsupported, "expected an array of plain numbers, found another element type");
      } catch (Error& error) {
        throw std::move(error).in(file).at("array '" + printable(array) + "'");
      }
    }
    return std::make_shared<ArrayDataset>(request, std::move(arrays), Dataset::Order::unknown, classNamesBeside(request.path));
  }

 private:
  Declaration m_declaration{"npz", "NumPy archive", ".npz with one array of samples and one of labels; a file classes.txt beside it names the classes, a line each", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.datasets.add(std::make_shared<planish::NpzFormat>()); }

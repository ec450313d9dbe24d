#include "core/base/file.h"
#include "core/data/array_dataset.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>
#include <sstream>

namespace planish {
namespace {

/// A picture is 3 planes of 32 x 32 bytes; in front of it stands the label (CIFAR-10), or the coarse and the fine label (CIFAR-100).
constexpr std::uint64_t kPixels = 3 * 32 * 32;

bool isTen(const std::string& name) { return name.starts_with("data_batch") || name.starts_with("test_batch"); }
bool isHundred(const std::string& name) { return name == "train.bin" || name == "test.bin"; }

/// Label bytes in front of each picture: by the name if it is a known one, else by the size; 0 if it cannot be such a file.
int labelBytes(const std::filesystem::path& path, std::uint64_t size) {
  const std::string name = path.filename().string();
  if (size == 0 || path.extension() != ".bin") return 0;
  if (isTen(name)) return 1;
  if (isHundred(name)) return 2;
  if (size % (kPixels + 1) == 0) return 1;
  return size % (kPixels + 2) == 0 ? 2 : 0;
}

/// Arrays of some files, one behind the other: <prefix>x [samples, 3, 32, 32], <prefix>y and, for CIFAR-100, <prefix>coarse.
void addArrays(const std::vector<std::filesystem::path>& paths, const std::string& prefix, std::vector<NamedArray>& arrays) {
  std::vector<std::shared_ptr<InputFile>> files;
  std::uint64_t count = 0;
  int labels = 0;
  for (const auto& path : paths) {
    files.push_back(std::make_shared<InputFile>(path));
    const std::uint64_t size = files.back()->size();
    const int found = labelBytes(path, size);
    if (found == 0 || (labels != 0 && found != labels) || size % (kPixels + static_cast<std::uint64_t>(found)) != 0)
      throw Error(ErrorKind::invalidInput, "expected whole records of " + std::to_string(kPixels + static_cast<std::uint64_t>(std::max(found, 1))) + " bytes, found " + std::to_string(size) + " bytes")
          .in(printable(path.string()));
    labels = found;
    count += size / (kPixels + static_cast<std::uint64_t>(labels));
  }
  const auto samples = static_cast<std::int64_t>(count);
  Tensor pictures(DataType::uint8, Shape{samples, 3, 32, 32}), last(DataType::uint8, Shape{samples}), coarse(DataType::uint8, Shape{samples});
  auto picture = pictures.writable<std::uint8_t>().begin();
  auto fine = last.writable<std::uint8_t>().begin(), rough = coarse.writable<std::uint8_t>().begin();
  for (const auto& file : files) {
    const auto content = file->readAll(file->size());
    for (std::size_t at = 0; at < content.size(); at += kPixels + static_cast<std::size_t>(labels)) {
      *rough++ = std::to_integer<std::uint8_t>(content[at]);
      *fine++ = std::to_integer<std::uint8_t>(content[at + static_cast<std::size_t>(labels) - 1]);
      for (std::size_t i = 0; i < kPixels; ++i) *picture++ = std::to_integer<std::uint8_t>(content[at + static_cast<std::size_t>(labels) + i]);
    }
  }
  arrays.push_back({prefix + "x", std::move(pictures)});
  arrays.push_back({prefix + "y", std::move(last)});
  if (labels == 2) arrays.push_back({prefix + "coarse", std::move(coarse)});
}

/// Names of the classes from the text file that comes with the data; empty if it is not there.
std::vector<std::string> classNamesIn(const std::filesystem::path& folder) {
  for (const char* name : {"batches.meta.txt", "fine_label_names.txt"}) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(folder / name, failure)) continue;
    std::istringstream text(readText(folder / name, 1u << 16));
    std::vector<std::string> result;
    for (std::string line; std::getline(text, line);) {
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (!line.empty()) result.push_back(line);
    }
    return result;
  }
  return {};
}

struct Parts {
  std::vector<std::filesystem::path> train, test;
};

Parts partsOf(const std::filesystem::path& folder) {
  Parts parts;
  std::error_code failure;
  for (const auto& item : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = item.path().filename().string();
    if (item.path().extension() != ".bin" || !item.is_regular_file(failure)) continue;
    if (name.starts_with("data_batch") || name == "train.bin") parts.train.push_back(item.path());
    if (name.starts_with("test_batch") || name == "test.bin") parts.test.push_back(item.path());
  }
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.test.begin(), parts.test.end());
  return parts;
}

class CifarFormat : public DatasetFormat {
 public:
  const Declaration& declaration() const override { return m_declaration; }

  bool canOpen(const std::filesystem::path& path) const override {
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure)) {
      const Parts parts = partsOf(path);
      return !parts.train.empty() || !parts.test.empty();
    }
    return std::filesystem::is_regular_file(path, failure) && labelBytes(path, std::filesystem::file_size(path, failure)) > 0;
  }

  /// A folder has test_x and train_x, a file x.
  std::shared_ptr<const Dataset> open(const DatasetRequest& request) const override {
    std::vector<NamedArray> arrays;
    std::error_code failure;
    const bool folder = std::filesystem::is_directory(request.path, failure);
    if (folder) {
      const Parts parts = partsOf(request.path);
      const bool wantsTrain = request.x.starts_with("train_") || parts.test.empty();
      if (!parts.test.empty()) addArrays(parts.test, "test_", arrays);
      if (!parts.train.empty() && wantsTrain) addArrays(parts.train, "train_", arrays);
    } else {
      addArrays({request.path}, "", arrays);
    }
    return std::make_shared<ArrayDataset>(request, std::move(arrays), Dataset::Order::channelsFirst, classNamesIn(folder ? request.path : request.path.parent_path()));
  }

 private:
  Declaration m_declaration{"cifar", "CIFAR binary", "CIFAR-10 or CIFAR-100 in the binary version: a .bin file, or the folder of them", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.datasets.add(std::make_shared<planish::CifarFormat>()); }

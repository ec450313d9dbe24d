#include "core/base/file.h"
#include "core/data/array_dataset.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>

namespace planish {
namespace {

/// What the first bytes say: two zeros, the element type, the number of axes, and each axis as 32 bits, all big-endian.
struct IdxHeader {
  DataType type = DataType::undefined;
  Shape shape;
  std::uint64_t dataOffset = 0;
};

DataType typeOf(int code) {
  switch (code) {
    case 0x08: return DataType::uint8;
    case 0x09: return DataType::int8;
    case 0x0b: return DataType::int16;
    case 0x0c: return DataType::int32;
    case 0x0d: return DataType::float32;
    case 0x0e: return DataType::float64;
    default: return DataType::undefined;
  }
}

/// Throws Error(invalidInput) unless header and size of the file agree.
IdxHeader readHeader(const InputFile& file) {
  const std::string name = printable(file.path().string());
  std::byte start[4];
  if (file.size() < sizeof start) throw Error(ErrorKind::invalidInput, "expected an IDX file, found " + std::to_string(file.size()) + " bytes").in(name);
  file.read(0, start);
  IdxHeader header;
  header.type = typeOf(std::to_integer<int>(start[2]));
  const int rank = std::to_integer<int>(start[3]);
  if (start[0] != std::byte(0) || start[1] != std::byte(0) || header.type == DataType::undefined || rank < 1 || rank > 8)
    throw Error(ErrorKind::invalidInput, "expected an IDX file, found another start").in(name).at("offset 0");
  std::vector<std::byte> axes(static_cast<std::size_t>(rank) * 4);
  file.read(4, axes);
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < axes.size(); i += 4) {
    std::int64_t value = 0;
    for (std::size_t k = 0; k < 4; ++k) value = value << 8 | std::to_integer<std::int64_t>(axes[i + k]);
    dims.push_back(value);
  }
  header.shape = Shape(std::move(dims));
  header.dataOffset = 4 + axes.size();
  std::int64_t bytes;
  if (__builtin_mul_overflow(header.shape.count(), std::int64_t(bitsOf(header.type) / 8), &bytes) || static_cast<std::uint64_t>(bytes) != file.size() - header.dataOffset)
    throw Error(ErrorKind::invalidInput, "shape " + header.shape.text() + " does not fit the " + std::to_string(file.size() - header.dataOffset) + " bytes of elements").in(name);
  return header;
}

Tensor readArray(const std::filesystem::path& path) {
  const auto file = std::make_shared<InputFile>(path);
  const IdxHeader header = readHeader(*file);
  return Tensor::lazy(header.type, header.shape, [file, header](std::span<std::byte> into) {
    file->read(header.dataOffset, into);
    const auto width = static_cast<std::ptrdiff_t>(bitsOf(header.type) / 8);
    if (width == 1) return;
    for (auto at = into.begin(); at != into.end(); at += width) std::reverse(at, at + width);
  });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (const auto at = text.rfind(from); at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

/// "train-images-idx3-ubyte" -> "train-labels-idx1-ubyte"; also "images.idx3-ubyte" and plain "images".
std::filesystem::path labelsBeside(const std::filesystem::path& images) {
  const std::string name = replaced(images.filename().string(), "images", "labels");
  for (const char* rank : {"idx3", "idx4", "idx2"})
    for (const auto& candidate : {replaced(name, rank, "idx1"), name}) {
      std::error_code failure;
      const auto path = images.parent_path() / candidate;
      if (candidate != images.filename() && std::filesystem::is_regular_file(path, failure)) return path;
    }
  return {};
}

bool isIdx(const std::filesystem::path& path) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) return false;
  try {
    readHeader(InputFile(path));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Files of images in a folder, in the order of names.
std::vector<std::filesystem::path> imagesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> result;
  std::error_code failure;
  for (const auto& item : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = item.path().filename().string();
    if (name.find("images") != std::string::npos && name.find("idx") != std::string::npos && isIdx(item.path())) result.push_back(item.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

class IdxFormat : public DatasetFormat {
 public:
  const Declaration& declaration() const override { return m_declaration; }

  bool canOpen(const std::filesystem::path& path) const override {
    std::error_code failure;
    return std::filesystem::is_directory(path, failure) ? !imagesIn(path).empty() : isIdx(path);
  }

  /// --x and --y are names of files in the same folder.
  std::shared_ptr<const Dataset> open(const DatasetRequest& request) const override {
    std::error_code failure;
    const bool folder = std::filesystem::is_directory(request.path, failure);
    std::filesystem::path images = request.path;
    if (!request.x.empty()) images = neighbour(folder ? request.path : request.path.parent_path(), request.x);
    else if (folder) images = onlyOne(request.path);
    std::vector<NamedArray> arrays{{"x", readArray(images)}};
    const auto labels = request.y.empty() ? labelsBeside(images) : neighbour(images.parent_path(), request.y);
    if (!labels.empty()) arrays.push_back({"y", readArray(labels)});
    return std::make_shared<ArrayDataset>(DatasetRequest{request.path, {}, {}}, std::move(arrays));
  }

 private:
  /// A file of the folder by its plain name.
  static std::filesystem::path neighbour(const std::filesystem::path& folder, const std::string& name) {
    if (std::filesystem::path(name).filename() != name) throw Error(ErrorKind::usage, "expected the name of a file in the same folder, found '" + printable(name) + "'");
    return folder / name;
  }

  static std::filesystem::path onlyOne(const std::filesystem::path& folder) {
    const auto found = imagesIn(folder);
    if (found.size() == 1) return found.front();
    std::string names;
    for (const auto& path : found) names += (names.empty() ? "" : ", ") + printable(path.filename().string());
    throw Error(ErrorKind::usage, "the folder has several files of images: " + names).in(printable(folder.string())).remedy("name one of them with --x, or give its path");
  }

  Declaration m_declaration{"idx", "IDX", "IDX file of images (MNIST) with its labels beside it", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.datasets.add(std::make_shared<planish::IdxFormat>()); }

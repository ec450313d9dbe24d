#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/plugin/plugin_api.h"
#include "plugins/datasets/image_folder/picture_file.h"
#include "plugins/datasets/image_folder/picture_list.h"

#include <map>
#include <mutex>

namespace planish {
namespace {

/// Pictures of a folder, decoded when asked for; the first ones that fit 256 MiB are kept.
class ImageFolder : public Dataset {
 public:
  ImageFolder(std::filesystem::path folder, PictureList list) : m_folder(std::move(folder)), m_list(std::move(list)) {}

  std::int64_t count() const override { return static_cast<std::int64_t>(m_list.files.size()); }
  std::vector<std::string> arrays() const override { return {"image"}; }
  const std::vector<std::int64_t>& labels() const override { return m_list.labels; }
  std::vector<std::string> classNames() const override { return m_list.classNames; }
  Order order() const override { return Order::channelsLast; }
  std::string source() const override { return m_folder.string(); }

  Tensor sample(std::string_view array, std::int64_t index) const override {
    if (array != "image") throw unknownName("array", array, arrays()).in(printable(source()));
    {
      std::lock_guard lock(m_keeping);
      if (const auto found = m_kept.find(index); found != m_kept.end()) return found->second;
    }
    const auto& path = m_list.files.at(static_cast<std::size_t>(index));
    Tensor picture;
    try {
      picture = decodePicture(InputFile(path).readAll(kLargestFile));
    } catch (Error& error) {
      throw std::move(error).in(printable(path.string()));
    }
    std::lock_guard lock(m_keeping);
    if (m_keptBytes + picture.byteSize() <= kMostKept && m_kept.emplace(index, picture).second) m_keptBytes += picture.byteSize();
    return picture;
  }

  /// Of names, labels and contents of all files.
  std::string fingerprint() const override {
    std::call_once(m_hashing, [this] {
      Sha256 hash;
      for (std::size_t i = 0; i < m_list.files.size(); ++i) {
        const std::string name = m_list.files[i].lexically_relative(m_folder).string();
        hash.add(std::to_string(name.size()) + ":" + name + " " + (m_list.labels.empty() ? "" : std::to_string(m_list.labels[i])) + " " + sha256OfFile(m_list.files[i]));
      }
      m_fingerprint = hash.hexDigest();
    });
    return m_fingerprint;
  }

 private:
  static constexpr std::uint64_t kLargestFile = 256u << 20;
  static constexpr std::int64_t kMostKept = std::int64_t(256) << 20;
  std::filesystem::path m_folder;
  PictureList m_list;
  mutable std::mutex m_keeping;
  mutable std::map<std::int64_t, Tensor> m_kept;
  mutable std::int64_t m_keptBytes = 0;
  mutable std::once_flag m_hashing;
  mutable std::string m_fingerprint;
};

class ImageFolderFormat : public DatasetFormat {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool canOpen(const std::filesystem::path& path) const override { return holdsPictures(path); }

  /// --y names another table than labels.csv.
  std::shared_ptr<const Dataset> open(const DatasetRequest& request) const override {
    if (!request.x.empty() && request.x != "image") throw unknownName("array", request.x, {"image"}).in(printable(request.path.string()));
    PictureList list = listPictures(request.path, request.y.empty() ? "labels.csv" : request.y);
    if (!request.y.empty() && list.labels.empty()) throw Error(ErrorKind::usage, "there is no table of labels '" + printable(request.y) + "'").in(printable(request.path.string()));
    return std::make_shared<ImageFolder>(request.path, std::move(list));
  }

 private:
  Declaration m_declaration{"image-folder", "Image folder", "folder of JPEG or PNG pictures: one folder a class, or side by side with labels.csv", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.datasets.add(std::make_shared<planish::ImageFolderFormat>()); }

#include "core/project/beside.h"

#include "core/base/sha256.h"

#include <string>

namespace planish {
namespace {

constexpr std::size_t kLongestName = 255;

std::string digestOf(const std::string& name) {
  Sha256 hash;
  hash.add(name);
  const auto digest = hash.digest();
  std::string text;
  for (std::size_t i = 0; i < 8; ++i)
    for (const int shift : {4, 0})
      text += "0123456789abcdef"[static_cast<unsigned>(digest[i]) >> shift & 15];
  return text;
}

}  // namespace

std::filesystem::path besideProject(const std::filesystem::path& project, std::string_view suffix) {
  std::filesystem::path file = project;
  std::error_code failed;
  if (std::filesystem::is_symlink(file, failed)) {
    auto target = std::filesystem::weakly_canonical(file, failed);
    if (!failed) file = std::move(target);
  }
  std::string name = file.filename().string();
  if (name.size() + suffix.size() > kLongestName) {
    const std::string digest = digestOf(name);
    std::size_t kept = kLongestName - suffix.size() - digest.size() - 1;
    while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xC0) == 0x80)
      --kept;  // not inside a UTF-8 character
    name = name.substr(0, kept) + "-" + digest;
  }
  return file.parent_path() / (name + std::string(suffix));
}

}  // namespace planish

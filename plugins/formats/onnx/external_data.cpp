#include "plugins/formats/onnx/external_data.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "plugins/formats/onnx/sha1.h"

#include <algorithm>
#include <charconv>
#include <mutex>

namespace planish::onnx {
namespace {

constexpr std::uint64_t kChecksumLimit = 64u << 20, kDigestedEnds = 1u << 20;
/// Files that stay open at once; a network of one file a tensor must not use up the process's descriptors.
constexpr std::size_t kKeptOpen = 32;

Error invalid(std::string message) { return Error(ErrorKind::invalidInput, std::move(message)); }

/// Decimal digits only; throws naming the key.
std::uint64_t wholeNumber(const std::string& text, const char* key) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || text.empty() || number > INT64_MAX)
    throw invalid(std::string("external data: expected ") + key + " as a whole number of bytes, found '" + printable(text, 40) + "'");
  return number;
}

void checkLocation(const std::string& location) {
  const auto refuse = [&](const char* why) { throw invalid("external data location '" + printable(location) + "' " + why); };
  if (location.empty()) refuse("is empty");
  if (location.find('\0') != std::string::npos) refuse("contains a NUL");
  if (location.front() == '/' || location.front() == '\\') refuse("is an absolute path");
  if (location.size() > 1 && location[1] == ':') refuse("names a drive");
  if (location.find('\\') != std::string::npos) refuse("contains a backslash");
  if (location.size() > 4096) refuse("is too long");
  for (const auto& part : std::filesystem::path(location))
    if (part == "..") refuse("leaves the network's folder");
}

bool isInside(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const auto [inFolder, inFile] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return inFolder == folder.end() && inFile != file.end();
}

}  // namespace

/// One file beside the network, opened when it is read and kept open if there are few of them.
class ExternalFile {
 public:
  ExternalFile(std::filesystem::path path, bool keepOpen) : m_path(std::move(path)), m_keepOpen(keepOpen) {
    const InputFile file(m_path);
    if (file.links() > 1)
      throw invalid("the file has " + std::to_string(file.links()) + " hard links").in(printable(m_path.string())).remedy("copy it, so that it has one name");
    m_size = file.size();
  }

  std::uint64_t size() const { return m_size; }

  void read(std::uint64_t offset, std::span<std::byte> into) const {
    const auto file = opened();
    if (file->size() != m_size)
      throw invalid("the file had " + std::to_string(m_size) + " bytes when the network was opened and has " + std::to_string(file->size()) + " now")
          .in(printable(m_path.string()));
    file->read(offset, into);
  }

  std::shared_ptr<const InputFile> opened() const {
    std::lock_guard lock(m_opening);
    if (m_file) return m_file;
    auto file = std::make_shared<const InputFile>(m_path);
    if (m_keepOpen) m_file = file;
    return file;
  }

 private:
  std::filesystem::path m_path;
  bool m_keepOpen;
  std::uint64_t m_size = 0;
  mutable std::mutex m_opening;
  mutable std::shared_ptr<const InputFile> m_file;
};

ExternalData::ExternalData(const std::filesystem::path& folder, const ImportRules& rules)
    : m_folder(std::filesystem::weakly_canonical(folder.empty() ? "." : folder)), m_rules(rules) {}
ExternalData::~ExternalData() = default;

std::shared_ptr<ExternalFile> ExternalData::open(const std::string& location) {
  if (const auto found = m_files.find(location); found != m_files.end()) return found->second;
  if (m_missing.count(location)) return nullptr;
  checkLocation(location);
  std::error_code code;
  const auto wanted = m_folder / location;
  const auto status = std::filesystem::symlink_status(wanted, code);
  if (status.type() == std::filesystem::file_type::not_found) {
    m_missing.insert(location);
    return nullptr;
  }
  const auto path = std::filesystem::canonical(wanted, code);
  if (code) throw invalid("external data location '" + printable(location) + "': " + code.message());
  if (!isInside(path, m_folder)) throw invalid("external data location '" + printable(location) + "' is a link that leaves the network's folder");
  auto file = std::make_shared<ExternalFile>(path, m_files.size() < kKeptOpen);
  m_files.emplace(location, file);
  return file;
}

void ExternalData::verify(const ExternalFile& file, const std::string& location, const std::string& checksum) {
  if (!m_verified.insert(location).second) return;
  if (file.size() > kChecksumLimit && !m_rules.refuseWrongChecksums) {
    m_notices.push_back("the checksum of external data '" + printable(location) + "' was not checked: the file is large");
    return;
  }
  std::string wanted = checksum;
  for (char& c : wanted)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  const std::string found = sha1OfFile(*file.opened());
  if (found == wanted) return;
  const std::string text = "external data '" + printable(location) + "' has SHA-1 " + found + ", the network says " + printable(checksum, 64) + ": it was changed or damaged";
  if (m_rules.refuseWrongChecksums) throw invalid(text).remedy("fetch the file again, or open the network without refusing wrong checksums");
  m_notices.push_back(text);
}

std::optional<Tensor> ExternalData::tensor(const TensorProto& proto) {
  const TensorHeader header = readHeader(proto);
  if (header.type == DataType::string) throw invalid("strings cannot be external data");
  if (!proto.raw_data().empty() || proto.float_data_size() || proto.int32_data_size() || proto.int64_data_size() || proto.double_data_size() || proto.uint64_data_size())
    throw invalid("the tensor has values both inside the network and as external data");
  std::map<std::string, std::string> keys;
  for (const auto& entry : proto.external_data()) {
    if (!keys.emplace(entry.key(), entry.value()).second) throw invalid("external data names '" + printable(entry.key()) + "' twice");
    if (entry.key() != "location" && entry.key() != "offset" && entry.key() != "length" && entry.key() != "checksum" && m_oddKeys.insert(entry.key()).second)
      m_notices.push_back("external data has the unknown key '" + printable(entry.key(), 60) + "', which is ignored");
  }
  const std::uint64_t offset = keys.count("offset") ? wholeNumber(keys["offset"], "offset") : 0;
  const auto needed = static_cast<std::uint64_t>(header.byteSize);
  if (keys.count("length"))
    if (const std::uint64_t length = wholeNumber(keys["length"], "length"); length != needed)
      throw invalid("external data: shape " + header.shape.text() + " of type " + std::string(name(header.type)) + " needs " + std::to_string(needed) +
                    " bytes, length says " + std::to_string(length));
  const auto file = open(keys["location"]);
  if (!file) return std::nullopt;
  if (offset > file->size() || needed > file->size() - offset)
    throw invalid("external data '" + printable(keys["location"]) + "' has " + std::to_string(file->size()) + " bytes, the tensor needs " +
                  std::to_string(needed) + " from offset " + std::to_string(offset));
  if (keys.count("checksum")) verify(*file, keys["location"], keys["checksum"]);
  const bool boolean = header.type == DataType::boolean;
  return Tensor::lazy(header.type, header.shape, [file, offset, boolean](std::span<std::byte> into) {
    file->read(offset, into);
    if (boolean) normalizeBooleans(into);
  });
}

void ExternalData::addTo(Sha256& digest) const {
  std::vector<std::byte> buffer;
  for (const auto& [location, file] : m_files) {
    digest.add("\n" + location + "\n" + std::to_string(file->size()) + "\n");
    const auto count = std::min(file->size(), kDigestedEnds);
    buffer.resize(count);
    file->read(0, buffer);
    digest.add(buffer);
    file->read(file->size() - count, buffer);
    digest.add(buffer);
  }
}

}  // namespace planish::onnx

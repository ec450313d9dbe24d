#include "core/project/journal.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/project/beside.h"
#include "core/project/records.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace planish {
namespace {

/// A record: 8 bytes of length, 32 bytes of SHA-256, an HDF5 image. The first record names the job.
constexpr std::size_t kRecordHeader = 40;
constexpr std::uint64_t kMostBytes = std::uint64_t(8) << 30;
constexpr std::uint64_t kMostFirstRecord = 64u << 20;

template <typename Fill>
std::string imageWith(const Fill& fill) {
  const auto lock = hdf5::acquire();
  const auto file = hdf5::createImage();
  fill(file);
  const auto image = hdf5::imageOf(file);
  return {reinterpret_cast<const char*>(image.data()), image.size()};
}

std::uint64_t lengthAt(std::span<const std::byte> bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i)
    length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return length;
}

/// Whole records from the beginning of a journal; what follows the last whole one is left out.
struct Records {
  std::vector<std::span<const std::byte>> images;
  std::uint64_t end = 0;
};

/// Whether a file without a whole record can be a journal that was killed while its first one was written:
/// cut short, or zeros that the file system never filled. Anything else is somebody's file.
bool isTornBeginning(std::span<const std::byte> content) {
  if (std::all_of(content.begin(), content.end(), [](std::byte byte) { return byte == std::byte{}; }))
    return true;
  if (content.size() < kRecordHeader) return content.size() < 8 || lengthAt(content) < kMostFirstRecord;
  const std::uint64_t length = lengthAt(content);
  return length < kMostFirstRecord && length > content.size() - kRecordHeader;
}

Records wholeRecords(std::span<const std::byte> content, const std::filesystem::path& path) {
  Records records;
  while (content.size() - records.end >= kRecordHeader) {
    const auto rest = content.subspan(records.end);
    const std::uint64_t length = lengthAt(rest);
    if (length > rest.size() - kRecordHeader) break;
    const auto image = rest.subspan(kRecordHeader, length);
    Sha256 hash;
    hash.add(image);
    const auto digest = hash.digest();
    if (std::memcmp(digest.data(), rest.data() + 8, digest.size()) != 0) break;
    records.images.push_back(image);
    records.end += kRecordHeader + length;
  }
  if (records.images.empty() && !isTornBeginning(content))
    throw Error(ErrorKind::invalidInput, "not a journal, or its beginning is damaged")
        .in(printable(path.string()))
        .remedy("look at the file; --force throws it away");
  return records;
}

/// Runs what reads a record; whatever is wrong in it is the file's fault.
template <typename Read>
auto reading(const std::filesystem::path& path, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    const ErrorKind kind = error.kind() == ErrorKind::outOfMemory ? error.kind() : ErrorKind::invalidInput;
    throw Error(kind, "a record of the journal cannot be read: " + error.message())
        .in(printable(path.string()))
        .at(error.where())
        .remedy("start over with --force");
  }
}

Journal::Summary header(std::span<const std::byte> image, const std::filesystem::path& path) {
  return reading(path, [&]() -> Journal::Summary {
    const auto lock = hdf5::acquire();
    const auto file = hdf5::openImage(image);
    hdf5::refuseHostile(file, image.size());
    return {hdf5::text(file, "job"), hdf5::readText(file, "fingerprint"), 0};
  });
}

void syncFolderOf(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

/// Names of the parts ("plan", "network", ...) whose lines differ.
std::string differingParts(const std::string& before, const std::string& now) {
  const auto parts = [](const std::string& text) {
    std::map<std::string, std::string> byName;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      byName[line.substr(0, line.find('='))] = line;
    return byName;
  };
  const auto old = parts(before), fresh = parts(now);
  std::string names;
  for (const auto& [name, line] : fresh)
    if (const auto found = old.find(name); found == old.end() || found->second != line)
      names += (names.empty() ? "" : ", ") + name;
  for (const auto& [name, line] : old)
    if (!fresh.count(name)) names += (names.empty() ? "" : ", ") + name;
  return printable(names);
}

}  // namespace

std::filesystem::path Journal::pathFor(const std::filesystem::path& project) {
  return besideProject(project, ".journal");
}

bool Journal::exists(const std::filesystem::path& project) {
  std::error_code ignored;
  return std::filesystem::exists(pathFor(project), ignored);
}

Journal::Summary Journal::summary(const std::filesystem::path& project) {
  const auto path = pathFor(project);
  const auto content = InputFile(path).readAll(kMostBytes);
  const auto records = wholeRecords(content, path);
  if (records.images.empty()) return {};
  Summary summary = header(records.images.front(), path);
  summary.finished = static_cast<std::int64_t>(records.images.size()) - 1;
  return summary;
}

std::unique_ptr<Journal> Journal::open(const std::filesystem::path& project, const std::string& job,
                                       const std::string& fingerprint, bool resume, bool force) {
  std::unique_ptr<Journal> journal(new Journal);
  const auto& path = journal->m_path = pathFor(project);
  if (exists(project) && !force) {
    const auto content = InputFile(path).readAll(kMostBytes);
    const auto records = wholeRecords(content, path);
    journal->m_end = records.end;
    if (!records.images.empty()) {
      const Summary before = header(records.images.front(), path);
      if (!resume)
        throw Error(ErrorKind::usage, "an unfinished job (" + printable(before.job) + ", " +
                                          std::to_string(records.images.size() - 1) +
                                          " layers done) was found")
            .in(path.string())
            .remedy("continue it with --resume, or throw it away with --force");
      if (before.job != job)
        throw Error(ErrorKind::usage,
                    "the unfinished job is '" + printable(before.job) + "', not '" + job + "'")
            .in(path.string())
            .remedy("finish it first, or throw it away with --force");
      if (before.fingerprint != fingerprint)
        throw Error(ErrorKind::usage, "the unfinished job cannot be continued, since this has changed: " +
                                          differingParts(before.fingerprint, fingerprint))
            .in(path.string())
            .remedy("restore what it was, or start over with --force");
      for (const auto& image : std::span(records.images).subspan(1))
        reading(path, [&] { journal->take(image); });
    }
  }
  journal->m_descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (journal->m_descriptor < 0 ||
      ::ftruncate(journal->m_descriptor, static_cast<off_t>(journal->m_end)) != 0)
    throw Error(ErrorKind::notWritable, std::string("cannot write the journal: ") + std::strerror(errno))
        .in(printable(path.string()));
  if (journal->m_end == 0) {
    journal->append(imageWith([&](hid_t file) {
      hdf5::setText(file, "job", job);
      hdf5::writeText(file, "fingerprint", fingerprint);
    }));
    syncFolderOf(path);
  }
  return journal;
}

/// One finished layer or the rows of one.
void Journal::take(std::span<const std::byte> image) {
  const auto lock = hdf5::acquire();
  const auto file = hdf5::openImage(image);
  hdf5::refuseHostile(file, image.size());
  if (hdf5::has(file, "rows")) {
    m_rows[hdf5::readText(file, "key")] = readRows(file, "rows");
    return;
  }
  FinishedLayer layer;
  const auto results = readLayerResults(file, "layers");
  if (results.size() != 1)
    throw Error(ErrorKind::invalidInput,
                "it holds " + std::to_string(results.size()) + " layers, expected one");
  layer.result = results.front();
  layer.tensor = readCompressed(file, "tensor");
  m_layers[layer.result.layer] = std::move(layer);
}

void Journal::append(std::string_view payload) {
  Sha256 hash;
  hash.add(payload);
  const auto digest = hash.digest();
  std::string record;
  record.reserve(kRecordHeader + payload.size());
  for (std::size_t i = 0; i < 8; ++i)
    record += static_cast<char>(payload.size() >> (8 * i) & 0xFF);
  record.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  record += payload;
  const auto failed = [&](const char* doing) {
    const int code = errno;
    // What follows a torn record would be lost with it.
    [[maybe_unused]] const int cut = ::ftruncate(m_descriptor, static_cast<off_t>(m_end));
    Error error(ErrorKind::notWritable, std::string(doing) + ": " + std::strerror(code));
    return std::move(error)
        .in(printable(m_path.string()))
        .remedy("the layers done so far are kept: make space and continue with --resume");
  };
  std::size_t done = 0;
  while (done < record.size()) {
    const ssize_t count =
        ::pwrite(m_descriptor, record.data() + done, record.size() - done, static_cast<off_t>(m_end + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failed("cannot write the journal");
    done += static_cast<std::size_t>(count);
  }
  if (::fdatasync(m_descriptor) != 0) throw failed("cannot write the journal to the disk");
  m_end += record.size();
}

void Journal::appendRows(const std::string& key, const std::vector<SensitivityRow>& rows) {
  append(imageWith([&](hid_t file) {
    hdf5::writeText(file, "key", key);
    writeRows(file, "rows", rows);
  }));
  m_rows[key] = rows;
}

void Journal::appendLayer(const FinishedLayer& layer) {
  append(imageWith([&](hid_t file) {
    writeLayerResults(file, "layers", {layer.result});
    writeCompressed(file, "tensor", layer.tensor);
  }));
  m_layers[layer.result.layer] = layer;
}

void Journal::finish() {
  if (m_descriptor >= 0) ::close(m_descriptor);
  m_descriptor = -1;
  ::unlink(m_path.c_str());
}

Journal::~Journal() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

}  // namespace planish

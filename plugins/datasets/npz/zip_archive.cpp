#include "plugins/datasets/npz/zip_archive.h"

#include "core/base/error.h"

#include <algorithm>
#include <set>
#include <zlib.h>

namespace planish {
namespace {

// Layout of the records: APPNOTE.TXT of the zip format, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryHeader = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
/// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t kLargestRatio = 1032;

std::uint64_t number(std::span<const std::byte> bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

Error damaged(const InputFile& file, const std::string& what) { return Error(ErrorKind::invalidInput, what).in(printable(file.path().string())); }

/// Replaces the sizes that say "see the 64-bit field" by that field's.
void readExtra(std::span<const std::byte> extra, ZipArchive::Entry& entry) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const auto id = number(extra, at, 2), size = number(extra, at + 2, 2);
    at += 4;
    if (size > extra.size() - at) return;
    if (id == 1) {
      std::size_t field = at;
      for (std::uint64_t* value : {&entry.size, &entry.compressedSize, &entry.headerOffset}) {
        if (*value != 0xffffffff || field + 8 > at + size) continue;
        *value = number(extra, field, 8);
        field += 8;
      }
    }
    at += size;
  }
}

}  // namespace

ZipArchive::ZipArchive(const std::filesystem::path& path) : m_file(path) {
  constexpr std::uint64_t kEndSize = 22, kLongestComment = 65535, kLocatorSize = 20, kEnd64Size = 56;
  if (m_file.size() < kEndSize) throw damaged(m_file, "expected a zip file, found " + std::to_string(m_file.size()) + " bytes");
  std::vector<std::byte> tail(static_cast<std::size_t>(std::min(m_file.size(), kEndSize + kLongestComment)));
  const std::uint64_t tailOffset = m_file.size() - tail.size();
  m_file.read(tailOffset, tail);
  std::size_t end = tail.size() - kEndSize + 1;
  do {
    if (end == 0) throw damaged(m_file, "expected a zip file, found no end of its directory").remedy("the file may be cut off");
    --end;
  } while (number(tail, end, 4) != kEnd);
  std::uint64_t count = number(tail, end + 10, 2), size = number(tail, end + 12, 4), offset = number(tail, end + 16, 4);
  if (count == 0xffff || size == 0xffffffff || offset == 0xffffffff) {
    const std::uint64_t endOffset = tailOffset + end;
    std::vector<std::byte> locator(kLocatorSize), end64(kEnd64Size);
    if (endOffset < kLocatorSize) throw damaged(m_file, "the directory's 64-bit locator is missing");
    m_file.read(endOffset - kLocatorSize, locator);
    const std::uint64_t at = number(locator, 8, 8);
    if (number(locator, 0, 4) != kLocator64 || m_file.size() < kEnd64Size || at > m_file.size() - kEnd64Size) throw damaged(m_file, "the directory's 64-bit locator is damaged");
    m_file.read(at, end64);
    if (number(end64, 0, 4) != kEnd64) throw damaged(m_file, "the directory's 64-bit end record is damaged");
    count = number(end64, 32, 8);
    size = number(end64, 40, 8);
    offset = number(end64, 48, 8);
  }
  readDirectory(offset, size, count);
}

void ZipArchive::readDirectory(std::uint64_t offset, std::uint64_t size, std::uint64_t count) {
  constexpr std::size_t kHeaderSize = 46;
  if (offset > m_file.size() || size > m_file.size() - offset || count > size / kHeaderSize)
    throw damaged(m_file, "the directory of " + std::to_string(count) + " entries lies outside the file").at("offset " + std::to_string(offset));
  std::vector<std::byte> directory(static_cast<std::size_t>(size));
  m_file.read(offset, directory);
  const std::span<const std::byte> bytes(directory);
  std::set<std::string> names;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (bytes.size() - at < kHeaderSize || number(bytes, at, 4) != kDirectoryHeader)
      throw damaged(m_file, "entry " + std::to_string(i) + " of the directory is damaged").at("offset " + std::to_string(offset + at));
    Entry entry;
    entry.flags = static_cast<std::uint16_t>(number(bytes, at + 8, 2));
    entry.method = static_cast<std::uint16_t>(number(bytes, at + 10, 2));
    entry.checksum = static_cast<std::uint32_t>(number(bytes, at + 16, 4));
    entry.compressedSize = number(bytes, at + 20, 4);
    entry.size = number(bytes, at + 24, 4);
    const auto nameSize = number(bytes, at + 28, 2), extraSize = number(bytes, at + 30, 2), commentSize = number(bytes, at + 32, 2);
    entry.headerOffset = number(bytes, at + 42, 4);
    at += kHeaderSize;
    if (nameSize + extraSize + commentSize > bytes.size() - at) throw damaged(m_file, "entry " + std::to_string(i) + " of the directory is cut off");
    entry.name.assign(reinterpret_cast<const char*>(bytes.data() + at), nameSize);
    readExtra(bytes.subspan(at + nameSize, extraSize), entry);
    at += nameSize + extraSize + commentSize;
    const std::string where = "entry '" + printable(entry.name) + "'";
    if (!names.insert(entry.name).second) throw damaged(m_file, "the archive has two entries of this name").at(where);
    if (entry.headerOffset > m_file.size() || entry.compressedSize > m_file.size() - entry.headerOffset) throw damaged(m_file, "its data lies outside the file").at(where);
    const bool possible = entry.method == 0 ? entry.size == entry.compressedSize : entry.size / kLargestRatio <= entry.compressedSize;
    if (!possible)
      throw damaged(m_file, std::to_string(entry.compressedSize) + " stored bytes cannot hold the " + std::to_string(entry.size) + " bytes it claims").at(where);
    m_entries.push_back(std::move(entry));
  }
}

std::uint64_t ZipArchive::dataOffset(const Entry& entry) const {
  std::byte header[30];
  m_file.read(entry.headerOffset, header);
  const std::uint64_t offset = entry.headerOffset + sizeof header + number(header, 26, 2) + number(header, 28, 2);
  if (number(header, 0, 4) != kLocalHeader || offset > m_file.size() || entry.compressedSize > m_file.size() - offset)
    throw damaged(m_file, "its header is damaged").at("entry '" + printable(entry.name) + "'");
  return offset;
}

void ZipArchive::read(const Entry& entry, std::span<std::byte> into) const {
  const std::string where = "entry '" + printable(entry.name) + "'";
  if (into.size() > entry.size)
    throw damaged(m_file, "expected at least " + std::to_string(into.size()) + " bytes, found " + std::to_string(entry.size)).at(where);
  if (entry.flags & 1) throw Error(ErrorKind::unsupported, "encrypted entries cannot be read").in(printable(m_file.path().string())).at(where);
  const std::uint64_t offset = dataOffset(entry);
  if (entry.method == 0) m_file.read(offset, into);
  else if (entry.method == 8) inflate(entry, offset, into);
  else throw Error(ErrorKind::unsupported, "expected an entry stored or deflated, found method " + std::to_string(entry.method)).in(printable(m_file.path().string())).at(where);
  if (into.size() != entry.size) return;
  uLong checksum = crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < into.size();) {
    const auto piece = static_cast<uInt>(std::min<std::size_t>(into.size() - at, 1u << 30));
    checksum = crc32(checksum, reinterpret_cast<const Bytef*>(into.data() + at), piece);
    at += piece;
  }
  if (checksum != entry.checksum) throw damaged(m_file, "its checksum does not fit its content").at(where).remedy("the file is damaged; fetch it again");
}

void ZipArchive::inflate(const Entry& entry, std::uint64_t offset, std::span<std::byte> into) const {
  struct Stream : z_stream {
    Stream() : z_stream{} { ready = inflateInit2(this, -MAX_WBITS) == Z_OK; }
    ~Stream() { inflateEnd(this); }
    bool ready;
  } stream;
  if (!stream.ready) throw Error(ErrorKind::outOfMemory, "no memory to unpack " + printable(entry.name));
  std::vector<std::byte> chunk(1u << 16);
  std::uint64_t left = entry.compressedSize;
  std::size_t made = 0;
  bool ended = false;
  while (made < into.size() && !ended) {
    if (stream.avail_in == 0 && left > 0) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk.size()));
      m_file.read(offset, std::span(chunk).first(size));
      offset += size;
      left -= size;
      stream.next_in = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_in = static_cast<uInt>(size);
    }
    const auto room = static_cast<uInt>(std::min<std::size_t>(into.size() - made, 1u << 30));
    stream.next_out = reinterpret_cast<Bytef*>(into.data() + made);
    stream.avail_out = room;
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    made += room - stream.avail_out;
    ended = status == Z_STREAM_END;
    if (status != Z_OK && !ended) break;
  }
  if (made != into.size())
    throw damaged(m_file, "expected " + std::to_string(into.size()) + " unpacked bytes, found " + std::to_string(made)).at("entry '" + printable(entry.name) + "'");
}

}  // namespace planish

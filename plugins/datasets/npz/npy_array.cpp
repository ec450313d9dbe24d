#include "plugins/datasets/npz/npy_array.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace planish {
namespace {

constexpr std::uint64_t kLongestHeader = 1u << 16;

/// Reads the Python dictionary of the header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : m_text(text) {}

  /// False for elements that are not plain numbers.
  bool parse(NpyHeader& header) {
    bool numbers = true, shape = false, order = false, descr = false;
    expect('{');
    while (!take('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr") {
        descr = true;
        numbers = typeOf(header);
        if (!numbers) return false;
      } else if (key == "fortran_order") {
        order = true;
        header.columnMajor = boolean();
      } else if (key == "shape") {
        shape = true;
        header.shape = dimensions();
      } else {
        throw wrong("descr, fortran_order or shape");
      }
      take(',');
    }
    if (!descr || !order || !shape) throw wrong("descr, fortran_order and shape");
    return true;
  }

 private:
  Error wrong(const std::string& expected) const {
    return Error(ErrorKind::invalidInput, "expected " + expected + " in the array's header, found '" + printable(m_text.substr(std::min(m_at, m_text.size())), 40) + "'");
  }
  void blanks() {
    while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\n' || m_text[m_at] == '\t')) ++m_at;
  }
  bool take(char c) {
    blanks();
    if (m_at >= m_text.size() || m_text[m_at] != c) return false;
    ++m_at;
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw wrong(std::string("'") + c + "'");
  }
  std::string word() {
    blanks();
    const char quote = m_at < m_text.size() ? m_text[m_at] : ' ';
    if (quote != '\'' && quote != '"') throw wrong("a word in quotes");
    const auto end = m_text.find(quote, m_at + 1);
    if (end == std::string_view::npos) throw wrong("a closing quote");
    std::string result(m_text.substr(m_at + 1, end - m_at - 1));
    m_at = end + 1;
    return result;
  }
  bool boolean() {
    blanks();
    for (const auto& [text, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (m_text.substr(m_at).starts_with(text)) {
        m_at += text.size();
        return value;
      }
    throw wrong("True or False");
  }
  Shape dimensions() {
    std::vector<std::int64_t> dims;
    expect('(');
    while (!take(')')) {
      blanks();
      const std::size_t first = m_at;
      std::int64_t value = 0;
      while (m_at < m_text.size() && m_text[m_at] >= '0' && m_text[m_at] <= '9') {
        if (__builtin_mul_overflow(value, std::int64_t(10), &value) || __builtin_add_overflow(value, std::int64_t(m_text[m_at] - '0'), &value))
          throw wrong("a dimension below 2^63");
        ++m_at;
      }
      if (m_at == first || dims.size() >= 32) throw wrong("up to 32 dimensions");
      dims.push_back(value);
      take(',');
    }
    return Shape(std::move(dims));
  }
  /// '<f4', '|u1', '>i2', '=f8'. A list is a record, other words are text, objects or complex numbers.
  bool typeOf(NpyHeader& header) {
    blanks();
    if (m_at < m_text.size() && m_text[m_at] == '[') return false;
    const std::string text = word();
    if (text.size() < 3 || std::string_view("<>|=").find(text[0]) == std::string_view::npos) throw wrong("an element type like '<f4'");
    header.bigEndian = text[0] == '>';
    static constexpr std::pair<std::string_view, DataType> kTypes[] = {
        {"b1", DataType::boolean}, {"u1", DataType::uint8},  {"i1", DataType::int8},    {"u2", DataType::uint16},  {"i2", DataType::int16},  {"u4", DataType::uint32},
        {"i4", DataType::int32},   {"u8", DataType::uint64}, {"i8", DataType::int64},   {"f2", DataType::float16}, {"f4", DataType::float32}, {"f8", DataType::float64}};
    for (const auto& [known, type] : kTypes)
      if (text.substr(1) == known) header.type = type;
    return header.type != DataType::undefined;
  }

  std::string_view m_text;
  std::size_t m_at = 0;
};

}  // namespace

std::optional<NpyHeader> readNpyHeader(std::uint64_t size, const std::function<void(std::span<std::byte>)>& read) {
  std::byte start[12];
  if (size < sizeof start) throw Error(ErrorKind::invalidInput, "expected a .npy array, found " + std::to_string(size) + " bytes");
  read(start);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0) throw Error(ErrorKind::invalidInput, "expected a .npy array, found other content");
  const int version = std::to_integer<int>(start[6]);
  if (version < 1 || version > 3) throw Error(ErrorKind::unsupported, "expected version 1 to 3 of the .npy format, found " + std::to_string(version));
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::uint64_t length = 0;
  for (std::size_t i = prefix; i-- > 8;) length = length << 8 | std::to_integer<std::uint64_t>(start[i]);
  if (length > kLongestHeader || prefix + length > size) throw Error(ErrorKind::invalidInput, "a header of " + std::to_string(length) + " bytes does not fit the array");
  std::vector<std::byte> whole(prefix + length);
  read(whole);
  NpyHeader header;
  if (!HeaderText({reinterpret_cast<const char*>(whole.data() + prefix), length}).parse(header)) return std::nullopt;
  header.dataOffset = prefix + length;
  const std::int64_t count = header.shape.count();
  std::int64_t bytes;
  if (__builtin_mul_overflow(count, std::int64_t(bitsOf(header.type) / 8), &bytes) || static_cast<std::uint64_t>(bytes) != size - header.dataOffset)
    throw Error(ErrorKind::invalidInput, "shape " + header.shape.text() + " of " + std::string(name(header.type)) + " does not fit the " +
                                             std::to_string(size - header.dataOffset) + " bytes of elements");
  return header;
}

void toNative(const NpyHeader& header, std::span<std::byte> elements) {
  const auto width = static_cast<std::size_t>(bitsOf(header.type) / 8);
  if (header.bigEndian)
    for (std::size_t i = 0; i + width <= elements.size(); i += width) std::reverse(elements.begin() + static_cast<std::ptrdiff_t>(i), elements.begin() + static_cast<std::ptrdiff_t>(i + width));
  const auto& dims = header.shape.dims();
  if (!header.columnMajor || dims.size() < 2) return;
  const std::vector<std::byte> source(elements.begin(), elements.end());
  std::vector<std::size_t> strides(dims.size());
  std::size_t stride = width;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    strides[i] = stride;
    stride *= static_cast<std::size_t>(dims[i]);
  }
  std::vector<std::int64_t> index(dims.size());
  std::size_t from = 0;
  for (std::size_t to = 0; to < elements.size(); to += width) {
    std::memcpy(elements.data() + to, source.data() + from, width);
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * static_cast<std::size_t>(dims[axis]);
      index[axis] = 0;
    }
  }
}

}  // namespace planish

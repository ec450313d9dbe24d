#include "plugins/formats/onnx/wire_scan.h"

#include "core/base/error.h"
#include "plugins/formats/onnx/onnx.pb.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace planish::onnx {
namespace {

/// Memory that parsing may take: what is always granted, and how many bytes for one byte of the file. A network of nothing
/// but tiny operations needs about ten.
constexpr std::uint64_t kAlwaysGranted = 256u << 20, kGrantedPerByte = 16;
constexpr std::uint64_t kPointer = 8, kText = 40;

enum class Message : std::uint8_t {
  model, graph, node, attribute, tensor, sparseTensor, valueInfo, type, tensorType, nestedType, map, shape, dimension, function, training,
  annotation, pair, opset, other, count
};

/// How a length-delimited field is stored once parsed.
enum class Field : std::uint8_t { text, values, packed, message };

struct Rule {
  Message in;
  std::uint32_t number;
  Field field;
  Message message = Message::other;
};

constexpr Rule kRules[] = {
    {Message::model, 7, Field::message, Message::graph},
    {Message::model, 8, Field::message, Message::opset},
    {Message::model, 14, Field::message, Message::pair},
    {Message::model, 20, Field::message, Message::training},
    {Message::model, 25, Field::message, Message::function},
    {Message::model, 26, Field::message, Message::other},
    {Message::graph, 1, Field::message, Message::node},
    {Message::graph, 5, Field::message, Message::tensor},
    {Message::graph, 11, Field::message, Message::valueInfo},
    {Message::graph, 12, Field::message, Message::valueInfo},
    {Message::graph, 13, Field::message, Message::valueInfo},
    {Message::graph, 14, Field::message, Message::annotation},
    {Message::graph, 15, Field::message, Message::sparseTensor},
    {Message::graph, 16, Field::message, Message::pair},
    {Message::node, 5, Field::message, Message::attribute},
    {Message::node, 9, Field::message, Message::pair},
    {Message::node, 10, Field::message, Message::other},
    {Message::attribute, 4, Field::values},
    {Message::attribute, 5, Field::message, Message::tensor},
    {Message::attribute, 6, Field::message, Message::graph},
    {Message::attribute, 7, Field::packed},
    {Message::attribute, 8, Field::packed},
    {Message::attribute, 9, Field::values},
    {Message::attribute, 10, Field::message, Message::tensor},
    {Message::attribute, 11, Field::message, Message::graph},
    {Message::attribute, 14, Field::message, Message::type},
    {Message::attribute, 15, Field::message, Message::type},
    {Message::attribute, 22, Field::message, Message::sparseTensor},
    {Message::attribute, 23, Field::message, Message::sparseTensor},
    {Message::tensor, 1, Field::packed},
    {Message::tensor, 3, Field::message, Message::opset},
    {Message::tensor, 4, Field::values},
    {Message::tensor, 5, Field::packed},
    {Message::tensor, 6, Field::values},
    {Message::tensor, 7, Field::packed},
    {Message::tensor, 9, Field::values},
    {Message::tensor, 10, Field::values},
    {Message::tensor, 11, Field::packed},
    {Message::tensor, 13, Field::message, Message::pair},
    {Message::tensor, 16, Field::message, Message::pair},
    {Message::sparseTensor, 1, Field::message, Message::tensor},
    {Message::sparseTensor, 2, Field::message, Message::tensor},
    {Message::sparseTensor, 3, Field::packed},
    {Message::valueInfo, 2, Field::message, Message::type},
    {Message::valueInfo, 4, Field::message, Message::pair},
    {Message::type, 1, Field::message, Message::tensorType},
    {Message::type, 4, Field::message, Message::nestedType},
    {Message::type, 5, Field::message, Message::map},
    {Message::type, 7, Field::message, Message::pair},
    {Message::type, 8, Field::message, Message::tensorType},
    {Message::type, 9, Field::message, Message::nestedType},
    {Message::tensorType, 2, Field::message, Message::shape},
    {Message::nestedType, 1, Field::message, Message::type},
    {Message::map, 2, Field::message, Message::type},
    {Message::shape, 1, Field::message, Message::dimension},
    {Message::function, 7, Field::message, Message::node},
    {Message::function, 9, Field::message, Message::opset},
    {Message::function, 11, Field::message, Message::attribute},
    {Message::function, 12, Field::message, Message::valueInfo},
    {Message::function, 14, Field::message, Message::pair},
    {Message::training, 1, Field::message, Message::graph},
    {Message::training, 2, Field::message, Message::graph},
    {Message::training, 3, Field::message, Message::pair},
    {Message::training, 4, Field::message, Message::pair},
    {Message::annotation, 2, Field::message, Message::pair},
};

constexpr std::uint32_t kHighestNumber = 26;
using RuleTable = std::array<std::array<Rule, kHighestNumber + 1>, static_cast<std::size_t>(Message::count)>;

const RuleTable& ruleTable() {
  static const RuleTable table = [] {
    RuleTable made;
    for (auto& row : made) row.fill({Message::other, 0, Field::text});
    for (const Rule& rule : kRules) made[static_cast<std::size_t>(rule.in)][rule.number] = rule;
    return made;
  }();
  return table;
}

std::uint64_t parsedSize(Message message) {
  switch (message) {
    case Message::graph: return sizeof(GraphProto);
    case Message::node: return sizeof(NodeProto);
    case Message::attribute: return sizeof(AttributeProto);
    case Message::tensor: return sizeof(TensorProto);
    case Message::sparseTensor: return sizeof(SparseTensorProto);
    case Message::valueInfo: return sizeof(ValueInfoProto);
    case Message::function: return sizeof(FunctionProto);
    case Message::training: return sizeof(TrainingInfoProto);
    default: return sizeof(TypeProto) + sizeof(NodeDeviceConfigurationProto);
  }
}

class Scan {
 public:
  explicit Scan(const InputFile& file) : m_file(file), m_window(std::min<std::uint64_t>(file.size(), 256u << 10)) {}

  void run() {
    m_open.push_back({Message::model, m_file.size()});
    while (!m_open.empty()) {
      if (m_at == m_open.back().end) {
        m_open.pop_back();
        continue;
      }
      field();
    }
  }

 private:
  struct Open {
    Message message;
    std::uint64_t end;
  };

  [[noreturn]] void fail(std::uint64_t at, const std::string& message) const {
    throw Error(ErrorKind::invalidInput, message).in(printable(m_file.path().string())).at("byte " + std::to_string(at)).remedy("this is not an ONNX file, or it is damaged");
  }

  std::uint8_t byte() {
    if (m_at >= m_open.back().end) fail(m_at, "the message ends in the middle of a field");
    if (m_at < m_windowStart || m_at >= m_windowStart + m_filled) {
      m_windowStart = m_at;
      m_filled = std::min<std::uint64_t>(m_window.size(), m_file.size() - m_at);
      m_file.read(m_at, {m_window.data(), m_filled});
    }
    return static_cast<std::uint8_t>(m_window[m_at++ - m_windowStart]);
  }

  std::uint64_t varint() {
    const std::uint64_t from = m_at;
    std::uint64_t number = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const std::uint8_t part = byte();
      if (shift < 64) number |= static_cast<std::uint64_t>(part & 0x7F) << shift;
      if (part < 0x80) return number;
    }
    fail(from, "a number has more than 10 bytes");
  }

  void skip(std::uint64_t length, std::uint64_t from) {
    if (length > m_open.back().end - m_at)
      fail(from, "a field of " + std::to_string(length) + " bytes does not fit into the " + std::to_string(m_open.back().end - m_at) + " bytes left of its message");
    m_at += length;
  }

  void grant(std::uint64_t bytes, std::uint64_t from) {
    m_granted += bytes;
    if (m_granted > kAlwaysGranted + kGrantedPerByte * m_file.size())
      fail(from, "the file of " + std::to_string(m_file.size()) + " bytes would need over " + std::to_string(m_granted >> 20) + " MiB of memory once read");
  }

  void field() {
    const std::uint64_t from = m_at;
    const std::uint64_t tag = varint();
    const std::uint64_t number = tag >> 3;
    if (number == 0 || number > (1u << 29) - 1) fail(from, "expected a field number, found " + std::to_string(number));
    switch (tag & 7) {
      case 0:
        varint();
        grant(kPointer, from);
        return;
      case 1:
        skip(8, from);
        grant(kPointer, from);
        return;
      case 5:
        skip(4, from);
        grant(kPointer, from);
        return;
      case 2: break;
      default: fail(from, "field " + std::to_string(number) + " has wire type " + std::to_string(tag & 7) + ", which ONNX files do not use");
    }
    const std::uint64_t length = varint();
    const std::uint64_t start = m_at;
    skip(length, from);
    const Rule rule = number <= kHighestNumber ? ruleTable()[static_cast<std::size_t>(m_open.back().message)][number]
                                               : Rule{Message::other, 0, Field::text};
    switch (rule.field) {
      case Field::text:
        if (length > kLongestText)
          fail(from, "a text of " + std::to_string(length) + " bytes, the limit is " + std::to_string(kLongestText));
        grant(kText + length, from);
        return;
      case Field::values: grant(kText + length, from); return;
      case Field::packed: grant(kPointer * length, from); return;
      case Field::message: break;
    }
    grant(kPointer + parsedSize(rule.message), from);
    if (m_open.size() >= static_cast<std::size_t>(kMostNestedMessages))
      fail(from, "messages are nested more than " + std::to_string(kMostNestedMessages) + " deep");
    m_at = start;
    m_open.push_back({rule.message, start + length});
  }

  const InputFile& m_file;
  std::vector<std::byte> m_window;
  std::uint64_t m_windowStart = 0, m_filled = 0, m_at = 0;
  std::uint64_t m_granted = 0;
  std::vector<Open> m_open;
};

}  // namespace

void scanWire(const InputFile& file) { Scan(file).run(); }

}  // namespace planish::onnx

#include "plugins/formats/onnx/model_writer.h"

#include "core/base/file.h"
#include "plugins/formats/onnx/messages.h"
#include "plugins/formats/onnx/wire.h"

#include <optional>

namespace planish::onnx {
namespace {

/// Smaller tensors stay in the model: they are the constants that shapes depend on.
constexpr std::int64_t kSmallest = 1024;
/// Larger ones begin at a page, for readers that map the file.
constexpr std::int64_t kPage = 4096, kAlignment = 64;

std::string externalMessage(const std::string& name, const Tensor& tensor, const std::string& location,
                            std::int64_t offset) {
  std::string out = tensorHead(name, tensor.type(), tensor.shape());
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", location},
                                   {"offset", std::to_string(offset)},
                                   {"length", std::to_string(tensor.byteSize())}}) {
    std::string entry;
    putBytes(entry, 1, key);
    putBytes(entry, 2, value);
    putBytes(out, field::tensor::kExternal, entry);
  }
  putWhole(out, field::tensor::kLocation, 1);
  return out;
}

/// Size of a tensor's message with its data inside, without making it.
std::int64_t inlineSize(const EditedTensor& tensor) {
  if (!tensor.original.empty()) return static_cast<std::int64_t>(tensor.original.size());
  if (tensor.tensor.type() == DataType::string)
    return static_cast<std::int64_t>(tensorMessage(tensor.name, tensor.tensor).size());
  const auto bytes = tensor.tensor.byteSize();
  return static_cast<std::int64_t>(
             tensorHead(tensor.name, tensor.tensor.type(), tensor.tensor.shape()).size()) +
         bytes +
         static_cast<std::int64_t>(prefixSize(field::tensor::kRaw, static_cast<std::uint64_t>(bytes)));
}

/// The values of a tensor that may move to the data file.
std::optional<Tensor> movable(const GraphEditor& editor, const EditedTensor& tensor) {
  Tensor values = tensor.tensor;
  if (!tensor.original.empty()) {
    const ValueId id = editor.network().find(tensor.name);
    if (!id.valid() || !editor.network().value(id).isConstant()) return std::nullopt;
    values = editor.network().value(id).constant;
  }
  if (values.type() == DataType::string || values.byteSize() < kSmallest) return std::nullopt;
  return values;
}

struct Layout {
  std::vector<std::string> messages;  ///< by tensor; empty: written from its original or tensor
  std::vector<std::pair<std::int64_t, Tensor>> data;  ///< offset and values, ascending
  std::int64_t dataSize = 0;
};

Layout moveOut(const GraphEditor& editor, const std::string& location) {
  Layout layout;
  layout.messages.resize(editor.tensors.size());
  for (std::size_t i = 0; i < editor.tensors.size(); ++i) {
    const auto values = movable(editor, editor.tensors[i]);
    if (!values) continue;
    const std::int64_t alignment = values->byteSize() >= (std::int64_t(1) << 20) ? kPage : kAlignment;
    const std::int64_t offset = (layout.dataSize + alignment - 1) / alignment * alignment;
    layout.messages[i] = externalMessage(editor.tensors[i].name, *values, location, offset);
    layout.data.emplace_back(offset, *values);
    layout.dataSize = offset + values->byteSize();
  }
  return layout;
}

bool same(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code ignored;
  return std::filesystem::equivalent(a, b, ignored);
}

std::vector<std::filesystem::path> sourceFiles(const Network& network, std::string_view model) {
  std::vector<std::filesystem::path> files;
  if (network.file.empty()) return files;
  files.emplace_back(network.file);
  const auto folder = files[0].parent_path();
  for (const auto& m : wireFields(model)) {
    if (m.number != field::model::kGraph) continue;
    for (const auto& g : wireFields(m.payload)) {
      if (g.number != field::graph::kInitializer) continue;
      for (const auto& t : wireFields(g.payload)) {
        if (t.number != field::tensor::kExternal) continue;
        std::string_view key, value;
        for (const auto& entry : wireFields(t.payload))
          (entry.number == 1 ? key : value) = entry.payload;
        if (key == "location" && value.find('\0') == std::string_view::npos &&
            (files.size() == 1 || files.back() != folder / value))
          files.push_back(folder / value);
      }
    }
  }
  return files;
}

}  // namespace

std::filesystem::path dataFile(const std::filesystem::path& model) {
  std::filesystem::path data = model;
  data += ".data";
  return data;
}

void checkTarget(const Network& network, std::string_view model, const std::filesystem::path& to,
                 bool force) {
  const auto refused = [](const std::filesystem::path& path, const std::string& why,
                          const std::string& remedy) {
    return Error(ErrorKind::notWritable, why).in(printable(path.string())).remedy(remedy);
  };
  for (const auto& source : sourceFiles(network, model))
    for (const auto& target : {to, dataFile(to)})
      if (same(source, target))
        throw refused(target, "this is the network that is being exported", "write to another name");
  std::error_code ignored;
  if (std::filesystem::is_directory(to, ignored))
    throw refused(to, "expected the name of a file, found a folder", "add a file name that ends in .onnx");
  if (!force && std::filesystem::exists(std::filesystem::symlink_status(to, ignored)))
    throw refused(to, "the file exists", "use --force to replace it, or another name");
}

ExportResult writeModel(const GraphEditor& editor, const std::filesystem::path& to, std::int64_t inlineLimit,
                        const Progress& progress) {
  const GraphEditor::Frame frame = editor.frame();
  std::int64_t total = 0;
  for (const auto& tensor : editor.tensors)
    total += inlineSize(tensor) +
             static_cast<std::int64_t>(
                 prefixSize(field::graph::kInitializer, static_cast<std::uint64_t>(inlineSize(tensor))));
  const auto around = static_cast<std::int64_t>(frame.head.size() + frame.tail.size() + frame.before.size() +
                                                frame.after.size());
  Layout layout;
  const bool external = total + around > inlineLimit;
  const auto data = dataFile(to);
  if (external) layout = moveOut(editor, data.filename().string());
  const auto isMoved = [&](std::size_t i) { return external && !layout.messages[i].empty(); };

  ExportResult result;
  result.files = {to};
  std::optional<AtomicFile> dataOut;
  if (external) {
    dataOut.emplace(data);
    std::size_t done = 0;
    for (const auto& [offset, values] : layout.data) {
      progress.throwIfStopped();
      const std::vector<std::byte> gap(static_cast<std::size_t>(offset) - dataOut->size());
      dataOut->write(gap);
      dataOut->write(toPlain(values).bytes());
      progress.report(0.5 * static_cast<double>(++done) / static_cast<double>(layout.data.size()));
    }
    dataOut->flush();
    result.files.push_back(data);
    result.bytes += Bytes{static_cast<std::int64_t>(dataOut->size())};
  }

  std::uint64_t graph = frame.head.size() + frame.tail.size();
  for (std::size_t i = 0; i < editor.tensors.size(); ++i) {
    const std::uint64_t size =
        isMoved(i) ? layout.messages[i].size() : static_cast<std::uint64_t>(inlineSize(editor.tensors[i]));
    graph += prefixSize(field::graph::kInitializer, size) + size;
  }
  if (graph > (std::uint64_t(2) << 30) - (std::uint64_t(1) << 20))
    throw Error(ErrorKind::unsupported, "the graph without its weights has " + std::to_string(graph) +
                                            " bytes, an ONNX file takes 2 GiB")
        .in(printable(to.string()));
  AtomicFile out(to);
  out.write(frame.before);
  std::string prefix;
  putTag(prefix, field::model::kGraph, 2);
  putVarint(prefix, graph);
  out.write(prefix);
  out.write(frame.head);
  for (std::size_t i = 0; i < editor.tensors.size(); ++i) {
    const EditedTensor& tensor = editor.tensors[i];
    progress.throwIfStopped();
    std::string head;
    putTag(head, field::graph::kInitializer, 2);
    if (isMoved(i)) {
      putVarint(head, layout.messages[i].size());
      out.write(head);
      out.write(layout.messages[i]);
      continue;
    }
    putVarint(head, static_cast<std::uint64_t>(inlineSize(tensor)));
    out.write(head);
    if (!tensor.original.empty())
      out.write(tensor.original);
    else
      out.write(tensorMessage(tensor.name, tensor.tensor));
  }
  out.write(frame.tail);
  out.write(frame.after);
  out.flush();
  result.bytes += Bytes{static_cast<std::int64_t>(out.size())};
  if (dataOut) dataOut->commit();
  out.commit();
  progress.report(1);
  return result;
}

}  // namespace planish::onnx

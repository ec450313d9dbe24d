#include "core/formats/importer.h"
#include "core/network/passes/fold_batchnorm.h"
#include "plugins/formats/any_target/any_target.h"
#include "plugins/formats/onnx/importer.h"
#include "plugins/formats/onnx/weight_forms.h"
#include "plugins/formats/onnx/wire.h"
#include "plugins/formats/onnxruntime_target/onnxruntime_target.h"
#include "tests/plugins/formats/onnx_export_support.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <set>

using namespace planish;
using namespace planish::test;
using onnx::wireFields;

namespace {

std::string assets() {
  if (const char* given = std::getenv("PLANISH_ASSETS")) return given;
  return PLANISH_SOURCE_DIR "/../shared/assets";
}

std::shared_ptr<const Network> open(const std::filesystem::path& path) {
  return onnx::OnnxImporter().open(path, Progress());
}

/// Serialised messages of one kind in the graph of a model.
std::multiset<std::string> graphFields(const std::string& model, int number) {
  std::multiset<std::string> found;
  for (const auto& m : wireFields(model))
    if (m.number == onnx::field::model::kGraph)
      for (const auto& g : wireFields(m.payload))
        if (g.number == number) found.emplace(g.payload);
  return found;
}

std::size_t common(const std::multiset<std::string>& a, const std::multiset<std::string>& b) {
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both.size();
}

CompressedNetwork int8(const Network& network, const Layers& layers) {
  CompressedNetwork compressed;
  for (const auto& layer : layers.items)
    if (!compressed.weights.contains(layer.weight))
      compress(compressed, network, layer,
               [&](const Tensor& matrix) { return codes(matrix, 8, false, layer.columns()); });
  return compressed;
}

ErrorKind kindOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::failed;
}

}  // namespace

TEST(OnnxExport, NothingChangedIsTheSameFile) {
  const std::string source = assets() + "/demo_digits/digits_resnet.onnx";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "needs assets: demo_digits/digits_resnet.onnx";
  const Folder folder;
  const auto network = open(source);
  const auto result =
      onnx::OnnxExporter().write(*network, findLayers(*network), {}, folder / "same.onnx", false, Progress());
  EXPECT_EQ(readText(folder / "same.onnx"), readText(source));
  EXPECT_EQ(result.bytes.count, static_cast<std::int64_t>(std::filesystem::file_size(source)));
  EXPECT_EQ(result.weightBytes.count, 0);
}

TEST(OnnxExport, UntouchedNodesAndTensorsAreCopiedByteForByte) {
  const std::string source = assets() + "/cifar10/mobilenetv2.onnx";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "needs assets: cifar10/mobilenetv2.onnx";
  const Folder folder;
  const auto network = open(source);
  const Layers layers = findLayers(*network);
  CompressedNetwork compressed;
  compress(compressed, *network, layers.items[3],
           [&](const Tensor& matrix) { return codes(matrix, 4, false, matrix.shape()[1]); });
  const auto result =
      onnx::OnnxExporter().write(*network, layers, compressed, folder / "one.onnx", false, Progress());
  const std::string before = readText(source), after = readText(folder / "one.onnx");
  const auto nodes = graphFields(before, onnx::field::graph::kNode),
             tensors = graphFields(before, onnx::field::graph::kInitializer);
  EXPECT_EQ(common(nodes, graphFields(after, onnx::field::graph::kNode)),
            nodes.size());  // the layer too: its weight keeps its name
  EXPECT_EQ(common(tensors, graphFields(after, onnx::field::graph::kInitializer)), tensors.size() - 1);
  EXPECT_EQ(graphFields(after, onnx::field::graph::kNode).size(), nodes.size() + 1);
  EXPECT_EQ(result.weightBytes.count, predicted(compressed));
  const auto reopened = open(folder / "one.onnx");
  EXPECT_EQ(reopened->opset(), network->opset());
  EXPECT_EQ(reopened->opset("com.microsoft"), 1);
}

TEST(OnnxExport, X10_ReopenedTensorsAreThoseInMemory) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const auto network = open(folder / "source.onnx");
  const Layers layers = findLayers(*network);
  CompressedNetwork compressed = int8(*network, layers);
  const ValueId bias = network->find("g.bias");
  compressed.edits[bias] = randomTensor({32}, 55);
  onnx::OnnxExporter().write(*network, layers, compressed, folder / "out.onnx", false, Progress());
  const auto reopened = open(folder / "out.onnx");
  for (const auto& [id, tensor] : compressed.weights) {
    const std::string name = network->value(id).name;
    const auto& plane = dynamic_cast<const CodePlane&>(*tensor.planes[0]);
    const ValueId codesId = reopened->find(name + "/codes"), scaleId = reopened->find(name + "/scale");
    ASSERT_TRUE(codesId.valid() && scaleId.valid()) << name;
    EXPECT_FALSE(reopened->value(reopened->find(name)).isConstant());
    const Layer& layer = *layers.ofWeight(id);
    Tensor asFloat = cast(reopened->value(codesId).constant, DataType::float32);
    asFloat = toMatrix(layer, asFloat);
    for (std::size_t i = 0; i < plane.codes().size(); ++i)
      ASSERT_EQ(asFloat.data<float>()[i], plane.codes()[i]) << name;
    EXPECT_EQ(std::vector<float>(reopened->value(scaleId).constant.data<float>().begin(),
                                 reopened->value(scaleId).constant.data<float>().end()),
              plane.scales());
  }
  EXPECT_EQ(onnx::bytesOf(reopened->value(reopened->find("g.bias")).constant),
            onnx::bytesOf(compressed.edits[bias]));
}

TEST(OnnxExport, NetworksChangedByAPassAreWritten) {
  const std::string source = assets() + "/cifar10/mobilenetv2.onnx";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "needs assets: cifar10/mobilenetv2.onnx";
  const Folder folder;
  const auto network = open(source);
  const PassResult folded = foldBatchNorm(*network);
  ASSERT_EQ(folded.changes.size(), 52u);
  onnx::OnnxExporter().write(folded.network, findLayers(folded.network), {}, folder / "folded.onnx", false,
                             Progress());
  const auto reopened = open(folder / "folded.onnx");
  EXPECT_EQ(reopened->operationCount(), folded.network.operationCount());
  std::size_t constants = 0;
  for (const auto& value : reopened->values())
    constants += value.isConstant();
  EXPECT_EQ(constants, 53u * 2 + 70 + 0);  // weights and biases, and the Constant nodes of Clip
  const Layers before = findLayers(*network), after = findLayers(*reopened);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before.items[i].name, after.items[i].name);
}

TEST(OnnxExport, O23_LargeModelsPutTensorsBesideThem) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const auto network = open(folder / "source.onnx");
  const Layers layers = findLayers(*network);
  const CompressedNetwork compressed = int8(*network, layers);
  const auto result =
      onnx::OnnxExporter(2000).write(*network, layers, compressed, folder / "out.onnx", false, Progress());
  ASSERT_EQ(result.files.size(), 2u);
  EXPECT_EQ(result.files[1].filename(), "out.onnx.data");
  EXPECT_EQ(result.bytes.count, static_cast<std::int64_t>(std::filesystem::file_size(result.files[0]) +
                                                          std::filesystem::file_size(result.files[1])));
  const auto reopened = open(folder / "out.onnx");
  onnx::OnnxExporter().write(*network, layers, compressed, folder / "inline.onnx", false, Progress());
  const auto inlined = open(folder / "inline.onnx");
  ASSERT_EQ(reopened->valueCount(), inlined->valueCount());
  for (const auto& value : inlined->values())
    if (value.isConstant())
      EXPECT_EQ(onnx::bytesOf(value.constant),
                onnx::bytesOf(reopened->value(reopened->find(value.name)).constant))
          << value.name;
  // And back: what a network keeps beside it comes along, inside where it fits.
  onnx::OnnxExporter().write(*reopened, findLayers(*reopened), {}, folder / "again.onnx", false, Progress());
  EXPECT_FALSE(std::filesystem::exists(folder / "again.onnx.data"));
  const auto again = open(folder / "again.onnx");
  for (const auto& value : inlined->values())
    if (value.isConstant())
      EXPECT_EQ(onnx::bytesOf(value.constant), onnx::bytesOf(again->value(again->find(value.name)).constant))
          << value.name;
}

TEST(OnnxExport, X02_TheSourceIsNotOverwritten) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const Layers layers = findLayers(b.network);
  std::filesystem::create_symlink(folder / "source.onnx", folder / "symlink.onnx");
  std::filesystem::create_hard_link(folder / "source.onnx", folder / "hardlink.onnx");
  const std::string before = readText(folder / "source.onnx");
  for (const std::string name : {"source.onnx", "symlink.onnx", "hardlink.onnx"})
    EXPECT_EQ(
        kindOf([&] { onnx::OnnxExporter().write(b.network, layers, {}, folder / name, true, Progress()); }),
        ErrorKind::notWritable)
        << name;
  EXPECT_EQ(readText(folder / "source.onnx"), before);
  EXPECT_EQ(folder.names().size(), 3u);
}

TEST(OnnxExport, X03_AnExistingFileNeedsForce) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const Layers layers = findLayers(b.network);
  writeText(folder / "out.onnx", "precious");
  EXPECT_EQ(kindOf([&] {
              onnx::OnnxExporter().write(b.network, layers, {}, folder / "out.onnx", false, Progress());
            }),
            ErrorKind::notWritable);
  EXPECT_EQ(readText(folder / "out.onnx"), "precious");
  onnx::OnnxExporter().write(b.network, layers, {}, folder / "out.onnx", true, Progress());
  EXPECT_EQ(readText(folder / "out.onnx"), readText(folder / "source.onnx"));
}

// A limit on the size of files stands for the full disk: the write fails at the same place, with the same
// kind of error.
TEST(OnnxExport, X01_FullDiskLeavesTheOldFile) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const Layers layers = findLayers(b.network);
  writeText(folder / "out.onnx", "old");
  const auto size = std::filesystem::file_size(folder / "source.onnx");
  for (const double share : {0.0, 0.5, 0.99}) {
    const pid_t child = fork();
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{static_cast<rlim_t>(share * static_cast<double>(size)), RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &limit);
      int status = 1;
      try {
        onnx::OnnxExporter().write(b.network, layers, {}, folder / "out.onnx", true, Progress());
      } catch (const Error& error) {
        status = error.kind() == ErrorKind::notWritable ? 0 : 2;
      }
      _exit(status);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << share;
    EXPECT_EQ(readText(folder / "out.onnx"), "old");
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"out.onnx", "source.onnx"}));
  }
}

TEST(OnnxExport, X06_KilledAtRandomMomentsTheTargetIsOldOrComplete) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const Layers layers = findLayers(b.network);
  writeText(folder / "out.onnx", "old");
  const std::string complete = readText(folder / "source.onnx");
  std::mt19937 random(1);
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;)
        onnx::OnnxExporter().write(b.network, layers, {}, folder / "out.onnx", true, Progress());
    }
    usleep(random() % 5000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string found = readText(folder / "out.onnx");
    EXPECT_TRUE(found == "old" || found == complete) << found.size();
  }
}

TEST(OnnxExport, X12_ASourceThatChangedIsRefused) {
  const Folder folder;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  std::string changed = readText(folder / "source.onnx");
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  writeText(folder / "source.onnx", changed);
  EXPECT_EQ(kindOf([&] {
              onnx::OnnxExporter().write(b.network, findLayers(b.network), {}, folder / "out.onnx", false,
                                         Progress());
            }),
            ErrorKind::invalidInput);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.onnx"));
}

TEST(OnnxRuntimeTarget, X09_X17_RefusesWithTheReason) {
  Builder b = classifier();
  const Layers layers = findLayers(b.network);
  const OnnxRuntimeTarget target;
  const auto why = [&](std::size_t layer, const std::string& setting) {
    return target.refuses(b.network, layers.items[layer], parseSetting(setting));
  };
  constexpr std::size_t kConv = 0, kDepthwise = 1, kGemm = 3, kMatMul = 4;
  for (const std::string setting :
       {"keep", "fp32", "fp16", "bf16", "int8", "int8pt", "int4", "uint4", "uint8", "int8+a8", "int8+a16",
        "int4+a8", "int8+s50", "fp16+2:4", "int8+c25"})
    for (std::size_t i = 0; i < layers.size(); ++i)
      EXPECT_EQ(why(i, setting), "") << setting << " " << i;
  for (const std::string setting : {"int3", "int5", "int6", "int7", "uint3", "int2", "fp8e4m3", "nf4",
                                    "fp4e2m1", "Q4_K", "uint8+a8", "int8+s50+r4"})
    for (std::size_t i = 0; i < layers.size(); ++i)
      EXPECT_NE(why(i, setting), "") << setting << " " << i;
  EXPECT_EQ(why(kMatMul, "int4g16"), "");
  EXPECT_EQ(why(kMatMul, "int8g32"), "");
  EXPECT_EQ(why(kMatMul, "int2g16"), "");
  EXPECT_NE(why(kMatMul, "int2g8"), "");
  EXPECT_NE(why(kMatMul, "int2g32"), "");  // as many inputs: one scale a channel
  EXPECT_NE(why(kGemm, "int2g16"), "");
  EXPECT_NE(why(kMatMul, "int3g16"), "");
  EXPECT_EQ(why(kGemm, "int4g16"), "");
  EXPECT_NE(why(kGemm, "int4g24"), "");  // 32 inputs
  EXPECT_EQ(why(kConv, "int4g12"), "");  // 36 inputs
  EXPECT_EQ(why(kConv, "int8+r4"), "");
  EXPECT_NE(why(kDepthwise, "int8+r2"), "");
  EXPECT_EQ(target.storage().scaleBits, 32);
  EXPECT_EQ(AnyTarget().refuses(b.network, layers.items[0], parseSetting("int3")), "");
}

TEST(WeightForms, PackingPutsTheFirstCodeIntoTheLowBits) {
  EXPECT_EQ(onnx::packed({1, -2, 3}, 4), (std::vector<std::uint8_t>{0xE1, 0x03}));
  EXPECT_EQ(onnx::packed({1, -1, 0, -2, 1}, 2), (std::vector<std::uint8_t>{0x8D, 0x01}));
  EXPECT_EQ(onnx::packed({-1, 200}, 8), (std::vector<std::uint8_t>{0xFF, 200}));
}

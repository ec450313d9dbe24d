#pragma once

#include "core/base/sha256.h"
#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"
#include "core/project/project.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace planish::sample {

/// A folder of its own for a test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "planish-project-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    m_path = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return m_path / name; }
  const std::filesystem::path& path() const { return m_path; }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(m_path), std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path m_path;
};

inline std::vector<std::byte> bytesOf(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

inline void writeBytes(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// A project's header with the right length and digest in front of any image, so that what is behind the
/// digest can be tested.
inline std::vector<std::byte> wrapped(std::span<const std::byte> image) {
  std::vector<std::byte> file(512);
  constexpr unsigned char magic[] = {0x89, 'P', 'L', 'A', 'N', 'I', 'S', 'H', '\r', '\n', 0x1A, '\n', 1};
  std::memcpy(file.data(), magic, sizeof magic);
  for (std::size_t i = 0; i < 8; ++i)
    file[16 + i] = std::byte(image.size() >> (8 * i) & 0xFF);
  Sha256 hash;
  hash.add(image);
  const auto digest = hash.digest();
  std::memcpy(file.data() + 24, digest.data(), digest.size());
  file.insert(file.end(), image.begin(), image.end());
  return file;
}

inline Tensor mask(std::int64_t rows, std::int64_t columns, int period) {
  Tensor tensor(DataType::boolean, Shape{rows, columns});
  auto out = tensor.writable<bool>();
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = i % static_cast<std::size_t>(period) != 0;
  return tensor;
}

inline std::shared_ptr<const CodePlane> codes(NumberFormat format, int bits, std::int64_t rows,
                                              std::int64_t columns, std::int64_t group, Tensor pruned = {}) {
  CodePlane::Parts parts{.format = format, .bits = bits, .rows = rows, .columns = columns, .group = group};
  const bool isUnsigned = format == NumberFormat::unsignedInteger;
  const int least = isUnsigned ? 0 : -(1 << (bits - 1)), levels = 1 << bits;
  for (std::int64_t i = 0; i < rows * columns; ++i)
    parts.codes.push_back(static_cast<std::int16_t>(least + i * 7 % levels));
  const std::int64_t scales = scaleCount(rows, columns, group);
  for (std::int64_t i = 0; i < scales; ++i)
    parts.scales.push_back(0.01f * static_cast<float>(i + 1) / 3.f);
  if (isUnsigned)
    for (std::int64_t i = 0; i < scales; ++i)
      parts.zeroPoints.push_back(static_cast<std::int16_t>(i % levels));
  if (pruned.defined()) parts.sparsity = {Sparsity::Kind::unstructured, 33.3, 0, 0};
  parts.mask = std::move(pruned);
  parts.storage = {32, true, isUnsigned, !isUnsigned};
  return std::make_shared<CodePlane>(std::move(parts));
}

inline std::shared_ptr<const DensePlane> dense(NumberFormat format, std::int64_t rows, std::int64_t columns,
                                               std::int64_t group = 0) {
  DensePlane::Parts parts{.format = format};
  parts.elements = Tensor(elementType(format), Shape{rows, columns});
  auto bytes = parts.elements.writableBytes();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = std::byte(i * 37 % 120);  // no infinities or NaNs in any format
  if (bitsOf(parts.elements.type()) <= 8) {
    parts.group = group;
    for (std::int64_t i = 0; i < scaleCount(rows, columns, group); ++i)
      parts.scales.push_back(1.f / static_cast<float>(i + 3));
  }
  return std::make_shared<DensePlane>(std::move(parts));
}

inline CompressedTensor compressed(std::string_view setting,
                                   std::vector<std::shared_ptr<const Plane>> planes) {
  CompressedTensor tensor;
  tensor.setting = parseSetting(setting);
  const Tensor decoded = planes.front()->decode();
  tensor.rows = decoded.shape()[0];
  tensor.columns = decoded.shape()[1];
  tensor.planes = std::move(planes);
  return tensor;
}

/// Something of everything that a project can hold.
inline Project project() {
  Project p;
  p.network = {"/nets/a b.onnx",     "net\nwork",  "onnx",
               std::string(64, 'a'), 123456789012, {"fold-batch-norm", "fold-constants"}};
  p.data =
      DataReference{"/data/test.npz", "x", "y", R"({"layout": "nhwc"})", 512, 64, 512, "data-fingerprint"};
  p.calibration = DataReference{"/data/größe", "", "", "{}", -1, 1, 100, ""};
  p.tables.push_back({"kl",
                      "nats",
                      "f1",
                      "test data, 512 samples",
                      {{"Conv1", parseSetting("int8"), {0.1, 0.01, 512}, Bits{800}},
                       {"Conv 1/ä", parseSetting("int4g32+s50@rtn"), {-1e-300, 1e300, 2}, Bits{0}},
                       {"", parseSetting("keep"), {0, 0, 0}, Bits{1}}}});
  p.tables.push_back({"weight-error", "", "f2", "", {}});
  Plan plan;
  plan.name = "p 25%";
  plan.solver = "exact";
  plan.target = "any";
  plan.metric = "kl";
  plan.budget = parseBudget("4.3bpw");
  plan.layers = {{"Conv1", parseSetting("int8"), true, Bits{800}, "by hand"},
                 {"Conv2", parseSetting("nf4g64+r10%+a8"), false, Bits{77}, "exact"}};
  plan.predicted = {0.1 + 0.2, 0.03, 512};
  plan.bound = 0.29999;
  plan.repairs = {"batch-norm", "bias"};
  plan.note = std::string(70000, 'n');
  p.plans.push_back(plan);
  plan.name = "-other";
  plan.bound.reset();
  plan.layers.clear();
  plan.note.clear();
  plan.budget = parseBudget("loss:0.02");
  p.plans.push_back(plan);
  CompressionResult result;
  result.plan = "p 25%";
  result.fingerprint = "network=a\ndata=b";
  result.layers = {{"Conv1", parseSetting("int8"), Bits{800}, 1.0 / 3, 0.25},
                   {"Conv2", parseSetting("keep"), Bits{1}, 0, 0}};
  result.repairs = {"bias"};
  result.before = {{"accuracy", {0.9, 0.01, 512}}, {"loss", {0.3, 0.02, 512}}};
  result.after = {{"accuracy", {0.89, 0.01, 512}}};
  result.difference = {{"accuracy", {-0.01, 0.001, 512}}};
  result.correctBefore = 460;
  result.correctAfter = 455;
  result.resumedFrom = 3;
  result.seconds = 1.5;
  result.seed = 0xFFFFFFFFFFFFFFFFull;
  auto& weights = result.compressed.weights;
  weights["signed"] = compressed("int4g32", {codes(NumberFormat::integer, 4, 5, 70, 32)});
  weights["unsigned"] = compressed("uint8pt", {codes(NumberFormat::unsignedInteger, 8, 40, 60, 0)});
  weights["pruned\n"] = compressed("int8+s33", {codes(NumberFormat::integer, 8, 7, 9, 9, mask(7, 9, 3))});
  weights["half"] = compressed("fp16", {dense(NumberFormat::fp16, 3, 5)});
  weights["nf4"] = compressed("nf4g64", {dense(NumberFormat::nf4, 3, 65, 64)});
  weights["fp8"] = compressed("fp8e4m3", {dense(NumberFormat::fp8e4m3, 4, 6, 6)});
  weights["rank"] =
      compressed("int8+r2", {std::make_shared<LowRankPlane>(codes(NumberFormat::integer, 8, 6, 2, 2),
                                                            dense(NumberFormat::bf16, 2, 8), mask(6, 8, 4),
                                                            Sparsity{Sparsity::Kind::pattern, 0, 2, 4}),
                             dense(NumberFormat::keep, 6, 8)});
  result.compressed.edits["bias"] = Tensor::of<float>(Shape{3}, {1.f, -0.f, 1e-40f});
  result.compressed.edits["scalar"] = Tensor::scalar<std::int64_t>(-7);
  result.compressed.edits["empty"] = Tensor::of<float>(Shape{0, 4}, {});
  result.compressed.activations["relu.out"] = {8, false, 0.1f, 3};
  result.compressed.activations["sum"] = {16, true, 1e-30f, -32768};
  p.results.push_back(std::move(result));
  p.exports.push_back(
      {"p 25%", "ort-cpu", "/out/x.onnx", 4096, 2048, 4000, 1e-6, {{"accuracy", {0.89, 0.01, 512}}}});
  return p;
}

/// A project of a few kilobytes, for tests that try every place of a file.
inline Project small() {
  Project p;
  p.network = {"n.onnx", "n", "onnx", "f", 10, {}};
  p.tables.push_back(
      {"kl", "nats", "f1", "", {{"Conv1", parseSetting("int8"), {0.1, 0.01, 512}, Bits{800}}}});
  return p;
}

inline void expectEqual(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.type(), b.type());
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.bytes().size(), b.bytes().size());
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin()));
}

inline void expectEqual(const CompressedTensor& a, const CompressedTensor& b) {
  EXPECT_EQ(a.setting, b.setting);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.columns, b.columns);
  ASSERT_EQ(a.planes.size(), b.planes.size());
  for (std::size_t i = 0; i < a.planes.size(); ++i) {
    EXPECT_EQ(a.planes[i]->kind(), b.planes[i]->kind());
    EXPECT_EQ(a.planes[i]->bits(), b.planes[i]->bits());
    expectEqual(a.planes[i]->decode(), b.planes[i]->decode());
  }
  expectEqual(a.decode(), b.decode());
}

inline void expectEqual(const StoredNetwork& a, const StoredNetwork& b) {
  ASSERT_EQ(a.weights.size(), b.weights.size());
  ASSERT_EQ(a.edits.size(), b.edits.size());
  EXPECT_EQ(a.activations, b.activations);
  for (const auto& [name, tensor] : a.weights) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(b.weights.count(name));
    expectEqual(tensor, b.weights.at(name));
  }
  for (const auto& [name, tensor] : a.edits) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(b.edits.count(name));
    expectEqual(tensor, b.edits.at(name));
  }
}

inline void expectEqual(const Plan& a, const Plan& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.solver, b.solver);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.metric, b.metric);
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.predicted, b.predicted);
  EXPECT_EQ(a.bound, b.bound);
  EXPECT_EQ(a.repairs, b.repairs);
  EXPECT_EQ(a.note, b.note);
}

inline void expectEqual(const CompressionResult& a, const CompressionResult& b) {
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.repairs, b.repairs);
  EXPECT_EQ(a.before, b.before);
  EXPECT_EQ(a.after, b.after);
  EXPECT_EQ(a.difference, b.difference);
  EXPECT_EQ(a.correctBefore, b.correctBefore);
  EXPECT_EQ(a.correctAfter, b.correctAfter);
  EXPECT_EQ(a.resumedFrom, b.resumedFrom);
  EXPECT_EQ(a.seconds, b.seconds);
  EXPECT_EQ(a.seed, b.seed);
  expectEqual(a.compressed, b.compressed);
}

inline void expectEqual(const Project& a, const Project& b) {
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.data, b.data);
  EXPECT_EQ(a.calibration, b.calibration);
  ASSERT_EQ(a.tables.size(), b.tables.size());
  for (std::size_t i = 0; i < a.tables.size(); ++i) {
    EXPECT_EQ(a.tables[i].metric, b.tables[i].metric);
    EXPECT_EQ(a.tables[i].unit, b.tables[i].unit);
    EXPECT_EQ(a.tables[i].fingerprint, b.tables[i].fingerprint);
    EXPECT_EQ(a.tables[i].description, b.tables[i].description);
    EXPECT_EQ(a.tables[i].rows, b.tables[i].rows);
  }
  ASSERT_EQ(a.plans.size(), b.plans.size());
  for (std::size_t i = 0; i < a.plans.size(); ++i)
    expectEqual(a.plans[i], b.plans[i]);
  ASSERT_EQ(a.results.size(), b.results.size());
  for (std::size_t i = 0; i < a.results.size(); ++i)
    expectEqual(a.results[i], b.results[i]);
  ASSERT_EQ(a.exports.size(), b.exports.size());
  for (std::size_t i = 0; i < a.exports.size(); ++i) {
    EXPECT_EQ(a.exports[i].plan, b.exports[i].plan);
    EXPECT_EQ(a.exports[i].target, b.exports[i].target);
    EXPECT_EQ(a.exports[i].file, b.exports[i].file);
    EXPECT_EQ(a.exports[i].bytes, b.exports[i].bytes);
    EXPECT_EQ(a.exports[i].weightBytes, b.exports[i].weightBytes);
    EXPECT_EQ(a.exports[i].predictedBytes, b.exports[i].predictedBytes);
    EXPECT_EQ(a.exports[i].maxAbsDifference, b.exports[i].maxAbsDifference);
    EXPECT_EQ(a.exports[i].reloaded, b.exports[i].reloaded);
  }
}

/// What loading these bytes throws; fails the test if it is anything but an Error, or nothing.
inline Error refusal(std::span<const std::byte> file) {
  try {
    loadProjectImage(file, "given.planish");
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "given.planish");
    return error;
  }
  ADD_FAILURE() << "loaded";
  return Error(ErrorKind::failed, "loaded");
}

}  // namespace planish::sample

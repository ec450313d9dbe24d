// Rows O01..O14 and O29 of the catalogue of hostile files: the file itself and the weights it refers to.
#include "tests/plugins/formats/onnx_builder.h"

#include <fstream>
#include <random>
#include <sys/resource.h>
#include <sys/stat.h>

namespace planish::onnx {
namespace {

/// The small model with its weight in "weights.bin" (16 bytes, written here).
ModelProto externalModel(const TestFolder& folder, const std::map<std::string, std::string>& keys) {
  writeText(folder / "weights.bin", std::string(16, '\1'));
  ModelProto model = smallModel();
  TensorProto& tensor = *model.mutable_graph()->mutable_initializer(0);
  tensor.clear_raw_data();
  tensor.set_data_location(TensorProto::EXTERNAL);
  for (const auto& [key, value] : keys) {
    auto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model;
}

long residentPeakKiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(OnnxHostile, O01_RandomBytesTextTruncated) {
  const TestFolder folder;
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    std::string bytes(static_cast<std::size_t>(1 + random() % 2000), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    expectRefused(save(folder, bytes));
  }
  expectRefused(save(folder, "This is not a network.\n"));
  EXPECT_NE(expectRefused(save(folder, "")).find("empty"), std::string::npos);
  EXPECT_NE(expectRefused(save(folder, "version https://git-lfs.github.com/spec/v1\n")).find("LFS"), std::string::npos);
  EXPECT_NE(expectRefused(save(folder, "<!DOCTYPE html><html>")).find("web page"), std::string::npos);
  expectRefused(save(folder, std::string(1000, '\0')));
  expectRefused(save(folder, ModelProto().SerializeAsString() + "\x08\x09"));  // no graph
}

TEST(OnnxHostile, O01_EveryTruncation) {
  const TestFolder folder;
  ModelProto model = smallModel();
  for (int i = 0; i < 12; ++i) addNode(*model.mutable_graph(), "Relu", {"x"}, {"r" + std::to_string(i)});
  const std::string bytes = model.SerializeAsString();
  int opened = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    try {
      openBytes(folder, bytes.substr(0, length));
      ++opened;  // cut between two top-level fields: what is left is a model
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << error.what();
      EXPECT_FALSE(error.where().empty()) << error.what();
    }
  }
  EXPECT_LE(opened, 2);
}

TEST(OnnxHostile, O02_NewerVersionsAndNone) {
  const TestFolder folder;
  ModelProto model = smallModel();
  model.set_ir_version(99);
  model.mutable_opset_import(0)->set_version(99);
  const auto newer = openModel(folder, model);
  EXPECT_TRUE(hasNotice(*newer, "IR version 99"));
  EXPECT_TRUE(hasNotice(*newer, "opset 99"));
  EXPECT_EQ(newer->operationCount(), 1);
  model = smallModel();
  model.clear_opset_import();
  EXPECT_TRUE(hasNotice(*openModel(folder, model), "imports no version"));
  model = smallModel();
  model.add_opset_import()->set_version(18);
  expectRefused(folder, model);
}

TEST(OnnxHostile, O03_OldOpset) {
  const TestFolder folder;
  ModelProto model = smallModel();
  model.mutable_opset_import(0)->set_version(6);
  EXPECT_TRUE(hasNotice(*openModel(folder, model), "opset 6"));
  model.mutable_opset_import(0)->set_version(7);
  EXPECT_TRUE(openModel(folder, model)->notices.empty());
}

TEST(OnnxHostile, O04_LocationsOutsideTheFolder) {
  const TestFolder folder;
  for (const std::string location : {std::string("../x"), std::string("/etc/passwd"), std::string("a/../../x"), std::string("C:\\x"), std::string("C:/x"),
                                     std::string("\\\\host\\x"), std::string("a\\b"), std::string(), std::string("weights.bin\0", 12), std::string("."),
                                     std::string("a/../weights.bin"), std::string(5000, 'a')}) {
    const std::string text = expectRefused(folder, externalModel(folder, {{"location", location}}));
    EXPECT_NE(text.find("initializer 'w'"), std::string::npos) << text;
  }
  expectRefused(folder, externalModel(folder, {}));
}

TEST(OnnxHostile, O05_LinksAndPipes) {
  const TestFolder folder, other;
  writeText(other / "secret.bin", std::string(16, 's'));
  const auto refused = [&](const std::string& name) { return expectRefused(folder, externalModel(folder, {{"location", name}})); };
  std::filesystem::create_symlink(other / "secret.bin", folder / "link.bin");
  EXPECT_NE(refused("link.bin").find("leaves the network's folder"), std::string::npos);
  std::filesystem::create_directory_symlink(other.path(), folder / "sub");
  EXPECT_NE(refused("sub/secret.bin").find("leaves the network's folder"), std::string::npos);
  std::filesystem::create_symlink(folder / "nowhere.bin", folder / "dangling.bin");
  refused("dangling.bin");
  std::filesystem::create_symlink(folder / "loop.bin", folder / "loop.bin");
  refused("loop.bin");
  std::filesystem::create_hard_link(other / "secret.bin", folder / "hard.bin");
  EXPECT_NE(refused("hard.bin").find("2 hard links"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder / "pipe.bin").c_str(), 0600), 0);
  EXPECT_NE(refused("pipe.bin").find("regular file"), std::string::npos);
  std::filesystem::create_directory(folder / "folder.bin");
  refused("folder.bin");
  // A link that stays inside is a name like any other.
  externalModel(folder, {});
  std::filesystem::create_symlink(folder / "weights.bin", folder / "inside.bin");
  EXPECT_TRUE(openModel(folder, externalModel(folder, {{"location", "inside.bin"}}))->value({1}).isConstant());
}

TEST(OnnxHostile, O06_OffsetsOutsideTheFile) {
  const TestFolder folder;
  for (const std::string offset : {"-1", "9223372036854775808", "18446744073709551615", "18446744073709551616", "17", "1", "0x0", "", " 0", "1e1", "9223372036854775807"})
    expectRefused(folder, externalModel(folder, {{"location", "weights.bin"}, {"offset", offset}}));
  for (const std::string length : {"1125899906842624", "-1", "15", "17", "0"})
    expectRefused(folder, externalModel(folder, {{"location", "weights.bin"}, {"length", length}}));
  ModelProto large = externalModel(folder, {{"location", "weights.bin"}});
  large.mutable_graph()->mutable_initializer(0)->set_dims(0, std::int64_t{1} << 40);
  expectRefused(folder, large);
  const auto network = openModel(folder, externalModel(folder, {{"location", "weights.bin"}, {"offset", "0"}, {"length", "16"}}));
  EXPECT_EQ(network->value({1}).constant.bytes()[15], std::byte{1});
}

TEST(OnnxHostile, O06_FileChangesAfterOpening) {
  const TestFolder folder;
  const auto network = openModel(folder, externalModel(folder, {{"location", "weights.bin"}}));
  std::filesystem::resize_file(folder / "weights.bin", 5);
  EXPECT_THROW(network->value({1}).constant.bytes(), Error);
}

TEST(OnnxHostile, O07_MissingExternalFile) {
  const TestFolder folder;
  const auto network = openModel(folder, externalModel(folder, {{"location", "gone.bin"}}));
  EXPECT_EQ(network->operationCount(), 1);
  const Value& weight = network->value({1});
  EXPECT_TRUE(weight.missing);
  EXPECT_FALSE(weight.isConstant());
  EXPECT_EQ(weight.declaredShape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_TRUE(hasNotice(*network, "gone.bin"));
}

TEST(OnnxHostile, C14_AHundredShardsWithFewDescriptors) {
  const TestFolder folder;
  ModelProto model = smallModel();
  const TensorProto first = model.graph().initializer(0);
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) {
    TensorProto& tensor = *model.mutable_graph()->add_initializer();
    tensor = first;
    tensor.set_name("shard" + std::to_string(i));
    tensor.clear_raw_data();
    tensor.set_data_location(TensorProto::EXTERNAL);
    const std::string location = tensor.name() + ".bin";
    writeText(folder / location, std::string(16, static_cast<char>(i)));
    auto* entry = tensor.add_external_data();
    entry->set_key("location");
    entry->set_value(location);
    names.push_back(tensor.name());
  }
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  int read = 0;
  try {
    const auto network = openModel(folder, model);
    for (int round = 0; round < 2; ++round)
      for (const auto& value : network->values())
        if (value.name.starts_with("shard") && value.isConstant()) read += value.constant.bytes()[0] == std::byte(std::stoi(value.name.substr(5)));
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(read, 200);
}

TEST(OnnxHostile, O08_WrongChecksum) {
  const TestFolder folder;
  // SHA-1 of 16 bytes of 1, from sha1sum.
  const std::string right = "345c0e97987b1f4e1be38ee1678a5f1061c2c301";
  const auto wrong = openModel(folder, externalModel(folder, {{"location", "weights.bin"}, {"checksum", std::string(40, '0')}}));
  EXPECT_TRUE(hasNotice(*wrong, "SHA-1"));
  EXPECT_FALSE(hasNotice(*openModel(folder, externalModel(folder, {{"location", "weights.bin"}, {"checksum", right}})), "SHA-1"));
}

TEST(OnnxHostile, O08_WrongChecksumIsRefusedWhereThatIsSet) {
  const TestFolder folder;
  const ImportRules rules{.refuseWrongChecksums = true};
  const auto open = [&](std::size_t size, const std::string& checksum) {
    const ModelProto model = externalModel(folder, {{"location", "weights.bin"}, {"checksum", checksum}});
    std::filesystem::resize_file(folder / "weights.bin", size);
    return OnnxImporter().open(save(folder, model.SerializeAsString()), Progress(), rules);
  };
  EXPECT_FALSE(hasNotice(*open(16, "345C0E97987B1F4E1BE38EE1678A5F1061C2C301"), "SHA-1"));
  // Also of a file that is too large to be read for a notice.
  for (const std::size_t size : {std::size_t(16), std::size_t(65) << 20}) {
    try {
      open(size, std::string(40, '0'));
      ADD_FAILURE() << "opened with " << size << " bytes";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
      const std::string text = error.what();
      for (const char* part : {"model.onnx", "weights.bin", "SHA-1"}) EXPECT_NE(text.find(part), std::string::npos) << text;
    }
  }
}

TEST(OnnxHostile, O09_LengthsThatDoNotFitTheShape) {
  const TestFolder folder;
  for (const int length : {0, 4, 15, 17, 4000}) {
    ModelProto model = smallModel();
    model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(static_cast<std::size_t>(length), 'x'));
    EXPECT_NE(expectRefused(folder, model).find("initializer 'w'"), std::string::npos);
  }
  ModelProto both = smallModel();
  for (int i = 0; i < 4; ++i) both.mutable_graph()->mutable_initializer(0)->add_float_data(1);
  EXPECT_NE(expectRefused(folder, both).find("raw_data, float_data"), std::string::npos);
  ModelProto insideAndOutside = externalModel(folder, {{"location", "weights.bin"}});
  insideAndOutside.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(16, 'x'));
  expectRefused(folder, insideAndOutside);
}

TEST(OnnxHostile, O10_ShapesThatWrap) {
  const TestFolder folder;
  const auto withDims = [](const std::vector<std::int64_t>& dims) {
    ModelProto model = smallModel();
    model.mutable_graph()->mutable_initializer(0)->mutable_dims()->Assign(dims.begin(), dims.end());
    return model;
  };
  const std::int64_t half = std::int64_t{1} << 32;
  for (const std::vector<std::int64_t>& dims : {std::vector<std::int64_t>{-2, -2}, {-1, 4}, {half, half}, {half * 2, half, 4}, {INT64_MAX, 2},
                                                {INT64_MIN, 1}, {0, INT64_MAX, INT64_MAX}, std::vector<std::int64_t>(100000, 1)})
    EXPECT_NE(expectRefused(folder, withDims(dims)).find("initializer 'w'"), std::string::npos);
  ModelProto input = smallModel();
  input.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(-5);
  expectRefused(folder, input);
  input.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(INT64_MAX);
  expectRefused(folder, input);
}

TEST(OnnxHostile, O11_ElementTypes) {
  const TestFolder folder;
  for (const int type : {0, 27, 999, -1}) {
    ModelProto model = smallModel();
    model.mutable_graph()->mutable_initializer(0)->set_data_type(type);
    EXPECT_NE(expectRefused(folder, model).find("element type number"), std::string::npos);
  }
  for (const auto& [type, bytes] : {std::pair{TensorProto::INT4, 2}, {TensorProto::INT2, 1}, {TensorProto::UINT4, 2}, {TensorProto::FLOAT8E4M3FN, 4}}) {
    ModelProto model = smallModel();
    model.mutable_graph()->mutable_initializer(0)->set_data_type(type);
    model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(static_cast<std::size_t>(bytes), '\x21'));
    EXPECT_EQ(openModel(folder, model)->value({1}).constant.byteSize(), bytes);
  }
}

TEST(OnnxHostile, O12_DeepNesting) {
  const TestFolder folder;
  const auto nested = [](int depth) {
    ModelProto model = emptyModel();
    addInput(*model.mutable_graph(), "c", {}, DataType::boolean);
    addOutput(*model.mutable_graph(), "c");
    GraphProto* graph = model.mutable_graph();
    for (int i = 0; i < depth; ++i) {
      NodeProto& node = addNode(*graph, "If", {"c"}, {"o" + std::to_string(i)});
      graph = addAttribute(node, "then_branch", AttributeProto::GRAPH).mutable_g();
    }
    return model;
  };
  EXPECT_NE(expectRefused(folder, nested(50)).find("nested"), std::string::npos);
  expectRefused(folder, nested(2000));
  EXPECT_EQ(openModel(folder, nested(10))->operationCount(), 1);
  // A group (wire types 3 and 4) nests without lengths.
  expectRefused(save(folder, std::string(100000, '\x0b')));
}

TEST(OnnxHostile, O13_OrderAndNames) {
  const TestFolder folder;
  ModelProto cycle = smallModel();
  addNode(*cycle.mutable_graph(), "Add", {"b", "x"}, {"a"}).set_name("first");
  addNode(*cycle.mutable_graph(), "Add", {"a", "x"}, {"b"}).set_name("second");
  std::string text = expectRefused(folder, cycle);
  EXPECT_NE(text.find("first"), std::string::npos) << text;
  EXPECT_NE(text.find("cycle"), std::string::npos) << text;
  ModelProto self = smallModel();
  addNode(*self.mutable_graph(), "Add", {"a", "x"}, {"a"}).set_name("self");
  EXPECT_NE(expectRefused(folder, self).find("self"), std::string::npos);
  ModelProto twice = smallModel();
  addNode(*twice.mutable_graph(), "Relu", {"x"}, {"y"}).set_name("again");
  EXPECT_NE(expectRefused(folder, twice).find("again"), std::string::npos);
  ModelProto overInput = smallModel();
  addNode(*overInput.mutable_graph(), "Relu", {"y"}, {"x"}).set_name("over");
  EXPECT_NE(expectRefused(folder, overInput).find("over"), std::string::npos);
  ModelProto missing = smallModel();
  addNode(*missing.mutable_graph(), "Relu", {"nobody"}, {"z"}).set_name("lost");
  text = expectRefused(folder, missing);
  EXPECT_NE(text.find("lost"), std::string::npos) << text;
  EXPECT_NE(text.find("nobody"), std::string::npos) << text;
  ModelProto output = smallModel();
  addOutput(*output.mutable_graph(), "nothing");
  EXPECT_NE(expectRefused(folder, output).find("nothing"), std::string::npos);
  ModelProto inputs = smallModel();
  addInput(*inputs.mutable_graph(), "x", {1, 2});
  expectRefused(folder, inputs);
}

TEST(OnnxHostile, O14_DuplicateInitializer) {
  const TestFolder folder;
  ModelProto model = smallModel();
  addWeight(*model.mutable_graph(), "w", {1});
  EXPECT_NE(expectRefused(folder, model).find("initializer 'w'"), std::string::npos);
  ModelProto nameless = smallModel();
  addWeight(*nameless.mutable_graph(), "", {1});
  expectRefused(folder, nameless);
}

TEST(OnnxHostile, O29_BombsOfRepeatedFields) {
  const TestFolder folder;
  const long before = residentPeakKiB();
  // 1 GiB of zeros as the model's text: a hole in a sparse file.
  const auto hole = folder / "hole.onnx";
  writeText(hole, std::string("\x08\x09\x32\x80\x80\x80\x80\x04", 8));
  std::filesystem::resize_file(hole, (std::uint64_t{1} << 30) + 8);
  EXPECT_NE(expectRefused(hole).find("text"), std::string::npos);
  // 24 MB of empty nodes, two bytes each, would become gigabytes.
  std::string nodes;
  nodes.reserve(24u << 20);
  while (nodes.size() < (24u << 20)) nodes += std::string("\x0a\x00", 2);
  std::string bytes("\x08\x09\x3a", 3);
  for (std::uint64_t length = nodes.size(); length > 0; length >>= 7) bytes += static_cast<char>((length & 0x7F) | (length >> 7 ? 0x80 : 0));
  EXPECT_NE(expectRefused(save(folder, bytes + nodes)).find("memory"), std::string::npos);
  std::filesystem::resize_file(hole, std::uint64_t{3} << 30);
  EXPECT_NE(expectRefused(hole).find("2 GiB"), std::string::npos);
  EXPECT_LT(residentPeakKiB() - before, 512 * 1024);
}

}  // namespace
}  // namespace planish::onnx

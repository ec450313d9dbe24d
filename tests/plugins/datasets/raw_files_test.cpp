#include "tests/plugins/datasets/data_files.h"

namespace planish {
namespace {

using testing::bigEndian32;
using testing::open;
using testing::problem;
using testing::TemporaryFolder;

std::string idx(char type, const std::vector<std::uint32_t>& dims, const std::string& elements) {
  std::string text = std::string("\0\0", 2) + type + static_cast<char>(dims.size());
  for (const auto dim : dims) text += bigEndian32(dim);
  return text + elements;
}

TEST(Idx, PairOfFiles) {
  const TemporaryFolder folder;
  writeText(folder / "t10k-images-idx3-ubyte", idx(8, {2, 2, 2}, "abcdefgh"));
  writeText(folder / "t10k-labels-idx1-ubyte", idx(8, {2}, "\3\4"));
  for (const auto& path : {folder.path(), folder / "t10k-images-idx3-ubyte"}) {
    const auto data = open(path);
    EXPECT_EQ(data->labels(), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(data->sample("x", 1).shape(), (Shape{2, 2}));
    EXPECT_EQ(data->sample("x", 1).data<std::uint8_t>()[0], 'e');
  }
  writeText(folder / "train-images-idx3-ubyte", idx(8, {1, 2, 2}, "abcd"));
  EXPECT_NE(problem(folder.path(), ErrorKind::usage).find("train-images-idx3-ubyte"), std::string::npos);
  EXPECT_EQ(open(folder.path(), "train-images-idx3-ubyte")->count(), 1);
  EXPECT_FALSE(problem(folder.path(), ErrorKind::usage, "../x").empty());
}

TEST(Idx, WiderTypesAreBigEndian) {
  const TemporaryFolder folder;
  writeText(folder / "images", idx(12, {2, 1}, bigEndian32(7) + bigEndian32(0xffffffff)));
  const auto data = open(folder / "images");
  EXPECT_EQ(data->sample("x", 1).data<std::int32_t>()[0], -1);
}

TEST(Idx, SizesThatLieAreRefused) {
  const TemporaryFolder folder;
  writeText(folder / "images", idx(8, {4000000000u, 4000000000u, 4000000000u}, "ab"));
  EXPECT_FALSE(problem(folder / "images", ErrorKind::unsupported).empty());
  writeText(folder / "images", idx(8, {2, 2}, "abcd"));
  writeText(folder / "labels", idx(8, {3}, "abc"));
  const auto text = problem(folder / "images", ErrorKind::invalidInput);
  EXPECT_NE(text.find("3 labels"), std::string::npos) << text;
}

std::string records(int labelBytes, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < labelBytes; ++k) text += static_cast<char>(10 * k + i);
    for (int p = 0; p < 3072; ++p) text += static_cast<char>(p + i);
  }
  return text;
}

TEST(Cifar, FolderOfTen) {
  const TemporaryFolder folder;
  writeText(folder / "data_batch_1.bin", records(1, 2));
  writeText(folder / "data_batch_2.bin", records(1, 3));
  writeText(folder / "test_batch.bin", records(1, 4));
  writeText(folder / "batches.meta.txt", "airplane\nautomobile\n\n");
  const auto test = open(folder.path()), train = open(folder.path(), "train_x");
  EXPECT_EQ(test->count(), 4);
  EXPECT_EQ(train->labels(), (std::vector<std::int64_t>{0, 1, 0, 1, 2}));
  EXPECT_EQ(test->sample("test_x", 2).shape(), (Shape{3, 32, 32}));
  EXPECT_EQ(test->sample("test_x", 2).data<std::uint8_t>()[1], 3);
  EXPECT_EQ(test->order(), Dataset::Order::channelsFirst);
  EXPECT_EQ(test->classNames(), (std::vector<std::string>{"airplane", "automobile"}));
}

TEST(Cifar, HundredHasFineAndCoarseLabels) {
  const TemporaryFolder folder;
  writeText(folder / "test.bin", records(2, 3));
  EXPECT_EQ(open(folder / "test.bin")->labels(), (std::vector<std::int64_t>{10, 11, 12}));
  EXPECT_EQ(open(folder / "test.bin", {}, "coarse")->labels(), (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(Cifar, HalfARecordIsRefused) {
  const TemporaryFolder folder;
  writeText(folder / "test_batch.bin", records(1, 2).substr(0, 4000));
  EXPECT_NE(problem(folder / "test_batch.bin", ErrorKind::invalidInput).find("3073"), std::string::npos);
}

TEST(OpenDataset, OtherFilesListTheFormats) {
  const TemporaryFolder folder;
  writeText(folder / "a.xyz", "hello");
  const auto text = problem(folder / "a.xyz", ErrorKind::unsupported);
  for (const char* id : {"npz", "image-folder", "idx", "cifar", "hdf5"}) EXPECT_NE(text.find(id), std::string::npos) << text;
  EXPECT_FALSE(problem(folder / "absent", ErrorKind::invalidInput).empty());
}

}  // namespace
}  // namespace planish

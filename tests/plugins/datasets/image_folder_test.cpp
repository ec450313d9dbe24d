#include "tests/plugins/datasets/data_files.h"

#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>
#include <png.h>

namespace planish {
namespace {

using testing::open;
using testing::problem;
using testing::TemporaryFolder;

/// A picture in one of PNG's forms; rows of samples as the form has them.
void writePng(const std::filesystem::path& path, int width, int height, int depth, int colour, const std::vector<std::uint8_t>& samples) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  FILE* file = std::fopen(path.c_str(), "wb");
  png_init_io(png, file);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_color palette[2] = {{10, 20, 30}, {200, 100, 50}};
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
  png_write_info(png, info);
  const std::size_t stride = png_get_rowbytes(png, info);
  for (int y = 0; y < height; ++y) png_write_row(png, samples.data() + static_cast<std::size_t>(y) * stride);
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

void writeJpeg(const std::filesystem::path& path, int width, int height, std::uint8_t level) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  FILE* file = std::fopen(path.c_str(), "wb");
  jpeg_stdio_dest(&info, file);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(width), level);
  std::uint8_t* rows = row.data();
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::fclose(file);
}

std::vector<int> pixels(const Dataset& data, std::int64_t index) {
  const Tensor picture = data.sample("image", index);
  const auto bytes = picture.data<std::uint8_t>();
  return {bytes.begin(), bytes.end()};
}

TEST(ImageFolder, ClassesInAlphabeticalOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"zebra", "ant", "Bee", "empty"}) std::filesystem::create_directories(folder / name);
  writeJpeg(folder / "zebra/1.JPG", 8, 4, 90);
  writeJpeg(folder / "ant/2.jpeg", 8, 4, 200);
  writeJpeg(folder / "ant/1.jpg", 8, 4, 100);
  writePng(folder / "Bee/1.png", 1, 1, 8, PNG_COLOR_TYPE_RGB, {1, 2, 3});
  const auto data = open(folder.path());
  EXPECT_EQ(data->classNames(), (std::vector<std::string>{"Bee", "ant", "zebra"}));
  EXPECT_EQ(data->labels(), (std::vector<std::int64_t>{0, 1, 1, 2}));
  EXPECT_EQ(pixels(*data, 0), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(data->sample("image", 1).shape(), (Shape{4, 8, 3}));
  EXPECT_EQ(pixels(*data, 1).at(5), 100);
  EXPECT_EQ(pixels(*data, 2).at(5), 200);
}

TEST(ImageFolder, FlatWithTable) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png"}) writePng(folder / name, 1, 1, 8, PNG_COLOR_TYPE_RGB, {1, 2, 3});
  EXPECT_TRUE(open(folder.path())->labels().empty());
  writeText(folder / "labels.csv", "file,label\r\nb.png,4\r\n\"a.png\",7\r\n");
  EXPECT_EQ(open(folder.path())->labels(), (std::vector<std::int64_t>{4, 7}));
  writeText(folder / "other.csv", "b.png,wolf\na.png,cat\n");
  const auto named = open(folder.path(), {}, "other.csv");
  EXPECT_EQ(named->labels(), (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(named->classNames(), (std::vector<std::string>{"cat", "wolf"}));
  writeText(folder / "labels.csv", "b.png,4\nc.png,7\n");
  EXPECT_NE(problem(folder.path(), ErrorKind::invalidInput).find("c.png"), std::string::npos);
  writeText(folder / "labels.csv", "b.png,4\n../a.png,7\n");
  EXPECT_NE(problem(folder.path(), ErrorKind::invalidInput).find("line 2"), std::string::npos);
  writeText(folder / "labels.csv", "b.png,4\n");
  EXPECT_NE(problem(folder.path(), ErrorKind::invalidInput).find("a.png"), std::string::npos);
}

TEST(Png, EveryFormBecomesRgb) {
  const TemporaryFolder folder;
  writePng(folder / "1.png", 2, 1, 8, PNG_COLOR_TYPE_GRAY, {7, 9});
  writePng(folder / "2.png", 2, 1, 16, PNG_COLOR_TYPE_RGB, {255, 255, 0, 0, 128, 128, 1, 1, 2, 2, 3, 3});
  writePng(folder / "3.png", 2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {1, 2, 3, 0, 4, 5, 6, 255});
  writePng(folder / "4.png", 2, 1, 1, PNG_COLOR_TYPE_PALETTE, {0x40});
  writePng(folder / "5.png", 2, 1, 1, PNG_COLOR_TYPE_GRAY, {0x40});
  writePng(folder / "6.png", 2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {7, 0, 9, 255});
  const auto data = open(folder.path());
  EXPECT_EQ(pixels(*data, 0), (std::vector<int>{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(pixels(*data, 1), (std::vector<int>{255, 0, 128, 1, 2, 3}));
  EXPECT_EQ(pixels(*data, 2), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(pixels(*data, 3), (std::vector<int>{10, 20, 30, 200, 100, 50}));
  EXPECT_EQ(pixels(*data, 4), (std::vector<int>{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(pixels(*data, 5), (std::vector<int>{7, 7, 7, 9, 9, 9}));
}

TEST(ImagesHostile, DamagedPicturesAreErrorsThatNameTheFile) {
  const TemporaryFolder folder, source;
  writeJpeg(source / "a.jpg", 64, 64, 77);
  writePng(source / "a.png", 9, 9, 8, PNG_COLOR_TYPE_GRAY, std::vector<std::uint8_t>(81, 5));
  for (const char* name : {"a.jpg", "a.png"}) {
    const std::string whole = readText(source / name);
    const TemporaryFolder each;
    const auto path = each / name;
    for (std::size_t cut = 0; cut + 16 < whole.size(); cut += 5) {
      writeText(path, whole.substr(0, cut));
      EXPECT_NE(problem(each.path(), ErrorKind::invalidInput).find(name), std::string::npos) << name << " cut at " << cut;
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ 0x5a);
      writeText(path, changed);
      try {
        open(each.path())->sample("image", 0);
      } catch (const Error&) {
      }
    }
  }
}

TEST(ImagesHostile, ClaimedSizesAreBounded) {
  const TemporaryFolder source, folder;
  writeJpeg(source / "a.jpg", 64, 64, 77);
  std::string content = readText(source / "a.jpg");
  const auto frame = content.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (std::size_t i = 0; i < 4; ++i) content[frame + 5 + i] = '\xf0';
  writeText(folder / "a.jpg", content);
  EXPECT_NE(problem(folder.path(), ErrorKind::invalidInput).find("61680 x 61680"), std::string::npos);
}

TEST(ImageFolder, AssetsHaveTenClasses) {
  const char* given = std::getenv("PLANISH_ASSETS");
  const std::filesystem::path assets = given ? given : PLANISH_SOURCE_DIR "/../shared/assets";
  if (!std::filesystem::exists(assets / "cifar10/images")) GTEST_SKIP() << "needs assets: cifar10/images";
  const auto data = open(assets / "cifar10/images");
  EXPECT_EQ(data->count(), 200);
  EXPECT_EQ(data->classNames().size(), 10u);
  EXPECT_EQ(data->classNames().front(), "airplane");
  EXPECT_EQ(data->sample("image", 199).shape(), (Shape{32, 32, 3}));
}

}  // namespace
}  // namespace planish

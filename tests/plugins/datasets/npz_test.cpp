#include "tests/plugins/datasets/data_files.h"

#include <cstdlib>
#include <cstring>
#include <zlib.h>

namespace planish {
namespace {

using testing::open;
using testing::problem;
using testing::TemporaryFolder;

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& elements, bool fortran = false, int version = 1) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
  const std::size_t prefix = version == 1 ? 10 : 12;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' + little(header.size(), version == 1 ? 2 : 4) + header + elements;
}

std::string deflated(const std::string& content) {
  std::string out(content.size() + 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Entry {
  std::string name, content;
  int method = 8;
  std::uint64_t claimedSize = 0;  ///< 0: the true one
  bool zip64 = false;
};

/// A zip file as numpy writes it; with `zip64` sizes stand in the extra field.
std::string zip(const std::vector<Entry>& entries) {
  std::string file, directory;
  for (const auto& entry : entries) {
    const std::string stored = entry.method == 8 ? deflated(entry.content) : entry.content;
    const std::uint64_t size = entry.claimedSize ? entry.claimedSize : entry.content.size();
    const std::string checksum = little(crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), static_cast<uInt>(entry.content.size())), 4);
    const std::string extra = entry.zip64 ? little(1, 2) + little(16, 2) + little(size, 8) + little(stored.size(), 8) : "";
    const std::string sizes = entry.zip64 ? little(0xffffffff, 4) + little(0xffffffff, 4) : little(stored.size(), 4) + little(size, 4);
    const std::string common = little(0, 2) + little(static_cast<std::uint64_t>(entry.method), 2) + little(0, 4) + checksum + sizes + little(entry.name.size(), 2) + little(extra.size(), 2);
    directory += "PK\1\2" + little(45, 2) + little(45, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(file.size(), 4) + entry.name + extra;
    file += "PK\3\4" + little(45, 2) + common + entry.name + extra + stored;
  }
  return file + directory + "PK\5\6" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) + little(directory.size(), 4) + little(file.size(), 4) + little(0, 2);
}

TEST(Npz, ReadsTypesOrdersAndVersions) {
  const TemporaryFolder folder;
  struct Case {
    std::string descr, elements;
    bool fortran;
    int version;
  };
  // [[1, 2, 3], [4, 5, 6]] each time.
  std::vector<Case> cases{{"|u1", "\1\2\3\4\5\6", false, 1}, {"|i1", std::string("\1\4\2\5\3\6"), true, 2}, {"<i2", "", false, 3}, {">u4", "", false, 1}, {">f4", "", false, 1}, {"<f8", "", true, 1}, {"<f2", "", false, 1}};
  for (int v = 1; v <= 6; ++v) {
    cases[2].elements += little(static_cast<std::uint64_t>(v), 2);
    cases[3].elements += testing::bigEndian32(static_cast<std::uint32_t>(v));
    const float single = static_cast<float>(v);
    std::uint32_t bits;
    std::memcpy(&bits, &single, 4);
    cases[4].elements += testing::bigEndian32(bits);
    const double order[] = {1, 4, 2, 5, 3, 6};
    cases[5].elements += std::string(reinterpret_cast<const char*>(&order[v - 1]), 8);
    const std::uint16_t halves[] = {0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600};
    cases[6].elements += little(halves[v - 1], 2);
  }
  for (const auto& item : cases) {
    const auto path = folder / "a.npz";
    writeText(path, zip({{"x.npy", npy(item.descr, "(2, 3)", item.elements, item.fortran, item.version), item.version == 2 ? 0 : 8}}));
    const auto data = open(path);
    ASSERT_EQ(data->count(), 2) << item.descr;
    const Tensor second = toFloat(data->sample("x", 1));
    const auto values = second.data<float>();
    EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{4, 5, 6})) << item.descr;
    EXPECT_TRUE(data->labels().empty());
  }
}

TEST(Npz, DefaultNamesAndPrefixes) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  const std::string two = npy("|u1", "(2, 1)", "ab"), three = npy("|u1", "(3, 1)", "abc");
  writeText(path, zip({{"train_x.npy", three}, {"train_y.npy", npy("|u1", "(3,)", "\1\2\3")}, {"test_x.npy", two}, {"test_y.npy", npy("<i8", "(2,)", little(5, 8) + little(7, 8)), 0, 0, true}}));
  EXPECT_EQ(open(path)->labels(), (std::vector<std::int64_t>{5, 7}));
  EXPECT_EQ(open(path, "train_x")->labels(), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_NE(problem(path, ErrorKind::usage, "pictures").find("train_x, train_y, test_x, test_y"), std::string::npos);
  const auto text = problem(path, ErrorKind::invalidInput, "train_x", "test_y");
  EXPECT_NE(text.find("3 samples"), std::string::npos) << text;
}

TEST(Npz, FingerprintFollowsTheContent) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  std::vector<std::string> seen;
  for (const char* elements : {"ab", "ac"}) {
    writeText(path, zip({{"x.npy", npy("|u1", "(2, 1)", elements)}}));
    seen.push_back(open(path)->fingerprint());
    EXPECT_EQ(seen.back(), open(path)->fingerprint());
  }
  EXPECT_NE(seen[0], seen[1]);
}

TEST(NpzHostile, DamagedFilesAreErrors) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  const std::string good = npy("|u1", "(2, 3)", "abcdef"), whole = zip({{"x.npy", good}});
  const auto refused = [&](const std::string& content) {
    writeText(path, content);
    return !problem(path, ErrorKind::invalidInput).empty();
  };
  EXPECT_FALSE(refused(whole));
  EXPECT_TRUE(refused("PK\3\4"));
  EXPECT_TRUE(refused(zip({{"x.npy", npy("|u1", "(2, 4)", "abcdef")}})));
  EXPECT_TRUE(refused(zip({{"x.npy", npy("|u1", "(9223372036854775807, 4)", "abcdef")}})));
  EXPECT_TRUE(refused(zip({{"x.npy", npy("|u1", "(99999999999999999999,)", "abcdef")}})));
  EXPECT_TRUE(refused(zip({{"x.npy", npy("|u1", "(-1, 6)", "abcdef")}})));
  EXPECT_TRUE(refused(zip({{"x.npy", "\x93NUMPY\1"}})));
  EXPECT_TRUE(refused(zip({{"x.npy", good}, {"x.npy", good}})));
  // A zip bomb: the claim is larger than deflate can make of the stored bytes.
  EXPECT_TRUE(refused(zip({{"x.npy", good, 8, std::uint64_t(1) << 50, true}})));
  EXPECT_TRUE(refused(zip({{"x.npy", good, 0, 5}})));
  for (std::size_t cut = 4; cut + 1 < whole.size(); cut += 7) EXPECT_TRUE(refused(whole.substr(0, cut))) << cut;
}

/// Every single changed byte is an error or harmless, never a crash.
TEST(NpzHostile, ChangedBytes) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  const std::string whole = zip({{"x.npy", npy("|u1", "(2, 3)", "abcdef")}, {"y.npy", npy("|u1", "(2,)", "\1\2"), 0}});
  std::size_t opened = 0, refusals = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    writeText(path, changed);
    try {
      const auto data = open(path);
      for (std::int64_t k = 0; k < data->count(); ++k) data->sample(data->arrays().front(), k).bytes();
      EXPECT_LE(data->count(), static_cast<std::int64_t>(whole.size())) << i;
      ++opened;
    } catch (const Error& error) {  // usage: the array's name was changed, and those that are there are listed
      EXPECT_TRUE(error.kind() == ErrorKind::invalidInput || error.kind() == ErrorKind::unsupported || error.kind() == ErrorKind::usage) << i << " " << error.what();
      ++refusals;
    }
  }
  EXPECT_EQ(opened + refusals, whole.size());
  EXPECT_GT(refusals, 0u);
}

TEST(Npz, ReadsWhatNumpyWrote) {
  const char* given = std::getenv("PLANISH_ASSETS");
  const std::filesystem::path assets = given ? given : PLANISH_SOURCE_DIR "/../shared/assets";
  if (!std::filesystem::exists(assets / "demo_glyphs/glyphs.npz")) GTEST_SKIP() << "needs assets: demo_glyphs/glyphs.npz";
  const auto test = open(assets / "demo_glyphs/glyphs.npz"), calibration = open(assets / "demo_glyphs/glyphs.npz", "calibration_x");
  EXPECT_EQ(test->count(), 2000);
  EXPECT_EQ(calibration->count(), 512);
  EXPECT_EQ(calibration->labels().size(), 512u);
  EXPECT_EQ(test->sample("test_x", 1999).shape(), (Shape{32, 32, 3}));
}

}  // namespace
}  // namespace planish

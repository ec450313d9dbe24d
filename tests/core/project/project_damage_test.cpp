// What rot, truncation and foreign hands do to the container: always an Error that says so, before HDF5 sees
// a byte.
#include "tests/core/project/sample_project.h"

#include "core/project/hdf5.h"

#include <random>

namespace planish {
namespace {

using sample::Folder;
using sample::refusal;

std::vector<std::byte> savedBytes(const Project& project) {
  const Folder folder;
  saveProject(project, folder / "p.planish");
  return sample::bytesOf(folder / "p.planish");
}

void setLength(std::vector<std::byte>& file, std::uint64_t length) {
  for (std::size_t i = 0; i < 8; ++i)
    file[16 + i] = std::byte(length >> (8 * i) & 0xFF);
}

TEST(ProjectDamage, P01_TruncatedAnywhere) {
  const auto file = savedBytes(sample::project());
  for (std::size_t size = 0; size < file.size(); size += size < 600 ? 1 : 509) {
    const Error error = refusal(std::span(file).first(size));
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << size;
  }
  EXPECT_NE(refusal(std::span(file).first(file.size() - 1)).message().find("truncated"), std::string::npos);
  EXPECT_NE(refusal({}).message().find("empty"), std::string::npos);
}

TEST(ProjectDamage, P02_BeginningLost) {
  const auto file = savedBytes(sample::project());
  auto zeroed = file;
  std::fill_n(zeroed.begin(), 4096, std::byte{});
  EXPECT_EQ(refusal(zeroed).kind(), ErrorKind::invalidInput);
  auto superblock = file;
  std::fill_n(superblock.begin() + 512, 4096, std::byte{});
  EXPECT_NE(refusal(superblock).message().find("checksum"), std::string::npos);
  for (std::size_t at = 0; at < 56; ++at) {  // every byte of the header but the generator's
    auto changed = file;
    changed[at] ^= std::byte{1};
    refusal(changed);
  }
}

TEST(ProjectDamage, P02_TheNameOfTheGeneratorMayChange) {
  auto file = savedBytes(sample::small());
  file[60] ^= std::byte{1};
  sample::expectEqual(sample::small(), loadProjectImage(file, "p"));
}

TEST(ProjectDamage, P03_EveryFlippedBitIsFound) {
  const auto file = savedBytes(sample::small());
  std::mt19937 random(3);
  for (int i = 0; i < 500; ++i) {
    auto changed = file;
    const std::size_t at = 512 + random() % (file.size() - 512);
    changed[at] ^= std::byte(1u << random() % 8);
    EXPECT_NE(refusal(changed).message().find("checksum"), std::string::npos) << at;
  }
}

TEST(ProjectDamage, P13_NewerVersionsAreRefused) {
  auto container = savedBytes(sample::small());
  container[12] = std::byte{2};
  EXPECT_EQ(refusal(container).kind(), ErrorKind::unsupported);
  EXPECT_NE(refusal(container).message().find("container version 2"), std::string::npos);
  const auto withSchema = [](std::int64_t schema) {
    const auto lock = hdf5::acquire();
    const auto file = hdf5::createImage();
    hdf5::setWhole(file, "schema", schema);
    hdf5::setText(file, "program", "Planish");
    return sample::wrapped(hdf5::imageOf(file));
  };
  EXPECT_EQ(refusal(withSchema(2)).kind(), ErrorKind::unsupported);
  EXPECT_NE(refusal(withSchema(77)).message().find("77"), std::string::npos);
  EXPECT_EQ(refusal(withSchema(0)).kind(), ErrorKind::invalidInput);
  EXPECT_EQ(refusal(withSchema(-1)).kind(), ErrorKind::invalidInput);
}

TEST(ProjectDamage, P15_HDF5FilesOfOtherPrograms) {
  const auto lock = hdf5::acquire();
  const auto foreign = hdf5::createImage();
  hdf5::write(foreign, "x", std::span<const double>(std::vector<double>{1, 2, 3}));
  const auto image = hdf5::imageOf(foreign);
  EXPECT_NE(refusal(image).message().find("not a Planish project"), std::string::npos);
  EXPECT_NE(refusal(sample::wrapped(image)).message().find("not a Planish project"), std::string::npos);
}

TEST(ProjectDamage, P29_LengthsThatLie) {
  const auto file = savedBytes(sample::small());
  const std::uint64_t length = file.size() - 512;
  for (const std::uint64_t wrong :
       {length + 1, std::uint64_t(1) << 63, ~std::uint64_t(0), ~std::uint64_t(0) - 511}) {
    auto changed = file;
    setLength(changed, wrong);
    EXPECT_NE(refusal(changed).message().find("truncated"), std::string::npos) << wrong;
  }
  for (const std::uint64_t wrong : {std::uint64_t(0), std::uint64_t(1), length - 1}) {
    auto changed = file;
    setLength(changed, wrong);
    EXPECT_NE(refusal(changed).message().find("checksum"), std::string::npos) << wrong;
  }
}

TEST(ProjectDamage, P29_BytesAfterTheEndAreIgnoredWithAWarning) {
  auto file = savedBytes(sample::small());
  file.resize(file.size() + 100, std::byte{7});
  std::vector<std::string> warnings;
  sample::expectEqual(sample::small(), loadProjectImage(file, "p", &warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("100 bytes"), std::string::npos);
}

/// Any change of the container, without a new digest: refused, or what it was.
TEST(ProjectDamage, MutatedContainersAreRefusedOrEqual) {
  const auto original = savedBytes(sample::small());
  std::mt19937 random(20);
  int equal = 0;
  for (int i = 0; i < 2000; ++i) {
    auto file = original;
    for (unsigned change = 0; change <= random() % 4; ++change) {
      const std::size_t limit =
          std::max<std::size_t>(1, random() % 2 ? std::min<std::size_t>(512, file.size()) : file.size());
      const std::size_t at = random() % limit;
      if (file.empty()) break;
      switch (random() % 5) {
      case 0:
        file[at] = std::byte(random() & 0xFF);
        break;
      case 1:
        file.resize(at);
        break;
      case 2:
        file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), random() % 64, std::byte{});
        break;
      case 3:
        file.erase(file.begin() + static_cast<std::ptrdiff_t>(at),
                   file.begin() + static_cast<std::ptrdiff_t>(std::min(file.size(), at + random() % 64)));
        break;
      default:
        file.insert(file.end(), random() % 64, std::byte{0xFF});
        break;
      }
    }
    try {
      sample::expectEqual(sample::small(), loadProjectImage(file, "mutant"));
      ++equal;
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::invalidInput || error.kind() == ErrorKind::unsupported)
          << error.what();
    }
  }
  EXPECT_GT(equal, 0);
  EXPECT_LT(equal, 1000);
}

}  // namespace
}  // namespace planish

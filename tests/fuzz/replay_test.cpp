// The entry function of a fuzzer over its seeds and over bytes made from them by fixed random numbers: the same inputs in every run, in a few
// seconds, for builds without libFuzzer. A crash is the finding; the fuzzer's own checks hold, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

/// In the order of their names.
std::vector<Bytes> seeds() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(PLANISH_FUZZ_SEEDS)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> all;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return all;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& seeds) : m_seeds(seeds) {}

  Bytes next() {
    Bytes bytes = m_seeds[below(m_seeds.size())];
    for (std::size_t i = 1 + below(4); i > 0; --i) change(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(m_random() % limit); }

  void change(Bytes& bytes) {
    if (bytes.empty()) return bytes.push_back(static_cast<std::uint8_t>(below(256)));
    const std::size_t at = below(bytes.size());
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length = 1 + below(std::min<std::size_t>(32, bytes.size() - at));
    switch (below(6)) {
      case 0: *here ^= static_cast<std::uint8_t>(1U << below(8)); break;
      case 1: *here = static_cast<std::uint8_t>(below(256)); break;
      case 2: bytes.resize(at); break;
      case 3: bytes.erase(here, here + static_cast<std::ptrdiff_t>(length)); break;
      case 4: {  // a length or number at its edge
        constexpr std::uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFF};
        std::fill_n(here, length, kEdges[below(std::size(kEdges))]);
        break;
      }
      default: {  // a part of another seed
        const Bytes& other = m_seeds[below(m_seeds.size())];
        if (other.empty()) break;
        const std::size_t from = below(other.size()), count = 1 + below(std::min<std::size_t>(64, other.size() - from));
        bytes.insert(here, other.begin() + static_cast<std::ptrdiff_t>(from), other.begin() + static_cast<std::ptrdiff_t>(from + count));
      }
    }
  }

  const std::vector<Bytes>& m_seeds;
  std::mt19937_64 m_random{20240229};  // its numbers are the standard's; distributions are not
};

TEST(FuzzReplay, SeedsAndChangedSeeds) {
  ::setenv("PLANISH_FUZZ_CONTAINER", "1", 1);  // see project_fuzzer.cpp
  const auto all = seeds();
  ASSERT_FALSE(all.empty()) << PLANISH_FUZZ_SEEDS;
  for (const Bytes& seed : all) EXPECT_EQ(LLVMFuzzerTestOneInput(seed.data(), seed.size()), 0);
  Mutator mutator(all);
  for (int i = 0; i < 40000; ++i) {
    const Bytes bytes = mutator.next();
    ASSERT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0) << "input " << i;
  }
}

}  // namespace

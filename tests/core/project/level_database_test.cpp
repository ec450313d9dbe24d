#include "core/project/level_database.h"

#include "core/base/file.h"
#include "core/compression/code_plane.h"
#include "tests/plugins/compressors/compress_with_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <thread>
#include <unistd.h>

namespace planish {
namespace {

namespace fs = std::filesystem;

class LevelDatabaseTest : public testing::Test {
 protected:
  LevelDatabaseTest() : m_folder(fs::path(testing::TempDir()) / ("levels" + std::to_string(::getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(m_folder);
    Progress::Listener listener;
    listener.onWarning = [this](std::string_view text) { m_warnings.emplace_back(text); };
    m_progress = Progress(listener);
  }
  ~LevelDatabaseTest() override { fs::remove_all(m_folder); }

  LevelDatabase open(std::uint64_t most = LevelDatabase::kMostBytes) { return {m_folder, m_progress, most, 0}; }

  /// Of one layer of 24 x 32, through the compressors.
  CompressedTensor compress(LevelStore* levels, const std::string& setting, const InputStatistics* inputs, unsigned weightSeed = 1, MethodParameters parameters = {},
                            StorageRules storage = {}) const {
    const Layer layer = layerOf(24, 32);
    CompressionInput input{layer, gaussian(24, 32, weightSeed), inputs, storage, {}};
    input.parameters = std::move(parameters);
    input.levels = levels;
    LayerCompressor compressor(builtinPlugins().compressors, input);
    return compressor.compress(parseSetting(setting));
  }

  std::vector<fs::path> entries() const {
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(m_folder)) files.push_back(file.path());
    return files;
  }

  fs::path m_folder;
  Progress m_progress;
  std::vector<std::string> m_warnings;
};

TEST_F(LevelDatabaseTest, EveryKindOfLevelComesBackAsItWas) {
  const InputStatistics inputs = inputsOf(32);
  const std::vector<std::string> settings = {"int4", "uint3g10", "int3@gptq", "int2@adaround", "nf4g16", "fp8e4m3", "fp16", "keep+s50", "int4+2:4@sparsegpt", "keep+c25", "int4+r6",
                                             "keep+r25%+c25", "bf16+r3@whitened-svd", "int8pt+a8"};
  auto first = open();
  for (const auto& setting : settings) compress(&first, setting, &inputs);
  EXPECT_EQ(first.counts().kept, static_cast<std::int64_t>(settings.size()));
  EXPECT_EQ(first.counts().found, 0);
  auto second = open();
  EXPECT_EQ(second.bytes(), first.bytes());
  for (const auto& setting : settings) {
    const auto kept = compress(&second, setting, &inputs), made = compress(nullptr, setting, &inputs);
    EXPECT_EQ(toText(kept.setting), toText(made.setting));
    EXPECT_EQ(kept.bits(), made.bits()) << setting;
    EXPECT_EQ(meanSquaredError(kept.decode(), made.decode()), 0) << setting;
  }
  EXPECT_EQ(second.counts().found, static_cast<std::int64_t>(settings.size()));
  EXPECT_EQ(second.counts().kept, 0);
  EXPECT_TRUE(m_warnings.empty());
}

TEST_F(LevelDatabaseTest, KeysTellApartWhateverDecidesALevel) {
  const InputStatistics inputs = inputsOf(32);
  InputStatistics other = inputs;
  other.gram[0] *= 1.01;
  auto levels = open();
  compress(&levels, "int4@gptq", &inputs);
  compress(&levels, "int4@rtn", &inputs);
  compress(&levels, "int3@gptq", &inputs);
  compress(&levels, "int4@gptq", &other);
  compress(&levels, "int4@gptq", &inputs, 2);
  compress(&levels, "int4@gptq", &inputs, 1, {{"gptq", {{"damping", "0.02"}}}});
  StorageRules wide;
  wide.scaleBits = 32;
  compress(&levels, "int4@gptq", &inputs, 1, {}, wide);
  EXPECT_EQ(levels.counts().kept, 7);
  EXPECT_EQ(levels.counts().found, 0);
  // What does not decide it: activations, parameters of others, statistics of a method that looks at none.
  compress(&levels, "int4+a8@gptq", &inputs);
  compress(&levels, "int4@gptq", &inputs, 1, {{"rtn", {{"grid", "50"}}}});
  compress(&levels, "keep+s50@magnitude", &inputs);
  compress(&levels, "keep+s50@magnitude", &other);
  EXPECT_EQ(levels.counts().kept, 8);
  EXPECT_EQ(levels.counts().found, 3);
  // A setting's parameters decide it by the values that the method then has, wherever they come from.
  const auto typed = compress(&levels, "int4@gptq:damping=0.02", &inputs);
  EXPECT_EQ(toText(typed.setting), "int4@gptq:damping=0.02");
  compress(&levels, "int4@gptq:damping=0.01", &inputs);
  EXPECT_EQ(levels.counts().kept, 8);
  EXPECT_EQ(levels.counts().found, 5);
  compress(&levels, "int4@gptq:damping=0.03", &inputs);
  EXPECT_EQ(levels.counts().kept, 9);
}

TEST_F(LevelDatabaseTest, DamagedEntriesAreSaidAndMadeAnew) {
  const auto good = [&] {
    auto levels = open();
    return compress(&levels, "int4", nullptr);
  }();
  const fs::path file = entries().at(0);
  const auto size = fs::file_size(file);
  const auto damage = [&](const std::function<void()>& act) {
    m_warnings.clear();
    act();
    auto levels = open();
    EXPECT_EQ(meanSquaredError(compress(&levels, "int4", nullptr).decode(), good.decode()), 0);
    EXPECT_EQ(levels.counts().damaged, 1);
    EXPECT_EQ(levels.counts().kept, 1);
    ASSERT_EQ(m_warnings.size(), 1u);
    EXPECT_THAT(m_warnings[0], testing::HasSubstr("damaged and made anew"));
    EXPECT_THAT(m_warnings[0], testing::HasSubstr(file.filename().string()));
    EXPECT_EQ(fs::file_size(file), size);
  };
  for (const std::uint64_t at : {std::uint64_t(0), std::uint64_t(9), std::uint64_t(41), size / 2, size - 1})
    damage([&] {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(at));
      const char byte = static_cast<char>(stream.get() ^ 1);
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(byte);
    });
  damage([&] { fs::resize_file(file, size - 1); });
  damage([&] { fs::resize_file(file, 0); });
}

TEST_F(LevelDatabaseTest, AnEntryUnderAnotherNameIsNotBelieved) {
  auto levels = open();
  const auto four = compress(&levels, "int4", nullptr);
  const fs::path file = entries().at(0);
  compress(&levels, "int3", nullptr);
  for (const auto& other : entries())
    if (other != file) fs::copy_file(file, other, fs::copy_options::overwrite_existing);
  auto again = open();
  EXPECT_EQ(compress(&again, "int3", nullptr).bits(), compress(nullptr, "int3", nullptr).bits());
  EXPECT_EQ(again.counts().damaged, 1);
}

TEST_F(LevelDatabaseTest, IsBoundedAndForgetsWhatWasNotUsedForLongest) {
  std::uint64_t each = 0;
  {
    auto levels = open();
    compress(&levels, "int8", nullptr, 1);
    each = levels.bytes();
  }
  const std::uint64_t most = each * 3 + each / 2;
  auto levels = open(most);
  for (unsigned seed = 2; seed < 4; ++seed) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    compress(&levels, "int8", nullptr, seed);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  compress(&levels, "int8", nullptr, 1);  // used again, in front of 2 and 3
  EXPECT_EQ(levels.counts().found, 1);
  for (unsigned seed = 4; seed < 6; ++seed) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    compress(&levels, "int8", nullptr, seed);
    EXPECT_LE(levels.bytes(), most);
  }
  EXPECT_EQ(levels.counts().evicted, 2);
  std::uint64_t onDisk = 0;
  for (const auto& file : entries()) onDisk += fs::file_size(file);
  EXPECT_EQ(onDisk, levels.bytes());
  auto reopened = open(most);
  for (const unsigned seed : {1u, 4u, 5u}) compress(&reopened, "int8", nullptr, seed);
  EXPECT_EQ(reopened.counts().found, 3);
  for (const unsigned seed : {2u}) compress(&reopened, "int8", nullptr, seed);
  EXPECT_EQ(reopened.counts().found, 3);
  // A level that does not fit at all is not kept.
  auto tiny = open(each / 2);
  compress(&tiny, "int8", nullptr, 9);
  EXPECT_EQ(tiny.counts().kept, 0);
}

TEST_F(LevelDatabaseTest, GoesOnWhereNothingCanBeKept) {
  std::ofstream(m_folder) << "a file where the folder should be";
  auto levels = open();
  const auto made = compress(&levels, "int4", nullptr);
  compress(&levels, "int3", nullptr);
  EXPECT_EQ(meanSquaredError(made.decode(), compress(nullptr, "int4", nullptr).decode()), 0);
  ASSERT_EQ(m_warnings.size(), 1u);
  EXPECT_THAT(m_warnings[0], testing::HasSubstr("not kept"));
}

TEST_F(LevelDatabaseTest, LeavesOtherFilesAlone) {
  fs::create_directories(m_folder);
  std::ofstream(m_folder / "notes.txt") << "mine";
  std::ofstream(m_folder / (std::string(64, 'g') + ".level")) << "not a key";
  auto levels = open(1);
  compress(&levels, "int4", nullptr);
  EXPECT_EQ(levels.bytes(), 0u);
  EXPECT_EQ(entries().size(), 2u);
}

TEST_F(LevelDatabaseTest, QuickLevelsAreNotKept) {
  LevelDatabase levels(m_folder, m_progress, LevelDatabase::kMostBytes, 1e9);
  compress(&levels, "int4", nullptr);
  EXPECT_FALSE(fs::exists(m_folder));
}

}  // namespace
}  // namespace planish

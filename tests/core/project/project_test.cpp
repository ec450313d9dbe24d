// Rows P of the catalogue of failures that a window or a power switch is needed for are not here: P05 (power
// cut), P09 (asks when the file was replaced meanwhile), P11 (network file systems), P22 and P24 (autosave
// and its dialog), P25 (a crash while a recovery is offered).
#include "tests/core/project/sample_project.h"

#include "core/project/beside.h"
#include "core/project/hdf5.h"

#include <sys/stat.h>
#include <sys/wait.h>

namespace planish {
namespace {

using sample::Folder;

TEST(Project, EverythingIsEqualAfterSavingAndLoading) {
  const Folder folder;
  const Project saved = sample::project();
  saveProject(saved, folder / "p.planish");
  std::vector<std::string> warnings;
  const Project loaded = loadProject(folder / "p.planish", &warnings);
  sample::expectEqual(saved, loaded);
  EXPECT_EQ(loaded.programVersion, PLANISH_VERSION);
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(Project, AnEmptyOneIsEqualAfterSavingAndLoading) {
  const Folder folder;
  saveProject({}, folder / "p.planish");
  sample::expectEqual(Project{}, loadProject(folder / "p.planish"));
}

TEST(Project, SavingTwiceGivesTheSameBytes) {
  const Folder folder;
  saveProject(sample::project(), folder / "a.planish");
  ::usleep(1'100'000);  // HDF5's own times are whole seconds
  saveProject(sample::project(), folder / "b.planish");
  EXPECT_EQ(sample::bytesOf(folder / "a.planish"), sample::bytesOf(folder / "b.planish"));
  saveProject(loadProject(folder / "a.planish"), folder / "c.planish");
  EXPECT_EQ(sample::bytesOf(folder / "a.planish"), sample::bytesOf(folder / "c.planish"));
}

TEST(Project, TextThatCannotBeKeptIsRefusedWhenSaving) {
  const Folder folder;
  saveProject(sample::small(), folder / "p.planish");
  const auto before = sample::bytesOf(folder / "p.planish");
  for (const std::string& name : {std::string("a\0b", 3), std::string(70000, 'x')}) {
    Project project = sample::small();
    project.network.name = name;
    try {
      saveProject(project, folder / "p.planish");
      ADD_FAILURE() << "saved";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    }
  }
  Project project = sample::small();
  project.tables[0].rows[0].layer = std::string("a\0b", 3);
  EXPECT_THROW(saveProject(project, folder / "p.planish"), Error);
  EXPECT_EQ(sample::bytesOf(folder / "p.planish"), before);
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(Project, SavingThroughALinkReplacesItsTarget) {
  const Folder folder;
  std::filesystem::create_directory(folder / "elsewhere");
  saveProject({}, folder / "elsewhere/p.planish");
  std::filesystem::create_symlink("elsewhere/p.planish", folder / "link.planish");
  saveProject(sample::small(), folder / "link.planish");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.planish"));
  sample::expectEqual(sample::small(), loadProject(folder / "elsewhere/p.planish"));
}

TEST(Project, P08_PlacesThatCannotBeWrittenAreNamed) {
  const Folder folder;
  sample::writeBytes(folder / "file", {});
  for (const auto& path : {folder / "missing/p.planish", folder / "file/p.planish", folder.path()}) {
    try {
      saveProject(sample::small(), path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::notWritable) << error.what();
      EXPECT_FALSE(error.file().empty());
    }
  }
  EXPECT_THROW(ProjectLock(folder / "missing/p.planish"), Error);
}

TEST(Project, P08_ReadOnlyFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "needs a user that is not root";
  const Folder folder;
  saveProject(sample::small(), folder / "p.planish");
  ::chmod(folder.path().c_str(), 0555);
  EXPECT_THROW(saveProject(sample::project(), folder / "p.planish"), Error);
  ::chmod(folder.path().c_str(), 0755);
  sample::expectEqual(sample::small(), loadProject(folder / "p.planish"));
}

TEST(Project, P12_AnyFileNameWorks) {
  const Folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const std::string& name :
       {std::string("größe 模型.planish"), std::string("a b.planish"), std::string("line\nbreak.planish"),
        std::string("-rf"), std::string(255, 'n'), "é" + std::string(253, 'm')}) {
    SCOPED_TRACE(name);
    const ProjectLock lock(name);
    saveProject(sample::small(), name);
    sample::expectEqual(sample::small(), loadProject(name));
    EXPECT_TRUE(std::filesystem::exists(besideProject(name, ".lock")));
    EXPECT_LE(besideProject(name, ".journal").filename().string().size(), 255u);
  }
  EXPECT_NE(besideProject(std::string(254, 'n') + "a", ".lock"),
            besideProject(std::string(254, 'n') + "b", ".lock"));
  std::filesystem::current_path(before);
}

TEST(Project, P14_TheFixtureOfThisLayoutLoads) {
  const std::filesystem::path fixture = PLANISH_SOURCE_DIR "/tests/core/project/fixtures/layout_1.planish";
  sample::expectEqual(sample::project(), loadProject(fixture));
}

TEST(Project, P21_AMillionRowsAreKeptInBoundedSpace) {
  const Folder folder;
  Project project = sample::small();
  auto& rows = project.tables[0].rows;
  const Setting options[] = {parseSetting("int8"), parseSetting("int4g32+s50"), parseSetting("nf4g64")};
  rows.clear();
  for (int i = 0; i < 1'000'000; ++i)
    rows.push_back(
        {"layer" + std::to_string(i / 10), options[i % 3], {i * 0.001, 1.0 / (i + 1), 512}, Bits{i}});
  saveProject(project, folder / "p.planish");
  EXPECT_LT(std::filesystem::file_size(folder / "p.planish"), 40u << 20);
  EXPECT_EQ(loadProject(folder / "p.planish").tables[0].rows, rows);
}

TEST(Project, LongNamesInLongListsAreKept) {
  const Folder folder;
  Project project = sample::small();
  for (int i = 0; i < 3000; ++i)
    project.tables[0].rows.push_back({std::string(3000, 'a') + std::to_string(i), {}, {}, {}});
  saveProject(project, folder / "p.planish");
  sample::expectEqual(project, loadProject(folder / "p.planish"));
}

TEST(Project, P26_TimesOfFilesDoNotMatter) {
  const Folder folder;
  saveProject(sample::small(), folder / "p.planish");
  const auto future = std::filesystem::file_time_type::clock::now() + std::chrono::hours(24 * 365 * 10);
  std::filesystem::last_write_time(folder / "p.planish", future);
  sample::expectEqual(sample::small(), loadProject(folder / "p.planish"));
  saveProject(sample::project(), folder / "p.planish");
  sample::expectEqual(sample::project(), loadProject(folder / "p.planish"));
}

TEST(Project, P27_ImagesAreInTheFormatThatHdf5OpensAgain) {
  const auto lock = hdf5::acquire();
  std::vector<std::byte> image;
  {
    const auto file = hdf5::createImage();
    hdf5::Handle access(H5Fget_access_plist(file), H5Pclose, "read the properties");
    H5F_libver_t low = H5F_LIBVER_LATEST, high = H5F_LIBVER_LATEST;
    ASSERT_GE(H5Pget_libver_bounds(access, &low, &high), 0);
    EXPECT_EQ(low, H5F_LIBVER_EARLIEST);
    hdf5::setWhole(file, "answer", 42);
    image = hdf5::imageOf(file);
  }
  EXPECT_LE(std::to_integer<int>(image[8]), 1) << "version of the superblock: from 2 on it has a checksum";
  const auto file = hdf5::openImage(image);
  EXPECT_EQ(hdf5::whole(file, "answer"), 42);
}

TEST(Project, TwoImagesMayBeOpenAtOnce) {
  const auto lock = hdf5::acquire();
  const auto first = hdf5::createImage(), second = hdf5::createImage();
  hdf5::setWhole(first, "only in the first", 1);
  EXPECT_FALSE(hdf5::hasAttribute(second, "only in the first"));
}

int statusOf(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Project, P28_H5dumpOpensIt) {
  if (statusOf("command -v h5dump > /dev/null") != 0) GTEST_SKIP() << "needs h5dump";
  const Folder folder;
  saveProject(sample::project(), folder / "p.planish");
  EXPECT_EQ(
      statusOf("h5dump '" + (folder / "p.planish").string() + "' > '" + (folder / "out").string() + "'"), 0);
  const auto bytes = sample::bytesOf(folder / "out");
  EXPECT_NE(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find("weight-error"),
            std::string::npos);
}

TEST(Project, P28_H5pyOpensIt) {
  const std::string python = PLANISH_BINARY_DIR "/venv/bin/python";
  if (statusOf("'" + python + "' -c 'import h5py' 2> /dev/null") != 0)
    GTEST_SKIP() << "needs h5py in " << python;
  const Folder folder;
  saveProject(sample::project(), folder / "p.planish");
  const std::string code =
      "import h5py, sys; f = h5py.File(sys.argv[1], \"r\"); assert f.attrs[\"schema\"] == 1; "
      "assert f[\"tables/0/rows/mean\"][0] == 0.1; assert f[\"tables/0/rows/layer\"][0] == b\"Conv1\"; "
      "f.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else dict(item.attrs))";
  EXPECT_EQ(statusOf("'" + python + "' -c '" + code + "' '" + (folder / "p.planish").string() + "'"), 0);
}

}  // namespace
}  // namespace planish

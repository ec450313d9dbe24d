#include "tests/plugins/datasets/data_files.h"

#include <hdf5.h>

namespace planish {
namespace {

using testing::open;
using testing::problem;
using testing::TemporaryFolder;

/// A file that is written with the library's own calls.
class Written {
 public:
  explicit Written(const std::filesystem::path& path) : m_file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Written() { H5Fclose(m_file); }
  hid_t id() const { return m_file; }

  void array(const char* name, hid_t type, hid_t memory, const std::vector<hsize_t>& dims, const void* values, hid_t properties = H5P_DEFAULT) {
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t dataset = H5Dcreate2(m_file, name, type, space, links, properties, H5P_DEFAULT);
    if (values) H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
    H5Pclose(links);
    H5Sclose(space);
  }

 private:
  hid_t m_file;
};

const float kValues[] = {1, 2, 3, 4, 5, 6};
const std::int64_t kLabels[] = {7, 8};

TEST(Hdf5, ArraysByNameAlsoInGroups) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    Written file(path);
    file.array("images", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, {2, 3}, kValues);
    file.array("labels", H5T_STD_I16BE, H5T_NATIVE_INT64, {2}, kLabels);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {1, 3};
    H5Pset_chunk(properties, 2, chunk);
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 6);
    H5Pset_fletcher32(properties);
    file.array("inner/x", H5T_IEEE_F64LE, H5T_NATIVE_FLOAT, {2, 3}, kValues, properties);
    H5Pclose(properties);
  }
  const auto data = open(path);
  EXPECT_EQ(data->count(), 2);
  EXPECT_EQ(data->labels(), (std::vector<std::int64_t>{7, 8}));
  EXPECT_EQ(data->sample("images", 1).data<float>()[2], 6);
  EXPECT_EQ(open(path, "inner/x")->sample("inner/x", 1).data<double>()[0], 4);
  EXPECT_NE(problem(path, ErrorKind::usage, "absent").find("images"), std::string::npos);
}

TEST(Hdf5Hostile, P16_LinksAndForeignStorageAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    Written other(folder / "b.h5");
    other.array("x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, kValues);
  }
  {
    Written file(path);
    file.array("safe", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, kValues);
    H5Lcreate_external("b.h5", "x", file.id(), "x", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/loop", file.id(), "loop", H5P_DEFAULT, H5P_DEFAULT);
  }
  EXPECT_FALSE(problem(path, ErrorKind::usage, "x").empty());
  EXPECT_FALSE(problem(path, ErrorKind::usage, "loop").empty());
  EXPECT_EQ(open(path)->count(), 2);
  {
    Written file(path);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, "/etc/passwd", 0, 24);
    file.array("x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, nullptr, properties);
    H5Pclose(properties);
  }
  EXPECT_NE(problem(path, ErrorKind::invalidInput).find("another file"), std::string::npos);
  {
    Written file(path);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t dims[] = {2, 3};
    const hid_t space = H5Screate_simple(2, dims, nullptr);
    H5Pset_virtual(properties, space, "b.h5", "x", space);
    file.array("x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, nullptr, properties);
    H5Sclose(space);
    H5Pclose(properties);
  }
  EXPECT_NE(problem(path, ErrorKind::invalidInput).find("virtual"), std::string::npos);
}

TEST(Hdf5Hostile, P17_ClaimsLargerThanTheFileAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  for (const bool deflated : {false, true}) {
    {
      Written file(path);
      const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
      const hsize_t chunk[] = {std::uint64_t(1) << 16, 16};
      H5Pset_chunk(properties, 2, chunk);
      if (deflated) H5Pset_deflate(properties, 9);
      file.array("x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {std::uint64_t(1) << 40, 1u << 10}, nullptr, properties);
      H5Pclose(properties);
    }
    EXPECT_FALSE(problem(path, ErrorKind::invalidInput).empty());
  }
}

TEST(Hdf5Hostile, P18_OtherFiltersAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    Written file(path);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {2, 3};
    H5Pset_chunk(properties, 2, chunk);
    H5Pset_scaleoffset(properties, H5Z_SO_INT, 0);
    const std::int32_t values[] = {1, 2, 3, 4, 5, 6};
    file.array("x", H5T_STD_I32LE, H5T_NATIVE_INT32, {2, 3}, values, properties);
    H5Pclose(properties);
  }
  EXPECT_NE(problem(path, ErrorKind::unsupported).find("filter"), std::string::npos);
}

TEST(Hdf5Hostile, CutFilesAreErrors) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    Written file(path);
    file.array("x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, kValues);
  }
  const std::string whole = readText(path);
  for (std::size_t cut = 512; cut < whole.size(); cut += 128) {
    writeText(path, whole.substr(0, cut));
    EXPECT_FALSE(problem(path, ErrorKind::invalidInput).empty()) << cut;
  }
}

}  // namespace
}  // namespace planish

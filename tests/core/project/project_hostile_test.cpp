// Images made to hurt, with a right header and digest: refused before anything is read from them. HDF5 1.10
// itself can crash while it opens an image whose metadata were broken on purpose and whose digest was made
// anew; what is tested here is valid HDF5 that projects never have.
#include "tests/core/project/sample_project.h"

#include "core/project/hdf5.h"
#include "core/project/records.h"

#include <cstdlib>

namespace planish {
namespace {

using hdf5::Handle;

/// A small project whose image was changed by `change` before it got its header.
template <typename Change>
Error refusalOf(const Change& change) {
  const auto lock = hdf5::acquire();
  std::vector<std::byte> image;
  {
    const sample::Folder folder;
    saveProject(sample::project(), folder / "p.planish");
    const auto bytes = sample::bytesOf(folder / "p.planish");
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "create");
    hdf5::check(H5Pset_fapl_core(access, 1 << 20, 0), "choose memory");
    hdf5::check(H5Pset_file_image(access, const_cast<std::byte*>(bytes.data() + 512), bytes.size() - 512),
                "take the image");
    Handle file(H5Fopen("/dev/null/hostile", H5F_ACC_RDWR, access), H5Fclose, "open");
    change(static_cast<hid_t>(file));
    image = hdf5::imageOf(file);
  }
  return sample::refusal(sample::wrapped(image));
}

Handle space(std::vector<hsize_t> dims) {
  return Handle(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose,
                "create a space");
}
Handle creation() {
  return Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "create properties");
}

void dataset(hid_t file, const char* name, hid_t type, hid_t extent, hid_t properties) {
  Handle made(H5Dcreate2(file, name, type, extent, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose,
              "create a dataset");
}

void expectInMessage(const Error& error, const std::string& text) {
  EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
  EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
}

TEST(ProjectHostile, P16_LinksToElsewhere) {
  expectInMessage(refusalOf([](hid_t file) {
                    H5Lcreate_external("/etc/passwd", "/", file, "plans/2", H5P_DEFAULT, H5P_DEFAULT);
                  }),
                  "link to elsewhere");
  expectInMessage(
      refusalOf([](hid_t file) { H5Lcreate_soft("/loop", file, "loop", H5P_DEFAULT, H5P_DEFAULT); }),
      "link to elsewhere");
  const Error dangling =
      refusalOf([](hid_t file) { H5Lcreate_soft("/nowhere", file, "plans/2", H5P_DEFAULT, H5P_DEFAULT); });
  EXPECT_EQ(dangling.where(), "/plans/2");
}

TEST(ProjectHostile, P16_ExternalStorageAndVirtualDatasets) {
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation();
                    H5Pset_external(properties, "/etc/passwd", 0, 100);
                    dataset(file, "outside", H5T_STD_U8LE, space({100}), properties);
                  }),
                  "in another file");
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation(), extent = space({100});
                    H5Pset_virtual(properties, extent, "/etc/passwd", "x", extent);
                    dataset(file, "virtual", H5T_STD_U8LE, extent, properties);
                  }),
                  "virtual");
}

TEST(ProjectHostile, P16_CyclesAndSharedObjects) {
  expectInMessage(
      refusalOf([](hid_t file) { H5Lcreate_hard(file, "/", file, "plans/2", H5P_DEFAULT, H5P_DEFAULT); }),
      "several names");
  expectInMessage(refusalOf([](hid_t file) {
                    for (int i = 1; i < 1000; ++i)
                      H5Lcreate_hard(file, "results/0", file, ("results/" + std::to_string(i)).c_str(),
                                     H5P_DEFAULT, H5P_DEFAULT);
                  }),
                  "several names");
  expectInMessage(refusalOf([](hid_t file) {
                    std::string path = "deep";
                    for (int i = 0; i < 100; ++i, path += "/d")
                      hdf5::createGroup(file, path);
                  }),
                  "too deep");
}

TEST(ProjectHostile, P17_ClaimsThatNoFileCanKeep) {
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation();
                    const hsize_t chunk[1] = {1 << 16};
                    H5Pset_chunk(properties, 1, chunk);
                    dataset(file, "huge", H5T_STD_I64LE, space({hsize_t(1) << 60}), properties);
                  }),
                  "times the file's size");
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation();
                    const hsize_t chunk[1] = {(hsize_t(1) << 32) - 1};
                    const hsize_t dims[1] = {0}, most[1] = {H5S_UNLIMITED};
                    const Handle extent(H5Screate_simple(1, dims, most), H5Sclose, "create a space");
                    H5Pset_chunk(properties, 1, chunk);
                    dataset(file, "chunk", H5T_STD_U8LE, extent, properties);
                  }),
                  "chunks of over 64 MiB");
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation();
                    const hsize_t chunk[1] = {1};
                    H5Pset_chunk(properties, 1, chunk);
                    dataset(file, "crumbs", H5T_STD_U8LE, space({hsize_t(1) << 24}), properties);
                  }),
                  "more than its file can hold");
}

TEST(ProjectHostile, P17_ManyModestClaimsAreAddedUp) {
  expectInMessage(refusalOf([](hid_t file) {
                    for (int i = 0; i < 100; ++i)
                      dataset(file, ("d" + std::to_string(i)).c_str(), H5T_STD_I64LE, space({1 << 20}),
                              creation());
                  }),
                  "in all over");
}

TEST(ProjectHostile, P17_DeflateBombs) {
  expectInMessage(refusalOf([](hid_t file) {
                    const Handle properties = creation();
                    const hsize_t chunk[1] = {32 << 20};
                    H5Pset_chunk(properties, 1, chunk);
                    for (int twice = 0; twice < 2; ++twice)
                      H5Pset_filter(properties, H5Z_FILTER_DEFLATE, 0, 1, std::vector<unsigned>{9}.data());
                    Handle made(H5Dcreate2(file, "bomb", H5T_STD_U8LE, space({chunk[0] * 8}), H5P_DEFAULT,
                                           properties, H5P_DEFAULT),
                                H5Dclose, "create");
                    const std::vector<std::uint8_t> zeros(chunk[0] * 8);
                    hdf5::check(H5Dwrite(made, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data()),
                                "write");
                  }),
                  "times the file's size");
}

TEST(ProjectHostile, P18_FiltersThatAreNotBuiltIn) {
  ::setenv("HDF5_PLUGIN_PATH", "/nonexistent-hostile-folder", 1);
  unsigned state = 1;
  const auto lock = hdf5::acquire();
  ASSERT_GE(H5PLget_loading_state(&state), 0);
  EXPECT_EQ(state, 0u) << "no plugin may be loaded";
  const H5Z_class2_t unknown = {
      H5Z_CLASS_T_VERS,
      32008,
      1,
      1,
      "unknown",
      nullptr,
      nullptr,
      [](unsigned, std::size_t, const unsigned*, std::size_t size, std::size_t*, void**) { return size; }};
  ASSERT_GE(H5Zregister(&unknown), 0);
  const Error error = refusalOf([](hid_t file) {
    const Handle properties = creation();
    const hsize_t chunk[1] = {10};
    H5Pset_chunk(properties, 1, chunk);
    H5Pset_filter(properties, 32008, H5Z_FLAG_OPTIONAL, 0, nullptr);
    dataset(file, "filtered", H5T_STD_U8LE, space({100}), properties);
  });
  H5Zunregister(32008);
  ::unsetenv("HDF5_PLUGIN_PATH");
  expectInMessage(error, "filter 32008");
}

TEST(ProjectHostile, P19_TypesThatProjectsNeverUse) {
  const auto variable = [] {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "copy a type");
    H5Tset_size(type, H5T_VARIABLE);
    return type;
  };
  const auto compound = [] {
    Handle type(H5Tcreate(H5T_COMPOUND, 16), H5Tclose, "create a type");
    H5Tinsert(type, "a", 0, H5T_NATIVE_INT64);
    H5Tinsert(type, "b", 8, H5T_NATIVE_DOUBLE);
    return type;
  };
  const auto attribute = [](hid_t object, hid_t type) {
    Handle scalar(H5Screate(H5S_SCALAR), H5Sclose, "create a space");
    Handle made(H5Acreate2(object, "bad", type, scalar, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                "create an attribute");
  };
  expectInMessage(refusalOf([&](hid_t file) { attribute(file, variable()); }), "'bad'");
  expectInMessage(refusalOf([&](hid_t file) { attribute(hdf5::openGroup(file, "plans/0"), variable()); }),
                  "'bad'");
  expectInMessage(refusalOf([&](hid_t file) { attribute(hdf5::openGroup(file, "plans/0"), compound()); }),
                  "'bad'");
  expectInMessage(
      refusalOf([&](hid_t file) { dataset(file, "texts", variable(), space({10}), H5P_DEFAULT); }), "type");
  expectInMessage(
      refusalOf([&](hid_t file) { dataset(file, "pairs", compound(), space({10}), H5P_DEFAULT); }), "type");
  expectInMessage(refusalOf([&](hid_t file) {
                    H5Tcommit2(file, "named", compound(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
                  }),
                  "neither group nor dataset");
  expectInMessage(refusalOf([&](hid_t file) {
                    dataset(file, "matrix", H5T_STD_U8LE, space({10, 10}), H5P_DEFAULT);
                  }),
                  "one-dimensional");
}

void replaceWhole(hid_t file, const std::string& path, const char* attribute, std::int64_t value) {
  const auto group = hdf5::openGroup(file, path);
  hdf5::check(H5Adelete(group, attribute), "delete an attribute");
  hdf5::setWhole(group, attribute, value);
}

/// The one plane whose kind is `kind`, with `attribute` where that matters.
std::string planeOf(hid_t file, const std::string& kind) {
  for (int i = 0;; ++i) {
    const std::string path = "results/0/compressed/weights/" + std::to_string(i) + "/plane0";
    if (hdf5::text(hdf5::openGroup(file, path), "kind") == kind) return path;
  }
}

TEST(ProjectHostile, NumbersOutsideTheirRange) {
  struct Lie {
    const char *kind, *attribute;
    std::int64_t value;
  };
  for (const Lie& lie :
       {Lie{"codes", "bits", 0}, Lie{"codes", "bits", -1}, Lie{"codes", "bits", 64}, Lie{"codes", "rows", -1},
        Lie{"codes", "rows", 0}, Lie{"codes", "columns", std::int64_t(1) << 40}, Lie{"codes", "group", -32},
        Lie{"codes", "group", 1 << 30}, Lie{"codes", "scale_bits", -16}, Lie{"codes", "unsigned", 2},
        Lie{"dense", "group", -1}, Lie{"dense", "group", 1 << 30}}) {
    SCOPED_TRACE(lie.attribute + std::to_string(lie.value));
    EXPECT_EQ(refusalOf([&](hid_t file) {
                replaceWhole(file, planeOf(file, lie.kind), lie.attribute, lie.value);
              }).kind(),
              ErrorKind::invalidInput);
  }
  EXPECT_EQ(refusalOf([](hid_t file) { replaceWhole(file, "data", "batch", 0); }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([](hid_t file) { replaceWhole(file, "data", "limit", -2); }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(
      refusalOf([](hid_t file) { replaceWhole(file, "results/0/compressed/weights/0", "rows", 3); }).kind(),
      ErrorKind::invalidInput);
  EXPECT_EQ(
      refusalOf([](hid_t file) { replaceWhole(file, "results/0/compressed/edits/0", "type", 8); }).kind(),
      ErrorKind::invalidInput);
  EXPECT_EQ(
      refusalOf([](hid_t file) { replaceWhole(file, "results/0/compressed/edits/0", "type", 999); }).kind(),
      ErrorKind::invalidInput);
}

template <typename T>
void replaceArray(hid_t file, const std::string& path, const std::string& name,
                  const std::vector<T>& values) {
  const auto group = hdf5::openGroup(file, path);
  hdf5::check(H5Ldelete(group, name.c_str(), H5P_DEFAULT), "delete a dataset");
  hdf5::write(group, name, std::span<const T>(values));
}

TEST(ProjectHostile, ArraysThatDoNotFit) {
  const std::string weights = "results/0/compressed/weights/",
                    activations = "results/0/compressed/activations";
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::uint8_t>(file, planeOf(file, "codes"), "codes", {1, 2, 3});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(
      refusalOf([&](hid_t file) { replaceArray<float>(file, planeOf(file, "codes"), "scales", {1}); }).kind(),
      ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<double>(file, activations, "scale", {0, 1});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<double>(file, activations, "scale", {1e300, 1});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) { replaceArray<double>(file, activations, "scale", {1}); }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::int64_t>(file, activations, "bits", {7, 8});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::int64_t>(file, "tables/0/rows", "bits", {1, 2, -1});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::int64_t>(file, "tables/0/rows", "bits", {1, 2, INT64_MAX});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::int64_t>(file, "results/0/compressed/edits/0", "shape", {-3});
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(
      refusalOf([&](hid_t file) {
        replaceArray<std::int64_t>(file, "results/0/compressed/edits/0", "shape", {INT64_MAX, INT64_MAX});
      }).kind(),
      ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::uint8_t>(file, planeOf(file, "low-rank") + "/mask", "bytes",
                                         std::vector<std::uint8_t>(48, 7));
            }).kind(),
            ErrorKind::invalidInput);
  EXPECT_EQ(refusalOf([&](hid_t file) {
              replaceArray<std::int64_t>(file, planeOf(file, "low-rank") + "/mask", "shape", {8, 6});
            }).kind(),
            ErrorKind::invalidInput);
}

TEST(ProjectHostile, ProductsOfProductsAreRefused) {
  const Error error = refusalOf([](hid_t file) {
    const std::string path = planeOf(file, "low-rank");
    hdf5::check(H5Ldelete(file, (path + "/left").c_str(), H5P_DEFAULT), "delete a group");
    hdf5::check(H5Ocopy(file, path.c_str(), file, "copy", H5P_DEFAULT, H5P_DEFAULT), "copy a group");
    hdf5::check(H5Lmove(file, "copy", file, (path + "/left").c_str(), H5P_DEFAULT, H5P_DEFAULT),
                "move a group");
  });
  expectInMessage(error, "unknown kind of plane 'low-rank'");
}

TEST(ProjectHostile, NothingStaysOpenBehindARefusal) {
  refusalOf([](hid_t file) { dataset(file, "matrix", H5T_STD_U8LE, space({10, 10}), H5P_DEFAULT); });
  refusalOf([](hid_t file) { replaceWhole(file, planeOf(file, "dense"), "group", -1); });
  const auto lock = hdf5::acquire();
  EXPECT_EQ(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL), 0);
}

TEST(ProjectHostile, WordsThatAreNoSettings) {
  const Error error = refusalOf([](hid_t file) {
    const auto group = hdf5::openGroup(file, "results/0/compressed/weights/0");
    hdf5::check(H5Adelete(group, "setting"), "delete an attribute");
    hdf5::setText(group, "setting", "int99");
  });
  expectInMessage(error, "int99");
}

}  // namespace
}  // namespace planish

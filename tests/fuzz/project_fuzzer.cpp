// Any bytes as a project. The first byte chooses: even, the rest is the whole file, with header and digest as
// they come; odd, the rest is the HDF5 image, and gets a right header, since the digest would stop everything
// else. Only Error may come out. HDF5 1.10 itself leaks and crashes on metadata that were broken on purpose
// (wild sizes are asked for in H5C_protect, for example); a finding whose innermost frames are libhdf5's is
// none of Planish's, and accidents are kept from it by the digest. So the short run under ctest sets
// PLANISH_FUZZ_CONTAINER, which takes every input as a whole file; long runs by hand want
//   ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 project_fuzzer -fork=1 -ignore_crashes=1 ...
// and a look at the stacks.
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/project/project.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

std::vector<std::byte> wrapped(std::span<const std::byte> image) {
  std::vector<std::byte> file(512);
  constexpr unsigned char magic[] = {0x89, 'P', 'L', 'A', 'N', 'I', 'S', 'H', '\r', '\n', 0x1A, '\n', 1};
  std::memcpy(file.data(), magic, sizeof magic);
  for (std::size_t i = 0; i < 8; ++i)
    file[16 + i] = std::byte(image.size() >> (8 * i) & 0xFF);
  planish::Sha256 hash;
  hash.add(image);
  const auto digest = hash.digest();
  std::memcpy(file.data() + 24, digest.data(), digest.size());
  file.insert(file.end(), image.begin(), image.end());
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const bool containerOnly = std::getenv("PLANISH_FUZZ_CONTAINER") != nullptr;
  const std::span rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  try {
    if (containerOnly || data[0] % 2 == 0)
      planish::loadProjectImage(rest, "input");
    else
      planish::loadProjectImage(wrapped(rest), "input");
  } catch (const planish::Error&) {
  }
  return 0;
}

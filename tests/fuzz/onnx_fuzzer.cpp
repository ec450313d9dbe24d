// Any bytes as an ONNX file: opened, its layers found, its shapes inferred. Only Error may come out.
#include "core/base/error.h"
#include "core/compute/shape_inference.h"
#include "core/network/layer.h"
#include "plugins/formats/onnx/importer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace {

/// A file in memory: the importer reads files by path.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : m_descriptor(::memfd_create("input.onnx", MFD_CLOEXEC)) {
    for (std::size_t done = 0; done < size;) {
      const ssize_t count = ::write(m_descriptor, data + done, size - done);
      if (count <= 0) std::abort();
      done += static_cast<std::size_t>(count);
    }
  }
  ~MemoryFile() { ::close(m_descriptor); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(m_descriptor); }

 private:
  int m_descriptor;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  try {
    const auto network = planish::onnx::OnnxImporter().open(file.path(), planish::Progress());
    planish::findLayers(*network);
    planish::inferShapes(*network);
  } catch (const planish::Error&) {
  }
  return 0;
}

#include "plugins/formats/onnx/source_file.h"

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "plugins/formats/onnx/importer.h"

namespace planish::onnx {

std::string readSource(const Network& network) {
  std::string content = readText(network.file, std::uint64_t(2) << 30);
  // With external data the fingerprint covers those files too; the importer knows how.
  if (sha256Hex(content) != network.fingerprint &&
      OnnxImporter().open(network.file, Progress())->fingerprint != network.fingerprint)
    throw Error(ErrorKind::invalidInput, "the file is not what it was when the network was opened")
        .in(printable(network.file))
        .remedy("open the network again");
  return content;
}

}  // namespace planish::onnx

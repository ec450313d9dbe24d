#include "plugins/formats/onnx/model_file.h"

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "plugins/formats/onnx/wire_scan.h"

#include <algorithm>
#include <climits>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace planish::onnx {
namespace {

/// Feeds the parser from the file and digests what passes.
class DigestingStream : public google::protobuf::io::CopyingInputStream {
 public:
  DigestingStream(const InputFile& file, Sha256* digest) : m_file(file), m_digest(digest) {}
  int Read(void* buffer, int size) override {
    const auto count = std::min<std::uint64_t>(static_cast<std::uint64_t>(size), m_file.size() - m_at);
    const std::span<std::byte> into(static_cast<std::byte*>(buffer), count);
    m_file.read(m_at, into);
    if (m_digest) m_digest->add(into);
    m_at += count;
    return static_cast<int>(count);
  }

 private:
  const InputFile& m_file;
  Sha256* m_digest;
  std::uint64_t m_at = 0;
};

void refuseOtherFormats(const InputFile& file) {
  std::string start(std::min<std::uint64_t>(file.size(), 64), '\0');
  file.read(0, std::as_writable_bytes(std::span(start.data(), start.size())));
  const auto refuse = [&](const char* found, const char* remedy) {
    throw Error(ErrorKind::invalidInput, std::string("expected an ONNX network, found ") + found).in(printable(file.path().string())).at("byte 0").remedy(remedy);
  };
  if (start.empty()) refuse("an empty file", "copy or download it again");
  if (start.starts_with("version https://git-lfs")) refuse("a Git LFS pointer", "fetch the file itself with git lfs pull");
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<!doctype") || start.starts_with("<html")) refuse("a web page", "download the file again");
  if (start.starts_with("PK\x03\x04")) refuse("a zip archive", "unpack it first");
  if (start.starts_with("GGUF")) refuse("a GGUF file", "open it under its own suffix");
}

}  // namespace

std::unique_ptr<ModelProto> readModelFile(const InputFile& file, std::string* sha256) {
  refuseOtherFormats(file);
  if (file.size() >= INT_MAX)
    throw Error(ErrorKind::invalidInput, "the file has " + std::to_string(file.size()) + " bytes, the format ends at 2 GiB")
        .in(printable(file.path().string()))
        .at("byte " + std::to_string(INT_MAX))
        .remedy("store the weights as external data");
  scanWire(file);
  Sha256 digest;
  DigestingStream source(file, sha256 ? &digest : nullptr);
  google::protobuf::io::CopyingInputStreamAdaptor buffered(&source, 256 << 10);
  google::protobuf::io::CodedInputStream coded(&buffered);
  coded.SetTotalBytesLimit(INT_MAX);
  coded.SetRecursionLimit(kMostNestedMessages + 8);
  auto model = std::make_unique<ModelProto>();
  if (!model->ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    throw Error(ErrorKind::invalidInput, "the messages do not parse").in(printable(file.path().string())).at("byte " + std::to_string(coded.CurrentPosition()));
  if (sha256) *sha256 = digest.hexDigest();
  return model;
}

}  // namespace planish::onnx

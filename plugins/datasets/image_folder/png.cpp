#include "plugins/datasets/image_folder/picture_file.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>
#include <vector>

namespace planish {
namespace {

/// What libpng's callbacks reach; longjmp must pass over nothing that has a destructor.
struct Source {
  const std::byte* bytes;
  std::size_t left;
  char message[200];
};

void onError(png_structp png, png_const_charp text) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->message, text, sizeof source->message - 1);
  png_longjmp(png, 1);
}

void onWarning(png_structp, png_const_charp) {}

void readBytes(png_structp png, png_bytep into, std::size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->left) png_error(png, "the file is cut off");
  std::memcpy(into, source->bytes, size);
  source->bytes += size;
  source->left -= size;
}

/// Reads the header and asks for 8-bit RGB; false if the content is damaged.
bool start(png_structp png, png_infop info, Source& source) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_read_fn(png, &source, readBytes);
  png_set_user_limits(png, 65535, 65535);
  png_set_chunk_malloc_max(png, 8u << 20);
  png_set_chunk_cache_max(png, 128);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool readRows(png_structp png, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> content) : m_source{content.data(), content.size(), {}} {
    m_png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &m_source, onError, onWarning);
    m_info = m_png ? png_create_info_struct(m_png) : nullptr;
  }
  ~Decoder() { png_destroy_read_struct(&m_png, &m_info, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Tensor decode() {
    if (!m_info) throw Error(ErrorKind::outOfMemory, "no memory to read a picture");
    const std::size_t bytes = m_source.left;
    if (!start(m_png, m_info, m_source)) throw damaged();
    const std::size_t width = png_get_image_width(m_png, m_info), height = png_get_image_height(m_png, m_info);
    checkPictureSize(width, height, bytes);
    if (png_get_rowbytes(m_png, m_info) != width * 3) throw Error(ErrorKind::unsupported, "a PNG picture that does not become 8-bit RGB");
    Tensor picture(DataType::uint8, Shape{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), 3});
    auto out = picture.writable<std::uint8_t>();
    std::fill(out.begin(), out.end(), std::uint8_t(0));
    std::vector<png_bytep> rows(height);
    for (std::size_t y = 0; y < height; ++y) rows[y] = out.data() + y * width * 3;
    if (!readRows(m_png, rows.data())) throw damaged();
    return picture;
  }

 private:
  Error damaged() const { return Error(ErrorKind::invalidInput, "damaged PNG picture: " + printable(m_source.message)); }
  Source m_source;
  png_structp m_png = nullptr;
  png_infop m_info = nullptr;
};

}  // namespace

Tensor decodePng(std::span<const std::byte> content) { return Decoder(content).decode(); }

}  // namespace planish

#include "plugins/datasets/image_folder/picture_file.h"

#include <cstdio>

#include <csetjmp>
#include <jpeglib.h>
#include <jerror.h>
#include <vector>

namespace planish {
namespace {

/// libjpeg reports through these; longjmp must pass over nothing that has a destructor.
struct Handler {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void fail(j_common_ptr info) {
  auto* handler = reinterpret_cast<Handler*>(info->err);
  handler->base.format_message(info, handler->message);
  std::longjmp(handler->back, 1);
}

/// Warnings about content are errors, except two harmless ones that real pictures often have.
void onMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM) fail(info);
}

/// Reads the header and starts; false with handler.message set if the content is damaged.
bool start(jpeg_decompress_struct& info, Handler& handler, std::span<const std::byte> content) {
  if (setjmp(handler.back)) return false;
  jpeg_create_decompress(&info);
  info.mem->max_memory_to_use = 512l << 20;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(content.data()), static_cast<unsigned long>(content.size()));
  jpeg_read_header(&info, TRUE);
  info.out_color_space = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  return true;
}

bool readRows(jpeg_decompress_struct& info, Handler& handler, unsigned char* rows, std::size_t stride) {
  if (setjmp(handler.back)) return false;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    unsigned char* row = rows + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

class Decoder {
 public:
  Decoder() : m_info{}, m_handler{} {
    m_info.err = jpeg_std_error(&m_handler.base);
    m_handler.base.error_exit = fail;
    m_handler.base.emit_message = onMessage;
  }
  ~Decoder() { jpeg_destroy_decompress(&m_info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Tensor decode(std::span<const std::byte> content) {
    if (!start(m_info, m_handler, content)) throw damaged();
    checkPictureSize(m_info.image_width, m_info.image_height, content.size());
    const std::size_t width = m_info.image_width, height = m_info.image_height;
    const bool inks = m_info.out_color_space == JCS_CMYK;
    std::vector<unsigned char> four(inks ? width * height * 4 : 0);
    Tensor picture(DataType::uint8, Shape{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), 3});
    auto out = picture.writable<std::uint8_t>();
    if (!readRows(m_info, m_handler, inks ? four.data() : out.data(), width * (inks ? 4 : 3))) throw damaged();
    // Adobe stores inks inverted: 255 is no ink.
    for (std::size_t i = 0; inks && i < width * height; ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        const int ink = four[i * 4 + c], black = four[i * 4 + 3];
        out[i * 3 + c] = static_cast<std::uint8_t>((m_info.saw_Adobe_marker ? ink * black : (255 - ink) * (255 - black)) / 255);
      }
    return picture;
  }

 private:
  Error damaged() const { return Error(ErrorKind::invalidInput, "damaged JPEG picture: " + printable(m_handler.message)); }
  jpeg_decompress_struct m_info;
  Handler m_handler;
};

}  // namespace

Tensor decodeJpeg(std::span<const std::byte> content) { return Decoder().decode(content); }

}  // namespace planish

#include "core/base/error.h"

#include <cstdio>

namespace planish {

Error&& Error::in(std::string file) && {
  if (m_file.empty()) m_file = std::move(file);
  m_text.clear();
  return std::move(*this);
}

Error&& Error::at(std::string where) && {
  if (m_where.empty()) m_where = std::move(where);
  m_text.clear();
  return std::move(*this);
}

Error&& Error::remedy(std::string what) && {
  if (m_remedy.empty()) m_remedy = std::move(what);
  m_text.clear();
  return std::move(*this);
}

const char* Error::what() const noexcept {
  if (m_text.empty()) {
    if (!m_file.empty()) m_text += m_file + ": ";
    if (!m_where.empty()) m_text += m_where + ": ";
    m_text += m_message;
    if (!m_remedy.empty()) m_text += " (" + m_remedy + ")";
  }
  return m_text.c_str();
}

int exitStatus(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::failed: return 1;
    case ErrorKind::usage: return 2;
    case ErrorKind::invalidInput: return 3;
    case ErrorKind::unsupported: return 4;
    case ErrorKind::noDevice:
    case ErrorKind::outOfMemory: return 5;
    case ErrorKind::targetNotMet: return 6;
    case ErrorKind::notWritable: return 7;
  }
  return 1;
}

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::failed: return "failed";
    case ErrorKind::usage: return "usage";
    case ErrorKind::invalidInput: return "invalid-input";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::noDevice: return "no-device";
    case ErrorKind::outOfMemory: return "out-of-memory";
    case ErrorKind::targetNotMet: return "target-not-met";
    case ErrorKind::notWritable: return "not-writable";
  }
  return "failed";
}

Error unknownName(std::string_view what, std::string_view given, const std::vector<std::string>& known) {
  std::string message = "unknown " + std::string(what) + " '" + printable(given) + "'; known: ";
  for (std::size_t i = 0; i < known.size(); ++i) message += (i ? ", " : "") + known[i];
  return Error(ErrorKind::usage, std::move(message));
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  for (std::size_t i = 0; i < text.size() && shown.size() < limit; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool direction = c == 0xE2 && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0x80 &&
                           (static_cast<unsigned char>(text[i + 2]) & 0xF0) == 0xA0;
    if (c < 0x20 || c == 0x7F || direction) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", c);
      shown += code;
    } else {
      shown += static_cast<char>(c);
    }
  }
  if (shown.size() >= limit) shown += "...";
  return shown;
}

}  // namespace planish

#include "app/cli/output.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sys/ioctl.h>
#include <unistd.h>

namespace planish::cli {
namespace {

/// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string clock(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, seconds) + 0.5);
  char text[32];
  if (whole >= 3600) std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

bool drawsBar() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) && terminal && std::strcmp(terminal, "dumb") != 0;
}

void toStandardError(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

void Output::write(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) ::_exit(0);  // the reader has seen enough
    if (count < 0) throw Error(ErrorKind::notWritable, std::string("cannot write to standard output: ") + std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
}

void Output::text(const std::string& text) {
  if (json()) return;
  std::lock_guard lock(m_writing);
  write(text);
}

void Output::result(Json object) {
  if (m_jsonLines) {
    event("result", std::move(object));
  } else if (m_json) {
    std::lock_guard lock(m_writing);
    write(object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
}

void Output::event(const std::string& name, Json object) {
  if (!m_jsonLines) return;
  std::lock_guard lock(m_writing);
  Json line = {{"schema", 1}, {"seq", m_sequence++}, {"event", name}};
  for (auto& [key, value] : object.items())
    if (key != "schema") line[key] = value;
  write(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void Output::error(const Error& error) {
  endProgress();
  toStandardError(std::string("planish-cli: ") + error.what() + "\n");
  if (!json()) return;
  const Json details = {{"kind", name(error.kind())}, {"message", error.message()}, {"file", error.file()}, {"where", error.where()}, {"remedy", error.remedyText()}};
  result({{"schema", 1}, {"error", details}});
}

void Output::warning(const std::string& text) {
  event("warning", {{"text", text}});
  std::lock_guard lock(m_writing);
  toStandardError((m_barDrawn ? "\n" : "") + std::string("warning: ") + text + "\n");
  m_barDrawn = false;
}

void Output::message(const std::string& text) {
  event("message", {{"text", text}});
  if (m_quiet) return;
  std::lock_guard lock(m_writing);
  toStandardError((m_barDrawn ? "\n" : "") + text + "\n");
  m_barDrawn = false;
}

void Output::draw(double fraction, std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  const bool bar = drawsBar();
  const auto pause = bar ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (m_lastLine == std::chrono::steady_clock::time_point{} && !bar) m_lastLine = m_started;
  if (now - m_lastLine < pause) return;
  m_lastLine = now;
  const double elapsed = std::chrono::duration<double>(now - m_started).count();
  const std::string left = fraction > 0.01 ? clock(elapsed * (1 - fraction) / fraction) + " left" : "";
  event("progress", {{"fraction", fraction}, {"text", text}, {"elapsed", elapsed}});
  if (m_quiet) return;
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3.0f %%", fraction * 100);
  std::lock_guard lock(m_writing);
  if (!bar) {
    toStandardError(std::string(percent) + "  " + left + "  " + std::string(text) + "\n");
    return;
  }
  winsize size{};
  const std::size_t columns = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const std::size_t cells = columns > 60 ? 24 : 0;
  const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(cells));
  std::string line = std::string(filled, '#') + std::string(cells - filled, '.') + (cells ? " " : "") + percent + "  " + left + "  " + std::string(text);
  line.resize(std::min(line.size(), columns - 1));
  toStandardError("\r\x1b[K" + line);
  m_barDrawn = true;
}

Progress Output::progress() {
  m_started = std::chrono::steady_clock::now();
  return Progress({[this](double fraction, std::string_view text) { draw(fraction, text); }, [this](std::string_view text) { message(std::string(text)); },
                   [this](std::string_view text) { warning(std::string(text)); }});
}

void Output::endProgress() {
  std::lock_guard lock(m_writing);
  if (m_barDrawn) toStandardError("\r\x1b[K");
  m_barDrawn = false;
}

Json resultObject(const std::string& command) { return {{"schema", 1}, {"command", command}}; }

Json toJson(const Estimate& estimate) {
  // A mean that is not finite has no number in JSON: null says so.
  return {{"mean", std::isfinite(estimate.mean) ? Json(estimate.mean) : Json()},
          {"stderr", std::isfinite(estimate.standardError) ? Json(estimate.standardError) : Json()},
          {"count", estimate.count}};
}

Json toJson(const std::map<std::string, Estimate>& estimates) {
  Json object = Json::object();
  for (const auto& [score, estimate] : estimates) object[score] = toJson(estimate);
  return object;
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& rightAligned) {
  std::vector<std::size_t> widths(rightAligned.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string padding(widths[i] - width(rows[r][i]), ' ');
      line += (i ? "  " : "") + (rightAligned[i] ? padding + rows[r][i] : rows[r][i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (r == 0) {
      std::size_t total = 0;
      for (const std::size_t w : widths) total += w + 2;
      text += std::string(total - 2, '-') + "\n";
    }
  }
  return text;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<std::size_t>(at), " ");
  return digits;
}

}  // namespace planish::cli

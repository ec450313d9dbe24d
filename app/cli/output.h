#pragma once

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/evaluation/estimate.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace planish::cli {

using Json = nlohmann::ordered_json;

/// Results go to standard output, progress and messages to standard error.
class Output {
 public:
  Output(bool json, bool jsonLines, bool quiet) : m_json(json), m_jsonLines(jsonLines), m_quiet(quiet) {}

  bool json() const { return m_json || m_jsonLines; }
  /// Text for people; nothing where JSON was asked for. Throws Error(notWritable) if standard output takes no more, and
  /// leaves quietly if its reader has gone.
  void text(const std::string& text);
  /// The result object: printed at once with --json, as the last event with --jsonl, not at all for people.
  void result(Json object);
  /// An event line of --jsonl: {"schema": 1, "seq": n, "event": name, ...}.
  void event(const std::string& name, Json object = Json::object());
  void error(const Error& error);
  void warning(const std::string& text);
  void message(const std::string& text);
  /// A listener that draws a bar on a terminal and a line every 5 s otherwise.
  Progress progress();
  /// Ends the bar.
  void endProgress();

 private:
  void write(const std::string& text);
  void draw(double fraction, std::string_view text);
  bool m_json, m_jsonLines, m_quiet;
  std::int64_t m_sequence = 0;
  std::chrono::steady_clock::time_point m_started = std::chrono::steady_clock::now(), m_lastLine{};
  bool m_barDrawn = false;
  std::mutex m_writing;
};

/// The beginning of every result object.
Json resultObject(const std::string& command);
Json toJson(const Estimate& estimate);
Json toJson(const std::map<std::string, Estimate>& estimates);

/// Columns aligned, numbers to the right; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& rightAligned);
/// "1 135 412"
std::string grouped(std::int64_t number);

}  // namespace planish::cli

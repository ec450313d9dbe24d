#pragma once

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace planish {

/// A folder of its own for each test, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "planish-cli-XXXXXX").string();
    m_path = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  std::string operator/(const std::string& name) const { return (m_path / name).string(); }
  const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

inline std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What became of one run of the program.
struct Outcome {
  int status = -1;
  std::string out, error;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// Runs a shell line in which $CLI is the program.
inline Outcome shell(const std::string& line) {
  const Folder folder;
  const std::string command = "export CLI='" PLANISH_CLI "'; ( " + line + " ) >'" + (folder / "out") + "' 2>'" + (folder / "err") + "' </dev/null";
  const int code = std::system(("bash -c '" + [&] {
                                 std::string quoted;
                                 for (const char c : command) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
                                 return quoted;
                               }() + "'").c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code), content(folder / "out"), content(folder / "err")};
}

inline Outcome cli(const std::string& arguments) { return shell("\"$CLI\" " + arguments); }

inline const std::string kDemo = PLANISH_SOURCE_DIR "/resources/demo";
inline const std::string kDigits = kDemo + "/digits/digits_resnet.onnx";
/// The digits network's data, judged on the test samples, measured on training samples.
inline const std::string kDigitsData = " --data " + kDemo + "/digits/digits.npz --x test_x --y test_y --calibration " + kDemo +
                                       "/digits/digits.npz --calibration-x train_x --calibration-y train_y --calibration-limit 128 --scale 0.0625 --mean 0.3 --std 0.37 ";

}  // namespace planish

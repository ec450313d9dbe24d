#pragma once

#include "core/base/file.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace planish::testing {

/// A folder that is removed at the end of a test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> number{0};
    m_path = std::filesystem::temp_directory_path() / ("planish-data-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(m_path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return m_path / name; }
  const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

inline const PluginRegistries& registries() {
  static const PluginRegistries all = [] {
    PluginRegistries made;
    registerBuiltinPlugins(made);
    return made;
  }();
  return all;
}

inline std::shared_ptr<const Dataset> open(const std::filesystem::path& path, const std::string& x = {}, const std::string& y = {}) {
  return openDataset(registries().datasets, {path, x, y});
}

/// The text of the error that opening and reading everything ends with; empty if there is none.
inline std::string problem(const std::filesystem::path& path, ErrorKind kind, const std::string& x = {}, const std::string& y = {}) {
  try {
    const auto data = open(path, x, y);
    for (const auto& array : data->arrays())
      for (std::int64_t i = 0; i < data->count(); ++i) data->sample(array, i).bytes();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return {};
}

inline std::string bigEndian32(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

}  // namespace planish::testing

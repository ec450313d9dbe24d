#pragma once

#include <filesystem>
#include <string_view>

namespace planish {

/// "<project><suffix>" in the folder where the project's file really is: a symbolic link and its target have
/// the same one. A name that would be longer than the 255 bytes of file systems is cut, and a digest of the
/// whole name tells it from others.
std::filesystem::path besideProject(const std::filesystem::path& project, std::string_view suffix);

}  // namespace planish

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace planish {

/// Which pictures a folder has, in the order of their samples.
struct PictureList {
  std::vector<std::filesystem::path> files;
  std::vector<std::int64_t> labels;      ///< one a file; empty if the folder has none
  std::vector<std::string> classNames;
};

/// Whether a file name ends like a picture's (.jpg .jpeg .png in any case of letters).
bool isPictureName(const std::filesystem::path& path);
/// Whether a folder holds pictures, or folders that do.
bool holdsPictures(const std::filesystem::path& folder);

/// One folder a class, in alphabetical order of the bytes of the names; or pictures side by side with `labelsFile`, lines of
/// "file,label" under an optional heading, labels whole numbers or names of classes (then numbered in alphabetical order). Pictures
/// side by side without that file have no labels. Throws Error(invalidInput).
PictureList listPictures(const std::filesystem::path& folder, const std::string& labelsFile);

}  // namespace planish

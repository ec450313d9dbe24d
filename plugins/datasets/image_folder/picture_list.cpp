#include "plugins/datasets/image_folder/picture_list.h"

#include "core/base/error.h"
#include "core/base/file.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace planish {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sortedItems(const fs::path& folder) {
  std::vector<fs::path> items;
  std::error_code failure;
  for (const auto& item : fs::directory_iterator(folder, failure)) items.push_back(item.path());
  if (failure) throw Error(ErrorKind::invalidInput, "cannot read the folder: " + failure.message()).in(printable(folder.string()));
  std::sort(items.begin(), items.end(), [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return items;
}

std::vector<fs::path> picturesIn(const fs::path& folder) {
  std::vector<fs::path> result;
  std::error_code failure;
  for (const auto& item : sortedItems(folder))
    if (isPictureName(item) && fs::is_regular_file(item, failure)) result.push_back(item);
  return result;
}

/// Fields of one line; a field in double quotes may contain commas, and "" is a quote.
std::vector<std::string> fieldsOf(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') fields.back() += line[++i];
    else if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) fields.emplace_back();
    else if (c != '\r') fields.back() += c;
  }
  return fields;
}

std::optional<std::int64_t> wholeNumber(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

PictureList readLabels(const fs::path& folder, const fs::path& table) {
  const std::string file = printable(table.string());
  std::istringstream text(readText(table, 64u << 20));
  PictureList list;
  std::vector<std::string> words;
  std::set<std::string> seen;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    const auto fields = fieldsOf(line);
    if (fields.size() == 1 && fields[0].empty()) continue;
    const std::string where = "line " + std::to_string(number);
    if (fields.size() < 2) throw Error(ErrorKind::invalidInput, "expected file,label, found '" + printable(line, 80) + "'").in(file).at(where);
    std::error_code failure;
    if (number == 1 && !fs::exists(folder / fields[0], failure) && !isPictureName(fields[0])) continue;  // heading
    if (fs::path(fields[0]).filename() != fields[0]) throw Error(ErrorKind::invalidInput, "expected a file of this folder, found '" + printable(fields[0]) + "'").in(file).at(where);
    if (!fs::is_regular_file(folder / fields[0], failure)) throw Error(ErrorKind::invalidInput, "there is no picture '" + printable(fields[0]) + "'").in(file).at(where);
    if (!seen.insert(fields[0]).second) throw Error(ErrorKind::invalidInput, "picture '" + printable(fields[0]) + "' stands here twice").in(file).at(where);
    list.files.push_back(folder / fields[0]);
    words.push_back(fields[1]);
  }
  if (list.files.empty()) throw Error(ErrorKind::invalidInput, "expected lines of file,label, found none").in(file);
  for (const auto& path : picturesIn(folder))
    if (!seen.count(path.filename().string()))
      throw Error(ErrorKind::invalidInput, "expected a label for every picture, found none for '" + printable(path.filename().string()) + "'").in(file);
  if (std::all_of(words.begin(), words.end(), [](const std::string& word) { return wholeNumber(word).has_value(); })) {
    for (const auto& word : words) list.labels.push_back(*wholeNumber(word));
    return list;
  }
  std::map<std::string, std::int64_t> classes;
  for (const auto& word : words) classes.emplace(word, 0);
  for (auto& [name, label] : classes) {
    label = static_cast<std::int64_t>(list.classNames.size());
    list.classNames.push_back(name);
  }
  for (const auto& word : words) list.labels.push_back(classes.at(word));
  return list;
}

}  // namespace

bool isPictureName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool holdsPictures(const fs::path& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) return false;
  for (const auto& item : sortedItems(folder)) {
    if (isPictureName(item)) return true;
    if (!fs::is_directory(item, failure)) continue;
    for (const auto& inner : fs::directory_iterator(item, failure))
      if (isPictureName(inner.path())) return true;
  }
  return false;
}

PictureList listPictures(const fs::path& folder, const std::string& labelsFile) {
  std::error_code failure;
  if (fs::path(labelsFile).filename() != labelsFile) throw Error(ErrorKind::usage, "expected the name of a file in the folder, found '" + printable(labelsFile) + "'");
  if (fs::is_regular_file(folder / labelsFile, failure)) return readLabels(folder, folder / labelsFile);
  PictureList list;
  for (const auto& item : sortedItems(folder)) {
    if (!fs::is_directory(item, failure)) continue;
    const auto pictures = picturesIn(item);
    if (pictures.empty()) continue;
    list.labels.insert(list.labels.end(), pictures.size(), static_cast<std::int64_t>(list.classNames.size()));
    list.classNames.push_back(item.filename().string());
    list.files.insert(list.files.end(), pictures.begin(), pictures.end());
  }
  const auto flat = picturesIn(folder);
  if (!flat.empty() && !list.files.empty())
    throw Error(ErrorKind::invalidInput, "expected pictures either in one folder a class or side by side, found both").in(printable(folder.string()));
  if (list.files.empty()) list.files = flat;
  if (list.files.empty()) throw Error(ErrorKind::invalidInput, "the folder has no pictures").in(printable(folder.string()));
  return list;
}

}  // namespace planish

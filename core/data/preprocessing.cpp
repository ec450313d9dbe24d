#include "core/data/preprocessing.h"

#include "core/data/preprocessor.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace planish {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<std::string> kKeys{"layout", "channels", "scale", "mean", "std", "resize", "crop", "inputs"};

Error wrong(const std::string& key, const std::string& expected, const Json& found) {
  return Error(ErrorKind::usage, "preprocessing key '" + key + "': expected " + expected + ", found " + printable(found.dump(-1, ' ', true, Json::error_handler_t::replace), 80));
}

std::string wordOf(const std::string& key, const Json& value, const std::vector<std::string>& known) {
  std::string list;
  for (const auto& word : known) list += (list.empty() ? "" : ", ") + word;
  if (!value.is_string()) throw wrong(key, "one of " + list, value);
  const auto word = value.get<std::string>();
  for (const auto& each : known)
    if (word == each) return word;
  throw wrong(key, "one of " + list, value);
}

std::vector<double> numbersOf(const std::string& key, const Json& value, bool zeroAllowed) {
  std::vector<double> result;
  const auto add = [&](const Json& item) {
    if (!item.is_number() || !std::isfinite(item.get<double>()) || (!zeroAllowed && item.get<double>() == 0))
      throw wrong(key, zeroAllowed ? "a number or a list of numbers" : "numbers other than 0", value);
    result.push_back(item.get<double>());
  };
  if (!value.is_array()) add(value);
  else
    for (const auto& item : value) add(item);
  if (result.empty()) throw wrong(key, "at least one number", value);
  return result;
}

std::vector<std::int64_t> sizesOf(const std::string& key, const Json& value) {
  constexpr std::int64_t kLargest = 16384;
  std::vector<std::int64_t> result;
  const auto add = [&](const Json& item) {
    if (!item.is_number_integer() || item.get<double>() < 1 || item.get<double>() > static_cast<double>(kLargest)) throw wrong(key, "whole numbers from 1 to 16384", value);
    result.push_back(item.get<std::int64_t>());
  };
  if (!value.is_array()) add(value);
  else
    for (const auto& item : value) add(item);
  if (result.empty() || result.size() > 2) throw wrong(key, "[height, width] or one number", value);
  return result;
}

}  // namespace

Preprocessing Preprocessing::fromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) throw Error(ErrorKind::usage, "preprocessing: expected a JSON object");
  Preprocessing how;
  for (const auto& [key, value] : json.items()) {
    if (key == "layout") how.layout = wordOf(key, value, {"nhwc", "nchw"});
    else if (key == "channels") how.channels = wordOf(key, value, {"rgb", "bgr", "gray"});
    else if (key == "scale") {
      const auto numbers = numbersOf(key, value, false);
      if (numbers.size() != 1) throw wrong(key, "one number", value);
      how.scale = numbers[0];
    } else if (key == "mean") how.mean = numbersOf(key, value, true);
    else if (key == "std") how.std = numbersOf(key, value, false);
    else if (key == "resize") how.resize = sizesOf(key, value);
    else if (key == "crop") {
      how.crop = sizesOf(key, value);
      if (how.crop.size() == 1) how.crop.push_back(how.crop[0]);
    } else if (key == "inputs") {
      if (!value.is_object()) throw wrong(key, "an object {network input: array}", value);
      for (const auto& [input, array] : value.items()) {
        if (!array.is_string()) throw wrong(key, "names of arrays", value);
        how.inputs[input] = array.get<std::string>();
      }
    } else {
      throw unknownName("preprocessing key", key, kKeys);
    }
  }
  return how;
}

std::string Preprocessing::toJson() const {
  Json json = Json::object();
  if (!layout.empty()) json["layout"] = layout;
  if (!channels.empty()) json["channels"] = channels;
  if (scale != 1) json["scale"] = scale;
  if (!mean.empty()) json["mean"] = mean;
  if (!std.empty()) json["std"] = std;
  if (resize.size() == 1) json["resize"] = resize[0];
  else if (!resize.empty()) json["resize"] = resize;
  if (!crop.empty()) json["crop"] = crop;
  if (!inputs.empty()) json["inputs"] = inputs;
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Tensor preprocess(const Preprocessing& how, const Tensor& sample, bool channelsLast) {
  const int rank = sample.shape().rank();
  const bool picture = rank == 3 || (rank == 2 && sample.type() == DataType::uint8);
  if (!picture && isInteger(sample.type())) return sample;
  const Preprocessor steps(how, {picture, channelsLast});
  Tensor result(DataType::float32, steps.outputShape(sample.shape()));
  steps.run(sample, result.writable<float>());
  return result;
}

}  // namespace planish

#pragma once

#include "core/data/dataset.h"
#include "core/data/preprocessing.h"

#include <QImage>

#include <optional>

namespace planish::views {

/// How a sample's axes are read as a picture.
struct PictureForm {
  std::int64_t channels = 1, height = 0, width = 0;
  bool channelsLast = false;
};

/// nullopt for samples that are no pictures: neither [h, w] nor three axes with 1, 3 or 4 channels. `layout` as in Preprocessing.
std::optional<PictureForm> pictureForm(const Shape& sample, Dataset::Order order, const std::string& layout);

/// Whole numbers of 8 bits as they are (stretched if all are below 64), others from their smallest to their largest. At most `side` pixels
/// wide and high; smaller pictures stay as they are.
QImage pictureOf(const Tensor& sample, const PictureForm& form, int side);

/// Smallest, mean and largest of a tensor's numbers, and its shape and type.
struct NumberSummary {
  double least = 0, mean = 0, most = 0;
  std::string shape, type;
};
NumberSummary summaryOf(const Tensor& tensor);

}  // namespace planish::views

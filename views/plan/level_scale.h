#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <vector>

namespace planish::views {

/// Where bits stand on the chart's vertical axis: as they are up to 8; 16 and 32 follow little more than a step higher each, since hardly anything
/// lies between and the interesting part is below. Continuous and rising, with its inverse.
double levelOfBits(double bits);
double bitsOfLevel(double level);

/// Bits per code of a layer under a setting; of keep, what the network's file spends on a weight.
double codeBits(const Workspace& workspace, int layer, const Setting& setting);

struct NamedLevel {
  double level = 0;
  QString name;  ///< "int4", "fp16", "keep"
};
/// The levels that occur in the menus, rising, without those too close to another to be read.
std::vector<NamedLevel> namedLevels(const Workspace& workspace);

}  // namespace planish::views

#pragma once

#include "core/project/hdf5.h"
#include "core/project/project.h"

namespace planish {

/// Parts of a project as HDF5 groups; the journal keeps the same groups. `parent` must be held under
/// hdf5::acquire().
void writeRows(hid_t parent, const std::string& name, const std::vector<SensitivityRow>& rows);
std::vector<SensitivityRow> readRows(hid_t parent, const std::string& name);

void writeLayerResults(hid_t parent, const std::string& name, const std::vector<LayerResult>& layers);
std::vector<LayerResult> readLayerResults(hid_t parent, const std::string& name);

/// Shape and plane by plane; see resources/help/project-file.md.
void writeCompressed(hid_t parent, const std::string& name, const CompressedTensor& tensor);
CompressedTensor readCompressed(hid_t parent, const std::string& name);

void writeTensor(hid_t parent, const std::string& name, const Tensor& tensor);
Tensor readTensor(hid_t parent, const std::string& name);

/// A number of bits as files may claim it: not negative, and so small that sums over a million objects do not
/// overflow.
Bits storedBits(std::int64_t count);

void writeEstimates(hid_t parent, const std::string& name, const std::map<std::string, Estimate>& estimates);
std::map<std::string, Estimate> readEstimates(hid_t parent, const std::string& name);

}  // namespace planish

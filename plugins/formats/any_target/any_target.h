#pragma once

#include "core/formats/exporter.h"

namespace planish {

/// For studies in which only the size counts: takes every setting, counts codes at their bits and scales at 2
/// bytes, and has no exporter.
class AnyTarget : public TargetProfile {
 public:
  AnyTarget();
  const Declaration& declaration() const override { return m_declaration; }
  std::string refuses(const Network& network, const Layer& layer, const Setting& setting) const override {
    return {};
  }
  StorageRules storage() const override { return {}; }
  std::string exporter() const override { return {}; }

 private:
  Declaration m_declaration;
};

}  // namespace planish

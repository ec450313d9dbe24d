#pragma once

#include "core/base/units.h"
#include "core/evaluation/estimate.h"

#include <QString>

namespace planish::views {

/// How numbers are written, everywhere: a measured value with its error, unit and (on request) count; digits grouped by thin spaces.

/// "348 300 B": exact.
QString bytesText(Bytes bytes);
/// "1.33 MiB", "412 KiB": three digits.
QString shortBytes(std::int64_t bytes);
/// "0.0187 ± 0.0014 nats": the error with two digits, the mean as many decimals. With `count`: "(n = 512)".
QString estimateText(const Estimate& estimate, const QString& unit = {}, bool count = false);
/// A fraction as percent: "97.1 ± 0.4 %".
QString percentText(const Estimate& fraction, bool count = false);
/// By score: top1 and top5 as percent, kl and loss in nats, the rest plain. `difference`: with a sign.
QString scoreText(const std::string& score, const Estimate& estimate, bool difference = false);
/// "top-1", "KL", "loss": as people write them.
QString scoreName(const std::string& score);
/// "nats", "%", ""
QString scoreUnit(const std::string& score);
/// "0:41", "1:02:03"; "" where negative.
QString durationText(double seconds);
/// Three digits and an SI prefix: "8.1 M".
QString countText(std::int64_t count);
/// Up to `digits` digits, no trailing zeros, "1.2e-5" where small.
QString numberText(double value, int digits = 3);
/// Names from files as plain text: safe in rich text and tool tips (HTML, "%1" and control characters stay literal).
QString plainName(const std::string& name, int limit = 120);

}  // namespace planish::views

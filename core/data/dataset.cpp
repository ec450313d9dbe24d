#include "core/data/dataset.h"

#include <system_error>

namespace planish {

std::shared_ptr<const Dataset> openDataset(const Registry<DatasetFormat>& formats, const DatasetRequest& request) {
  const std::string shown = printable(request.path.string());
  std::error_code failure;
  if (!std::filesystem::exists(request.path, failure))
    throw Error(ErrorKind::invalidInput, "expected data, found nothing there").in(shown).remedy("check the path given as data");
  for (const auto& format : formats.all())
    if (format->canOpen(request.path)) return format->open(request);
  std::string known;
  for (const auto& format : formats.all()) known += (known.empty() ? "" : "; ") + format->declaration().id + ": " + format->declaration().help;
  throw Error(ErrorKind::unsupported, "no data format takes this " + std::string(std::filesystem::is_directory(request.path, failure) ? "folder" : "file"))
      .in(shown)
      .remedy("known formats: " + known);
}

}  // namespace planish

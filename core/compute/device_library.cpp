#include "core/compute/device_library.h"

#include "core/base/error.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>

namespace planish {
namespace {

/// Asks the driver alone: a program without a device must not load the libraries of the toolkit.
std::string driverProblem(const std::string& file) {
  void* driver = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!driver) return "no NVIDIA driver: " + std::string(::dlerror());
  const auto initialise = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<int (*)(int*)>(::dlsym(driver, "cuDeviceGetCount"));
  if (!initialise || !count) return file + " has no cuInit or no cuDeviceGetCount";
  if (const int status = initialise(0)) return "the NVIDIA driver answers with error " + std::to_string(status) + (status == 100 ? " (no device)" : "");
  int devices = 0;
  if (const int status = count(&devices)) return "the NVIDIA driver answers with error " + std::to_string(status);
  return devices > 0 ? "" : "the NVIDIA driver knows no device";
}

std::string libraryBesideThisOne() {
  if (const char* given = std::getenv("PLANISH_CUDA_LIBRARY")) return given;
  Dl_info here;
  if (!::dladdr(reinterpret_cast<const void*>(&loadDeviceLibrary), &here)) return "libplanish_cuda.so";
  return (std::filesystem::path(here.dli_fname).parent_path() / "libplanish_cuda.so").string();
}

}  // namespace

DeviceLibrary loadDeviceLibrary(const std::string& driver, const std::string& library) {
  if (std::string problem = driverProblem(driver); !problem.empty()) return {nullptr, problem};
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return {nullptr, "the CUDA backend cannot be loaded: " + std::string(::dlerror())};
  const auto version = reinterpret_cast<int (*)()>(::dlsym(handle, "planish_device_library_version"));
  const auto engines = reinterpret_cast<DeviceEngines* (*)()>(::dlsym(handle, "planish_device_engines"));
  std::string problem;
  if (!version || !engines) {
    problem = library + " is not a device library of Planish";
  } else if (version() != kDeviceLibraryVersion) {
    problem = library + " is of version " + std::to_string(version()) + ", this program needs " + std::to_string(kDeviceLibraryVersion);
  } else {
    try {
      return {engines(), ""};
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  ::dlclose(handle);
  return {nullptr, problem};
}

const DeviceLibrary& deviceLibrary() {
  const char* driver = std::getenv("PLANISH_CUDA_DRIVER");
  static const DeviceLibrary library = loadDeviceLibrary(driver ? driver : "libcuda.so.1", libraryBesideThisOne());
  return library;
}

const KernelRegistry& deviceKernels() {
  static const KernelRegistry registry = [] {
    KernelRegistry all = kernelRegistry();
    if (const auto& library = deviceLibrary(); library.engines) library.engines->addKernels(all);
    return all;
  }();
  return registry;
}

DeviceDescription describeDevice(int index) {
  const DeviceLibrary& library = deviceLibrary();
  if (!library.engines) throw Error(ErrorKind::noDevice, library.problem).remedy("leave the device out to compute on the CPU");
  const auto devices = library.engines->devices();
  if (index < 0 || index >= static_cast<int>(devices.size()))
    throw Error(ErrorKind::noDevice, "there is no device cuda:" + std::to_string(index) + ", there are " + std::to_string(devices.size()))
        .remedy("choose one from cuda:0 to cuda:" + std::to_string(static_cast<int>(devices.size()) - 1));
  return devices[static_cast<std::size_t>(index)];
}

}  // namespace planish

#include "core/base/error.h"
#include "tests/core/compute/cuda/device_support.h"

#include <filesystem>
#include <gmock/gmock.h>

namespace planish {
namespace {

using ::testing::HasSubstr;

TEST(DeviceLibrary, D01_NoDriverIsAReasonAndNoError) {
  const DeviceLibrary library = loadDeviceLibrary("libno-such-driver.so.1", "libplanish_cuda.so");
  EXPECT_EQ(library.engines, nullptr);
  EXPECT_THAT(library.problem, HasSubstr("no NVIDIA driver"));
}

TEST(DeviceLibrary, SomethingElseInThePlaceOfTheDriver) {
  const DeviceLibrary library = loadDeviceLibrary("libm.so.6", "libplanish_cuda.so");
  EXPECT_EQ(library.engines, nullptr);
  EXPECT_THAT(library.problem, HasSubstr("has no cuInit"));
}

TEST(DeviceLibrary, SaysWhyThereIsNone) {
  const DeviceLibrary& library = deviceLibrary();
  EXPECT_EQ(library.engines == nullptr, !library.problem.empty());
  EXPECT_EQ(&library, &deviceLibrary());
}

TEST(DeviceLibrary, AskingForADeviceThatIsNotThere) {
  try {
    describeDevice(99);
    FAIL() << "described device 99";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::noDevice);
    EXPECT_FALSE(error.remedyText().empty());
  }
}

using DeviceBasics = DeviceTest;

TEST_F(DeviceBasics, DescribesItsDevices) {
  const auto devices = engines->devices();
  ASSERT_FALSE(devices.empty());
  for (const auto& device : devices) {
    EXPECT_FALSE(device.name.empty());
    EXPECT_GT(device.memory, 1 << 28);
    EXPECT_GT(device.freeMemory, 0);
    EXPECT_LE(device.freeMemory, device.memory);
    EXPECT_GT(device.multiprocessors, 0);
  }
  EXPECT_EQ(describeDevice(0).name, devices[0].name);
}

TEST_F(DeviceBasics, AnotherLibraryIsRefused) {
  const DeviceLibrary library = loadDeviceLibrary("libcuda.so.1", "libm.so.6");
  EXPECT_EQ(library.engines, nullptr);
  EXPECT_THAT(library.problem, HasSubstr("not a device library"));
}

TEST_F(DeviceBasics, BuffersKeepWhatWasWritten) {
  std::mt19937 random(freshSeed());
  const Floats written = randomNormal(1001, random);
  const auto buffer = engines->allocate(0, 4004);
  EXPECT_EQ(buffer->bytes(), 4004);
  buffer->upload(written.data(), 4004);
  Floats read(1001, kPoison);
  buffer->download(read.data(), 4004);
  EXPECT_EQ(read, written);
  EXPECT_THROW(buffer->upload(written.data(), 4005), Error);
}

TEST_F(DeviceBasics, MoreMemoryThanThereIsIsAnErrorAndTheDeviceStaysUsable) {
  try {
    engines->allocate(0, std::int64_t(1) << 46);
    FAIL() << "allocated 64 TiB";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
  }
  EXPECT_NO_THROW(engines->allocate(0, 1024));
  EXPECT_NO_THROW(engines->synchronize(0));
}

}  // namespace
}  // namespace planish

#include "tests/core/compute/cuda/kernel_support.h"
#include "tests/core/compute/cuda/short_tests.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

using namespace planish;
using namespace planish::testing;

namespace {

/// Convolution, normalization and clip, a depthwise convolution, the sum of both, a mean, a product.
struct Classifier {
  std::mt19937 random{freshSeed()};
  Sketch sketch;
  ValueId x, w1, w2, w3, active, depthwise, sum, logits;

  explicit Classifier(std::int64_t channels = 24) {
    const auto vector = [&](const char* name, bool positive = false) {
      Tensor tensor = randomTensor({channels}, random);
      if (positive)
        for (float& v : tensor.writable<float>()) v = 0.5F + std::abs(v);
      return sketch.weight(name, tensor);
    };
    x = sketch.input("x");
    w1 = sketch.weight("w1", randomTensor({channels, 3, 3, 3}, random));
    const ValueId convolved = sketch.add("Conv", {x, w1}, pads());
    const ValueId normalized = sketch.add("BatchNormalization", {convolved, vector("s"), vector("b"), vector("m"), vector("v", true)});
    active = sketch.add("Relu", {normalized});
    w2 = sketch.weight("w2", randomTensor({channels, 1, 3, 3}, random));
    Attributes each = pads();
    each.set("group", channels);
    depthwise = sketch.add("Conv", {active, w2}, each);
    sum = sketch.add("Add", {depthwise, active});
    const ValueId pooled = sketch.add("Flatten", {sketch.add("GlobalAveragePool", {sum})});
    w3 = sketch.weight("w3", randomTensor({channels, 10}, random));
    logits = sketch.add("MatMul", {pooled, w3});
    sketch.network.outputs = {logits};
  }
  static Attributes pads() {
    Attributes attributes;
    attributes.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    return attributes;
  }
  ValueMap pictures(std::int64_t count) { return {{x, randomTensor({count, 3, 17, 13}, random)}}; }
  Tensor onProcessor(const ValueMap& given, ValueId wanted, const RunOptions& options = {}) {
    const std::vector<ValueId> list{wanted};
    return toPlain(Executor(sketch.network, Context{}).run(given, list, options).at(wanted));
  }
};

class DeviceExecutorTest : public KernelTest {
 protected:
  void TearDown() override {
    if (!engines) return;
    engines->setMemoryLimit(0, -1);
    engines->trim(0);
  }
};

TEST_F(DeviceExecutorTest, OverlaysTakeTurns) {
  Classifier small;
  const ValueMap given = small.pictures(5);
  const std::vector<ValueId> wanted{small.logits};
  Executor device(small.sketch.network, onDevice());
  const WeightOverlay one{{small.w1, randomTensor({24, 3, 3, 3}, small.random)}}, other{{small.w2, randomTensor({24, 1, 3, 3}, small.random)}, {small.w3, randomTensor({24, 10}, small.random)}};
  for (const WeightOverlay* overlay : {static_cast<const WeightOverlay*>(nullptr), &one, &other, static_cast<const WeightOverlay*>(nullptr), &other, &one}) {
    RunOptions options;
    options.overlay = overlay;
    expectClose(small.onProcessor(given, small.logits, options), device.run(given, wanted, options).at(small.logits), 5e-5);
  }
}

/// From some run on the work of a program is recorded and enqueued in one call.
TEST_F(DeviceExecutorTest, RunsThatAreRecordedGiveTheBytesOfOthers) {
  const std::int64_t before = engines->memoryUse(0).used;
  {
    Classifier small;
    const std::vector<ValueId> wanted{small.logits};
    Executor device(small.sketch.network, onDevice());
    const WeightOverlay one{{small.w1, randomTensor({24, 3, 3, 3}, small.random)}}, other{{small.w1, randomTensor({24, 3, 3, 3}, small.random)}, {small.w2, randomTensor({24, 1, 3, 3}, small.random)}};
    std::vector<Tensor> expected, found;
    for (int i = 0; i < 20; ++i) {
      if (i == 8 || i == 12)  // what kernels made of the weights is made anew
        for (const WeightOverlay* overlay : {&one, &other, &one}) {
          RunOptions options;
          options.overlay = overlay;
          device.run(small.pictures(5), wanted, options);
        }
      ValueMap given = small.pictures(i == 14 ? 7 : 5);
      if (i % 2) given[small.x] = engines->toDevice(0, given[small.x]);
      expected.push_back(Executor(small.sketch.network, onDevice()).run(given, wanted).at(small.logits));
      found.push_back(device.run(given, wanted).at(small.logits));
    }
    for (std::size_t i = 0; i < found.size(); ++i) expectEqualBytes(expected[i], found[i]);
  }
  EXPECT_EQ(engines->memoryUse(0).used, before);
}

/// The shape of a value that was computed from a shape, and of a shape itself: neither is there when a run is replayed or recorded.
TEST_F(DeviceExecutorTest, NetworksThatAskForTheShapeOfAShapeAreRecorded) {
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const auto wholes = [&](const char* name, const std::vector<std::int64_t>& values) {
    return sketch.weight(name, Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values));
  };
  const auto joined = [&](std::vector<ValueId> parts) {
    Attributes axis;
    axis.set("axis", std::int64_t(0));
    return sketch.add("Concat", std::move(parts), axis);
  };
  const ValueId x = sketch.input("x"), shape = sketch.add("Shape", {x}), count = sketch.add("Gather", {shape, wholes("first", {0})});
  const ValueId target = joined({count, wholes("rest", {3, 17, -1})});
  Attributes one;
  one.set("value", Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{1}));
  const ValueId ones = sketch.add("ConstantOfShape", {sketch.add("Shape", {target})}, one);
  const ValueId sizes = sketch.add("Where", {sketch.add("Equal", {target, wholes("open", {-1})}), ones, target});
  const ValueId row = sketch.add("Expand", {sketch.weight("row", randomTensor({1, 3, 17, 1}, random)), sizes});
  const ValueId sum = sketch.add("Add", {sketch.add("Relu", {x}), row});
  const ValueId four = sketch.add("Shape", {shape}), open = sketch.add("Sub", {four, wholes("five", {5})});
  const ValueId y = sketch.add("Relu", {sketch.add("Reshape", {sum, joined({count, open})})});
  sketch.network.outputs = {y};
  const std::vector<ValueId> wanted{y};
  RunOptions plain;
  plain.record = false;
  Executor recording(sketch.network, onDevice()), repeating(sketch.network, onDevice());
  for (const std::int64_t pictures : {5, 7}) {
    const std::int64_t before = engines->memoryUse(0).used;
    for (int i = 0; i < 8; ++i) {
      const ValueMap given{{x, randomTensor({pictures, 3, 17, 13}, random)}};
      const Tensor expected = toPlain(Executor(sketch.network, Context{}).run(given, wanted).at(y)), repeated = repeating.run(given, wanted, plain).at(y);
      const Tensor found = recording.run(given, wanted).at(y);
      EXPECT_EQ(found.shape(), Shape({pictures, 3 * 17 * 13}));
      expectEqualBytes(repeated, found);
      expectClose(expected, found, 1e-6);
    }
    EXPECT_GE(engines->memoryUse(0).used, before + pictures * 3 * 17 * 13 * 4) << "nothing was recorded, which keeps memory";
  }
}

TEST_F(DeviceExecutorTest, RecordedWorkReadsWhatStandsThereWhenItIsReplayed) {
  std::mt19937 random(freshSeed());
  const Tensor first = randomTensor({333}, random), second = randomTensor({333}, random), there = engines->toDevice(0, first);
  const DeviceRounding rounding{0.25F, -100, 100};
  Tensor made, copy = engines->allocate(0, DataType::float32, {333}, Layout::plain);
  const auto recording = engines->record(0, [&] { made = engines->rounded(there, rounding); });
  ASSERT_TRUE(recording);
  engines->assign(there, second);
  recording->replay();
  engines->assign(copy, made);
  for (std::size_t i = 0; i < 333; ++i) EXPECT_EQ(copy.data<float>()[i], std::nearbyint(second.data<float>()[i] / 0.25F) * 0.25F);
  EXPECT_FALSE(engines->record(0, [&] { made = engines->toDevice(0, first); })) << "an upload was recorded";
  EXPECT_FALSE(engines->record(0, [&] { there.bytes(); })) << "a download was recorded";
  EXPECT_NO_THROW(engines->synchronize(0));
}

TEST_F(DeviceExecutorTest, KeptValuesStayOnTheDeviceAndGiveTheBytesOfAFullRun) {
  Classifier small;
  const ValueMap given = small.pictures(6);
  const std::vector<ValueId> wanted{small.logits};
  Executor device(small.sketch.network, onDevice());
  const Connections connections(small.sketch.network);
  const auto cut = cutBefore(small.sketch.network, connections.producer[static_cast<std::size_t>(small.depthwise.index)], wanted);
  const ValueMap kept = device.run(given, cut);
  for (const auto& [id, tensor] : kept) EXPECT_EQ(tensor.device().kind, DeviceKind::cuda);
  const WeightOverlay overlay{{small.w2, randomTensor({24, 1, 3, 3}, small.random)}};
  RunOptions options;
  options.overlay = &overlay;
  expectEqualBytes(device.run(given, wanted, options).at(small.logits), device.run(kept, wanted, options).at(small.logits));
}

TEST_F(DeviceExecutorTest, HooksAndTransformsSeeValues) {
  Classifier small;
  const ValueMap given = small.pictures(4);
  const std::vector<ValueId> wanted{small.logits};
  const ValueTransforms transforms{{small.active, [](const Tensor& tensor) {
                                      Tensor result(tensor.type(), tensor.shape());
                                      const auto* in = reinterpret_cast<const float*>(tensor.bytes().data());
                                      for (std::int64_t i = 0; i < tensor.count(); ++i) result.writable<float>()[static_cast<std::size_t>(i)] = std::nearbyint(2 * in[i]);
                                      return Tensor(tensor.type(), tensor.shape(), result.storage(), tensor.layout());
                                    }}};
  int seen = 0;
  RunOptions options;
  options.transforms = &transforms;
  options.observed = {small.sum};
  const Tensor expected = small.onProcessor(given, small.sum, options);
  options.hook = [&](ValueId, const Tensor& tensor) {
    ++seen;
    expectClose(expected, tensor, 5e-5);
  };
  Executor device(small.sketch.network, onDevice());
  const Tensor found = device.run(given, wanted, options).at(small.logits);
  EXPECT_EQ(seen, 1);
  options.hook = nullptr;
  expectClose(small.onProcessor(given, small.logits, options), found, 5e-5);
}

TEST_F(DeviceExecutorTest, OperationsWithoutAKernelOfTheDeviceRunOnTheProcessorAndAreReported) {
  Classifier small;
  const ValueId back = small.sketch.add("Hardmax", {small.logits}), y = small.sketch.add("Add", {back, small.logits});
  const ValueMap given = small.pictures(3);
  const std::vector<ValueId> wanted{y};
  Executor device(small.sketch.network, onDevice());
  expectClose(small.onProcessor(given, y), device.run(given, wanted).at(y), 5e-5);
  ASSERT_EQ(device.offDevice().size(), 1u);
  EXPECT_NE(device.offDevice()[0].find("Hardmax"), std::string::npos);
}

TEST_F(DeviceExecutorTest, MemoryIsUsedAgainAndGivenBack) {
  Classifier small;
  const ValueMap given = small.pictures(32);
  const std::vector<ValueId> wanted{small.logits};
  const std::int64_t before = engines->memoryUse(0).used;
  {
    Executor device(small.sketch.network, onDevice());
    for (int i = 0; i < 5; ++i) device.run(given, wanted);  // by then its work is recorded, which keeps memory
    const std::int64_t after = engines->memoryUse(0).used;
    for (int i = 0; i < 100; ++i) device.run(given, wanted);
    EXPECT_EQ(engines->memoryUse(0).used, after);
  }
  EXPECT_EQ(engines->memoryUse(0).used, before);
}

/// D05
TEST_F(DeviceExecutorTest, D05_MemoryThatDoesNotSufficeIsAnErrorAndTheNextRunSucceeds) {
  Classifier small;
  const std::vector<ValueId> wanted{small.logits};
  Executor device(small.sketch.network, onDevice());
  const ValueMap few = small.pictures(2), many = small.pictures(300);
  device.run(few, wanted);
  engines->setMemoryLimit(0, engines->memoryUse(0).used + (std::int64_t(2) << 20));
  try {
    device.run(many, wanted);
    FAIL() << "expected no memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
  }
  expectClose(small.onProcessor(few, small.logits), device.run(few, wanted).at(small.logits), 5e-5);
  engines->setMemoryLimit(0, -1);
  expectClose(small.onProcessor(many, small.logits), device.run(many, wanted).at(small.logits), 5e-5);
}

/// D09, D10: stops in any place, a thousand times, leave nothing behind.
TEST_F(DeviceExecutorTest, D10_StopsLeaveNoMemoryBehind) {
  Classifier small(96);
  const ValueMap given = small.pictures(64);
  const std::vector<ValueId> wanted{small.logits};
  const std::int64_t before = engines->memoryUse(0).used;
  const int runs = shortTests() ? 100 : 1000;
  int stopped = 0;
  for (int i = 0; i < runs; ++i) {
    Executor device(small.sketch.network, onDevice());
    Progress progress;
    std::thread stopper;
    if (i % 20 == 0) stopper = std::thread([&progress, i] {
      std::this_thread::sleep_for(std::chrono::microseconds(i % 700));
      progress.requestStop();
    });
    else if (i % 2) progress.requestStop();
    RunOptions options;
    options.progress = &progress;
    try {
      device.run(given, wanted, options);
    } catch (const Cancelled&) {
      ++stopped;
    }
    if (stopper.joinable()) stopper.join();
  }
  EXPECT_GE(stopped, runs * 2 / 5);
  EXPECT_EQ(engines->memoryUse(0).used, before);
}

/// Reads far behind a piece of memory, after which the driver refuses everything; ends with 0 if that is told as it should be and the processor goes on.
[[noreturn]] void loseTheDevice() {
  DeviceEngines& engines = *deviceLibrary().engines;
  Classifier small;
  const std::vector<ValueId> wanted{small.logits};
  const ValueMap given = small.pictures(3);
  Executor device(small.sketch.network, onDevice());
  const Tensor before = toFloat(device.run(given, wanted).at(small.logits));
  before.bytes();  // as long as the device can be read
  int told = 0;
  const auto expectLost = [&](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      told += error.kind() == ErrorKind::noDevice && !error.remedyText().empty();
    }
  };
  const auto buffer = engines.allocate(0, 4096);
  const auto gram = engines.gram(0, 2048);
  expectLost([&] {
    gram->add(buffer->data(), DataType::float32, std::int64_t(1) << 22);
    engines.synchronize(0);
  });
  expectLost([&] { toFloat(device.run(given, wanted).at(small.logits)); });
  const Tensor after = small.onProcessor(given, small.logits);
  const auto a = before.data<float>(), b = after.data<float>();
  bool close = true;
  for (std::size_t i = 0; i < a.size(); ++i) close = close && std::abs(a[i] - b[i]) < 1e-2F * (1 + std::abs(b[i]));
  std::_Exit(told == 2 && close ? 0 : 10 + told);
}

TEST_F(DeviceExecutorTest, D06_AnIllegalAccessIsALostDeviceAndTheProcessorGoesOn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(loseTheDevice(), ::testing::ExitedWithCode(0), "");
}

TEST_F(DeviceExecutorTest, AStopIsSeenWithinFiftyMilliseconds) {
  Classifier large(160);
  const ValueMap given{{large.x, randomTensor({256, 3, 64, 64}, large.random)}};
  const std::vector<ValueId> wanted{large.logits};
  Executor device(large.sketch.network, onDevice());
  device.run(given, wanted).at(large.logits).bytes();
  Progress progress;
  RunOptions options;
  options.progress = &progress;
  std::atomic<bool> running{false};
  std::chrono::steady_clock::time_point ended;
  std::thread worker([&] {
    try {
      for (;;) {
        running = true;
        device.run(given, wanted, options).at(large.logits).bytes();
      }
    } catch (const Cancelled&) {
      engines->synchronize(0);
      ended = std::chrono::steady_clock::now();
    }
  });
  while (!running) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto asked = std::chrono::steady_clock::now();
  progress.requestStop();
  worker.join();
  const double milliseconds = std::chrono::duration<double, std::milli>(ended - asked).count();
  std::printf("stopped after %.1f ms\n", milliseconds);
  EXPECT_LE(milliseconds, 50);
}

}  // namespace

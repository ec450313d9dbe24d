#include "tests/core/compute/node_cases.h"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

namespace planish {
namespace {

const PluginRegistries& registries() {
  static const PluginRegistries all = [] {
    PluginRegistries filled;
    registerBuiltinPlugins(filled);
    return filled;
  }();
  return all;
}

/// Runs every case that can be run; PLANISH_NODE_CASE limits them to names that contain it.
void expectAllPass(const KernelRegistry& kernels) {
  const auto folder = node_cases::folder();
  if (!folder) GTEST_SKIP() << "needs Python with onnx: venv in the build folder";
  if (!registries().importers.find("onnx")) GTEST_SKIP() << "needs the importer 'onnx'";
  const auto& importer = registries().importers.get("onnx");
  const char* only = std::getenv("PLANISH_NODE_CASE");
  std::map<std::string, int> left;
  int passed = 0, failed = 0;
  for (const auto& item : node_cases::list(*folder)) {
    if (only && item.name.find(only) == std::string::npos) continue;
    const std::string reason = node_cases::reasonNotToRun(item);
    if (!reason.empty()) {
      ++left[reason.substr(0, reason.find(':'))];
      continue;
    }
    const std::string problem = node_cases::run(item, importer, kernels);
    if (problem.empty()) {
      ++passed;
    } else {
      ++failed;
      ADD_FAILURE() << item.name << ": " << problem;
    }
  }
  std::cout << passed << " node cases passed, " << failed << " failed";
  for (const auto& [reason, count] : left) std::cout << "; " << count << " not run: " << reason;
  std::cout << "\n";
  if (!only) {
    EXPECT_GT(passed, 942) << "fewer than half of all cases";
  }
}

TEST(NodeCases, ReferenceKernelsPassAllThatCanRun) { expectAllPass(referenceKernels()); }

TEST(NodeCases, ChosenKernelsPassAllThatCanRun) { expectAllPass(kernelRegistry()); }

std::string helpPage(const std::vector<node_cases::Case>& cases) {
  std::ostringstream page;
  page << "# Operations\n\n"
          "Networks are made of the operations of ONNX, with its names and meaning. A network with an operation that is not listed here still opens; what\n"
          "needs that operation's result cannot be run. This page is made by the test program of core/compute (PLANISH_WRITE_HELP=1).\n\n"
          "## Operations that can be run\n\n";
  std::map<std::string, std::vector<std::string>> byDomain;
  for (const auto* definition : operationRegistry().all())
    if (!kernelRegistry().candidates(definition->domain, definition->type, DeviceKind::cpu).empty())
      byDomain[definition->domain.empty() ? "ai.onnx" : definition->domain].push_back(definition->type);
  for (const auto& [domain, types] : byDomain) {
    page << "`" << domain << "` (" << types.size() << "): ";
    for (std::size_t i = 0; i < types.size(); ++i) page << (i ? ", " : "") << types[i];
    page << "\n\n";
  }
  std::map<std::string, std::map<std::string, std::vector<std::string>>> left;
  std::size_t run = cases.size();
  for (const auto& item : cases) {
    const std::string reason = node_cases::reasonNotToRun(item);
    if (reason.empty()) continue;
    --run;
    const auto colon = reason.find(": ");
    left[reason.substr(0, colon)][reason.substr(colon + 2)].push_back(item.name);
  }
  page << "## ONNX's own node tests\n\nOf the " << cases.size() << " node tests of the Python package onnx " << run << " run, and all of these pass, with the reference kernels and with the fast ones. "
          "The tolerance is each case's own (relative 1e-3, absolute 1e-7), but answers in bfloat16 and float16 may differ by 2^-6 and 2^-9 of their size, "
          "and the absolute tolerance of DFT is of its answer's largest element. "
       << cases.size() - run << " are not run:\n";
  for (const auto& reason : node_cases::kReasons) {
    const auto found = left.find(reason);
    if (found == left.end()) continue;
    std::size_t count = 0;
    for (const auto& [detail, names] : found->second) count += names.size();
    page << "\n### " << reason << " (" << count << ")\n\n";
    for (const auto& [detail, names] : found->second) {
      page << "- " << detail << " (" << names.size() << "):";
      for (const auto& name : names) page << " `" << name << "`";
      page << "\n";
    }
  }
  return page.str();
}

TEST(NodeCases, HelpPageIsCurrent) {
  const auto folder = node_cases::folder();
  if (!folder) GTEST_SKIP() << "needs Python with onnx: venv in the build folder";
  const std::filesystem::path path = PLANISH_SOURCE_DIR "/resources/help/operations.md";
  const std::string page = helpPage(node_cases::list(*folder));
  if (std::getenv("PLANISH_WRITE_HELP")) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << page;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string written{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(written == page) << "run core_compute_tests with PLANISH_WRITE_HELP=1 and commit " << path;
}

}  // namespace
}  // namespace planish

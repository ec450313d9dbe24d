#include "core/compute/kernel_registry.h"
#include "core/compute/operation_cache.h"
#include "core/compute/operations/transposed_window.h"

#include <dnnl.hpp>
#include <omp.h>

#include <algorithm>
#include <list>

// Convolutions that the packed kernel does not take (three spatial dimensions), and transposed ones.

namespace planish::cpu_onednn {
namespace {

using operations::Window;
using Dims = dnnl::memory::dims;

/// What oneDNN needs to know of one call.
struct Problem {
  bool transposed = false;
  std::int64_t groups = 1;
  Dims source, weights, result;  ///< weights: [groups, outputs, inputs, kernel...] of one group each
  Dims weightStrides;            ///< as the network stores them
  Dims strides, dilations, before, after;

  bool operator==(const Problem&) const = default;
};

Dims dimsOf(const Shape& shape) { return Dims(shape.dims().begin(), shape.dims().end()); }

Problem problemOf(const KernelCall& call) {
  const Shape &x = call.input(0).shape(), &w = call.input(1).shape();
  Problem problem;
  problem.transposed = call.operation().type == "ConvTranspose";
  problem.groups = call.attributes().whole("group", 1);
  const std::vector<std::int64_t> kernel(w.dims().begin() + 2, w.dims().end());
  const Window window = problem.transposed ? operations::transposedWindow(call.attributes(), x, kernel) : operations::slidingWindow(call.attributes(), x, kernel);
  problem.source = dimsOf(x);
  problem.result = dimsOf(call.outputShape(0));
  const std::int64_t taps = w.count(2, w.rank()), inputs = x[1] / problem.groups, outputs = problem.result[1] / problem.groups;
  problem.weights = {problem.groups, outputs, inputs};
  problem.weightStrides = {outputs * inputs * taps, problem.transposed ? taps : inputs * taps, problem.transposed ? outputs * taps : taps};
  std::int64_t step = taps;
  for (const std::int64_t size : kernel) {
    step /= size;
    problem.weights.push_back(size);
    problem.weightStrides.push_back(step);
  }
  problem.strides = window.strides;
  problem.before = window.before;
  problem.after = window.after;
  for (const std::int64_t dilation : window.dilations) problem.dilations.push_back(dilation - 1);  // oneDNN counts the holes
  if (problem.transposed)  // oneDNN takes what is left over at the end as a pad, which may be negative
    for (std::size_t i = 0; i < kernel.size(); ++i)
      problem.after[i] = (window.input[i] - 1) * window.strides[i] + window.extent(i) - window.before[i] - window.output[i];
  return problem;
}

dnnl::memory::desc described(const Dims& dims, const Dims& strides) { return {dims, dnnl::memory::data_type::f32, strides}; }

/// Row-major.
dnnl::memory::desc plainOf(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * std::max<std::int64_t>(1, dims[i + 1]);
  return described(dims, strides);
}

/// One convolution of fixed shape, with its weights in oneDNN's order.
class Primitive {
 public:
  Primitive(Problem problem, const dnnl::engine& engine) : m_problem(std::move(problem)), m_engine(engine) {
    const auto any = [](const Dims& dims) { return dnnl::memory::desc(dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any); };
    const dnnl::memory::desc bias({m_problem.result[1]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x);
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto& p = m_problem;
    if (p.transposed) {
      const dnnl::deconvolution_forward::primitive_desc made({kind, dnnl::algorithm::deconvolution_direct, any(p.source), any(p.weights), bias, any(p.result), p.strides,
                                                              p.dilations, p.before, p.after},
                                                             engine);
      describe(made);
      m_primitive = dnnl::deconvolution_forward(made);
    } else {
      const dnnl::convolution_forward::primitive_desc made({kind, dnnl::algorithm::convolution_direct, any(p.source), any(p.weights), bias, any(p.result), p.strides,
                                                            p.dilations, p.before, p.after},
                                                           engine);
      describe(made);
      m_primitive = dnnl::convolution_forward(made);
    }
    m_biasDesc = bias;
  }

  const Problem& problem() const { return m_problem; }

  void run(dnnl::stream& stream, const Tensor& x, const Tensor& w, const Tensor* bias, Tensor& y) {
    if (!m_identity.matches(&w)) {
      m_weights = dnnl::memory(m_weightsDesc, m_engine);
      dnnl::memory given(described(m_problem.weights, m_problem.weightStrides), m_engine, const_cast<std::byte*>(w.bytes().data()));
      dnnl::reorder(given, m_weights).execute(stream, given, m_weights);
      m_identity = TensorIdentity(&w);
    }
    dnnl::memory source(plainOf(m_problem.source), m_engine, const_cast<std::byte*>(x.bytes().data()));
    dnnl::memory result(plainOf(m_problem.result), m_engine, y.writableBytes().data());
    dnnl::memory sourceInside = inside(source, m_sourceDesc), resultInside = inside(result, m_resultDesc);
    if (m_sourceDesc != source.get_desc()) dnnl::reorder(source, sourceInside).execute(stream, source, sourceInside);
    std::vector<float> added(static_cast<std::size_t>(m_problem.result[1]));
    if (bias) std::copy_n(bias->data<float>().data(), added.size(), added.data());
    dnnl::memory biasMemory(m_biasDesc, m_engine, added.data());
    m_primitive.execute(stream, {{DNNL_ARG_SRC, sourceInside}, {DNNL_ARG_WEIGHTS, m_weights}, {DNNL_ARG_BIAS, biasMemory}, {DNNL_ARG_DST, resultInside}});
    if (m_resultDesc != result.get_desc()) dnnl::reorder(resultInside, result).execute(stream, resultInside, result);
    stream.wait();
  }

 private:
  template <typename Made>
  void describe(const Made& made) {
    m_sourceDesc = made.src_desc();
    m_weightsDesc = made.weights_desc();
    m_resultDesc = made.dst_desc();
  }

  dnnl::memory inside(const dnnl::memory& plain, const dnnl::memory::desc& desc) const { return desc == plain.get_desc() ? plain : dnnl::memory(desc, m_engine); }

  Problem m_problem;
  dnnl::engine m_engine;
  dnnl::memory::desc m_sourceDesc, m_weightsDesc, m_biasDesc, m_resultDesc;
  dnnl::memory m_weights;
  dnnl::primitive m_primitive;
  TensorIdentity m_identity{nullptr};
};

class State : public KernelState {
 public:
  Primitive& primitive(Problem problem) {
    for (auto it = m_primitives.begin(); it != m_primitives.end(); ++it) {
      if (!(it->problem() == problem)) continue;
      m_primitives.splice(m_primitives.begin(), m_primitives, it);
      return m_primitives.front();
    }
    if (m_primitives.size() >= kKept) m_primitives.pop_back();
    return m_primitives.emplace_front(std::move(problem), engine);
  }

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};

 private:
  static constexpr std::size_t kKept = 3;  ///< full batches, the last one, one more
  std::list<Primitive> m_primitives;
};

/// oneDNN takes its threads from OpenMP's setting of the calling thread.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : m_before(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadCount() { omp_set_num_threads(m_before); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int m_before;
};

void run(KernelCall& call) {
  const ThreadCount threads(call.context().threads);
  try {
    if (!call.state()) call.state() = std::make_shared<State>();
    auto& state = static_cast<State&>(*call.state());
    Tensor& output = call.makeOutput(0);
    state.primitive(problemOf(call)).run(state.stream, call.input(0), call.input(1), call.hasInput(2) ? &call.input(2) : nullptr, output);
  } catch (const dnnl::error& error) {
    throw Error(error.status == dnnl_out_of_memory ? ErrorKind::outOfMemory : ErrorKind::failed, "oneDNN: " + std::string(error.what()));
  }
}

std::string declines(const KernelQuery& query) {
  for (const auto& input : query.inputs) {
    if (input && input->type != DataType::float32) return "takes float32 only";
    if (input && input->shape.count() == 0) return "takes no empty tensors";
  }
  const int rank = query.inputs[0]->shape.rank();
  return rank < 3 || rank > 5 ? "takes one to three spatial dimensions" : "";
}

}  // namespace

void convolution(KernelRegistry& registry) {
  for (const char* type : {"Conv", "ConvTranspose"})
    registry.add({.type = type, .domain = "", .name = "onednn", .declines = declines, .run = run});
}

}  // namespace planish::cpu_onednn

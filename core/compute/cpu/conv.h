#pragma once

#include "core/compute/kernel_registry.h"

namespace planish::cpu {

/// Whether this is the convolution kernel of conv.cpp, which runBottleneck() is made of.
bool isPackedConvolution(const Kernel& kernel);

/// A 1x1 convolution, a depthwise one of its result and a 1x1 one of that, each with its epilogue (a residual
/// for the last one only), at once: values in between stay in the caches, a few channels at a time. The calls
/// are such as isPackedConvolution() takes; only the shape is read of input 0 of the last two. Makes output 0
/// of the last call, with the bytes that one call after the other gives. False, and nothing is done, where
/// they are other convolutions or there is too little for all threads.
bool runBottleneck(KernelCall& widen, KernelCall& filter, KernelCall& narrow);

}  // namespace planish::cpu

#!/usr/bin/env python3
"""Forward of the CIFAR MobileNetV2 and vision transformer on one GPU: PyTorch and ours in turns, pictures a second and how far the answers are apart.

  forward_device.py --program forward_device_benchmark --assets FOLDER [--batch 256] [--rounds 3]

PyTorch runs the same weights in eager mode, convolutions channels-last, attention by scaled_dot_product_attention; "graph" is the same captured in a CUDA graph.
"""
import argparse
import os
import re
import subprocess
import time

import numpy
import onnx
import torch
import torch.nn.functional as F


class Convolutional(torch.nn.Module):
    """Operation by operation as the file has them."""

    def __init__(self, model):
        super().__init__()
        weights = {i.name: torch.tensor(onnx.numpy_helper.to_array(i)) for i in model.graph.initializer}
        constants = {n.output[0]: torch.tensor(onnx.numpy_helper.to_array(n.attribute[0].t)) for n in model.graph.node if n.op_type == "Constant"}
        self.steps, self.input, self.output = [], model.graph.input[0].name, model.graph.output[0].name
        for node in model.graph.node:
            a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
            if node.op_type == "Constant":
                continue
            keys = []
            for name in node.input[1:]:
                if name in weights:
                    key = name.replace(".", "_").replace("/", "_").replace(":", "_")
                    if not hasattr(self, key):
                        self.register_buffer(key, weights[name])
                    keys.append(key)
            self.steps.append((node.op_type, list(node.input), node.output[0], keys, a, [constants.get(i) for i in node.input]))

    def forward(self, x):
        values = {self.input: x}
        for kind, inputs, output, keys, a, constants in self.steps:
            x = values[inputs[0]]
            w = [getattr(self, k) for k in keys]
            if kind == "Conv":
                y = F.conv2d(x, w[0], w[1] if len(w) > 1 else None, a["strides"], a["pads"][:2], a["dilations"], a["group"])
            elif kind == "BatchNormalization":
                y = F.batch_norm(x, w[2], w[3], w[0], w[1], False, 0.0, a.get("epsilon", 1e-5))
            elif kind == "Clip":
                y = F.relu6(x)
            elif kind == "Add":
                y = x + values[inputs[1]]
            elif kind == "ReduceMean":
                y = x.mean((2, 3))
            elif kind == "Gemm":
                y = F.linear(x, w[0], w[1])
            else:
                raise ValueError(kind)
            values[output] = y
        return values[self.output]


class Transformer(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.w = torch.nn.ParameterDict({i.name.replace(".", "_"): torch.nn.Parameter(torch.tensor(onnx.numpy_helper.to_array(i)), False)
                                         for i in model.graph.initializer if i.data_type == 1})
        self.blocks = 1 + max(int(k.split("_")[1]) for k in self.w if re.match(r"b_\d+_", k))
        self.heads = 3

    def forward(self, x):
        w = self.w
        x = F.conv2d(x, w["pe_weight"], w["pe_bias"], 4).flatten(2).transpose(1, 2)
        x = torch.cat((w["cls"].expand(x.shape[0], -1, -1), x), 1) + w["pos"]
        n, t, c = x.shape
        for i in range(self.blocks):
            p = f"b_{i}_"
            h = F.linear(F.layer_norm(x, (c,), w[p + "n1_weight"], w[p + "n1_bias"], 1e-5), w[p + "qkv_weight"], w[p + "qkv_bias"])
            q, k, v = h.reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
            h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c)
            x = x + F.linear(h, w[p + "proj_weight"], w[p + "proj_bias"])
            h = F.gelu(F.linear(F.layer_norm(x, (c,), w[p + "n2_weight"], w[p + "n2_bias"], 1e-5), w[p + "fc1_weight"], w[p + "fc1_bias"]))
            x = x + F.linear(h, w[p + "fc2_weight"], w[p + "fc2_bias"])
        return F.linear(F.layer_norm(x, (c,), w["n_weight"], w["n_bias"], 1e-5)[:, 0], w["h_weight"], w["h_bias"])


def seconds(run, least=1.0):
    for _ in range(10):
        run()
    torch.cuda.synchronize()
    times, start = [], time.time()
    while time.time() - start < least:
        before = time.time()
        for _ in range(20):
            run()
        torch.cuda.synchronize()
        times.append((time.time() - before) / 20)
    return float(numpy.median(times))


def peer(file, precision, batch):
    model = onnx.load(file)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
    net = (Transformer if "vit" in file else Convolutional)(model).cuda().to(kind).eval()
    x = torch.randn(batch, 3, 32, 32, device="cuda", dtype=kind)
    if "vit" not in file:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        eager = seconds(lambda: net(x))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            net(x)
        return eager, seconds(graph.replay)


def check(file):
    """The hand-written network against ONNX Runtime on the CPU, so that both sides run the same thing."""
    import onnxruntime
    model = onnx.load(file)
    net = (Transformer if "vit" in file else Convolutional)(model).eval()
    x = numpy.random.default_rng(0).standard_normal((4, 3, 32, 32)).astype(numpy.float32)
    expected = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {model.graph.input[0].name: x})[0]
    with torch.inference_mode():
        return float(numpy.abs(net(torch.tensor(x)).numpy() - expected).max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precisions", default="fp32,tf32,bf16")
    args = parser.parse_args()
    print(torch.cuda.get_device_name(), "PyTorch", torch.__version__)
    for name in [n for n in ("mobilenetv2", "vit") if os.path.exists(f"{args.assets}/cifar10/{n}.onnx")]:
        file = f"{args.assets}/cifar10/{name}.onnx"
        print(f"{name}: PyTorch's answers within {check(file):.1e} of ONNX Runtime's")
        for precision in args.precisions.split(","):
            best = [1e9, 1e9, 1e9]
            for _ in range(args.rounds):
                eager, graph = peer(file, precision, args.batch)
                output = subprocess.run([args.program, file, "--batch", str(args.batch), "--precision", precision, "--seconds", "1"], capture_output=True, text=True)
                found = re.search(r": ([\d.]+) ms a run", output.stdout)
                if not found:
                    print(output.stdout, output.stderr)
                    break
                best = [min(best[0], eager), min(best[1], graph), min(best[2], float(found[1]) / 1e3)]
                print("   ", output.stdout.strip())
            else:
                print(f"{name} {precision} batch {args.batch}: PyTorch eager {args.batch / best[0]:.0f}, in a graph {args.batch / best[1]:.0f}, ours {args.batch / best[2]:.0f} pictures/s; "
                      f"ratio {best[0] / best[2]:.2f} to eager, {best[1] / best[2]:.2f} to graph", flush=True)


if __name__ == "__main__":
    main()

"""What a plain script does for a sensitivity table: for each layer and number of bits round the weight (symmetric, per output channel,
clip found by search), put it into the model, open a new ONNX Runtime session and run all samples. The peer of sweep_benchmark.

Usage: plain_sweep.py MODEL CALIBRATION.npz [--samples N] [--threads N] [--every N] [--bits 8,6,5,4,3,2] [--table FILE]
--every N measures each Nth layer only; the time of all is then scaled up by the number of layers, and said so.
"""
import argparse
import time

import numpy as np
import onnx
import onnxruntime


def quantize(weight, bits):
    """The clip with the least squared error of 40, by row; scales rounded to half precision."""
    rows = weight.reshape(weight.shape[0], -1).astype(np.float64)
    most = 2 ** (bits - 1) - 1
    least = -(2 ** (bits - 1))
    largest = np.abs(rows).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    best = np.full(rows.shape[0], np.inf)
    result = np.zeros_like(rows)
    for clip in np.linspace(0.3, 1.1, 40):
        scale = np.float16(largest * clip / most).astype(np.float64)
        scale[scale == 0] = 1e-7
        rounded = np.clip(np.rint(rows / scale), least, most) * scale
        error = ((rounded - rows) ** 2).sum(axis=1)
        better = error < best
        best[better] = error[better]
        result[better] = rounded[better]
    return result.reshape(weight.shape).astype(np.float32)


def answers(model, data, threads, batch=64):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: data[i : i + batch]})[0] for i in range(0, len(data), batch)])


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--bits", default="8,6,5,4,3,2")
    parser.add_argument("--table", default="")
    given = parser.parse_args()
    bits = [int(b) for b in given.bits.split(",")]

    file = np.load(given.data)
    pictures = file[[k for k in ("x", "images", "data", "calibration_x", "test_x") if k in file][0]][: given.samples]
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    data = np.ascontiguousarray(((pictures.astype(np.float32) / 255 - mean) / deviation).transpose(0, 3, 1, 2))

    model = onnx.load(given.model)
    weights = {w.name: w for w in model.graph.initializer}
    layers = [n.input[1] for n in model.graph.node if n.op_type in ("Conv", "Gemm") and n.input[1] in weights]
    chosen = layers[:: given.every]

    start = time.time()
    before = log_softmax(answers(model, data, given.threads))
    lines = []
    for name in chosen:
        original = onnx.numpy_helper.to_array(weights[name]).copy()
        for b in bits:
            weights[name].CopyFrom(onnx.numpy_helper.from_array(quantize(original, b), name))
            after = log_softmax(answers(model, data, given.threads))
            kl = (np.exp(before) * (before - after)).sum(axis=1)
            size = original.size * b + original.shape[0] * 16
            lines.append(f"{name.removesuffix('.weight')} int{b} {kl.mean()!r} {kl.std(ddof=1) / len(kl) ** 0.5!r} {len(kl)} {size}")
        weights[name].CopyFrom(onnx.numpy_helper.from_array(original, name))
    seconds = time.time() - start
    if given.table:
        with open(given.table, "w") as out:
            out.write("\n".join(lines) + "\n")
    scaled = seconds * len(layers) / len(chosen)
    print(f"{len(chosen)} of {len(layers)} layers, {len(bits)} options, {len(data)} samples, {given.threads} threads: {seconds:.1f} s")
    if len(chosen) < len(layers):
        print(f"scaled up to all layers: {scaled:.1f} s")
    print(f"seconds {scaled:.2f}")


if __name__ == "__main__":
    main()

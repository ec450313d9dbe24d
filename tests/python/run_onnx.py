"""Runs an ONNX file in ONNX Runtime.

usage: run_onnx.py MODEL INPUT OUTPUT SHAPE
INPUT: float32 numbers of the network's only input, SHAPE of one sample as 3,32,32; the first output goes to OUTPUT as float32.
       run_onnx.py --right MODEL DATA.npz X Y SCALE MEAN STD [--plain]
Prints how many samples of pictures [N, H, W, C], [N, C, H, W] or [N, H, W] it answers right; --plain without graph optimisations.
"""
import sys

import numpy as np
import onnxruntime


def session_of(path, plain=False):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def answers(session, pictures):
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: np.ascontiguousarray(pictures[i : i + 100])})[0] for i in range(0, len(pictures), 100)])


def count_right(model, data, x, y, scale, mean, std, plain):
    with np.load(data) as arrays:
        pictures, labels = arrays[x].astype(np.float64), arrays[y]
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    elif pictures.shape[3] in (1, 3):
        pictures = pictures.transpose(0, 3, 1, 2)
    numbers = [np.array([float(v) for v in text.split(",")]).reshape(1, -1, 1, 1) for text in (mean, std)]
    pictures = ((pictures * float(scale) - numbers[0]) / numbers[1]).astype(np.float32)
    print(int((answers(session_of(model, plain), pictures).argmax(1) == labels).sum()))


if sys.argv[1] == "--right":
    count_right(*sys.argv[2:9], plain="--plain" in sys.argv)
else:
    model, given, made, shape = sys.argv[1:5]
    pictures = np.fromfile(given, np.float32).reshape([-1] + [int(v) for v in shape.split(",")])
    answers(session_of(model), pictures).astype(np.float32).tofile(made)

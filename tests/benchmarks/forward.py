"""Pictures a second of Planish and of ONNX Runtime, on the same files with the same number of threads, taken in turns.

usage: forward.py --program build/release/bin/forward_benchmark --assets ../shared/assets [--threads 2] [--rounds 3] [--seconds 1]
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy
import onnxruntime

PROCESSOR = False
NETWORKS = ["cifar10/mobilenetv2.onnx", "cifar10/vit.onnx", "cifar10/resnet20.onnx", "demo_glyphs/glyphs_mobilenetv2.onnx", "demo_digits/digits_resnet.onnx"]


def theirs(path, batch, threads, seconds):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    pictures = numpy.random.default_rng(1).standard_normal([batch] + list(given.shape[1:])).astype(numpy.float32)
    session.run(None, {given.name: pictures})
    best, processor, start = 1e30, 1e30, time.perf_counter()
    while time.perf_counter() - start < seconds:
        before, processor_before = time.perf_counter(), time.process_time()
        session.run(None, {given.name: pictures})
        best = min(best, time.perf_counter() - before)
        processor = min(processor, time.process_time() - processor_before)
    return batch / (processor if PROCESSOR else best)


def ours(program, path, batch, threads, seconds, mode):
    command = [program, path, str(batch), str(threads), str(seconds)] + ([mode] if mode else [])
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(text)["pictures_per_processor_second" if PROCESSOR else "pictures_per_second"]


def main():
    global PROCESSOR
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--only", default="", help="networks whose path contains this")
    parser.add_argument("--processor", action="store_true", help="per second of processor time, all threads together: for a busy machine, with one thread")
    arguments = parser.parse_args()
    PROCESSOR = arguments.processor
    print(f"| network | batch | ONNX Runtime {onnxruntime.__version__} | one executor, {arguments.threads} threads | ratio | {arguments.threads} executors | ratio |")
    print("|---|---|---|---|---|---|---|")
    for network in NETWORKS:
        path = str(pathlib.Path(arguments.assets) / network)
        if arguments.only not in network:
            continue
        for batch in (1, 64):
            best = [0.0, 0.0, 0.0]
            for _ in range(arguments.rounds):
                figures = [
                    theirs(path, batch, arguments.threads, arguments.seconds),
                    ours(arguments.program, path, batch, arguments.threads, arguments.seconds, ""),
                    ours(arguments.program, path, batch, arguments.threads, arguments.seconds, "--parallel") if batch > 1 else 0,
                ]
                best = [max(pair) for pair in zip(best, figures)]
            name = pathlib.Path(network).stem
            second = f"{best[2]:.0f} | {best[2] / best[0]:.2f}" if batch > 1 else "- | -"
            print(f"| {name} | {batch} | {best[0]:.0f} | {best[1]:.0f} | {best[1] / best[0]:.2f} | {second} |", flush=True)


main()

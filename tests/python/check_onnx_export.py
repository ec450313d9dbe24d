"""Runs exported ONNX files in ONNX Runtime and compares what comes out with what the program expects.

usage: check_onnx_export.py CASES.json
CASES.json: a list of {"model", "inputs": {name: {"file", "type", "shape"}}, "expected": {"file", "shape"},
"tolerance": largest absolute difference, "differing": share of elements that may differ by more (default 0),
"present", "absent": operation types that the optimised graph must or must not have}. Ends with 1 and a line a failed case.
"""
import json
import os
import sys
import tempfile

import numpy as np
import onnxruntime

import onnx


def run(case):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        optimised = os.path.join(folder, "optimised.onnx")
        options.optimized_model_filepath = optimised
        session = onnxruntime.InferenceSession(case["model"], options, providers=["CPUExecutionProvider"])
        types = {node.op_type for node in onnx.load(optimised, load_external_data=False).graph.node}
    inputs = {name: np.fromfile(given["file"], given["type"]).reshape(given["shape"]) for name, given in case["inputs"].items()}
    found = session.run(None, inputs)[0]
    expected = np.fromfile(case["expected"]["file"], "float32").reshape(case["expected"]["shape"])
    if found.shape != expected.shape:
        return f"shape {found.shape}, expected {expected.shape}"
    difference = np.abs(found.astype("float64") - expected)
    share = float((~(difference <= case["tolerance"])).mean())
    if share > case.get("differing", 0):
        return f"largest difference {difference.max():.3g} (allowed {case['tolerance']:.3g}), share beyond it {share:.4f}, operations {sorted(types)}"
    missing = set(case.get("present", [])) - types
    if missing:
        return f"the optimised graph has no {sorted(missing)}, only {sorted(types)}"
    unwanted = set(case.get("absent", [])) & types
    if unwanted:
        return f"the optimised graph has {sorted(unwanted)}"
    return None


def main():
    failed = 0
    for case in json.load(open(sys.argv[1])):
        try:
            problem = run(case)
        except Exception as error:  # a runtime that refuses the file is the finding
            problem = str(error).strip().splitlines()[0][:300]
        if problem:
            failed += 1
            print(f"{os.path.basename(case['model'])}: {problem}")
    sys.exit(1 if failed else 0)


main()

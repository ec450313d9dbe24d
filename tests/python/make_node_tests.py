#!/usr/bin/env python3
"""Writes ONNX's own node tests to a folder, unless the same version of the package wrote them there already.

    make_node_tests.py FOLDER

FOLDER/<case>/model.onnx, FOLDER/<case>/data_set_<N>/{input,output}_<K>.pb and FOLDER/<case>/case.json with the tolerances,
the operations and the kinds of values in it; FOLDER/stamp holds the version. Inputs and outputs that are no tensors
(sequences, optionals) are not written: case.json names them.
"""

import fcntl
import json
import os
import shutil
import sys

import onnx
from onnx import TensorProto, numpy_helper

FORMAT = 1


def operations(graph):
    """Types of all operations of a graph and of the graphs inside it, with their domain."""
    found = set()
    for node in graph.node:
        found.add(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found |= operations(attribute.g)
            for body in attribute.graphs:
                found |= operations(body)
    return found


def kind(value):
    field = value.type.WhichOneof("value")
    return TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower() if field == "tensor_type" else field


def write_tensor(path, value, name):
    if isinstance(value, (list, tuple, dict)) or value is None:
        return
    proto = value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)
    with open(path, "wb") as file:
        file.write(proto.SerializeToString())


def write_case(case, folder):
    os.makedirs(folder)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(case.model.SerializeToString())
    graph = case.model.graph
    values = list(graph.input) + list(graph.output)
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(
            {
                "rtol": case.rtol,
                "atol": case.atol,
                "operations": sorted(operations(graph)),
                "kinds": sorted({kind(value) for value in values}),
                "data_sets": len(case.data_sets),
                "inputs": len(graph.input),
                "outputs": len(graph.output),
            },
            file,
        )
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data = os.path.join(folder, f"data_set_{number}")
        os.makedirs(data)
        for k, value in enumerate(inputs):
            write_tensor(os.path.join(data, f"input_{k}.pb"), value, graph.input[k].name)
        for k, value in enumerate(outputs):
            write_tensor(os.path.join(data, f"output_{k}.pb"), value, graph.output[k].name)


def main():
    folder = sys.argv[1]
    # Tests that run side by side ask for the cases at one time: the first writes, the others wait.
    lock = open(folder.rstrip("/") + ".lock", "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    stamp = os.path.join(folder, "stamp")
    wanted = f"onnx {onnx.__version__}, format {FORMAT}"
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return
    from onnx.backend.test.case.node import collect_testcases

    shutil.rmtree(folder, ignore_errors=True)
    cases = collect_testcases()
    for case in cases:
        write_case(case, os.path.join(folder, case.name))
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    print(f"{len(cases)} cases in {folder}")


if __name__ == "__main__":
    main()

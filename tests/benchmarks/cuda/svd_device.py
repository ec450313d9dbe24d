#!/usr/bin/env python3
"""Weighted SVD on one GPU: ours beside torch.linalg.svd (float32, of the same weighted matrix) and torch.linalg.eigh (float64, of its smaller Gram matrix).

  svd_device.py --program svd_device_benchmark [--sizes 4096x4096,11008x4096] [--threads 2 --cpu-most 1400]

Weights have a falling spectrum, inputs are correlated. Of each the loss tr((W - LR) A (W - LR)^T) at a quarter of the ranks is computed in float64, as a share
of the whole; "tail" is what ours foretells. `--threads`: the processor, too, for matrices of at most `--cpu-most` rows and columns.
"""
import argparse
import re
import subprocess
import tempfile
import time

import numpy
import torch


def make(rows, columns, seed):
    g = torch.Generator(device="cuda").manual_seed(seed)
    random = lambda *shape: torch.randn(*shape, device="cuda", generator=g)
    least = min(rows, columns)
    scale = torch.arange(1, least + 1, device="cuda") ** -0.5
    weight = (random(rows, least) * scale) @ random(least, columns) / least ** 0.5 + 0.02 * random(rows, columns)
    gram = torch.zeros(columns, columns, device="cuda", dtype=torch.float64)
    mix = random(columns, columns) * torch.arange(1, columns + 1, device="cuda")[:, None] ** -0.4
    for _ in range(4):
        x = (random(columns, columns) @ mix).double()
        gram += x.T @ x
    return weight.contiguous(), gram


def seconds(run, repeats):
    run()
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.time()
        run()
        torch.cuda.synchronize()
        times.append(time.time() - start)
    return float(numpy.median(times))


def loss(weight, gram, left, right):
    e = weight.double() - left.double() @ right.double()
    return float(((e @ gram) * e).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--sizes", default="4096x4096,11008x4096,4096x11008")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cpu-most", type=int, default=1400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--torch-repeats", type=int, default=1)
    args = parser.parse_args()
    print(torch.cuda.get_device_name(), "PyTorch", torch.__version__, flush=True)
    torch.linalg.svd(torch.randn(64, 64, device="cuda"))
    for number, size in enumerate(args.sizes.split(",")):
        rows, columns = map(int, size.split("x"))
        weight, gram = make(rows, columns, number)
        rank = min(rows, columns) // 4
        ridged = gram + 1e-3 * gram.diagonal().mean() * torch.eye(columns, device="cuda", dtype=torch.float64)
        root = torch.linalg.cholesky(ridged)
        product = weight.double() @ root
        single = product.float()
        kept = {}
        times = {
            "cholesky": seconds(lambda: torch.linalg.cholesky(ridged), args.repeats),
            "svd": seconds(lambda: kept.update(svd=torch.linalg.svd(single, full_matrices=False)), args.torch_repeats),
            "eigh": seconds(lambda: kept.update(eigh=torch.linalg.eigh(product @ product.T if rows <= columns else product.T @ product)), args.torch_repeats),
        }
        u, s, vh = kept["svd"]
        left = u[:, :rank] * s[:rank].sqrt()
        right = torch.linalg.solve_triangular(root, (s[:rank].sqrt()[:, None] * vh[:rank]).double(), upper=False, left=False)
        peer = loss(weight, ridged, left, right.float())
        whole = loss(weight, ridged, torch.zeros(rows, 1, device="cuda"), torch.zeros(1, columns, device="cuda"))
        with tempfile.TemporaryDirectory() as folder:
            weight.cpu().numpy().tofile(f"{folder}/weight.f32")
            gram.cpu().numpy().tofile(f"{folder}/gram.f64")
            threads = args.threads if max(rows, columns) <= args.cpu_most else 0
            del u, s, vh, root
            kept.clear()
            torch.cuda.empty_cache()
            output = subprocess.run([args.program, folder, "--rows", str(rows), "--columns", str(columns), "--rank", str(rank), "--repeats", str(args.repeats), "--threads", str(threads)],
                                    capture_output=True, text=True)
            if output.returncode:
                raise SystemExit(output.stderr)
            ours = {m[1]: [float(m[i]) for i in (2, 3, 4)] for m in re.finditer(r"(\w+): root ([\d.]+) s, singular values and vectors ([\d.]+) s, factors ([\d.]+) s", output.stdout)}
            read = lambda name, *shape: torch.from_numpy(numpy.fromfile(f"{folder}/{name}.f32", numpy.float32).reshape(shape)).cuda()
            own = loss(weight, ridged, read("left", rows, rank), read("right", rank, columns))
            values = numpy.fromfile(f"{folder}/values.f64")
        tail = float((values[rank:] ** 2).sum())
        print(f"{size}: torch cholesky {times['cholesky']:.4f}, svd {times['svd']:.4f}, eigh of the Gram matrix {times['eigh']:.4f} s; "
              + "; ".join(f"{where} {t[0]:.4f} + {t[1]:.4f} + {t[2]:.4f}" for where, t in ours.items())
              + f"; svd / ours {times['svd'] / ours['device'][1]:.1f}; share of the loss at rank {rank}: torch {peer / whole:.9f}, ours {own / whole:.9f}, tail {tail / whole:.9f}", flush=True)


if __name__ == "__main__":
    main()

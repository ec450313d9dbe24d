#!/usr/bin/env python3
"""The authors' GPTQ and SparseGPT and ours on one GPU in one run: seconds, errors, and what the card can do at all.

  compare.py --program block_benchmark --peer gptq_block.py --gptq DIR --sparsegpt DIR --out FOLDER [--work FOLDER] [--tokens N --width N --hidden N]

gptq_block.py times the authors' code on a block of a language model and writes the weights and Hessians it used; block_benchmark repeats the work on them.
The error of a result Q is tr((W-Q) H (W-Q)^T) in float64. Layers with the same input share a Hessian and its factor in ours: of a block's seven layers q, k, v and
gate, up; "each" is the time without that. FOLDER/compare.json holds everything, the table goes to standard output.
"""
import argparse, json, os, subprocess, sys
import numpy as np
import torch


def median(call, repetitions=7):
    call(); times = []
    for _ in range(repetitions):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record(); call(); end.record(); torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return sorted(times)[repetitions // 2]


def ceilings():
    """TB/s and TFLOP/s on random numbers."""
    found = {}
    source = torch.randn(1 << 29, device="cuda"); target = torch.empty_like(source)
    found["copy_TBs"] = 2 * source.numel() * 4 / median(lambda: target.copy_(source)) / 1e12
    del source, target
    n = 8192
    for name, dtype, tf32 in (("bf16", torch.bfloat16, False), ("fp16", torch.float16, False), ("tf32", torch.float32, True), ("fp32", torch.float32, False), ("fp64", torch.float64, False)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = torch.randn(n, n, device="cuda", dtype=dtype), torch.randn(n, n, device="cuda", dtype=dtype)
        found[name + "_TFLOPs"] = 2 * n ** 3 / median(lambda: a @ b) / 1e12
    torch.backends.cuda.matmul.allow_tf32 = False
    return found


def load(path, rows, columns):
    return torch.from_numpy(np.fromfile(path, "<f4").reshape(rows, columns)).cuda()


def error(weight, result, hessian):
    return sum(((d @ hessian) * d).sum().item() for d in (weight.double() - result.double()).split(2048))


def gram_errors(program, work, columns, tokens):
    """Against float64: ours by batch size, and float32 products (how the authors' code adds up)."""
    torch.manual_seed(int.from_bytes(os.urandom(4), "little"))
    mix = torch.randn(columns, columns, device="cuda") / columns ** .5
    scale = torch.logspace(0, -1.5, columns, device="cuda")
    report = []
    for name, dtype, rows in (("float16", torch.float16, tokens), ("float32", torch.float32, tokens // 4)):
        x = torch.cat([((torch.randn(4096, columns, device="cuda") * scale) @ mix + .05 * torch.randn(4096, columns, device="cuda")).to(dtype) for _ in range(rows // 4096)])
        exact = sum(part.double().t() @ part.double() for part in x.split(8192))
        size = exact.diagonal().sqrt()
        def judge(label, found):
            difference = found.double() - exact
            report.append({"type": name, "tokens": rows, "columns": columns, "how": label, "frobenius": (difference.norm() / exact.norm()).item(),
                           "worst": (difference.abs() / size / size[:, None]).max().item(), "diagonal": (difference.diagonal() / exact.diagonal()).abs().mean().item()})
        plain = torch.zeros(columns, columns, device="cuda")
        for part in x.float().split(2048):
            plain += part.t() @ part
        judge("float32 products", plain)
        path, out = os.path.join(work, "x." + name), os.path.join(work, "gram.f32")
        x.cpu().numpy().tofile(path)
        for batch in (256, 512, 1024, 2048):
            subprocess.run([program, "gram", path, name, str(columns), str(batch), out], check=True)
            judge(f"ours, {batch} rows a product", load(out, columns, columns))
        os.remove(path)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "peer", "gptq", "sparsegpt", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--work", default=None); parser.add_argument("--tokens", type=int, default=128 * 2048)
    parser.add_argument("--width", type=int, default=4096); parser.add_argument("--hidden", type=int, default=11008)
    a = parser.parse_args()
    work = a.work or a.out
    os.makedirs(work, exist_ok=True); os.makedirs(a.out, exist_ok=True)
    subprocess.run([sys.executable, a.peer, "--gptq", a.gptq, "--sparsegpt", a.sparsegpt, "--out", work, "--tokens", str(a.tokens), "--width", str(a.width),
                    "--hidden", str(a.hidden), "--inputs"], check=True, stdout=subprocess.DEVNULL)
    peer = json.load(open(os.path.join(work, "peer.json")))
    ours = json.loads(subprocess.run([a.program, "block", work, str(a.tokens)], check=True, stdout=subprocess.PIPE).stdout)
    report = {"peer": peer, "ours": ours, "ceilings": ceilings(), "errors": []}
    print("matrix         what      peer s   ours s (factor + sweep)       ratio   error peer     error ours     ours/peer")
    hessians = {c: load(os.path.join(work, f"H.{c}.f32"), c, c).double() for c in (a.width, a.hidden)}
    layer = {(l["rows"], l["columns"]): l for l in ours["layers"]}
    counts = {(m["rows"], m["columns"]): m["in_block"] for m in peer["matrices"]}
    shared = {(a.width, a.width): 2, (a.hidden, a.width): 1, (a.width, a.hidden): 1}  # distinct inputs: q k v, o; gate up; down
    for m in peer["matrices"]:
        rows, columns = m["rows"], m["columns"]
        weight = load(os.path.join(work, f"W.{rows}x{columns}.f32"), rows, columns)
        for kind, key in (("gptq", "gptq"), ("share", "sparsegpt"), ("pattern", "sparsegpt24")):
            result = load(os.path.join(work, f"Q.{kind}.{rows}x{columns}.f32"), rows, columns)
            found, theirs = error(weight, result, hessians[columns]), m[key + "_error"]
            factor, sweep = layer[rows, columns]["prepare"]["median_s"], layer[rows, columns][kind]["median_s"]
            report["errors"].append({"rows": rows, "columns": columns, "kind": kind, "ours": found, "peer": theirs, "zeros": (result == 0).float().mean().item()})
            print(f"{rows:6}x{columns:<7} {kind:8} {m[key + '_s']:7.3f}   {factor + sweep:.4f} ({factor:.4f} + {sweep:.4f})  {m[key + '_s'] / (factor + sweep):7.1f}x   {theirs:.6e}   {found:.6e}   {found / theirs:.6f}")
    gram = {g["columns"]: g for g in ours["grams"]}
    rows = [("Hessians", peer["block_hessian_s"], sum(shared[s] * gram[s[1]]["float16"]["median_s"] for s in counts), sum(counts[s] * gram[s[1]]["float16"]["median_s"] for s in counts))]
    for kind, key in (("gptq", "gptq"), ("share", "sparsegpt"), ("pattern", "sparsegpt24")):
        sweeps = sum(counts[s] * layer[s][kind]["median_s"] for s in counts)
        rows.append((kind, peer[f"block_{key}_s"], sweeps + sum(shared[s] * layer[s]["prepare"]["median_s"] for s in counts), sweeps + sum(counts[s] * layer[s]["prepare"]["median_s"] for s in counts)))
    report["block"] = [{"what": w, "peer_s": p, "ours_s": o, "each_s": e, "ratio": p / o, "ratio_each": p / e} for w, p, o, e in rows]
    print("block          peer s    ours s    ratio    each s   ratio")
    for r in report["block"]:
        print(f"{r['what']:12} {r['peer_s']:8.3f}  {r['ours_s']:8.4f}  {r['ratio']:6.1f}x  {r['each_s']:8.4f}  {r['ratio_each']:6.1f}x")
    report["gram_errors"] = gram_errors(a.program, work, 2048, a.tokens)
    for g in report["gram_errors"]:
        print(f"Gram {g['type']} {g['tokens']}x{g['columns']} {g['how']:24} frobenius {g['frobenius']:.2e}  worst {g['worst']:.2e}  mean of the diagonal {g['diagonal']:.2e}")
    for g in ours["grams"]:
        for kind, tokens in (("float16", a.tokens), ("float32", a.tokens // 8)):
            s = g[kind]["median_s"]
            print(f"Gram {kind} {tokens}x{g['columns']}: {s * 1e3:.1f} ms, {tokens * g['columns'] * (g['columns'] + 1) / s / 1e12:.0f} TFLOP/s of the triangle")
    print("factor", {f"{l['columns']}": {p: round(l[p]['median_s'] * 1e3, 2) for p in ('prepare_float32', 'prepare_float64')} for l in ours["layers"]}, "ms")
    print({k: round(v, 2) for k, v in report["ceilings"].items()}, ours["device"])
    json.dump(report, open(os.path.join(a.out, "compare.json"), "w"), indent=1)


if __name__ == "__main__":
    main()

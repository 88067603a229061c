"""Analyse real data sets end to end by the command a user gives; one JSON row a case, with the figures it found.

    python benchmarks/real_sets.py [--case NAME …] [--data ../shared/data] [--keep DIR]

Cases whose data are absent say so. `clothing-*`: 5,096 photos in 17 classes as a folder per class, natural noise.
`fashion-test`: the 10,000 test images of Fashion-MNIST. Peak memory is that of the largest process, in MiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

CASES: dict[str, dict[str, Any]] = {
    "digits": {"source": "digits", "options": []},
    "clothing-patches": {"source": "clothing/images", "options": []},
    "clothing-squeezenet": {
        "source": "clothing/images",
        "options": [
            *("--model", "squeezenet1_0", "--weights", "@weights/squeezenet1_0_imagenet_caffe.npz"),
            *("--preprocess", "caffe", "--mode", "probe"),
        ],
    },
    "fashion-mnist": {"source": "fashion_mnist/fashion_mnist.npz", "options": []},
}
QUICK = ("digits", "clothing-squeezenet")


def run(name: str, data: Path, keep: Path) -> dict[str, Any]:
    """Analyse one case; gives the row to print."""
    case = CASES[name]
    source = case["source"] if case["source"] == "digits" else str(data / case["source"])
    if source != "digits" and not Path(source).exists():
        return {"case": name, "skipped": f"{case['source']} is not there"}
    options = [str(data / option[1:]) if option.startswith("@") else option for option in case["options"]]
    workspace = keep / name
    command = [sys.executable, "-m", "analysis", "run", source, "--workspace", str(workspace), *options]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return {"case": name, "failed": done.stderr.strip().splitlines()[-1]}
    figures = json.loads(next(workspace.glob("runs/*/summary.json")).read_text(encoding="utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    shown = " ".join(["python -m analysis run", case["source"], *case["options"]])
    found = figures["detection"] or {}
    return {
        "case": name,
        "command": shown.replace("@", ""),
        "images": figures["n_images"],
        "classes": figures["n_classes"],
        "set_aside": figures["n_set_aside"],
        "accuracy": round(figures["accuracy"]["value"], 4),
        "interval": [round(figures["accuracy"]["low"], 4), round(figures["accuracy"]["high"], 4)],
        "suspects": figures["n_suspects"],
        "estimated_wrong": round(figures["estimated_wrong"]["value"], 4),
        "communities": figures["n_communities"],
        "alone": figures["n_alone"],
        "modularity": round(figures["modularity"], 3),
        "mass_kept": round(figures["mass_kept"], 3),
        "model": figures["model"],
        "device": figures["device"],
        "wall_s": round(time.monotonic() - began, 1),
        "cpu_s": round(cpu, 1),
        "peak_mib": round(after.ru_maxrss / 1024),
        "seconds": figures["seconds"],
        **{key: round(value, 4) for key, value in found.items() if isinstance(value, float)},
    }


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=list(CASES), help=f"default: {', '.join(QUICK)}")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--keep", type=Path, help="keep the workspaces here")
    args = parser.parse_args()
    keep = args.keep or Path(tempfile.mkdtemp(prefix="lookalike-bench-"))
    try:
        for name in args.case or QUICK:
            print(json.dumps(run(name, args.data.resolve(), keep)), flush=True)
    finally:
        if args.keep is None:
            shutil.rmtree(keep, ignore_errors=True)


if __name__ == "__main__":
    main()

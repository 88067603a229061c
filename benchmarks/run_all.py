"""Run every benchmark in its quick form, one after the other; each prints one JSON row a case."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = (
    "*.py",
    "cost/*_cost.py",
    "*/run.py",
    "detection/verdicts.py",
    "review/*.py",
    "evaluate/*.py",
    "dashboard/*_cost.py",
    "dashboard/speed_table.py",
)


def main() -> int:
    failed = []
    scripts = sorted(p for pattern in SCRIPTS for p in HERE.glob(pattern) if p.name != Path(__file__).name)
    for script in scripts:
        print(f"# {script.relative_to(HERE.parent)}", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=HERE.parent, check=False).returncode:
            failed.append(script.name)
    tail = f"; failed: {failed}" if failed else ""
    print(f"# {len(scripts) - len(failed)} of {len(scripts)} benchmarks ran{tail}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Builds the finder's compiled part when the package is built or installed (a hatchling hook).

With the compiler that is there (gcc, clang, cc), else with the one that `pip install ziglang`
brings. Without a compiler the package is complete, too: the finder then searches in numpy, with the
same results. `python build_kernel.py` builds it in this checkout.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FINDER = Path(__file__).resolve().parent / "fink_tracklets" / "finder"
# Not contracted to fused operations, so that sums are those of numpy (see kernel.c).
FLAGS = (
    *("-O3", "-std=gnu99", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
    *("-shared", "-fPIC", "-s"),
)


def compilers() -> list[list[str]]:
    """The commands that may compile, the best first."""
    named = [[path] for name in ("gcc", "clang", "cc") if (path := shutil.which(name))]
    zig = [[sys.executable, "-m", "ziglang", "cc"]] if find_spec("ziglang") else []
    return [*named, *zig]


def build(folder: Path = FINDER) -> Path | None:
    """Compile the kernel into a folder, in place of older ones; None where nothing compiles it."""
    source = FINDER / "kernel.c"
    parts = sorted([source, *FINDER.glob("kernel_*.h")])
    digest = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    for old in folder.glob("kernel-*.so"):
        old.unlink()
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "kernel.so"
        for compiler in compilers():
            command = [*compiler, *FLAGS, f'-DFINK_SOURCE="{digest}"', "-o", made, source, "-lm"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                content = made.read_bytes()
                name = hashlib.sha256(content).hexdigest()
                target = folder / f"kernel-{sys.platform}-{platform.machine()}-{name}.so"
                # In one step: a running program may hold the file of the same name.
                os.replace(shutil.copy(made, folder / f".{name}.tmp"), target)
                return target
    return None


class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the kernel into the wheel, or beside the sources of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is made."""
        made = build()
        if made is None:
            self.app.display_warning("No compiler: the finder will search in numpy.")
            return
        build_data["artifacts"].append(f"/fink_tracklets/finder/{made.name}")
        build_data["pure_python"] = False
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{system}"  # of any Python: it is called by ctypes


if __name__ == "__main__":
    print(build() or "No compiler: the finder will search in numpy.")

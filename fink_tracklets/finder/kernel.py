"""The compiled search for lines (`kernel.c`): where it is found, and how it is called.

It is built when the package is installed (`build_kernel.py`), and a plain numpy search takes its
place where it is not there. It lists pairs that may hold a tracklet, with bounds, and the points
that may be near an arc, a few too many: all that a result depends on is computed by numpy when a
line is grown, so that results are the same bits with and without it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, gammaln

from fink_tracklets.finder.grow import BENDS, CAPTURES, EXTEND_BELOW
from fink_tracklets.finder.lines import MAX_WORK, Asleep, Lines
from fink_tracklets.finder.significance import DENSER, MIN_GAP_CHANCE, MIN_RESOLVED, NullModel
from fink_tracklets.finder.spacing import MAX_MISSED, NULL_WEIGHT, evidence_bounds
from fink_tracklets.finder.vectors import Array, Ints

PARTS = ("agree", "anchor", "grown", "line", "null", "places")
SOURCES = ("kernel.c", *(f"kernel_{part}.h" for part in PARTS))
LINES, MOST_LINES, POINTS = 20_000, 320_000, 400_000
"""Lines that are listed at once, at first and in crowds, and points near lines."""
DONE, FULL, TOO_LITTLE, NO_MEMORY, TOO_MUCH = range(5)
"""How a call ended."""
STRIPS = 5
"""How many of `NullModel.box_widths` are counted beside a line not fitted (`kernel_line.h`)."""


class KernelError(Exception):
    """Why there is no kernel, as a sentence."""


def kernel_name(content: bytes) -> str:
    """The file name of a kernel for this machine: its system, processor and content."""
    return f"kernel-{sys.platform}-{platform.machine()}-{hashlib.sha256(content).hexdigest()}.so"


@cache
def load_kernel() -> ctypes.CDLL | None:
    """The kernel; None where it is not there or cannot be used, see `missing_kernel`."""
    return None if missing_kernel() else _open_kernel()


@cache
def missing_kernel() -> str:
    """Why the finder searches in numpy, as a sentence; empty where it has its kernel."""
    try:
        _open_kernel()
    except KernelError as error:
        return f"The finder's compiled part is not used: {error}; searching in numpy, same results."
    return ""


@cache
def _open_kernel() -> ctypes.CDLL:
    """Load the kernel that belongs to this machine and to the source beside it."""
    folder = files("fink_tracklets.finder")
    prefix = kernel_name(b"").rpartition("-")[0]
    kernels = [file for file in folder.iterdir() if file.name.startswith("kernel-")]
    mine = [file for file in kernels if file.name.rpartition("-")[0] == prefix]
    if not mine:
        others = ", ".join(sorted(file.name.rpartition("-")[0] for file in kernels))
        raise KernelError(f"there is none for {prefix[7:]}{f', only {others}' if others else ''}")
    sources = b"".join((folder / name).read_bytes() for name in SOURCES)
    source = hashlib.sha256(sources).hexdigest()
    for file in mine:
        content = file.read_bytes()
        if kernel_name(content) != file.name:
            raise KernelError(f"{file.name} is damaged")
        try:
            library = ctypes.CDLL(str(_on_disk(file, content)))
            library.fink_source.restype = ctypes.c_char_p
        except (OSError, AttributeError) as error:
            raise KernelError(f"it cannot be loaded ({error})") from error
        if library.fink_source() == source.encode():
            library.fink_near.restype = ctypes.c_int64
            return library
    raise KernelError("it was built from another source")


def _on_disk(file: Traversable, content: bytes) -> Path:
    """The file itself, or a copy of one that lies in an archive, in a folder of the user's own."""
    if isinstance(file, Path):
        return file
    folder = Path(tempfile.gettempdir()) / f"fink_tracklets-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077 or folder.is_symlink():
        folder = Path(tempfile.mkdtemp(prefix="fink_tracklets-"))
    copy = folder / file.name
    if not copy.is_file() or copy.read_bytes() != content:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new:
            new.write(content)
        os.replace(new.name, copy)
    return copy


class _Null(ctypes.Structure):
    """`Null` of the source."""

    _fields_ = (
        *(
            (name, ctypes.c_int64)
            for name in ("n", "min_points", "n_radii", "n_evidence", "n_widths", "n_strips")
        ),
        *((name, ctypes.c_int64) for name in ("max_missed", "captures", "min_resolved", "n_bends")),
        *(
            (name, ctypes.c_double)
            for name in ("sin_t", "first_tolerance", "tolerance", "max_curvature", "density")
        ),
        *((name, ctypes.c_double) for name in ("log10_pairs", "limit", "later", "no_beat")),
        *((name, ctypes.c_double) for name in ("min_gap_chance", "least_versine")),
        *(
            (name, ctypes.c_void_p)
            for name in ("radii", "cosines", "curvatures", "evidence", "widths", "enough")
        ),
        ("log_factorials", ctypes.c_void_p),
    )


COLUMNS = dict.fromkeys(
    ("field", "i", "j", "radius", "within_i", "within_j", "count"), np.int64
) | dict.fromkeys(("mean", "bound"), np.float64)
"""Of `Lines`, and their types."""


class _Out(ctypes.Structure):
    """`Out` of the source."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("lines", "max_lines", "work", "max_work")),
        *((name, ctypes.c_void_p) for name in COLUMNS),
    )


@lru_cache(maxsize=32)
def _enough(n: int) -> Array:
    """Means with which 0, 1, ..., n points or more come with a chance of `DENSER`."""
    return np.asarray(gammaincinv(np.maximum(np.arange(n + 1), 1), DENSER))


@lru_cache(maxsize=32)
def _log_factorials(n: int) -> Array:
    """Natural logarithms of 0! to n!, and of some more."""
    return np.asarray(gammaln(np.arange(n + 64) + 1.0))


def _null_of(null: NullModel) -> tuple[_Null, list[Array]]:
    """The numbers of a null model for the kernel, and the arrays that must outlive its use."""
    limit = np.log10(null.threshold)
    arrays = {
        "radii": null.radii,
        "cosines": np.cos(null.radii),
        "curvatures": null.log10_curvatures(null.radii),
        "evidence": evidence_bounds(),
        "widths": null.box_widths,
        "enough": _enough(null.n),
        "log_factorials": _log_factorials(null.n),
    }
    numbers = _Null(
        n=null.n,
        min_points=null.min_points,
        n_radii=len(null.radii),
        n_evidence=len(arrays["evidence"]),
        n_widths=len(null.box_widths),
        n_strips=min(STRIPS, len(null.box_widths)),
        max_missed=MAX_MISSED,
        captures=CAPTURES,
        min_resolved=MIN_RESOLVED,
        n_bends=BENDS,
        sin_t=np.sin(null.first_tolerance),
        first_tolerance=null.first_tolerance,
        tolerance=null.tolerance,
        max_curvature=null.max_curvature,
        density=null.density,
        log10_pairs=null.log10_pairs,
        limit=limit,
        later=limit + EXTEND_BELOW,
        no_beat=np.log10(NULL_WEIGHT),
        min_gap_chance=MIN_GAP_CHANCE,
        least_versine=1 - np.cos(null.radii[0]),
        **{name: array.ctypes.data for name, array in arrays.items()},
    )
    return numbers, list(arrays.values())


def by_kernel(
    kernel: ctypes.CDLL, points: Array, names: Ints, null: NullModel, given_up: set[int]
) -> Iterator[Lines]:
    """Lines of fields within 60 degrees of their centres, those that may hold a tracklet.

    Parameters
    ----------
    points : (E, n, 3) unit vectors
    names : (E,) the fields' rows, as the lines shall name them
    given_up : gets the rows of fields with more than `MAX_WORK`; some of their lines come, too
    """
    xyz = np.ascontiguousarray(points.swapaxes(1, 2))
    numbers, kept = _null_of(null)
    field, anchor, work = ctypes.c_int64(), ctypes.c_int64(), 0
    n_lines, state = LINES, FULL
    while state != DONE and field.value < len(points):
        columns: dict[str, Any] = {
            name: np.empty(n_lines, dtype=kind) for name, kind in COLUMNS.items()
        }
        out = _Out(
            max_lines=n_lines,
            work=work,
            max_work=MAX_WORK,
            **{name: column.ctypes.data for name, column in columns.items()},
        )
        state = kernel.fink_lines(
            ctypes.byref(numbers),
            ctypes.c_void_p(xyz.ctypes.data),
            ctypes.c_int64(len(xyz)),
            *(ctypes.byref(place) for place in (field, anchor)),
            ctypes.byref(out),
        )
        work = out.work
        if state == NO_MEMORY:
            raise MemoryError("the finder's kernel")
        if state == TOO_LITTLE or (state == FULL and n_lines < MOST_LINES):
            n_lines = 2 * n_lines
        if state == TOO_MUCH:
            given_up.add(int(names[field.value]))
            field.value, anchor.value, work = field.value + 1, 0, 0
        if out.lines:
            some = {name: column[: out.lines] for name, column in columns.items()}
            some["field"] = names[some["field"]]
            yield Lines(**some)
    del kept


def disturb_by_kernel(
    kernel: ctypes.CDLL,
    xyz: Array,
    asleep: Asleep,
    members: Ints,
    free: NDArray[np.bool_],
    null: NullModel,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the lines asleep lie near points that were taken, and which of these may have a
    tracklet among the points that are free; see `near.disturb`."""
    numbers, kept = _null_of(null)
    states = np.empty(asleep.shape[1], dtype=np.uint8)
    i, j = (np.ascontiguousarray(ends) for ends in asleep)
    done: int = kernel.fink_disturb(
        ctypes.byref(numbers),
        *(ctypes.c_void_p(array.ctypes.data) for array in (xyz, free.view(np.uint8))),
        ctypes.c_int64(len(members)),
        ctypes.c_void_p(members.ctypes.data),
        ctypes.c_int64(len(i)),
        *(ctypes.c_void_p(array.ctypes.data) for array in (i, j, states)),
    )
    if not done:
        raise MemoryError("the finder's kernel")
    del kept
    return states > 0, states > 1


def near_by_kernel(
    kernel: ctypes.CDLL, xyz: Array, i: Ints, j: Ints, width: float
) -> Iterator[tuple[int, int, Ints, Ints]]:
    """Of some lines, from the first to before the last: pairs (line, point) near its arc.

    Parameters
    ----------
    xyz : (3, n) unit vectors
    i, j : (L,) the lines' ends
    width : sine of the distance from a line, at most
    """
    size = max(POINTS, xyz.shape[1])
    i, j = np.ascontiguousarray(i, dtype=np.int64), np.ascontiguousarray(j, dtype=np.int64)
    begin = 0
    while begin < len(i):
        count, near = np.empty(len(i) - begin, np.int64), np.empty(size, np.int64)
        done: int = kernel.fink_near(
            *(ctypes.c_void_p(xyz[k].ctypes.data) for k in range(3)),
            *(ctypes.c_int64(number) for number in (xyz.shape[1], len(i) - begin)),
            *(ctypes.c_void_p(ends[begin:].ctypes.data) for ends in (i, j)),
            ctypes.c_double(width),
            ctypes.c_int64(size),
            *(ctypes.c_void_p(found.ctypes.data) for found in (count, near)),
        )
        if not done:
            raise MemoryError("the finder's kernel")
        line = np.repeat(np.arange(done), count[:done])
        yield begin, begin + done, line, near[: len(line)]
        begin += done

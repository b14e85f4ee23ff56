"""The finder's compiled search: the same bits with and without it, and what happens without it."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import scenes
from benchmarks.finder import without_kernel
from benchmarks.scenes import on_sky, side
from fink_tracklets.finder import kernel, search
from fink_tracklets.finder.grow import EXTEND_BELOW, grow
from fink_tracklets.finder.kernel import by_kernel
from fink_tracklets.finder.lines import Lines, neighbours_within
from fink_tracklets.finder.near import disturb, lines_between, near_points
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.significant import lines_by_field, link
from fink_tracklets.finder.track import score
from fink_tracklets.sky.sphere import ARCSEC

FINDER = Path(kernel.__file__).parent


@pytest.fixture
def compiled():
    if kernel.load_kernel() is None:
        pytest.skip(kernel.missing_kernel())


@pytest.fixture
def without():
    """Run something without the kernel."""

    def run(call):
        with without_kernel():
            return call()

    return run


def same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert one[2] == other[2]


@pytest.mark.parametrize(
    ("kind", "n"),
    [
        *((kind, n) for kind in scenes.SCENES for n in (5, 40)),
        *(("uniform", 200), ("strips", 200)),
        *(
            pytest.param(kind, 200, marks=pytest.mark.campaign)
            for kind in scenes.SCENES
            if kind not in ("uniform", "strips")
        ),
    ],
)
def test_the_same_bits_with_and_without(ztf, compiled, without, kind, n):
    """Of equal and unequal sizes in one call, with tracklets, rows in any order."""
    rng, size = np.random.default_rng(n), side(ztf)
    fields = []
    for k in range(4):
        sky = scenes.SCENES[kind](rng, n, size)
        if k % 2:
            sky = np.concatenate([sky, scenes.tracklets(rng, 2, size, 0.3)[0]])
        fields.append(on_sky(rng.permutation(sky), rng.uniform(0, 360), rng.uniform(-90, 90)))
    points, exposure = np.concatenate(fields), np.repeat(np.arange(4), [len(f) for f in fields])
    found = link(points, exposure, ztf)
    assert len(found[1]) > 0
    same(found, without(lambda: link(points, exposure, ztf)))


def parallel(gap, n=40):
    """Two lines of n flashes side by side [arcsec]."""
    rng = np.random.default_rng(3)
    along = np.arange(n) * 25.0 + rng.normal(0, 4, (2, n))
    across = np.array([[0.0], [gap]]) + rng.normal(0, 0.3, (2, n))
    return np.stack([along.ravel(), across.ravel()], axis=1)


@pytest.mark.parametrize("gap", [4.0, 9.0, 26.0])
def test_dense_lines_are_the_same(ztf, compiled, without, gap):
    rng = np.random.default_rng(5)
    points = on_sky(np.concatenate([parallel(gap), scenes.uniform(rng, 60, side(ztf))]))
    exposure = np.zeros(len(points), dtype=np.int64)
    found = link(points, exposure, ztf)
    assert len(found[1]) > 0
    same(found, without(lambda: link(points, exposure, ztf)))


def test_what_is_too_much_work_is_given_up_alike(ztf, compiled, without, monkeypatch):
    """And nothing else: the exposures beside it keep their tracklets."""
    for module in (search, kernel):
        monkeypatch.setattr(module, "MAX_WORK", 20_000)
    calm = on_sky(np.concatenate([parallel(500.0, 12), scenes.uniform(
        np.random.default_rng(1), 76, side(ztf))]))  # fmt: skip
    crowd = on_sky(parallel(9.0, 50))
    points, exposure = np.concatenate([calm, crowd, calm]), np.repeat([3, 5, 8], 100)
    found = link(points, exposure, ztf)
    assert found[2] == [5]
    assert len(found[1]) == 4
    assert (found[0][100:200] == -1).all()
    same(found, without(lambda: link(points, exposure, ztf)))


def edge(rng, n, size):
    """A strip of artefacts 60 arcsec wide."""
    strip = np.stack([rng.uniform(-30, 30, n), rng.uniform(0, 3000, n)], axis=1)
    return np.concatenate([strip, scenes.uniform(rng, 100, size)])


@pytest.mark.parametrize(("scene", "n"), [(edge, 200), (scenes.knots, 400), (scenes.rings, 400)])
def test_lines_asleep_hold_no_tracklet(ztf, compiled, scene, n):
    """What numpy grows from them and judges is none, neither at first nor when points are taken."""
    rng = np.random.default_rng(8)
    points = on_sky(scene(rng, n, side(ztf)))
    null = NullModel.of(ztf, len(points))
    xyz, limit = np.ascontiguousarray(points.T), np.log10(null.threshold) + EXTEND_BELOW
    [(_, _, asleep)] = lines_by_field(points[None], null, set())
    assert asleep.shape[1] > 500
    members = rng.choice(len(points), 10, replace=False)
    for taken in (np.empty(0, dtype=np.int64), members):
        free = ~np.isin(np.arange(len(points)), taken)
        disturbed, awake = disturb(xyz, asleep, np.arange(len(points)), free, null)
        assert disturbed.all()
        assert (~awake).sum() > 500
        i, j = asleep[:, ~awake & free[asleep].all(axis=0)].astype(np.int64)
        lines = lines_between(xyz, i, j, null)
        count, near = near_points(xyz, i, j, free, null)
        sets = [track for _, track in grow(xyz, replace(lines, count=count), near, null)]
        assert all(track.log10_nfa >= limit for track in (score(null, xyz, sets) if sets else []))


def test_few_at_once_are_the_same(ztf, compiled, monkeypatch):
    """However little fits in the arrays that the kernel fills."""
    points = on_sky(np.concatenate([parallel(26.0), parallel(60.0)[::-1] + 3000]))
    exposure = np.repeat([0, 1], 80)
    found = link(points, exposure, ztf)
    monkeypatch.setattr(kernel, "LINES", 3)
    monkeypatch.setattr(kernel, "POINTS", 50)
    same(found, link(points, exposure, ztf))


@pytest.fixture
def elsewhere(compiled, tmp_path, monkeypatch):
    """A copy of the kernel and its source, and a way to load from a folder or archive."""
    for file in (*FINDER.glob("kernel-*.so"), *(FINDER / name for name in kernel.SOURCES)):
        shutil.copy(file, tmp_path)

    def load(folder):
        monkeypatch.setattr(kernel, "files", lambda _: folder)
        for cached in (kernel.load_kernel, kernel.missing_kernel, kernel._open_kernel):
            cached.cache_clear()
        return kernel.missing_kernel()

    yield tmp_path, load
    monkeypatch.undo()
    for cached in (kernel.load_kernel, kernel.missing_kernel, kernel._open_kernel):
        cached.cache_clear()


def test_a_damaged_kernel_is_one_sentence(elsewhere):
    folder, load = elsewhere
    assert load(folder) == ""
    (file,) = folder.glob("kernel-*.so")
    beginning = file.read_bytes()[:5000]
    file.unlink()  # what is loaded must not change under its process
    file.write_bytes(beginning)
    assert "is damaged" in load(folder)
    assert "\n" not in load(folder)
    assert kernel.load_kernel() is None


def test_a_kernel_of_another_machine_or_source_is_not_used(elsewhere):
    folder, load = elsewhere
    (folder / "kernel.c").write_text("int x;")
    assert "another source" in load(folder)
    (file,) = folder.glob("kernel-*.so")
    file.rename(folder / "kernel-plan9-vax-00.so")
    assert "only kernel-plan9-vax" in load(folder)
    (folder / "kernel-plan9-vax-00.so").unlink()
    assert "there is none" in load(folder)


def test_a_kernel_in_an_archive_is_used(elsewhere, tmp_path, monkeypatch):
    folder, load = elsewhere
    monkeypatch.setattr(kernel.tempfile, "gettempdir", lambda: str(tmp_path))
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as package:
        for file in folder.iterdir():
            if file != archive:
                package.write(file, f"finder/{file.name}")
    assert load(zipfile.Path(archive, "finder/")) == ""
    (copies,) = tmp_path.glob("fink_tracklets-*")
    assert copies.stat().st_mode & 0o077 == 0
    assert len(list(copies.iterdir())) == 1


@pytest.mark.parametrize(("side_deg", "separation"), [(0.02, 0.5), (7.0, 10.0), (60.0, 10.0)])
def test_neighbours_are_counted_as_numpy_does(compiled, ztf, side_deg, separation):
    """Also where the versines of two radii are far from double, or near to rounding."""
    rng = np.random.default_rng(5)
    xyz = on_sky(scenes.uniform(rng, 400, 3600 * side_deg))
    null = replace(
        NullModel.of(ztf, 400), min_separation=separation * ARCSEC, threshold=1e300, min_points=3
    )
    within = neighbours_within(np.ascontiguousarray(xyz.T)[:, None], null)[0]
    library = kernel.load_kernel()
    lines = Lines.join(list(by_kernel(library, xyz[None], np.arange(1), null, set())))
    assert len(lines.i) > 100
    np.testing.assert_array_equal(lines.within_i, within[lines.i, lines.radius])
    np.testing.assert_array_equal(lines.within_j, within[lines.j, lines.radius])

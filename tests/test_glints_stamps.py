"""Stamps and their peaks, against astropy, simulated truth and the real sample."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from fink_tracklets.glints.peaks import common_line, find_peaks, merged, on_track, smallest_spacing
from fink_tracklets.glints.stamps import DamagedStamp, decode, level_and_noise
from tests.conftest import SAMPLE
from tests.glint_stamps import fits_bytes, stamps

RNG = np.random.default_rng


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["f4", "f8", "i2", "i4", "u2"])
def test_pixels_are_those_that_astropy_wrote(kind, packed):
    image = (1000 * RNG(1).random((7, 7))).astype(kind)
    out = io.BytesIO()
    fits.PrimaryHDU(image).writeto(out)
    content = gzip.compress(out.getvalue()) if packed else out.getvalue()
    assert decode(content).pixels == pytest.approx(image.astype(np.float32))


def test_real_stamps_decode_as_astropy_does(data):
    for row in pq.read_table(SAMPLE).to_pylist():
        for kind in ("Science", "Template", "Difference"):
            content = row[f"cutout{kind}"]["stampData"]
            with fits.open(io.BytesIO(gzip.decompress(content))) as file:
                assert np.array_equal(decode(content).pixels, file[0].data, equal_nan=True)


WHOLE = fits_bytes(np.ones((63, 63)))
PLAIN = gzip.decompress(WHOLE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "missing"),
        (b"", "missing"),
        (b"\x1f\x8bnonsense", "damaged"),
        (WHOLE[:-20], "damaged"),
        (PLAIN[:2880], "damaged"),
        (PLAIN[:100], "damaged"),
        (PLAIN.replace(b"NAXIS2  =    ", b"NAXIS3  =    "), "damaged"),
        (PLAIN.replace(b"-32 ", b"-33 "), "damaged"),
        (PLAIN.replace(b"=                   63", b"= 99999999999999999999"), "damaged"),
        (fits_bytes(np.ones((63, 40))), "not square"),
        (fits_bytes(np.full((63, 63), np.nan)), "no pixels"),
    ],
)
def test_what_cannot_be_used_is_named_and_never_fatal(content, reason, ztf):
    with pytest.raises(DamagedStamp, match=f"^{reason}$"):
        decode(content)
    assert find_peaks(WHOLE, WHOLE, content, ztf.glints).status == reason


def test_stamps_of_noise_that_are_broken_at_random_never_raise(ztf):
    rng, image = RNG(8), RNG(7).normal(0, 1, (63, 63)).astype(np.float32)
    whole = bytearray(gzip.decompress(fits_bytes(image)))
    for _ in range(200):
        raw = bytearray(whole)
        for place in rng.integers(0, 600, 3):
            raw[place] = rng.integers(256)
        raw[2880:] = raw[2880 : rng.integers(2880, len(raw) + 1)]
        content = [fits_bytes(image), fits_bytes(image), bytes(raw)]
        assert find_peaks(*[content[k] for k in rng.permutation(3)], ztf.glints).status


def test_the_orientation_comes_from_the_header_where_it_has_one():
    hdu = fits.PrimaryHDU(np.ones((5, 5), np.float32))
    for key, value in {"CD1_1": -0.2, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.2}.items():
        hdu.header[key] = value / 3600
    out = io.BytesIO()
    hdu.writeto(out)
    assert decode(out.getvalue()).axes == pytest.approx((-0.2, 0, 0, 0.2))
    assert decode(WHOLE).axes is None


def test_the_noise_is_that_of_the_pixels_despite_stars():
    image = RNG(2).normal(50, 3, (63, 63)).astype(np.float32)
    image[:5, :5] += 1e4
    assert level_and_noise(image) == (pytest.approx(50, abs=0.2), pytest.approx(3, rel=0.05))


def test_peaks_are_where_the_flashes_are(ztf):
    flashes = [(0.2, -0.3, 40), (15.0, 5.0, 25), (-15.0, -5.5, 30)]
    found = find_peaks(*stamps(flashes, RNG(3)), ztf.glints)
    assert found.status == "ok"
    where = sorted(zip(found.x, found.y, strict=True))
    assert np.array(where) == pytest.approx(np.array(sorted(f[:2] for f in flashes)), abs=0.25)
    # x grows to the west, y to the south, 1.0125" each
    assert found.east == pytest.approx(-1.0125 * found.x)
    assert found.north == pytest.approx(-1.0125 * found.y)
    # fluxes are relative: the brightest first
    assert found.flux / found.flux[0] == pytest.approx([1, 30 / 40, 25 / 40], rel=0.12)


def test_behind_a_template_star_no_peak_counts(ztf):
    flashes = [(0, 0, 40), (12, 0, 40)]
    assert len(find_peaks(*stamps(flashes, RNG(4)), ztf.glints).x) == 2
    seen = find_peaks(*stamps(flashes, RNG(4), stars=[(12, 0, 200)]), ztf.glints)
    assert seen.x == pytest.approx([0], abs=0.3)
    assert seen.masked_fraction > 0.005


def test_part_of_a_stamp_without_pixels_is_left_out(ztf):
    science, template, difference = stamps([(0, 0, 40), (12, 0, 40)], RNG(5))
    image = decode(difference).pixels.copy()
    image[:, 35:] = np.nan
    found = find_peaks(science, template, fits_bytes(image), ztf.glints)
    assert found.x == pytest.approx([0], abs=0.3)


def test_the_common_line_leaves_foreign_peaks_out():
    direction = np.array([np.cos(0.3), np.sin(0.3)])
    steps = np.array([0.0, 10, -10, 20, 0])[:, None]
    x, y = (steps * direction).T
    x[-1], y[-1] = -12.0, 14.0
    line = common_line(x, y, 0, 3.0)
    assert line.members.tolist() == [True, True, True, True, False]
    assert abs(np.dot(line.direction, direction)) == pytest.approx(1)
    assert line.rms == pytest.approx(0, abs=1e-6)
    assert on_track(x, y, 0, tuple(direction), 3.0).tolist() == line.members.tolist()
    assert common_line(x[:1], y[:1], 0, 3.0) is None


def test_spacings_are_of_neighbours_and_twins_are_one():
    assert smallest_spacing(np.array([21.0, 0, 63, 0.5]), 2.0) == pytest.approx(20.75)
    assert np.isnan(smallest_spacing(np.array([4.0]), 2.0))
    assert merged(np.array([3.0, 1, 1.5]), 1.0).tolist() == [1.25, 3.0]


def test_the_real_sample_has_peaks_along_its_track(data, ztf):
    rows = sorted(pq.read_table(SAMPLE).to_pylist(), key=lambda row: row["candidate"]["jd"])
    assert len(rows) == 16
    for k, row in enumerate(rows):
        content = [
            row[f"cutout{kind}"]["stampData"] for kind in ("Science", "Template", "Difference")
        ]
        found = find_peaks(*content, ztf.glints)
        centre = found.central(3.0)
        assert centre is not None
        if k == 0:  # the alert of another exposure
            assert len(found.x) == 1
            continue
        assert len(found.x) in (2, 3)
        # the track lies at the position angle 89.8 deg
        assert on_track(found.east, found.north, centre, (1.0, 0.0035), 3.0).all()
        assert np.diff(np.sort(found.east)) == pytest.approx(20.9, abs=1.4)

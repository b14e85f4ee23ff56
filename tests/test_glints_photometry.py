"""High-rate tracks: read, as standard magnitudes, and how high their flashes rise."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.glints.photometry import flash_amplitude, read_track

TEXT = """\
# Satellite: TEST
# Date Time StdMag Mag Filter Penumbra Distance Phase Channel Track
2015-04-27 23:59:59.950 4.0 9.00 Clear 0 10000 90 3 17
2015-04-28 00:00:00.050 4.0 8.00 Clear 0 1000 60 3 17
"""


def test_a_track_is_read_across_midnight_in_standard_magnitudes(tmp_path):
    (tmp_path / "track.txt").write_text(TEXT)
    track = read_track(tmp_path / "track.txt")
    assert track["time_s"].to_list() == [0.0, 0.1]
    # 9 + 0.27 - 5 log10(10); 8 + 0.27 + 0.70441 (Lambert at 60 degrees)
    assert track["standard_mag"].to_list() == pytest.approx([4.27, 8.97441], abs=1e-4)


def test_what_is_wrong_with_a_track_is_named(tmp_path):
    file = tmp_path / "track.txt"
    file.write_text("1 2 3\n")
    with pytest.raises(UserError, match="no header line"):
        read_track(file)
    file.write_text(TEXT.replace("8.00", "bright"))
    with pytest.raises(UserError, match="line 4 is not a measurement"):
        read_track(file)


def test_a_flash_stands_out_by_its_amplitude_above_the_smooth_curve():
    time = np.arange(0, 20, 0.1)
    mag = 8 + 0.02 * time
    assert flash_amplitude(time, mag) == pytest.approx(0, abs=1e-9)
    mag[100] -= 3
    # The filter's own weight of the middle of 11 points is 89/429: 3 (1 - 0.2075)
    assert flash_amplitude(time, mag) == pytest.approx(3 * (1 - 89 / 429), abs=1e-6)

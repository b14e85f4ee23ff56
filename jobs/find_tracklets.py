"""The end-of-night job for spark-submit: takes the options of `fink-tracklets run`.

spark-submit --master MASTER --py-files fink_tracklets-VERSION-py3-none-any.whl \
    find_tracklets.py --night YYYYMMDD --alerts PATH --store DIR
"""

import sys

from fink_tracklets.cli import main

sys.exit(main(["run", *sys.argv[1:]]))

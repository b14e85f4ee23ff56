"""A stored night into HBase, for spark-submit: takes the options of `fink-tracklets publish`."""

import sys

from fink_tracklets.cli.main import main

sys.exit(main(["publish", *sys.argv[1:]]))

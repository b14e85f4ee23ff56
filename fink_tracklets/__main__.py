import sys

from fink_tracklets.cli import main

sys.exit(main())

import sys

from fink_tracklets.cli.main import main

sys.exit(main())

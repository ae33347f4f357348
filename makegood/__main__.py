"""`python -m makegood` is the same as the command `makegood`."""

import sys

from makegood.cli import main

if __name__ == "__main__":
    sys.exit(main())

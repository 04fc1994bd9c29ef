"""Tessera's one command: `python3 main.py --help` lists what it does.

This file must load in any Python, so that an old one gets a sentence instead of a syntax error.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an old Python is told
    sys.exit(
        "Tessera needs Python 3.11 or newer; this is Python "
        + sys.version.split()[0]
        + ". Install a newer one and start again with it, for instance: python3.12 main.py"
    )

from engine.cli.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

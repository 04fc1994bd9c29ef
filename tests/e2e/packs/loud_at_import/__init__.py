"""A pack that prints megabytes when it is loaded."""

import sys

for _ in range(3000):
    print("x" * 1000)
    print("y" * 1000, file=sys.stderr)
NODE_CLASS_MAPPINGS = {}

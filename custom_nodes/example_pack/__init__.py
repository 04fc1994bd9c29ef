"""The example pack: two nodes, texts in two languages, a script, help and an example workflow.

Copy this folder, rename it, and change it. The README's section "Writing a pack" explains it.
"""

from .checkerboard import CheckerboardMask
from .tint import Tint

NODE_CLASS_MAPPINGS = {"ExampleTint": Tint, "ExampleCheckerboardMask": CheckerboardMask}
"""Ids are names in workflow files: choose ones that no other pack has, and never change them."""

NODE_DISPLAY_NAME_MAPPINGS = {"ExampleTint": "Tint (Example)"}
"""Titles on the canvas. V3 nodes name theirs in the schema."""

WEB_DIRECTORY = "./web"
"""Scripts for the editor, and help pages in docs/; served under /extensions/example_pack/."""

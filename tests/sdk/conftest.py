"""The TypeScript tests exist where Node does, or where it is demanded (NODE=required, as in .ci/run)."""

import os
import sys

from scripts import node

from .clients import NODE_REQUIRED

collect_ignore: list[str] = []

if not NODE_REQUIRED and not node.available():
    collect_ignore.append("test_typescript.py")
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        print("tests/sdk/test_typescript.py is left out: it needs Node 20.19 or newer with npm.", file=sys.stderr)

"""The TypeScript tests exist where Node does, or where it is demanded (NODE=required, as in .ci/run)."""

from scripts import node

collect_ignore = ["test_typescript.py"] if node.left_out() else []

"""Every node below a node: `ast.walk` in less than half the time, which is most of what many rules take."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, a node before its parts, parts in the order of the source."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        below: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                below.append(value)
            elif isinstance(value, list):
                below += [item for item in value if isinstance(item, ast.AST)]
        below.reverse()
        pending += below

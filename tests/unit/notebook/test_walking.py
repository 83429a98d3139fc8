"""`walk` visits what `ast.walk` visits."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from jupyter_mlops.notebook import setup_cells, walking
from jupyter_mlops.notebook.walking import walk


@pytest.mark.parametrize("module", [setup_cells, walking, ast])
def test_it_visits_every_node_once(module):
    tree = ast.parse(Path(module.__file__).read_text())
    assert Counter(map(id, walk(tree))) == Counter(map(id, ast.walk(tree)))


def test_parts_come_in_the_order_of_the_source():
    names = [node.id for node in walk(ast.parse("a = f(b, [c, d])\ne")) if isinstance(node, ast.Name)]
    assert names == ["a", "f", "b", "c", "d", "e"]

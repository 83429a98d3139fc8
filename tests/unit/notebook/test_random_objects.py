# ruff: noqa: E501 - rows of programs
"""Generated notebooks of objects, closures and methods kept as values mean the same step by step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notebook.pipelines import SETUP
from tests.unit.notebook.random_programs import assert_steps_mean_the_whole, drawn, statements

# Kinds of names; statements keep each name of its kind, so that programs run.
NAMES = {
    "L": ["l1", "l2", "l3"],  # lists
    "D": ["d1", "d2"],  # dicts of lists
    "B": ["b1", "b2", "b3"],  # boxes
    "G": ["g1", "g2"],  # things that are called with one argument
    "I": ["i1", "i2"],  # iterators
    "R": ["r1", "r2"],  # lists of boxes
    "N": ["n1", "n2"],
}
FIRST = """
import copy
import functools
import itertools
import operator
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

class Box:
    shared = []
    made = 0
    def __init__(self, v):
        self.v = v
        self.log = []
        Box.made += 1
    @property
    def first(self):
        self.log.append('first')
        return self.v
    @classmethod
    def of(cls, v):
        cls.shared.append(1)
        return cls([v])
    @staticmethod
    def fill(v, x):
        v.append(x)
        return v
    def add(self, x):
        self.v.append(x)
        return self.v
    def chain(self, x):
        self.v.append(x)
        return self
    def adder(self):
        return lambda x: self.v.append(x)
    def each(self):
        for x in self.v:
            yield x
    def __call__(self, x):
        self.log.append(x)
        return self.v
    def __getitem__(self, key):
        self.log.append(key)
        return self.v
    def __setitem__(self, key, value):
        self.v.append(value)
    def __iter__(self):
        self.log.append('iter')
        return iter(list(self.v))
    def __enter__(self):
        self.log.append('in')
        return self.v
    def __exit__(self, *args):
        self.log.append('out')
    def __contains__(self, x):
        self.log.append('has')
        return False
    def __iadd__(self, x):
        self.v.append(x)
        return self
    def __add__(self, other):
        self.log.append('add')
        return Box(self.v)
    def __len__(self):
        self.log.append('len')
        return 3

class Sub(Box):
    def add(self, x):
        self.log.append('sub')
        return super().add(x)

@dataclass
class Pair:
    left: list
    right: list = field(default_factory=list)
    def swap(self):
        self.left, self.right = self.right, self.left
        return self

l1 = [1]; l2 = [2]; l3 = l1
d1 = {'k': l1}; d2 = defaultdict(list)
b1 = Box(l1); b2 = Box([3]); b3 = b1
g1 = l1.append; g2 = b2.add
i1 = iter([1, 2, 3, 4]); i2 = iter(l1)
r1 = [b1, b2]; r2 = [Box(l2)]
n1 = 1; n2 = 2
p = Pair(l1)
"""
STATEMENTS = [
    # names and containers
    "{L} = {L2}",
    "{L} = [{N}]",
    "{L} = {L2} = [{N}]",
    "{L} = {L2} + [{N}]",
    "{L}.append({N})",
    "{L}[:] = [{N}]",
    "{D}['k'] = {L}",
    "{D}['k'].append({N})",
    "{L} = {D}['k']",
    "{D} = {D2}",
    "{D} = {{**{D2}}}",
    "{D} = defaultdict(list, {D2})",
    "{D} = OrderedDict({D2})",
    "{N} = len({L})",
    "{N} += 1",
    "{L}, {L2} = {L2}, {L}",
    "print((x := {L}))\nx.append({N})",
    "{L} = copy.copy({L2})",
    "{L} = copy.deepcopy({L2})",
    "q = deque([{L}, {L2}])\nq[0].append({N})\nq.rotate(1)\n{L} = q[0]",
    "for {L} in [{L2}, {L3}]:\n    {L}.append({N})",
    "del {D}['k']\n{D}['k'] = [{N}]",
    # boxes
    "{B} = Box({L})",
    "{B} = Sub({L})",
    "{B} = {B2}",
    "{B} = Box.of({N})",
    "{B} = {B2}.of({N})",
    "{B} = Box({B2}.v)",
    "{B} = {B2} + {B3}",
    "{B} += {N}",
    "{B} = copy.copy({B2})",
    "{B} = copy.deepcopy({B2})",
    "{B}.add({N})",
    "{B}.chain({N}).chain({N2})",
    "{B} = {B2}.chain({N})",
    "{B}({N})",
    "{L} = {B}({N})",
    "{B}[{N}]",
    "{B}[{N}] = {N2}",
    "{L} = {B}[{N}]",
    "{L} = {B}.first",
    "{B}.v = {L}",
    "{B}.v",
    "{B}.extra = {L}",
    "getattr({B}, 'extra', []).append({N})",
    "setattr({B}, 'v', {L})",
    "with {B} as x:\n    x.append({N})",
    "with {B}:\n    pass",
    "{N} in {B}",
    "for x in {B}:\n    {N} = x if isinstance(x, int) else 0",
    "{L} = list({B})",
    "{L} = list({B}.each())",
    "{L} = [x for x in {B}]",
    "x, *rest = {B}",
    "{N} = len({B})",
    "if {B}:\n    {L}.append({N})",
    "Box.shared.append({N})",
    "{B}.shared.append({N})",
    "Box.fill({L}, {N})",
    "{B}.fill({L}, {N})",
    "Box.add({B}, {N})",
    "Box.tag = {L}",
    "print(getattr({B}, 'tag', None))",
    "{B}.__class__ = Sub",
    "{B}.__dict__['v'] = {L}",
    "vars({B})['v'].append({N})",
    # lists of boxes
    "{R} = [{B}, {B2}]",
    "{R} = {R2}",
    "{R} = [Box({L}) for _ in range(2)]",
    "{R}.append({B})",
    "{B} = {R}[0]",
    "{R}[0].add({N})",
    "for x in {R}:\n    x.add({N})",
    "for x, y in zip({R}, {R2}):\n    x.v, y.v = y.v, x.v",
    "for i, x in enumerate({R}):\n    x.add(i)",
    "[x.add({N}) for x in {R}]",
    "{L} = [x.v for x in {R}][0]",
    "{D} = {{'k': {R}[0].v}}",
    "m = {{i: x for i, x in enumerate({R})}}\nm[0].add({N})",
    "{R} = sorted({R}, key=lambda x: -sum(y for y in x.v if isinstance(y, int)))",
    "{R} = list(filter(None, {R}))",
    "{R}[0], {R}[-1] = {R}[-1], {R}[0]",
    "{B} = max({R}, key=lambda x: sum(y for y in x.v if isinstance(y, int)))",
    # things that are called
    "{G} = {L}.append",
    "{G} = {B}.add",
    "{G} = {B}",
    "{G} = {B}.adder()",
    "{G} = Box",
    "{G} = list.__len__ if False else {L}.append",
    "{G} = functools.partial(Box.fill, {L})",
    "{G} = functools.partial(Box.add, {B})",
    "{G} = functools.partial(operator.iconcat, {L})\n{G} = {L}.append",
    "{G} = lambda x: {L}.append(x)",
    "{G} = lambda x, held={L}: held.append(x)",
    "{G} = lambda x: {B}.add(x)",
    "def {G}(x):\n    {L}.append(x)\n    return {L}",
    "def {G}(x):\n    return {B}(x)",
    "def {G}(x):\n    global {N}\n    {N} += 1\n    {L}.append({N})",
    "def {G}(x):\n    for y in {R}:\n        y.add(x)",
    "def make(held):\n    def inner(x):\n        held.append(x)\n        return held\n    return inner\n{G} = make({L})",
    "def make(box):\n    return box.add\n{G} = make({B})",
    "def deco(f):\n    @functools.wraps(f)\n    def inner(x):\n        {L}.append('call')\n        return f(x)\n    return inner\n@deco\ndef {G}(x):\n    return {L2}.append(x)",
    "{G} = {G2}",
    "{G}({N})",
    "{G}({N})\n{G2}({N2})",
    "list(map({G}, [{N}, {N2}]))",
    "[{G}(x) for x in range(2)]",
    "acts = {{'a': {G}, 'b': {L}.append}}\nacts['a']({N})\nacts['b']({N2})",
    "def run(f, x):\n    return f(x)\nrun({G}, {N})",
    "def run(**kw):\n    kw['f'](kw['x'])\nrun(f={G}, x={N})",
    "def run(f, *a):\n    f(*a)\nrun({G}, {N})",
    "functools.reduce(lambda a, x: (a.append(x), a)[1], [1, 2], {L})",
    "list.append({L}, {N})",
    "operator.iadd({L}, [{N}])",
    "Box.fill(**{{'v': {L}, 'x': {N}}})",
    "args = ({L}, {N})\nBox.fill(*args)",
    # iterators
    "{I} = iter({L})",
    "{I} = iter([{N}, {N2}, 3])",
    "{I} = zip({L}, [1, 2])",
    "{I} = map(str, [{N}, {N2}])",
    "{I} = itertools.chain([{N}], {L})",
    "{I} = enumerate([{N}])",
    "{I} = {I2}",
    "{N} = len(str(next({I}, 0)))",
    "next({I}, None)",
    "for x in {I}:\n    break",
    "{L} = [x for x in {I}]",
    "{L} = list({I})",
    "{L}.extend(itertools.islice({I}, 3))",
    "print(3 in {I})",
    "{L} = [*{I}]",
    "{L} = list(itertools.islice({I}, 1))",
    "print(list(zip({I}, 'ab')))",
    # dataclasses, classes made anew, exceptions
    "p = Pair({L})",
    "p = Pair({L}, {L2})",
    "p.swap()",
    "{L} = p.left",
    "p.right.append({N})",
    "p = copy.copy(p)",
    "class Sub(Box):\n    def add(self, x):\n        {L}.append(x)\n        return super().add(x)",
    "class Other(Box):\n    shared = {L}\n    def add(self, x):\n        self.shared.append(x)\n        return self.v\n{B} = Other({L2})",
    "class Counting:\n    n = 0\n    def __call__(self, x):\n        type(self).n += 1\n        return self.n\n{G} = Counting()",
    "try:\n    raise ValueError({L})\nexcept ValueError as e:\n    e.args[0].append({N})",
    "try:\n    {L}.append({L2}[99])\nexcept IndexError:\n    {L}.append({N})\nelse:\n    {L} = {L2}",
    "if {N} > 2:\n    {G} = {L}.append\nelse:\n    {B} = {B2}",
    "while {N} < 3:\n    {N} += 1\n    {B}.add({N})",
    "match {L}:\n    case [first, *_]:\n        {N} = 1\n    case _:\n        {L}.append({N})",
    # what is seen
    "print({L}, {N})",
    "print({L} is {L2}, {B} is {B2}, {B}.v is {L})",
    "print({B}.v, {B}.log)",
    "print({D})",
    "print([x.v for x in {R}])",
    "print(Box.shared, Box.made)",
    "print(p, {L} is p.left)",
]


@st.composite
def notebooks(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Cells with their steps: mostly one cell a step."""
    cells = [(draw(st.sampled_from(["s0", SETUP])), FIRST)]
    step = 0
    for _ in range(draw(st.integers(2, 10))):
        step += draw(st.integers(0, 3)) > 0
        cells.append((f"s{step}", "\n".join(draw(st.lists(statements(STATEMENTS, NAMES), min_size=1, max_size=3)))))
    end = "print(l1, l2, l3, d1, d2, n1, n2, p)\nprint([(b.v, b.log) for b in (b1, b2, b3, *r1, *r2)], Box.shared, Box.made)"
    return [*cells, ("end", end)]


@pytest.mark.slow
@drawn(100)
@given(notebooks())
def test_a_pipeline_prints_what_the_notebook_prints(cells: list[tuple[str, str]]) -> None:
    assert_steps_mean_the_whole(cells)

# ruff: noqa: E501, ISC004 - rows of programs
"""Generated notebooks print the same step by step as from top to bottom, and leave the same values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notebook.pipelines import PARAMETERS, SETUP, notebook, run_pipeline, with_params
from tests.unit.notebook.random_programs import assert_steps_mean_the_whole, drawn, statements

# Kinds of names; statements keep each name of its kind, so that programs run.
NAMES = {
    "L": ["l1", "l2", "l3", "l4"],
    "D": ["d1", "d2"],
    "N": ["n1", "n2", "n3"],
    "F": ["f1", "f2"],
    "O": ["o1", "o2"],
}
FIRST = """
l1 = [1]; l2 = [2]; l3 = [3]; l4 = l3
d1 = {'k': [4]}; d2 = {'k': l1}
n1 = 1; n2 = 2; n3 = 3
def f1(x): return [len(x)]
def f2(x): return list(x)
class K:
    shared = []
    def __init__(self, v):
        self.v = v
    def add(self, x):
        self.v.append(x)
        return self.v
o1 = K([5]); o2 = K(l2)
"""
STATEMENTS = [
    # values, aliases, copies
    "{L} = [{N}, {N2}]",
    "{L} = {L2}",
    "{L} = {L2}[:]",
    "{L} = list({L2})",
    "{L} = {L2} + [{N}]",
    "{L}, {L2} = {L2}, {L}",
    "{N}, {L} = {N2}, {L2}",
    "{L} = {L2} or [{N}]",
    "{L} = {L2} if {N} > 2 else {L3}",
    "first, *rest = [{L}, {L2}]\nfirst.append({N})",
    "print((z := {L}))\nz.append({N})",
    "pair = ({L}, {N})\npair[0].append({N2})",
    "{L} = [{L2}, {N}]",
    # changes in place
    "{L}.append({N})",
    "{L} += [{N}]",
    "{L}[:] = [{N}]",
    "{L}.extend({L2})",
    "{L}.insert(0, {N})",
    "{L}.append({L2})",
    "for x in [{L}, {L2}]:\n    x.append({N})",
    "for i, x in enumerate([{L}]):\n    x.append(i)",
    "for x, y in zip([{L}], [{L2}]):\n    x.append(len(y))",
    "[q.append({N}) for q in [{L}]]",
    # dictionaries
    "{D} = {{'k': {L}}}",
    "{D}['k'] = {L}",
    "{D}['k'].append({N})",
    "{L} = {D}['k']",
    "{D} = {D2}",
    "{D} = dict({D2})",
    "{D}.setdefault('k', {L}).append({N})",
    "{D}.update({D2})",
    "{D} = {{k: v for k, v in {D2}.items()}}",
    "for v in {D}.values():\n    v.append({N})",
    # numbers, conditions, loops
    "{N} = len({L})",
    "{N} += 1",
    "{N} = {N2} + 1",
    "if {N} > 2:\n    {L}.append({N})\nelse:\n    {N} = 5",
    "if {N} > 2:\n    {L} = {L2}",
    "for i in range({N} % 3):\n    {L}.append(i)",
    "for i in range({N} % 3):\n    {L} = {L2}",
    "while {N} < 3:\n    {N} += 1",
    "match {N}:\n    case 1 | 2:\n        {L} = {L2}\n    case other:\n        {L}.append(other)",
    "try:\n    {D}['zz'].append(1)\nexcept KeyError as e:\n    {L}.append('miss')",
    "try:\n    {L} = {L2}\n    {L}[99]\nexcept IndexError:\n    {L}.append({N})\nfinally:\n    {N} = {N2}",
    # functions
    "def {F}(x):\n    x.append({N})\n    return x",
    "def {F}(x):\n    global {N}\n    {N} = {N} + 1\n    return [x]",
    "def {F}(x):\n    global {L}\n    {L} = [len(x)]\n    return {L}",
    "def {F}(x, acc=[]):\n    acc.append(1)\n    return acc",
    "def {F}(x):\n    return {L}",
    "def {F}(x):\n    {L}.append({N})\n    return list(x)",
    "def {F}(x, y={L}):\n    y.append({N})\n    return y",
    "{F} = lambda x: {L} + list(x)",
    "def make():\n    seen = []\n    def inner(x):\n        seen.append(len(x))\n        return seen\n    return inner\n{F} = make()",
    "def make(held):\n    def inner(x):\n        held.append(len(x))\n        return held\n    return inner\n{F} = make({L})",
    "def make():\n    count = 0\n    def inner(x):\n        nonlocal count\n        count += 1\n        return [count]\n    return inner\n{F} = make()",
    "f1 = f2",
    "def f1(x):\n    return f2(x)",
    "def deco(f):\n    def w(x):\n        {L}.append('call')\n        return f(x)\n    return w\n@deco\ndef {F}(x):\n    return x",
    "if {N} % 2:\n    def {F}(x):\n        return [{N}]",
    "def gen():\n    for i in {L}:\n        yield i\n{L2} = list(gen())",
    "def f2(x):\n    f2.calls = getattr(f2, 'calls', 0) + 1\n    return [f2.calls]",
    "{L} = {F}({L2})",
    "{F}({L})",
    "print({F}({L}))",
    "{L} = sorted([{N}, {N2}], key=lambda v: -v)",
    "list(map({F}, [{L}]))",
    # classes
    "class K:\n    shared = []\n    def __init__(self, v):\n        self.v = v\n        {L}.append('made')\n    def add(self, x):\n"
    "        self.v.append({N})\n        return {L}",
    "{O} = K({L})",
    "{O}.add({N})",
    "{L} = {O}.add({N})",
    "{L} = {O}.v",
    "{O}.v = {L}",
    "setattr({O}, 'v', {L})",
    "{O} = {O2}",
    "K.shared.append({N})",
    "print(K.shared)",
    "K.tag = {N}",
    "print(getattr(K, 'tag', None), getattr({O}, 'tag', None))",
    "print(isinstance({O}, K), type({O}) is type({O2}))",
    "class Sub(K):\n    def add(self, x):\n        return super().add(x)\n{O} = Sub({L})",
    # names that come and go
    "t = {L}",
    "try:\n    del t\nexcept NameError:\n    pass",
    "try:\n    t.append({N})\nexcept NameError:\n    print('no t')",
    # what is seen
    "print({L})",
    "print({D})",
    "print({N})",
    "print({O}.v)",
    "print({L} is {L2}, {L} == {L2})",
    "print({D}['k'] is {L})",
    "print(max([{N}, {N2}]), [y for y in {L}])",
]


@st.composite
def notebooks(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Cells with their steps: mostly consecutive, sometimes a step goes on later."""
    cells = [(draw(st.sampled_from(["s0", SETUP])), FIRST)]
    step = 0
    for _ in range(draw(st.integers(2, 11))):
        source = "\n".join(draw(st.lists(statements(STATEMENTS, NAMES), min_size=1, max_size=3)))
        choice = draw(st.integers(0, 9))
        if choice < 6:
            step += 1
            cells.append((f"s{step}", source))
        elif choice == 6 and step:
            cells.append((f"s{draw(st.integers(1, step))}", source))
        else:
            cells.append((f"s{step}", source))
    return [*cells, ("end", "print(l1, l2, l3, l4, d1, d2, n1, n2, n3, o1.v, o2.v)")]


@drawn(150)
@given(notebooks())
def test_a_pipeline_prints_what_the_notebook_prints(cells: list[tuple[str, str]]) -> None:
    assert_steps_mean_the_whole(cells)


def test_parameters_reach_the_steps_that_read_them() -> None:
    flow = notebook(
        (PARAMETERS, "k = 2\nbase = 'x'"),
        (SETUP, "def scaled(v): return v * k"),
        ("a", "r = scaled(3)"),
        ("b", "k = 10"),
        ("c", "print(r, scaled(3), base)"),
        params={"k": 2, "base": "x"},
    )
    assert run_pipeline(flow, with_params(flow)).printed == {2: "", 3: "", 4: "6 30 x\n"}

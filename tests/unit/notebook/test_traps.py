# ruff: noqa: E501, ISC004 - rows of programs
"""Notebooks whose meaning hangs on what a call changes without saying so: run both ways, in this process."""

from __future__ import annotations

import pytest

from tests.unit.notebook.pipelines import SETUP, notebook, run_linear, run_pipeline

USER = "class Box:\n    def __init__(self):\n        self.seen = []\n"
TRAPS = {
    # arguments that are spread
    "a function changes what `**` gives it": [
        "def f(v):\n    v.append(1)\nx = []",
        "f(**{'v': x})",
        "print(x)",
    ],
    "a function changes what `**` of a name gives it": [
        "def f(v):\n    v.append(1)\nx = []\nd = {'v': x}",
        "f(**d)",
        "print(x)",
    ],
    "a function changes what a dict() spread gives it": [
        "def f(v):\n    v.append(1)\nx = []",
        "f(**dict(v=x))",
        "print(x)",
    ],
    "a function changes what `*` gives it": ["def f(v, w):\n    w.append(v)\nx = []", "f(*(1, x))", "print(x)"],
    "a function changes what its `**kwargs` hold": [
        "def f(**kw):\n    kw['v'].append(1)\nx = []",
        "f(v=x)",
        "print(x)",
    ],
    "a function changes what its `*args` hold": ["def f(*a):\n    a[0].append(1)\nx = []", "f(x)", "print(x)"],
    "a function hands its `*args` on": [
        "def g(v):\n    v.append(1)\ndef f(*a, **k):\n    return g(*a, **k)\nx = []",
        "f(x)",
        "f(v=x)",
        "print(x)",
    ],
    # methods as values
    "an unbound method": ["x = []", "list.append(x, 2)", "print(x)"],
    "an unbound method of a dict": ["d = {}", "dict.update(d, a=1)", "print(d)"],
    "an unbound method as a value": ["x = []\nadd = list.append", "add(x, 2)", "print(x)"],
    "a bound method as a value": ["x = []", "g = x.append", "g(1)", "print(x)"],
    "a bound method called by map": ["x = []", "list(map(x.append, [1, 2]))", "print(x)"],
    "a bound method called by a comprehension": ["x = []\ng = x.append", "[g(i) for i in range(2)]", "print(x)"],
    "a bound method in a container": ["x = []\nacts = {'add': x.append}", "acts['add'](1)", "print(x)"],
    "a bound method that a function calls": [
        "def run(act):\n    act(1)\nx = []",
        "run(x.append)",
        "print(x)",
    ],
    "a bound method that an object keeps": [
        "class Bus:\n    def __init__(self):\n        self.heard = []\n    def on(self, act):\n"
        "        self.heard.append(act)\n    def tell(self, v):\n        for act in self.heard:\n            act(v)\n"
        "x = []\nbus = Bus()",
        "bus.on(x.append)",
        "bus.tell(1)",
        "print(x)",
    ],
    "a bound method of a class of the notebook": [
        USER + "    def see(self, v):\n        self.seen.append(v)\nb = Box()",
        "g = b.see",
        "g(1)",
        "print(b.seen)",
    ],
    "an unbound method of a class of the notebook": [
        USER + "    def see(self, v):\n        self.seen.append(v)\nb = Box()\nsee = Box.see",
        "see(b, 1)",
        "Box.see(b, 2)",
        "print(b.seen)",
    ],
    "a bound method as a key": [
        "log = []\ndef key(v):\n    log.append(v)\n    return v",
        "sorted([2, 1], key=key)",
        "print(log)",
    ],
    # functools and operator
    "a partial of a function": [
        "from functools import partial\ndef f(v, w):\n    v.append(w)\nx = []",
        "g = partial(f, x)",
        "g(1)",
        "print(x)",
    ],
    "a partial by keyword": [
        "import functools\ndef f(w, v):\n    v.append(w)\nx = []",
        "g = functools.partial(f, v=x)",
        "g(1)",
        "print(x)",
    ],
    "a partial that gets the rest": [
        "from functools import partial\ndef f(w, v):\n    v.append(w)\nx = []",
        "g = partial(f, 5)",
        "g(x)",
        "print(x)",
    ],
    "a partial of a method": ["from functools import partial\nx = []", "g = partial(x.append, 3)", "g()", "print(x)"],
    "operator.iconcat": ["import operator\nx = []", "operator.iconcat(x, [1])", "print(x)"],
    "operator.setitem": ["import operator\nx = [0]", "operator.setitem(x, 0, 1)", "print(x)"],
    "operator.methodcaller": [
        "import operator\nx = []\nact = operator.methodcaller('append', 1)",
        "act(x)",
        "print(x)",
    ],
    "functools.reduce with a function that changes": [
        "from functools import reduce\ndef put(a, b):\n    a.append(b)\n    return a\nx = []",
        "reduce(put, [1, 2], x)",
        "print(x)",
    ],
    # classes whose use changes them
    "a property that changes its object": [
        USER
        + "    @property\n    def size(self):\n        self.seen.append(1)\n        return len(self.seen)\nb = Box()",
        "n = b.size",
        "print(n, b.seen)",
    ],
    "a property that sets": [
        USER + "    @property\n    def v(self):\n        return 1\n    @v.setter\n    def v(self, value):\n"
        "        log.append(value)\nlog = []\nb = Box()",
        "b.v = 3",
        "print(log)",
    ],
    "a subscript that changes its object": [
        USER + "    def __getitem__(self, key):\n        self.seen.append(key)\n        return key\nb = Box()",
        "b[3]",
        "print(b.seen)",
    ],
    "a subscript that changes a global": [
        "log = []\nclass Box:\n    def __getitem__(self, key):\n        log.append(key)\n        return key\nb = Box()",
        "b[3]",
        "print(log)",
    ],
    "an item set through the class": [
        USER + "    def __setitem__(self, key, value):\n        log.append((key, value))\nlog = []\nb = Box()",
        "b[3] = 4",
        "print(log)",
    ],
    "a loop that changes what it goes over": [
        USER + "    def __iter__(self):\n        self.seen.append(1)\n        return iter([1])\nb = Box()",
        "for i in b:\n    pass",
        "print(b.seen)",
    ],
    "a loop over an iterator of the notebook": [
        "class Count:\n    def __init__(self):\n        self.n = 0\n    def __iter__(self):\n        return self\n"
        "    def __next__(self):\n        self.n += 1\n        if self.n > 3:\n            raise StopIteration\n        return self.n\nc = Count()",
        "for i in c:\n    if i == 2:\n        break",
        "print(list(c), c.n)",
    ],
    "a comprehension that changes what it goes over": [
        USER + "    def __iter__(self):\n        self.seen.append(1)\n        return iter([1])\nb = Box()",
        "y = [i for i in b]",
        "z = list(b)",
        "print(b.seen, sum(b), b.seen)",
    ],
    "an object that is called": [
        USER + "    def __call__(self, v):\n        self.seen.append(v)\n        return v\nb = Box()",
        "b(1)",
        "print(b.seen)",
    ],
    "an object that is called by map": [
        USER + "    def __call__(self, v):\n        self.seen.append(v)\n        return v\nb = Box()",
        "list(map(b, [1, 2]))",
        "print(b.seen)",
    ],
    "an object of a container that is called": [
        USER + "    def __call__(self, v):\n        self.seen.append(v)\n        return v\nbs = [Box()]",
        "bs[0](1)",
        "print(bs[0].seen)",
    ],
    "a context that changes its object": [
        USER + "    def __enter__(self):\n        self.seen.append('in')\n        return self\n"
        "    def __exit__(self, *a):\n        self.seen.append('out')\nb = Box()",
        "with b:\n    pass",
        "print(b.seen)",
    ],
    "operators that change their object": [
        USER
        + "    def __add__(self, v):\n        self.seen.append(v)\n        return self\n    def __lshift__(self, v):\n"
        "        self.seen.append(v)\n    def __contains__(self, v):\n        self.seen.append(v)\n        return True\nb = Box()",
        "b + 1",
        "b << 2",
        "3 in b",
        "print(b.seen)",
    ],
    "an object whose text is made by changing it": [
        USER + "    def __repr__(self):\n        self.seen.append('r')\n        return 'Box'\n    def __len__(self):\n"
        "        self.seen.append('l')\n        return 1\nb = Box()",
        "print(b)",
        "len(b)",
        "f'{b}'",
        "print(b.seen)",
    ],
    "an attribute that is not there": [
        "class Box:\n    def __getattr__(self, name):\n        log.append(name)\n        return 1\nlog = []\nb = Box()",
        "b.some",
        "print(log)",
    ],
    "a descriptor": [
        "class Field:\n    def __get__(self, obj, kind=None):\n        log.append('get')\n        return 1\n"
        "class Box:\n    field = Field()\nlog = []\nb = Box()",
        "b.field",
        "print(log)",
    ],
    "a subclass of list": [
        "class Rows(list):\n    def put(self, v):\n        self.append(v)\nr = Rows()",
        "r.put(1)",
        "r.append(2)",
        "print(r)",
    ],
    "a subclass of dict with missing keys": [
        "class Memo(dict):\n    def __missing__(self, key):\n        self[key] = 1\n        return 1\nm = Memo()",
        "m['a']",
        "print(m)",
    ],
    "a dict that remembers what was asked": ["d = {}", "d.setdefault('a', []).append(1)", "print(d)"],
    "a method that a dataclass has": [
        "from dataclasses import dataclass, field\n@dataclass\nclass Box:\n    seen: list = field(default_factory=list)\n"
        "    def see(self, v):\n        self.seen.append(v)\nb = Box()",
        "b.see(1)",
        "print(b)",
    ],
    "a method of a named tuple": [
        "from typing import NamedTuple\nclass P(NamedTuple):\n    v: list\n    def put(self, x):\n        self.v.append(x)\np = P([])",
        "p.put(1)",
        "print(p)",
    ],
    # names
    "`global` in the body of a class": [
        "class A:\n    global level\n    level = 3",
        "level += 1",
        "print(level)",
    ],
    "`global` in the body of a class in a function": [
        "def f():\n    class A:\n        global level\n        level = 3\nlevel = 1",
        "f()",
        "print(level)",
    ],
    "a chained comparison": [
        "x = [1]\ny = [1]\nz = x",
        "print(x == y is z, x is z is x, 1 < 2 < 3)",
        "x.append(1)",
        "print(z)",
    ],
    "chained identities": ["x = []\ny = x\nz = x", "w = (x is y) == (y is z)", "print(x is y is z, w)"],
    "an annotated attribute": [USER + "b = Box()", "b.seen: list = [1]", "print(b.seen)"],
    "an annotated item": ["d = {}", "d['a']: int = 1", "print(d)"],
    "an annotated name without a value": ["x = 1", "x: int", "print(x)"],
    "a walrus in the bases of a class in a function": [
        "class Base:\n    pass\ndef f():\n    class A((B := Base)):\n        pass\n    return B, A\n",
        "b, a = f()",
        "print(issubclass(a, b))",
    ],
    "a walrus in a default": ["def f(v=(w := [1])):\n    v.append(1)", "f()", "print(w)"],
    "a walrus in a decorator": [
        "def deco(f):\n    return f\n@(d := deco)\ndef g():\n    return 1",
        "print(d is deco, g())",
    ],
    "a walrus in a comprehension": ["x = [1, 2]", "y = [last := v for v in x]", "print(last)"],
    "a lambda's default": ["x = []\nf = lambda v=x: v.append(1)", "f()", "print(x)"],
    "a name deleted and set in a function": [
        "def f():\n    global x\n    del x\n    x = 2\nx = 1",
        "f()",
        "print(x)",
    ],
    # fitting
    "a trainer that changes the model it is given": [
        "class Trainer:\n    def fit(self, model):\n        model.w.append(1)\nclass Model:\n    def __init__(self):\n"
        "        self.w = []\nm = Model()\nt = Trainer()",
        "t.fit(m)",
        "print(m.w)",
    ],
    "a model that is called": [
        "class Module:\n    def __call__(self, *a):\n        return self.forward(*a)\nclass Net(Module):\n"
        "    def __init__(self):\n        self.calls = []\n    def forward(self, x):\n        self.calls.append(x)\n"
        "        return x\nmodel = Net()",
        "y = model(1)",
        "print(model.calls)",
    ],
    "a list made by a comprehension of objects": [
        USER + "boxes = [Box() for _ in range(2)]",
        "for b in boxes:\n    b.seen.append(1)",
        "print([b.seen for b in boxes])",
    ],
    "an exception that keeps what it was given": [
        "x = []\ntry:\n    raise ValueError(x)\nexcept ValueError as e:\n    kept = e.args[0]",
        "kept.append(1)",
        "print(x)",
    ],
    "an object that hands out itself": [
        USER + "    def me(self):\n        return self\nb = Box()",
        "c = b.me()",
        "c.seen.append(1)",
        "print(b.seen, b is c)",
    ],
    "a class attribute changed through an instance": [
        "class Box:\n    all = []\nb = Box()",
        "b.all.append(1)",
        "print(Box.all)",
    ],
    "a class method that counts": [
        "class Box:\n    made = 0\n    @classmethod\n    def make(cls):\n        cls.made += 1\n        return cls()",
        "b = Box.make()",
        "c = b.make()",
        "print(Box.made)",
    ],
    "a static method that changes its argument": [
        "class Box:\n    @staticmethod\n    def put(v):\n        v.append(1)\nx = []",
        "Box.put(x)",
        "Box().put(x)",
        "print(x)",
    ],
    "a generator that changes what it was given": [
        "def gen(v):\n    for i in range(2):\n        v.append(i)\n        yield i\nx = []",
        "y = list(gen(x))",
        "print(x, y)",
    ],
    "an object that is deleted": [
        "log = []\nclass Box:\n    def __del__(self):\n        log.append(1)",
        "b = Box()\ndel b",
        "print(log)",
    ],
    "an iterator that is used up": ["it = iter([1, 2, 3])", "next(it)", "print(list(it))"],
    "an iterator that a loop uses up": ["it = iter([1, 2, 3])", "for i in it:\n    break", "print(list(it))"],
    "an iterator that a function uses up": ["it = iter([1, 2, 3])", "s = sum(it)", "print(s, list(it))"],
    "an iterator that is asked whether it has something": ["it = iter([1, 2, 3])", "print(2 in it)", "print(list(it))"],
    "an iterator that is taken apart": ["it = iter([1, 2, 3])", "a, b, c = it", "print(list(it), a)"],
    "a zip that is used up": ["z = zip([1, 2], [3, 4])", "d = dict(z)", "print(list(z), d)"],
    "a map that is used up": ["m = map(str, [1, 2])", "s = ''.join(m)", "print(list(m), s)"],
    "an iterator of a file-like object": [
        "import io\nf = io.StringIO('a\\nb\\n')",
        "first = f.readline()",
        "print(f.read(), first)",
    ],
    "a random generator of its own": ["import random\nr = random.Random(1)", "x = r.random()", "print(r.random(), x)"],
    "a random generator of numpy that is handed over": [
        "import numpy as np\nfrom sklearn.utils import shuffle\nr = np.random.RandomState(1)",
        "a = shuffle([1, 2, 3, 4], random_state=r)",
        "b = shuffle([1, 2, 3, 4], random_state=r)",
        "print(a, b, r.rand())",
    ],
    "a deque that rotates": ["from collections import deque\nd = deque([1, 2])", "d.rotate(1)", "print(d)"],
    "a counter that is updated": [
        "from collections import Counter\nc = Counter()",
        "c.update('aab')\nc['z'] += 1",
        "print(c)",
    ],
    "a defaultdict that is asked": ["from collections import defaultdict\nd = defaultdict(list)", "d['a']", "print(d)"],
    "a defaultdict inside a dict that is asked": [
        "from collections import defaultdict\nd = {'k': defaultdict(list)}",
        "d['k']['a']",
        "print(d)",
    ],
    "an operator that gives an object with a part of its own": [
        USER + "    def __add__(self, v):\n        c = Box()\n        c.seen = self.seen\n        return c\nb = Box()",
        "c = b + 1",
        "c.seen.append(2)",
        "print(b.seen)",
    ],
    "a context that gives a part of its object": [
        USER
        + "    def __enter__(self):\n        return self.seen\n    def __exit__(self, *a):\n        pass\nb = Box()",
        "with b as s:\n    pass",
        "s.append(1)",
        "print(b.seen)",
    ],
    "a subscript that gives an object": [
        USER + "    def __getitem__(self, key):\n        return Box.first\nBox.first = Box()\nb = Box()",
        "c = b[0]",
        "c.seen.append(1)",
        "print(b[0].seen)",
    ],
    "a list that grows under its iterator": ["x = [1]\nit = iter(x)", "x.append(2)", "print(list(it))"],
    "an object of a class method that is called": [
        USER + "    @classmethod\n    def of(cls):\n        return cls()\n    def __call__(self, v):\n"
        "        self.seen.append(v)",
        "b = Box.of()",
        "b(1)",
        "print(b.seen)",
    ],
    "an item set that changes what the object holds": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    def __setitem__(self, key, value):\n"
        "        self.v.append(value)\nx = []\nb = Box(x)",
        "b[0] = 1",
        "print(x)",
    ],
    "one list under two names": ["a = b = [1]", "a.append(2)", "print(a, b, a is b)"],
    "one list under a name and inside another": ["a = d = {}\nx = d['k'] = []", "x.append(2)", "print(a, x)"],
    "one list of a walrus": ["a = (b := [1])", "a.append(2)", "print(b)"],
    "one list inside two": ["a = [c := [1], c]", "c.append(2)", "print(a)"],
    "elements of one tuple under two names": ["a, b = c = [[1], [2]]", "a.append(2)", "print(c)"],
    "a swap of two lists' contents": [
        "a = [[1]]\nb = [[2]]",
        "a[0], b[0] = b[0], a[0]",
        "a[0].append(3)",
        "print(a, b)",
    ],
    # classes and copies among what is called
    "a method of what may be a class or an object": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    @classmethod\n    def of(cls, v):\n        return cls([v])\n    def add(self, x):\n        self.v.append(x)\nx = [1]\nb = Box(x)",
        "c = Box.of(1)",
        "r = [b, c]",
        "for one in r:\n    one.add(1)",
        "print(x)",
    ],
    "a method of a copy": [
        "import copy\nclass Box:\n    def __init__(self):\n        self.seen = []\n    def __len__(self):\n        self.seen.append('len')\n        return 1\nb = Box()",
        "c = copy.copy(b)",
        "n = len(c)",
        "print(b.seen)",
    ],
    "a method of a deep copy": [
        "import copy\nclass Box:\n    def __init__(self):\n        self.seen = []\n    def __len__(self):\n        self.seen.append('len')\n        return 1\nb = Box()",
        "c = copy.deepcopy(b)",
        "n = len(c)",
        "print(b.seen, c.seen)",
    ],
    "a method of what is deep in a deep copy": [
        "import copy\nclass Box:\n    def __init__(self):\n        self.seen = []\n    def __len__(self):\n        self.seen.append('len')\n        return 1\nd = {'b': [Box()]}",
        "e = copy.deepcopy(d)",
        "f = e['b'][0]",
        "n = len(f)",
        "print(d['b'][0].seen, e['b'][0].seen)",
    ],
    "a copy that is made by a method": [
        "import copy\nclass Box:\n    def __init__(self, v):\n        self.v = v\n    def __copy__(self):\n        self.v.append('copied')\n        return Box(self.v)\nx = []\nb = Box(x)",
        "c = copy.copy(b)",
        "print(x)",
    ],
    # what Python calls where an item or an attribute is set or deleted
    "an item that is deleted": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    def __delitem__(self, key):\n        self.v.append(key)\nx = []\nb = Box(x)",
        "del b[0]",
        "print(x)",
    ],
    "a property that is set and one that is only read": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    @property\n    def size(self):\n        self.v.append('read')\n        return 1\n    @size.setter\n    def size(self, value):\n        pass\nx = []\nb = Box(x)",
        "b.size",
        "print(x)",
    ],
    "a property that is deleted": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    @property\n    def size(self):\n        return len(self.v)\n    @size.deleter\n    def size(self):\n        self.v.append('deleted')\nx = []\nb = Box(x)",
        "del b.size",
        "print(x)",
    ],
    "a descriptor that is set": [
        "class Field:\n    def __init__(self, v):\n        self.v = v\n    def __set__(self, owner, value):\n        self.v.append(value)\nx = []\nfield = Field(x)\nclass Box:\n    size = field\nb = Box()",
        "b.size = 3",
        "print(x)",
    ],
    "an operand that an operator keeps": [
        "class Box:\n    def __init__(self, v):\n        self.v = v\n    def __sub__(self, other):\n        return Box(other)\nx = []\nb = Box([])",
        "c = b - x",
        "c.v.append(1)",
        "print(x)",
    ],
    "an index that an object keeps": [
        "class Box:\n    def __init__(self):\n        self.v = []\n    def __getitem__(self, key):\n        self.v = key[0]\nx = []\nb = Box()",
        "b[x, 1]",
        "b.v.append(1)",
        "print(x)",
    ],
    "a value that a property keeps": [
        "held = [[]]\nclass Box:\n    @property\n    def size(self):\n        return held[0]\n    @size.setter\n    def size(self, value):\n        held[0] = value\nx = []\nb = Box()",
        "b.size = x",
        "held[0].append(1)",
        "print(x)",
    ],
    # what iterators and dictionaries call later
    "a method that a loop over map calls": [
        "x = []\ni = map(x.append, [1, 2])",
        "for one in i:\n    break",
        "print(x)",
    ],
    "a function that a loop over map calls": [
        "x = []\ndef f(v):\n    x.append(v)\ni = map(f, [1, 2])",
        "a, b = i",
        "print(x)",
    ],
    "a list that grows under a chain": [
        "import itertools\nx = [1]\ni = itertools.chain([0], x)",
        "x.append(2)",
        "print(list(i))",
    ],
    "what a dictionary with defaults makes": [
        "from collections import OrderedDict, defaultdict\nd = defaultdict(list)",
        "d['k'].append(1)",
        "e = OrderedDict(d)",
        "y = e['k']",
        "y.append(2)",
        "print(d)",
    ],
    "what a dictionary with defaults calls": [
        "from collections import defaultdict\nx = [1, 2]\nd = defaultdict(x.pop)",
        "d['k']",
        "print(x)",
    ],
    "what a function gives a dictionary with defaults": [
        "from collections import defaultdict\nx = []\nd = defaultdict(lambda: x)",
        "d['k'].append(1)",
        "print(x)",
    ],
    "an object that is of another class now": [
        "x = []\nclass A:\n    def m(self):\n        pass\nclass B(A):\n    def m(self):\n        x.append(1)\na = A()",
        "a.__class__ = B",
        "a.m()",
        "print(x)",
    ],
    "an object that a function makes one of another class": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def m(self):\n        pass\nclass B(A):\n    def m(self):\n        self.v.append(1)\ndef turn(one):\n    one.__class__ = B\na = A()",
        "turn(a)",
        "a.m()",
        "print(a.v)",
    ],
    # what Python calls to know whether something is true, or which key it is
    "an object whose truth is asked for": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __bool__(self):\n        self.v.append(1)\n        return False\na = A()",
        "if a:\n    pass",
        "z = a and 1",
        "z = 1 if a else 2",
        "while a:\n    pass",
        "z = [1 for one in [a] if one]",
        "print(len(a.v))",
    ],
    "an object that is asserted": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __len__(self):\n        self.v.append(1)\n        return 1\na = A()",
        "assert a",
        "print(a.v)",
    ],
    "objects of a list whose truth is asked for": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __bool__(self):\n        self.v.append(1)\n        return True\na = A()",
        "z = any([a])",
        "print(a.v)",
        "z = list(filter(None, [a]))",
        "print(a.v)",
    ],
    "an object that is a key": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __hash__(self):\n        self.v.append(1)\n        return 1\na = A()",
        "d = {a: 1}",
        "print(a.v)",
    ],
    "an object that is looked for in a list": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __eq__(self, other):\n        self.v.append(1)\n        return True\na = A()",
        "z = 5 in [a]",
        "print(a.v)",
    ],
    "an object that becomes text inside another": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __repr__(self):\n        self.v.append(1)\n        return ''\na = A()",
        "print([a])",
        "print(a.v)",
        "z = '%s' % a",
        "print(a.v)",
    ],
    "an object that is summed": [
        "class A:\n    def __init__(self):\n        self.v = []\n    def __radd__(self, other):\n        self.v.append(1)\n        return 1\na = A()",
        "z = sum([a])",
        "print(a.v)",
    ],
    "an object that a function of operator adds to": [
        "import operator\nclass A:\n    def __init__(self):\n        self.v = []\n    def __add__(self, other):\n        self.v.append(1)\n        return 1\na = A()",
        "z = operator.add(a, 1)",
        "print(a.v)",
    ],
    "an object that a function of operator looks into": [
        "import operator\nclass A:\n    def __init__(self):\n        self.v = []\n    def __getitem__(self, key):\n        self.v.append(1)\na = A()",
        "z = operator.getitem(a, 1)",
        "print(a.v)",
    ],
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_pipeline_means_the_same(name: str) -> None:
    cells = TRAPS[name]
    flow = notebook(*((f"s{number}", source) for number, source in enumerate(cells)))
    linear, pipeline = run_linear(flow, {}), run_pipeline(flow, {})
    assert pipeline.printed == linear.printed
    assert pipeline.final == {key: linear.final.get(key) for key in pipeline.final}


SETUP_TRAPS = {
    "a setup cell that uses what a step imports": [
        ("a", "import numpy as np"),
        (SETUP, "np.set_printoptions(precision=2)"),
        ("b", "print(np.array([1.23456]))"),
    ],
    "a setup cell whose class is above one of a step": [
        ("a", "class Base:\n    v = 1"),
        (SETUP, "class Mine(Base):\n    pass"),
        ("b", "print(Mine().v, Mine.__mro__[1] is Base)"),
    ],
    "a setup cell that sets anew what a step defines": [
        ("a", "def f():\n    return 1\nx = f()"),
        (SETUP, "g = f\ndef f():\n    return 2"),
        ("b", "print(x, f(), g())"),
    ],
    "a step that defines anew what a setup cell uses": [
        ("a", "def f():\n    return 1"),
        (SETUP, "y = f()"),
        ("b", "def f():\n    return 2"),
        ("c", "print(y, f())"),
    ],
}


@pytest.mark.parametrize("name", SETUP_TRAPS)
def test_setup_cells_use_definitions_of_steps_before_them(name: str) -> None:
    flow = notebook(*SETUP_TRAPS[name])
    linear, pipeline = run_linear(flow, {}), run_pipeline(flow, {})
    steps = {cell for step in flow.steps for cell in step.declaration.cells}
    assert pipeline.printed == {cell: text for cell, text in linear.printed.items() if cell in steps}


TORCH = "import torch\nfrom torch import nn\nimport lightning as L\n"
NET = "class Net(nn.Module):\n    def forward(self, x):\n        return x\nnet = Net()"
CHANGES = {
    "a trainer trains its model": (
        "trainer = L.Trainer()\nclass M(L.LightningModule): pass\nnet = M()",
        "trainer.fit(net)",
    ),
    "a trainer that is made in place": ("class M(L.LightningModule): pass\nnet = M()", "L.Trainer().fit(net)"),
    "a module that is called": (NET, "y = net(1)"),
    "a module of the library that is called": ("net = nn.BatchNorm1d(3)", "y = net(1)"),
    "a function that trains": (NET + "\ndef train(m):\n    m.train()\n    return m(1)", "train(net)"),
    "an optimizer": (NET + "\nopt = torch.optim.SGD(net.parameters())", "opt.step()"),
    "a list of modules": ("net = nn.Sequential(nn.Linear(1, 1), nn.Dropout())", "net(1)"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_trains_or_runs_a_model_changes_it(name: str) -> None:
    made, used = CHANGES[name]
    flow = notebook(("i", TORCH), ("a", made), ("b", used), ("c", "print(net)"))
    assert {item.name: item.sources for item in flow.steps[-1].inputs}["net"] == ("b",)


KEEPS = {
    "a model of scikit-learn is fitted": ("model = LinearRegression()", "model.fit(X, y)"),
    "a search is fitted": ("model = GridSearchCV(LinearRegression(), {})", "model.fit(X, y)"),
    "a score": ("model = LinearRegression().fit(X, y)", "s = mean_squared_error(y, model.predict(X))"),
    "an interpolation": ("f = interp1d(X, y)", "z = f(X)"),
    "an attribute": ("n = X.shape", "m = X.shape[0] + X.T.sum()"),
    "a loop": ("out = []", "for row in X:\n    out.append(row + 1)"),
    "a comparison": ("t = 1", "b = (X > t) & (X in [1]) | (-X < 2)"),
    "a method as a key": ("words = ['b', 'A']", "print(sorted(words, key=str.lower), X.sum)"),
    "a partial": ("from functools import partial\ng = partial(np.sum, axis=0)", "z = g(X)"),
}


@pytest.mark.parametrize("name", KEEPS)
def test_data_that_is_only_used_is_not_changed(name: str) -> None:
    made, used = KEEPS[name]
    libraries = (
        "import numpy as np\nfrom sklearn.linear_model import LinearRegression\nfrom scipy.interpolate import interp1d\n"
        "from sklearn.model_selection import GridSearchCV\nfrom sklearn.metrics import mean_squared_error\n"
    )
    data = "X = np.arange(3.0)\ny = X * 2"
    flow = notebook(("i", libraries), ("d", data), ("a", made), ("b", used), ("c", "print(X, y)"))
    assert {item.name: item.sources for item in flow.steps[-1].inputs} == {"X": ("d",), "y": ("d",)}

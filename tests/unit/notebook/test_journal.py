"""Changes that are undone: everything is as it was, also the order."""

from jupyter_mlops.notebook.heap import Heap, Object
from jupyter_mlops.notebook.journal import NEW, Journal


def test_what_was_changed_since_is_undone_and_nothing_before():
    journal, names, seen, made, item = Journal(), {"a": 1, "b": 2}, {"x"}, ["one"], Object()
    names["c"] = 3
    journal.extend((names, "c", NEW))
    before = len(journal)
    for where, key, old in ((names, "b", 2), (names, "d", NEW), (seen, "y", NEW), (made, None, NEW)):
        journal.extend((where, key, old))
    names["b"], names["d"] = 20, 4
    seen.add("y")
    made.append("two")
    journal.extend((item, "unknown", False))
    item.unknown = True
    journal.undo(before)
    assert list(names.items()) == [("a", 1), ("b", 2), ("c", 3)]
    assert (seen, made, item.unknown) == ({"x"}, ["one"], False)
    journal.undo(0)
    assert list(names) == ["a", "b"]


def test_what_was_made_is_forgotten_by_what_it_holds():
    heap = Heap(journal=Journal())
    inner = heap.new()
    other = heap.new((inner,))
    before = len(heap.journal)
    made = heap.new((inner, other))
    assert list(inner.held_by) == [other, made]
    heap.journal.undo(before)
    assert (list(inner.held_by), list(other.held_by)) == ([other], [])

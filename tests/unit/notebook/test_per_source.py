"""Answers are kept by source: the latest ones, and never that of another source."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.notebook.per_source import PerSource, per_source, per_source_if


@pytest.fixture
def asked():
    return Counter()


def counting(asked, most=10_000):
    def answer(source: str) -> str:
        """Turn it round."""
        asked[source] += 1
        return source[::-1]

    return PerSource(answer, most)


def test_a_source_is_read_once(asked):
    turned = counting(asked)
    assert [turned("abc"), turned("abc"), turned("abd")] == ["cba", "cba", "dba"]
    assert asked == {"abc": 1, "abd": 1}


def test_it_is_the_same_answer_each_time(asked):
    turned = counting(asked)
    assert turned("a" * 50) is turned("a" * 50)


def test_nothing_is_known_after_it_was_cleared(asked):
    turned = counting(asked)
    turned("a"), turned.clear(), turned("a")
    assert asked == {"a": 2}


def test_the_source_used_longest_ago_is_forgotten_first(asked):
    turned = counting(asked, most=350)
    for source in ("a", "b", "c", "a", "d"):
        turned(source)
    for source in ("a", "c", "d"):
        turned(source)
    assert asked == {"a": 1, "b": 1, "c": 1, "d": 1}
    turned("b")
    assert asked["b"] == 2


def test_a_source_too_long_to_keep_is_answered(asked):
    turned = counting(asked, most=1000)
    turned("short"), turned("x" * 5000), turned("x" * 5000), turned("short")
    assert asked == {"short": 1, "x" * 5000: 2}


def test_what_raises_is_not_kept(asked):
    def fails(source: str) -> int:
        asked[source] += 1
        return int(source)

    number = per_source(fails)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            number("x")
    assert asked == {"x": 2}
    assert number.size == 0


def test_an_answer_that_may_change_is_not_kept(asked):
    def half(source: str) -> int | None:
        asked[source] += 1
        return len(source) // 2 if asked[source] > 1 else None

    halved = per_source_if(lambda answer: answer is not None)(half)
    assert [halved("abcd") for _ in range(4)] == [None, 2, 2, 2]
    assert asked == {"abcd": 2}


def test_it_is_named_and_documented_as_the_function(asked):
    turned = counting(asked)
    assert (turned.__name__, turned.__doc__) == ("answer", "Turn it round.")


@given(st.lists(st.text("ab", max_size=4)), st.integers(100, 600))
def test_it_answers_as_the_function_does_and_keeps_no_more_than_it_may(sources, most):
    turned = PerSource(lambda source: source[::-1], most)
    for source in sources:
        assert turned(source) == source[::-1]
        assert turned.size <= most


def test_threads_may_ask_at_once():
    turned = PerSource(lambda source: source[::-1], 2000)
    wrong = []

    def ask(start):
        for number in range(start, start + 3000):
            source = str(number % 40)
            if turned(source) != source[::-1]:
                wrong.append(source)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert turned.size <= 2000

"""Any text makes a name that Kubernetes takes, and different texts make different names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube import names

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
texts = st.text(st.characters(exclude_categories=()), max_size=100)


@given(st.lists(texts, max_size=4), st.sampled_from([names.OBJECT_MOST, names.CRON_JOB_MOST, names.INDEXED_JOB_MOST]))
def test_any_parts_make_a_name(parts: list[str], most: int) -> None:
    made = names.dns_name(*parts, most=most)
    assert NAME.fullmatch(made)
    assert len(made) <= most
    assert made == names.dns_name(*parts, most=most)


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3))
def test_other_parts_make_another_name(one: list[str], other: list[str]) -> None:
    assert (names.dns_name(*one) == names.dns_name(*other)) == (one == other)


def test_names_that_clash_when_shortened_stay_apart() -> None:
    made = [
        names.dns_name("run", step) for step in ("Fit model", "fit-model", "fit_model", "fit model", "訓練", "学習")
    ]
    made += [names.dns_name("a", "bc"), names.dns_name("ab", "c"), names.dns_name("x" * 80), names.dns_name("x" * 81)]
    assert len(set(made)) == len(made)
    assert made[0].startswith("run-fit-model-")


def test_a_name_is_readable_and_begins_with_a_letter() -> None:
    assert names.dns_name("2026-01 Iris", "fit").startswith("r-2026-01-iris-fit-")


@given(texts)
def test_any_text_makes_a_label_value(text: str) -> None:
    made = names.label_value(text)
    assert VALUE.fullmatch(made)
    assert len(made) <= 63
    assert names.is_label_value(made)
    assert bool(made) == bool(text)


@given(texts, texts)
def test_label_values_stay_apart(one: str, other: str) -> None:
    assert (names.label_value(one) == names.label_value(other)) == (one == other)


@given(st.from_regex(VALUE, fullmatch=True).filter(lambda text: len(text) <= 63 and text.isascii()))
def test_what_may_be_a_label_value_stays_as_it_is(text: str) -> None:
    assert names.is_label_value(text)
    assert names.label_value(text) == text


@pytest.mark.parametrize("text", ["a", "team", "example.org/team", "a.b-c.d/X_y.z", "9"])
def test_keys_that_are_taken(text: str) -> None:
    assert names.is_key(text)


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a/b/c", "A.b/c", "-a", "a b", "é", "a" * 64, "a\n", None, 3])
def test_keys_that_are_not_taken(text: object) -> None:
    assert not names.is_key(text)


def test_names_of_objects() -> None:
    assert [
        text for text in ("a", "a.b", "a-1", "A", "a_b", "a..b", "-a", "a/b", "", None) if names.is_object_name(text)
    ] == [
        "a",
        "a.b",
        "a-1",
    ]
    assert names.is_dns_label("a" * 63)
    assert not names.is_dns_label("a" * 64)
    assert not names.is_dns_label("a.b")

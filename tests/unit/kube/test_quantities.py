"""Quantities are read exactly, and what is none is told."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.quantities import compare, cores, parse, show_bytes

SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000),
    "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12, "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
}  # fmt: skip
numbers = st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", Decimal("0.5")),
        ("4Gi", 4 << 30),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1Ei", 1 << 60),
        ("12e-1", Decimal("1.2")),
        (".5", Decimal("0.5")),
        ("5.", 5),
        ("-1.5Ki", -1536),
        ("+2", 2),
        ("0", 0),
        (2, 2),
        (0.25, Decimal("0.25")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_the_amounts_that_kubernetes_documents(text: object, amount: object) -> None:
    assert parse(text) == amount


@given(numbers, st.sampled_from(sorted(SUFFIXES)))
def test_every_number_with_every_suffix(number: Decimal, suffix: str) -> None:
    assert Fraction(parse(f"{number:f}{suffix}")) == Fraction(number) * Fraction(SUFFIXES[suffix])


@given(numbers, numbers, st.sampled_from(["", "m", "Ki", "Mi", "G"]))
def test_comparison_is_that_of_the_numbers(one: Decimal, other: Decimal, suffix: str) -> None:
    assert compare(f"{one:f}{suffix}", f"{other:f}{suffix}") == (one > other) - (one < other)


def test_the_same_amount_written_in_two_ways_is_equal() -> None:
    assert compare("1000m", "1") == compare("1Gi", "1024Mi") == compare("1e3", "1k") == 0
    assert compare("1Gi", "1G") == 1


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1 Gi", "Gi", "1gi", "1Gib", "1GB", "--1", "1e", "1e1e1", "1_000", "0x10", "nan", "inf", "1\n", "٣"),
        *(None, True, "1e999999", "1e-41", "9" * 41, [], {}),
    ],
)
def test_what_is_no_quantity_is_told(text: object) -> None:
    with pytest.raises(Usage, match="is not a quantity"):
        parse(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        amount = parse(text)
    except Usage:
        return
    assert amount.is_finite()


@given(st.floats(min_value=0.001, max_value=10_000))
def test_cores_are_at_least_what_was_asked_for(number: float) -> None:
    given = parse(cores(number))
    assert Decimal(str(number)) <= given < Decimal(str(number)) + Decimal("0.001")


def test_cores_are_written_as_a_person_would() -> None:
    assert [cores(number) for number in (2, 0.5, 1.5, 0.0001, 1.0)] == ["2", "500m", "1500m", "1m", "1"]


@pytest.mark.parametrize("number", [0, -1, float("nan"), float("inf"), 1e300, True, "2"])
def test_cores_that_make_no_sense_are_told(number: float) -> None:
    with pytest.raises(Usage, match="cores"):
        cores(number)


def test_bytes_for_people() -> None:
    shown = [show_bytes(text) for text in ("64Mi", "1536Mi", "1000", "0", "5Ti", "3000Ti", "what?")]
    assert shown == ["64 MiB", "1.5 GiB", "1000 bytes", "0 bytes", "5 TiB", "3000 TiB", "what?"]

"""Words and numbers for people."""

import pytest

from jupyter_mlops.widgets.states import LOOKS, bytes_text, look, number_text, plain, seconds_text, shortened


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**2, "5.0 MiB"),
        (3 * 1024**3 + 1024**3 // 4, "3.2 GiB"),
        (1024**4, "1.0 TiB"),
        (5000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_sizes(count, text):
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (-1, "0 ms"),
        (0.0004, "0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations(seconds, text):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123456, "0.1235"), (1e-9, "1e-09"), (3, "3"), ("rf", "rf"), (None, "None")]
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_a_long_text_keeps_both_ends():
    text = shortened("a" * 500 + "z" * 500, 100)
    assert (text[0], text[-1], len(text)) == ("a", "z", 100)
    assert shortened("short") == "short"


@pytest.mark.parametrize(
    ("text", "shown"), [("a\nb\tc", "a b c"), ("\x1b[31mred", "[31mred"), ("\u202eevil", "evil"), ("été 訓", "été 訓")]
)
def test_a_name_stays_on_its_line(text, shown):
    assert plain(text) == shown


def test_every_state_has_a_look_of_its_own():
    assert len({item.icon for item in LOOKS.values()}) == len({item.ascii for item in LOOKS.values()}) == len(LOOKS)
    assert all(len(item.icon) == 1 and item.ascii.isascii() for item in LOOKS.values())
    assert look("of a newer version").word == ""

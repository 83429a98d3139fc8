"""The search for garbage is off inside, and as it was outside."""

import gc
import threading

import pytest

from jupyter_mlops.notebook.collection import without_collection


@pytest.fixture(autouse=True)
def _as_it_was():
    was_on = gc.isenabled()
    yield
    gc.enable() if was_on else gc.disable()


def test_it_is_off_inside_and_on_after():
    gc.enable()
    with without_collection():
        assert not gc.isenabled()
        with without_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_has_put_it_off_finds_it_off():
    gc.disable()
    with without_collection():
        pass
    assert not gc.isenabled()


def test_it_is_on_after_an_error():
    gc.enable()
    with pytest.raises(ValueError, match="no"), without_collection():
        raise ValueError("no")
    assert gc.isenabled()


@pytest.mark.parametrize("first_out", [0, 1])
def test_two_threads_that_overlap_leave_it_on(first_out):
    gc.enable()
    inside = [threading.Event(), threading.Event()]
    leave = [threading.Event(), threading.Event()]

    def work(number):
        with without_collection():
            inside[number].set()
            leave[number].wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for number in range(2):
        threads[number].start()
        assert inside[number].wait(10)
    for number in (first_out, 1 - first_out):
        leave[number].set()
        threads[number].join()
    assert gc.isenabled()

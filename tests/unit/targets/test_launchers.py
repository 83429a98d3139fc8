"""What happens to launches when the process that starts them is replaced or dies: with launchers that only note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from jupyter_mlops.targets.local.launch import Exited, Launch, Lost, Ready, Spoiled, Started
from jupyter_mlops.targets.local.launchers import MAX_DEATHS, MAX_WARM, Launchers
from jupyter_mlops.targets.local.zygote import ProcessKey

KEY = ProcessKey.of("python", {"A": "1"})


@dataclass
class Noting:
    """Does nothing, and remembers what it was asked."""

    key: ProcessKey
    asked: list[object] = field(default_factory=list)
    closed: bool = False

    def preload(self, modules: Sequence[str]) -> None:
        self.asked.append(("import", *modules))

    def launch(self, launch: Launch) -> None:
        self.asked.append(launch.id)

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        self.asked.append((id, number, everything))

    def close(self) -> None:
        self.closed = True


class Fleet:
    def __init__(self) -> None:
        self.made: list[Noting] = []
        self.launchers = Launchers(self._make)

    def _make(self, key: ProcessKey) -> Noting:
        self.made.append(Noting(key))
        return self.made[-1]

    def launch(self, name: str, *modules: str, key: ProcessKey = KEY) -> None:
        self.launchers.launch(key, Launch(name, "spec", "log", "/"), modules)

    def hear(self, message: object, at: int = -1) -> list[Started | Exited]:
        return self.launchers.hear(self.made[at], message)  # type: ignore[arg-type]


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_one_launcher_a_kind_imports_ahead_of_the_first_launch(fleet: Fleet) -> None:
    fleet.launch("a", "numpy", "pandas")
    fleet.launch("b", "numpy", key=ProcessKey.of("python", {"A": "2"}))

    assert [made.asked for made in fleet.made] == [[("import", "numpy", "pandas"), "a"], [("import", "numpy"), "b"]]


def test_nothing_is_imported_ahead_while_launches_run(fleet: Fleet) -> None:
    fleet.launch("a")
    fleet.hear(Started("a", 1))
    fleet.launch("b", "numpy")
    fleet.hear(Exited("a", 0))
    fleet.hear(Exited("b", 0))
    fleet.launch("c", "numpy")

    assert fleet.made[0].asked == ["a", "b", ("import", "numpy"), "c"]


def test_a_module_is_imported_once_and_one_that_was_refused_not_again(fleet: Fleet) -> None:
    fleet.launchers.warm(KEY, ["numpy", "mine"])
    fleet.hear(Ready(1, ("numpy", "mine"), {"mine": "it is not in site-packages"}))
    fleet.launchers.warm(KEY, ["numpy", "mine"])

    assert fleet.made[0].asked == [("import", "numpy", "mine")]
    assert fleet.launchers.refused() == {"mine": "it is not in site-packages"}


def test_what_launchers_say_of_launches_is_passed_on(fleet: Fleet) -> None:
    fleet.launch("a")

    assert fleet.hear(Ready(1)) == []
    assert fleet.hear(Started("a", 7)) == [Started("a", 7)]
    assert fleet.launchers.processes() == [7]
    assert fleet.hear(Exited("a", 0)) == [Exited("a", 0)]
    assert fleet.launchers.processes() == []


def test_an_import_that_starts_threads_costs_a_new_launcher_without_it(fleet: Fleet) -> None:
    fleet.launch("a", "numpy", "threads")

    assert fleet.hear(Spoiled("threads", "its import starts threads")) == []

    assert fleet.made[0].closed
    assert fleet.made[1].asked == [("import", "numpy"), "a"]
    assert fleet.launchers.refused() == {"threads": "its import starts threads"}


def test_a_spoiled_launcher_stays_until_what_it_runs_is_over(fleet: Fleet) -> None:
    fleet.launch("a")
    fleet.hear(Started("a", 7))
    fleet.launch("b")
    fleet.hear(Spoiled("threads", "late"))
    fleet.launchers.signal("a", 2)

    assert not fleet.made[0].closed
    assert fleet.made[0].asked[-1] == ("a", 2, False)
    assert fleet.made[1].asked == ["b"]
    assert fleet.hear(Exited("a", 0), at=0) == [Exited("a", 0)]
    assert fleet.made[0].closed


def test_what_runs_dies_with_its_launcher_and_what_waits_goes_to_the_next(fleet: Fleet) -> None:
    fleet.launch("a", "numpy")
    fleet.hear(Ready(1))
    fleet.hear(Started("a", 2**22 + 1))
    fleet.launch("b")

    assert fleet.hear(Lost("killed")) == [Exited("a", 1, reason="killed")]

    assert fleet.made[1].asked == [("import", "numpy"), "b"]


def test_a_launcher_that_dies_before_it_is_ready_is_not_tried_again(fleet: Fleet) -> None:
    fleet.launch("a")

    assert fleet.hear(Lost("no such module")) == [Exited("a", 1, reason="no such module")]
    assert len(fleet.made) == 1


def test_launchers_that_die_again_and_again_are_given_up(fleet: Fleet) -> None:
    fleet.launch("a")
    for _ in range(MAX_DEATHS):
        fleet.hear(Ready(1))
        assert fleet.hear(Lost("killed")) == []
    fleet.hear(Ready(1))

    assert fleet.hear(Lost("killed")) == [Exited("a", 1, reason="killed")]


def test_the_death_of_an_idle_launcher_is_nobodys_business(fleet: Fleet) -> None:
    fleet.launchers.warm(KEY, [])
    fleet.hear(Ready(1))

    assert fleet.hear(Lost("killed")) == []
    fleet.launch("a")
    assert fleet.made[1].asked == ["a"]


def test_messages_of_a_launcher_that_was_let_go_are_ignored(fleet: Fleet) -> None:
    fleet.launch("a", "threads")
    fleet.hear(Spoiled("threads", "threads"))

    assert fleet.hear(Lost("closed"), at=0) == []


def test_idle_launchers_make_room_the_longest_unused_first(fleet: Fleet) -> None:
    keys = [ProcessKey.of("python", {"A": str(number)}) for number in range(MAX_WARM + 1)]
    for key in keys[:MAX_WARM]:
        fleet.launchers.warm(key, [])
    fleet.launch("a", key=keys[0])
    fleet.launchers.warm(keys[MAX_WARM], [])

    assert [made.closed for made in fleet.made] == [False, True, False, False, False]


def test_an_interpreter_that_is_missing_raises_at_the_launch() -> None:
    def make(key: ProcessKey) -> Noting:
        raise FileNotFoundError(key.python)

    with pytest.raises(FileNotFoundError, match="python"):
        Launchers(make).launch(KEY, Launch("a", "spec", "log", "/"))


def test_closing_closes_all(fleet: Fleet) -> None:
    fleet.launch("a", "threads")
    fleet.hear(Started("a", 7))
    fleet.hear(Spoiled("threads", "threads"))
    fleet.launchers.close()

    assert all(made.closed for made in fleet.made)

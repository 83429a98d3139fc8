"""One warm launcher a kind of process, kept alive whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jupyter_mlops.targets.local import process_tree
from jupyter_mlops.targets.local.launch import Exited, Launch, Lost, Message, Ready, Spoiled, Started
from jupyter_mlops.targets.local.zygote import Launcher, ProcessKey

MAX_DEATHS = 3
MAX_WARM = 4

Make = Callable[[ProcessKey], Launcher]


@dataclass
class _Warm:
    """A launcher and what it is doing. `waiting` launches are not processes yet; `running` maps them to process ids."""

    key: ProcessKey
    launcher: Launcher
    modules: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, Launch] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    ready: bool = False
    deaths: int = 0

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.running


class Launchers:
    """Sends each launch to the launcher of its kind. Used from one thread, which also feeds it what launchers say.

    A launcher that an import made unfit, or that died, is replaced, and what it had not started goes to the new one.
    What died with it ends as `Exited` with the reason: user code is never started twice.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._warm: dict[ProcessKey, _Warm] = {}
        self._retired: list[_Warm] = []

    def warm(self, key: ProcessKey, modules: Sequence[str]) -> None:
        """Start a launcher and import ahead, if it has nothing else to do."""
        warm = self._get(key)
        new = [module for module in modules if module not in warm.modules and module not in warm.refused]
        # A zygote that imports starts nothing: while tasks run, those that come import for themselves.
        if new and warm.idle:
            warm.modules += new
            warm.launcher.preload(new)

    def launch(self, key: ProcessKey, launch: Launch, modules: Sequence[str] = ()) -> None:
        """Start a process; raises OSError if its interpreter cannot be started."""
        self.warm(key, modules)
        warm = self._warm[key]
        warm.waiting[launch.id] = launch
        warm.launcher.launch(launch)

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal to a launch, wherever it runs."""
        for warm in (*self._warm.values(), *self._retired):
            if id in warm.running:
                warm.launcher.signal(id, number, everything=everything)

    def hear(self, launcher: Launcher, message: Message) -> list[Started | Exited]:
        """Take in what a launcher said; the answer is what it means for launches."""
        warm = next((item for item in (*self._warm.values(), *self._retired) if item.launcher is launcher), None)
        if warm is None:
            return []
        if isinstance(message, Ready):
            warm.ready = True
            warm.refused.update(message.refused)
            return []
        if isinstance(message, Spoiled):
            return self._on_spoiled(warm, message)
        if isinstance(message, Lost):
            return self._on_lost(warm, message)
        return self._on_process(warm, message)

    def refused(self) -> dict[str, str]:
        """Modules that are not imported ahead, and why not."""
        return {module: reason for warm in self._warm.values() for module, reason in warm.refused.items()}

    def processes(self) -> list[int]:
        """Process ids of launches that run."""
        return [pid for warm in (*self._warm.values(), *self._retired) for pid in warm.running.values()]

    def close(self) -> None:
        """End all launchers and what they started."""
        for warm in (*self._warm.values(), *self._retired):
            warm.launcher.close()
        self._warm.clear()
        self._retired.clear()

    def _get(self, key: ProcessKey) -> _Warm:
        warm = self._warm.pop(key, None)
        if warm is None:
            self._make_room()
            warm = _Warm(key, self._make(key))
        self._warm[key] = warm  # last in order: the most recently used
        return warm

    def _make_room(self) -> None:
        for key, warm in list(self._warm.items()):
            if len(self._warm) < MAX_WARM:
                return
            if warm.idle:
                del self._warm[key]
                warm.launcher.close()

    def _on_process(self, warm: _Warm, message: Started | Exited) -> list[Started | Exited]:
        warm.waiting.pop(message.id, None)
        if isinstance(message, Started):
            warm.running[message.id] = message.pid
            warm.deaths = 0
        else:
            warm.running.pop(message.id, None)
            if warm in self._retired and warm.idle:
                self._retired.remove(warm)
                warm.launcher.close()
        return [message]

    def _on_spoiled(self, warm: _Warm, message: Spoiled) -> list[Started | Exited]:
        refused = {**warm.refused, message.module: message.reason}
        left = [module for module in warm.modules if module not in refused]
        gone = self._replace(warm, left, refused)
        if warm.running:
            self._retired.append(warm)
        else:
            warm.launcher.close()
        return gone

    def _on_lost(self, warm: _Warm, message: Lost) -> list[Started | Exited]:
        if warm in self._retired:
            self._retired.remove(warm)
        gone = []
        for name, pid in warm.running.items():
            process_tree.kill_session(pid)  # it died with the zygote; what it had started did not
            gone.append(Exited(name, 1, reason=message.reason))
        warm.launcher.close()
        if self._warm.get(warm.key) is not warm:
            return list(gone)
        if warm.ready and warm.deaths < MAX_DEATHS and warm.waiting:
            return [*gone, *self._replace(warm, warm.modules, warm.refused, deaths=warm.deaths + 1)]
        del self._warm[warm.key]
        return [*gone, *(Exited(name, 1, reason=message.reason) for name in warm.waiting)]

    def _replace(
        self, old: _Warm, modules: Sequence[str], refused: dict[str, str], *, deaths: int = 0
    ) -> list[Started | Exited]:
        del self._warm[old.key]
        try:
            new = self._get(old.key)
        except OSError as error:
            return [Exited(name, 1, reason=f"no process could be started: {error}") for name in old.waiting]
        new.refused.update(refused)
        new.deaths = deaths
        self.warm(old.key, modules)
        for launch in old.waiting.values():
            new.waiting[launch.id] = launch
            new.launcher.launch(launch)
        old.waiting.clear()
        return []

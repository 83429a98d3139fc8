"""What the options of a step mean on this machine: honoured, noted or refused; never dropped without a word.

| option | here |
|---|---|
| memory | watched: anonymous memory of the task and its descendants; past the limit they are killed, and told so |
| cpu | the number of threads of numerical libraries; no core is reserved |
| gpu | `CUDA_VISIBLE_DEVICES` names as many; refused where there are fewer |
| env | set |
| secrets | taken from the environment variable of that name; refused where it is not set |
| volumes | the folder of that path; refused where there is none |
| image, labels, annotations | belong to clusters: the first is noted in the task's log, the others stay in the plan |

Memory is watched, not capped with `RLIMIT_AS` or `RLIMIT_DATA`: these count what is reserved or mapped, and so refuse
thread stacks, GPU libraries and mapped bundles that a pod of the same size would run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets import attempt_files

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_ANONYMOUS = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Machine:
    """What there is to share out. `memory` in bytes (0: unknown), `gpus` the names for `CUDA_VISIBLE_DEVICES`."""

    cores: int
    memory: int
    gpus: tuple[str, ...]
    environ: Mapping[str, str]


def this_machine(environ: Mapping[str, str]) -> Machine:
    """Look at this machine, as far as this process may use it."""
    return Machine(_cores(), _total_memory(), _gpus(environ), environ)


def refusal(options: Options, machine: Machine) -> str:
    """Why the options cannot be honoured here; empty when they can."""
    if options.gpu and options.gpu > len(machine.gpus):
        there = f"{len(machine.gpus)} GPU{'s' * (len(machine.gpus) != 1)}" if machine.gpus else "no NVIDIA GPU"
        return (
            f"The step asks for {options.gpu} GPU, this machine has {there}: leave out gpu, or choose another target."
        )
    for secret in options.secrets:
        if secret.env not in machine.environ:
            return (
                f"The secret {secret.name}:{secret.key} is not known on this machine: "
                f"set the environment variable {secret.env} before the run."
            )
    for volume in options.volumes:
        if not Path(volume.path).is_dir():
            return (
                f"The volume {volume.claim} cannot be mounted on this machine: "
                f"make {volume.path} a folder, or a link to one, that stands for it."
            )
    return _memory_refusal(options)


def notes(options: Options, machine: Machine) -> tuple[str, ...]:
    """What is meant for a cluster and has no effect, or another one, here."""
    found = []
    if options.image:
        found.append(
            f"The image {options.image} is not used on this machine: the step runs in the kernel's environment."
        )
    if options.cpu and options.cpu > machine.cores:
        found.append(f"The step asks for {options.cpu:g} cores, this machine has {machine.cores}.")
    if options.memory and machine.memory and parse_memory(options.memory) > machine.memory:
        found.append(f"The step asks for {options.memory} of memory, this machine has {show_bytes(machine.memory)}.")
    found += [f"The folder {volume.path} stands for the volume {volume.claim}." for volume in options.volumes]
    return tuple(found)


def parse_memory(text: str) -> int:
    """Bytes of an amount as Kubernetes writes it: "512Mi", "4Gi", "2G", "1.5Gi".

    Raises:
        Usage: it is not one.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]i?|Ki|)[bB]?\s*", text)
    unit = match.group(2) if match else ""
    if match is None or unit not in _UNITS:
        raise Usage(f"{text!r} is not an amount of memory.", hint='Write it like "512Mi" or "4Gi".')
    return int(float(match.group(1)) * _UNITS[unit])


def show_bytes(amount: float) -> str:
    """An amount of memory for people."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if amount >= _UNITS[unit]:
            return f"{amount / _UNITS[unit]:.1f} {unit}B"
    return f"{int(amount)} B"


def thread_variables(options: Options, *, cores: int, slots: int, environ: Mapping[str, str]) -> dict[str, str]:
    """How many threads numerical libraries may start, so that all attempts together use the cores once.

    What the user has set stays.
    """
    return attempt_files.thread_variables(options, environ, max(1, cores // slots))


def memory_of(pids: Iterable[int]) -> int:
    """Bytes of memory that belong to these processes and to no file: what a container's limit counts."""
    return sum(_anonymous(pid) for pid in pids)


def _memory_refusal(options: Options) -> str:
    if not options.memory:
        return ""
    try:
        parse_memory(options.memory)
    except Usage as error:
        return str(error)
    return ""


def _anonymous(pid: int) -> int:
    try:
        return sum(int(kib) for kib in _ANONYMOUS.findall(Path(f"/proc/{pid}/status").read_bytes())) * 1024
    except FileNotFoundError:
        return 0 if Path("/proc/self/status").exists() else _resident_by_psutil(pid)
    except OSError:
        return 0


def _resident_by_psutil(pid: int) -> int:
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError:
        return 0
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _total_memory() -> int:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return 0


def _gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1"))
    found = (re.fullmatch(r"nvidia(\d+)", path.name) for path in Path("/dev").glob("nvidia[0-9]*"))
    return tuple(sorted((match.group(1) for match in found if match), key=int))

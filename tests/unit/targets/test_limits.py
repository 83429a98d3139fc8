from __future__ import annotations

import os

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Options, Secret, Volume
from jupyter_mlops.targets.attempt_files import THREAD_VARIABLES
from jupyter_mlops.targets.local import limits
from jupyter_mlops.targets.local.limits import Machine

LAPTOP = Machine(cores=4, memory=8 << 30, gpus=(), environ={"KNOWN": "secret"})
SERVER = Machine(cores=64, memory=1 << 40, gpus=("0", "1"), environ={})


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("512", 512),
        ("1k", 1000),
        ("1Ki", 1024),
        ("512Mi", 512 << 20),
        ("4Gi", 4 << 30),
        ("1.5Gi", 3 << 29),
        ("2G", 2 * 10**9),
        ("2GB", 2 * 10**9),
        (" 1Ti ", 1 << 40),
    ],
)
def test_memory_is_read_as_kubernetes_writes_it(text: str, amount: int) -> None:
    assert limits.parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "lots", "4 Gb i", "-1Gi", "Gi", "1Xi", "1ki"])
def test_what_is_no_amount_of_memory_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Usage, match="4Gi"):
        limits.parse_memory(text)


@pytest.mark.parametrize(
    ("options", "machine", "part"),
    [
        (Options(gpu=1), LAPTOP, "no NVIDIA GPU"),
        (Options(gpu=3), SERVER, "asks for 3 GPU, this machine has 2 GPUs"),
        (Options(gpu=2), SERVER, ""),
        (Options(secrets=(Secret("hub", "token", "HUB_TOKEN"),)), LAPTOP, "environment variable HUB_TOKEN"),
        (Options(secrets=(Secret("hub", "token", "KNOWN"),)), LAPTOP, ""),
        (Options(volumes=(Volume("data", "/no/such/folder"),)), LAPTOP, "make /no/such/folder a folder"),
        (Options(volumes=(Volume("data", "/"),)), LAPTOP, ""),
        (Options(memory="much"), LAPTOP, "'much' is not an amount of memory"),
        (Options(image="python:3.12", cpu=16, memory="64Gi"), LAPTOP, ""),
        (Options(), LAPTOP, ""),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_the_reason(options: Options, machine: Machine, part: str) -> None:
    reason = limits.refusal(options, machine)

    assert part in reason
    assert bool(part) == bool(reason)


def test_what_is_meant_for_a_cluster_is_noted() -> None:
    options = Options(image="python:3.12", cpu=16, memory="64Gi", volumes=(Volume("data", "/"),))

    image, cpu, memory, volume = limits.notes(options, LAPTOP)

    assert "python:3.12" in image
    assert "16 cores, this machine has 4" in cpu
    assert "64Gi of memory, this machine has 8.0 GiB" in memory
    assert "folder / stands for the volume data" in volume


def test_nothing_is_noted_about_what_this_machine_does() -> None:
    assert limits.notes(Options(cpu=2, memory="1Gi", env={"A": "b"}), LAPTOP) == ()


@pytest.mark.parametrize(
    ("options", "slots", "threads"),
    [
        (Options(), 4, "1"),
        (Options(), 1, "4"),
        (Options(), 3, "1"),
        (Options(cpu=2), 4, "2"),
        (Options(cpu=0.5), 1, "1"),
    ],
)
def test_attempts_share_the_cores(options: Options, slots: int, threads: str) -> None:
    found = limits.thread_variables(options, cores=4, slots=slots, environ={})

    assert found == dict.fromkeys(THREAD_VARIABLES, threads)


def test_thread_variables_that_the_user_has_set_stay() -> None:
    one = limits.thread_variables(Options(), cores=4, slots=1, environ={"MKL_NUM_THREADS": "3"})
    general = limits.thread_variables(Options(), cores=4, slots=1, environ={"OMP_NUM_THREADS": "3"})

    assert "MKL_NUM_THREADS" not in one
    assert one["OMP_NUM_THREADS"] == "4"
    assert general == {}


@pytest.mark.parametrize(
    ("chosen", "names"),
    [("", ()), ("-1", ()), ("0,2", ("0", "2")), ("GPU-8f3a, 1", ("GPU-8f3a", "1"))],
)
def test_the_gpus_that_the_user_made_visible_count(chosen: str, names: tuple[str, ...]) -> None:
    assert limits.this_machine({"CUDA_VISIBLE_DEVICES": chosen}).gpus == names


def test_this_machine_has_cores_and_memory() -> None:
    machine = limits.this_machine({})

    assert machine.cores >= 1
    assert machine.memory > 1 << 28


def test_memory_counts_what_a_process_wrote_to_and_not_what_it_only_reserved() -> None:
    import mmap

    before = limits.memory_of([os.getpid()])
    with mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as reserved:
        untouched = limits.memory_of([os.getpid()])
        reserved.write(b"x" * (32 << 20))
        written = limits.memory_of([os.getpid()])

    assert untouched - before < 8 << 20
    assert written - before > 24 << 20


def test_a_process_that_is_gone_has_no_memory() -> None:
    assert limits.memory_of([2**22 + 1]) == 0


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (2048, "2.0 KiB"), (3 << 29, "1.5 GiB"), (1 << 41, "2.0 TiB")]
)
def test_amounts_are_shown_for_people(amount: int, text: str) -> None:
    assert limits.show_bytes(amount) == text

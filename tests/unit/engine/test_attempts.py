from __future__ import annotations

import pytest

from jupyter_mlops.engine.attempts import attempt_folder


@pytest.mark.parametrize("task", ["train", "load_data", "train[0]", "a.b", "a-b", "été"])
def test_a_plain_name_is_its_own_folder(task: str) -> None:
    assert attempt_folder(task, 2) == f"tasks/{task}/2"


@pytest.mark.parametrize("task", ["Train Model", "a/b", "../../etc", "x" * 200, "a\nb", ".", "..", "a:b", "emoji 🎉"])
def test_an_odd_name_becomes_a_safe_folder_of_its_own(task: str) -> None:
    folder = attempt_folder(task, 1).split("/")
    assert len(folder) == 3
    assert folder[1] not in ("", ".", "..")
    assert len(folder[1].encode()) < 255


def test_different_tasks_never_share_a_folder() -> None:
    names = ["a b", "a-b", "a/b", "a:b", "x" * 200, "x" * 201]
    assert len({attempt_folder(name, 1) for name in names}) == len(names)

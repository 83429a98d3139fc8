"""What the Tab key offers, asked of the shell itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_mlops.cli import main
from jupyter_mlops.cli.completion import SHELLS, script
from jupyter_mlops.cli.grammar import SUMMARIES, load, parser_of

RUN = "01a1fe11-7f7f-76b5-a658-9f9c110cd50e"
needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".jupyter_mlops" / "runs" / RUN).mkdir(parents=True)
    (tmp_path / "sub dir").mkdir()
    for name in ("a b.ipynb", "plan.json", "pipeline.py", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def offered(folder: Path, *words: str, before: str = "", env: dict[str, str] | None = None) -> list[str]:
    """What bash would offer for the last of the words."""
    function = '"$(complete -p "$1" | sed "s/.*-F \\([^ ]*\\).*/\\1/")"'
    ask = f'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); {function}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{before}\n{script('bash')}\n{ask}", "bash", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **(env or {})},
    )
    assert done.stderr == ""
    return sorted(done.stdout.split("\n")[:-1]) if done.stdout.strip() else []


OFFERED = {
    "ru": ["run", "runs"],
    "d": ["delete", "diff", "doctor"],
    "nonsense x": [],
    "run p": ["pipeline.py", "plan.json"],
    "run a": ["a b.ipynb"],
    "run s": ["sub dir/"],
    "run n": [],
    "run --no": ["--no-cache"],
    "run a.ipynb --experiment p": [],
    "check --by c": ["cells"],
    "show 01": [RUN],
    "show l": ["last"],
    "diff last 01": [RUN],
    "graph p": ["pipeline.py", "plan.json"],
    "graph 01": [RUN],
    "export last -o pl": ["plan.json"],
    "store ": ["gc", "rebuild", "serve"],
    "completion ": ["bash", "zsh"],
    "doctor --j": ["--json"],
}


@needs_bash
@pytest.mark.parametrize("command", [["jupyter", "mlops"], ["jupyter-mlops"]])
@pytest.mark.parametrize("line", OFFERED)
def test_words_are_completed(folder: Path, line: str, command: list[str]) -> None:
    assert offered(folder, *command, *line.split(" ")) == OFFERED[line]


@needs_bash
def test_every_verb_and_option_is_offered(folder: Path) -> None:
    assert offered(folder, "jupyter", "mlops", "") == sorted(SUMMARIES)
    for verb in SUMMARIES:
        known = {name for action in parser_of(load(verb))._actions for name in action.option_strings}
        assert set(offered(folder, "jupyter-mlops", verb, "--")) == {name for name in known if name.startswith("--")}


@needs_bash
@pytest.mark.parametrize("home", ["", "/.jupyter_mlops"])
def test_runs_are_those_of_the_project_that_one_is_in(folder: Path, home: str) -> None:
    assert offered(folder / "sub dir", "jupyter-mlops", "show", "01") == [RUN]
    env = {"JUPYTER_MLOPS_HOME": f"{folder}{home}"}
    assert offered(Path("/"), "jupyter-mlops", "show", "01", env=env) == [RUN]
    assert offered(Path("/"), "jupyter-mlops", "show", "01") == []


@needs_bash
def test_what_completed_jupyter_before_still_does(folder: Path) -> None:
    before = "_others() { COMPREPLY=(lab); }; complete -F _others jupyter"
    assert offered(folder, "jupyter", "", before=before) == ["lab", "mlops"]
    assert offered(folder, "jupyter", "lab", "x", before=before) == ["lab"]
    assert offered(folder, "jupyter", "mlops", "ru", before=before) == ["run", "runs"]
    assert offered(folder, "jupyter", "", before=f"{before}\n{script('bash')}") == ["lab", "mlops"], "loaded twice"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_verb_prints_what_the_shell_can_read(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Completion of `jupyter mlops`")
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    said = capsys.readouterr().err
    assert "'tcsh'" in said
    assert "bash and zsh" in said

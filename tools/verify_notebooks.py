"""Run every notebook of tests/public_notebooks both ways and write docs/verified_notebooks.md: `make verified`.

Each is run from top to bottom in one process and as a pipeline (`jupyter mlops verify`), in a folder of its own.
Arguments are further notebooks or scripts to verify; they are printed and not written down. `--gallery` runs nothing:
it puts the results of verify_gallery.py on the page.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "tests/public_notebooks").glob("*.ipynb"))
PAGE = ROOT / "docs/verified_notebooks.md"
GALLERY = ROOT / "docs/verified_gallery.json"  # written by verify_gallery.py
GALLERY_TITLE = "## Notebooks of scikit-learn's gallery"
LIBRARIES = ("matplotlib", "numpy", "pandas", "sklearn", "torch", "xgboost")
OPTIONAL = ("torch", "xgboost")
MLOPS = str(Path(sys.executable).with_name("jupyter-mlops"))

# What differs by nature: notebook -> (names that may differ, why).
KNOWN_DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "07_end_to_end_project.ipynb": (
        r"(fit|score|refit)_time",
        "scikit-learn's search keeps how long each fit took; these times are never the same twice.",
    ),
    "12_color_quantization.ipynb": (r"^(t0|elapsed)$", "The notebook measures how long fitting takes."),
}


@dataclass(frozen=True)
class Verdict:
    """What `verify` said about one notebook; `error` is its message when it could not tell."""

    path: Path
    differences: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    seconds: float = 0.0
    steps: int = 0

    @property
    def unexpected(self) -> list[Mapping[str, Any]]:
        """The differences that are not there by nature."""
        pattern = KNOWN_DIFFERENCES.get(self.path.name, ("(?!)", ""))[0]
        return [item for item in self.differences if not re.search(pattern, item["name"] or "")]

    @property
    def word(self) -> str:
        """One word for the table."""
        if self.error:
            return "not run"
        return "differs" if self.differences else "same"


def main(paths: list[str]) -> int:
    """Verify, print a line each, write the page; 1 when one of ours differs unexpectedly."""
    if paths == ["--gallery"]:
        return write_gallery()
    verdicts = []
    for path in [Path(item) for item in paths] or NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            verdict = verify(path, Path(folder))
        verdicts.append(verdict)
        print(
            f"{verdict.word:8} {verdict.seconds:5.1f} s {verdict.steps:3} steps  {path.name}  {verdict.error}",
            flush=True,
        )
        for item in verdict.differences:
            print(f"         {json.dumps(item, ensure_ascii=False)[:400]}")
    if not paths:
        PAGE.write_text("\n".join(page(verdicts)) + "\n", encoding="utf-8")
        print(f"Wrote {PAGE.relative_to(ROOT)}")
    return int(any(verdict.unexpected for verdict in verdicts))


def verify(path: Path, folder: Path) -> Verdict:
    """What `jupyter mlops verify` says about the notebook at `path`, copied into `folder`."""
    missing = [name for name in needs(path) if importlib.util.find_spec(name) is None]
    if missing:
        return Verdict(path, error=f"{missing[0]} is not installed")
    copy = folder / path.name
    if copy != path:
        shutil.copy(path, copy)
    (folder / ".jupyter_mlops").mkdir(exist_ok=True)
    started = time.monotonic()
    done = _mlops("verify", copy)
    seconds = time.monotonic() - started
    answer = json.loads(done.stdout) if done.stdout.strip() else {}
    if "differences" not in answer:
        return Verdict(path, error=" ".join(done.stderr.split())[-500:], seconds=seconds)
    steps = len(json.loads(_mlops("graph", copy).stdout)["steps"])
    return Verdict(path, tuple(answer["differences"]), "", seconds, steps)


def needs(path: Path) -> list[str]:
    """The optional libraries that a notebook imports at the top of a line."""
    text = path.read_text(encoding="utf-8")
    return [name for name in OPTIONAL if re.search(rf'"(?:import|from) {name}\b', text)]


def page(verdicts: list[Verdict]) -> Iterator[str]:
    """The page, line by line."""
    yield "# Notebooks that were run both ways\n"
    yield "`make verified` runs each notebook from top to bottom in one process and as a pipeline, in processes of its"
    yield "own a step, and compares what every cell printed and every value left at the end. The notebooks carry"
    yield "no annotation: their headings are the steps. They were written for this test, after the structure and the"
    yield "habits of well-known public tutorials, with data that ships with a dependency.\n"
    yield "| notebook | libraries | steps | result |"
    yield "|---|---|---|---|"
    for item in verdicts:
        link = f"[{item.path.stem}](../tests/public_notebooks/{item.path.name})"
        result = f"{item.word}: {item.error}" if item.error else item.word
        yield f"| {link} | {', '.join(_libraries(item.path))} | {item.steps or ''} | {result} |"
    yield ""
    yield from _differences(verdicts)
    if GALLERY.is_file():
        yield from _gallery(json.loads(GALLERY.read_text(encoding="utf-8")))


def write_gallery() -> int:
    """Put the results of verify_gallery.py on the page, in place of those there."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [text.partition(GALLERY_TITLE)[0].rstrip("\n"), *_gallery(json.loads(GALLERY.read_text(encoding="utf-8")))]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def place(difference: Mapping[str, Any]) -> str:
    """Where a difference is: a name (without its parts) or a cell."""
    name = re.match(r"\w+", difference["name"] or "")
    return name[0] if name else f"cell {difference['cell']}"


def _gallery(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The second table: notebooks by others."""
    own = sum(item["result"] == "differs" for item in results.values())
    yield f"\n{GALLERY_TITLE}\n"
    yield "`tools/verify_gallery.py` takes examples out of scikit-learn's source archive, as its site offers them, cuts"
    yield f"them into one step a cell and runs them both ways: {len(results)} notebooks, of which {own} differ by our"
    yield "doing. *As it does itself*: what differs also does when the notebook is run twice from top to bottom (random"
    yield "numbers without a seed, measured times, names of temporary folders).\n"
    yield "| notebook | steps | result | what differs |"
    yield "|---|---|---|---|"
    for name, item in sorted(results.items()):
        link = f"[{name}](https://scikit-learn.org/stable/auto_examples/{name}.html)"
        told = item["error"] or ", ".join(f"`{one}`" for one in item["differences"])
        yield f"| {link} | {item['steps'] or ''} | {item['result']} | {told} |"


def _differences(verdicts: list[Verdict]) -> Iterator[str]:
    differing = [item for item in verdicts if item.differences]
    if not differing:
        yield "None of those that ran differed."
        return
    yield "## What differed, and why\n"
    for item in differing:
        places = dict.fromkeys(f"`{one['name']}`" if one["name"] else f"cell {one['cell']}" for one in item.differences)
        why = "" if item.unexpected else KNOWN_DIFFERENCES[item.path.name][1]
        yield f"- **{item.path.stem}**: {', '.join(list(places)[:6])}. {why}".rstrip()


def _libraries(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [name for name in LIBRARIES if re.search(rf"(?:import|from) {name}\b", text)]


def _mlops(verb: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [MLOPS, verb, path.name, "--json"]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=600, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

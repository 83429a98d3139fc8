"""The tree belongs to no machine, and its links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".ipynb", ".sh", ".cfg", ".js", ".css", ".ts", ""}
# Put together here, so that this file does not contain them.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("crates", "io"))]
OWN_PATH = re.compile(r"/(?:work|root)" + "/[a-z]")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


FILES = tracked()
TEXTS = [path for path in FILES if path.suffix in TEXT]
PAGES = [path for path in FILES if path.suffix == ".md"]
# Fixtures of unit tests may be broken on purpose.
NOTEBOOKS = [path for path in FILES if path.suffix == ".ipynb" and "unit" not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_names_a_registry_host() -> None:
    assert [name(path) for path in TEXTS if any(host in path.read_text(errors="replace") for host in HOSTS)] == []


def test_no_file_has_a_path_of_one_machine() -> None:
    found = {name(path): OWN_PATH.findall(path.read_text(errors="replace")) for path in TEXTS}
    assert {path: hits for path, hits in found.items() if hits} == {}


def test_the_tree_has_no_large_file() -> None:
    assert [name(path) for path in FILES if path.stat().st_size > 500_000] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_resolves(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [next(filter(None, match)) for match in LINK.findall(text)]
    assert [target for target in targets if not resolves(page, target)] == []


def resolves(page: Path, target: str) -> bool:
    if target.startswith(("https://", "http://", "mailto:")):
        return True
    place, _, anchor = target.partition("#")
    found = (page.parent / place).resolve() if place else page
    return found.exists() and (not anchor or found.suffix != ".md" or anchor in anchors(found))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_committed_notebook_is_valid_and_has_no_output(path: Path) -> None:
    import nbformat

    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) >= (4, 5)
    nbformat.validate(nbformat.from_dict(notebook))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []

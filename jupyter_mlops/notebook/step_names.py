"""Names of steps: from headings and from code, and what a good one is."""

from __future__ import annotations

import ast
import html
import re
import unicodedata

from jupyter_mlops.notebook.python_source import calls_shell

MAX_LENGTH = 48

_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_NUMBERING = re.compile(
    r"^(?:(?:step|section|part|chapter|task|exercise|stage|phase)\s*)?"
    r"(?:\(?\d{1,3}(?:\.\d+)*[.):\]]+(?!\d)\s*|\d{1,2}(?:\.\d+)*\s*[-\u2013\u2014:]\s+|\d{1,2}(?:\.\d+)+\s+|\d{1,2}\s+(?=\S))",
    re.IGNORECASE,
)
_WORD_NUMBER = re.compile(
    r"^(?:step|section|part|chapter|task|exercise|stage|phase)\s+(?:\d{1,3}|[IVX]+|[A-Z])\s*[.):\u2013\u2014-]*\s+(?=\S)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^(?:\(?[A-Za-z][.)]|\(?[IVXivx]{1,5}[.)])\s+(?=\S)")


def is_good(name: str) -> bool:
    """Whether the name can be a step's: letters, digits, `_`, and single `-` inside; at most 100 characters."""
    return len(name) <= 100 and _NAME.fullmatch(name) is not None


def from_heading(text: str) -> str:
    """A name from a heading's markdown; empty when nothing is left of it (`1.2) Train *Model*` -> `train_model`)."""
    return slug(_without_number(plain_text(text)))


def plain_text(text: str) -> str:
    """A heading's text as people read it: without links, images, HTML, emphasis and attributes."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"</?[A-Za-z][^>]*>", " ", text)
    text = re.sub(r"\{[#.:][^}]*\}\s*$", "", text)
    text = html.unescape(text)
    text = re.sub(r"\*{1,3}|~~|`+|\$", "", text)
    text = re.sub(r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)", "", text)
    return " ".join(text.split())


def slug(text: str) -> str:
    """Text as a name: lower case, words joined by `_`, cut at a word; empty when it has no letter or digit."""
    # Emoji keycaps are a digit and two marks; without the marks the digit is numbering.
    text = unicodedata.normalize("NFKC", re.sub("[\ufe0e\ufe0f\u20e3\u200d]", "", text))
    text = re.sub(r"['\u2019](?=\w)", "", text).casefold() if text.isascii() else text.lower()
    words = re.sub(r"[^\w]+", "_", text)
    name = re.sub(r"_+", "_", words).strip("_")
    if len(name) > MAX_LENGTH:
        cut = name.rfind("_", 0, MAX_LENGTH + 1)
        name = name[: cut if cut > MAX_LENGTH // 3 else MAX_LENGTH].strip("_")
    return f"step_{name}" if name and not re.match(r"[^\W\d]", name) else name


def suggestion(name: str) -> str:
    """A good name near a bad one; empty when there is none."""
    return slug(name)


def from_code(module: ast.Module | None, fallback: str) -> str:
    """A name from what a cell does: its first assignment, definition or call (`X, y = load_iris()` -> `load_iris`)."""
    named = [name for statement in (module.body if module else ()) if (name := _named(statement))]
    said = [name for name in named if name not in _SAYS_NOTHING]
    return slug((said or named or [fallback])[0]) or fallback


_SAYS_NOTHING = frozenset({"print", "display", "len", "show", "head", "figure", "subplots", "type", "list", "seed"})


def _named(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
        called = _called(statement.value) if statement.value is not None else ""
        return called or ("" if isinstance(statement, ast.Expr) else _assigned(statement))
    if isinstance(statement, ast.With | ast.For | ast.If | ast.Try | ast.While):
        return next((name for inner in statement.body if (name := _named(inner))), "")
    return ""


def _called(node: ast.expr) -> str:
    """The last part of the function's name; a method of a literal (`"".join`) or a chain says the outermost call."""
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call) or calls_shell(node):
        return ""
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _assigned(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> str:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    if isinstance(target, ast.Tuple | ast.List) and target.elts:
        target = target.elts[0]
    return target.id if isinstance(target, ast.Name) else ""


def _without_number(text: str) -> str:
    text = re.sub("[\ufe0e\ufe0f\u20e3\u200d]", "", text)
    text = re.sub(r"^[^\w(]+", "", text)
    for pattern in (_WORD_NUMBER, _NUMBERING, _LETTER):
        rest = pattern.sub("", text, count=1)
        if re.search(r"\w", rest):
            text = rest
    return text

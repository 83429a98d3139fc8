"""The grammar that the command line and the magics share: verbs, their options, and errors that say the way out.

A verb is known here by name and summary only; its module is imported when it is used, so that
one verb costs what it needs and no more.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.errors import Usage

SUMMARIES: Mapping[str, tuple[str, str]] = {
    "check": ("NB", "say what is wrong or doubtful in a notebook"),
    "convert": ("NB", "write step metadata into a notebook that has none"),
    "graph": ("NB|RUN", "show the steps and what flows between them"),
    "compile": ("NB -o FILE", "write the plan that runs without the notebook"),
    "run": ("NB", "run a notebook as a pipeline"),
    "verify": ("NB", "run it linearly and as a pipeline, and compare"),
    "runs": ("[QUERY]", "list and search runs"),
    "show": ("[RUN]", "say how a run went, task by task"),
    "logs": ("[RUN [STEP]]", "print what the steps printed"),
    "diff": ("RUN RUN", "compare two runs"),
    "cancel": ("RUN", "stop a run"),
    "attach": ("[RUN]", "follow a run in a cluster, and bring it home"),
    "retry": ("[RUN]", "go on with a run, keeping what succeeded"),
    "delete": ("RUN...", "delete runs"),
    "export": ("RUN -o FILE", "write a run with its files as one archive"),
    "schedule": ("NB", "run a notebook at set times, in a cluster"),
    "schedules": ("[ACTION]", "list, pause, resume and delete schedules"),
    "target": ("[ACTION]", "what targets can do, and which rights they take"),
    "store": ("ACTION", "free space, rebuild the index, serve MLflow's client"),
    "doctor": ("", "check this installation and say what to mend"),
    "completion": ("SHELL", "print what completes words in bash or zsh"),
}

_MODULES: Mapping[str, str] = {
    **dict.fromkeys(("check", "convert", "graph", "compile"), "notebooks"),
    **dict.fromkeys(("run", "verify", "retry"), "running"),
    **dict.fromkeys(("runs", "show", "logs", "diff", "cancel", "delete", "export"), "history"),
    **dict.fromkeys(("schedule", "schedules"), "recurring"),
    "target": "places",
    **dict.fromkeys(("attach",), "remote"),
    **dict.fromkeys(("store", "doctor", "completion"), "upkeep"),
}


@dataclass(frozen=True)
class Verb:
    """One verb. `call` does the work; `data` gives what `--json` prints; `lines` what a person reads.

    `streams` is true for a verb that prints while it works (`logs`); `exit_code` reads the work's outcome.
    """

    name: str
    examples: tuple[str, ...]
    arguments: Callable[[VerbParser], None]
    call: Callable[[argparse.Namespace, Session], Any]
    data: Callable[[Any], Mapping[str, Any]]
    lines: Callable[[Any, Style], Iterable[str]]
    exit_code: Callable[[Any], int] = lambda _: 0


@dataclass(frozen=True)
class Command:
    """A command line after parsing."""

    verb: Verb
    options: argparse.Namespace


class HelpAsked(Exception):
    """Somebody asked for help; the text is the only argument."""


class VerbParser(argparse.ArgumentParser):
    """An argument parser that raises `Usage` with the way out. In a kernel a notebook's path may be left out."""

    def __init__(self, verb: str, *, in_kernel: bool = False) -> None:
        super().__init__(
            prog=f"{'%' if in_kernel else 'jupyter '}mlops {verb}",
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.verb = verb
        self.example = ""
        self.in_kernel = in_kernel

    def add_notebook(self, what: str = "a notebook (.ipynb), or a script in percent format", **options: Any) -> None:
        """The notebook that the verb works on; in a kernel it defaults to the current one."""
        self.add_argument(
            "notebook",
            metavar="NB",
            nargs="?" if self.in_kernel else None,
            help=f"{what}; default: this notebook" if self.in_kernel else what,
            **options,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is missing or wrong in a sentence."""
        missing = message.partition("the following arguments are required: ")[2]
        if missing:
            example = f"For example: {self.example} (`--help` says more)." if self.example else ""
            raise Usage(f"`{self.verb}` needs {missing}.", hint=example or f"See `{self.prog} --help`.")
        text = message.replace("argument ", "", 1).replace("invalid choice: ", "cannot be ")
        raise Usage(f"{text[:1].upper()}{text[1:]}.", hint=f"See `{self.prog} --help`.")


def load(name: str) -> Verb:
    """The verb of that name.

    Raises:
        Usage: there is none; the hint names a similar one.
    """
    if name not in SUMMARIES:
        near = closest(name, SUMMARIES)
        raise Usage(
            f"There is no verb {name!r}.",
            hint=f"Did you mean {near!r}?" if near else "`jupyter mlops --help` lists them.",
        )
    module = importlib.import_module(f"jupyter_mlops.cli.verbs.{_MODULES[name]}")
    verb = next(verb for verb in module.VERBS if verb.name == name)
    assert isinstance(verb, Verb)
    return verb


def parse(words: Sequence[str], *, in_kernel: bool = False) -> Command:
    """Parse the words after `jupyter mlops` or `%mlops`.

    Raises:
        Usage: wrong verb, option or value.
        HelpAsked: with the text of the verb's help.
    """
    early, rest = _options_before_verb(words)
    if not rest:
        raise Usage("Which verb?", hint="`jupyter mlops --help` lists them.")
    verb = load(rest[0])
    parser = parser_of(verb, in_kernel=in_kernel)
    arguments = [*rest[1:], *early]
    given = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "-h" in given or "--help" in given:
        raise HelpAsked(parser.format_help())
    _refuse_dash(given, parser)
    # Intermixed parsing lets options stand between arguments, but loses a `--`.
    read = parser.parse_known_args if "--" in arguments else parser.parse_known_intermixed_args
    options, unknown = read(arguments)
    if unknown:
        _refuse_unknown(unknown, parser)
    return Command(verb, options)


def parser_of(verb: Verb, *, in_kernel: bool = False) -> VerbParser:
    """The parser of one verb, with the options that every verb has."""
    parser = VerbParser(verb.name, in_kernel=in_kernel)
    summary = SUMMARIES[verb.name][1]
    parser.description = f"{summary[:1].upper()}{summary[1:]}."
    parser.epilog = "\n".join(["examples:", *(f"  {parser.prog} {example}".rstrip() for example in verb.examples)])
    parser.example = next((f"{parser.prog} {example}" for example in verb.examples if example), "")
    verb.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--debug", action="store_true", help="show the traceback when something goes wrong inside")
    parser.add_argument("-h", "--help", action="store_true", help="show this help")
    return parser


def closest(word: str, words: Iterable[str]) -> str:
    """The word that was probably meant, or an empty string."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=0.55)), "")


def pairs(given: Sequence[str] | None, option: str) -> Iterator[tuple[str, str]]:
    """`NAME=VALUE` words as pairs.

    Raises:
        Usage: a word has no `=` or no name.
    """
    for word in given or ():
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise Usage(f"{option} {word!r} is not NAME=VALUE.", hint=f"For example: {option} depth=4")
        yield name.strip(), value


def positive(word: str) -> int:
    """A count that an option takes.

    Raises:
        argparse.ArgumentTypeError: it is no whole number above 0; the parser adds the option's name.
    """
    if not (word.isascii() and word.isdigit()) or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number above 0")
    return int(word)


def _options_before_verb(words: Sequence[str]) -> tuple[list[str], list[str]]:
    early: list[str] = []
    rest = list(words)
    while rest and rest[0] in ("--json", "--debug"):
        early.append(rest.pop(0))
    return early, rest


def _refuse_dash(words: Sequence[str], parser: VerbParser) -> None:
    if "-" in words:
        raise Usage(
            "Standard input and output (`-`) cannot stand for a file here.",
            hint=f"Give a path. See `{parser.prog} --help`.",
        )


def _refuse_unknown(unknown: Sequence[str], parser: VerbParser) -> NoReturn:
    word = unknown[0]
    if not word.startswith("-"):
        raise Usage(f"{word!r} is one argument too many.", hint=f"See `{parser.prog} --help`.")
    known = [option for action in parser._actions for option in action.option_strings]
    near = closest(word.split("=")[0], known)
    raise Usage(
        f"`{parser.verb}` has no option {word.split('=')[0]!r}.",
        hint=f"Did you mean {near!r}?" if near else f"See `{parser.prog} --help`.",
    )

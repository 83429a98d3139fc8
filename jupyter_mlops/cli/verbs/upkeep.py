"""`store`, `doctor`: keeping the store and the installation sound."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.errors import Usage
from jupyter_mlops.widgets.states import bytes_text


def _store_arguments(parser: VerbParser) -> None:
    parser.add_argument(
        "action",
        type=_action,
        metavar="gc|rebuild|serve",
        help="free space, rebuild the index from events, or take what scripts log with MLflow",
    )
    parser.add_argument("--keep", type=int, metavar="N", help="gc: keep the newest N runs and delete the others")
    parser.add_argument("--older-than", metavar="TIME", help="gc: delete runs older than TIME, such as 30d or 12h")
    parser.add_argument("--dry-run", action="store_true", help="gc: say what would go and delete nothing")
    parser.add_argument("--target", metavar="T", help="gc: what runs that are not here any more have left there")
    parser.add_argument("--everyone", action="store_true", help="gc --target: also old runs of others that are over")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="serve: listen there, and not on a free port")


def _action(word: str) -> str:
    if word not in ("gc", "rebuild", "serve"):
        hint = "It does `gc`, `rebuild` and `serve`. For example: jupyter mlops store gc"
        raise Usage(f"`store` cannot {word!r}.", hint=hint)
    return word


def _store(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs import store

    if options.action == "serve":
        return _serve(options, session)
    if options.action == "rebuild":
        return store.rebuild()
    if options.everyone and not options.target:
        raise Usage("`--everyone` is for another target's runs.", hint="For example: store gc --target kubernetes")
    if options.target:
        older_than = _seconds(options.older_than)
        return store.sweep(options.target, older_than=older_than, everyone=options.everyone, dry_run=options.dry_run)
    return store.gc(keep=options.keep, older_than=_seconds(options.older_than), dry_run=options.dry_run)


def _serve(options: Namespace, session: Session) -> Any:
    """Runs until Ctrl-C; what a client needs to know is said at once."""
    from jupyter_mlops.verbs import store

    if not 0 <= options.port < 1 << 16:
        raise Usage(f"{options.port} is not a port.", hint="For example: --port 5000")

    def began(environment: Mapping[str, str]) -> None:
        if options.json:
            session.write(json.dumps({"environment": dict(environment)}) + "\n")
            return
        session.write("# Serving until Ctrl-C. In the shell of your scripts:\n")
        session.write("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))

    with session.stoppable():
        return store.serve(stop=session.stop, began=began, port=options.port)


def _seconds(word: str | None) -> float | None:
    """`30d`, `12h`, `90m` or seconds."""
    if word is None:
        return None
    unit = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}.get(word[-1:], 0)
    number = word[:-1] if unit else word
    if not number.isdigit():
        raise Usage(f"{word!r} is not a duration.", hint="For example: --older-than 30d")
    return float(int(number) * (unit or 1))


def _store_lines(result: Mapping[str, Any], _style: Style) -> Iterator[str]:
    if "objects" in result:
        verb = "Would delete" if result["dry_run"] else "Deleted"
        others = _count(len(result["objects"]), "object")
        left = f"{_count(len(result['folders']), 'folder')} of {bytes_text(result['bytes'])}"
        yield f"{verb} {_count(len(result['runs']), 'run')}, {others} of no run, and on the volume {left}."
        return
    runs = _count(result["runs"], "run")
    if "artifacts" not in result:
        yield f"The index has {runs}."
        return
    parts = [runs, _count(result["artifacts"], "artifact"), _count(result["cache"], "cache record")]
    verb = "Would delete" if result.get("dry_run") else "Deleted"
    yield f"{verb} {parts[0]}, {parts[1]} and {parts[2]}: {bytes_text(result['bytes'])}."


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _doctor_arguments(parser: VerbParser) -> None:
    """It takes none."""


def _doctor(_options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.doctor import doctor

    return [asdict(finding) for finding in doctor()]


def _doctor_lines(result: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.diagnostics import doctor_lines

    return doctor_lines(result, style)


def _completion_arguments(parser: VerbParser) -> None:
    parser.add_argument("shell", type=_shell, metavar="bash|zsh", help="the shell that evaluates what is printed")


def _shell(word: str) -> str:
    from jupyter_mlops.cli.completion import SHELLS

    if word not in SHELLS:
        hint = f"There is one for {' and '.join(SHELLS)}. For example: jupyter mlops completion bash"
        raise Usage(f"There is no completion for the shell {word!r}.", hint=hint)
    return word


def _completion(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.cli.completion import script

    return {"shell": options.shell, "script": script(options.shell)}


VERBS = (
    Verb(
        name="store",
        examples=(
            "gc",
            "gc --older-than 30d --dry-run",
            "gc --target kubernetes --dry-run",
            "rebuild",
            "serve --port 5000",
        ),
        arguments=_store_arguments,
        call=_store,
        data=dict,
        lines=_store_lines,
    ),
    Verb(
        name="doctor",
        examples=("", "--json"),
        arguments=_doctor_arguments,
        call=_doctor,
        data=lambda result: {"checks": list(result)},
        lines=_doctor_lines,
        exit_code=lambda result: int(any(item["ok"] is False for item in result)),
    ),
    Verb(
        name="completion",
        examples=("bash", "zsh"),
        arguments=_completion_arguments,
        call=_completion,
        data=dict,
        lines=lambda result, _: result["script"].splitlines(),
    ),
)

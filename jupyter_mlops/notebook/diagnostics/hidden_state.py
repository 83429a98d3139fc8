"""Hidden state: what a step changes in its process that no value carries to the next one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from jupyter_mlops.notebook.configuration import dotted, import_aliases, is_configuration
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.python_source import module_of

_ENVIRONMENT = ("os.environ.update", "os.environ.setdefault", "os.environ.pop", "os.putenv", "os.unsetenv")


@rule("MLO701", severity="info")
def shared_generator(flow: Dataflow) -> Iterator[Finding]:
    """Several steps draw from one seeded random generator, and wait for each other to draw what the notebook draws.

    With a generator each (`rng = numpy.random.default_rng(0)`, `random_state=0`) they can run at once.
    """
    for state in ("random.state", "numpy.random.state", "torch.random.state"):
        users = [step for step in flow.steps if any(item.name == state for item in step.inputs) and state in step.final]
        users = users or [step for step in flow.steps if state in step.outputs]
        if len(users) > 1:
            names = ", ".join(step.name for step in users)
            yield Finding(
                message=f"The steps {names} draw from the generator of {state.removesuffix('.state')} in turn.",
                hint="Give each its own generator, and they can run at once.",
                name=state,
                step=users[0].name,
                cell=next(iter(users[0].declaration.cells), None),
            )


@rule("MLO702", severity="warning")
def environment_changed(flow: Dataflow) -> Iterator[Finding]:
    """A step sets an environment variable to a computed value, and another reads the environment: it does not get it.

    Literals are carried along. For the rest hand on the value under a name of its own, set the variable in a setup
    cell, or give the steps the option `--env`.
    """
    for cell, statement, aliases in _statements(flow):
        line = _environment(statement, aliases)
        if line and _is_used_later(flow, cell, lambda source: "environ" in source or "getenv" in source):
            yield Finding(
                message="The environment that this sets is not that of the steps that read it later.",
                hint="Set it in a setup cell, hand the value on under a name, or use the step option `--env`.",
                name="os.environ",
                cell=cell,
                line=line,
            )


@rule("MLO703", severity="warning")
def folder_changed(flow: Dataflow) -> Iterator[Finding]:
    """A step changes the working directory to a computed path: the later steps start in the notebook's folder.

    A literal path is carried along. Use full paths (`folder / "file.csv"`), or change the folder in a setup cell.
    """
    for cell, statement, aliases in _statements(flow):
        line = _folder(statement, aliases)
        if line and _is_used_later(flow, cell, bool):
            yield Finding(
                message="The later steps do not start in the folder that this changes to.",
                hint="Use full paths, or change the folder in a setup cell.",
                name="os.chdir",
                cell=cell,
                line=line,
            )


@rule("MLO704", severity="warning")
def module_changed(flow: Dataflow) -> Iterator[Finding]:
    """A step sets an attribute of an imported module: the other steps import it anew, without the change."""
    modules = {name for cell in flow.document.code_cells for name in _modules(module_of(cell.source))}
    for cell, statement, _ in _statements(flow):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
            continue
        module = target.value.id
        if module in modules and _is_used_later(flow, cell, lambda source, word=module: word in source):  # type: ignore[misc]
            yield Finding(
                message=f"{module}.{target.attr} is changed in this step only: later steps import the module anew.",
                hint="Make the change in a setup cell.",
                name=f"{module}.{target.attr}",
                cell=cell,
                line=statement.lineno,
            )


def _statements(flow: Dataflow) -> Iterator[tuple[int, ast.stmt, Mapping[str, str]]]:
    """(cell, statement, what imported names stand for) of the steps' statements that no configuration carries along."""
    trees = {cell.index: module_of(cell.source) for cell in flow.document.code_cells}
    aliases = import_aliases([tree for tree in trees.values() if tree])
    for index in sorted(flow.annotations.step_of):
        tree = trees.get(index)
        for statement in tree.body if tree else ():
            if not is_configuration(statement, aliases):
                yield index, statement, aliases


def _is_used_later(flow: Dataflow, cell: int, mentions: Callable[[str], bool]) -> bool:
    """Whether a later cell of another step mentions it."""
    step_of = flow.annotations.step_of
    return any(
        index > cell and step != step_of[cell] and mentions(flow.document.cells[index].source)
        for index, step in step_of.items()
    )


def _environment(statement: ast.stmt, aliases: Mapping[str, str]) -> int:
    """The line where a statement changes the environment; 0 if it does not."""
    for node in _outside_definitions(statement):
        if isinstance(node, ast.Call) and dotted(node.func, aliases) in _ENVIRONMENT:
            return node.lineno
        if isinstance(node, ast.Subscript) and _stores_in(node, "os.environ", aliases):
            return node.lineno
    return 0


def _stores_in(node: ast.Subscript, name: str, aliases: Mapping[str, str]) -> bool:
    return not isinstance(node.ctx, ast.Load) and dotted(node.value, aliases) == name


def _folder(statement: ast.stmt, aliases: Mapping[str, str]) -> int:
    """The line where a statement changes the working directory; 0 if it does not."""
    for node in _outside_definitions(statement):
        if isinstance(node, ast.Call) and dotted(node.func, aliases) == "os.chdir":
            return node.lineno
    return 0


def _outside_definitions(statement: ast.stmt) -> Iterator[ast.AST]:
    """What runs where the statement stands: functions and classes that it defines are not looked into."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from ast.walk(statement)


def _modules(tree: ast.Module | None) -> Iterator[str]:
    """Names bound by `import x` or `import x as y`: modules for sure."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            yield from (item.asname or item.name.partition(".")[0] for item in node.names)

"""Hidden state: what a step changes in its process that no value carries to the next one."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlops.notebook.dataflow import Dataflow, StepFlow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule


@rule("MLO701", severity="info")
def shared_generator(flow: Dataflow) -> Iterator[Finding]:
    """Several steps draw from one seeded random generator, and wait for each other to draw what the notebook draws.

    With a generator each (`rng = numpy.random.default_rng(0)`, `random_state=0`) they can run at once.
    """
    for state, users in sharers(flow):
        names = ", ".join(step.name for step in users)
        yield Finding(
            message=f"The steps {names} draw from the generator of {state.removesuffix('.state')} in turn.",
            hint="Give each its own generator, and they can run at once.",
            name=state,
            step=users[0].name,
            cell=next(iter(users[0].declaration.cells), None),
        )


@rule("MLO702", severity="warning")
def process_state(flow: Dataflow) -> Iterator[Finding]:
    """A step changes the state of its process by a computed value: an environment variable, the working directory.

    Where all arguments are literals, later steps get the same change. For the rest make the change in a setup cell,
    hand the value on under a name, or give the steps the option `--env`.
    """
    return from_problems(flow, "hidden_configuration")


@rule("MLO703", severity="warning")
def patched_module(flow: Dataflow) -> Iterator[Finding]:
    """A step sets an attribute of an imported module: the other steps import it anew, without the change."""
    return from_problems(flow, "patched_module")


def sharers(flow: Dataflow) -> Iterator[tuple[str, list[StepFlow]]]:
    """Each generator that several steps draw from, with those steps."""
    for state in ("random.state", "numpy.random.state", "torch.random.state"):
        users = [step for step in flow.steps if any(item.name == state for item in step.inputs) and state in step.final]
        users = users or [step for step in flow.steps if state in step.outputs]
        if len(users) > 1:
            yield state, users

"""Programs drawn from templates, and what must hold for each: step by step it means what it means as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st

from tests.unit.notebook.pipelines import notebook, run_linear, run_pipeline

# What a program that was drawn may raise by itself: then it says nothing.
ERRORS = (
    *(TypeError, AttributeError, RecursionError, KeyError, IndexError, ValueError, StopIteration),
    *(NameError, UnboundLocalError),
)


def drawn(examples: int) -> settings:
    """So many programs, the same ones each time; `EXAMPLES=1500 pytest ...` draws others, and more."""
    return settings(
        max_examples=int(os.environ.get("EXAMPLES", examples)),
        deadline=None,
        derandomize="EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        phases=[Phase.generate, Phase.shrink],
    )


@st.composite
def statements(draw: st.DrawFn, templates: Sequence[str], names: Mapping[str, Sequence[str]]) -> str:
    """A template with names of each kind in it: `{L}`, `{L2}` and `{L3}` are different ones."""
    fields = {}
    for kind, known in names.items():
        for number, name in enumerate(draw(st.permutations(known))[:3]):
            fields[f"{kind}{number + 1 if number else ''}"] = name
    return draw(st.sampled_from(templates)).format(**fields)


def assert_steps_mean_the_whole(cells: list[tuple[str, str]]) -> None:
    """Fail if (step, source) cells print or leave something else as a pipeline."""
    flow = notebook(*cells)
    assume(not any(problem.kind == "interleaved" for problem in flow.problems))
    try:
        linear = run_linear(flow, {})
    except ERRORS:
        assume(False)
    pipeline = run_pipeline(flow, {})
    assert pipeline.printed == {index: text for index, text in linear.printed.items() if index in pipeline.printed}
    assert pipeline.final == {name: linear.final.get(name) for name in pipeline.final}

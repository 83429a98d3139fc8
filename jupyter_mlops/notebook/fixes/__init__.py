"""Quick fixes: what can be changed in a notebook so that a diagnostic is gone.

One function a code, one module a family. A fix is offered only where it surely helps: after it the diagnostic is gone,
and no error is new.
"""

from __future__ import annotations

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic
from jupyter_mlops.notebook.fixes.fix import Edit, Fix

__all__ = ["Edit", "Fix", "fixes_of"]


def fixes_of(flow: Dataflow, item: Diagnostic) -> list[Fix]:
    """What can be offered for a diagnostic of this notebook, best first; nothing for a cell of an included one."""
    from jupyter_mlops.notebook.fixes import registry

    return registry.fixes_of(flow, item)

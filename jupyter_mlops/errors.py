"""The error tree: what can go wrong, and how each edge shows it."""

from __future__ import annotations

from jupyter_mlops.runtime.errors import BundleRefused, CannotHandOver, MlopsError

__all__ = [
    "BundleRefused",
    "CannotHandOver",
    "Conflict",
    "MissingLibrary",
    "MlopsError",
    "NewerStore",
    "NotANotebook",
    "NotFound",
    "NotebookHasErrors",
    "Refused",
    "StoreUnwritable",
    "Unavailable",
    "Usage",
    "WorkFailed",
]


class Usage(MlopsError):
    """The request makes no sense: wrong option, wrong value, wrong name."""

    exit_code, http_status, code = 2, 400, "usage"


class NotFound(Usage):
    """A notebook, run, step or artifact that is not there."""

    http_status, code = 404, "not_found"


class NotANotebook(Usage):
    """The file is not a notebook that can be read."""

    http_status, code = 422, "not_a_notebook"


class NotebookHasErrors(MlopsError):
    """The notebook cannot run as a pipeline; `diagnostics` say why."""

    exit_code, http_status, code = 1, 422, "notebook_has_errors"


class Refused(Usage):
    """The target cannot honour an option; nothing was started."""

    http_status, code = 422, "refused"


class Conflict(MlopsError):
    """Somebody else is doing this now."""

    http_status, code = 409, "conflict"


class MissingLibrary(MlopsError):
    """An optional library is needed; the hint says what to install."""

    http_status, code = 501, "missing_library"


class Unavailable(MlopsError):
    """A service or process that is needed does not answer."""

    http_status, code = 503, "unavailable"


class StoreUnwritable(MlopsError):
    """The store cannot be written: full disk, read-only folder."""

    http_status, code = 507, "store_unwritable"


class NewerStore(MlopsError):
    """The store was written by a newer version of this software."""

    http_status, code = 409, "newer_store"


class WorkFailed(MlopsError):
    """The work itself failed; the software did its part."""

    exit_code, http_status, code = 1, 200, "work_failed"

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".jupyter_mlops").mkdir()
    return Project(tmp_path).ensure()


@pytest.fixture
def journal(project: Project):
    journal = StoreJournal(project, new_run_id(), "p")
    yield journal
    journal.close()

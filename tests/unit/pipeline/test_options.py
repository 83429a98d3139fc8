"""Options from plain data."""

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Loop, Options, Retries, Secret, Volume
from jupyter_mlops.pipeline.options import read_options


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, Options()),
        ({"cpu": 2, "memory": "4Gi", "gpu": 1}, Options(cpu=2.0, memory="4Gi", gpu=1)),
        ({"retries": 3}, Options(retries=Retries(limit=3))),
        ({"retries": {"limit": 2, "delay": 5.0}}, Options(retries=Retries(limit=2, delay=5.0))),
        ({"for_each": "depth in [2, 4]"}, Options(for_each=Loop("depth", "[2, 4]"))),
        ({"for_each": {"variable": "x", "items": "xs"}}, Options(for_each=Loop("x", "xs"))),
        ({"secrets": ["db:password:PGPASSWORD"]}, Options(secrets=(Secret("db", "password", "PGPASSWORD"),))),
        ({"volumes": ["data:/mnt/data"]}, Options(volumes=(Volume("data", "/mnt/data"),))),
        ({"env": {"N": 3}}, Options(env={"N": "3"})),
        ({"files": ["a.csv"], "cache": False, "exit": True}, Options(files=("a.csv",), cache=False, exit=True)),
        ({"timeout": None, "image": None}, Options()),
    ],
)
def test_it_reads(data, expected):
    assert read_options(data) == expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"cpus": 2}, "no option 'cpus'"),
        ({"cpu": "many"}, "'cpu' cannot be 'many'"),
        ({"secrets": ["db:password"]}, "NAME:KEY:ENV"),
        ({"volumes": ["data"]}, "CLAIM:/PATH"),
        ({"retries": {"times": 2}}, "'retries'"),
        ({"env": ["A=1"]}, "'env'"),
    ],
)
def test_it_refuses_what_makes_no_sense(data, words):
    with pytest.raises(Usage, match=words):
        read_options(data)

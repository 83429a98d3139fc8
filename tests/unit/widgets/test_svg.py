"""The picture: well-formed, told in words, safe with any name, and the same twice."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from jupyter_mlops.widgets.labels import place_labels, short
from jupyter_mlops.widgets.layout import Box, Layout
from jupyter_mlops.widgets.nodes import nodes_of
from jupyter_mlops.widgets.palette import DARK, LIGHT
from jupyter_mlops.widgets.run_picture import picture_of
from jupyter_mlops.widgets.svg import graph_layout, graph_svg, line_path
from jupyter_mlops.widgets.text import depths, graph_lines

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></style><svg onload=alert(1)>",
    "' onclick='x",
    "\x1b[2J\x00\x08bell\x07",
    "a & b < c",
)
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> str:
    return " ".join(ET.fromstring(svg).itertext())


def nodes(svg: str) -> dict[str, ET.Element]:
    found = ET.fromstring(svg).iter(f"{SVG}g")
    return {node.get("data-step"): node for node in found if node.get("data-step") is not None}


@pytest.mark.parametrize("name", EVIL)
def test_evil_names_become_text_and_nothing_else(name) -> None:
    graph = {
        "name": name,
        "steps": [
            {"name": name, "cells": [1], "group": name, "outputs": [name]},
            {"name": "b", "cells": [2], "when": name, "for_each": name},
        ],
        "edges": [{"from": name, "to": "b", "names": [name]}],
    }
    root = ET.fromstring(graph_svg(graph))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "text", "path", "circle"}
    assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)
    assert "\x1b" not in graph_svg(graph)
    assert "\x1b" not in "\n".join(graph_lines(graph))


def test_every_state_is_told_by_a_word_and_an_icon(graph, run_events) -> None:
    shown = nodes(graph_svg(graph, picture_of(run_events).tasks))
    assert [node.get("data-state") for node in shown.values()] == ["succeeded", "failed", "skipped", "succeeded"]
    text = {name: " ".join(node.itertext()) for name, node in shown.items()}
    assert "✓" in text["load"]
    assert "succeeded, 1.0 s" in text["load"]
    assert "✗" in text["train"]
    assert "failed, 1 of 2 done" in text["train"]
    assert "ValueError: bad depth" in text["train"]
    assert "↷" in text["report"]
    assert shown["train"].get("aria-label") == "train, failed, 1 of 2 done"


def test_a_running_step_says_which_cell(graph, run_events) -> None:
    assert "running, cell 2 of 2" in texts(graph_svg(graph, picture_of(run_events[:4]).tasks))


def test_without_a_run_steps_say_what_they_are(graph) -> None:
    text = texts(graph_svg(graph))
    for part in ("2 cells", "for depth in [2, 4]", "when acc > 0.9", "1 cell, at the end"):
        assert part in text


def test_what_flows_is_on_the_edge_and_in_its_title(graph) -> None:
    root = ET.fromstring(graph_svg(graph))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert "load to train: df" in titles
    assert "report to notify: order only" in titles
    labels = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "mg-label"]
    assert labels == ["df", "acc"]


def test_a_step_that_runs_at_the_end_stands_below_all_others_without_a_line(graph) -> None:
    graph["edges"].pop()
    graph["steps"].append({"name": "aside", "cells": [6]})
    layout = graph_layout(graph, nodes_of(graph, {}))
    tops = {name: box.y for name, box in layout.boxes.items()}
    assert tops["notify"] > max(top for name, top in tops.items() if name != "notify")
    assert [target for _, target in layout.lines] == ["train", "report"]


def test_a_group_has_a_frame_with_its_name(graph) -> None:
    graph["steps"][1]["group"] = graph["steps"][2]["group"] = "models"
    assert "models" in texts(graph_svg(graph))


def test_the_picture_is_the_same_twice(graph, run_events) -> None:
    tasks = picture_of(run_events).tasks
    assert graph_svg(graph, tasks) == graph_svg(graph, tasks)


def test_themes_differ_and_only_the_automatic_one_follows_the_page(graph) -> None:
    auto, light, dark = (graph_svg(graph, theme=theme) for theme in ("auto", "light", "dark"))
    assert "prefers-color-scheme:dark" in auto
    assert "var(--jp-layout-color1" in auto
    assert "--jp-" not in light + dark
    assert f'fill="{DARK.page}"' in dark
    assert f'fill="{LIGHT.page}"' in light


def test_an_empty_pipeline_is_a_picture_too() -> None:
    assert ET.fromstring(graph_svg({"name": "none", "steps": [], "edges": []})) is not None
    assert list(graph_lines({"steps": []})) == ["No steps."]


def luminance(color: str) -> float:
    channels = [int(color[position : position + 2], 16) / 255 for position in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_what_they_stand_on(palette) -> None:
    for ground in (palette.card, palette.page, palette.frame):
        assert contrast(palette.text, ground) >= 4.5
        assert contrast(palette.muted, ground) >= 4.5
    for state, color in palette.states.items():
        assert contrast(color, palette.card) >= 3, state


@pytest.mark.parametrize(
    ("points", "path"),
    [
        (((5.0, 0.0), (5.0, 10.0)), "M5 0L5 10"),
        (((0.0, 0.0), (8.0, 10.0)), "M0 0C0 5 8 5 8 10"),
    ],
)
def test_lines_are_straight_where_they_can_be(points, path) -> None:
    assert line_path(points) == path


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), ""),
        (("df",), "df"),
        (("X_train", "X_test", "y_train", "y_test"), "X_train, X_test +2"),
        (("a_name_that_is_much_longer_than_an_edge",), "a_name_that_is_much_l…"),
    ],
)
def test_edge_labels_say_how_much_they_leave_out(names, text) -> None:
    assert short(names) == text


def test_labels_never_stand_on_boxes_or_each_other() -> None:
    boxes = {"a": Box(0, 0, 100, 40), "b": Box(0, 90, 100, 40)}
    lines = {("a", "b"): ((50.0, 40.0), (50.0, 90.0)), ("a", "c"): ((52.0, 40.0), (52.0, 90.0))}
    names = dict.fromkeys(lines, ("something",))
    labels = [label.box for label in place_labels(Layout(boxes, lines, {}, 100, 130), names)]
    assert len(labels) == 1
    assert 40 < labels[0].y < 90 - labels[0].height


def test_text_shows_depth_flow_and_state(graph, run_events) -> None:
    states = {"load": "succeeded", "train": "failed"}
    assert list(graph_lines(graph, states=states)) == [
        "✓ [succeeded] load  (cells 1, 2)",
        "  ✗ [failed] train  (cell 3; for each depth in [2, 4])",
        "      ← load: df",
        "    report  (cell 4; when acc > 0.9)",
        "        ← train: acc",
        "      notify  (cell 5; runs at the end)",
        "          ← report  (order only)",
    ]
    assert "<- load: df" in "\n".join(graph_lines(graph, unicode=False))


def test_depth_is_the_longest_way(graph) -> None:
    graph["edges"].append({"from": "load", "to": "report", "names": ["df"]})
    assert depths(graph) == {"load": 0, "train": 1, "report": 2, "notify": 3}


def test_a_graph_whose_steps_have_a_state_shows_it(graph) -> None:
    for step in graph["steps"]:
        step["state"] = "cached"
    assert {node.get("data-state") for node in nodes(graph_svg(graph)).values()} == {"cached"}
    assert next(iter(graph_lines(graph))) == "◆ [cached] load  (cells 1, 2)"


def test_boxes_keep_their_places_while_a_run_goes_on(graph, run_events) -> None:
    pictures = [picture_of(run_events[:count]).tasks for count in range(1, len(run_events))]
    layouts = [graph_layout(graph, nodes_of(graph, tasks)) for tasks in pictures]
    assert all(layout.boxes == layouts[0].boxes for layout in layouts)

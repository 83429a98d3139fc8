"""Verify real public notebooks: the examples in scikit-learn's source archive, cut into one step a cell.

    pip download scikit-learn --no-deps --no-binary scikit-learn
    python tools/verify_gallery.py scikit_learn-*.tar.gz
    python tools/verify_notebooks.py --gallery

They are scripts of sphinx-gallery (its own site offers them as notebooks): a docstring, then blocks that begin with
`# %%` or a line of `#`, text first, code after. Each becomes a notebook as sphinx-gallery would make it, is cut
by cells, so that every name crosses from process to process, and is run both ways. One that differs is also run twice
in the same way, all of it in one step: what differs then, too, the notebook does not determine (it draws random numbers
without a seed, or measures time). Results are kept in docs/verified_gallery.json, from where the page takes them.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from verify_notebooks import GALLERY, MLOPS, Verdict, place, verify

ROUNDS = 3  # a notebook that differs from itself does not do so every time

# Examples that need no download and end within a minute, from every corner of the gallery.
CHOSEN = """
bicluster/plot_spectral_biclustering classification/plot_classification_probability
classification/plot_digits_classification cluster/plot_adjusted_for_chance_measures cluster/plot_dbscan
cluster/plot_feature_agglomeration_vs_univariate_selection cluster/plot_hdbscan cluster/plot_kmeans_assumptions
cluster/plot_segmentation_toy compose/plot_compare_reduction covariance/plot_covariance_estimation
cross_decomposition/plot_compare_cross_decomposition cross_decomposition/plot_pcr_vs_pls decomposition/plot_kernel_pca
decomposition/plot_pca_iris ensemble/plot_feature_transformation ensemble/plot_gradient_boosting_regression
ensemble/plot_isolation_forest ensemble/plot_monotonic_constraints feature_selection/plot_feature_selection
feature_selection/plot_feature_selection_pipeline feature_selection/plot_rfe_with_cross_validation
gaussian_process/plot_gpr_noisy_targets gaussian_process/plot_gpr_prior_posterior
inspection/plot_causal_interpretation inspection/plot_permutation_importance_multicollinear
linear_model/plot_lasso_lars_ic linear_model/plot_logistic_multinomial linear_model/plot_ols_ridge
linear_model/plot_polynomial_interpolation linear_model/plot_quantile_regression manifold/plot_mds
manifold/plot_swissroll miscellaneous/plot_metadata_routing mixture/plot_gmm_selection
model_selection/plot_grid_search_stats model_selection/plot_likelihood_ratios
model_selection/plot_permutation_tests_for_classification model_selection/plot_roc
model_selection/plot_train_error_vs_test_error neural_networks/plot_rbm_logistic_classification
preprocessing/plot_target_encoder_cross_val semi_supervised/plot_label_propagation_digits svm/plot_svm_kernels
svm/plot_svm_scale_c tree/plot_cost_complexity_pruning tree/plot_tree_regression tree/plot_unveil_tree_structure
""".split()

_BLOCK = re.compile(r"^(?:# ?%%.*|#{20,}.*)$", re.MULTILINE)
_HEADING = re.compile(r"^(.+)\n([=\-~#*])\2{2,}$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Verify the chosen examples, or those named after the archive; 1 when one differs by our doing."""
    archive, *names = arguments
    known = json.loads(GALLERY.read_text()) if GALLERY.is_file() else {}
    words = []
    for name in names or CHOSEN:
        with tempfile.TemporaryDirectory() as folder:
            verdict = verify_example(archive, name, Path(folder))
        natural = _by_itself(archive, name, verdict)
        own = tuple(item for item in verdict.differences if place(item) not in natural)
        known[name] = _result(verdict, own)
        words.append(str(known[name]["result"]))
        print(f"{words[-1]:18} {verdict.seconds:5.1f} s {verdict.steps:3} steps  {name}  {verdict.error}", flush=True)
        for item in own[:5]:
            print(f"         {json.dumps(item, ensure_ascii=False)[:600]}")
        GALLERY.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    print(", ".join(f"{words.count(word)} {word}" for word in sorted(set(words))))
    return int("differs" in words)


def verify_example(archive: str, name: str, folder: Path, *, by: str = "cells") -> Verdict:
    """One example, cut by cells; `by` "nothing" makes it one step."""
    path = folder / f"{name.rpartition('/')[2]}.ipynb"
    whole = notebook(read(archive, name), step="all" if by == "nothing" else "")
    path.write_text(json.dumps(whole))
    if by != "nothing":
        command = [MLOPS, "convert", path.name, "--by", by]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            return Verdict(path, error=done.stderr[-300:])
    return verify(path, folder)


def _by_itself(archive: str, name: str, verdict: Verdict) -> Collection[str]:
    """Places that differ, too, when the notebook is run twice from top to bottom."""
    open_ones = {place(item) for item in verdict.differences}
    found: set[str] = set()
    for _ in range(ROUNDS):
        if open_ones <= found:
            break
        with tempfile.TemporaryDirectory() as folder:
            again = verify_example(archive, name, Path(folder), by="nothing")
        if again.error:
            print(f"         run by itself: {again.error}", flush=True)
        found |= {place(item) for item in again.differences}
    return found


def _result(verdict: Verdict, own: Collection[object]) -> dict[str, object]:
    """What is kept of a verdict."""
    word = verdict.word if own or not verdict.differences else "as it does itself"
    places = dict.fromkeys(place(item) for item in own or verdict.differences)
    return {"steps": verdict.steps, "result": word, "differences": list(places)[:6], "error": verdict.error}


def read(archive: str, name: str) -> str:
    """The source of an example in the archive."""
    with tarfile.open(archive) as file:
        member = next(item for item in file if item.name.endswith(f"/examples/{name}.py"))
        content = file.extractfile(member)
        assert content is not None
        return content.read().decode()


def notebook(source: str, step: str = "") -> dict[str, object]:
    """A sphinx-gallery script as a notebook, all of it in one step if that is named."""
    mark = {"jupyter_mlops": {"role": "step", "step": step}} if step else {}
    cells = [
        {"cell_type": kind, "id": f"{kind}-{index}", "metadata": mark, "source": text, **more}
        for index, (kind, text) in enumerate(blocks(source))
        for more in [{"outputs": [], "execution_count": None} if kind == "code" else {}]
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def blocks(source: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of every cell, in order; empty ones left out."""
    intro = ast.parse(source).body[0]
    lines = source.splitlines(keepends=True)
    yield "markdown", _markdown(ast.literal_eval("".join(lines[intro.lineno - 1 : intro.end_lineno]).strip()))
    for number, block in enumerate(_BLOCK.split("".join(lines[intro.end_lineno :]))):
        text, code = _split(block) if number else ("", block)
        if text.strip():
            yield "markdown", _markdown(text)
        if code.strip():
            yield "code", code.strip("\n")


def _split(block: str) -> tuple[str, str]:
    lines = block.lstrip("\n").splitlines()
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(re.sub(r"^# ?", "", line) for line in lines[:count]), "\n".join(lines[count:])


def _markdown(text: str) -> str:
    marked = _HEADING.sub(lambda found: f"{'#' if found[2] == '=' else '##'} {found[1].strip()}", text.strip())
    return re.sub(r"^[=\-]{4,}\n(?=#)", "", marked, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

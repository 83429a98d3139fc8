"""Verify real public notebooks: the examples in scikit-learn's source archive, cut into one step a cell.

    pip download scikit-learn --no-deps --no-binary scikit-learn
    python tools/verify_gallery.py scikit_learn-*.tar.gz

They are scripts of sphinx-gallery (its own site offers them as notebooks): a docstring, then blocks that begin with
`# %%` or a line of `#`, text first, code after. Each becomes a notebook as sphinx-gallery would make it, is cut
by cells, so that every name crosses from process to process, and is run both ways.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from verify_notebooks import MLOPS, Verdict, verify

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
    """Verify the chosen examples, or those named after the archive; 1 when one differs."""
    archive, *names = arguments
    verdicts = []
    for name in names or CHOSEN:
        with tempfile.TemporaryDirectory() as folder:
            verdict = verify_example(archive, name, Path(folder))
        verdicts.append(verdict)
        print(f"{verdict.word:8} {verdict.seconds:5.1f} s {verdict.steps:3} steps  {name}  {verdict.error}", flush=True)
        for item in verdict.differences[:5]:
            print(f"         {json.dumps(item, ensure_ascii=False)[:600]}")
    words = [verdict.word for verdict in verdicts]
    print(", ".join(f"{words.count(word)} {word}" for word in sorted(set(words))))
    return int("differs" in words)


def verify_example(archive: str, name: str, folder: Path) -> Verdict:
    """One example, cut by cells."""
    path = folder / f"{name.rpartition('/')[2]}.ipynb"
    path.write_text(json.dumps(notebook(read(archive, name))))
    command = [MLOPS, "convert", path.name, "--by", "cells"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        return Verdict(path, error=done.stderr[-300:])
    return verify(path, folder)


def read(archive: str, name: str) -> str:
    """The source of an example in the archive."""
    with tarfile.open(archive) as file:
        member = next(item for item in file if item.name.endswith(f"/examples/{name}.py"))
        content = file.extractfile(member)
        assert content is not None
        return content.read().decode()


def notebook(source: str) -> dict[str, object]:
    """A sphinx-gallery script as a notebook."""
    cells = [
        {"cell_type": kind, "id": f"{kind}-{index}", "metadata": {}, "source": text, **more}
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

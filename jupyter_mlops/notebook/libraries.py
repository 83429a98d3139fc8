"""Libraries by the name that they are imported by: whether one is there, and how it is installed."""

from __future__ import annotations

import importlib.util

# Those that are installed under another name.
_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "imblearn": "imbalanced-learn",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}


def is_installed(name: str) -> bool:
    """Whether this environment has a module of this top-level name. Nothing is imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return True  # a module that was made by hand, or finders of its own: it is not known to be missing


def how_to_get(module: str) -> str:
    """What to do about a module that is not there."""
    name = module.partition(".")[0]
    return (
        f"If it is a library: pip install {_DISTRIBUTIONS.get(name, name)}. "
        "If it is a file of yours: keep it beside the notebook."
    )

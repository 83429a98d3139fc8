"""Where a verb's work goes: the options `--target --context --namespace --image`, the same for all that have them."""

from __future__ import annotations

from argparse import Namespace

from jupyter_mlops.cli.grammar import VerbParser


def add_target(parser: VerbParser) -> None:
    """`--target`, and where in it."""
    parser.add_argument(
        "--target", default="", metavar="T", help="where to run; default: the project's setting `target`, else local"
    )
    add_place(parser)


def add_place(parser: VerbParser, *, image: bool = True) -> None:
    """Where in a target; what is not given is as the project's settings say."""
    parser.add_argument("--context", default="", metavar="C", help="a context of the kubeconfig; default: its current")
    parser.add_argument("--namespace", default="", metavar="N", help="the namespace; default: the context's")
    if image:
        parser.add_argument("--image", default="", metavar="I", help="the image of steps that name none")


def place_of(options: Namespace) -> dict[str, str]:
    """What was given of context, namespace and image."""
    found = {name: getattr(options, name, "") for name in ("context", "namespace", "image")}
    return {name: value for name, value in found.items() if value}

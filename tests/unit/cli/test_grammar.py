"""The grammar: every verb parses, helps and refuses in the same way."""

from __future__ import annotations

import pytest

from jupyter_mlops.cli.command import help_text
from jupyter_mlops.cli.grammar import SUMMARIES, HelpAsked, closest, load, pairs, parse, parser_of
from jupyter_mlops.errors import Usage

DESIGN_VERBS = frozenset(
    {"check", "convert", "graph", "compile", "run", "verify", "runs", "show", "logs", "diff"}
    | {"cancel", "retry", "delete", "export", "store", "doctor"}
)


def test_the_help_fits_a_screen() -> None:
    lines = help_text().rstrip("\n").splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_every_verb_of_the_design_is_there() -> None:
    assert set(SUMMARIES) >= DESIGN_VERBS


@pytest.mark.parametrize("name", SUMMARIES)
@pytest.mark.parametrize("in_kernel", [False, True])
def test_the_help_of_a_verb_has_an_example_that_parses(name, in_kernel) -> None:
    import shlex

    with pytest.raises(HelpAsked) as asked:
        parse([name, "--help"], in_kernel=in_kernel)
    text = str(asked.value)
    assert "examples:" in text
    prefix = f"{'%' if in_kernel else 'jupyter '}mlops {name}"
    verb = load(name)
    assert verb.examples
    for example in verb.examples:
        assert f"  {prefix} {example}".rstrip() in text
        assert parse([name, *shlex.split(example)], in_kernel=in_kernel).verb.name == name


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_verb_takes_json_before_and_after_its_name(name) -> None:
    import shlex

    example = shlex.split(load(name).examples[0])
    assert parse([name, *example, "--json"]).options.json
    assert parse(["--json", name, *example]).options.json
    assert not parse([name, *example]).options.json


def test_the_options_of_run_reach_the_verb_by_its_words() -> None:
    words = "run nb.ipynb -p a=1 -p b=x=y --target local --experiment e --from train --no-cache --parallel 3 --detach"
    options = parse(words.split()).options
    assert dict(pairs(options.param, "-p")) == {"a": "1", "b": "x=y"}
    assert (options.from_step, options.only, options.cache, options.parallel) == ("train", None, False, 3)
    assert (options.notebook, options.target, options.experiment, options.detach) == ("nb.ipynb", "local", "e", True)


@pytest.mark.parametrize("words", ["run nb.ipynb", "retry", "verify nb.ipynb"])
def test_what_is_driven_there_may_be_driven_from_here(words: str) -> None:
    assert parse([*words.split(), "--attached"]).options.attached is True
    assert parse(words.split()).options.attached is False


def test_options_may_stand_between_arguments() -> None:
    options = parse(["logs", "last", "-f", "train"]).options
    assert (options.run, options.step, options.follow) == ("last", "train", True)


def test_in_a_kernel_the_notebook_may_be_left_out() -> None:
    assert parse(["run"], in_kernel=True).options.notebook is None
    with pytest.raises(Usage, match="needs NB"):
        parse(["run"])


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("rnu nb", "There is no verb 'rnu'.", "Did you mean 'run'?"),
        ("qqqq", "There is no verb 'qqqq'.", "lists them"),
        ("", "Which verb?", "lists them"),
        ("run nb --no-cahce", "`run` has no option '--no-cahce'.", "Did you mean '--no-cache'?"),
        ("run nb --paralel=2", "`run` has no option '--paralel'.", "Did you mean '--parallel'?"),
        ("run nb --zzzz", "`run` has no option '--zzzz'.", "jupyter mlops run --help"),
        ("check a b", "'b' is one argument too many.", "check --help"),
        ("check", "`check` needs NB.", "jupyter mlops check analysis.ipynb"),
        ("run -", "Standard input and output (`-`) cannot stand for a file here.", "Give a path."),
        ("compile nb -o -", "Standard input and output (`-`) cannot stand for a file here.", "Give a path."),
        ("run nb --parallel 0", "--parallel: '0' is not a whole number above 0.", "run --help"),
        ("run nb --parallel x", "--parallel: 'x' is not a whole number above 0.", "run --help"),
        ("runs --limit -1", "--limit: '-1' is not a whole number above 0.", "runs --help"),
        ("runs --limit \u0663", "--limit: '\u0663' is not a whole number above 0.", "runs --help"),
        ("store tidy", "`store` cannot 'tidy'.", "`gc`, `rebuild` and `serve`"),
        ("store", "`store` needs gc|rebuild|serve.", "jupyter mlops store gc"),
        ("diff 0192", "`diff` needs RUN.", "jupyter mlops diff 0192f3a4 last"),
        ("run nb --from a --only b", "--only: not allowed with argument --from.", "run --help"),
        ("check nb --by magic", "--by: cannot be 'magic' (choose from", "check --help"),
        ("runs --limit many", "--limit: 'many' is not a whole number above 0.", "runs --help"),
        ("compile nb", "`compile` needs -o/--output.", "compile analysis.ipynb -o plan.json"),
        ("run nb --param", "-p/--param: expected one argument.", "run --help"),
    ],
)
def test_wrong_usage_is_a_sentence_and_the_way_out(words, message, hint) -> None:
    with pytest.raises(Usage) as failure:
        parse(words.split())
    assert message in failure.value.message
    assert hint in failure.value.hint
    assert failure.value.exit_code == 2


@pytest.mark.parametrize("word", ["depth", "=4", " =4"])
def test_a_parameter_without_name_or_value_is_refused(word) -> None:
    with pytest.raises(Usage, match="is not NAME=VALUE"):
        dict(pairs([word], "-p"))


def test_a_value_may_look_like_help_after_two_dashes() -> None:
    assert parse(["check", "--", "--help"]).options.notebook == "--help"


def test_abbreviated_options_are_refused() -> None:
    with pytest.raises(Usage, match="has no option '--no'"):
        parse(["run", "nb", "--no"])


def test_nothing_similar_gives_no_guess() -> None:
    assert closest("zzz", ["run"]) == ""


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_parser_knows_how_it_was_called(name) -> None:
    assert parser_of(load(name)).prog == f"jupyter mlops {name}"

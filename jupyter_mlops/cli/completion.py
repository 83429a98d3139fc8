"""Completion in the shell, as a script made from the grammar: no Python is started while somebody types."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator

from jupyter_mlops.cli.grammar import SUMMARIES, load, parser_of

SHELLS = ("bash", "zsh")
_BEFORE = {"bash": "", "zsh": "autoload -Uz +X compinit bashcompinit && compinit && bashcompinit\n"}
_FILES = ("FILE", "NB")


def script(shell: str) -> str:
    """What the shell evaluates: `eval "$(jupyter mlops completion bash)"`."""
    head = f'# Completion of `jupyter mlops` and `jupyter-mlops`: eval "$(jupyter mlops completion {shell})"\n'
    table = "\n".join(f"        {line}" for name in SUMMARIES for line in _cases(name))
    verbs = " ".join(SUMMARIES)
    return head + _BEFORE[shell] + _SCRIPT.replace("@VERBS@", verbs).replace("@CASES@", table)


def _cases(verb: str) -> Iterator[str]:
    """One line an option that takes a value, then one for everything else that may come after the verb."""
    actions = parser_of(load(verb))._actions
    options = [action for action in actions if action.option_strings]
    for action in options:
        if action.nargs != 0:
            names = "|".join(f"{verb}:{name}" for name in action.option_strings)
            yield f"{names}) {_offers(action) or ':'} ;;"
    names = " ".join(name for action in options for name in action.option_strings if name.startswith("--"))
    offers = dict.fromkeys(offer for action in actions if not action.option_strings for offer in [_offers(action)])
    if verb == "graph":  # its notebook may be a run
        offers["_jupyter_mlops_runs"] = None
    commands = "; ".join([f'options="{names}"', *filter(None, offers)])
    yield f"{verb}:*) {commands} ;;"


def _words(words: Iterable[str]) -> str:
    return f'words="{" ".join(words)}"'


def _offers(action: argparse.Action) -> str:
    """What offers the values of an argument or an option; nothing where they are free."""
    if action.choices:
        return _words(map(str, action.choices))
    metavar = str(action.metavar or "")
    if re.fullmatch(r"[a-z]+(\|[a-z]+)+", metavar):
        return _words(metavar.split("|"))
    if metavar == "RUN":
        return "_jupyter_mlops_runs"
    return "_jupyter_mlops_files" if metavar in _FILES else ""


# For bash from 3.2 on, and zsh by its bashcompinit. `jupyter` belongs to others, too: what completed it before is kept.
_SCRIPT = r"""
_jupyter_mlops_runs() {
    local folder=${JUPYTER_MLOPS_HOME:-} run
    if [[ -z $folder ]]; then
        folder=$PWD
        while [[ -n $folder && ! -d $folder/.jupyter_mlops ]]; do folder=${folder%/*}; done
    fi
    words="$words last"
    for run in $(command ls "${folder%/.jupyter_mlops}/.jupyter_mlops/runs" 2>/dev/null); do words="$words $run"; done
}

_jupyter_mlops_files() {
    local file
    while IFS= read -r file; do
        case $file in
            *.ipynb|*.py|*.json) COMPREPLY+=("$file") ;;
            *) if [[ -d $file ]]; then COMPREPLY+=("$file/"); fi ;;
        esac
    done < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
}

_jupyter_mlops_after() {  # the position of the verb
    local word=${COMP_WORDS[COMP_CWORD]} words="" options=""
    COMPREPLY=()
    if (( COMP_CWORD == $1 )); then
        COMPREPLY=($(compgen -W "@VERBS@" -- "$word"))
        return
    fi
    case ${COMP_WORDS[$1]}:${COMP_WORDS[COMP_CWORD-1]} in
@CASES@
    esac
    if [[ $word == -* ]]; then words=$options; fi
    if [[ -n $words ]]; then COMPREPLY+=($(compgen -W "$words" -- "$word")); fi
}

_jupyter_mlops() { _jupyter_mlops_after 1; }

_jupyter_with_mlops() {
    if [[ ${COMP_WORDS[1]} == mlops ]] && (( COMP_CWORD > 1 )); then
        _jupyter_mlops_after 2
        return
    fi
    COMPREPLY=()
    if [[ -n ${_jupyter_before_mlops:-} ]]; then "$_jupyter_before_mlops" "$@"; fi
    if (( COMP_CWORD == 1 )); then COMPREPLY+=($(compgen -W "mlops" -- "${COMP_WORDS[1]}")); fi
}

_jupyter_found=$(complete -p jupyter 2>/dev/null | sed -n 's/.*-F \([^ ]*\).*/\1/p')
if [[ $_jupyter_found != _jupyter_with_mlops ]]; then _jupyter_before_mlops=$_jupyter_found; fi
unset _jupyter_found
complete -F _jupyter_mlops jupyter-mlops
complete -o default -F _jupyter_with_mlops jupyter
"""

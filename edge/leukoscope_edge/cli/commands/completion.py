"""`leukoscope completion SHELL`: what the tabulator key knows, made from the parser."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from leukoscope_edge.cli.help import COMMANDS, add_command

PROGRAM = "leukoscope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What may follow one command.

    Attributes:
        command: "" for the program itself, "records list" for an action.
        actions: Commands below it, with their one line of help.
        options: With their one line of help.
        choices: What may follow an option.
    """

    command: str
    actions: dict[str, str]
    options: dict[str, str]
    choices: dict[str, tuple[str, ...]]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    completion = add_command(
        commands,
        "completion",
        "Prints a script; load it where your shell starts.",
        (
            "source <(leukoscope completion bash)     # in ~/.bashrc",
            "leukoscope completion zsh > ~/.zfunc/_leukoscope",
            "leukoscope completion fish > ~/.config/fish/completions/leukoscope.fish",
        ),
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=_completion)


def _completion(options: argparse.Namespace) -> int:
    from leukoscope_edge.cli import _parser

    print(SHELLS[options.shell](words_of(_parser(COMMANDS))), end="")
    return 0


def words_of(parser: argparse.ArgumentParser, command: str = "") -> list[Words]:
    """Return what may follow each command, from the program down."""
    actions: dict[str, str] = {}
    options: dict[str, str] = {}
    choices: dict[str, tuple[str, ...]] = {}
    below: list[Words] = []
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {a.dest: a.help or "" for a in action._choices_actions}  # noqa: SLF001
            for name, child in action.choices.items():
                actions[name] = helps.get(name, "")
                below += words_of(child, f"{command} {name}".strip())
        elif action.help is not argparse.SUPPRESS:
            for option in action.option_strings:
                options[option] = _one_line(action.help)
                if action.choices:
                    choices[option] = tuple(map(str, action.choices))
    own = Words(command=command, actions=actions, options=options, choices=choices)
    return [own, *below]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").replace("%%", "%").split())


def bash(commands: list[Words]) -> str:
    """Return the script for bash; files are completed where nothing else may stand."""
    lines = [f"_{PROGRAM}() {{", '  local word="${COMP_WORDS[COMP_CWORD]}"']
    lines += ['  local before="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" w']
    lines += ['  for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do', *_command(commands)]
    lines += ["  done", *_choices(commands, "words")]
    lines += ['  COMPREPLY=($(compgen -W "$words" -- "$word"))', "}"]
    lines += [f"complete -o default -F _{PROGRAM} {PROGRAM}"]
    return "\n".join(lines) + "\n"


def zsh(commands: list[Words]) -> str:
    """Return the script for zsh, for a folder of $fpath or to be sourced."""
    lines = [f"#compdef {PROGRAM}", f"_{PROGRAM}() {{"]
    lines += ['  local before="${words[CURRENT-1]}" command="" found="" w']
    lines += ['  for w in "${(@)words[2,CURRENT-1]}"; do', *_command(commands)]
    lines += ["  done", *_choices(commands, "found")]
    lines += ["  compadd -- ${=found} || _files", "}"]
    lines += [f'if [ "${{funcstack[1]}}" = "_{PROGRAM}" ]; then _{PROGRAM} "$@"']
    lines += [f"else compdef _{PROGRAM} {PROGRAM}; fi"]
    return "\n".join(lines) + "\n"


def _command(commands: list[Words]) -> list[str]:
    """Return lines, of bash and zsh, that add the word $w to $command where it fits."""
    names = "|".join(f'"{c.command}"' for c in commands if c.command)
    arm = f'      {names}) command="${{command:+$command }}$w" ;;'
    return ['    case "${command:+$command }$w" in', arm, "    esac"]


def _choices(commands: list[Words], name: str) -> list[str]:
    """Return lines, of bash and zsh, that put what may follow into a variable."""
    lines = ['  case "$command" in']
    for own in commands:
        lines += [f'    "{own.command}")', '      case "$before" in']
        for option, values in own.choices.items():
            lines += [f'        {option}) {name}="{" ".join(values)}" ;;']
        every = " ".join([*own.actions, *own.options])
        lines += [f'        *) {name}="{every}" ;;', "      esac ;;"]
    return [*lines, "  esac"]


def fish(commands: list[Words]) -> str:
    """Return the script for fish."""
    lines = []
    for own in commands:
        here = _fish_condition(own)
        for name, text in own.actions.items():
            lines.append(
                f"complete -c {PROGRAM} -f -n {here} -a {name} -d {_quoted(text)}"
            )
        for option, text in own.options.items():
            kind = "-l" if option.startswith("--") else "-s"
            line = f"complete -c {PROGRAM} -n {here} {kind} {option.lstrip('-')}"
            if option in own.choices:
                line += f" -x -a {_quoted(' '.join(own.choices[option]))}"
            lines.append(f"{line} -d {_quoted(text)}")
    return "\n".join(lines) + "\n"


def _fish_condition(own: Words) -> str:
    seen = [f"__fish_seen_subcommand_from {w}" for w in own.command.split()]
    if not own.command:
        return "__fish_use_subcommand"
    if own.actions:
        seen.append(f"not __fish_seen_subcommand_from {' '.join(own.actions)}")
    return _quoted("; and ".join(seen))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: dict[str, Callable[[list[Words]], str]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}

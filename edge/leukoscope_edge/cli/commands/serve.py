"""`leukoscope serve`: the device. A supervisor, and the two processes it starts.

    supervisor ── page      the technician's page (uvicorn)
               └─ count     camera and count; its camera and its GPU are children again

The supervisor imports no more than this module needs, so that it starts at once; what
page and count are made of is imported where they begin.
"""

import argparse
import os
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from leukoscope_edge.cli.arguments import path, whole, word
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.output import say
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.isolated import command_of
from leukoscope_edge.profile import open_profile
from leukoscope_edge.service import (
    HEALTH,
    HealthWriter,
    Limits,
    Part,
    RestartPolicy,
    ServiceState,
    Supervisor,
    alone,
    choose_run_folder,
    die_with_parent,
    share_arenas,
)

PAST, LOCK = "restarts.json", ".service"
MAX_PORT = 65535
FILES = ("page.json", "count.json", HEALTH)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    serve = add_command(
        commands,
        "serve",
        "Runs until it is told to end; each part is watched and started again.",
        ("leukoscope serve --profile simulated --port 8000 --data device",),
    )
    serve.set_defaults(run=_serve)
    serve.add_argument(
        "--profile",
        type=word,
        default="simulated",
        help="a shipped profile's name or a TOML file; default: simulated",
    )
    serve.add_argument(
        "--port",
        type=whole(0, MAX_PORT),
        help="another port than the profile's; 0: any free one",
    )
    serve.add_argument(
        "--data", type=path, help="another folder for the records than the profile's"
    )
    for name, kind in (("part", str), ("parent", int), ("safe", str)):
        serve.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    serve.add_argument("--cpu-only", action="store_true", help=argparse.SUPPRESS)


def _serve(options: argparse.Namespace) -> int:
    profile = open_profile(options.profile)
    if options.port is not None:
        profile = replace(profile, page=replace(profile.page, port=options.port))
    data_dir = options.data or Path(profile.data_dir)
    if options.part is None:
        return supervise(data_dir, options, Limits())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until a part can end in order
    die_with_parent(options.parent)
    share_arenas()
    if options.part == "page":
        from leukoscope_edge.web.server import run_page

        return run_page(profile, data_dir, say)
    from leukoscope_edge.cli.count import run_count

    return run_count(
        profile, data_dir, safe=options.safe or "", is_cpu_only=options.cpu_only
    )


def supervise(data_dir: Path, options: argparse.Namespace, limits: Limits) -> int:
    """Run the device until it is told to end.

    Args:
        data_dir: Of the records.
        options: As given on the command line; the parts get the same.
        limits: Of the policy.

    Raises:
        ConfigError: The folder of the records or of the beats cannot be made.
    """
    try:
        os.makedirs(data_dir, mode=0o700, exist_ok=True)  # noqa: PTH103 - with its parents
    except OSError as err:
        raise ConfigError(
            f"{data_dir}: cannot be made ({err.strerror}): name another folder with "
            "--data"
        ) from err

    def part(name: str) -> Part:
        return Part(name=name, command=lambda state: _command(name, options, state))

    policy = RestartPolicy(
        data_dir / PAST, is_revived="NOTIFY_SOCKET" in os.environ, limits=limits
    )
    # On a disk that cannot be written to two services harm nobody.
    is_writable = os.access(data_dir, os.W_OK)
    with alone(data_dir, LOCK) if is_writable else nullcontext():
        return Supervisor(
            parts=[part("page"), part("count")],
            folder=choose_run_folder(data_dir, FILES),
            policy=policy,
            tell=HealthWriter(data_dir).write,
        ).run()


def _command(
    name: str, options: argparse.Namespace, state: ServiceState
) -> Sequence[str]:
    command = [*command_of("leukoscope_edge", "serve", "--part", name)]
    command += ["--parent", str(os.getpid()), "--profile", options.profile]
    if options.port is not None:
        command += ["--port", str(options.port)]
    if options.data is not None:
        command += ["--data", str(options.data)]
    if name == "count":
        command += ["--cpu-only"] if state.is_cpu_only else []
        command += ["--safe", state.safe] if state.safe else []
    return command

"""Who screens the slides of an archive: all cores of this machine, or a Dask cluster.

On this machine each core has a process of its own (`capture.child`), which answers one
slide at a time: no shared memory is needed, nothing is unpickled, a folder of pictures
is never on its module path, and a process that dies costs the slide it was at.
"""

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leukoscope_edge.archive import SlideDone, SlideTask, screen_slide
from leukoscope_edge.capture import Answers, Child
from leukoscope_edge.counting import NormalSlide, SiteBackground
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.isolated import command_of
from leukoscope_edge.log import passed_over, start_log
from leukoscope_edge.records.slides import facts_from
from leukoscope_edge.vision.scale import Calibration

COMMAND = command_of("leukoscope_edge.archive_workers")
LONGEST_S = 7 * 86400.0
"""For one slide: a whole slide image of many thousand fields takes hours."""
DIED = (
    "its process died (out of memory?): run the same command again, it goes on where "
    "it was; fewer --jobs need less memory"
)


def run_on_cores(
    tasks: Sequence[SlideTask], n_jobs: int
) -> Generator[SlideDone, None, None]:
    """Screen slides on this machine and yield each when it is done."""
    workers = _Workers()
    pool = ThreadPoolExecutor(n_jobs)
    try:
        futures = [pool.submit(workers.screen, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        workers.end()
        pool.shutdown()
        workers.close()


class _Workers:
    """A process for each thread that asks, started with its first slide."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: list[Child] = []
        self._is_over = False

    def screen(self, task: SlideTask) -> SlideDone:
        """Have a slide screened; a process that dies becomes its trouble."""
        try:
            answer = self._child().ask(_plain(task), timeout_s=LONGEST_S)
        except SourceError as err:
            if not self._is_over:
                passed_over(err, doing="screening a slide of an archive")
            self._own.child = None
            return SlideDone(task=task, files={}, trouble=DIED)
        files, at = {}, 0
        for name, n_bytes in answer.header["files"].items():
            files[name] = bytes(answer.payload[at : at + n_bytes])
            at += n_bytes
        return SlideDone(task=task, files=files, trouble=answer.header["trouble"])

    def end(self) -> None:
        """End every process; whoever waits for one is told that it died."""
        with self._lock:
            self._is_over = True
            for child in self._all:
                child.hang_up()

    def close(self) -> None:
        """Let go of every process, once no thread waits for one."""
        for child in self._all:
            child.kill()

    def _child(self) -> Child:
        child: Child | None = getattr(self._own, "child", None)
        if child is None:
            child = self._own.child = self._start()
        return child

    def _start(self) -> Child:
        with self._lock:
            if self._is_over:
                raise SourceError("the run is over")
            self._all.append(Child(COMMAND))
            return self._all[-1]


def run_on_dask(
    tasks: Sequence[SlideTask], address: str
) -> Generator[SlideDone, None, None]:
    """Screen slides on a Dask cluster and yield each when it is done.

    Every worker needs this version of Leukoscope, and the archive and the bundle under
    the same paths. Whoever can reach a Dask scheduler can run programs on its workers:
    it belongs on a closed network, and never on a device. A worker runs files of the
    folder that it is started in, unless started with `-I` (docs/guide/engineer.md).

    Raises:
        LeukoscopeError: Dask is missing or the scheduler does not answer.
    """
    try:
        import distributed
    except ImportError as err:
        raise LeukoscopeError(
            "Dask is missing: pip install 'leukoscope[archive]'"
        ) from err
    try:
        client = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout="10s"
        )
    except (OSError, ValueError) as err:
        raise LeukoscopeError(f"{address}: no Dask scheduler answers: {err}") from err
    with client:
        futures = client.map(screen_slide, tasks, pure=False)
        task_of = {f.key: t for f, t in zip(futures, tasks, strict=True)}
        finished = distributed.as_completed(futures)  # type: ignore[no-untyped-call]
        for future in finished:
            error = future.exception()
            lost = SlideDone(task=task_of[future.key], files={}, trouble=str(error))
            yield future.result() if error is None else lost


def _plain(task: SlideTask) -> dict[str, Any]:
    """Return a slide as JSON values; `_task` makes it a slide again."""
    paths = {"folder": str(task.folder), "bundle": str(task.bundle)}
    return {**asdict(task), **paths}


def _task(plain: dict[str, Any]) -> SlideTask:
    site, calibration = plain["site"], plain["calibration"]
    if site is not None:
        slides = tuple(NormalSlide(**s) for s in site["slides"])
        site = SiteBackground(bundle=site["bundle"], slides=slides)
    if calibration is not None:
        flat = tuple(calibration["flat_light"])
        calibration = Calibration(**{**calibration, "flat_light": flat})
    paths = {"folder": Path(plain["folder"]), "bundle": Path(plain["bundle"])}
    facts = facts_from(plain["facts"])
    own = {"site": site, "calibration": calibration, "facts": facts}
    return SlideTask(**{**plain, **paths, **own})


def serve() -> None:
    """Screen what the parent names until it hangs up."""
    answers = Answers()
    for question in answers.questions():
        done = screen_slide(_task(question))
        sizes = {name: len(data) for name, data in done.files.items()}
        header = {"trouble": done.trouble, "files": sizes}
        answers.send(header, b"".join(done.files.values()))


if __name__ == "__main__":
    start_log()
    serve()

"""`emodj batch`: options, progress and exit status."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import SOME_FAILED, Context, common_options, pass_context
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from realtime.batch.batch import BatchProgress
    from realtime.batch.cluster import Cluster
    from realtime.batch.pool import WorkerPool
    from realtime.batch.results import BatchTotals
    from realtime.batch.sources import BatchSources
    from realtime.config.schema import Settings

LINE_S = 30.0
"""Seconds from one line on the progress to the next where no terminal shows a bar."""

_BAR_S = 0.2
_MINUTE, _HOUR = 60, 3600


@click.command(
    epilog="""\b
Examples:
  emodj batch holiday/ -r -o faces.parquet
  emodj batch films/ --every 1 -o faces.csv
  find / -name '*.jpg' -print0 | emodj batch --list - -o faces.jsonl

Run the same command again to go on where it was ended.""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The table: FILE.parquet, FILE.csv or FILE.jsonl.",
)
@click.option("-r", "--recursive", is_flag=True, default=None, help="Read the folders inside folders, too.")
@click.option(
    "--list",
    "listed",
    metavar="FILE",
    help="Also read the paths in FILE, one a line or with NUL between; - for the standard input.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.001),
    metavar="SECONDS",
    help="Read one frame of a film each so many seconds, without tracks.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 1024), metavar="N", help="Processes that read; as many as there are cores by default."
)
@click.option("--restart", is_flag=True, default=None, help="Begin anew, and replace a table that is there.")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Read on the workers of a Dask cluster, not here.")
@common_options
@pass_context
def batch(
    context: Context,
    paths: tuple[str, ...],
    output: Path,
    recursive: bool | None,
    listed: str | None,
    every: float | None,
    jobs: int | None,
    restart: bool | None,
    scheduler: str | None,
) -> int:
    """Read many pictures and films into one table.

    PATH is a picture, a film, or a folder of them. The table has a row for each face, and a row for each picture without a
    face or with an error.
    """
    from realtime.batch.batch import BatchRequest, check_request, run_batch
    from realtime.batch.sources import find_sources, read_list

    if not paths and listed is None:
        raise UsageError("name pictures, films or folders, or a list of them: --list FILE")
    if every is not None and not isfinite(every):
        raise UsageError(f"--every is a number of seconds, not {every}")
    if scheduler is not None and jobs is not None:
        raise UsageError("--jobs is for this computer: with --scheduler, the workers of the cluster read")
    settings = context.settings()
    given = [*paths, *(read_list(listed, sys.stdin.buffer) if listed is not None else ())]
    sources = find_sources(given, recursive=bool(recursive), notify=context.remark)
    used = repr(_used_settings(settings, every))
    request = BatchRequest(output, sources, every, used, version("emodj"), restart=bool(restart))
    check_request(request)
    if scheduler is None:
        _check_sources(sources)
    with _open_engine(settings, every, jobs, scheduler, context) as engine, _show_progress(context) as report:
        totals = run_batch(request, engine, report, context.remark)
    return _exit_status(totals, output, context)


def _check_sources(sources: BatchSources) -> None:
    """Refuse a batch in which no path names a file, so that a slip of the pen replaces no table."""
    if not any(number not in sources.errors and os.path.lexists(name) for number, name in enumerate(sources.names)):
        raise UsageError(sources.errors.get(0) or f"no such file: {sources.names[0]}")


def _used_settings(settings: Settings, every: float | None) -> tuple[object, ...]:
    """The settings that the rows depend on."""
    faces = settings.faces
    # A batch has no face at rest, and Haar cascades no file of YuNet
    faces = replace(faces, calibration="", yunet_model=faces.yunet_model if faces.detector == "yunet" else None)
    if every is None:
        return faces, settings.tracking
    # Single frames of a film are read as pictures are
    return (replace(faces, live=faces.image),)


def _open_engine(
    settings: Settings, every: float | None, jobs: int | None, scheduler: str | None, context: Context
) -> AbstractContextManager[WorkerPool | Cluster]:
    from realtime.app.build import load_batch_readers

    if scheduler is not None:
        return _open_cluster(settings, every, scheduler, context)
    from realtime.batch.pool import WorkerPool

    load = partial(load_batch_readers, settings.network, settings.faces, settings.tracking)
    return WorkerPool(load, every_s=every, jobs=jobs or count_cores(), notify=_few(context.remark))


def _open_cluster(settings: Settings, every: float | None, scheduler: str, context: Context) -> Cluster:
    from realtime.app.build import network_name, open_batch_readers, read_network

    try:
        from realtime.batch.cluster import Cluster
    except ModuleNotFoundError as error:
        raise EmodjError("a cluster needs Dask's distributed: pip install 'emodj[cluster]'") from error
    model, terms = read_network(settings, context.remark)
    open_readers = partial(open_batch_readers, terms.side_ratio, terms.unsure_below, settings.faces, settings.tracking)
    return Cluster(scheduler, model, network=network_name(terms), open_readers=open_readers, every_s=every)


def count_cores() -> int:
    """Processor cores that this process may use."""
    # Linux alone has it
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _few(remark: Callable[[str], None], most: int = 20) -> Callable[[str], None]:
    """Pass on the first sentences alone: a hundred thousand pictures can have as many remarks."""
    passed = 0

    def pass_on(sentence: str) -> None:
        nonlocal passed
        passed += 1
        if passed <= most:
            remark(sentence)
        elif passed == most + 1:
            remark("further remarks on single files are left out")

    return pass_on


@contextmanager
def _show_progress(context: Context) -> Generator[Callable[[BatchProgress], None]]:
    """Yield what shows the progress: a bar on a terminal, else a line from time to time; nothing with `--quiet`."""
    if context.quiet:
        yield lambda _: None
    elif is_terminal(sys.stderr):
        shown_s, drawn = 0.0, 0

        def draw(progress: BatchProgress) -> None:
            nonlocal shown_s, drawn
            if time.monotonic() - shown_s >= _BAR_S or progress.done == progress.total:
                text = f"{_bar(progress)} {describe_progress(progress)}"
                click.echo("\r" + text.ljust(drawn), nl=False, err=True)
                shown_s, drawn = time.monotonic(), len(text)

        try:
            yield draw
        finally:
            if drawn:
                click.echo(err=True)
    else:
        lined_s = time.monotonic()

        def line(progress: BatchProgress) -> None:
            nonlocal lined_s
            if time.monotonic() - lined_s >= LINE_S:
                context.remark(describe_progress(progress))
                lined_s = time.monotonic()

        yield line


def _bar(progress: BatchProgress, width: int = 24) -> str:
    full = width * progress.done // max(progress.total, 1)
    return f"[{'#' * full}{'-' * (width - full)}]"


def describe_progress(progress: BatchProgress) -> str:
    """How far a run is, how fast, and how long it still takes."""
    parts = [f"{progress.done} of {progress.total}"]
    if progress.units:
        parts.append(f"{progress.rate:.1f} pictures a second")
    if progress.left_s is not None and progress.done < progress.total:
        parts.append(f"{describe_seconds(progress.left_s)} left")
    return ", ".join(parts)


def describe_seconds(seconds: float) -> str:
    """A duration in its two largest units, `2 h 05 min`."""
    whole = round(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s" if whole >= _MINUTE else f"{whole} s"


def _exit_status(totals: BatchTotals, output: Path, context: Context) -> int:
    for sentence in totals.errors:
        context.print_error(EmodjError(sentence))
    if totals.failed > len(totals.errors):
        context.remark(f"{totals.failed - len(totals.errors)} more errors are in {output}, in the column error")
    context.remark(
        f"{output}: {totals.files} file{'s' * (totals.files != 1)}, {totals.faces} row{'s' * (totals.faces != 1)} "
        f"with a face, {totals.unsure} of them not sure"
    )
    if not totals.failed:
        return 0
    return SOME_FAILED if totals.failed < totals.files else EmodjError.status

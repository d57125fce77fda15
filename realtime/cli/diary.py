"""`emodj diary`: show, plot, export and delete the lines of sessions, and turn them on and off."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtime.diary.entry import DiaryEntry
    from realtime.diary.store import Diary

KEY = ("diary", "keep")
_SHOWN = 20
_PLOTS = (".svg", ".html", ".png")
_EXPORTS = (".csv", ".json")
_NAMED_SHARE = 0.1
_MOST_DAYS = 36_500


# ParamType is generic since click 8.4 only, and emodj also runs with 8.2
class _Since(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """Reads a day, `2026-11-03`, or a number of days back from today, `30d`."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day.

        Raises:
            click.BadParameter: the text is neither.
        """
        if isinstance(value, date):
            return value
        number = value.removesuffix("d")
        if number != value and number.isascii() and number.isdigit() and int(number[:9]) <= _MOST_DAYS:
            return _today() - timedelta(days=int(number))
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date: write it as 2026-11-03, or as 30d for 30 days ago", param, ctx)


_since_option = click.option(
    "--since", type=_Since(), metavar="DAY", help="From this day on: 2026-11-03, or 30d for 30 days back."
)


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  emodj diary on                        from now on, emodj live writes one line a session
  emodj diary                           the last sessions
  emodj diary note "rain, and new songs"
  emodj diary note --replace "sun, and new songs"
  emodj diary plot -o year.html
  emodj diary export > diary.csv
  emodj diary wipe                      deletes all of it""",
)
@common_options
@click.pass_context
def diary(ctx: click.Context) -> None:
    """Keep one line for each session of emodj live, on this computer, if you turn that on.

    A line has the start, the length, the mood, the shares of the expressions, the music and the movies that were recommended,
    and your note. Without a command, emodj shows the last sessions.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@diary.command("on", short_help="Keep a diary from now on.")
@common_options
@pass_context
def on(context: Context) -> None:
    """Keep a diary from now on: this writes diary.keep = true into your settings."""
    _turn(context, keep=True)
    click.echo(
        "emodj live writes one line a session from now on; `emodj diary off` ends it, `emodj diary wipe` deletes the lines"
    )


@diary.command("off", short_help="Keep no diary from now on.")
@common_options
@pass_context
def off(context: Context) -> None:
    """Keep no diary from now on: this writes diary.keep = false into your settings. The lines that you have stay."""
    _turn(context, keep=False)
    click.echo("no session is written from now on; the lines that you have stay, and `emodj diary wipe` deletes them")


def _turn(context: Context, *, keep: bool) -> None:
    from realtime.config.edit import write_setting
    from realtime.config.locations import user_file

    file = user_file()
    if keep or file.exists():
        write_setting(file, KEY, keep)
    if context.settings().diary.keep != keep:
        raise EmodjError("another file of settings, or EMODJ_CONFIG, sets diary.keep too, and wins: emodj config path")


@diary.command("show", short_help="Show the last sessions.")
@_since_option
@click.option(
    "-n", "number", type=click.IntRange(1), metavar="N", help=f"The last N sessions (default: {_SHOWN}, or all of --since)."
)
@json_option
@common_options
@pass_context
def show(context: Context, since: date | None, number: int | None, as_json: bool | None) -> None:
    """Show the last sessions, the newest last."""
    entries = _entries(context, since)
    entries = entries[-(number or (len(entries) if since is not None or as_json else _SHOWN)) :] if entries else []
    if as_json:
        from realtime.cli.output import print_document
        from realtime.diary.export import diary_document

        print_document(diary_document(entries, keep=context.settings().diary.keep), indent=2)
        return
    if not entries:
        context.remark(_why_empty(context, since))
    for line in _table(entries):
        click.echo(line)


@diary.command("note", short_help="Add, correct or remove a note.")
@click.argument("words", metavar="[TEXT]...", nargs=-1)
@click.option(
    "--session", "start", metavar="START", help="Session of this start, as the table shows it (default: the last one)."
)
@click.option("--replace", "replaces", is_flag=True, default=None, help="TEXT takes the place of a note.")
@click.option("--remove", "removes", is_flag=True, default=None, help="Remove a note; emodj asks first.")
@click.option(
    "-n",
    "number",
    type=click.IntRange(1),
    metavar="N",
    help="Replace or remove the Nth note of the session (default: the last).",
)
@click.option("--yes", is_flag=True, default=None, help="Do not ask.")
@common_options
@pass_context
def note(
    context: Context,
    words: tuple[str, ...],
    start: str | None,
    replaces: bool | None,
    removes: bool | None,
    number: int | None,
    yes: bool | None,
) -> None:
    """Add a note to the last session, or to that of START; a second one goes below the first.

    With --replace or --remove, correct or remove one of the notes.
    """
    from realtime.diary.store import Diary

    text = _note_text(words, replaces=bool(replaces), removes=bool(removes))
    if number is not None and not (replaces or removes):
        raise UsageError("-n names a note to change: add --replace or --remove")
    kept = Diary(context.remark)
    if start is None and text and not replaces:
        entry = kept.add_note(text)
        if entry is None:
            raise UsageError(f"there is no session to add a note to: {_why_empty(context, None)}")
        click.echo(f"noted with the session of {_start(entry)}")
        return
    line, entry = _one_session(kept, start, context)
    notes = entry.note.split("\n") if entry.note else []
    if text and not replaces:
        kept.replace_note(line, entry.note, "\n".join([*notes, text]))
        click.echo(f"noted with the session of {_start(entry)}")
        return
    index = len(notes) - 1 if number is None else number - 1
    if not 0 <= index < len(notes):
        has = "no note" if not notes else "1 note" if len(notes) == 1 else f"{len(notes)} notes"
        raise UsageError(f"the session of {_start(entry)} has {has}: `emodj diary` shows them")
    before = notes[index]
    if removes and not yes:
        _confirm(f"delete the note {quoted(before)} of the session of {_start(entry)}, for good?")
    notes[index : index + 1] = [text] if text else []
    kept.replace_note(line, entry.note, "\n".join(notes))
    done = f"replaced: {before}" if replaces else f"removed: {before}"
    click.echo(printable(f"{done}, of the session of {_start(entry)}"))


def _note_text(words: tuple[str, ...], *, replaces: bool, removes: bool) -> str:
    """The words of a note as one line; empty with --remove."""
    from realtime.printable import one_line

    text = " ".join(one_line(" ".join(words)).split())
    if replaces and removes:
        raise UsageError("--replace corrects a note, and --remove takes it away: leave one of them out")
    if removes and words:
        raise UsageError("--remove needs no text: leave it out, or use --replace")
    if not text and not removes:
        raise UsageError("the note is empty: write it behind `emodj diary note`")
    return text


def _one_session(kept: Diary, start: str | None, context: Context) -> tuple[int, DiaryEntry]:
    """The session of a start, or the last one, with its number in the file.

    Raises:
        UsageError: there is none, or several have that start.
    """
    found = kept.sessions(None if start is None else start.replace("T", " "))
    if not found and start is not None:
        raise UsageError(f"no session of your diary started at {quoted(start)}: `emodj diary show -n 100` shows the starts")
    if not found:
        raise UsageError(f"there is no session to change a note of: {_why_empty(context, None)}")
    if start is not None and len(found) > 1:
        starts = ", ".join(entry.started.strftime("%Y-%m-%d %H:%M:%S") for _, entry in found[:_SHOWN])
        raise UsageError(f"{len(found)} sessions started at {quoted(start)}: name one of {starts}")
    return found[-1]


@diary.command("plot", short_help="Draw a year of squares and a week's curve.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write FILE.html, FILE.svg or FILE.png. Without it, the plot goes to the terminal.",
)
@click.option("--until", type=_Since(), metavar="DAY", help="The last day (default: today).")
@click.option("--force", is_flag=True, default=None, help="Replace a file that exists.")
@common_options
@pass_context
def plot(context: Context, output: Path | None, until: date | None, force: bool | None) -> None:
    """Draw twelve months, a square for each day in the colour of its mood, and how pleasant the faces looked in seven days."""
    from realtime.diary.days import days_of

    _check_output(output, _PLOTS, "plot")
    days, last = days_of(_entries(context, None)), until or _today()
    if not days:
        context.remark(_why_empty(context, None))
    if output is None:
        from realtime.diary.text_plots import week_lines, year_lines

        colour = is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        unicode = "utf" in (sys.stdout.encoding or "").lower()
        for line in (*year_lines(days, last, colour=colour), "", *week_lines(days, last, unicode=unicode)):
            click.echo(line, color=colour)
        return
    suffix = output.suffix.lower()
    if suffix == ".png":
        from realtime.diary.png_plots import draw_diary
        from realtime.storage.image_file import write_image

        write_image(draw_diary(days, last), output, overwrite=bool(force))
    else:
        from realtime.diary.svg_plots import diary_html, diary_svg

        _write(output, (diary_svg if suffix == ".svg" else diary_html)(days, last), force=bool(force))
    click.echo(printable(str(output)))


@diary.command("export", short_help="Print all lines as CSV or JSON.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), help="csv or json (default: that of FILE, else csv).")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write FILE.csv or FILE.json.")
@_since_option
@click.option("--force", is_flag=True, default=None, help="Replace a file that exists.")
@common_options
@pass_context
def export(context: Context, form: str | None, output: Path | None, since: date | None, force: bool | None) -> None:
    """Print all lines as CSV, one row a session, or as JSON; or write them into a file that only you can read."""
    from realtime.diary.export import diary_csv, diary_document
    from realtime.session.documents import encode_line

    if output is not None and str(output) == "-":
        output = None
    if form is None:
        _check_output(output, _EXPORTS, "diary")
        form = "csv" if output is None else output.suffix.lower().removeprefix(".")
    entries = _entries(context, since)
    if form == "csv":
        data = diary_csv(entries).encode()
    else:
        data = encode_line(diary_document(entries, keep=context.settings().diary.keep), indent=2)
    if output is not None:
        _write(output, data.decode(), force=bool(force))
        click.echo(printable(str(output)))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@diary.command("wipe", short_help="Delete the whole diary.")
@click.option("--yes", is_flag=True, default=None, help="Do not ask.")
@common_options
@pass_context
def wipe(context: Context, yes: bool | None) -> None:
    """Delete the diary, with every file that belongs to it. The setting stays: `emodj diary off` turns it off."""
    from realtime.diary.store import Diary

    kept = Diary(context.remark)
    files = kept.files()
    if not files:
        kept.wipe()
        click.echo("there is no diary to delete")
        return
    if not yes:
        _confirm(f"delete the diary {kept.path}, {_count(kept, files)}, for good?")
    kept.wipe()
    click.echo("the diary is deleted")


def _confirm(question: str) -> None:
    if not is_terminal(sys.stdin):
        raise UsageError("nothing is deleted without a question: answer it in a terminal, or say --yes")
    if not click.confirm(printable(question), err=True):
        raise EmodjError("nothing was deleted")


def _count(kept: Diary, files: Sequence[Path]) -> str:
    try:
        number = len(kept.entries())
    except EmodjError:
        # A newer or unreadable one can be deleted too
        return f"{len(files)} file{'s' if len(files) > 1 else ''}"
    return "1 session" if number == 1 else f"{number} sessions"


def _entries(context: Context, since: date | None) -> list[DiaryEntry]:
    from realtime.diary.store import Diary

    entries = Diary(context.remark).entries()
    return [entry for entry in entries if since is None or entry.started.date() >= since]


def _why_empty(context: Context, since: date | None) -> str:
    if since is not None:
        return f"the diary has no session since {since.isoformat()}"
    if context.settings().diary.keep:
        return "the diary is empty: `emodj live` writes a line at the end of a session"
    return "the diary is empty and off: `emodj diary on` turns it on"


def _table(entries: Sequence[DiaryEntry]) -> Iterator[str]:
    """A row for each session; its note, if it has one, on lines of its own."""
    from realtime.diary.entry import name_entry_mood
    from realtime.session.summary_text import length_text

    rows: list[tuple[str, str, str, str, str]] = []
    for entry in entries:
        looked = "" if entry.shares is None else _shares(entry.shares)
        rows.append((_start(entry), length_text(entry.seconds), name_entry_mood(entry), looked, entry.music or ""))
    heads = ("start", "length", "mood", "what the faces looked like", "music")
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    if rows:
        yield _row(heads, widths)
    for row, entry in zip(rows, entries, strict=True):
        yield _row(row, widths)
        for line in entry.note.split("\n") if entry.note else ():
            yield printable(f"    {line}")


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return printable("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())


def _shares(shares: Sequence[float]) -> str:
    from realtime.domain import ranked_percentages

    named = [f"{name.value} {percent}%" for name, share, percent in ranked_percentages(shares) if share >= _NAMED_SHARE]
    return ", ".join(named[:3])


def _start(entry: DiaryEntry) -> str:
    return entry.started.strftime("%Y-%m-%d %H:%M")


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _check_output(output: Path | None, suffixes: Sequence[str], what: str) -> None:
    if output is not None and output.suffix.lower() not in suffixes:
        named = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise UsageError(f"cannot write {output}: choose a name for the {what} that ends in {named}")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file whole, or not at all; only its owner can read it."""
    from realtime.storage import atomic

    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: no such folder: {path.parent}")
    if force and not path.is_dir():
        atomic.write({path: text.encode()}, private=True)
        return
    try:
        atomic.create(path, text.encode(), private=True)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: --force replaces it, or choose another name") from error

"""`emodj mood`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD, STRATEGY, with_strategy
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.planner import Plan
    from realtime.session.documents import Document


_OTHERS = 4
"""So many more are listed below the best; a strategy that leads somewhere else has the whole configuration to offer."""
_DIGITS = 4


@click.command(
    epilog="""\b
Examples:
  emodj mood                       asks
  emodj mood happy
  emodj mood sad --strategy lift --open
  emodj mood fear --qr             a code for the phone
  emodj mood sad --strategy journey --json

emodj play NAME plays songs of this computer; emodj playlists lists all there is.""",
)
@click.argument("name", type=MOOD, required=False)
@click.option("--strategy", type=STRATEGY, help="What the mood asks for (default: music.strategy of your settings).")
@click.option("--open", "opens", is_flag=True, default=None, help="Open it in the Spotify app, or else in the browser.")
@click.option("--qr", is_flag=True, default=None, help="Print the link as a QR code too.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document: docs/reference/json.md.")
@common_options
@pass_context
def mood(
    context: Context,
    name: Expression | None,
    strategy: str | None,
    opens: bool | None,
    qr: bool | None,
    as_json: bool | None,
) -> int:
    """Print music that fits a mood, without a camera.

    NAME is angry, disgust, fear, happy, neutral, sad or surprise; without it you are asked.
    """
    from realtime.app.build import build_playlists
    from realtime.cli.mood import prompt_for_mood
    from realtime.music.planner import plan_music

    settings = with_strategy(context.settings(), strategy)
    music = build_playlists(settings, context.remark)
    if name is None:
        name = prompt_for_mood(music)
        if name is None:
            return 1
    found = plan_music(music, Mood.by_hand(name), settings.music.strategy)
    if found is None:
        raise EmodjError(
            f"your settings name no music for {name.value}: add a [[playlists.{name.value}]], or try --strategy lift"
        )
    offered = _Offered(name, found, context)
    if as_json:
        offered.print_json(opens=bool(opens), qr=bool(qr))
    else:
        offered.print(opens=bool(opens), qr=bool(qr))
    return 0


@dataclass(frozen=True, slots=True)
class _Offered:
    """What was found for a mood, and what is done with it."""

    name: Expression
    plan: Plan
    context: Context

    def print(self, *, opens: bool, qr: bool) -> None:
        """Print it for people, then open it if that is wanted."""
        from realtime.cli.output import print_choice, printable_place

        best, *others = self.plan.choices
        link = self._link()
        print_choice(best, self.plan.why, qr=qr)
        if self.plan.step is not None:
            for step in _steps(self.plan.then):
                click.echo()
                print_choice(step.best, step.why)
        elif others:
            click.echo()
            longest = max(len(choice.title) for choice in others[:_OTHERS])
            for choice in others[:_OTHERS]:
                click.echo(f"or {choice.title:<{longest}}  {printable_place(choice)}")
        if link is not None and link != best and (opens or qr):
            click.echo()
            print_choice(link, qr=qr)
        if opens:
            self._open(link)
        elif qr and link is None:
            self.context.remark(f"no code: this music is on this computer, and `emodj play {self.name.value}` plays it")

    def print_json(self, *, opens: bool, qr: bool) -> None:
        """Open it if that is wanted, then print the document; nothing else is on stdout."""
        from realtime.cli.output import print_choice, print_document

        link = self._link()
        if link is not None and (opens or qr):
            print_choice(link, qr=qr, err=True)
        print_document(document(self.name, self.plan, self._open(link) if opens else None), indent=2)

    def _link(self) -> MusicChoice | None:
        return next((choice for choice in self.plan.choices if choice.url), None)

    def _open(self, link: MusicChoice | None) -> str | None:
        from realtime.music.open_link import open_link

        best = self.plan.best
        if best.path is not None:
            self.context.remark(f"{best.title} is on this computer: `emodj play {self.name.value}` plays it")
        if link is None:
            self.context.remark("not opened, no choice here is a link")
            return None
        opened = open_link(link.place)
        if opened.where is None:
            self.context.remark(f"not opened, {opened.why}: open the link yourself")
        else:
            self.context.remark(f"handed to {opened.opener}: {link.title}")
        return opened.where


def document(name: Expression, plan: Plan, opened: str | None) -> Document:
    """The document of `emodj mood --json`; `steps` are those of a journey, else null."""
    from realtime.session.documents import SCHEMA

    steps = [{"why": step.why, "wanted": _wanted(step), "choice": listed(step.best)} for step in _steps(plan)]
    return {
        "schema": SCHEMA,
        "mood": name.value,
        "strategy": plan.strategy.value,
        "why": plan.why,
        "wanted": _wanted(plan),
        "choices": [listed(choice) for choice in plan.choices],
        "steps": steps if plan.step is not None else None,
        "opened": opened,
    }


def listed(choice: MusicChoice) -> Document:
    """A choice in a document; either url or path is null."""
    return {
        "title": choice.title,
        "url": choice.url,
        "path": None if choice.path is None else str(choice.path),
        "valence": round(choice.point.valence, _DIGITS),
        "arousal": round(choice.point.arousal, _DIGITS),
    }


def _wanted(plan: Plan) -> Document:
    return {"valence": round(plan.wanted.valence, _DIGITS), "arousal": round(plan.wanted.arousal, _DIGITS)}


def _steps(plan: Plan | None) -> Iterator[Plan]:
    while plan is not None:
        yield plan
        plan = plan.then


_LONGEST_ANSWER = 1000


def prompt_for_mood(music: Playlists) -> Expression | None:
    """Ask for a mood on stderr, so that stdout stays data: a list on a terminal, else a line of stdin; None for none.

    Raises:
        UsageError: no line came, or it names no mood.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    firsts = {each: next((choice.title for choice in music.moods.get(each, ())), "") for each in EXPRESSIONS}
    titles = {each: f"{each.value:<9} {title}".rstrip() for each, title in firsts.items()}
    if sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return _choose_mood(titles)
    for number, title in enumerate(titles.values(), 1):
        click.echo(f"{number}  {title}", err=True)
    click.echo("mood: ", err=True, nl=not sys.stdin.isatty())
    return _read()


def _choose_mood(titles: dict[Expression, str]) -> Expression | None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.output import create_output
    from prompt_toolkit.shortcuts import choice

    # A letter moves the cursor to the entry that begins with it, without choosing it. So each entry begins with a blank
    options: list[tuple[Expression | None, str]] = [(each, f" {title}") for each, title in titles.items()]
    try:
        with create_app_session(output=create_output(stdout=sys.stderr)):
            return choice(
                "Which mood? (arrows or a number, then Enter; Esc for none)",
                options=options,
                key_bindings=_choice_keys(len(options)),
            )
    except EOFError:
        _refuse_no_answer()


def _choice_keys(count: int) -> KeyBindings:
    """Escape leaves the list without an answer, and the arrows lead from either end of the list to the other."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()
    row = 0

    def choose(event: KeyPressEvent, wanted: int) -> None:
        nonlocal row
        row = wanted % count
        # The list itself stops at its ends; by its number it chooses any entry
        bindings = event.app.layout.current_control.get_key_bindings()
        if bindings is not None:
            bindings.get_bindings_for_keys((str(row + 1),))[-1].call(event)

    @keys.add("up", eager=True)
    @keys.add("k", eager=True)
    @keys.add("c-p", eager=True)
    def _up(event: KeyPressEvent) -> None:
        choose(event, row - 1)

    @keys.add("down", eager=True)
    @keys.add("j", eager=True)
    @keys.add("c-n", eager=True)
    def _down(event: KeyPressEvent) -> None:
        choose(event, row + 1)

    def press_digit(event: KeyPressEvent) -> None:
        if int(event.data) <= count:
            choose(event, int(event.data) - 1)

    for digit in "123456789":
        keys.add(digit, eager=True)(press_digit)

    @keys.add("pageup", eager=True)
    @keys.add("pagedown", eager=True)
    def _page(_event: KeyPressEvent) -> None:
        """Move nothing: the list would move its cursor without choosing an entry."""

    @keys.add("escape", eager=True)
    def _escape(event: KeyPressEvent) -> None:
        event.app.exit()

    return keys


def _read() -> Expression:
    from realtime.music.songs import parse_expression

    try:
        line = sys.stdin.readline(_LONGEST_ANSWER).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the answer on the standard input cannot be read ({error})") from error
    if not line:
        _refuse_no_answer()
    if line.isascii() and line.isdigit() and 1 <= int(line) <= len(EXPRESSIONS):
        return EXPRESSIONS[int(line) - 1]
    try:
        return parse_expression(line)
    except ValueError as error:
        raise UsageError(f"{error}, or a number from 1 to {len(EXPRESSIONS)}") from error


def _refuse_no_answer() -> NoReturn:
    raise UsageError("no mood was named: say which, as in `emodj mood happy`")

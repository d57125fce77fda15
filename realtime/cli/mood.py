"""`emodj mood`: print music and movies that fit a mood, or open the link of the music, without a camera."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD, STRATEGY, draw_seed, json_option, seed_option, summary_option, with_strategy
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from realtime.music.catalog import MusicChoice
    from realtime.music.planner import Plan, Strategy
    from realtime.session.documents import Document
    from realtime.session.recommendations import Recommender
    from realtime.session.summary import Summary


_MAX_ALTERNATIVES = 4
"""Listed below the best choice; the strategies lift and journey rank all the music of the settings."""
_DIGITS = 4
"""Decimals of valence and arousal in the document."""
_MAX_ANSWER = 1000
"""Characters to read from stdin as an answer."""


@click.command(
    epilog="""\b
Examples:
  emodj mood                       asks for a mood
  emodj mood happy
  emodj mood sad --strategy lift --open
  emodj mood fear --qr             a QR code for the phone
  emodj mood sad --strategy journey --json
  emodj mood happy --summary evening.html

emodj play NAME plays songs of this computer; emodj playlists lists all music of the settings.""",
)
@click.argument("name", type=MOOD, required=False)
@click.option(
    "--strategy",
    type=STRATEGY,
    help="Music like the mood, music that lifts, or a journey (default: music.strategy of your settings).",
)
@click.option("--open", "opens", is_flag=True, default=None, help="Open the link in the Spotify app, or else in the browser.")
@click.option("--qr", is_flag=True, default=None, help="Print the link also as a QR code.")
@seed_option
@summary_option
@json_option
@common_options
@pass_context
def mood(
    context: Context,
    name: Expression | None,
    strategy: str | None,
    opens: bool | None,
    qr: bool | None,
    seed: int | None,
    kept: Path | None,
    as_json: bool | None,
) -> int:
    """Print music that fits a mood, three movies and a fact, without a camera.

    NAME is angry, disgust, fear, happy, neutral, sad or surprise; without NAME, emodj asks for it.
    """
    from realtime.app.build import build_feedback, build_playlists, build_recommender
    from realtime.music.planner import ONLY_DISLIKED, plan_music
    from realtime.music.taste import Taste

    summary_file = None
    if kept is not None:
        from realtime.app.summary_file import SummaryFile

        summary_file = SummaryFile(kept)
    settings = with_strategy(context.settings(), strategy)
    music = build_playlists(settings, context.remark)
    if name is None:
        name = prompt_for_mood({each: choices[0].title for each, choices in music.moods.items() if choices}, "mood")
        if name is None:
            return 1
    chosen, used_seed = settings.music.strategy, draw_seed(seed)
    thumbs = build_feedback(settings, context.remark)
    plan = plan_music(music, Mood.by_hand(name), chosen, taste=None if thumbs is None else Taste(thumbs, used_seed))
    no_music = f"your settings name no music for {name.value}: add a [[playlists.{name.value}]], or try --strategy lift"
    if plan is None and plan_music(music, Mood.by_hand(name), chosen) is not None:
        no_music = ONLY_DISLIKED
    if plan is None and not (opens or qr):
        context.remark(no_music)
    recommended = recommend(build_recommender(settings, context.remark, used_seed, thumbs), name, plan, chosen)
    if summary_file is not None:
        from realtime.cli.output import keep_summary

        keep_summary(summary_file, recommended, context.remark)
    output = _MoodOutput(name, chosen, plan, recommended, context)
    if as_json:
        output.print_json(opens=bool(opens), qr=bool(qr))
    else:
        output.print_text(opens=bool(opens), qr=bool(qr))
    if plan is None and (opens or qr):
        raise EmodjError(no_music)
    return 0


@dataclass(frozen=True, slots=True)
class _MoodOutput:
    """Prints the plan for a mood, and opens its link on request. Without music, `plan` is None: the rest is printed."""

    name: Expression
    strategy: Strategy
    plan: Plan | None
    recommended: Summary
    context: Context

    def print_text(self, *, opens: bool, qr: bool) -> None:
        """Print the music, the movies and the fact in lines, then open the link of the music if requested."""
        if self.plan is not None:
            self._print_music(self.plan, opens=opens, qr=qr)
        self._print_movies()
        if self.plan is None:
            return
        link = _link(self.plan)
        if opens:
            self._open(self.plan, link)
        elif qr and link is None:
            self.context.remark(f"no QR code: this music is on this computer, and `emodj play {self.name.value}` plays it")

    def _print_music(self, plan: Plan, *, opens: bool, qr: bool) -> None:
        from realtime.cli.output import print_choice, printable_place

        best, *others = plan.choices
        link = _link(plan)
        print_choice(best, plan.why, qr=qr)
        if plan.step is not None:
            for step in _steps(plan.next_step):
                click.echo()
                print_choice(step.best, step.why)
        elif others:
            click.echo()
            longest = max(len(choice.title) for choice in others[:_MAX_ALTERNATIVES])
            for choice in others[:_MAX_ALTERNATIVES]:
                click.echo(f"or {choice.title:<{longest}}  {printable_place(choice)}")
        if link is not None and link != best and (opens or qr):
            click.echo()
            print_choice(link, qr=qr)

    def _print_movies(self) -> None:
        from realtime.cli.output import movie_lines

        movies, fact = self.recommended.movies, self.recommended.fact
        blocks = [
            [] if movies is None else [*movie_lines(movies)],
            [] if fact is None else [fact.text, fact.source],
        ]
        is_first = self.plan is None
        for block in filter(None, blocks):
            for line in block if is_first else ("", *block):
                click.echo(line)
            is_first = False

    def print_json(self, *, opens: bool, qr: bool) -> None:
        """Open the link if requested, then print the document; stdout gets nothing else."""
        from realtime.cli.output import print_choice, print_document

        opened = None
        if self.plan is not None:
            link = _link(self.plan)
            if link is not None and (opens or qr):
                print_choice(link, qr=qr, err=True)
            opened = self._open(self.plan, link) if opens else None
        print_document(document(self.name, self.strategy, self.plan, self.recommended, opened), indent=2)

    def _open(self, plan: Plan, link: MusicChoice | None) -> str | None:
        from realtime.music.open_link import open_link

        best = plan.best
        if best.path is not None:
            self.context.remark(f"{best.title} is on this computer: `emodj play {self.name.value}` plays it")
        if link is None:
            self.context.remark("not opened: no choice is a link")
            return None
        opened = open_link(link.place)
        if opened.where is None:
            self.context.remark(f"not opened: {opened.why}; open the link yourself")
        else:
            self.context.remark(f"handed to {opened.opener}: {link.title}")
        return opened.where


def recommend(recommender: Recommender, name: Expression, plan: Plan | None, strategy: Strategy) -> Summary:
    """Draw movies and a fact for a mood by hand; returns them with the music as the summary of a session without frames."""
    from realtime.session.recommendations import SUMMARY_MOVIES
    from realtime.session.summary import Summary

    by_hand = Mood.by_hand(name)
    movies = recommender.movies(by_hand, strategy, SUMMARY_MOVIES)
    return Summary(by_hand, None, 0, 0.0, plan, movies, recommender.fact(by_hand), recommender.seed)


def document(name: Expression, strategy: Strategy, plan: Plan | None, recommended: Summary, opened: str | None) -> Document:
    """The document of `emodj mood --json`; `steps` are the steps of a journey, else null. Without music, `plan` is None."""
    from realtime.session.documents import SCHEMA, fact_document, learnt_fields, mood_used_document, movies_document

    def best_document(plan: Plan) -> Document:
        return {**choice_document(plan.best), **learnt_fields(plan.learnt)}

    steps = [{"why": step.why, "wanted": _target_document(step), "choice": best_document(step)} for step in _steps(plan)]
    return {
        "schema": SCHEMA,
        "mood": name.value,
        "strategy": strategy.value,
        "why": None if plan is None else plan.why,
        "wanted": None if plan is None else _target_document(plan),
        "choices": [] if plan is None else [best_document(plan), *map(choice_document, plan.choices[1:])],
        "steps": None if plan is None or plan.step is None else steps,
        "opened": opened,
        "movies": movies_document(recommended.movies),
        "mood_used": mood_used_document(recommended.movies),
        "fact": fact_document(recommended.fact),
        "seed": recommended.seed,
    }


def choice_document(choice: MusicChoice) -> Document:
    """The fields of a choice in a JSON document; either url or path is null."""
    return {
        "title": choice.title,
        "url": choice.url,
        "path": None if choice.path is None else str(choice.path),
        "valence": round(choice.point.valence, _DIGITS),
        "arousal": round(choice.point.arousal, _DIGITS),
    }


def _target_document(plan: Plan) -> Document:
    return {"valence": round(plan.target.valence, _DIGITS), "arousal": round(plan.target.arousal, _DIGITS)}


def _link(plan: Plan) -> MusicChoice | None:
    return next((choice for choice in plan.choices if choice.url), None)


def _steps(plan: Plan | None) -> Iterator[Plan]:
    while plan is not None:
        yield plan
        plan = plan.next_step


def prompt_for_mood(notes: Mapping[Expression, str], command: str) -> Expression | None:
    """Ask for a mood, on stderr, since stdout is for data: with a list on a terminal, else for a line of stdin.

    Args:
        notes: what a mood leads to, in a few words beside its name; a mood may have none.
        command: name of the command that asks, for the sentence of an error.

    Returns:
        The mood; None if a person left the list with Esc.

    Raises:
        UsageError: stdin had no line, or its line names no mood.
        KeyboardInterrupt: a person has pressed Ctrl-C.
    """
    titles = {each: f"{each.value:<9} {notes.get(each, '')}".rstrip() for each in EXPRESSIONS}
    if is_terminal(sys.stdin) and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        return _choose_mood(titles, command)
    for number, title in enumerate(titles.values(), 1):
        click.echo(f"{number}  {title}", err=True)
    click.echo("mood: ", err=True, nl=not is_terminal(sys.stdin))
    return _read_mood(command)


def _choose_mood(titles: dict[Expression, str], command: str) -> Expression | None:
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
        _raise_no_mood(command)


def _choice_keys(count: int) -> KeyBindings:
    """Keys of the list: Esc leaves it without an answer, and the arrows continue from either end at the other."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()
    row = 0

    def choose(event: KeyPressEvent, new_row: int) -> None:
        nonlocal row
        row = new_row % count
        # The arrow keys of the list stop at its ends, but its number keys choose any entry
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
        """Do nothing: the key of the list would move the cursor without choosing an entry."""

    @keys.add("escape", eager=True)
    def _escape(event: KeyPressEvent) -> None:
        event.app.exit()

    return keys


def _read_mood(command: str) -> Expression:
    from realtime.music.songs import parse_expression

    try:
        line = sys.stdin.readline(_MAX_ANSWER).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the answer on the standard input cannot be read ({error})") from error
    if not line:
        _raise_no_mood(command)
    if line.isascii() and line.isdigit() and 1 <= int(line) <= len(EXPRESSIONS):
        return EXPRESSIONS[int(line) - 1]
    try:
        return parse_expression(line)
    except ValueError as error:
        raise UsageError(f"{error}, or a number from 1 to {len(EXPRESSIONS)}") from error


def _raise_no_mood(command: str) -> NoReturn:
    raise UsageError(f"no mood was given: name one, as in `emodj {command} happy`")

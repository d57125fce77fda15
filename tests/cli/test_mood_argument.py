import click
import pytest
from click.testing import CliRunner

from realtime.cli.options import MOOD
from realtime.domain import EXPRESSIONS, Expression


@click.command()
@click.argument("mood", type=MOOD, default=Expression.SAD)
def say(mood: Expression) -> None:
    """A command that takes a mood."""
    click.echo(mood.value)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_mood_is_read_in_any_case(expression: Expression) -> None:
    for name in (expression.value, expression.value.upper(), f" {expression.value.title()} "):
        assert CliRunner().invoke(say, [name]).output == f"{expression.value}\n"


def test_a_default_need_not_be_text() -> None:
    assert CliRunner().invoke(say, []).output == "sad\n"


def test_an_unknown_mood_is_a_usage_error_with_the_nearest_name() -> None:
    ended = CliRunner().invoke(say, ["hapy"])
    assert ended.exit_code == 2
    assert "unknown mood 'hapy': did you mean happy? known are angry, disgust," in ended.output

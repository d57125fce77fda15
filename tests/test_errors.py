from realtime import errors
from realtime.errors import EmodjError


def kinds() -> list[type[EmodjError]]:
    """Those that end a command; a finer one of a module of its own never gets that far."""
    return [EmodjError, *(kind for kind in EmodjError.__subclasses__() if kind.__module__ == errors.__name__)]


def test_the_tree_at_the_top_is_the_tree_below() -> None:
    drawn = {name: int(status) for name, status in _drawn()}
    there = {kind.__name__: kind.status for kind in kinds()}
    assert drawn == there


def test_a_status_tells_one_kind_of_failure_from_another() -> None:
    statuses = [kind.status for kind in kinds()]
    assert len(set(statuses)) == len(statuses)
    # 0 is success, 7 some of several inputs, 128 and above a signal
    assert all(0 < status < 128 and status != 7 for status in statuses)


def _drawn() -> list[tuple[str, str]]:
    assert errors.__doc__ is not None
    lines = [line.strip(" ├└─") for line in errors.__doc__.splitlines() if "status " in line and ":" in line]
    return [(line.split()[0], line.split("status ")[1].split(":")[0]) for line in lines]

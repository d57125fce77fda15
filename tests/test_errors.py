from realtime import errors
from realtime.errors import EmodjError


def error_classes() -> list[type[EmodjError]]:
    """Classes of `realtime.errors`; a subclass of another module is caught before it ends a command."""
    return [EmodjError, *(error for error in EmodjError.__subclasses__() if error.__module__ == errors.__name__)]


def test_the_documented_tree_is_the_tree_of_classes() -> None:
    documented = {name: int(status) for name, status in _documented_statuses()}
    defined = {error.__name__: error.status for error in error_classes()}
    assert documented == defined


def test_each_class_has_another_exit_status() -> None:
    statuses = [error.status for error in error_classes()]
    assert len(set(statuses)) == len(statuses)
    # 0 is success, 7 some of several inputs, 128 and above a signal
    assert all(0 < status < 128 and status != 7 for status in statuses)


def _documented_statuses() -> list[tuple[str, str]]:
    assert errors.__doc__ is not None
    lines = [line.strip(" ├└─") for line in errors.__doc__.splitlines() if "status " in line and ":" in line]
    return [(line.split()[0], line.split("status ")[1].split(":")[0]) for line in lines]

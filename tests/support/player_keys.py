"""The player commands of the keys for songs."""

from realtime.music.commands import PlayerCommand
from realtime.session.keymap import find_binding

COMMAND_KEYS = {
    key: binding.effect
    for key in ".n,z-+="
    if (binding := find_binding(key)) is not None and isinstance(binding.effect, PlayerCommand)
}

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
from pathlib import Path
from realtime.storage.library_folders import redirect_library_folders
redirect_library_folders()
redirect_library_folders()
for name in ("KERAS_HOME", "MPLCONFIGDIR"):
    print(os.environ[name], Path(os.environ[name]).is_dir())
(Path(os.environ["MPLCONFIGDIR"]) / "cache").touch()
"""


@pytest.mark.parametrize("theirs", [{}, {"KERAS_HOME": "/home/person/keras"}])
def test_folders_of_libraries_are_temporary_unless_the_person_has_chosen_them(theirs: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"KERAS_HOME", "MPLCONFIGDIR"}} | theirs
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    keras, matplotlib = (line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert keras[0] == theirs.get("KERAS_HOME", matplotlib[0])
    assert matplotlib[1] == "True"
    assert not Path(matplotlib[0]).exists()
    assert done.stderr == ""

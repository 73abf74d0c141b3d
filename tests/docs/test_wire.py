"""The page on the wire: its client's script does what it says, to a bench that is served."""

import re
import subprocess
import sys
from pathlib import Path

from tests.wire_lab import behind_a_door

PAGE = Path(__file__).resolve().parents[2] / "docs" / "wire.md"


def test_the_script_talks_to_a_bench() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    with behind_a_door() as hosted:
        code = code.replace("5025", str(hosted.port))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    identity, read, time, error = done.stdout.splitlines()
    assert identity.startswith("Lightloop,")
    assert re.fullmatch(r"1;-?\d\S*,\S+,\S+", read)
    assert float(time) > 0.0
    assert error == '0,"No error"'

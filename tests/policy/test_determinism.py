"""The same facts and the same version: the same decision and explanation bytes, everywhere."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.policy.given import judged, known
from tests.policy.test_liability import MATRIX

ROOT = Path(__file__).parents[2]
PROGRAM = "from tests.policy.test_determinism import all_bytes; print(all_bytes())"


def all_bytes() -> str:
    """One hash over the judgements of the whole matrix, explanations included."""
    whole = sha256()
    for line in MATRIX:
        whole.update(judged(line[1], known(**line[2])).encode())
    return whole.hexdigest()


def test_other_processes_languages_and_zones_give_the_same_bytes() -> None:
    here = all_bytes()
    for seed, zone, language in (("1", "UTC", "C"), ("77", "Asia/Shanghai", "zh_CN.UTF-8")):
        surroundings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        said = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=os.environ | surroundings,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == here

"""How slow this machine is here and now, for the few tests that hold a time of the clock."""

import os
import subprocess
import sys
import time

HALF_A_SECOND = "for _ in range(10_000_000): pass"
"""Work for an idle core of the machine that the times were set on."""


def slowness() -> float:
    """How many times longer than there and then known work on two cores takes; never below 1."""
    began = time.monotonic()
    cores = min(2, len(os.sched_getaffinity(0)))
    at_work = [subprocess.Popen([sys.executable, "-S", "-c", HALF_A_SECOND]) for _ in range(cores)]
    for one in at_work:
        assert one.wait() == 0
    return max(1.0, (time.monotonic() - began) / 0.5)

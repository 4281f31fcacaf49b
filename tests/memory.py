"""The peak memory of a piece of code, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

# What getrusage tells on Linux begins with the peak of the process that has started this one.
PEAK = """
import resource, sys

def peak():
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""


def printed(code: str, *words: str) -> list[int]:
    """The numbers that the code prints; it may call ``peak``, which gives bytes."""
    command = [sys.executable, "-c", PEAK + code, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [*map(int, done.stdout.split())]

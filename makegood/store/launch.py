"""Starts a program that dies with its parent, as another user if asked. Run as a script.

usage: launch.py PARENT_PID SIGNAL UID GID CAPABILITY PROGRAM [ARGUMENT ...]

The kernel sends SIGNAL to the program when the process PARENT_PID ends for any reason, kill -9
included. UID -1 keeps the user. CAPABILITY is the number of one Linux capability that the
program keeps under its new user, or -1: a database server in a folder below /root needs one to
get through a parent folder that is closed to its user.

Signals that the parent holds back are let through again.

Only the standard library, and as little of it as can be: this runs before every server start.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
SECBIT_NO_SETUID_FIXUP = 4
_CAPABILITY_VERSION_3 = 0x20080522


def die_with_parent(parent_pid: int, signal_number: int) -> None:
    """Ask the kernel for `signal_number` when the parent ends; exit if it has ended already."""
    _prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent_pid:
        sys.exit(1)


def become(uid: int, gid: int, capability: int) -> None:
    """Give up root for good, keeping at most one capability across the next exec."""
    if capability >= 0:
        _prctl(PR_SET_KEEPCAPS, 1)
        # Without this bit access(2) ignores the capability, and initdb asks it for `postgres`.
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capability >= 0:
        _keep_only(capability)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _keep_only(capability: int) -> None:
    """capset: the one capability permitted, effective and inheritable, nothing else."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if _libc().capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, first: int, second: int = 0) -> None:
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    if _libc().prctl(option, *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def launched(
    command: list[str],
    death_signal: int,
    *,
    uid: int = -1,
    gid: int = -1,
    capability: int = -1,
) -> list[str]:
    """The command line that starts `command` through this script, as a child of this process."""
    numbers = (os.getpid(), int(death_signal), uid, gid, capability)
    return [sys.executable, "-I", "-S", __file__, *map(str, numbers), *command]


def main(arguments: list[str]) -> None:
    """Become what the arguments say and turn into the program."""
    parent_pid, signal_number, uid, gid, capability = map(int, arguments[:5])
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if uid >= 0:
        become(uid, gid, capability)
    die_with_parent(parent_pid, signal_number)
    os.execv(arguments[5], arguments[5:])


if __name__ == "__main__":
    main(sys.argv[1:])

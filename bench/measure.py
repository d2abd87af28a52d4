# SPDX-License-Identifier: Apache-2.0
"""Running a command and measuring it; the machine; small statistics."""
import math
import os
import select
import signal
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple, Optional


class Run(NamedTuple):
    cpu: float  # user + system seconds of the process, all its threads
    wall: float  # seconds from spawning it to its end
    status: int  # exit status, 128 + signal
    out: bytes
    err: bytes
    first_line: Optional[float]  # seconds until it had printed one line


def _drain(files, start, deadline, pid):
    """Reads all pipes until they close. Returns their bytes and when the first had a line."""
    data = {fd: bytearray() for fd in files}
    open_fds, first = set(files), None
    while open_fds:
        left = deadline - time.perf_counter()
        ready = select.select(list(open_fds), [], [], max(left, 0))[0]
        if not ready:
            os.kill(pid, signal.SIGKILL)
            deadline = time.perf_counter() + 5
        for fd in ready:
            chunk = os.read(fd, 65536)
            if not chunk:
                open_fds.discard(fd)
            data[fd] += chunk
            if fd == files[0] and first is None and b"\n" in chunk:
                first = time.perf_counter() - start
    return [bytes(data[fd]) for fd in files], first


def run(command, timeout=300.0):
    """Runs `command`, a list whose first element is a path. Spawned without a fork of Python, so
    that little of the wall time is ours. One that takes longer than `timeout` is killed."""
    pipes = [os.pipe() for _ in range(2)]
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, pipe[1], fd) for fd, pipe in enumerate(pipes, 1)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    for _, write_end in pipes:
        os.close(write_end)
    read_ends = [read_end for read_end, _ in pipes]
    (out, err), first = _drain(read_ends, start, start + timeout, pid)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    for read_end in read_ends:
        os.close(read_end)
    code = os.waitstatus_to_exitcode(status)
    return Run(used.ru_utime + used.ru_stime, wall, 128 - code if code < 0 else code, out, err, first)


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def spread(values):
    """Half the distance between the quartiles, as a share of the median."""
    ordered = sorted(values)
    n = len(ordered)
    return (ordered[(3 * n) // 4 if n > 1 else 0] - ordered[n // 4]) / 2 / max(median(ordered), 1e-9)


def _busy_seconds():
    """User, nice, system, interrupts of all processors since the machine started."""
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:7])) / os.sysconf("SC_CLK_TCK")


def _our_seconds():
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


class Machine:
    """What ran the benchmark, and how much others ran on it meanwhile."""

    def __init__(self):
        self.start = (time.perf_counter(), _busy_seconds(), _our_seconds())

    def facts(self):
        wall = time.perf_counter() - self.start[0]
        others = (_busy_seconds() - self.start[1]) - (_our_seconds() - self.start[2])
        share = max(others, 0) / (wall * os.cpu_count())
        model = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().split("\n")
                 if line.startswith("model name")]
        system = os.uname()
        return {"cpu": model[0] if model else system.machine, "processors": os.cpu_count(),
                "kernel": f"{system.sysname} {system.release}", "seconds": round(wall, 1),
                "load_average": [round(x, 2) for x in os.getloadavg()],
                "used_by_others": round(share, 3)}


def machine_line(facts):
    others = facts["used_by_others"]
    loaded = f"other processes used {100 * others:.0f} % of the machine"
    verdict = "LOADED: wall times are not to be trusted" if others > 0.1 else "quiet"
    return (f"{facts['cpu']}, {facts['processors']} processors, {facts['kernel']}; {loaded} in the "
            f"{facts['seconds']:.0f} s it took ({verdict}).")

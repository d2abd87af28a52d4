#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exchanges directories and links under a guest that uses them; nothing outside may be touched.

usage: race.py --waxwing PATH --guest PATH [--ms N] [--options TEXT] [--refuse ERRNO]

A long run: WAXWING_RACE_MS=10000 ./dev test wasi.
"""
import argparse
import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import differences, refuse_openat2, snapshot

RENAME_EXCHANGE = 2
AT_FDCWD = -100


def make_race(top):
    for d in ("data/d", "data/p/q", "outside"):
        (top / d).mkdir(parents=True)
    for d, text, link in (("data/d", "inside", "inner"), ("data/p/q", "inside", "inner"),
                          ("outside", "outside 1234567890123", "outer")):
        (top / d / "secret").write_text(text)
        (top / d / "link").symlink_to(link)
    (top / "outside/keep").write_text("keep")
    (top / "data/v").write_text("inside")
    (top / "data/out").symlink_to("../outside")
    (top / "data/p/out").symlink_to("../../outside")
    (top / "data/outfile").symlink_to("../outside/secret")


def flip_for_ever(top):
    """In a process of its own, until it is ended."""
    libc = ctypes.CDLL(None, use_errno=True)
    pairs = [(os.fsencode(top / a), os.fsencode(top / b))
             for a, b in (("data/d", "data/out"), ("data/p/q", "data/p/out"),
                          ("data/v", "data/outfile"))]
    while True:
        for a, b in pairs:
            if libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0:
                os._exit(77 if ctypes.get_errno() == errno.EINVAL else 1)


def outside(top):
    return {k: v for k, v in snapshot(top).items() if not k.startswith(b"data")}


def race(args, top):
    """@return exit status, output"""
    make_race(top)
    before = outside(top)
    flipper = os.fork()
    if flipper == 0:
        flip_for_ever(top)
    try:
        guest = subprocess.run(
            [args.waxwing, "run", "--tier", "fast", "--dir", f"{top}/data::/data{args.options}",
             "--dir", f"{top}/data::/again", args.guest, str(args.ms)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            preexec_fn=lambda: args.refuse and refuse_openat2(args.refuse),
            timeout=args.ms / 1000 + 120)
    finally:
        os.kill(flipper, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(flipper, 0)[1])
    if status == 77:
        return 77, "this filesystem can not exchange names\n"
    out, code = guest.stdout, guest.returncode
    if status != -signal.SIGKILL:
        out, code = out + f"the exchanging process ended with {status}\n", 1
    changed = differences(before, outside(top))
    if changed:
        out, code = out + f"changed outside: {changed}\n", 1
    return code, out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--waxwing", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--ms", type=int, default=int(os.environ.get("WAXWING_RACE_MS", "1500")))
    parser.add_argument("--options", default="", help="of the mount: ,symlinks=in-root")
    parser.add_argument("--refuse", type=lambda n: getattr(errno, n))
    args = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="waxwing-race-")).resolve()
    try:
        code, out = race(args, top)
    finally:
        shutil.rmtree(top)
    for line in out.splitlines():
        print(f"# {line}")
    print("ok - race # SKIP" if code == 77 else f"{'not ok' if code else 'ok'} - race")
    return code


sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Guests on a terminal: its size and modes, and that it is put back however they end.

usage: tty.py WAXWING TTY.WASM
Prints TAP.
"""
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios

from default_signals import take_signals

waxwing, wasm = sys.argv[1:3]
number = failed = 0


def check(name, ok, got=""):
    global number, failed
    number += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}" + ("" if ok else f" # got {got!r}"))


class Terminal:
    """A pseudo terminal of 100 x 40 that the command controls, or not."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(self.slave)

    def run(self, func, *options, stdin=None, stdout=None, controlled=True):
        def enter():
            os.setsid()
            if controlled:
                fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

        return subprocess.Popen(
            [waxwing, *options, "--invoke", f"{func}()", wasm],
            stdin=self.slave if stdin is None else stdin,
            stdout=self.slave if stdout is None else stdout,
            stderr=self.slave, preexec_fn=enter)

    def until(self, text):
        got = b""
        while text not in got:
            got += os.read(self.master, 4096)
        return got

    def is_back(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def ends(name, func, *options, sig=None, wait_for=None, status=0):
    t = Terminal()
    p = t.run(func, *options)
    if wait_for:
        t.until(wait_for)
        check(f"{name}: changed", not t.is_back())
    if sig:
        p.send_signal(sig)
    got = p.wait(20)
    check(f"{name}: status", got == status, got)
    check(f"{name}: put back", t.is_back())
    t.close()


def states():
    t = Terminal()
    p = t.run("state")
    got = t.until(b"\n")
    p.wait(20)
    check("state", got.strip() == b"100 40 1 1 1 1 1", got)
    with open(os.devnull) as null:
        p = t.run("state", stdin=null)
        got = t.until(b"\n")
        p.wait(20)
    check("state without a terminal as input", got.strip() == b"100 40 0 1 1 1 1", got)
    p = t.run("state", controlled=False)
    got = t.until(b"\n")
    p.wait(20)
    check("a terminal that does not control", got.strip() == b"100 40 1 1 1 1 1", got)
    t.close()


def one_key():
    t = Terminal()
    p = t.run("key")
    t.until(b"press")
    os.write(t.master, b"q")
    got = t.until(b"got q")
    check("one key: status", p.wait(20) == 0, p.returncode)
    check("one key: not echoed", got.count(b"q") == 1, got)
    check("one key: put back", t.is_back())
    t.close()


def size():
    t = Terminal()
    p = t.run("size")
    check("size: status", p.wait(20) == 0, p.returncode)
    rows, cols, _, _ = struct.unpack("HHHH", fcntl.ioctl(t.slave, termios.TIOCGWINSZ, b"\0" * 8))
    check("size", (cols, rows) == (132, 50), (cols, rows))
    t.close()


def background():
    """Who is not in the foreground may not change the terminal, and is not stopped for it."""
    t = Terminal()

    def enter():
        os.setsid()
        fcntl.ioctl(t.slave, termios.TIOCSCTTY, 0)
        if os.fork():  # the leader stays in the foreground until the other is done
            _, status = os.wait()
            os._exit(os.waitstatus_to_exitcode(status))
        os.setpgid(0, 0)

    p = subprocess.Popen([waxwing, "--invoke", "staying()", wasm], stdin=t.slave,
                         stdout=t.slave, stderr=t.slave, preexec_fn=enter)
    got = t.until(b"\n")
    check("background: refused", b"got 63" in got, got)
    check("background: status", p.wait(20) == 1, p.returncode)
    t.close()


def main():
    take_signals()
    states()
    one_key()
    size()
    background()
    ends("return after closing the streams", "closing")
    ends("exit", "exiting", status=7)
    ends("trap", "trapping", status=134)
    ends("timeout", "staying", "--timeout", "1s", wait_for=b"staying", status=124)
    for sig, status in ((signal.SIGTERM, -15), (signal.SIGHUP, -1), (signal.SIGQUIT, -3),
                        (signal.SIGINT, -2)):
        ends(sig.name, "staying", sig=sig, wait_for=b"staying", status=status)
    got = subprocess.run([waxwing, "--invoke", "none()", wasm], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    check("no terminal", got.stdout == b"none\n", got.stdout)
    print(f"1..{number}")
    return failed != 0


signal.alarm(120)
sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Signals of the command are its guest's: they end, stop and continue it, or have a handler.

usage: signals.py WAXWING OUTSIDE.WASM
Prints TAP.
"""
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time

from default_signals import take_signals

waxwing, wasm = sys.argv[1:3]
LIMIT = "--timeout=60s"  # none is left behind, whatever goes wrong
number = failed = 0


def check(name, ok, got=""):
    global number, failed
    number += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}" + ("" if ok else f" # got {got!r}"))


def start(func, **kwargs):
    p = subprocess.Popen([waxwing, LIMIT, "--invoke", f"{func}()", wasm], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, bufsize=0, **kwargs)
    line = p.stdout.readline()
    check(f"{func}: runs", line == b"ready\n", line)
    return p


def ends():
    for func in ("loop", "nap"):
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            p = start(func)
            p.send_signal(signal.SIGWINCH)  # changes nothing
            p.send_signal(sig)
            check(f"{func}: ended by {sig.name}", p.wait(20) == -sig, p.returncode)
    p = subprocess.Popen([waxwing, LIMIT, wasm], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    check("without a main thread: runs", p.stdout.readline() == b"ready\n")
    p.send_signal(signal.SIGTERM)
    check("without a main thread: ended", p.wait(20) == -signal.SIGTERM, p.returncode)
    got = subprocess.run(["sh", "-c", '"$0" "$1" --invoke "loop()" "$2" & sleep 0.5; kill $!; wait $!',
                          waxwing, LIMIT, wasm], stdout=subprocess.DEVNULL, timeout=20)
    check("a shell sees 128 + TERM", got.returncode == 128 + signal.SIGTERM, got.returncode)


def handled():
    p = start("tell")
    for sig in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH, signal.SIGTSTP,
                signal.SIGCONT, signal.SIGINT, signal.SIGTERM):
        p.send_signal(sig)
        line = p.stdout.readline()
        check(f"handled: {sig.name}", line == b"got %d\n" % sig, line)
    got = p.stdout.read()
    check("handled: goes on", p.wait(20) == 0 and got == b"8\n", (p.returncode, got))


def ignored():
    """What the command was started to ignore the guest does not get, either."""
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    p = start("loop", preexec_fn=ignore)
    p.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    check("ignored: goes on", p.poll() is None, p.returncode)
    p.send_signal(signal.SIGTERM)
    check("ignored: ended by TERM", p.wait(20) == -signal.SIGTERM, p.returncode)


def broken_pipe():
    for func, status, said in (("write", -signal.SIGPIPE, b""), ("write_handled", 0, b"told\n")):
        r, w = os.pipe()
        os.close(r)
        p = subprocess.run([waxwing, LIMIT, "--invoke", f"{func}()", wasm], stdin=subprocess.DEVNULL,
                           stdout=w, stderr=subprocess.PIPE, timeout=20)
        os.close(w)
        check(f"{func}: status", p.returncode == status, p.returncode)
        check(f"{func}: says", p.stderr == said, p.stderr)


class Terminal:
    def __init__(self):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.shell = None

    def run(self, func):
        """As a job of a shell: a group of its own, in the foreground."""
        if self.shell:
            os.waitpid(self.shell, 0)  # until then the terminal is its
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:  # the shell
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            job = os.fork()
            if job == 0:
                os.setpgid(0, 0)
                os.tcsetpgrp(self.slave, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                for fd in range(3):
                    os.dup2(self.slave, fd)
                os.execv(waxwing, [waxwing, LIMIT, "--invoke", f"{func}()", wasm])
            while True:
                _, status = os.waitpid(job, os.WUNTRACED)
                os.write(w, struct.pack("ii", job, status))
                if os.WIFSTOPPED(status):
                    signal.sigwait({signal.SIGUSR1})  # "fg"
                    os.kill(-job, signal.SIGCONT)
                else:
                    os._exit(0)
        os.close(w)
        self.shell, self.states = pid, r

    def until(self, text):
        got = b""
        while text not in got:
            got += os.read(self.master, 4096)
        return got

    def state(self):
        return struct.unpack("ii", os.read(self.states, 8))

    def is_back(self):
        return termios.tcgetattr(self.slave) == self.before


def job_control():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    t = Terminal()
    t.run("raw")
    t.until(b"ready")
    check("terminal: raw", not t.is_back())
    for i in range(2):
        os.write(t.master, b"\x1a")  # ^Z
        _, status = t.state()
        check("terminal: stopped", os.WIFSTOPPED(status) and
              os.WSTOPSIG(status) == signal.SIGTSTP, status)
        check("terminal: as it was", t.is_back())
        os.kill(t.shell, signal.SIGUSR1)
        for _ in range(2000):
            if not t.is_back():
                break
            time.sleep(0.005)
        check("terminal: raw again", not t.is_back())
    os.write(t.master, b"x")
    t.until(b"key")
    _, status = t.state()
    check("terminal: ends", os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, status)
    check("terminal: put back", t.is_back())
    t.run("raw")
    t.until(b"ready")
    os.write(t.master, b"\x03")  # ^C
    _, status = t.state()
    check("terminal: ended by INT", os.WIFSIGNALED(status) and
          os.WTERMSIG(status) == signal.SIGINT, status)
    check("terminal: put back after INT", t.is_back())


def main():
    take_signals()
    ends()
    handled()
    ignored()
    broken_pipe()
    job_control()
    print(f"1..{number}")
    return failed != 0


signal.alarm(200)
sys.exit(main())

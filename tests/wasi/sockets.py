#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An echo server as a guest, on loopback: data, many peers, hand-over of sockets, stops, leaks.

usage: sockets.py WAXWING ECHO.wasm [nonblock]
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

WAXWING, ECHO = sys.argv[1:3]
NONBLOCK = ",nonblock" if sys.argv[3:] == ["nonblock"] else ""
passed = failed = 0


class Server:
    """A running guest; `how` is "listen", or a socket to hand over with --fd."""

    def __init__(self, tier, mode, how="listen", options=(), fd=3):
        give = ["--listen", "127.0.0.1:0" + NONBLOCK] if how == "listen" else ["--fd", str(how.fileno())]
        self.process = subprocess.Popen(
            [WAXWING, "--tier", tier, *give, *options, ECHO, str(fd), mode],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            pass_fds=() if how == "listen" else (how.fileno(),))
        if how == "listen":
            line = self.process.stderr.readline()
            self.port = int(re.fullmatch(r"waxwing: listening on 127\.0\.0\.1:(\d+)\n", line)[1])
        else:
            self.port = how.getsockname()[1]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def open_fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self, want):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == want, (self.process.returncode, want, out, err)
        return err

    def quit(self):
        with self.connect() as s:
            s.sendall(b"quit")
            return self.end(42)


def case(name, run):
    global passed, failed
    try:
        run()
        passed += 1
        print(f"ok - {name}")
    except Exception as e:  # any way to go wrong fails the case
        failed += 1
        print(f"not ok - {name}: {type(e).__name__}: {e}")


def echo(server, data):
    """Send it all while receiving it all; the end of ours ends theirs."""
    got = bytearray()
    with server.connect() as s:
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        while chunk := s.recv(65536):
            got += chunk
        sender.join()
    assert bytes(got) == data, f"{len(got)} bytes came back of {len(data)}"


def data_comes_back(tier, mode):
    server = Server(tier, mode)
    echo(server, b"hello")
    echo(server, b"")
    echo(server, os.urandom(1 << 20))
    server.quit()


def many_peers(tier):
    server = Server(tier, "poll")
    threads = [threading.Thread(target=echo, args=(server, os.urandom(50000))) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    server.quit()


def closed_connections_leak_nothing(tier):
    server = Server(tier, "blocking")
    for _ in range(5):
        echo(server, b"x")
    time.sleep(0.2)  # it waits now, with all that waiting takes
    before = server.open_fds()
    for _ in range(50):
        echo(server, b"x")
    deadline = time.time() + 10
    while server.open_fds() > before and time.time() < deadline:
        time.sleep(0.01)  # the guest closes after the peer has seen the end
    assert server.open_fds() <= before, (server.open_fds(), before)
    server.quit()


def handed_over(tier):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(not NONBLOCK)
        server = Server(tier, "poll", listener)
        echo(server, b"through an inherited socket")
        server.quit()


def behind_directories(tier):
    server = Server(tier, "blocking", options=["--dir", "/tmp::/tmp,ro", "--tmpfs", "/mem"], fd=5)
    echo(server, b"number 5")
    server.quit()


def stopped(tier, mode):
    server = Server(tier, mode, options=["--timeout", "200ms"])
    assert "deadline" in server.end(124)
    server = Server(tier, mode)
    with server.connect() as s:  # blocked in recv, too
        s.sendall(b"1")
        assert s.recv(1) == b"1"
        server.process.send_signal(signal.SIGINT)
        server.end(-2)


def peer_resets(tier):
    server = Server(tier, "blocking")
    s = server.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    s.close()
    server.process.wait(timeout=60)
    assert server.process.stdout.read().startswith("recv: Connection reset"), "errno of a reset"
    server.end(1)


for t in ("fast", "interp"):
    for m in ("blocking", "poll"):
        case(f"{t}: data comes back, {m}", lambda: data_comes_back(t, m))
        case(f"{t}: stopped while waiting, {m}", lambda: stopped(t, m))
    case(f"{t}: many peers", lambda: many_peers(t))
    case(f"{t}: closed connections leak nothing", lambda: closed_connections_leak_nothing(t))
    case(f"{t}: a listening socket of the host", lambda: handed_over(t))
    case(f"{t}: sockets come behind directories", lambda: behind_directories(t))
    case(f"{t}: a peer resets", lambda: peer_resets(t))
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)

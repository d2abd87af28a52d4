#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the checks of rules.wasm, each in a fresh tree that is compared afterwards.

usage: runner.py --waxwing PATH --guest PATH [--blocked PATH] [--roots PATH] [--refuse ERRNO] [--tier NAME] [NAME PATTERN...]

Numbers are those of the rules the checks are called by. --refuse makes the kernel answer every openat2
of the command with that errno (seccomp), so that the walker in user space has to do. What a row changes
inside the mounts is in the table; outside nothing ever may.
"""
import argparse
import ctypes
import errno
import fnmatch
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tree import differences, make_tree, refuse_openat2, snapshot

LIMIT_SECONDS = 120  # only reached by what hangs


# -------- looking at the process --------

def descriptors(pid):
    """Number -> (flags, path) of the host's descriptors of a process."""
    out = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        text = Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
        flags = int(next(x for x in text.splitlines() if x.startswith("flags:")).split()[1], 8)
        out[int(fd)] = flags, os.readlink(f"/proc/{pid}/fd/{fd}")
    return out


O_PATH = 0o10000000
CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000


def own_files(run, name):
    return [flags for flags, path in descriptors(run.pid).values() if path == f"{run.tree}/{name}"]


def look_descriptors(run):
    fds = descriptors(run.pid)
    for fd, (flags, path) in fds.items():
        if fd > 2 and not flags & os.O_CLOEXEC:
            return f"descriptor {fd} ({path}) is not close-on-exec"
    for name in ("data", "ro", "other"):
        if not any(f & O_PATH and f & os.O_DIRECTORY for f in own_files(run, name)):
            return f"no descriptor of {name} that is good for paths only"
    return None


def look_modes(run):
    got = sorted(f & os.O_ACCMODE for f in own_files(run, "data/f"))
    want = sorted([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDONLY])
    return None if got == want else f"access modes {got}, wanted {want}"


def look_sync(run):
    got = {f & os.O_SYNC for f in own_files(run, "data/f")}
    return None if got == {os.O_SYNC, os.O_DSYNC} else f"sync flags {got}"


def look_blocking(run):
    flags = descriptors(run.pid)[0][0]
    return "O_NONBLOCK was set on the host's pipe" if flags & os.O_NONBLOCK else None


def look_count(run):
    # the engine makes an eventfd when it first has to wait
    paths = [path for _, path in descriptors(run.pid).values() if "[eventfd]" not in path]
    run.counts.append(len(paths))
    return None if len(set(run.counts)) == 1 else f"descriptors of the host: {run.counts}"


def look_nothing(run):
    del run


LOOKS = {"descriptors": look_descriptors, "modes": look_modes, "sync": look_sync,
         "blocking": look_blocking, "before": look_count, "after": look_count,
         "nothing": look_nothing}


# -------- the table --------

def make_device(top):
    try:
        os.mknod(top / "data/device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        return "not root: no device to be made"
    return None


def make_mounts(top):
    """In a mount namespace of its own: another filesystem at d/e, the same one again at other/here."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(*args):
        if libc.mount(*args):
            raise OSError(ctypes.get_errno(), "cannot mount")
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    mount(b"none", bytes(top / "data/d/e"), b"tmpfs", 0, None)
    mount(bytes(top / "other"), bytes(top / "data/bound"), None, MS_BIND, None)
    mount(bytes(top / "other/x"), bytes(top / "data/boundfile"), None, MS_BIND, None)


def needs_mounts(top):
    (top / "data/bound").mkdir()
    (top / "data/boundfile").touch()
    can = subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL)
    return "no mount namespace to be had" if can.returncode else None


def make_host_links(top):
    for name, target in (("hostlink", top / "data/d/g"), ("hosttop", top / "data"),
                         ("hostother", "/etc/x"), ("hostnear", f"{top}/data2")):
        (top / "data" / name).symlink_to(target)


def make_root_links(top):
    (top / "data/hostlink").symlink_to(top / "data/d/g")
    (top / "data/hostother").symlink_to(top / "other")


def few_host_files(top):
    del top
    resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))


def make_device_if_root(top):
    make_device(top)  # the check does without


def mode_check(want_file, want_dir):
    def check(top):
        for name, want in (("data/made", want_file), ("data/d/made", want_file),
                           ("data/madedir", want_dir)):
            got = stat.S_IMODE((top / name).stat().st_mode)
            if got != want:
                return f"mode of {name} is {got:o}, wanted {want:o}"
        return None
    return check


MODES = "+data/d/made +data/made +data/madedir"
# "through": what changes although DATA keeps changes in memory.
# What is not said: all mounts (DATA without options), no changes, exit 0, standard input stays open and empty.
ROWS = {
    "rule-02-no-xdev": {"options": ",xdev=no", "setup": needs_mounts, "preexec": make_mounts},
    "rule-02-xdev": {"setup": needs_mounts, "preexec": make_mounts},
    "rule-04-in-root": {"options": ",symlinks=in-root",
                        "changes": "~data/d/g +data/etc +data/outside +data/outside/moved "
                                   "+data/outside/secret"},
    "rule-04-in-root-over-mounts": {"guest": "roots", "setup": make_root_links},
    "rule-04-beneath-in-a-root": {"guest": "roots", "setup": make_root_links,
                                  "options": ",symlinks=beneath"},
    "rule-16-in-root-strips-host-prefix": {"options": ",symlinks=in-root",
                                           "setup": make_host_links},
    "rule-10-across-mounts-of-a-root": {"guest": "roots", "changes": "+data/d/moved -data/f"},
    "root-preview1-directory": {"args": ["--cwd", "/data/ld"]},
    "root-working-directory": {"guest": "roots", "args": ["--cwd", "/data/ld"]},
    "rule-04-no-links": {"options": ",symlinks=none", "changes": "+data/s"},
    "rule-05-special-allow": {"options": ",special=allow", "changes": "~data/fifo",
                              "through": "~data/fifo",
                              "setup": make_device_if_root},
    "rule-05-special-files": {"changes": "+data/d/fifo -data/fifo"},
    "rule-05-device": {"setup": make_device},
    "rule-06-kernel-files": {"args": ["--dir", "/::/all,ro"]},
    "rule-07-modes": {"changes": MODES, "umask": 0o022, "after": mode_check(0o644, 0o755)},
    "rule-07-modes-umask-077": {"changes": MODES, "umask": 0o077, "after": mode_check(0o600, 0o700)},
    "rule-10-across-mounts": {"changes": "+data/d/moved -data/f +data/linked"},
    "rule-11-names": {"changes": "+data/bytes \udcff\udcfe\x01 free"},
    "rule-12-slash-unlink": {"changes": "-data/ld -data/upfile"},
    "rule-12-slash-rename": {"changes": "-data/d -data/d/e -data/d/g +data/moved +data/moved/e "
                                        "+data/moved/g"},
    "rule-14-symlink": {"changes": "+data/s"},
    "rule-15-link": {"changes": "~data/f +data/h +data/hl ~data/lf"},
    "rule-17-positions": {"changes": "~data/f"},
    "rule-17-unlinked-and-replaced": {"changes": "-data/d/g ~data/f"},
    "rule-19-append": {"changes": "~data/f"},
    "rule-19-set-flags": {"changes": "~data/f"},
    "rule-20-set-size": {"changes": "~data/f"},
    "rule-20-allocate": {"changes": "~data/f"},
    "rule-20-quota": {"args": ["--tmpfs", "/tmp,size=1K,inodes=6",
                               "--dir", "{tree}/other::/cow,cow,quota=1K,inodes=6"]},
    "rule-21-times": {"changes": "~data/f ~data/lf"},
    "rule-27-limit": {"args": ["--max-fds", "10"]},
    "rule-27-host-limit": {"preexec": few_host_files},
    "rule-29-close-while-blocked": {"guest": "blocked"},
    "rule-33-sleep-is-interruptible": {"args": ["--timeout", "300ms"], "status": 124},
    "rule-34-ready": {"answer": b"\nabc"},
    "rule-34-hangup": {"stdin": "closed"},
    "rule-35-wait-is-interruptible": {"args": ["--timeout", "300ms"], "status": 124},
    "hole-cve-2023-51661-no-preopen": {"mounts": False},
    "hole-cve-2024-38358-symlink-create": {"changes": "+data/d/s +data/s +data/s2"},
    "hole-wasmer-5868-self-dot": {"changes": "+data/slash +data/twice"},
    "hole-uvwasi-times-both": {"changes": "~data/f"},
}
# Rules about what is not there yet.
NOT_YET = {
    "rule-11-utf8-strict": "there is no option utf8",
    "rule-33-clock-stepped": "needs a host whose clock may be set",
    "hole-cve-2024-51745-device-names": "Windows only",
    "hole-cve-2023-26489-miscompiled-address": "belongs to the suites diff and spec",
    "hole-audit-dlopen": "no dynamic linking",
    "hole-audit-join-of-a-stranger": "no processes",
}


# What DATA is: the directory of the host, or something that shows the same.
OVERS = {"host": lambda tree, options: ["--dir", f"{tree}/data::/data{options}"],
         "cow": lambda tree, options: ["--dir", f"{tree}/data::/data,cow{options}"],
         "memory": lambda tree, options: ["--tmpfs", "/data"],
         "root": lambda tree, options: ["--dir", f"{tree}/data::/data,symlinks=in-root{options}"]}
# Rules that say something else there, or nothing: reason -> patterns.
NOT_OVER = {
    "host": {},
    "cow": {"links of the host's root are another option": "rule-04-in-root rule-16-in-root-*",
            "another filesystem below it is one with it": "rule-02-xdev",
            "special files can not be moved": "rule-05-special-files",
            "modes are not kept": "rule-07-*",
            "directories of below can not be renamed": "rule-12-slash-rename hole-audit-failed-*",
            "the host's files are not opened like that": "rule-09-* rule-19-sync-at-open",
            "cookies of below are larger": "rule-23-entries"},
    "memory": {"options of host directories": "rule-02-no-xdev rule-02-xdev rule-04-in-root "
                                              "rule-04-no-links rule-05-* rule-16-in-root-*",
               "absolute links are not made": "*beneath* rule-16-readlink",
               "nothing there when it starts": "root-* hole-cve-2023-51661-*",
               "modes are not kept": "rule-07-*",
               "no file is older than 1970": "rule-21-times",
               "no special files to list": "rule-23-entries",
               "nothing of the host": "rule-01-* rule-09-* rule-19-sync-at-open rule-27-host-limit"},
    "root": {"options of its own": "rule-04-* rule-05-special-allow rule-16-in-root-*",
             "outside is not there, rather than refused":
                 "root-preview1-* rule-02-beneath rule-03-depth rule-12-slash-links "
                 "rule-12-slash-rename rule-12-slash-stat rule-12-slash-unlink rule-14-* rule-15-* "
                 "rule-16-readlink rule-21-times hole-audit-failed-rename hole-cve-2024-38358-* "
                 "hole-wasmer-* hole-wazero-*"},
}


def not_over(over, name):
    """@return why a rule is not checked there, or None"""
    for reason, patterns in NOT_OVER[over].items():
        if any(fnmatch.fnmatch(name, p) for p in patterns.split()):
            return reason
    return None


# -------- running --------

class Run:
    def __init__(self, args, name, tree):
        self.args, self.name, self.tree = args, name, tree
        self.row = ROWS.get(name, {})
        self.counts = []
        self.pid = None

    def prepare(self):
        os.umask(self.row.get("umask", 0o022))
        if self.args.refuse:
            refuse_openat2(self.args.refuse)
        if "preexec" in self.row:
            self.row["preexec"](self.tree)

    def command(self):
        line = [self.args.waxwing, "run", "--tier", self.args.tier]
        if self.row.get("mounts", True):
            over, options = OVERS[self.args.over], self.row.get("options", "")
            line += over(self.tree, options)
            line += ["--dir", f"{self.tree}/ro::/ro,ro", "--dir", f"{self.tree}/other::/other"]
        if self.row.get("guest") == "roots":
            line += ["--dir", f"{self.tree}/other::/data/d/sub", "--tmpfs", "/data/tmp/deep"]
        line += [a.format(tree=self.tree) for a in self.row.get("args", [])]
        line += [vars(self.args)[self.row.get("guest", "guest")], self.name]
        return line + (["populate"] if self.args.over == "memory" else [])

    def converse(self, process):
        """Read its lines; look where it asks for it. @return output, trouble"""
        out, trouble = [], []
        for line in process.stdout:
            if line.startswith("peek "):
                found = LOOKS[line[5:].rstrip("\n")](self)
                trouble += [found] if found else []
                process.stdin.buffer.write(self.row.get("answer", b"\n"))
                process.stdin.flush()
            else:
                out.append(line)
        return out, trouble

    def judge(self):
        before = snapshot(self.tree)
        with subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              preexec_fn=self.prepare) as process:
            self.pid = process.pid
            alarm = threading.Timer(LIMIT_SECONDS, process.kill)
            alarm.start()
            if self.row.get("stdin") == "closed":
                process.stdin.close()
            out, trouble = self.converse(process)
            status = process.wait()
            alarm.cancel()
        after = snapshot(self.tree)
        want = self.row.get("status", 0)
        if status != want:
            trouble += [f"exit {status}, wanted {want}"] + out
        changes = self.row.get("changes", "")
        if self.args.over in ("cow", "memory"):
            changes = self.row.get("through", "")
        if differences(before, after) != changes.encode(
                errors="surrogateescape").decode(errors="replace"):
            trouble.append(f"changed in the tree: {differences(before, after)!r}")
        if not trouble and "after" in self.row:
            trouble += filter(None, [self.row["after"](self.tree)])
        return trouble


def one(args, name):
    """Print the result. @return 'passed', 'failed' or 'skipped'"""
    tree = Path(tempfile.mkdtemp(prefix="waxwing-rules-")).resolve()
    try:
        make_tree(tree)
        reason = not_over(args.over, name)
        reason = reason or ROWS.get(name, {}).get("setup", lambda top: None)(tree)
        if reason:
            print(f"ok - {name} # SKIP {reason}")
            return "skipped"
        trouble = Run(args, name, tree).judge()
    finally:
        shutil.rmtree(tree)
    print(f"{'not ok' if trouble else 'ok'} - {name}")
    for line in trouble:
        print(f"# {line.rstrip()}")
    return "failed" if trouble else "passed"


def names_in(waxwing, guest):
    return subprocess.run([waxwing, "run", guest], capture_output=True, text=True,
                          check=True).stdout.split()


def names_of(args):
    listed = names_in(args.waxwing, args.guest)
    for name in names_in(args.waxwing, args.roots) if args.roots else []:
        ROWS.setdefault(name, {"guest": "roots"})
        listed.append(name)
    listed += ["rule-29-close-while-blocked"] if args.blocked else []
    missing = {name for name, row in ROWS.items() if vars(args)[row.get("guest", "guest")]} - set(listed)
    if missing or set(NOT_YET) & set(listed):
        raise ValueError(f"rows without a check, or with a reason too many: {sorted(missing)}")
    return sorted(listed + list(NOT_YET), key=lambda n: (n.startswith("hole"), n))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--waxwing", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--blocked", help="guest with a thread, for rule 29")
    parser.add_argument("--roots", help="guest that imports WASIX, for mounts in a tree")
    parser.add_argument("--over", choices=OVERS, default="host")
    parser.add_argument("--tier", default="interp")
    parser.add_argument("--refuse", type=lambda n: getattr(errno, n))
    parser.add_argument("patterns", nargs="*", default=["*"])
    args = parser.parse_args()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in names_of(args):
        if not any(fnmatch.fnmatch(name, p) for p in args.patterns):
            continue
        if name in NOT_YET:
            print(f"ok - {name} # SKIP not there yet: {NOT_YET[name]}")
            counts["skipped"] += 1
        else:
            counts[one(args, name)] += 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


sys.exit(main())

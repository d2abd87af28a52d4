# SPDX-License-Identifier: Apache-2.0
"""The tree the checks run in, what changed of it, and a kernel without openat2."""
import ctypes
import os
import socket
import stat
import struct
from pathlib import Path


def make_tree(top):
    for d in ("data/d/e", "ro/dir", "other", "outside/dir"):
        (top / d).mkdir(parents=True)
    for name, text in (("data/f", "0123456789"), ("data/d/g", "inner"), ("data/old", "old"),
                       ("ro/keep", "keep"), ("other/x", "x"), ("outside/secret", "secret"),
                       ("outside/dir/inner", "inner"), ("secret", "secret")):
        (top / name).write_text(text)
    for target, name in (("f", "lf"), ("d", "ld"), (".", "self"), ("b", "a"), ("a", "b"),
                         ("none", "dangling"), ("../outside", "up"), ("../new", "upnew"),
                         ("../outside/secret", "upfile"), ("/etc", "abs")):
        (top / "data" / name).symlink_to(target)
    (top / "ro/link").symlink_to("keep")
    (top / "outside/link").symlink_to("secret")
    os.utime(top / "data/old", (-5, -5))
    os.mkfifo(top / "data/fifo")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.open(".", os.O_RDONLY)
        os.chdir(top / "data")  # addresses are short
        s.bind("sock")
        os.fchdir(here)
        os.close(here)


def describe(path):
    """What must not change of an entry, its times and inode included."""
    st = path.lstat()
    what = [stat.filemode(st.st_mode), st.st_ino, st.st_nlink, st.st_uid, st.st_mtime_ns]
    if stat.S_ISLNK(st.st_mode):
        what.append(os.readlink(path))
    elif stat.S_ISREG(st.st_mode):
        what.append(path.read_bytes())
    return what


def snapshot(top):
    found = {}
    for folder, dirs, files in os.walk(top):
        for name in dirs + files:
            path = Path(folder) / name
            found[os.fsencode(path.relative_to(top))] = describe(path)
    return found


def differences(before, after):
    """'+name' made, '-name' gone, '~name' changed; directories count by their entries."""
    out = []
    for name in sorted(set(before) | set(after)):
        if name not in before:
            out.append(b"+" + name)
        elif name not in after:
            out.append(b"-" + name)
        elif before[name] != after[name] and not before[name][0].startswith("d"):
            out.append(b"~" + name)
    return " ".join(d.decode(errors="replace") for d in out)


def refuse_openat2(number):
    """Load a filter: openat2 answers `number`, all else goes through."""
    ld_nr, jeq, ret = 0x20, 0x15, 0x06
    nr_openat2 = 437
    code = [(ld_nr, 0, 0, 0), (jeq, 0, 1, nr_openat2), (ret, 0, 0, 0x00050000 | number),
            (ret, 0, 0, 0x7fff0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
    head = struct.pack("HL", len(code), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(head), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter")

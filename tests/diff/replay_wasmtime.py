#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays transcripts in wasmtime. usage: replay_wasmtime.py BUNDLE TRANSCRIPTS [--canonical]

The transcript names what to call with what; the answer has the same form (README.md). Needs the PyPI
package wasmtime. Vectors pass the boundary too, which is why calls are made by the C functions.
"""
import ctypes
import re
import struct
import sys
import zlib
from pathlib import Path

import wasmtime
from wasmtime import _ffi as ffi

KINDS = {"i": ffi.WASMTIME_I32, "I": ffi.WASMTIME_I64, "f": ffi.WASMTIME_F32, "F": ffi.WASMTIME_F64,
         "V": ffi.WASMTIME_V128, "r": ffi.WASMTIME_FUNCREF, "e": ffi.WASMTIME_EXTERNREF}
LETTERS = {int(k.value): letter for letter, k in KINDS.items()}
TYPES = {"i": wasmtime.ValType.i32, "I": wasmtime.ValType.i64, "f": wasmtime.ValType.f32,
         "F": wasmtime.ValType.f64, "r": wasmtime.ValType.funcref, "e": wasmtime.ValType.externref}
CANONICAL = "--canonical" in sys.argv  # only the canonical NaN is made, and bits of NaNs are shown
HEAD, TAIL = 1 << 20, 65536  # what is hashed of a memory


class Cut(Exception):
    """The comparison of a module ends here, with a reason."""


def make_engine():
    c = wasmtime.Config()
    for name in ("threads", "tail_call", "multi_memory", "memory64", "relaxed_simd", "function_references",
                 "gc", "exceptions", "wide_arithmetic", "custom_page_sizes"):
        setattr(c, "wasm_" + name, True)
    c.wasm_relaxed_simd_deterministic = True
    c.shared_memory = True
    c.parallel_compilation = False
    c.cranelift_opt_level = "speed"
    c.cranelift_nan_canonicalization = CANONICAL
    return wasmtime.Engine(c)


def fill(raw, token):
    """A value of the transcript; references are null."""
    kind, bits = token[0], token[2:]
    if kind not in KINDS:
        raise Cut("value that can not be made")
    raw.kind = KINDS[kind]
    if kind in "fF":
        data = struct.pack("<f" if kind == "f" else "<d", float("nan")) if bits == "nan" else \
            int(bits, 16).to_bytes(4 if kind == "f" else 8, "little")
    elif kind == "V":
        data = bytes.fromhex(bits)
    elif kind in "iI":
        data = int(bits, 16).to_bytes(4 if kind == "i" else 8, "little")
    else:
        data = bytes(ctypes.sizeof(raw.of))
    ctypes.memmove(ctypes.byref(raw.of), data, len(data))


def show(raw):
    kind = LETTERS.get(int(raw.kind))
    if kind is None:
        return "x:exn"
    data = bytes(raw.of)
    if kind == "f":
        bits = int.from_bytes(data[:4], "little")
        return "f:nan" if bits & 0x7fffffff > 0x7f800000 and not CANONICAL else f"f:{bits:08x}"
    if kind == "F":
        bits = int.from_bytes(data[:8], "little")
        return "F:nan" if bits & (1 << 63) - 1 > 0x7ff << 52 and not CANONICAL else f"F:{bits:016x}"
    if kind == "V":
        return "V:" + data[:16].hex()
    if kind == "i":
        return f"i:{int.from_bytes(data[:4], 'little'):08x}"
    if kind == "I":
        return f"I:{int.from_bytes(data[:8], 'little'):016x}"
    null = int.from_bytes(data[:8], "little") == 0  # both begin with the store's number
    return f"{kind}:null" if null else ("r:func" if kind == "r" else "e:some")


def show_python(kind, value):
    """An argument of a host function: comes as a Python value."""
    raw = ffi.wasmtime_val_t(kind=KINDS[kind])
    if kind == "r":
        return "r:null" if value is None else "r:func"
    if kind == "e":
        return "e:null" if value is None else "e:some"
    setattr(raw.of, {"i": "i32", "I": "i64", "f": "f32", "F": "f64"}[kind], value)
    return show(raw)


def ending(text):
    if "call stack exhausted" in text:
        return " stopped: call stack"
    if "thrown Wasm exception" in text or "uncaught exception" in text:
        return " exception"
    m = re.search(r"wasm trap: ([^\n]*)", text)
    return " trap: " + (m.group(1) if m else text.strip().split("\n")[-1])


class Replay:
    def __init__(self, engine, module):
        self.engine, self.module = engine, module
        self.exports = [e.name for e in module.exports]
        self.types, self.said, self.calls = {}, "", 0
        self.store = self.instance = None

    def host(self, idx):
        params, results = self.types[idx].split(">")

        def call(*args):
            self.said += f" [h{idx}" + "".join(" " + show_python(k, a) for k, a in zip(params, args)) + "]"
            self.calls += 1
            values = []
            for i, k in enumerate(results):
                v = (self.calls * 7 + i) % 1000
                values.append(float(v) if k in "fF" else None if k in "re" else v)
            return values[0] if len(values) == 1 else values or None
        if set(params + results) - set(TYPES):
            raise Cut("host function with a vector")
        return wasmtime.Func(self.store, wasmtime.FuncType([TYPES[k]() for k in params],
                                                          [TYPES[k]() for k in results]), call)

    def open(self):
        self.store, self.said, self.calls = wasmtime.Store(self.engine), "", 0
        self.store.set_limits(memory_size=1 << 33, table_elements=1000000)  # as our runs have
        by_name = {}  # as the linker of our runs has it: of two with one name the later one
        for idx, im in enumerate(self.module.imports):
            if not isinstance(im.type, wasmtime.FuncType):
                raise Cut("import that is no function")
            by_name[im.module, im.name] = self.host(idx)
        imports = [by_name[im.module, im.name] for im in self.module.imports]
        try:
            self.instance = wasmtime.Instance(self.store, self.module, imports)
            return "inst" + self.said + " ok"
        except (wasmtime.Trap, wasmtime.WasmtimeError) as e:
            return "inst" + self.said + ending(self.text_of(e))

    def text_of(self, e):
        pending = ctypes.POINTER(ffi.wasmtime_exnref_t)
        if ffi.wasmtime_context_has_exception(self.store._context()):
            exn = ffi.wasmtime_exnref_t()
            ffi.wasmtime_context_take_exception(self.store._context(), ctypes.cast(ctypes.byref(exn), pending))
            ffi.wasmtime_exnref_unroot(ctypes.byref(exn))
            return "thrown Wasm exception"
        return str(e)

    def export(self, idx):
        return self.instance.exports(self.store)[self.exports[idx]]

    def call(self, line):
        head, tail = line.split(" =>")
        if tail == " skipped":
            return line
        parts, self.said = head.split(" "), ""
        func = self.export(int(parts[1]))
        n_results = len(func.type(self.store).results)
        args, results = (ffi.wasmtime_val_t * len(parts[2:]))(), (ffi.wasmtime_val_t * n_results)()
        for raw, token in zip(args, parts[2:]):
            fill(raw, token)
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_func_call(self.store._context(), ctypes.byref(func._func), args, len(args), results,
                                       n_results, ctypes.byref(trap))
        if error or trap:
            e = wasmtime.WasmtimeError._from_ptr(error) if error else wasmtime.Trap._from_ptr(trap)
            return head + " =>" + self.said + ending(self.text_of(e))
        text = head + " =>" + self.said + " ok" + "".join(" " + show(r) for r in results)
        for r in results:
            ffi.wasmtime_val_unroot(ctypes.byref(r))
        return text

    def hash_memory(self, memory):
        shared = isinstance(memory, wasmtime.SharedMemory)
        args = [] if shared else [self.store]
        size = memory.data_len(*args)
        if size == 0:
            return "mem:0:00000000"
        base = ctypes.addressof(memory.data_ptr(*args).contents)
        n = size if size <= HEAD + TAIL else HEAD
        crc = zlib.crc32(ctypes.string_at(base, n))
        if n < size:
            last = (size - 1) // TAIL * TAIL
            crc = zlib.crc32(ctypes.string_at(base + last, size - last), crc)
        return f"mem:{size:x}:{crc:08x}"

    def state(self, line):
        idx = int(line.split(" ")[1])
        e, raw = self.export(idx), ffi.wasmtime_val_t()
        if isinstance(e, (wasmtime.Memory, wasmtime.SharedMemory)):
            return f"state {idx} " + self.hash_memory(e)
        if isinstance(e, wasmtime.Global):
            ffi.wasmtime_global_get(self.store._context(), ctypes.byref(e._global), ctypes.byref(raw))
            return f"state {idx} " + show(raw)
        n, text = e.size(self.store), ""
        for k in range(min(n, 32)):
            ffi.wasmtime_table_get(self.store._context(), ctypes.byref(e._table), k, ctypes.byref(raw))
            text += " " + show(raw)
        return f"state {idx} table:{n:x}" + text

    def line(self, line):
        word = line.split(" ")[0]
        if " stopped: " in line:
            raise Cut("stopped by a limit of ours")
        if word == "import":
            self.types[int(line.split(" ")[1])] = line.split(" ")[2]
            return line
        if word == "inst":
            return self.open()
        return self.call(line) if word == "call" else self.state(line) if word == "state" else None


def replay(engine, code, lines):
    try:
        module = wasmtime.Module(engine, code)
    except wasmtime.WasmtimeError as e:
        return ["load invalid: " + str(e).replace("\n", " ")[:300]]
    out = ["load ok"]
    if lines[0] != "load ok":
        return out
    r = Replay(engine, module)
    for line in lines[1:]:
        try:
            said = r.line(line)
        except Cut as e:
            out.append(f"skip: {e}")
            break
        if said is not None:
            out.append(said)
    return out


def main():
    data, at = Path(sys.argv[1]).read_bytes(), 0
    text = Path(sys.argv[2]).read_text(encoding="latin1")
    plans = re.split(r"^module \d+\n", text, flags=re.M)[1:]
    engine = make_engine()
    for k, plan in enumerate(plans):
        (n,) = struct.unpack_from("<I", data, at)
        code = data[at + 4:at + 4 + n]
        at += 4 + n
        lines = replay(engine, code, [l for l in plan.split("\n") if l])
        print(f"module {k}\n" + "\n".join(lines), flush=True)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts test cases of a build's last meson test run: prints 'PASSED FAILED SKIPPED'.

TAP lines count one each; a script's closing 'N passed, N failed, N skipped' counts as that; any
other test counts as one. Fails when nothing ran or something failed.
"""
import json
import re
import sys
from pathlib import Path

TOTAL = re.compile(r"^(?:total: )?(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


def count(test):
    out = test.get("stdout", "")
    totals = TOTAL.findall(out)
    if totals:
        p, f, s = (int(n) for n in totals[-1])
    else:
        s = len(re.findall(r"^ok .*# SKIP", out, re.M))
        n_not_run = len(re.findall(r"^not ok .*# SKIP", out, re.M))  # cmocka's skip()
        p = len(re.findall(r"^ok ", out, re.M)) - s
        f = len(re.findall(r"^not ok ", out, re.M)) - n_not_run
        s += n_not_run
    if test["result"] == "SKIP":
        return 0, 0, max(1, s)
    if test["result"] != "OK":
        return p, max(1, f), s
    return (p, f, s) if p + f + s else (1, 0, 0)


def main():
    log = Path(sys.argv[1]) / "meson-logs/testlog.json"
    tests = [json.loads(line) for line in log.read_text().splitlines()]
    counts = [count(t) for t in tests]
    p, f, s = (sum(c[i] for c in counts) for i in range(3))
    print(p, f, s)
    sys.exit(f > 0 or p == 0)


main()

# SPDX-License-Identifier: Apache-2.0
"""What all parts of the generator use."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def fail(name, why):
    sys.exit(f"gen-stencils: body {name}: {why}")

# SPDX-License-Identifier: Apache-2.0
"""For tests that send the command signals."""
import signal


def take_signals():
    """Also below nohup, or behind a shell: what is ignored here is ignored by the command."""
    for sig in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(sig) == signal.SIG_IGN:
            signal.signal(sig, signal.SIG_DFL)

"""What ties children to the process that keeps them: when it is gone, so are they, even after `kill -9`."""

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


class Lifeline:
    """A pipe into which nobody writes: who reads its end knows that the keeper, which alone holds it, is gone."""

    def __init__(self) -> None:
        self._theirs, self._ours = os.pipe()

    def hold(self, keeper: int) -> None:
        """In a child, before it does anything: ends it with the keeper."""
        os.close(self._ours)
        threading.Thread(target=self._wait, name="lifeline", daemon=True).start()
        if sys.platform == "linux":
            # Ends also a child that is stopped and cannot read.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            _end()

    def _wait(self) -> None:
        os.read(self._theirs, 1)
        _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

"""The four engines of one folder."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from shikanji.engines.engine import Engine
from shikanji.engines.nats import Nats
from shikanji.engines.postgres import Postgres
from shikanji.engines.seaweed import Seaweed
from shikanji.engines.valkey import Valkey

NAMES = ("postgres", "nats", "valkey", "s3")
"""In the order of their start; they stop the other way round."""


class Engines(AbstractContextManager["Engines"]):
    """`with` starts those that are wanted and in the end stops those that it started; all end with this process then,
    however it ends. `start` by itself leaves them running for other processes."""

    def __init__(
        self,
        folder: Path,
        want: Iterable[str] = NAMES,
        *,
        durable: bool = True,
        attached: bool = True,
        tell: Callable[[str], None] = lambda said: None,
    ) -> None:
        self.folder = folder
        self.postgres = Postgres(folder, durable=durable, attached=attached)
        self.nats = Nats(folder, durable=durable, attached=attached)
        self.valkey = Valkey(folder, durable=durable, attached=attached)
        self.s3 = Seaweed(folder, durable=durable, attached=attached)
        self._want = frozenset(want)
        self._tell = tell
        assert self._want <= set(NAMES), f"there are {NAMES}"

    @property
    def all(self) -> list[Engine]:
        return [self.postgres, self.nats, self.valkey, self.s3]

    @property
    def urls(self) -> dict[str, str]:
        """Of those that run, as the platform's settings."""
        return {name: url for engine in self.all if engine.running for name, url in engine.urls.items()}

    def start(self) -> None:
        """Those that are wanted, one after the other; the ones that run already are left alone. All or none: when one
        fails, those that were started here are stopped again."""
        try:
            self.need(*self._want)
        except BaseException:
            self._stop_own()
            raise

    def need(self, *names: str) -> dict[str, str]:
        """Starts these where they do not run; their URLs."""
        needed = [engine for engine in self.all if engine.name in names]
        for engine in needed:
            if not engine.running:
                self._tell(f"{engine.title} is starting")
            engine.start()
            self._tell(f"{engine.title} is ready at 127.0.0.1:{engine.port}, process {engine.pid}")
        return {name: url for engine in needed for name, url in engine.urls.items()}

    def stop(self) -> None:
        """All that run, in order; the data stays."""
        self._stop(self.all)

    def _stop_own(self) -> None:
        self._stop([engine for engine in self.all if engine.started_here])

    def _stop(self, engines: list[Engine]) -> None:
        for engine in reversed(engines):
            if engine.running:
                self._tell(f"{engine.title} is stopping")
                engine.stop()

    def __enter__(self) -> "Engines":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_own()


def running_urls(folder: Path) -> dict[str, str]:
    """The settings with which to find the engines that `engines up` left running in `folder`; empty when none does."""
    return Engines(folder, attached=False).urls

"""The cache that a URL names."""

from shikanji.kit.cache import Cache
from shikanji.kit.cache.memory import MemoryCache

IN_MEMORY = "memory:"


def open_cache(url: str, *, platform: str) -> Cache:
    """`memory:`, or `valkey://[[user]:password@]host[:port][/db]` (`valkeys:` with TLS; `redis:` and `rediss:` are the
    same). Platforms that share a server are kept apart by `platform`. Raises SettingsError for a URL that names no
    cache."""
    if url == IN_MEMORY:
        return MemoryCache()
    # Not for whoever keeps it in memory: the client takes a while to import.
    from shikanji.kit.cache.valkey import open_valkey

    return open_valkey(url, platform=platform)

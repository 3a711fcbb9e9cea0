"""How often somebody may ask: a token bucket for each key."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

KEYS = 10_000
"""Buckets that are kept before the full ones are dropped: a full bucket and a new one are the same."""


@dataclass
class Limit:
    """Each key has `burst` requests, which come back at `rate` per second. clock: seconds, never backwards."""

    burst: float
    rate: float
    clock: Callable[[], float]
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, key: str) -> float:
        """Take one request of this key: 0 if there was one, else the seconds until there is one."""
        with self._lock:
            now = self.clock()
            if len(self._buckets) > KEYS:
                self._buckets = {key: bucket for key, bucket in self._buckets.items() if self._content(bucket, now) < self.burst}
            content = self._content(self._buckets.get(key, (self.burst, now)), now)
            taken = content >= 1
            self._buckets[key] = (content - taken, now)
            return 0.0 if taken else (1 - content) / self.rate

    def _content(self, bucket: tuple[float, float], now: float) -> float:
        content, since = bucket
        return min(self.burst, content + self.rate * (now - since))

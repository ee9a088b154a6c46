"""How often a password may be tried: a wait that grows for who tries, so that nobody can lock out somebody else.

Failures count for an address at one client, for a client, and for an address anywhere. The last ceiling is high, and a
client from which the account signed in lately is not held by it: knowing an address is no way to keep its owner out.
"""

import time
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache

_WINDOW = 3600  # seconds that failures are remembered
_KNOWN_FOR = 30 * 24 * 3600
_LONGEST = 900.0


@dataclass(frozen=True, slots=True)
class _Limit:
    """So many failures are free; each further one doubles the wait that begins with ``first`` seconds."""

    free: int
    first: float

    def wait(self, failures: int) -> float:
        over = failures - self.free
        return 0.0 if over <= 0 else min(self.first * 2.0 ** min(over - 1, 20), _LONGEST)


_TOGETHER = _Limit(free=4, first=5.0)
_CLIENT = _Limit(free=60, first=5.0)
_ACCOUNT = _Limit(free=100, first=5.0)


def seconds_to_wait(address: str, client: str) -> int:
    """How long this client waits before it may try this address again; 0 when it may now."""
    now = time.time()
    waits = []
    for key, limit in _keys(address, client).items():
        if limit is _ACCOUNT and cache.get(_known(address, client)):
            continue
        failures, last = cache.get(key, (0, 0.0))
        waits.append(last + limit.wait(failures) - now)
    longest = max(waits, default=0.0)
    return int(longest) + 1 if longest > 0 else 0


def failed(address: str, client: str) -> None:
    """Count a failure."""
    for key in _keys(address, client):
        failures, _last = cache.get(key, (0, 0.0))
        cache.set(key, (failures + 1, time.time()), timeout=_WINDOW)


def succeeded(address: str, client: str) -> None:
    """The right password: this client is known for this address, and its failures there are forgotten."""
    cache.delete(f"attempts:{_digest(address, client)}")
    cache.set(_known(address, client), 1, timeout=_KNOWN_FOR)


def _keys(address: str, client: str) -> dict[str, _Limit]:
    return {
        f"attempts:{_digest(address, client)}": _TOGETHER,
        f"attempts:client:{_digest('', client)}": _CLIENT,
        f"attempts:account:{_digest(address, '')}": _ACCOUNT,
    }


def _known(address: str, client: str) -> str:
    return f"attempts:known:{_digest(address, client)}"


def _digest(address: str, client: str) -> str:
    """What is typed into the address field may be a password, so only its digest is kept."""
    return sha256(f"{address.strip().casefold()}\0{client}".encode()).hexdigest()

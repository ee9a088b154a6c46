"""The one exception of gating."""

from atmpxb.notes import Noted


class GateError(Noted):
    """A gating strategy can't be read, or can't be applied to this file; e.g. ``flow.channel_missing``."""

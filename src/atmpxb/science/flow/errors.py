"""The one exception of gating."""


class GateError(Exception):
    """A gating strategy can't be read, or can't be applied to this file.

    Args:
        code: stable, e.g. ``flow.channel_missing``. message: one English sentence with the cure.
        facts: the values inside the message, for translated texts.
    """

    def __init__(self, code: str, message: str, **facts: str) -> None:
        super().__init__(message)
        self.code, self.message, self.facts = code, message, facts

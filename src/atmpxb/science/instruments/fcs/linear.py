"""From channel numbers to linear scale: ``$PnG`` gain and ``$PnE`` logarithmic amplification (FCS 3.1)."""

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.instruments.fcs.structure import Channel, FcsFile


def linearise_column(raw: NDArray[np.floating], channel: Channel) -> NDArray[np.float64]:
    """Scale values of one channel, float64: ``offset · 10^(decades · x / range)``, or ``x / gain`` if linear.

    Time is never amplified: its values stay as stored, although some writers repeat ``$TIMESTEP`` in its
        ``$PnG``.

    >>> fl1 = Channel("FL1", range=1024.0, decades=4.0, offset=1.0, datatype="I")
    >>> linearise_column(np.array([0.0, 512.0]), fl1)
    array([  1., 100.])
    """
    with np.errstate(invalid="ignore"):  # a signalling NaN of a corrupt file stays a NaN
        values = np.asarray(raw, np.float64)
    if channel.decades > 0 and channel.range:
        return np.asarray(channel.offset * np.power(10.0, channel.decades * values / channel.range))
    amplified = channel.gain != 1.0 and channel.name.casefold() != "time"
    return values / channel.gain if amplified else values


def linearise(file: FcsFile) -> NDArray[np.float64]:
    """Scale values of all channels, shape (events, channels), columns contiguous.

    Time stays in its own unit.
    """
    columns = np.empty((len(file.channels), len(file.events)))
    for index, channel in enumerate(file.channels):
        columns[index] = linearise_column(file.events[:, index], channel)
    return columns.T

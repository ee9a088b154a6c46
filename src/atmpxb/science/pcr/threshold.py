"""Where the threshold of a target lies: a fixed value, or one of the rules named here."""

import numpy as np

from .amplification import Amplification, Flags

#: The rules, by the name that a method document gives.
RULES = ("fixed", "one_cycle_below_exponential_end", "ten_noise_sd")


def threshold(amplification: Amplification, wells: Flags, rule: str) -> float | None:
    """Threshold of a target from the wells that measured it, in the instrument's units.

    ``one_cycle_below_exponential_end``: half of the geometric mean of the corrected fluorescence at the end
    of the
    exponential phase: high above the noise and still where growth is exponential, as Ruijter et al. 2009
    place theirs one cycle under the top of the window of linearity.
    ``ten_noise_sd``: ten times the median noise SD in the ground phase, the classical instrument default.

    Args:
        wells: shape (w,), those to use; wells that do not amplify are left out of the first rule.

    Returns:
        None when no well amplifies.

    Raises:
        ValueError: an unknown rule, or ``fixed``, whose value only the method knows.
    """
    chosen = wells & amplification.amplified
    if rule not in RULES or rule == "fixed":
        raise ValueError(f"{rule} is not a rule that finds a threshold")
    if not chosen.any():
        return None
    if rule == "ten_noise_sd":
        return float(10 * np.median(amplification.noise[chosen]))
    corrected = amplification.corrected[chosen]
    position = amplification.exponential_end[chosen] - amplification.cycles[0]
    index = np.clip(np.floor(position).astype(int), 0, corrected.shape[1] - 2)
    rows = np.arange(corrected.shape[0])
    low, high = corrected[rows, index], corrected[rows, index + 1]
    good = (low > 0) & (high > 0)
    if not good.any():
        return None
    logs = np.log(low[good]) + (position - index)[good] * (np.log(high[good]) - np.log(low[good]))
    return float(np.exp(logs.sum() / logs.size) / 2)

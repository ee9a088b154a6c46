"""Flow cytometry: compensation, scale transforms, gates, populations, density plots. See README.md."""

from atmpxb.science.flow.errors import GateError
from atmpxb.science.flow.populations import Population, Populations, evaluate, population_names
from atmpxb.science.flow.strategy import ROOT, Strategy
from atmpxb.science.flow.tables import strategy_of

__all__ = [
    "ROOT",
    "GateError",
    "Population",
    "Populations",
    "Strategy",
    "evaluate",
    "population_names",
    "strategy_of",
]

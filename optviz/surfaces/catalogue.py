"""The surfaces that can be chosen, all of them: importing this module registers optviz's own."""

from optviz.surfaces import classic as classic
from optviz.surfaces import data as data
from optviz.surfaces import network as network
from optviz.surfaces.formula import surface as formula  # noqa: F401
from optviz.surfaces.problem import SURFACES, register_surface, surface

__all__ = ["SURFACES", "register_surface", "surface"]

"""The surfaces that can be chosen; importing this package registers them all in `optviz.problem.SURFACES`."""

from optviz.surfaces import classic as classic
from optviz.surfaces import data as data
from optviz.surfaces import formula as formula
from optviz.surfaces import network as network

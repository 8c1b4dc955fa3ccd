"""Maps that are being computed, each in a thread of its own for as long as somebody looks at it.

A map takes seconds or minutes, and a page must answer meanwhile. So the work is done beside it, a piece at a
time under the lock that all torch work of the process shares, and the page looks in twice a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

import optviz as ov
from optviz.maps.catalogue import Request
from optviz.web.compute import runs
from optviz.web.compute.cache import Cache

_log = logging.getLogger(__name__)
_KEPT = 24
"""Maps that are kept for all visitors together: about 3 MB each at most."""
_FORGOTTEN = 3.0
"""Seconds after which a map that nobody looks at is given up."""
_EVERY = 0.9
"""Seconds between two pictures of an unfinished map."""


class _StoppedError(Exception):
    """Raised in a job that nobody waits for any more."""


class Job:
    """A map on its way."""

    def __init__(self, request: Request) -> None:
        self.result: Any = None
        """The map as far as it has been computed; None at first."""
        self.done, self.total = 0, 1
        self.left: float | None = None
        """Seconds, about."""
        self.finished = False
        """Whether `result` is all of it."""
        self.running = True
        self.reason = ""
        """Why it cannot be computed; empty where it can be."""
        self.is_given_up = False
        """Whether it stops, or has stopped, because no visitor was left."""
        self._lock = threading.Lock()
        self._request = request
        self._viewers: dict[int, float] = {}
        self._pictured = 0.0
        self._thread = threading.Thread(target=self._work, name="map", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look(self, viewer: int) -> bool:
        """Note that a visitor is looking; whether they are in time, and it has not been given up."""
        with self._lock:
            self._viewers[viewer] = time.monotonic()
            return not self.is_given_up

    def leave(self, viewer: int) -> None:
        """Count one visitor less; without any the job stops."""
        with self._lock:
            self._viewers.pop(viewer, None)

    def _is_left(self, now: float) -> bool:
        """Whether nobody looks any more: then it is given up for good, whoever comes back."""
        with self._lock:
            self.is_given_up = all(now - seen > _FORGOTTEN for seen in self._viewers.values())
            return self.is_given_up

    def _work(self) -> None:
        try:
            self.result = self._request(executor=ov.Here(runs.lock()), watch=self._watch)
            self.done, self.left, self.finished = self.total, 0.0, True
        except _StoppedError:
            pass
        except ValueError as error:
            self.reason = str(error)
        except Exception as error:  # a fault of the program: whoever runs it needs more than the visitor
            _log.exception("The map %s could not be computed.", _name(self._request))
            self.reason = f"{type(error).__name__} while this map was computed."
        finally:
            self.running = False

    def _watch(self, progress: ov.Progress[Any]) -> None:
        now = time.monotonic()
        self.done, self.total, self.left = progress.done, progress.total, progress.left
        stopping = self._is_left(now)
        if progress.done and (stopping or now - self._pictured > _EVERY):
            self.result, self._pictured = progress.partial(), now
        if stopping:
            raise _StoppedError


@st.cache_resource(show_spinner=False)
def _jobs() -> Cache[Job]:
    """All maps of the process."""
    return Cache(entries=_KEPT)


def known(request: Request) -> Job | None:
    """The job for a request, even if it has been given up; None where there never was one."""
    return _jobs().get(_key(request))


def find(request: Request) -> Job | None:
    """The job for a request, if it has been begun and not been given up."""
    job = known(request)
    return job if job and not job.is_given_up else None


def begin(request: Request, viewer: int) -> Job:
    """The job for a request: one that is there already, whoever began it, or a new one."""

    def start() -> Job:
        job = Job(request)
        job.look(viewer)
        job.start()
        return job

    return _jobs().get_or_keep(_key(request), start, lambda job: job.look(viewer))


def _key(request: Request) -> str:
    """All that decides a map's numbers: what the competitors are called does not."""
    return f"{_name(request)} {dict(request.settings)} {request.experiment.unlabelled.to_json()}"


def _name(request: Request) -> str:
    """The function that makes the map."""
    make: Callable[..., Any] = request.make
    return make.__name__

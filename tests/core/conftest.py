"""For the tests of what computes."""

import torchs_own  # noqa: F401

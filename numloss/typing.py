"""Types of the public face."""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A NumPy array or what gives one, as a tensor of torch on the CPU does; or a device array of CuPy, torch or Numba."""

Result: TypeAlias = Any
"""A Python float, or an array for reduction="none"; on a device, an array of the same library."""

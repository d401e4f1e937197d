"""How the C library's allocator deals with memory that has been freed."""

from __future__ import annotations

import ctypes
from typing import Final

# mallopt(3): freed memory goes back to the system above so many bytes at the end of the heap, and blocks of
# so many are asked of the system one by one.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_TRIM_BYTES: Final = 64 << 20
_MMAP_BYTES: Final = 32 << 20


def keep_freed() -> None:
    """Keep up to 64 MB of freed memory for what is allocated next; without glibc, do nothing.

    An answer of megabytes is joined, encoded and sent in blocks of its size. Each of them would be mapped
    anew, and every page of it faulted in: on virtual machines that takes longer than to fill it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)

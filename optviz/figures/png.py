"""Pictures as PNG files, without a picture library.

Source: Portable Network Graphics (PNG) Specification, W3C, sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_ENDS = 33
"""Bytes of the signature and of the first chunk, which is the header."""


def of_palette(index: NDArray[np.uint8], colors: NDArray[np.uint8]) -> bytes:
    """A PNG with a palette, in which one index beyond it is transparent.

    Args:
        index: (height, width) places in the palette.
        colors: (n, 3) red, green and blue of each.
    """
    height, width = index.shape
    lines = np.pad(index, ((0, 0), (1, 0)))  # each begins with the number of its filter: none
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),  # 8 bits, of a palette
            _chunk(b"PLTE", colors.tobytes() + bytes(3)),
            _chunk(b"tRNS", bytes([255] * len(colors) + [0])),
            _chunk(b"IDAT", zlib.compress(lines.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def with_comment(png: bytes, words: str) -> bytes:
    """The same picture with a comment, as programs show it among a file's properties.

    `static/comment.js` of the page does the same with pictures that a browser draws.
    """
    comment = _chunk(b"iTXt", b"Comment\0\0\0\0\0" + words.encode())
    return png[:_HEADER_ENDS] + comment + png[_HEADER_ENDS:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

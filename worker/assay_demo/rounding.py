"""Rounds activations to FP8 and NVFP4 on a CPU in one pass over the data, compiled by numba.

torch has no fused operation for this: written with its element-wise operations the rounding
takes longer than the matrix products of a 135M model. Everything is exact float32 arithmetic
(no fast-math, no reassociation), so results are the same on every machine.

BF16 has no numpy type: BF16 arrays come as uint16 bit patterns.
"""

from __future__ import annotations

from contextlib import suppress

import numba
import numpy as np
from llvmlite.binding import ffi

# When vLLM 0.32 starts an engine it reads vars() of every object in every loaded module.
# llvmlite's library object answers any attribute name, `__dict__` too, with a C function, on which
# vLLM fails. An empty answer lets an engine start in a process that has numba loaded.
with suppress(AttributeError):
    ffi.lib._fntab.setdefault("__dict__", {})

_ABS = np.uint16(0x7FFF)
_INFINITY = np.uint16(0x7F80)
_NAN = np.uint16(0x7FC0)
_EXPONENT = np.int32(0x7F800000)
_ONE = np.int32(0x3F800000)  # bits of 2^0, the smallest E2M1 binade with its own spacing
_E4M3_SMALLEST_NORMAL = np.int32(0x3C800000)  # bits of 2^-6
_E4M3_MAX = np.float32(448.0)
_E2M1_MAX = np.float32(6.0)
_SIXTH = np.float32(1.0) / _E2M1_MAX
# Adding and subtracting 1.5 * 2^23 units rounds a float32 to a whole number of units, ties to
# even. A unit is 2^-3 of the value's power of two in E4M3, 2^-1 of it in E2M1.
_E4M3_MAGIC = np.float32(1.5 * 2**20)
_E2M1_MAGIC = np.float32(1.5 * 2**22)
# The smallest scale vLLM's own FP8 quantisation uses; keeps rows of zeros finite.
_FP8_SMALLEST_SCALE = np.float32(1.0 / (448.0 * 512.0))


@numba.njit
def _from_bf16(bits):
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@numba.njit
def _exact_bf16(value):
    """Bits of a float32 that BF16 holds exactly."""
    return np.uint16(np.float32(value).view(np.uint32) >> np.uint32(16))


@numba.njit
def _nearest_bf16(value):
    bits = np.float32(value).view(np.uint32)
    even = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16((bits + np.uint32(0x7FFF) + even) >> np.uint32(16))


@numba.njit
def _round(value, smallest_binade, magic):
    binade = max(np.float32(value).view(np.int32) & _EXPONENT, smallest_binade)
    shift = np.int32(binade).view(np.float32) * magic
    return (value + shift) - shift


@numba.njit("void(uint16[:,::1], uint16[:,::1], float32[::1])", cache=True, nogil=True)
def fp8_per_token(x, codes, scales):
    """codes = E4M3 values of x / scale, as BF16; scales = largest magnitude of each row / 448.

    A row that holds an infinity or NaN becomes NaN, so that a broken layer shows.
    """
    for row in range(x.shape[0]):
        peak = np.uint16(0)
        for i in range(x.shape[1]):
            peak = max(peak, x[row, i] & _ABS)
        if peak >= _INFINITY:
            scales[row] = np.float32(np.nan)
            codes[row, :] = _NAN
            continue
        scale = max(_from_bf16(peak) / _E4M3_MAX, _FP8_SMALLEST_SCALE)
        scales[row] = scale
        inverse = np.float32(1.0) / scale
        for i in range(x.shape[1]):
            value = _from_bf16(x[row, i]) * inverse
            value = min(max(value, -_E4M3_MAX), _E4M3_MAX)
            codes[row, i] = _exact_bf16(_round(value, _E4M3_SMALLEST_NORMAL, _E4M3_MAGIC))


@numba.njit("void(uint16[:,::1], uint16[:,::1], float32)", cache=True, nogil=True)
def nvfp4_blocks(x, rounded, global_scale):
    """rounded = E2M1 code * E4M3 block scale of each 16 values, as BF16: x * global_scale nearly.

    A block that holds an infinity or NaN becomes NaN.
    """
    inverse_global = np.float32(1.0) / global_scale
    for row in range(x.shape[0]):
        for start in range(0, x.shape[1], 16):
            peak = np.uint16(0)
            for i in range(16):
                peak = max(peak, x[row, start + i] & _ABS)
            if peak >= _INFINITY:
                for i in range(16):
                    rounded[row, start + i] = _NAN
                continue
            wanted = min(global_scale * (_from_bf16(peak) * _SIXTH), _E4M3_MAX)
            scale = _round(wanted, _E4M3_SMALLEST_NORMAL, _E4M3_MAGIC)
            step = scale * inverse_global
            inverse = np.float32(1.0) / step if step > np.float32(0.0) else np.float32(0.0)
            for i in range(16):
                value = _from_bf16(x[row, start + i]) * inverse
                value = min(max(value, -_E2M1_MAX), _E2M1_MAX)
                code = _round(value, _ONE, _E2M1_MAGIC)
                rounded[row, start + i] = _exact_bf16(code * scale)


@numba.njit("void(uint16[:,::1], float32[::1], float32[::1])", cache=True, nogil=True)
def scale_rows_and_columns(out, row_scales, column_scales):
    """out *= row_scales[:, None] * column_scales, in place, rounded to BF16 once."""
    for row in range(out.shape[0]):
        row_scale = row_scales[row]
        for i in range(out.shape[1]):
            out[row, i] = _nearest_bf16(_from_bf16(out[row, i]) * row_scale * column_scales[i])

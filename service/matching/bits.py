"""What a processor can do with bits and memory that Python has no name for, for Numba to compile.

Each is a few instructions of LLVM, which every processor that Numba knows translates to its
own: AVX-512 in one go, NEON or SSE in several.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 32
"""16-bit values that `near` compares at once; an array it reads is padded by as many."""

_I8, _I16, _I32 = ir.IntType(8), ir.IntType(16), ir.IntType(32)
_VALUES = ir.VectorType(_I16, LANES)
_INTO_CACHE = (_I32(0), _I32(3), _I32(1))
"""Arguments of llvm.prefetch: to read, moderate locality, data."""


@intrinsic
def popcount(_context: Any, word: Any) -> Any:
    """Return how many bits of an unsigned integer are set."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@intrinsic
def lowest(_context: Any, word: Any) -> Any:
    """Return the place of the lowest bit that is set in an unsigned integer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return word(word), generate


@intrinsic
def prefetch(_context: Any, array: Any, _place: Any) -> Any:
    """Ask for the cache line of array[place], without waiting for it. Any place is allowed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.bitcast(
            _pointer(context, builder, signature, arguments), _I8.as_pointer()
        )
        shape = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        builder.call(_function(builder, "llvm.prefetch.p0", shape), [pointer, *_INTO_CACHE])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def near(_context: Any, array: Any, _place: Any, _value: Any, _most: Any) -> Any:
    """Compare LANES values of a uint16 array, from a place on, with one value.

    Returns a uint32: bit i is set where array[place + i] differs in at most `most` bits.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature, arguments)
        values = builder.load(builder.bitcast(pointer, _VALUES.as_pointer()), align=2)
        differing = builder.xor(values, _in_every_lane(builder, arguments[2]))
        count = _function(builder, f"llvm.ctpop.v{LANES}i16", ir.FunctionType(_VALUES, [_VALUES]))
        counts = builder.call(count, [differing])
        close = builder.icmp_unsigned("<=", counts, _in_every_lane(builder, arguments[3]))
        return builder.bitcast(close, _I32)

    return types.uint32(array, types.intp, types.uint16, types.uint16), generate


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


def _in_every_lane(builder: Any, value: Any) -> Any:
    nothing = ir.Constant(_VALUES, ir.Undefined)
    first = builder.insert_element(nothing, value, _I32(0))
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, zeros)


def _function(builder: Any, name: str, shape: Any) -> Any:
    return builder.module.globals.get(name) or ir.Function(builder.module, shape, name)

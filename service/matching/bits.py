"""Bit and memory instructions that Python cannot express, as intrinsics for Numba to compile.

Each emits a few instructions of LLVM's portable intermediate language, which the compiler lowers
to what the processor has: AVX-512 in one instruction, NEON or SSE in several.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 32
"""16-bit values that `near_lanes` compares at once; an array it reads is padded by as many."""

_I8, _I16, _I32 = ir.IntType(8), ir.IntType(16), ir.IntType(32)
_VECTOR = ir.VectorType(_I16, LANES)
_READ_DATA = (_I32(0), _I32(3), _I32(1))
"""Arguments of llvm.prefetch: to read, high locality, data cache."""


@intrinsic
def popcount(_context: Any, word: Any) -> Any:
    """Return how many bits of an unsigned integer are set."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@intrinsic
def lowest_bit(_context: Any, word: Any) -> Any:
    """Return the number of the lowest set bit of an unsigned integer that is not 0."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return word(word), generate


@intrinsic
def prefetch(_context: Any, array: Any, _index: Any) -> Any:
    """Ask for the cache line of array[index] without waiting for it. Any index is allowed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.bitcast(
            _pointer(context, builder, signature, arguments), _I8.as_pointer()
        )
        function = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        builder.call(_declared(builder, "llvm.prefetch.p0", function), [pointer, *_READ_DATA])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def near_lanes(_context: Any, array: Any, _index: Any, _value: Any, _radius: Any) -> Any:
    """Compare LANES consecutive values of a uint16 array, from an index on, with one value.

    Returns a uint32: bit i is set where array[index + i] differs in at most `radius` bits.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature, arguments)
        values = builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()), align=2)
        differing = builder.xor(values, _broadcast(builder, arguments[2]))
        count = _declared(builder, f"llvm.ctpop.v{LANES}i16", ir.FunctionType(_VECTOR, [_VECTOR]))
        counts = builder.call(count, [differing])
        near = builder.icmp_unsigned("<=", counts, _broadcast(builder, arguments[3]))
        return builder.bitcast(near, _I32)

    return types.uint32(array, types.intp, types.uint16, types.uint16), generate


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


def _broadcast(builder: Any, value: Any) -> Any:
    """The value in every lane of a vector."""
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, value, _I32(0))
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)


def _declared(builder: Any, name: str, function: Any) -> Any:
    """The declaration of an LLVM function in this module, made when it is not there yet."""
    return builder.module.globals.get(name) or ir.Function(builder.module, function, name)

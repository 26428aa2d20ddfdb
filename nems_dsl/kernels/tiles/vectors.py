"""Vectors of LLVM, for kernels whose partial sums are to stay in registers.

The compiler keeps no tile of sums in registers when it vectorizes a loop by itself.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .processor import n_vector_registers, vector_bytes

VECTOR_BYTES = vector_bytes()
N_REGISTERS = n_vector_registers()

INT = ir.IntType(64)
_PLACE = ir.IntType(32)


class Vectors:
    """Vectors of the elements of an array, in the code of one intrinsic."""

    def __init__(self, builder, element):
        self._builder = builder
        double = element == types.float64
        self.scalar = ir.DoubleType() if double else ir.FloatType()
        self.size = 8 if double else 4
        self.n = VECTOR_BYTES // self.size
        self.type = ir.VectorType(self.scalar, self.n)
        self.zero = ir.Constant(self.type, [0.0] * self.n)
        self._suffix = f"v{self.n}f{8 * self.size}"

    def _declare(self, name, result, *arguments):
        function = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self._builder.module, function, name)

    def pointer(self, row, at):
        """Point at the vector that begins at element `at` of a row."""
        place = self._builder.gep(row, [at])
        return self._builder.bitcast(place, self.type.as_pointer())

    def load(self, row, at):
        """Load the vector at element `at` of a row, wherever that lies."""
        return self._builder.load(self.pointer(row, at), align=self.size)

    def _mask_of_first(self, n):
        lanes = ir.VectorType(INT, self.n)
        places = ir.Constant(lanes, list(range(self.n)))
        return self._builder.icmp_signed("<", places, self.spread(n, lanes))

    def _declare_masked(self, what, result, *others):
        masks = _PLACE, ir.VectorType(ir.IntType(1), self.n)
        pointer = self.type.as_pointer()
        name = f"llvm.masked.{what}.{self._suffix}.p0"
        if what == "load":
            return self._declare(name, result, pointer, *masks, self.type)
        return self._declare(name, result, self.type, pointer, *masks)

    def load_first(self, row, at, n):
        """Load n elements, and zeros in place of those beyond."""
        load = self._declare_masked("load", self.type)
        mask = self._mask_of_first(n)
        return self._builder.call(load, [self.pointer(row, at), _PLACE(self.size), mask, self.zero])

    def store_first(self, value, row, at, n):
        """Store the first n elements of a vector."""
        store = self._declare_masked("store", ir.VoidType())
        mask = self._mask_of_first(n)
        self._builder.call(store, [value, self.pointer(row, at), _PLACE(self.size), mask])

    def store(self, value, row, at):
        """Store a vector at element `at` of a row, wherever that lies."""
        self._builder.store(value, self.pointer(row, at), align=self.size)

    def spread(self, value, kind=None):
        """Give the vector of one value, of elements such as a signal's or of another kind."""
        kind = kind or self.type
        none = ir.Constant(kind, ir.Undefined)
        first = self._builder.insert_element(none, value, _PLACE(0))
        places = ir.Constant(ir.VectorType(_PLACE, self.n), [0] * self.n)
        return self._builder.shuffle_vector(first, none, places)

    def join(self, a, b, shift):
        """Give the vector that begins `shift` elements into the first of two."""
        lanes = ir.Constant(ir.VectorType(_PLACE, self.n), [shift + i for i in range(self.n)])
        return self._builder.shuffle_vector(a, b, lanes)

    def interleave(self, a, b):
        """Give the elements of two vectors by turns, as two vectors."""

        def half(first):
            lanes = [first + i // 2 + self.n * (i % 2) for i in range(self.n)]
            places = ir.Constant(ir.VectorType(_PLACE, self.n), lanes)
            return self._builder.shuffle_vector(a, b, places)

        return half(0), half(self.n // 2)

    def part(self, a, b):
        """Give the elements at even and at odd places of two vectors, one after the other."""

        def half(first):
            lanes = [first + 2 * i for i in range(self.n)]
            places = ir.Constant(ir.VectorType(_PLACE, self.n), lanes)
            return self._builder.shuffle_vector(a, b, places)

        return half(0), half(1)

    def add_product(self, a, b, total):
        """Give ``a * b + total``, rounded once where the processor can."""
        name = f"llvm.fmuladd.{self._suffix}"
        function = self._declare(name, self.type, self.type, self.type, self.type)
        return self._builder.call(function, [a, b, total])

    def accumulate(self, a, b, place):
        """Add ``a * b`` to the sum at a place."""
        total = self.add_product(a, b, self._builder.load(place))
        self._builder.store(total, place)

    def add_sum(self, place, total):
        """Add the elements of the sum at a place, in no particular order, to one number."""
        name = f"llvm.vector.reduce.fadd.{self._suffix}"
        function = self._declare(name, self.scalar, self.scalar, self.type)
        none = ir.Constant(self.scalar, 0.0)
        value = self._builder.load(place)
        found = self._builder.call(function, [none, value], fastmath=("reassoc",))
        self._builder.store(self._builder.fadd(self._builder.load(total), found), total)


def row_of(context, builder, kind, value, at):
    """Point at element `at` of a flat array."""
    return builder.gep(context.make_array(kind)(context, builder, value).data, [at])


def size_of(context, builder, kind, value):
    """Give the length of a flat array."""
    array = context.make_array(kind)(context, builder, value)
    return builder.extract_value(array.shape, 0)


def sums_of(builder, vec, n_rows, n_columns):
    """Give places for sums, which become registers."""
    return [
        [cgutils.alloca_once(builder, vec.type) for _ in range(n_columns)] for _ in range(n_rows)
    ]


def store_all(builder, value, places):
    """Set all sums to one value."""
    for row in places:
        for place in row:
            builder.store(value, place)

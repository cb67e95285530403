"""Random WebAssembly modules that are valid, end, and behave the same on every
engine that is right.

What the specification leaves open is avoided: every result of a
floating-point instruction has its NaN made canonical at once, memory.grow
stays below the declared maximum, and no call nests deeply.  A counter in a
global, spent by calls and loops, bounds the run time.

The instructions come from src/wasm/opcodes.def, so a new row is tried here
without further work.  Generators of the same seed and table agree.

    encode.py   numbers, vectors, sections and types of the binary format
    ops.py      opcodes.def as lists of instructions to choose from
    body.py     the code of a function: expressions, statements
    refs.py     the part of it that structs, arrays and casts make
    throws.py   the part of it that exceptions make
    module.py   a module around the functions"""

from .module import Module  # noqa: F401

#!/usr/bin/env python3
"""Random WebAssembly modules, which wasmgen/ makes and explains.

    wasm-gen.py [--seed N] [--count N] [--new] DIR      writes DIR/SEED.wasm ...

Each exports its memory and some functions (i32, i64) -> i32 or i64.  With
--new also what WebAssembly 3.0 brought: structs, arrays, i31, casts,
exceptions and 64-bit memories, for engines that have them."""

import argparse
import os

from wasmgen import Module


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--seed', type=int, default=1, help='of the first module')
    p.add_argument('--count', type=int, default=1)
    p.add_argument('--new', action='store_true', help='WebAssembly 3.0')
    p.add_argument('dir')
    a = p.parse_args()
    for seed in range(a.seed, a.seed + a.count):
        with open(os.path.join(a.dir, '%d.wasm' % seed), 'wb') as f:
            f.write(Module(seed, a.new).encode())


if __name__ == '__main__':
    main()

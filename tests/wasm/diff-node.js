// What diff-runner.c does, with the WebAssembly engine of Node.
//
//	node diff-node.js FILE.wasm...
'use strict';

const fs = require('fs');
const path = require('path');

const ARGS = [
	[0, 0n],
	[1, -1n],
	[-0x80000000, 1n << 63n],
	[12345, 0x123456789abcdefn],
];

const TRAPS = {
	'unreachable': 'unreachable',
	'divide by zero': 'zero',
	'remainder by zero': 'zero',
	'divide result unrepresentable': 'range',
	'float unrepresentable in integer range': 'range',
	'memory access out of bounds': 'memory',
	'data segment out of bounds': 'memory',
	'table index is out of bounds': 'table',
	'null function or function signature mismatch': 'call',
	'Maximum call stack size exceeded': 'stack',
	'dereferencing a null pointer': 'null',
	'illegal cast': 'cast',
	'array element access out of bounds': 'array',
};

function hash(memory) {
	const words = new Uint32Array(memory.buffer);
	let h = 2166136261;

	for (let i = 0; i < words.length; i++)
		h = Math.imul(h ^ words[i], 16777619);
	return (h >>> 0).toString(16).padStart(8, '0');
}

function result(f, a, b) {
	try {
		const v = f(a, b);

		return (typeof v === 'bigint' ? BigInt.asUintN(64, v) :
						v >>> 0).toString(16);
	} catch (e) {
		if (e instanceof WebAssembly.Exception)
			return 'trap exception';
		return 'trap ' + (TRAPS[e.message] || e.message);
	}
}

for (const file of process.argv.slice(2)) {
	const name = path.basename(file), out = [];

	try {
		const module = new WebAssembly.Module(fs.readFileSync(file));
		const {exports} = new WebAssembly.Instance(module);

		for (let f = 0; exports['f' + f]; f++)
			ARGS.forEach(([a, b], i) => out.push(
				`${name} f${f} ${i} ${result(exports['f' + f],
							     a, b)}`));
		out.push(`${name} memory ${hash(exports.mem)}`);
	} catch (e) {
		out.push(`${name} refused: ${e.message}`);
	}
	console.log(out.join('\n'));
}

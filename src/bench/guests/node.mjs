// Runs a WASI module: node node.mjs ROOTFS MODULE [ARG...]
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";
import { argv, env } from "node:process";

const [, , rootfs, module, ...rest] = argv;
const wasi = new WASI({
  version: "preview1",
  args: [module, ...rest],
  env,
  preopens: { "/": rootfs },
});
const compiled = new WebAssembly.Module(readFileSync(module));
wasi.start(new WebAssembly.Instance(compiled, wasi.getImportObject()));

// SPDX-License-Identifier: Apache-2.0
// node [V8 OPTIONS] wasi-runner.mjs [--compile] FILE.wasm [ARGS...]: runs a WASI command, or only
// compiles the module. No directories, no environment.
import { readFileSync, writeSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [first, ...rest] = process.argv.slice(2);
const compileOnly = first === '--compile';
const [file, args] = compileOnly ? [rest[0], []] : [first, rest];
try {
    const module = new WebAssembly.Module(readFileSync(file));
    if (!compileOnly) {
        const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: {} });
        process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
    }
} catch (error) {
    writeSync(2, `wasi-runner: ${file}: ${error.message}\n`);
    process.exitCode = 70;
}

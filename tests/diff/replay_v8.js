// SPDX-License-Identifier: Apache-2.0
// Replays transcripts in V8. usage: node [FLAGS] replay_v8.js BUNDLE TRANSCRIPTS
// The transcript names what to call with what; the answer has the same form (README.md).
'use strict';
const fs = require('fs');
const zlib = require('zlib');

const view = new DataView(new ArrayBuffer(8));
const hex = (n, digits) => BigInt.asUintN(digits * 4, BigInt(n)).toString(16).padStart(digits, '0');

function parse(token) {
    const [kind, bits] = [token[0], token.slice(2)];
    if (bits === 'nan') return NaN;
    if (kind === 'i') return Number(BigInt.asIntN(32, BigInt('0x' + bits)));
    if (kind === 'I') return BigInt.asIntN(64, BigInt('0x' + bits));
    if (kind === 'f') { view.setUint32(0, Number('0x' + bits)); return view.getFloat32(0); }
    if (kind === 'F') { view.setBigUint64(0, BigInt('0x' + bits)); return view.getFloat64(0); }
    if (kind === 'r' || kind === 'e') return null;
    throw new SyntaxError('vector');
}

// Types do not come with values in JavaScript: they are taken from the transcript's own answer.
function show(kind, v) {
    switch (kind) {
    case 'i': return 'i:' + hex(v, 8);
    case 'I': return 'I:' + hex(v, 16);
    case 'f':
        if (Number.isNaN(v)) return 'f:nan';
        view.setFloat32(0, v);
        return 'f:' + hex(view.getUint32(0), 8);
    case 'F':
        if (Number.isNaN(v)) return 'F:nan';
        view.setFloat64(0, v);
        return 'F:' + hex(view.getBigUint64(0), 16);
    case 'r': return v === null ? 'r:null' : 'r:func';
    default: return v === null ? 'e:null' : 'e:some';
    }
}

function ending(e) {
    if (e instanceof RangeError && /call stack/.test(e.message)) return ' stopped: call stack';
    if (e instanceof WebAssembly.RuntimeError) return ' trap: ' + e.message;
    if (typeof WebAssembly.Exception === 'function' && e instanceof WebAssembly.Exception) return ' exception';
    return ' error: ' + e.name + ': ' + e.message;
}

const plain = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' };

function makeImports(module, mine, types, say) {
    let calls = 0;
    const object = {};
    WebAssembly.Module.imports(module).forEach((im, idx) => {
        const space = object[im.module] ??= Object.create(null);
        const t = types[idx] || '';
        if (im.kind !== 'function') throw new SyntaxError('import of a ' + im.kind);
        const [params, results] = t.split('>');
        space[im.name] = (...args) => {
            say(` [h${idx}` + args.map((a, i) => ' ' + show(params[i], a)).join('') + ']');
            const n = ++calls;
            const values = [...results].map((k, i) => {
                const v = (n * 7 + i) % 1000;
                return k === 'I' ? BigInt(v) : k === 'r' || k === 'e' ? null : v;
            });
            return values.length > 1 ? values : values[0];
        };
    });
    return object;
}

function hashMemory(buffer) {
    const size = buffer.byteLength;
    const bytes = new Uint8Array(buffer);
    if (size <= (1 << 20) + 65536) return zlib.crc32(bytes);
    const head = zlib.crc32(bytes.subarray(0, 1 << 20));
    return zlib.crc32(bytes.subarray(Math.floor((size - 1) / 65536) * 65536), head);
}

function state(line, value) {
    const tokens = line.split(' ').slice(2);
    if (value instanceof WebAssembly.Memory) {
        return `mem:${value.buffer.byteLength.toString(16)}:${hex(hashMemory(value.buffer), 8)}`;
    }
    if (value instanceof WebAssembly.Global) return show(tokens[0][0], value.value);
    const big = typeof value.length === 'bigint';
    const n = Number(value.length);
    let out = 'table:' + n.toString(16);
    for (let i = 0; i < Math.min(n, 32); i++) {
        out += ' ' + show((tokens[1] || 'r')[0], value.get(big ? BigInt(i) : i));
    }
    return out;
}

function replay(bytes, lines) {
    const out = [];
    let valid = WebAssembly.validate(bytes);
    out.push(valid ? 'load ok' : 'load invalid');
    if (!valid || lines[0] !== 'load ok') {
        if (!valid) try { new WebAssembly.Module(bytes); } catch (e) { out[0] += ': ' + e.message; }
        return out;
    }
    const module = new WebAssembly.Module(bytes);
    const exports = WebAssembly.Module.exports(module);
    let instance = null, types = {}, said = '';
    for (const line of lines.slice(1)) {
        const word = line.split(' ')[0];
        said = '';
        if (line.includes(' stopped: ')) { out.push('skip: stopped by a limit of ours'); return out; }
        try {
            if (word === 'import') {
                types[line.split(' ')[1]] = line.split(' ')[2];
                out.push(line);
            } else if (word === 'inst') {
                try {
                    instance = new WebAssembly.Instance(module, makeImports(module, null, types, (s) => { said += s; }));
                    out.push('inst' + said + ' ok');
                } catch (e) {
                    if (e instanceof SyntaxError) { out.push('skip: ' + e.message); return out; }
                    out.push('inst' + said + ending(e));
                }
            } else if (word === 'call') {
                const [head, tail] = line.split(' =>');
                const parts = head.split(' ');
                const answer = tail.replace(/ \[[^\]]*\]/g, '');
                if (answer.startsWith(' skipped')) { out.push(line); continue; }
                if (answer.includes(' V:') || answer.includes(' x:') || head.includes(' V:')) {
                    out.push('skip: value JavaScript has not');
                    return out; /* the state would no longer be the same */
                }
                let text;
                try {
                    let r = instance.exports[exports[+parts[1]].name](...parts.slice(2).map(parse));
                    const kinds = answer.startsWith(' ok') ? answer.split(' ').slice(2).map((s) => s[0]) : [];
                    const values = kinds.length === 0 ? [] : kinds.length === 1 ? [r] : r;
                    text = ' ok' + values.map((v, i) => ' ' + show(kinds[i], v)).join('');
                } catch (e) {
                    if (e instanceof TypeError && /type incompatibility/.test(e.message)) throw e;
                    text = ending(e);
                }
                out.push(head + ' =>' + said + text);
            } else if (word === 'state') {
                if (line.includes(' V:') || line.includes(' x:')) { out.push(line); continue; }
                const idx = +line.split(' ')[1];
                out.push(`state ${idx} ` + state(line, instance.exports[exports[idx].name]));
            }
        } catch (e) {
            out.push('skip: ' + e.message);
            return out;
        }
    }
    return out;
}

const bundle = fs.readFileSync(process.argv[2]);
const transcripts = fs.readFileSync(process.argv[3], 'latin1').split(/^module \d+\n/m).slice(1);
for (let at = 0, k = 0; at < bundle.length; k++) {
    const len = bundle.readUInt32LE(at);
    const lines = transcripts[k].split('\n').filter((l) => l);
    process.stdout.write(`module ${k}\n` + replay(bundle.subarray(at + 4, at + 4 + len), lines).join('\n') + '\n');
    at += 4 + len;
}

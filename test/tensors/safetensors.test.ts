import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { decodeSafetensors, encodeSafetensors, type TensorData } from '../../src/tensors/safetensors.js';

const bits = (data: TensorData['data']) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const example: Record<string, TensorData> = {
  'layer/kernel': { shape: [2, 3], data: Float32Array.of(1.5, -0, NaN, Infinity, -Infinity, 1e-45) },
  scalar: { shape: [], data: Float64Array.of(Math.PI) },
  '10': { shape: [3], data: Uint8Array.of(0, 127, 255) },
  '9': { shape: [1, 1, 2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  nothing: { shape: [0, 4], data: new Float32Array(0) },
  'über "α"\n': { shape: [1], data: Float32Array.of(7) },
};
const metadata = { step: '12', note: 'line\n"two" — φ⁴' };

function header(bytes: Uint8Array) {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return {
    size,
    text: Buffer.from(bytes.subarray(8, 8 + size)).toString('utf8'),
  };
}

function withHeader(text: string, data = new Uint8Array(0)): Uint8Array {
  const encoded = Buffer.from(text, 'utf8');
  const bytes = new Uint8Array(8 + encoded.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  bytes.set(data, 8 + encoded.length);
  return bytes;
}

describe('safetensors', () => {
  it('gives back every bit, shape, type and text', () => {
    const { tensors, metadata: text } = decodeSafetensors(encodeSafetensors(example, metadata));
    expect(text).toEqual(metadata);
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(example).sort());
    for (const [name, { shape, data }] of Object.entries(example)) {
      expect(tensors[name]!.shape).toEqual(shape);
      expect(tensors[name]!.data.constructor).toBe(data.constructor);
      expect(bits(tensors[name]!.data).equals(bits(data))).toBe(true);
    }
  });

  it('gives equal bytes for equal content in any order of names', () => {
    const reversed = Object.fromEntries(Object.entries(example).reverse());
    const text = Object.fromEntries(Object.entries(metadata).reverse());
    expect(Buffer.compare(encodeSafetensors(reversed, text), encodeSafetensors(example, metadata))).toBe(0);
  });

  it('aligns every tensor to its element size', () => {
    const bytes = encodeSafetensors(example, metadata);
    const { size, text } = header(bytes);
    expect(size % 8).toBe(0);
    const described = JSON.parse(text) as Record<string, { dtype: string; data_offsets: [number, number] }>;
    for (const [name, { dtype, data_offsets }] of Object.entries(described)) {
      if (name === '__metadata__') continue;
      const width = Number(dtype.slice(1)) / 8;
      expect(data_offsets[0] % width).toBe(0);
    }
  });

  it('reads from an unaligned view and copies', () => {
    const bytes = encodeSafetensors(example);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    const { tensors } = decodeSafetensors(shifted);
    shifted.fill(0);
    expect(tensors.scalar!.data[0]).toBe(Math.PI);
  });

  it('rejects every truncation and any appended byte', () => {
    const bytes = encodeSafetensors(example, metadata);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeSafetensors(bytes.subarray(0, length)), `${length} bytes`).toThrow(RgsweepError);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => decodeSafetensors(longer)).toThrow(/tensors need \d+ bytes, \d+ follow/);
  });

  it('rejects garbage with an error of its own kind, never with a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RgsweepError);
          expect((error as Error).message).toMatch(/^not a whole safetensors file: /);
        }
      }),
    );
  });

  it.each([
    ['a header longer than the limit', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127), /claims/],
    ['no JSON', withHeader('{"a":'), /not JSON/],
    ['bytes that are no UTF-8', withHeader('{"a": 1}').fill(0xff, 9), /not JSON/],
    ['a list', withHeader('[1]'), /not a JSON object/],
    ['an unknown type', withHeader('{"a":{"dtype":"Q7","shape":[],"data_offsets":[0,1]}}'), /"a".*"Q7"/],
    [
      'an inherited name as type',
      withHeader('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,1]}}'),
      /toString/,
    ],
    ['a negative size', withHeader('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}'), /shape \[-1\]/],
    ['a huge shape', withHeader('{"a":{"dtype":"U8","shape":[9e15,9e15],"data_offsets":[0,1]}}'), /"a"/],
    ['reversed offsets', withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}'), /"a"/],
    [
      'offsets beyond the end',
      withHeader('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', Uint8Array.of(1)),
      /need 2 bytes, 1 follow/,
    ],
    [
      'an overlap',
      withHeader(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        Uint8Array.of(1, 2, 3),
      ),
      /"b" starts at 1 instead of 2/,
    ],
    [
      'a gap',
      withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', Uint8Array.of(1, 2)),
      /"a" starts at 1 instead of 0/,
    ],
    ['metadata that is not text', withHeader('{"__metadata__":{"step":1}}'), /metadata "step"/],
  ])('names what is wrong: %s', (_name, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('refuses to write a shape that does not fit or a reserved name', () => {
    expect(() => encodeSafetensors({ a: { shape: [2, 2], data: new Float32Array(3) } })).toThrow(
      /\[2, 2\].*3/,
    );
    expect(() => encodeSafetensors({ a: { shape: [-1, -3], data: new Float32Array(3) } })).toThrow(/"a"/);
    expect(() => encodeSafetensors({ __metadata__: { shape: [], data: new Float32Array(1) } })).toThrow(
      /reserve/,
    );
  });
});

describe("safetensors beside Python's own package", () => {
  // Installed once per machine: the test's time is then a second.
  const environment = join(tmpdir(), 'rgsweep-safetensors-0.5.3');
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  let folder: string;

  function runPython(code: string, ...names: string[]): string {
    return execFileSync(python, ['-c', code, ...names], { encoding: 'utf8', cwd: folder });
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rgsweep-safetensors-test-'));
    try {
      execFileSync(python, ['-c', 'import safetensors.numpy'], { stdio: 'ignore' });
    } catch {
      rmSync(environment, { recursive: true, force: true });
      mkdirSync(environment, { recursive: true });
      execFileSync('python3', ['-m', 'venv', environment]);
      execFileSync(python, ['-m', 'pip', 'install', '-q', 'safetensors==0.5.3', 'numpy']);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const saveExample = `
import sys, numpy as np
from safetensors.numpy import save_file
save_file({
  "layer/kernel": np.array([[1.5, -0.0, np.nan], [np.inf, -np.inf, 1e-45]], dtype=np.float32),
  "scalar": np.array(np.pi, dtype=np.float64),
  "10": np.array([0, 127, 255], dtype=np.uint8),
  "9": np.array([[[-2**31, 2**31 - 1]]], dtype=np.int32),
  "nothing": np.zeros((0, 4), dtype=np.float32),
  "über \\"α\\"\\n": np.array([7], dtype=np.float32),
}, sys.argv[1], metadata={"note": "φ⁴"})
`;

  it('reads what Python wrote, and writes the same bytes', () => {
    runPython(saveExample, 'python.safetensors');
    const bytes = readFileSync(join(folder, 'python.safetensors'));
    const { tensors, metadata: text } = decodeSafetensors(bytes);
    expect(text).toEqual({ note: 'φ⁴' });
    for (const [name, { shape, data }] of Object.entries(example)) {
      expect(tensors[name]!.shape).toEqual(shape);
      expect(bits(tensors[name]!.data).equals(bits(data)), name).toBe(true);
    }
    expect(Buffer.compare(encodeSafetensors(example, { note: 'φ⁴' }), bytes)).toBe(0);
  });

  it('writes what Python reads', () => {
    writeFileSync(join(folder, 'ours.safetensors'), encodeSafetensors(example, metadata));
    const told = runPython(
      `
import sys, json
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as file:
  tensors = {name: file.get_tensor(name) for name in file.keys()}
  print(json.dumps({"metadata": file.metadata(), "tensors": {
    name: [str(a.dtype), list(a.shape), a.tobytes().hex()] for name, a in tensors.items()}}))
`,
      'ours.safetensors',
    );
    const read = JSON.parse(told) as {
      metadata: Record<string, string>;
      tensors: Record<string, [string, number[], string]>;
    };
    expect(read.metadata).toEqual(metadata);
    expect(read.tensors).toEqual(
      Object.fromEntries(
        Object.entries(example).map(([name, { shape, data }]) => [
          name,
          [data.constructor.name.replace('Array', '').toLowerCase(), shape, bits(data).toString('hex')],
        ]),
      ),
    );
  });
});

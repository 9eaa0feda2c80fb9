import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { compareKeys } from '../../src/store/keys.js';
import { mapLimited } from '../../src/store/limits.js';
import type { ObjectStore } from '../../src/store/types.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (body: Uint8Array | undefined) => body && Buffer.from(body).toString('utf8');
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');

/** Bytes without a period, the same at every call. */
function noise(length: number): Buffer {
  const out = Buffer.allocUnsafe(length);
  let state = 12345;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[index] = state >>> 24;
  }
  return out;
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function foldersOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.listFolders(prefix)) names.push(name);
  return names;
}

/** What every ObjectStore does. `open` gives stores of one and the same place. */
export function storeContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`store contract: ${name}`, () => {
    let store: ObjectStore;
    let local: string;
    let base: string;
    let count = 0;

    beforeAll(async () => {
      store = await open();
      local = mkdtempSync(join(tmpdir(), 'rgsweep-contract-'));
    });
    afterAll(() => rmSync(local, { recursive: true, force: true }));
    beforeEach(() => {
      base = `test-${count++}`;
    });

    it('gives back what was put, and undefined for what was not', async () => {
      expect(await store.get(`${base}/a`)).toBeUndefined();
      const tag = await store.put(`${base}/a`, bytes('one'));
      expect(await store.get(`${base}/a`)).toMatchObject({ tag });
      expect(text((await store.get(`${base}/a`))?.body)).toBe('one');
      const second = await store.put(`${base}/a`, bytes('two'));
      expect(second).not.toBe(tag);
      expect(text((await store.get(`${base}/a`))?.body)).toBe('two');
      await store.put(`${base}/empty`, bytes(''));
      expect((await store.get(`${base}/empty`))?.body.length).toBe(0);
      expect(await store.get(base)).toBeUndefined();
      expect(await store.get(`${base}/a/below`)).toBeUndefined();
    });

    it('shows one process what another has written', async () => {
      const other = await open();
      await other.put(`${base}/a`, bytes('theirs'));
      expect(text((await store.get(`${base}/a`))?.body)).toBe('theirs');
    });

    it('putIfAbsent writes once', async () => {
      const tag = await store.putIfAbsent(`${base}/a`, bytes('first'));
      expect(tag).toBeDefined();
      expect(await store.putIfAbsent(`${base}/a`, bytes('second'))).toBeUndefined();
      expect(await store.get(`${base}/a`)).toMatchObject({ tag });
      expect(text((await store.get(`${base}/a`))?.body)).toBe('first');
      await store.delete(`${base}/a`);
      expect(await store.putIfAbsent(`${base}/a`, bytes('third'))).toBeDefined();
    });

    it('putIfMatch writes over its own tag only', async () => {
      const first = await store.put(`${base}/a`, bytes('1'));
      const second = await store.putIfMatch(`${base}/a`, bytes('2'), first);
      expect(second).toBeDefined();
      expect(await store.putIfMatch(`${base}/a`, bytes('3'), first)).toBeUndefined();
      expect(text((await store.get(`${base}/a`))?.body)).toBe('2');
      expect(await store.putIfMatch(`${base}/missing`, bytes('3'), first)).toBeUndefined();
      await store.delete(`${base}/a`);
      expect(await store.putIfMatch(`${base}/a`, bytes('4'), second!)).toBeUndefined();
      expect(await store.get(`${base}/a`)).toBeUndefined();
    });

    it('has exactly one winner when 16 create the same key', async () => {
      const stores = await Promise.all(Array.from({ length: 16 }, open));
      for (let round = 0; round < 5; round++) {
        const key = `${base}/round-${round}`;
        const tags = await Promise.all(stores.map((each, index) => each.putIfAbsent(key, bytes(`${index}`))));
        const winners = tags.flatMap((tag, index) => (tag === undefined ? [] : [index]));
        expect(winners).toHaveLength(1);
        expect(text((await store.get(key))?.body)).toBe(`${winners[0]}`);
      }
    });

    it('has exactly one winner when 16 replace the same version', async () => {
      const stores = await Promise.all(Array.from({ length: 16 }, open));
      let tag = await store.put(`${base}/a`, bytes('start'));
      for (let round = 0; round < 5; round++) {
        const tags = await Promise.all(
          stores.map((each, index) => each.putIfMatch(`${base}/a`, bytes(`${round} ${index}`), tag)),
        );
        const winners = tags.flatMap((won, index) => (won === undefined ? [] : [index]));
        expect(winners).toHaveLength(1);
        const now = (await store.get(`${base}/a`))!;
        expect(text(now.body)).toBe(`${round} ${winners[0]}`);
        expect(now.tag).toBe(tags[winners[0]!]);
        tag = now.tag;
      }
    });

    it('counts every increment of 8 concurrent compare-and-swap loops', async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, open));
      await store.put(`${base}/counter`, bytes('0'));
      await Promise.all(
        stores.map(async (each) => {
          for (let done = 0; done < 5;) {
            const { body, tag } = (await each.get(`${base}/counter`))!;
            const next = bytes(String(Number(text(body)) + 1));
            if ((await each.putIfMatch(`${base}/counter`, next, tag)) !== undefined) done++;
          }
        }),
      );
      expect(text((await store.get(`${base}/counter`))?.body)).toBe('40');
    });

    it('never shows readers a torn object', async () => {
      const versions = [0, 1].map((fill) => Buffer.alloc(2_000_000, fill));
      await store.put(`${base}/a`, versions[0]!);
      let writing = true;
      const reader = async () => {
        let reads = 0;
        while (writing || reads === 0) {
          const { body } = (await store.get(`${base}/a`))!;
          expect(versions.some((version) => version.equals(body))).toBe(true);
          reads++;
        }
        return reads;
      };
      const readers = [reader(), reader(), reader()];
      try {
        for (let index = 1; index <= 12; index++) await store.put(`${base}/a`, versions[index % 2]!);
      } finally {
        writing = false;
      }
      for (const reads of await Promise.all(readers)) expect(reads).toBeGreaterThan(0);
    });

    it('copies large files to and fro', async () => {
      const body = noise(20_000_003);
      const from = join(local, `${base}-from`);
      const to = join(local, `${base}-folder/to`);
      writeFileSync(from, body);
      await store.upload(`${base}/large`, from);
      expect(await store.download(`${base}/large`, to)).toBe(true);
      expect(sha256(readFileSync(to))).toBe(sha256(body));
      const got = (await store.get(`${base}/large`))!;
      expect(sha256(got.body)).toBe(sha256(body));
      expect(await keysOf(store, `${base}/`)).toEqual([`${base}/large`]);

      const changed = Buffer.from(body);
      changed[10_000_000]! ^= 1;
      const tag = await store.put(`${base}/large`, changed);
      expect(tag).not.toBe(got.tag);
      expect(sha256((await store.get(`${base}/large`))!.body)).toBe(sha256(changed));
      expect(await store.putIfMatch(`${base}/large`, bytes('small'), tag)).toBeDefined();
    });

    it('downloads atomically over an existing file, and says when there is nothing', async () => {
      const to = join(local, `${base}-to`);
      writeFileSync(to, 'before');
      expect(await store.download(`${base}/missing`, to)).toBe(false);
      expect(readFileSync(to, 'utf8')).toBe('before');
      await store.put(`${base}/a`, bytes('after'));
      expect(await store.download(`${base}/a`, to)).toBe(true);
      expect(readFileSync(to, 'utf8')).toBe('after');
      expect(readdirSync(local).filter((file) => file.includes('partial'))).toEqual([]);
      await expect(store.upload(`${base}/b`, join(local, 'no-such-file'))).rejects.toThrow(/no-such-file/);
      expect(await store.get(`${base}/b`)).toBeUndefined();
    });

    it('lists more than 1000 keys in order, once each, with sizes', async () => {
      const keys = Array.from({ length: 1100 }, (_, index) => `${base}/many/${(index * 7919) % 1100}`);
      await mapLimited(keys, 16, (key, index) => store.put(key, Buffer.alloc(index % 3)));
      const listed: string[] = [];
      for await (const { key, bytes: size } of store.list(`${base}/many/`)) {
        listed.push(key);
        expect(size).toBe(keys.indexOf(key) % 3);
      }
      expect(listed).toEqual([...keys].sort(compareKeys));
      expect(await foldersOf(store, `${base}/`)).toEqual(['many']);
    });

    it('lists by the beginning of keys, also in the middle of a component', async () => {
      const keys = ['a', 'b/c', 'b/cd/e', 'b-c', 'b.c', 'bc/d', 'é/f'].map((key) => `${base}/${key}`);
      for (const key of keys) await store.put(key, bytes('x'));
      expect(await keysOf(store, `${base}/`)).toEqual([...keys].sort(compareKeys));
      expect(await keysOf(store, `${base}/b/c`)).toEqual([`${base}/b/c`, `${base}/b/cd/e`]);
      expect(await keysOf(store, `${base}/b`)).toEqual(
        ['b-c', 'b.c', 'b/c', 'b/cd/e', 'bc/d'].map((key) => `${base}/${key}`),
      );
      expect(await keysOf(store, `${base}/nothing`)).toEqual([]);
      expect(await foldersOf(store, `${base}/`)).toEqual(['b', 'bc', 'é']);
      expect(await foldersOf(store, `${base}/b/`)).toEqual(['cd']);
      expect(await foldersOf(store, `${base}/nothing/`)).toEqual([]);
      expect((await keysOf(store, '')).filter((key) => key.startsWith(`${base}/`))).toHaveLength(7);
    });

    it('takes keys with odd characters', async () => {
      const odd = [
        'a b',
        ' begins and ends with a space ',
        'plus+and%2Fpercent%',
        `quotes"'<&>;`,
        'φ⁴ 雪 🎲',
        '#?=&:@!$(),*~[]{}|^`',
        '...',
        '-',
        'x'.repeat(200),
      ];
      for (const key of odd) await store.put(`${base}/${key}/leaf`, bytes(key));
      for (const key of odd) expect(text((await store.get(`${base}/${key}/leaf`))?.body)).toBe(key);
      const expected = odd.map((key) => `${base}/${key}/leaf`).sort(compareKeys);
      expect(await keysOf(store, `${base}/`)).toEqual(expected);
      expect((await foldersOf(store, `${base}/`)).sort()).toEqual([...odd].sort());
      for (const key of odd) await store.delete(`${base}/${key}/leaf`);
      expect(await keysOf(store, `${base}/`)).toEqual([]);
    });

    it.each([
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      'a/../b',
      '..',
      'a/./b',
      'a\nb',
      'a\\b',
      'a\0b',
      '\ud800',
      'é'.repeat(500),
    ])('refuses the key %j everywhere, before doing anything', async (key) => {
      const file = join(local, 'refused');
      writeFileSync(file, 'x');
      const attempts: (() => Promise<unknown>)[] = [
        () => store.get(key),
        () => store.put(key, bytes('x')),
        () => store.putIfAbsent(key, bytes('x')),
        () => store.putIfMatch(key, bytes('x'), 'tag'),
        () => store.delete(key),
        () => store.download(key, file),
        () => store.upload(key, file),
      ];
      for (const attempt of attempts) {
        const error = await attempt().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RgsweepError);
        expect((error as RgsweepError).kind).toBe('usage');
      }
    });

    it('deletes, and deleting what is not there is no error', async () => {
      await store.put(`${base}/a/b`, bytes('x'));
      await store.put(`${base}/a/c`, bytes('y'));
      await store.delete(`${base}/a/b`);
      await store.delete(`${base}/a/b`);
      await store.delete(`${base}/never/was`);
      expect(await keysOf(store, `${base}/`)).toEqual([`${base}/a/c`]);
      await store.delete(`${base}/a/c`);
      expect(await foldersOf(store, `${base}/`)).toEqual([]);
      await store.put(`${base}/a`, bytes('now an object'));
      expect(text((await store.get(`${base}/a`))?.body)).toBe('now an object');
    });

    it('survives writers and deleters of the same folder', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, open));
      await Promise.all(
        stores.map(async (each, index) => {
          for (let round = 0; round < 15; round++) {
            await each.put(`${base}/deep/folder/${index}`, bytes(`${round}`));
            expect(text((await each.get(`${base}/deep/folder/${index}`))?.body)).toBe(`${round}`);
            await each.delete(`${base}/deep/folder/${index}`);
          }
        }),
      );
      expect(await keysOf(store, `${base}/`)).toEqual([]);
    });

    it('tells a store from its content, without credentials', () => {
      expect(store.url).toMatch(/^(file:\/\/\/|s3:\/\/[a-z])/);
      expect(store.url).not.toMatch(/secret|access/i);
    });
  });
}

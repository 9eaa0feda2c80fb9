import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { openStore, parseStoreUrl } from '../../src/store/open.js';

const root = mkdtempSync(join(tmpdir(), 'rgsweep-open-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('parseStoreUrl', () => {
  it.each([
    ['file:///a/b', { kind: 'file', folder: '/a/b' }],
    ['file:///a%20b/%C3%BC', { kind: 'file', folder: '/a b/ü' }],
    ['file:///a b', { kind: 'file', folder: '/a b' }],
    ['/a/b', { kind: 'file', folder: '/a/b' }],
    ['relative/folder', { kind: 'file', folder: resolve('relative/folder') }],
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/', { kind: 's3', bucket: 'my.bucket-1', prefix: '' }],
    ['s3://bucket/some/prefix/', { kind: 's3', bucket: 'bucket', prefix: 'some/prefix' }],
  ])('%s', (url, location) => {
    expect(parseStoreUrl(url)).toEqual(location);
  });

  it.each([
    ['', /is empty/],
    ['file://folder/below', /file:\/\/\//],
    ['file:relative', /file:\/\/\//],
    ['file:///a#b', /fragment/],
    ['file:///a?b', /query/],
    ['http://host/bucket', /"http:"/],
    ['gs://bucket', /"gs:"/],
    ['s3:bucket', /"s3:"/],
    ['s3://', /names no bucket/],
    ['s3://Bucket/x', /names no bucket/],
    ['s3://bucket//x', /"\/\/"/],
    ['s3://bucket/../x', /".."/],
  ])('refuses %j', (url, message) => {
    let error: unknown;
    try {
      parseStoreUrl(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RgsweepError);
    expect((error as RgsweepError).kind).toBe('usage');
    expect((error as RgsweepError).message).toMatch(message);
  });

  it('never repeats a password', () => {
    const open = () => parseStoreUrl('s3://me:hunter2@bucket/x');
    expect(open).toThrow(/names no bucket/);
    expect(open).not.toThrow(/hunter2/);
  });
});

it('openStore opens one folder by its path and by its URL', async () => {
  const folder = join(root, 'ü #1 100%');
  const byPath = await openStore(folder);
  const byUrl = await openStore(pathToFileURL(folder).href);
  const again = await openStore(byPath.url);
  await byPath.put('a', Buffer.from('x'));
  for (const store of [byUrl, again]) {
    expect(store.url).toBe(byPath.url);
    expect(Buffer.from((await store.get('a'))!.body).toString()).toBe('x');
  }
});

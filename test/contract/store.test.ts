import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file.js';
import { openS3Store } from '../../src/store/s3.js';
import { storeContract } from './store.contract.js';
import { startVersitygw, versitygwOrExplain, type Versitygw } from './versitygw.js';

const program = await versitygwOrExplain('the S3 side of the store contract');

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-file-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
storeContract('file', () => openFileStore(join(folder, 'a store')));

if (program !== undefined)
  describe('versitygw', () => {
    let server: Versitygw;
    beforeAll(async () => {
      server = await startVersitygw(program);
      Object.assign(process.env, server.environment);
    });
    afterAll(() => server.stop());
    storeContract('S3', () => openS3Store({ bucket: server.bucket, prefix: 'some/prefix' }));

    it('a store may be a whole bucket, and sees those in its folders', async () => {
      const whole = await openS3Store({ bucket: server.bucket, prefix: '' });
      const inside = await openS3Store({ bucket: server.bucket, prefix: 'a/folder' });
      const tag = await inside.put('b/c', Buffer.from('x'));
      expect(await whole.get('a/folder/b/c')).toEqual({ body: new Uint8Array([120]), tag });
      const listed = [];
      for await (const object of whole.list('a/')) listed.push(object);
      expect(listed).toMatchObject([{ key: 'a/folder/b/c', bytes: 1 }]);
      const folders = [];
      for await (const name of whole.listFolders('')) folders.push(name);
      expect(folders).toContain('a');
    });
  });

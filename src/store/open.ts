import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, RgsweepError } from '../errors.js';
import { checkKey } from './keys.js';
import type { ObjectStore } from './types.js';

const remedy = 'name a store as file:///folder, s3://bucket/prefix, or the path of a folder';

export type StoreLocation = { kind: 'file'; folder: string } | { kind: 's3'; bucket: string; prefix: string };

function parseFile(url: string): StoreLocation {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (error) {
    throw new RgsweepError('usage', `"${url}" is no URL: ${messageOf(error)}`, { remedy });
  }
  if (parsed.search !== '' || parsed.hash !== '')
    throw new RgsweepError('usage', `"${url}" has a query or a fragment, a folder has neither`, {
      remedy: 'write "?" as %3F and "#" as %23, or give the plain path',
    });
  if (parsed.host !== '' || !/^file:\/\/\//i.test(url))
    throw new RgsweepError('usage', `"${url}" does not begin with file:///`, {
      remedy: 'a file URL has three slashes and an absolute path: file:///folder',
    });
  try {
    return { kind: 'file', folder: resolve(fileURLToPath(parsed)) };
  } catch (error) {
    throw new RgsweepError('usage', `"${url}" names no folder: ${messageOf(error)}`, { remedy });
  }
}

function parseS3(url: string): StoreLocation {
  const [bucket = '', ...rest] = url.slice('s3://'.length).split('/');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new RgsweepError('usage', `"${url.replace(/\/\/[^/]*@/, '//')}" names no bucket`, {
      remedy:
        'write s3://bucket/prefix; a bucket has 3 to 63 lower-case letters, digits, dots and dashes, and credentials come from the environment',
    });
  const prefix = rest.join('/').replace(/\/+$/, '');
  if (prefix !== '') checkKey(prefix);
  return { kind: 's3', bucket, prefix };
}

/** Where a store's URL points, without touching it. @throws RgsweepError('usage') */
export function parseStoreUrl(url: string): StoreLocation {
  if (url.trim() === '') throw new RgsweepError('usage', 'the name of the store is empty', { remedy });
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'file') return parseFile(url);
  if (scheme === 's3' && url.startsWith('s3://')) return parseS3(url);
  if (scheme !== undefined)
    throw new RgsweepError('usage', `a store cannot be of the scheme "${scheme}:"`, { remedy });
  return { kind: 'file', folder: resolve(url) };
}

/**
 * Opens a store: `file:///folder` or the path of a folder (made at the first write), or `s3://bucket/prefix` at the
 * endpoint and with the credentials of the AWS environment variables and files.
 *
 * @throws RgsweepError('usage') for any other URL
 * @throws RgsweepError('store-unavailable') when the path is not a folder, or the bucket cannot be reached or listed
 */
export async function openStore(url: string): Promise<ObjectStore> {
  const location = parseStoreUrl(url);
  if (location.kind === 'file') {
    const { openFileStore } = await import('./file.js');
    return openFileStore(location.folder);
  }
  const { openS3Store } = await import('./s3.js');
  return openS3Store(location);
}

import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import { RgsweepError } from '../errors.js';
import { checkKey, checkPrefix } from './keys.js';
import { withRetries, type RetryOptions } from './retry.js';
import { singleRequestBytes, uploadInParts, writeIdName } from './s3Multipart.js';
import { unfinishedUploads } from './s3Uploads.js';
import {
  explainS3Error,
  isFailedCondition,
  isMissingKey,
  isTransient,
  ShortAnswerError,
} from './s3Errors.js';
import type { ObjectStore } from './types.js';

export interface S3StoreOptions extends Partial<RetryOptions> {
  bucket: string;
  /** Folder of the store in the bucket, without slashes at its ends; empty for the whole bucket. */
  prefix: string;
  /** Where the server is; default AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else the SDK's own choice. */
  endpoint?: string | undefined;
  /** `host/bucket/key` instead of `bucket.host/key`; default AWS_S3_FORCE_PATH_STYLE, else true with an endpoint. */
  pathStyle?: boolean;
  /** Seconds after which a connection without any traffic is given up and tried anew. Default 20. */
  idleSeconds?: number;
}

/** Long enough for a server to be restarted; the trainer goes on computing meanwhile. */
const defaultPatienceSeconds = 60;
/** At opening, a wrong address or name should be told soon. */
const openingPatienceSeconds = 5;

function pathStyleDefault(endpoint: string | undefined, bucket: string): boolean {
  const wish = process.env.AWS_S3_FORCE_PATH_STYLE?.toLowerCase();
  if (wish === 'true' || wish === '1') return true;
  if (wish === 'false' || wish === '0') return false;
  // A certificate for *.host does not cover a bucket with dots.
  return endpoint !== undefined || bucket.includes('.');
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new RgsweepError(
      'usage',
      'the S3 endpoint of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is not a plain http or https URL',
      { remedy: 'set it to http://host:port or https://host, without user name and password' },
    );
  return url;
}

async function createClient(options: S3StoreOptions, endpoint: string | undefined): Promise<S3Client> {
  const { bucket, idleSeconds = 20 } = options;
  const create = (region?: string) =>
    new S3Client({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: options.pathStyle ?? pathStyleDefault(endpoint, bucket),
      followRegionRedirects: endpoint === undefined,
      // Retries are ours: they know of lost answers to conditional writes.
      maxAttempts: 1,
      // A damaged checkpoint must reach the reader, who knows its hash and takes an older one.
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 5000, socketTimeout: 1000 * idleSeconds },
    });
  const client = create();
  try {
    await client.config.region();
    return client;
  } catch (error) {
    if (endpoint === undefined) throw error;
    client.destroy();
    // Servers other than Amazon's have no regions but want one in the signature.
    return create('us-east-1');
  }
}

/**
 * A store in a bucket of Amazon S3 or a server that speaks its protocol, conditional writes included. The region and the
 * credentials are found by the AWS SDK's own chain (environment, profiles, single sign-on, instance roles). The tag is
 * the ETag.
 *
 * Requests are repeated with growing delays on throttling, server errors, timeouts and broken connections. When the
 * answer to a conditional write was lost, its repetition finds the condition false: the object's write id then tells
 * whether it was our own write that made it so. (Should a third writer have replaced it in between, ours counts as lost.)
 *
 * @throws RgsweepError('store-unavailable') when the bucket cannot be reached or listed with these credentials
 */
export async function openS3Store(options: S3StoreOptions): Promise<ObjectStore> {
  const { bucket, prefix } = options;
  const configured =
    options.endpoint ?? (process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL || undefined);
  const endpoint = configured === undefined ? undefined : parseEndpoint(configured);
  const url = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  const where = { url, bucket, endpoint: endpoint?.host ?? 'Amazon S3' };
  const retry: RetryOptions = {
    patienceSeconds: options.patienceSeconds ?? defaultPatienceSeconds,
    ...(options.onRetry ? { onRetry: options.onRetry } : {}),
  };

  /** One request, or one transfer that starts anew as a whole: repeated while that may help, then explained. */
  async function request<T>(
    action: string,
    operation: (attempt: number) => Promise<T>,
    limits = retry,
  ): Promise<T> {
    const begun = performance.now();
    try {
      return await withRetries(operation, isTransient, limits);
    } catch (error) {
      throw explainS3Error(error, where, action, (performance.now() - begun) / 1000);
    }
  }

  // The SDK's version is pinned: its notice about later versions would only stand in every trainer's log.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = await createClient(options, endpoint?.href).catch((error: unknown) => {
    throw explainS3Error(error, where, 'be opened', 0);
  });
  const objectAt = (key: string) => {
    checkKey(key);
    return { Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` };
  };

  const listPage = (
    below: string,
    token: string | undefined,
    more: { Delimiter?: string; MaxKeys?: number } = {},
  ): Promise<ListObjectsV2CommandOutput> =>
    client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix === '' ? below : `${prefix}/${below}`,
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...more,
      }),
    );

  async function* pages(below: string, delimiter?: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    checkPrefix(below);
    let token: string | undefined;
    do {
      const page = await request(`list ${below}`, () =>
        listPage(below, token, delimiter === undefined ? {} : { Delimiter: delimiter }),
      );
      yield page;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** The object's tag when it is the one that was written under this id. */
  async function tagOfWrite(key: string, writeId: string): Promise<string | undefined> {
    try {
      const { Metadata, ETag } = await client.send(new HeadObjectCommand(objectAt(key)));
      return Metadata?.[writeIdName] === writeId ? ETag : undefined;
    } catch (error) {
      if (isMissingKey(error)) return undefined;
      throw error;
    }
  }

  async function putOnCondition(
    key: string,
    body: Uint8Array,
    condition: { IfNoneMatch: '*' } | { IfMatch: string },
  ): Promise<string | undefined> {
    const writeId = randomUUID();
    const command = { ...objectAt(key), Body: body, Metadata: { [writeIdName]: writeId }, ...condition };
    return request(`write ${key}`, async () => {
      try {
        return (await client.send(new PutObjectCommand(command))).ETag!;
      } catch (error) {
        const gone = 'IfMatch' in condition && isMissingKey(error);
        if (!gone && !isFailedCondition(error)) throw error;
        return tagOfWrite(key, writeId);
      }
    });
  }

  async function putInParts(
    key: string,
    bytes: number,
    readPart: (start: number, length: number) => Promise<Uint8Array>,
  ): Promise<string> {
    return uploadInParts({
      client,
      object: objectAt(key),
      bytes,
      readPart,
      request: (operation) => request(`write ${key}`, operation),
      tagOfWrite: (writeId) => tagOfWrite(key, writeId),
    });
  }

  const putWhole = (key: string, body: Uint8Array) =>
    request(`write ${key}`, async () => {
      const { ETag } = await client.send(new PutObjectCommand({ ...objectAt(key), Body: body }));
      return ETag!;
    });

  async function uploadFile(key: string, file: string): Promise<void> {
    const status = await stat(file).catch(() => undefined);
    if (!status) throw new RgsweepError('data-missing', `there is no file ${file} to copy to ${url}`);
    if (status.size <= singleRequestBytes) {
      await putWhole(key, await readFile(file));
      return;
    }
    const handle = await open(file);
    try {
      await putInParts(key, status.size, async (start, length) => {
        const part = Buffer.allocUnsafe(length);
        for (let filled = 0; filled < length;) {
          const { bytesRead } = await handle.read(part, filled, length - filled, start + filled);
          if (bytesRead === 0)
            throw new RgsweepError('data-missing', `${file} became shorter while it was copied`);
          filled += bytesRead;
        }
        return part;
      });
    } finally {
      await handle.close();
    }
  }

  try {
    await request('be opened', () => listPage('', undefined, { MaxKeys: 1 }), {
      ...retry,
      patienceSeconds: Math.min(openingPatienceSeconds, retry.patienceSeconds),
    });
  } catch (error) {
    client.destroy();
    throw error;
  }

  return {
    url,

    get: (key) =>
      request(`read ${key}`, async () => {
        try {
          const { Body, ETag, ContentLength } = await client.send(new GetObjectCommand(objectAt(key)));
          const body = await Body!.transformToByteArray();
          if (ContentLength !== undefined && body.length !== ContentLength)
            throw new ShortAnswerError(`${body.length} of ${ContentLength} bytes came`);
          return { body, tag: ETag! };
        } catch (error) {
          if (isMissingKey(error)) return undefined;
          throw error;
        }
      }),

    put: (key, body) =>
      body.length <= singleRequestBytes
        ? putWhole(key, body)
        : putInParts(key, body.length, async (start, length) => body.subarray(start, start + length)),

    putIfAbsent: (key, body) => putOnCondition(key, body, { IfNoneMatch: '*' }),

    putIfMatch: (key, body, tag) => putOnCondition(key, body, { IfMatch: tag }),

    async *list(below) {
      const skipped = prefix === '' ? 0 : prefix.length + 1;
      for await (const { Contents } of pages(below))
        for (const { Key, Size, LastModified } of Contents ?? [])
          // Consoles make empty objects that look like folders.
          if (Key !== undefined && !Key.endsWith('/'))
            yield { key: Key.slice(skipped), bytes: Size ?? 0, modifiedAt: LastModified ?? new Date() };
    },

    async *listFolders(below) {
      const skipped = (prefix === '' ? 0 : prefix.length + 1) + below.length;
      for await (const { CommonPrefixes } of pages(below, '/'))
        for (const { Prefix } of CommonPrefixes ?? [])
          if (Prefix !== undefined) yield Prefix.slice(skipped, -1);
    },

    leftovers: (olderThanMilliseconds) =>
      unfinishedUploads({ client, bucket, prefix, olderThanMilliseconds, request }),

    async delete(key) {
      await request(`delete ${key}`, async () => {
        try {
          await client.send(new DeleteObjectCommand(objectAt(key)));
        } catch (error) {
          if (!isMissingKey(error)) throw error;
        }
      });
    },

    download: (key, file) =>
      request(`copy ${key} to ${file}`, async () => {
        const partial = `${file}.${randomUUID()}.partial`;
        try {
          const { Body, ContentLength } = await client.send(new GetObjectCommand(objectAt(key)));
          await mkdir(dirname(file), { recursive: true });
          await pipeline(Body as Readable, createWriteStream(partial, { flags: 'wx' }));
          const { size } = await stat(partial);
          if (ContentLength !== undefined && size !== ContentLength)
            throw new ShortAnswerError(`${size} of ${ContentLength} bytes came`);
          await rename(partial, file);
          return true;
        } catch (error) {
          await rm(partial, { force: true });
          if (isMissingKey(error)) return false;
          throw error;
        }
      }),

    async upload(key, file) {
      try {
        await uploadFile(key, file);
      } catch (error) {
        throw explainS3Error(error, where, `write ${key}`, 0);
      }
    },
  };
}

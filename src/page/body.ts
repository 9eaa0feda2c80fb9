import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** What is sent: bytes of a type, with a tag that is the same only for the same bytes. */
export interface Body {
  type: string;
  bytes: Buffer;
  tag: string;
  /** Packed when first asked for; kept as long as the body. */
  packed?: Promise<Buffer>;
}

const pack = promisify(gzip);
/** Shorter ones are one packet either way. */
const leastPacked = 1400;
const jsonType = 'application/json; charset=utf-8';

export function bodyOf(type: string, content: string | Buffer): Body {
  const bytes = Buffer.from(content);
  // Weak, as the same tag stands for packed and plain bytes.
  return { type, bytes, tag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}

const known = new WeakMap<object, Body>();

/** An answer as JSON. One that is kept (src/page/pages.ts) is written, summed and packed once, however often it is asked for. */
export function jsonBody(answer: object): Body {
  const before = known.get(answer);
  if (before) return before;
  const body = bodyOf(jsonType, JSON.stringify(answer));
  known.set(answer, body);
  return body;
}

/** The bytes to send to a client that takes these encodings, and the headers that say so. */
export async function encodedBody(
  body: Body,
  acceptEncoding: string | string[] | undefined,
): Promise<{ bytes: Buffer; headers: Record<string, string> }> {
  const vary = { vary: 'accept-encoding' };
  if (body.bytes.length < leastPacked || !/\bgzip\b/.test(String(acceptEncoding ?? '')))
    return { bytes: body.bytes, headers: vary };
  body.packed ??= pack(body.bytes, { level: 4 });
  return { bytes: await body.packed, headers: { ...vary, 'content-encoding': 'gzip' } };
}

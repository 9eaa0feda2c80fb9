import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  METADATA_ENCODING_KEY,
  type DataConverter,
  type Payload,
  type PayloadCodec,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import { messageOf, RgsweepError } from '../errors.js';

/** One AES-256 key and the name by which a payload says which one it needs. */
export interface CodecKey {
  id: string;
  /** 32 bytes. */
  secret: Buffer;
}

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const encoding = 'binary/encrypted';
const keyIdField = 'encryption-key-id';
const cipherField = 'encryption-cipher';
const cipherName = 'AES-256-GCM';
/** Bytes of the nonce and of the tag; NIST SP 800-38D. */
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

const text = (value: string) => Buffer.from(value, 'utf8');
const shown = (value: Uint8Array | undefined) => (value ? Buffer.from(value).toString('utf8') : '');

/** `ID:BASE64` or `BASE64`; without an id it is made from the key's hash. */
function parseKey(entry: string, where: string): CodecKey {
  const [, id, base64 = ''] = /^(?:([A-Za-z0-9._-]{1,64}):)?(.*)$/s.exec(entry) ?? [];
  const secret = Buffer.from(base64, 'base64');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64) || secret.length !== keyBytes)
    throw new RgsweepError('usage', `${where}: a codec key is base64 of ${keyBytes} bytes`, {
      remedy: 'make one with `openssl rand -base64 32`; several keys are ID:KEY, the newest first',
    });
  return { id: id ?? createHash('sha256').update(secret).digest('hex').slice(0, 16), secret };
}

/**
 * Keys of the environment: RGSWEEP_CODEC_KEY, separated by commas, or the file that RGSWEEP_CODEC_KEY_FILE names, a line each.
 * The first one encrypts, all decrypt.
 * @returns none where neither is set
 * @throws RgsweepError('usage') for a file that cannot be read and for anything that is no key; the message never holds one
 */
export function codecKeys(environment: NodeJS.ProcessEnv): CodecKey[] {
  const { RGSWEEP_CODEC_KEY: inline, RGSWEEP_CODEC_KEY_FILE: file } = environment;
  if (file) {
    let content: string;
    try {
      content = readFileSync(file, 'utf8');
    } catch (error) {
      throw new RgsweepError('usage', `RGSWEEP_CODEC_KEY_FILE: ${messageOf(error)}`, { cause: error });
    }
    return parseKeys(content.split('\n'), file);
  }
  return inline ? parseKeys(inline.split(','), 'RGSWEEP_CODEC_KEY') : [];
}

function parseKeys(entries: readonly string[], where: string): CodecKey[] {
  const keys = entries
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'))
    .map((entry) => parseKey(entry, where));
  if (keys.length === 0) throw new RgsweepError('usage', `${where} holds no codec key`);
  return keys;
}

/**
 * Encrypts whole payloads, metadata included, by AES-256-GCM with a fresh random nonce each. The key's id is authenticated with
 * the data and stands beside it. Payloads of before the key was configured are read as they are.
 * Data are nonce (12 bytes), ciphertext, tag (16 bytes).
 *
 * @param keys the first one encrypts; at least one
 */
export function createCodec(keys: readonly CodecKey[]): PayloadCodec {
  const [newest] = keys;
  if (!newest) throw new RgsweepError('usage', 'the codec has no key');
  const encrypt = (payload: Payload): Payload => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', newest.secret, nonce, { authTagLength: tagBytes });
    cipher.setAAD(text(newest.id));
    const data = Buffer.concat([
      nonce,
      cipher.update(PayloadMessage.encode(payload).finish()),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return {
      metadata: {
        [METADATA_ENCODING_KEY]: text(encoding),
        [keyIdField]: text(newest.id),
        [cipherField]: text(cipherName),
      },
      data,
    };
  };
  const decrypt = (payload: Payload): Payload => {
    const { metadata, data } = payload;
    if (shown(metadata?.[METADATA_ENCODING_KEY]) !== encoding) return payload;
    const id = shown(metadata?.[keyIdField]);
    const key = keys.find((one) => one.id === id);
    if (!key)
      throw new RgsweepError('usage', `a payload was encrypted with the key "${id}", which is not here`, {
        remedy: 'add that key to RGSWEEP_CODEC_KEY or to the file of RGSWEEP_CODEC_KEY_FILE',
      });
    const bytes = Buffer.from(data ?? []);
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(text(id));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    return PayloadMessage.decode(
      Buffer.concat([decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), decipher.final()]),
    );
  };
  return {
    encode: async (payloads) => payloads.map(encrypt),
    decode: async (payloads) => payloads.map(decrypt),
  };
}

/** Beside this file once compiled; also built into the workflows' bundle for encrypted histories. */
const failureConverterPath = fileURLToPath(new URL('./encryptedFailures.js', import.meta.url));

/**
 * What clients and workers use alike where a key is configured: payloads encrypted, and messages and stack traces of failures with
 * them. Workflow ids, types, task queues, search attributes and timings stay readable for the server.
 * @returns undefined where no key is configured
 */
export function dataConverterOf(environment: NodeJS.ProcessEnv): DataConverter | undefined {
  const keys = codecKeys(environment);
  if (keys.length === 0) return undefined;
  return { payloadCodecs: [createCodec(keys)], failureConverterPath };
}

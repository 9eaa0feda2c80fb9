import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * What a page may load and run: its own files, and pictures inside the answers. Nothing inline, nothing from elsewhere, no
 * frames around or inside it, no forms.
 */
export const pageSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types rgsweep-charts',
].join('; ');

/** Headers of every answer. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': pageSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** The name in a Host header, without its port; undefined where it is no host. */
function hostName(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(header);
  if (bracketed) return bracketed[1]!.toLowerCase();
  return /^([A-Za-z0-9.-]+)(?::\d{1,5})?$/.exec(header)?.[1]?.toLowerCase();
}

/**
 * Is the request for us? A page elsewhere can have its own name resolve to this machine and then read our answers as its own
 * (DNS rebinding); the name it was called by gives it away. Addresses cannot be rebound, and names are taken from `allowed`.
 */
export function isOurHost(header: string | undefined, allowed: readonly string[]): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  return name === 'localhost' || isIP(name) !== 0 || allowed.some((one) => one.toLowerCase() === name);
}

/** A secret of this process that the page carries and another site cannot read. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * May this request change something? It must come from a page of this very server (Origin is the Host it was sent to; browsers set
 * both, pages cannot), carry the page's token, and be JSON, which no form can send.
 *
 * @returns why not, or undefined
 */
export function forbidsAction(headers: IncomingHttpHeaders, token: string): string | undefined {
  const { origin, host } = headers;
  if (origin === undefined || host === undefined || ![`http://${host}`, `https://${host}`].includes(origin))
    return 'the request does not come from this page';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return 'the request does not come from this page';
  const given = Buffer.from(String(headers['x-rgsweep-token'] ?? ''));
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    return 'the request has no valid token; load the page again';
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) return 'the request is not JSON';
  return undefined;
}

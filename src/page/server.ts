import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf, RgsweepError } from '../errors.js';
import { loadAssets, pageShell } from './assets.js';
import { bodyOf, encodedBody, jsonBody, type Body } from './body.js';
import { maximumCompared, type ChartRequest } from './chartAnswer.js';
import { commonHeaders, createToken, forbidsAction, isOurHost } from './guard.js';
import type { Pages } from './pages.js';

export interface PageServerInput {
  pages: Pages;
  /** 0 takes a free one. */
  port: number;
  /** Address to listen on. */
  host: string;
  /** Names besides `localhost` and addresses that the page may be called by. */
  allowedHosts: readonly string[];
  allowActions: boolean;
}

export interface PageServer {
  /** Address of the page, e.g. `http://127.0.0.1:4173/`. */
  url: string;
  close(): Promise<void>;
}

const largestRequest = 10_000;

interface Answer {
  status: number;
  body: Body;
  headers?: Record<string, string>;
}

const problem = (status: number, text: string, remedy?: string): Answer => ({
  status,
  body: jsonBody({ problem: text, ...(remedy === undefined ? {} : { remedy }) }),
});

function problemOf(error: unknown): Answer {
  if (!(error instanceof RgsweepError)) return problem(500, messageOf(error));
  const statuses: Partial<Record<RgsweepError['kind'], number>> = {
    usage: 400,
    'bad-configuration': 400,
    'not-found': 404,
    conflict: 409,
  };
  const status = statuses[error.kind] ?? 503;
  return problem(status, error.message, error.remedy);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > largestRequest) throw new RgsweepError('usage', 'the request is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const parseNumber = (text: string | null | undefined): number | undefined =>
  text !== null && text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;

function chartRequest(id: string, query: URLSearchParams): ChartRequest {
  const trial = parseNumber(query.get('trial'));
  const choices: Record<string, string> = {};
  for (const name of ['x', 'y']) {
    const value = query.get(name);
    if (value !== null) choices[name] = value.slice(0, 200);
  }
  return {
    id,
    choices,
    compared: (query.get('trials') ?? '')
      .split(',')
      .flatMap((text) => parseNumber(text) ?? [])
      .slice(0, maximumCompared),
    ...(trial === undefined ? {} : { trial }),
  };
}

/** A part of an address; undefined where it is no well-formed text. */
function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/**
 * What the page of an address will ask first (src/page/client): undefined where no page is shown. What is in the address is the browser
 * side's business.
 */
function answersOf(path: string): string[] | undefined {
  const found = /^\/(?:sweeps\/([^/]+)(?:\/trials\/(\d{1,9}))?)?$/.exec(path);
  if (!found) return undefined;
  const [, name, trial] = found;
  const sweep = `/api/sweeps${name === undefined ? '' : `/${name}`}`;
  if (trial !== undefined) return [`${sweep}/trials/${trial}`];
  return name === undefined ? [sweep] : [sweep, `${sweep}/trials?since=0`];
}

/**
 * Serves the live page. Everything is read-only unless `allowActions`; then pause, resume, stop and enqueue are taken from this
 * page itself and from nowhere else.
 * @throws RgsweepError('conflict') when the port is taken or may not be opened
 */
export async function startPageServer(input: PageServerInput): Promise<PageServer> {
  const { pages, port, host, allowedHosts, allowActions } = input;
  const assets = loadAssets();
  const token = allowActions ? createToken() : undefined;

  async function ask(path: string[], query: URLSearchParams): Promise<object | undefined> {
    const [what, name, part, which] = path;
    if (what !== 'sweeps') return undefined;
    if (name === undefined) return pages.sweeps();
    if (part === undefined) return pages.sweep(name);
    if (part === 'trials' && which === undefined)
      return pages.trials(name, parseNumber(query.get('since')) ?? 0);
    if (part === 'trials') {
      const number = parseNumber(which);
      return number === undefined ? undefined : pages.trial(name, number);
    }
    return part === 'charts' && which !== undefined
      ? pages.chart(name, chartRequest(which, query))
      : undefined;
  }

  async function act(request: IncomingMessage, path: string[]): Promise<Answer> {
    const [what, name, part, more] = path;
    if (what !== 'sweeps' || name === undefined || part !== 'actions' || more !== undefined)
      return problem(404, 'there is no such address');
    if (token === undefined)
      return problem(403, 'this page is read-only', 'start it with `rgsweep ui --allow-actions`');
    const forbidden = forbidsAction(request.headers, token);
    if (forbidden !== undefined) return problem(403, forbidden);
    let asked: { action?: unknown; text?: unknown } | null;
    try {
      asked = JSON.parse(await readBody(request)) as typeof asked;
    } catch (error) {
      if (error instanceof RgsweepError) throw error;
      return problem(400, 'the request is not JSON');
    }
    const { action, text = '' } = asked ?? {};
    if (typeof action !== 'string' || typeof text !== 'string')
      return problem(400, 'the request names no action');
    const said = await pages.act(name, { action, text });
    return { status: 200, body: jsonBody({ answer: said }) };
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (!isOurHost(request.headers.host, allowedHosts))
      return problem(
        403,
        'this page does not answer to that name',
        'use its address, or name it with `rgsweep ui --allow-host NAME`',
      );
    let url: URL;
    try {
      url = new URL(request.url ?? '/', 'http://page');
    } catch {
      return problem(400, 'that is no address');
    }
    const path = url.pathname.split('/').slice(1).map(decode);
    if (path.some((part) => part === undefined)) return problem(400, 'that is no address');
    const parts = path as string[];
    if (request.method === 'POST' && parts[0] === 'api') return act(request, parts.slice(1));
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { ...problem(405, 'only GET and HEAD'), headers: { allow: 'GET, HEAD' } };
    if (parts[0] === 'api') {
      const found = await ask(parts.slice(1), url.searchParams);
      return found === undefined
        ? problem(404, 'there is no such sweep, trial or chart', '`rgsweep list` shows the sweeps of a store')
        : { status: 200, body: jsonBody(found) };
    }
    const asset = parts[0] === 'assets' && parts.length === 2 ? assets.get(parts[1]!) : undefined;
    if (asset) return { status: 200, body: asset };
    if (url.pathname === '/healthz')
      return { status: 200, body: bodyOf('text/plain; charset=utf-8', 'ok\n') };
    const answers = answersOf(url.pathname);
    return answers
      ? { status: 200, body: bodyOf('text/html; charset=utf-8', pageShell(token, answers)) }
      : problem(404, 'there is no such address');
  }

  async function send(request: IncomingMessage, response: ServerResponse, given: Answer): Promise<void> {
    const { type, tag } = given.body;
    const unchanged = given.status === 200 && request.headers['if-none-match'] === tag;
    const { bytes, headers } = await encodedBody(given.body, request.headers['accept-encoding']);
    response.writeHead(unchanged ? 304 : given.status, {
      ...commonHeaders,
      ...given.headers,
      ...headers,
      'content-type': type,
      // Asked for again every time, but sent only when it changed.
      'cache-control': 'no-cache',
      etag: tag,
      ...(unchanged ? {} : { 'content-length': bytes.length }),
    });
    response.end(unchanged || request.method === 'HEAD' ? undefined : bytes);
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch(problemOf)
      .then((given) => send(request, response, given));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is taken by another process' : messageOf(error);
      reject(
        new RgsweepError('conflict', `the page cannot be served on ${host}:${port}: ${why}`, {
          remedy: 'choose another port with --port; 0 takes a free one',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

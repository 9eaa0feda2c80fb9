import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../contract/ports.js';
import { until } from './harness.js';

const installer = fileURLToPath(new URL('../../scripts/install-prometheus.mjs', import.meta.url));

/** Folder of prometheus and promtool; a developer is told why there is none, continuous integration fails. */
export async function prometheusOrExplain(what: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [installer], { encoding: 'utf8' });
    return stdout.trim();
  } catch (error) {
    const why = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(error);
    if (process.env.CI && process.env.CI !== 'false')
      throw new Error(`${what} must run where CI is set: ${why}`, { cause: error });
    console.log(`${what}: not run, ${why}`);
    return undefined;
  }
}

export interface Result {
  metric: Record<string, string>;
  /** [seconds since 1970, number as text] */
  value?: [number, string];
  values?: [number, string][];
}

/** A Prometheus on a free loopback port, with a database in a folder of the test's. */
export class TestPrometheus {
  private server: ChildProcess | undefined;
  private url = '';
  private said = '';
  constructor(
    private readonly program: string,
    private readonly folder: string,
  ) {}

  async start(configuration: string): Promise<void> {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    this.server = spawn(
      this.program,
      [
        ...[`--config.file=${configuration}`, `--storage.tsdb.path=${this.folder}`],
        ...[`--web.listen-address=127.0.0.1:${port}`, '--enable-feature=exemplar-storage'],
        ...['--log.level=warn'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.server.stderr!.on(
      'data',
      (text: Buffer) => (this.said = (this.said + text.toString()).slice(-5000)),
    );
    await until(`Prometheus to be ready (${this.said})`, async () => {
      const ready = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      return ready?.ok;
    });
  }

  private async ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }

  async query(query: string): Promise<Result[]> {
    return (await this.ask<{ result: Result[] }>('query', { query })).result;
  }

  /** @param from milliseconds since 1970 */
  async queryRange(query: string, from: number): Promise<Result[]> {
    const range = { start: String(from / 1000), end: String(Date.now() / 1000), step: '2' };
    return (await this.ask<{ result: Result[] }>('query_range', { query, ...range })).result;
  }

  /** @param from milliseconds since 1970 */
  exemplars(
    query: string,
    from: number,
  ): Promise<{ exemplars: { labels: Record<string, string>; value: string }[] }[]> {
    return this.ask('query_exemplars', {
      query,
      start: String(from / 1000),
      end: String(Date.now() / 1000),
    });
  }

  async stop(): Promise<void> {
    if (!this.server || this.server.exitCode !== null) return;
    const ended = once(this.server, 'exit');
    this.server.kill('SIGKILL');
    await ended;
  }
}

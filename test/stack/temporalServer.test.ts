import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identify, isAlive } from '../../src/stack/identity.js';
import { startTemporalServer, type TemporalServer } from '../../src/stack/temporalServer.js';
import { searchAttributes } from '../../src/sweep/searchAttributes.js';
import { eventually, realTemporalCli, temporaryFolder } from './helpers.js';

async function start(folder: string, log: string[] = [], port?: number): Promise<TemporalServer> {
  const server = await startTemporalServer({
    folder,
    cli: await realTemporalCli(),
    searchAttributes,
    log: (line) => void log.push(line),
    backOff: { firstMs: 50 },
    ...(port === undefined ? {} : { port }),
  });
  onTestFinished(() => server.stop());
  return server;
}

async function connect(server: TemporalServer): Promise<Client> {
  const connection = await Connection.connect({ address: server.address, connectTimeout: '10 seconds' });
  onTestFinished(() => connection.close());
  return new Client({ connection });
}

/** A port with a listener on it. */
async function takenPort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Local addresses that a process listens on: from /proc on Linux, by lsof elsewhere. */
async function listeningAddresses(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') {
    const out = await new Promise<string>((resolve, reject) =>
      execFile('lsof', ['-nP', '-a', '-p', String(pid), '-iTCP', '-sTCP:LISTEN', '-Fn'], (error, stdout) =>
        error ? reject(new Error(error.message)) : resolve(stdout),
      ),
    );
    return out
      .split('\n')
      .filter((line) => line.startsWith('n'))
      .map((line) => line.slice(1).replace(/:\d+$/, ''));
  }
  const sockets = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode) sockets.add(inode);
    } catch {
      // Closed since it was listed.
    }
  }
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // State 0A is LISTEN; the tenth field is the socket's inode.
      .filter((fields) => fields[3] === '0A' && sockets.has(fields[9] ?? ''))
      .map((fields) => fields[1]!.split(':')[0]!),
  );
}

const stateKey = defineSearchAttributeKey('RgsweepState', 'KEYWORD');

describe('the Temporal server', () => {
  it('serves our search attributes on loopback only, on another port when its own is taken, and ends', async () => {
    const folder = temporaryFolder();
    const log: string[] = [];
    const port = await takenPort('0.0.0.0');
    const server = await start(folder, log, port);
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(server.address).not.toBe(`127.0.0.1:${port}`);
    expect(log).toEqual([`port ${port} is taken: the Temporal server listens on ${server.address}`]);

    const client = await connect(server);
    await client.workflow.start('nothing', {
      workflowId: 'one',
      taskQueue: 'nobody',
      typedSearchAttributes: new TypedSearchAttributes([{ key: stateKey, value: 'running' }]),
    });
    const found = await eventually('search by attribute', async () => {
      const ids: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query: 'RgsweepState = "running"' }))
        ids.push(workflowId);
      return ids.length > 0 && ids;
    });
    expect(found).toEqual(['one']);

    const metrics = await fetch(server.metricsUrl);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toContain('# TYPE');

    const identity = identify(server.process.pid()!)!;
    const addresses = await listeningAddresses(identity.pid);
    expect(addresses.length).toBeGreaterThanOrEqual(2);
    // 127.0.0.1 as the kernel writes it: four bytes, the last first.
    const loopback = process.platform === 'linux' ? '0100007F' : '127.0.0.1';
    expect(addresses.filter((address) => address !== loopback)).toEqual([]);

    await server.stop();
    expect(isAlive(identity)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('comes back after kill -9 on the same port with what it knew', async () => {
    const log: string[] = [];
    const server = await start(temporaryFolder(), log);
    const client = await connect(server);
    await client.workflow.start('nothing', { workflowId: 'kept', taskQueue: 'nobody' });
    const first = server.process.pid()!;
    process.kill(first, 'SIGKILL');
    await eventually('restart', () => log.some((line) => /runs again/.test(line)));
    expect(server.process.pid()).not.toBe(first);
    const { status } = await client.workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
    await server.stop();
  });

  it('of an earlier, killed run is ended before another one opens its database', async () => {
    const folder = temporaryFolder();
    const log: string[] = [];
    const abandoned = await start(folder);
    const client = await connect(abandoned);
    await client.workflow.start('nothing', { workflowId: 'kept', taskQueue: 'nobody' });
    const identity = identify(abandoned.process.pid()!)!;
    // The first supervisor would start it again; a killed one cannot.
    const stopped = eventually('death', () => !isAlive(identity)).then(() => abandoned.process.stop(0));
    const server = await start(folder, log);
    await stopped;
    expect(log[0]).toContain(`ending the Temporal server (process ${identity.pid})`);
    const again = await connect(server);
    expect((await again.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });

  it('that cannot start says why and leaves no process', async () => {
    const folder = temporaryFolder();
    const failing = startTemporalServer({
      folder,
      cli: await realTemporalCli(),
      searchAttributes: { 'no=good': 'Keyword' },
    });
    await expect(failing).rejects.toThrow(/the Temporal server did not start: ended with exit code 1/);
    await expect(failing).rejects.toMatchObject({ kind: 'server-unavailable' });
    const { pid } = JSON.parse(readFileSync(join(folder, 'temporal.json'), 'utf8')) as { pid: number };
    expect(identify(pid)).toBeUndefined();
  });
});

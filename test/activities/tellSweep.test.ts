import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tellSweep } from '../../activities/tellSweep.js';
import type { SegmentReport } from '../../workflows/messages.js';
import { startTemporalServer } from '../../src/stack/temporalServer.js';
import { freePort } from '../contract/ports.js';
import { realTemporalCli, temporaryFolder } from '../stack/helpers.js';

const report: SegmentReport = { trial: 3, purpose: 'train', rung: 0, outcome: 'finished', value: 1 };

/** A log whose lines are kept. */
function keptLog() {
  const lines: string[] = [];
  return { lines, log: pino({}, { write: (line: string) => void lines.push(line) }) };
}

describe('telling a sweep how a segment ended', () => {
  it('is left to the segment’s workflow where the server does not answer, and says why', async () => {
    // Without the client's own attempts again, which take 20 s.
    const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}`, interceptors: [] });
    onTestFinished(() => connection.close());
    const { lines, log } = keptLog();
    expect(await tellSweep({ client: new Client({ connection }), log }, 'gone', report)).toBe(false);
    expect(lines.join('')).toMatch(/"sweep":"gone","trial":3.*the sweep could not be told: /);
  });

  it('is left to it without a client, too', async () => {
    const { lines, log } = keptLog();
    expect(await tellSweep({ log }, 'any', report)).toBe(false);
    expect(lines).toEqual([]);
  });

  it('is not needed where the sweep has ended: its store has what was found', async () => {
    const server = await startTemporalServer({
      folder: temporaryFolder(),
      cli: await realTemporalCli(),
      searchAttributes: {},
      log: () => undefined,
    });
    onTestFinished(() => server.stop());
    const connection = await Connection.connect({ address: server.address, connectTimeout: '10 seconds' });
    onTestFinished(() => connection.close());
    const { lines, log } = keptLog();
    expect(await tellSweep({ client: new Client({ connection }), log }, 'never-launched', report)).toBe(true);
    expect(lines).toEqual([]);
  });
});

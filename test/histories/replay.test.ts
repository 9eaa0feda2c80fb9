import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';

/** Recorded by scripts/record-histories.mjs; when and why: docs/decisions/workflow-versions.md. */
interface Recorded {
  workflowId: string;
  events: number;
  /** Temporal's `History` message, compressed. */
  history: string;
}

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const recorded = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Recorded;
const bundle = readFileSync(new URL('../../dist/workflow-bundle.js', import.meta.url), 'utf8');

async function replay(code: string, { workflowId, events, history }: Recorded): Promise<void> {
  const decoded = proto.temporal.api.history.v1.History.decode(gunzipSync(Buffer.from(history, 'base64')));
  expect(decoded.events).toHaveLength(events);
  await Worker.runReplayHistory({ workflowBundle: { code } }, decoded, workflowId);
}

/** What a careless change would do: to which histories, its place in the compiled workflows, and what stands there afterwards. */
const incompatible: [of: RegExp, what: string, from: RegExp, to: string][] = [
  [/-segment[-.]/, 'another activity', /training\.train\(segment\)/, 'training.evaluate(segment)'],
  [/-sweep[-.]/, 'a child of another type', /startChild\)\(['"]trialSegment['"]/, "startChild)('segmentOfTrial'"],
  [/-local-sweep-stopped/, 'a patch taken out too early', /since\(['"]segments-start-together['"]\)/, 'false'],
  [/\d-sweep/, 'local activities again', /[(][\w,. ]+[.]patched[)][(]'asked-once'[)]/, 'false'],
  [/-local-sweep/, 'no local activities at once', /[(][\w,. ]+[.]patched[)][(]'asked-once'[)]/, 'true'],
  [/-sweep-resumed/, 'no rebuild from the store', /\.rebuild\(/, '.resetTrials('],
  [/-sweep-continues/, 'no wait for quiet', /await quiet\(\);/, ''],
];

describe('recorded histories', () => {
  it.each(names)('%s replays on the workflows of today', async (name) => {
    await replay(bundle, recorded(name));
  });

  it.each(incompatible)('%s do not replay after an incompatible change: %s', async (of, _what, from, to) => {
    const changed = bundle.replace(from, to);
    expect(changed).not.toBe(bundle);
    const histories = names.filter((name) => of.test(name));
    expect(histories.length).toBeGreaterThan(0);
    for (const name of histories)
      await expect(replay(changed, recorded(name))).rejects.toThrow(DeterminismViolationError);
  });
});

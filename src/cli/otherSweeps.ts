import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { sweepStatus } from '../../workflows/messages.js';
import { readSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import { trainQueue } from '../sweep/names.js';
import { openSegments } from '../sweep/state.js';
import type { SweepSpec } from '../sweep/types.js';

/** Another sweep that is going on, and how many trainers it has. */
export interface OtherSweep {
  name: string;
  trainers: number;
}

/** What is found out later than this is not waited for. */
const longestMilliseconds = 20_000;

/** Running sweeps of the same server whose trials take the same trainers as `spec`'s; paused ones take none. */
export async function findOtherSweeps(
  client: Client,
  store: ObjectStore,
  spec: Pick<SweepSpec, 'name' | 'resources'>,
): Promise<OtherSweep[]> {
  const found: OtherSweep[] = [];
  const query = `WorkflowType = 'sweep' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId: name } of client.workflow.list({ query })) {
    if (name === spec.name) continue;
    const other = await readSpec(store, name);
    if (other && trainQueue(other.resources?.queue) !== trainQueue(spec.resources?.queue)) continue;
    const machine = await client.workflow.getHandle(name).query(sweepStatus);
    const trainers = openSegments(machine);
    if (machine.status === 'running' || trainers > 0) found.push({ name, trainers });
  }
  return found;
}

/** One line on the sweeps that `sweep` shares its trainers with, and what can be done; undefined where there are none. */
export function describeOtherSweeps(
  sweep: string,
  others: readonly OtherSweep[],
  slots: number,
): string | undefined {
  const [first] = others;
  if (!first) return undefined;
  const taken = others.reduce((sum, { trainers }) => sum + trainers, 0);
  const names = others.map(({ name }) => name).join(' and ');
  const all = slots === 1 ? 'the one trainer' : slots === 2 ? 'both trainers' : `all ${slots} trainers`;
  const are = others.length === 1 ? 'is' : 'are';
  const free = `\`npx rgsweep pause ${first.name} --now\` in another terminal frees ${others.length === 1 ? 'them' : 'its own'}, Ctrl-C stops every sweep`;
  return taken >= slots
    ? `${sweep} waits for a trainer: ${names} ${are} going on in this home and ${others.length === 1 ? 'takes' : 'take'} ${all}; ${free}`
    : `${names} ${are} going on in this home, too, and ${sweep} shares its ${slots} trainers with ${others.length === 1 ? 'it' : 'them'}; ${free}`;
}

/** Says once which other sweeps take trainers; whatever goes wrong, and whatever takes long, is no reason to say anything. */
export async function tellOtherSweeps(options: {
  client: Client;
  store: ObjectStore;
  spec: SweepSpec;
  slots: number;
  say: (line: string) => void;
}): Promise<void> {
  const { client, store, spec, slots, say } = options;
  const late = new AbortController();
  try {
    const others = await Promise.race([
      findOtherSweeps(client, store, spec),
      sleep(longestMilliseconds, [], { signal: late.signal }),
    ]);
    const line = describeOtherSweeps(spec.name, others, slots);
    if (line !== undefined) say(line);
  } catch {
    // The sweep itself is what matters; its progress shows that it waits.
  } finally {
    late.abort();
  }
}

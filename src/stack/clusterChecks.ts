import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { messageOf } from '../errors.js';
import { listSweeps, readSpec, readSweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import { controlQueue, trainQueue } from '../sweep/names.js';
import { searchAttributes } from '../sweep/searchAttributes.js';
import { codecKeys } from '../temporal/codec.js';
import { describeSilent, isSilent, listPollers, slotsOf, type Poller } from '../temporal/pollers.js';
import { version } from '../version.js';
import type { Gpu } from '../worker/gpus.js';
import type { Check } from './doctor.js';

export interface ClusterOptions {
  connect: () => Promise<Client>;
  openStore: () => Promise<ObjectStore>;
  findGpus: () => Promise<Gpu[]>;
  environment: NodeJS.ProcessEnv;
}

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** `2 workers (0.1.0), 8 slots`; workers that did not say who they are count as other programs. */
function describePollers(pollers: readonly Poller[], withSlots: boolean): string {
  const silent = describeSilent(pollers, { busy: withSlots, now: Date.now() });
  const versions = new Set(pollers.map(({ worker }) => worker?.version ?? 'another program'));
  const slots = withSlots ? `, ${plural(slotsOf(pollers), 'slot')}` : '';
  return `${plural(pollers.length, 'worker')} (${[...versions].join(', ')})${slots}${silent === undefined ? '' : `; ${silent}`}`;
}

/** Train queues that running sweeps of the store want, and which sweeps. The common one is always asked about. */
async function wantedQueues(store: ObjectStore): Promise<Map<string | undefined, string[]>> {
  const wanted = new Map<string | undefined, string[]>([[undefined, []]]);
  for (const name of await listSweeps(store)) {
    if ((await readSweepRecord(store, name))?.state !== 'running') continue;
    const queue = (await readSpec(store, name))?.resources?.queue;
    wanted.set(queue, [...(wanted.get(queue) ?? []), name]);
  }
  return wanted;
}

/**
 * What a cluster needs, asked from inside it: server, namespace, workers of every role and queue, encryption, the store's conditional
 * writes, GPUs of this machine.
 */
export function clusterChecks({ connect, openStore, findGpus, environment }: ClusterOptions): Check[] {
  return [
    {
      what: 'namespace',
      onError: 'fail',
      remedy:
        'look at TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_TLS_… (docs/cluster.md, "Connection")',
      run: async () => {
        const { workflowService, options } = await connect();
        const { namespace } = options;
        const { serverVersion } = await workflowService.getSystemInfo({});
        const { config } = await workflowService.describeNamespace({ namespace });
        const days = Math.round(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400);
        return `${namespace} on Temporal ${serverVersion}, keeps closed workflows for ${plural(days, 'day')}`;
      },
    },
    {
      what: 'search attributes',
      onError: 'warn',
      remedy:
        'register them with `temporal operator search-attribute create` (docs/cluster.md, "Connection")',
      run: async () => {
        const { connection, options } = await connect();
        const { customAttributes } = await connection.operatorService.listSearchAttributes({
          namespace: options.namespace,
        });
        const missing = Object.keys(searchAttributes).filter((name) => !(name in (customAttributes ?? {})));
        if (missing.length > 0)
          return {
            state: 'fail',
            found: `${missing.join(', ')} missing`,
            remedy:
              'sweeps cannot start: register them with `temporal operator search-attribute create` (docs/cluster.md)',
          };
        return 'all are registered';
      },
    },
    {
      what: 'control',
      onError: 'fail',
      remedy: 'start one with `rgsweep worker --role control`',
      run: async () => {
        const pollers = await listPollers(await connect(), controlQueue, 'workflow');
        // It always has room for another workflow, and so asks as long as it lives.
        if (pollers.every((one) => isSilent(one, Date.now())))
          throw new Error(
            `no control worker asks for tasks${pollers.length > 0 ? `: ${describePollers(pollers, false)}` : ''}`,
          );
        const found = describePollers(pollers, false);
        const others = pollers.filter(({ worker }) => worker && worker.version !== version);
        return others.length === 0
          ? found
          : {
              state: 'warn',
              found,
              remedy: `this is ${version}: finish the upgrade, or use the same build (docs/cluster.md, "Upgrades")`,
            };
      },
    },
    {
      what: 'train queues',
      onError: 'fail',
      remedy: 'start workers with `rgsweep worker --role train --queue NAME`',
      run: async () => {
        const client = await connect();
        const lines: string[] = [];
        const unserved: string[] = [];
        for (const [queue, sweeps] of await wantedQueues(await openStore())) {
          const pollers = await listPollers(client, trainQueue(queue), 'activity');
          lines.push(`${queue ?? 'common'}: ${describePollers(pollers, true)}`);
          if (pollers.length === 0 && sweeps.length > 0)
            unserved.push(`${queue ?? 'common'} (${sweeps.join(', ')})`);
        }
        const found = lines.join('; ');
        return unserved.length === 0
          ? found
          : {
              state: 'warn',
              found: `${found}; sweeps wait for ${unserved.join(', ')}`,
              remedy:
                'workers whose slots are all busy for five minutes are not listed; else start some, or look at the autoscaler',
            };
      },
    },
    {
      what: 'encryption',
      onError: 'fail',
      remedy: 'make a key with `openssl rand -base64 32`',
      run: () => {
        const keys = codecKeys(environment);
        return keys.length === 0
          ? 'none: the server keeps sweeps and results as plain text (RGSWEEP_CODEC_KEY)'
          : `histories are encrypted with key ${keys[0]!.id}${keys.length > 1 ? `, ${keys.length - 1} older can be read` : ''}`;
      },
    },
    {
      what: 'conditional writes',
      onError: 'fail',
      remedy:
        'use a store that honours If-None-Match: without it two workers could write one trial (AWS S3 and versitygw 1.8 do)',
      run: async () => {
        const store = await openStore();
        const key = `probe/${randomUUID()}`;
        try {
          const first = await store.putIfAbsent(key, Buffer.from('first'));
          const second = await store.putIfAbsent(key, Buffer.from('second'));
          if (first === undefined || second !== undefined)
            throw new Error(`${store.url} overwrites what was to be written once`);
          return `${store.url} writes once what is to be written once`;
        } finally {
          await store.delete(key);
        }
      },
    },
    {
      what: 'GPUs',
      onError: 'warn',
      remedy: 'mend the driver; workers on this machine would refuse to serve with GPUs',
      run: async () => {
        const gpus = await findGpus();
        const names = gpus.map(
          ({ name, memoryMiB, driver }) => `${name} (${memoryMiB} MiB, driver ${driver})`,
        );
        return names.length === 0 ? 'none on this machine' : names.join(', ');
      },
    },
  ];
}

/** One connection for all checks; a failed one is not tried again by each. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      throw error instanceof Error ? error : new Error(messageOf(error));
    }));
}

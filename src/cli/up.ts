import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { RgsweepError } from '../errors.js';
import { listenForInterrupts } from '../stack/interrupts.js';
import { lockFolder } from '../stack/lock.js';
import { trainerSlots } from '../stack/slots.js';
import { startStack, type Stack } from '../stack/stack.js';
import { openStore } from '../store/open.js';
import { tryStore } from '../store/probe.js';
import { dataConverterOf } from '../temporal/codec.js';
import type { SweepState } from '../sweep/types.js';
import { findLaunched, launchSweep } from './client.js';
import { stackFilePath, stackFolder, storeUrl } from './connection.js';
import { followSweep } from './follow.js';
import { loadSweepFile } from './loadSweepFile.js';
import { tellOtherSweeps } from './otherSweeps.js';
import { say } from './say.js';
import { shownPath } from './shownPath.js';

export interface UpOptions {
  file?: string;
  fresh?: boolean;
  store?: string;
  slots?: number;
  follow: boolean;
  takeOver?: boolean;
}

/** Of the compiled file in dist/src/cli. */
const defaultSweepFile = fileURLToPath(new URL('../../../sweeps/phi4-quick.yaml', import.meta.url));

function untilAborted(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  if (any.aborted) return Promise.resolve();
  // An abort signal alone keeps no process alive.
  const awake = setInterval(() => {}, 60_000);
  return new Promise((resolve) =>
    any.addEventListener(
      'abort',
      () => {
        clearInterval(awake);
        resolve();
      },
      { once: true },
    ),
  );
}

/**
 * The embedded default: server, workers and a sweep, from launch to report. A sweep that is there already is gone on
 * with; a finished one is shown without starting anything. Everything that was started is stopped in the end.
 *
 * @returns the exit code: 0 done, 1 the sweep failed, 130 stopped by Ctrl-C
 */
export async function up(options: UpOptions): Promise<number> {
  // Everything that a user may have got wrong comes before anything is started or changed.
  const spec = await loadSweepFile(options.file ?? defaultSweepFile);
  const again = options.file === undefined ? 'npm start goes on' : 'the same command goes on';
  const folder = stackFolder();
  const lock = await lockFolder(folder);
  const interrupts = listenForInterrupts();
  const givenUp = new AbortController();
  let stack: Stack | undefined;
  try {
    // What a killed run left says nothing about this one.
    rmSync(stackFilePath(folder), { force: true });
    const url = storeUrl(options);
    const store = await openStore(url);
    if (!options.fresh && (await findLaunched(store, spec)).finished) {
      say(`${spec.name} has finished already (--fresh starts another)`);
      await (
        await import('./result.js')
      ).showResult({ store, sweep: spec.name, folder, output: process.stdout, onWarning: say });
      return 0;
    }
    await tryStore(store);
    const slots = options.slots ?? trainerSlots();
    say(`starting Temporal, a control worker and a training worker (trainers at a time: ${slots}) …`);
    try {
      stack = await startStack({
        folder,
        storeUrl: url,
        slots,
        queue: spec.resources?.queue,
        log: say,
        cancel: interrupts.stop,
        onGivenUp: (error) => givenUp.abort(error),
      });
    } catch (error) {
      if (!interrupts.stop.aborted) throw error;
      say(`stopped before anything was launched; ${again}`);
      return 130;
    }
    interrupts.force.addEventListener('abort', () => {
      say(`ending at once; the last checkpoints stay, ${again}`);
      stack?.kill();
    });
    const connection = await Connection.connect({ address: stack.address, connectTimeout: '10 seconds' });
    try {
      const dataConverter = dataConverterOf(process.env);
      const client = new Client({
        connection,
        namespace: 'default',
        ...(dataConverter ? { dataConverter } : {}),
      });
      const launched = await launchSweep({
        client,
        store,
        spec,
        slots,
        ...(options.fresh ? { fresh: true } : {}),
        ...(options.takeOver ? { takeOver: true } : {}),
      });
      const { name } = launched;
      say(launched.existing ? `going on with ${name}` : `launched ${name}`);
      say(`server ${stack.address}, store ${store.url}, logs ${shownPath(join(folder, 'logs'))}`);
      void tellOtherSweeps({ client, store, spec: { ...spec, name }, slots, say });
      let state: SweepState = 'running';
      if (options.follow)
        state = await followSweep({
          client,
          store,
          sweep: name,
          signal: AbortSignal.any([interrupts.stop, givenUp.signal]),
          output: process.stdout,
        });
      else {
        say(`serving until Ctrl-C; \`npx rgsweep status ${name} --watch\` shows the sweep`);
        await untilAborted(interrupts.stop, givenUp.signal);
      }
      if (givenUp.signal.aborted) throw givenUp.signal.reason as RgsweepError;
      if (interrupts.stop.aborted) {
        say('stopping: trainers write their checkpoints … (Ctrl-C again ends at once)');
        await connection.close();
        await stack.stop();
        say(`stopped; ${again}`);
        return 130;
      }
      await connection.close();
      await stack.stop();
      // Why is on the last line already; of trials that were trained before it the report says what they found.
      if (state === 'failed') say(`${name} has failed: once that is mended, ${again}`);
      await (
        await import('./result.js')
      ).showResult({ store, sweep: name, folder, output: process.stdout, onWarning: say });
      return state === 'failed' ? 1 : 0;
    } finally {
      await connection.close();
    }
  } finally {
    await stack?.stop();
    interrupts.dispose();
    lock.release();
  }
}

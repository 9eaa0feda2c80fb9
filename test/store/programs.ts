/** What the file store's tests run in processes of their own: `node program.mjs TASK FOLDER …`. */
import { openFileStore } from '../../src/store/file.js';
import { createLocks } from '../../src/store/lock.js';
import { RgsweepError } from '../../src/errors.js';

const [task, folder = '', ...more] = process.argv.slice(2);

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Writes objects of one repeated byte without end, telling each one that is done. */
async function writeForever(): Promise<void> {
  const store = await openFileStore(folder);
  const bytes = Number(more[0]);
  for (let count = 0; ; count++) {
    const key = `objects/${count % 5}`;
    await store.put(key, Buffer.alloc(bytes, count % 256));
    say(`${key} ${count % 256}`);
  }
}

/** Increments a counter by compare-and-swap a number of times, telling each. */
async function increment(): Promise<void> {
  const store = await openFileStore(folder);
  for (let done = 0; done < Number(more[0]);) {
    const { body, tag } = (await store.get('counter'))!;
    const next = Buffer.from(String(Number(Buffer.from(body).toString()) + 1));
    if ((await store.putIfMatch('counter', next, tag)) === undefined) continue;
    done++;
    say('counted');
  }
}

/** Creates `race/<n>` for n below a bound, telling those that it was first at. */
async function race(): Promise<void> {
  const store = await openFileStore(folder);
  for (let key = 0; key < Number(more[0]); key++)
    if ((await store.putIfAbsent(`race/${key}`, Buffer.from(String(process.pid)))) !== undefined)
      say(String(key));
}

/** Takes a lock and never gives it back. */
async function holdForever(): Promise<void> {
  const [temporary = '', name = ''] = more;
  await createLocks(folder, temporary).hold(name, async () => {
    say('held');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}

/** Fills the disk, then reports the error and what is left. */
async function fill(): Promise<void> {
  const store = await openFileStore(folder, { patienceSeconds: Number(more[1] ?? 0) });
  const bytes = Number(more[0]);
  await store.put('small', Buffer.from('before'));
  const outcome: Record<string, unknown> = {};
  try {
    await store.put('small', Buffer.alloc(bytes, 1));
    outcome.error = 'none';
  } catch (error) {
    const { kind, message, remedy } = error as RgsweepError;
    Object.assign(outcome, { isOurs: error instanceof RgsweepError, kind, message, remedy });
  }
  outcome.small = Buffer.from((await store.get('small'))!.body).toString();
  await store.put('after', Buffer.from('works again'));
  const keys = [];
  for await (const { key } of store.list('')) keys.push(key);
  say(JSON.stringify({ ...outcome, keys }));
}

/** Writes and deletes one object of a shared folder a number of times. */
async function comeAndGo(): Promise<void> {
  const store = await openFileStore(folder);
  const key = `deep/shared/folder/${process.pid}`;
  for (let round = 0; round < Number(more[0]); round++) {
    await store.put(key, Buffer.from(String(round)));
    if (Buffer.from((await store.get(key))!.body).toString() !== String(round)) throw new Error('lost');
    await store.delete(key);
  }
}

const tasks: Record<string, () => Promise<void>> = {
  writeForever,
  increment,
  race,
  holdForever,
  fill,
  comeAndGo,
};
await tasks[task ?? '']!();

import type { Prior } from '../sweep/warmStart.js';
import { decodeJson, encodeJson } from './json.js';
import { layout } from './layout.js';
import type { ObjectStore } from './types.js';

/** Keeps what a sweep starts from; called before its spec is written, which makes the launch final. */
export async function writePrior(store: ObjectStore, sweep: string, prior: Prior): Promise<void> {
  await store.put(layout.prior(sweep), encodeJson(prior));
}

/** What a sweep was started from, or undefined where it was not. */
export async function readPrior(store: ObjectStore, sweep: string): Promise<Prior | undefined> {
  const key = layout.prior(sweep);
  const object = await store.get(key);
  return object && (decodeJson(object.body, `${store.url} ${key}`) as Prior);
}

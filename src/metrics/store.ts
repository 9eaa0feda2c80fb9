import type { ObjectStore } from '../store/types.js';
import type { Metrics } from './metrics.js';
import type { StoreOperation } from './labels.js';

/** The same store, each of whose operations is timed and whose failures are counted. */
export function observedStore(store: ObjectStore, metrics: Pick<Metrics, 'storeOperation'>): ObjectStore {
  async function observe<T>(operation: StoreOperation, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    let failed = true;
    try {
      const result = await run();
      failed = false;
      return result;
    } finally {
      metrics.storeOperation({ operation, seconds: (performance.now() - started) / 1000, failed });
    }
  }
  /** Timed until the last item; the reader's own time between items is not the store's. */
  async function* observeItems<T>(items: AsyncIterable<T>): AsyncGenerator<T, void> {
    const iterator = items[Symbol.asyncIterator]();
    let spent = 0;
    let failed = false;
    try {
      for (;;) {
        const started = performance.now();
        const next = await iterator
          .next()
          .catch((error: unknown) => {
            failed = true;
            throw error;
          })
          .finally(() => {
            spent += performance.now() - started;
          });
        if (next.done) return;
        yield next.value;
      }
    } finally {
      metrics.storeOperation({ operation: 'list', seconds: spent / 1000, failed });
      await iterator.return?.();
    }
  }

  return {
    url: store.url,
    get: (key) => observe('get', () => store.get(key)),
    put: (key, body, options) => observe('put', () => store.put(key, body, options)),
    putIfAbsent: (key, body) => observe('putIfAbsent', () => store.putIfAbsent(key, body)),
    putIfMatch: (key, body, tag) => observe('putIfMatch', () => store.putIfMatch(key, body, tag)),
    delete: (key) => observe('delete', () => store.delete(key)),
    download: (key, file) => observe('download', () => store.download(key, file)),
    upload: (key, file) => observe('upload', () => store.upload(key, file)),
    list: (prefix) => observeItems(store.list(prefix)),
    leftovers: (age) => store.leftovers(age),
    listFolders: (prefix) => observeItems(store.listFolders(prefix)),
  };
}

/** One object as a listing shows it. */
export interface ObjectInfo {
  key: string;
  bytes: number;
  /** When it was written last, by the store's own clock. */
  modifiedAt: Date;
}

/** What a killed writer left that is no object: half an upload, a temporary file. */
export interface Leftover {
  what: string;
  bytes: number;
  remove: () => Promise<void>;
}

/** An object's content with the tag that `putIfMatch` compares. */
export interface TaggedObject {
  body: Uint8Array;
  /** Opaque; changes whenever the content is replaced. */
  tag: string;
}

/** How something is written. */
export interface PutOptions {
  /**
   * `false` for what a power failure may take back: a store in a folder does not wait for its disk then, and such an object can
   * be empty afterwards. Without it the write is durable.
   */
  isDurable?: boolean;
}

/**
 * The only way rgsweep keeps anything: a flat map from keys (`a/b/c`, no leading slash, no `..`) to bytes.
 * Two implementations, `s3://bucket/prefix` and `file:///folder`, pass one contract suite.
 *
 * A write is atomic (a reader sees the old object or the whole new one) and, but for `PutOptions`, durable when the promise resolves.
 * Every method throws `RgsweepError('store-unavailable')` naming the store and the key when the store cannot be
 * reached or written after its own retries.
 */
export interface ObjectStore {
  /** Where it is, for messages: `file:///…` or `s3://…`, never with credentials. */
  readonly url: string;
  /** The content, or undefined when there is no such key. */
  get(key: string): Promise<TaggedObject | undefined>;
  /** Writes, replacing what was there; returns the new tag. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<string>;
  /** Writes only when the key does not exist; undefined when it does. */
  putIfAbsent(key: string, body: Uint8Array): Promise<string | undefined>;
  /** Writes only when the current tag is `tag`; undefined when it is not. */
  putIfMatch(key: string, body: Uint8Array, tag: string): Promise<string | undefined>;
  /** Keys below a prefix in lexicographic order, all of them (paged inside). */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /**
   * Names of the folders directly below a prefix that ends with `/`: `listFolders('sweeps/')` gives `a` and `b` for
   * `sweeps/a/spec.json` and `sweeps/b/spec.json`, without visiting what lies deeper. In the order of their keys, where
   * a name ends with `/`, so that `a-2` comes before `a`.
   */
  listFolders(prefix: string): AsyncIterable<string>;
  /** Removes; removing what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Copies an object into a local file (streamed, atomic, not synced to the disk); false when there is no such key. */
  download(key: string, file: string): Promise<boolean>;
  /** Copies a local file into an object (streamed in parts where large). */
  upload(key: string, file: string): Promise<void>;
  /** Writes that were begun and not touched for so long, and that will never become objects. */
  leftovers(olderThanMilliseconds: number): AsyncIterable<Leftover>;
}

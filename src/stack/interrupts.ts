export interface Interrupts {
  /** Aborted by the first request to end: everything is asked to finish what it must. */
  readonly stop: AbortSignal;
  /** Aborted by the second one: end at once. */
  readonly force: AbortSignal;
  /** Gives the signals back to Node. */
  dispose(): void;
}

/** Signals that ask to end: Ctrl-C, an ordinary kill, the terminal's window closing. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens for requests to end. One Ctrl-C may arrive twice: the terminal signals the whole foreground group, and npm,
 * itself in that group, passes the signal on to its child. What comes within `oneRequestMs` of the first is the same
 * request; a later one is the second.
 */
export function listenForInterrupts(oneRequestMs = 1_000, now: () => number = Date.now): Interrupts {
  const stop = new AbortController();
  const force = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    if (first === undefined) {
      first = now();
      stop.abort();
    } else if (now() - first >= oneRequestMs) force.abort();
  };
  for (const signal of endSignals) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    force: force.signal,
    dispose: () => {
      for (const signal of endSignals) process.off(signal, onSignal);
    },
  };
}

import type { Notifier } from './notify.js';

/**
 * Waits until a run may end and leave nothing undone: notices are handed over, and what updates have begun is kept.
 *
 * @param noticesFirst a notice's start waits for the server, and an update that comes meanwhile must not be cut off, so notices come
 *   first; asked only where there are any. False: as runs of before did.
 * @param handlersFinished resolves when no update is being handled
 */
export async function settle(
  notifier: Pick<Notifier, 'waiting' | 'flush'>,
  noticesFirst: () => boolean,
  handlersFinished: () => Promise<void>,
): Promise<void> {
  do {
    if (notifier.waiting && noticesFirst()) await notifier.flush();
    await handlersFinished();
  } while (notifier.waiting && noticesFirst());
  await notifier.flush();
}

import { describe, expect, it } from 'vitest';
import { settle } from '../../workflows/settle.js';

/** A run with so many notices to hand over; while each is, an update comes in, whose handler takes until it is waited for. */
function runWith(notices: number) {
  const run = { handling: 0, waits: notices, flushed: 0 };
  const notifier = {
    get waiting() {
      return run.waits > 0;
    },
    flush: async () => {
      for (; run.waits > 0; run.waits--) {
        run.flushed++;
        run.handling++;
      }
    },
  };
  return { run, notifier };
}

describe('a run that is to end', () => {
  it('waits for updates that come while its notices are handed over', async () => {
    const { run, notifier } = runWith(2);
    await settle(
      notifier,
      () => true,
      async () => void (run.handling = 0),
    );
    expect(run).toEqual({ handling: 0, waits: 0, flushed: 2 });
  });

  it('hands over what is told while it waits for updates, and waits again', async () => {
    const { run, notifier } = runWith(1);
    let later = 1;
    await settle(
      notifier,
      () => true,
      async () => {
        run.handling = 0;
        if (later-- > 0) run.waits = 1;
      },
    );
    expect(run).toEqual({ handling: 0, waits: 0, flushed: 2 });
  });

  it('of before the patch does as it did', async () => {
    const { run, notifier } = runWith(1);
    await settle(
      notifier,
      () => false,
      async () => void (run.handling = 0),
    );
    expect(run).toEqual({ handling: 1, waits: 0, flushed: 1 });
  });
});

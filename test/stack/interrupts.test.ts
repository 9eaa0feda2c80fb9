import { describe, expect, it, onTestFinished } from 'vitest';
import { listenForInterrupts, type Interrupts } from '../../src/stack/interrupts.js';

function listen(): {
  interrupts: Interrupts;
  at: (milliseconds: number, signal: NodeJS.Signals) => boolean[];
} {
  let time = 0;
  const interrupts = listenForInterrupts(1_000, () => time);
  onTestFinished(() => interrupts.dispose());
  return {
    interrupts,
    at: (milliseconds, signal) => {
      time = milliseconds;
      process.emit(signal, signal);
      return [interrupts.stop.aborted, interrupts.force.aborted];
    },
  };
}

describe('requests to end', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s asks to stop', (signal) => {
    expect(listen().at(5_000, signal)).toEqual([true, false]);
  });

  it('count one Ctrl-C that arrives twice as one, and a later one as the second', () => {
    const { at } = listen();
    expect(at(10_000, 'SIGINT')).toEqual([true, false]);
    expect(at(10_005, 'SIGINT')).toEqual([true, false]);
    expect(at(10_999, 'SIGINT')).toEqual([true, false]);
    expect(at(11_000, 'SIGINT')).toEqual([true, true]);
  });

  it('are Node’s own again after dispose', () => {
    const before = process.listenerCount('SIGINT');
    const { interrupts } = listen();
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    interrupts.dispose();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

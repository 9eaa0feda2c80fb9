import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupLimits, machineSize, stackBytes, trainerBytes, trainerSlots } from '../../src/stack/slots.js';
import { temporaryFolder } from './helpers.js';

function fakeRoot(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  return root;
}

describe('trainer slots', () => {
  const memoryFor = (trainers: number): number => stackBytes + trainers * trainerBytes;

  it.each([
    { cores: 2, memoryBytes: memoryFor(16), slots: 2, why: 'one a core' },
    { cores: 64, memoryBytes: memoryFor(3) + trainerBytes / 2, slots: 3, why: 'as many as fit into memory' },
    { cores: 3.7, memoryBytes: memoryFor(16), slots: 3, why: 'a part of a core is no core' },
    { cores: 0.5, memoryBytes: memoryFor(16), slots: 1, why: 'at least one, on half a core' },
    { cores: 8, memoryBytes: 100e6, slots: 1, why: 'at least one, with too little memory' },
  ])('$slots: $why', ({ cores, memoryBytes, slots }) => {
    expect(trainerSlots({ cores, memoryBytes })).toBe(slots);
  });

  it('fit this machine', () => {
    const size = machineSize();
    expect(size.cores).toBeGreaterThan(0);
    expect(size.cores).toBeLessThanOrEqual(availableParallelism());
    expect(size.memoryBytes).toBeGreaterThan(0);
    expect(size.memoryBytes).toBeLessThanOrEqual(totalmem());
    expect(trainerSlots()).toBeGreaterThanOrEqual(1);
  });
});

describe('control group limits', () => {
  it('of version 2: the tightest level counts', () => {
    const root = fakeRoot({
      'proc/self/cgroup': '0::/pods/one\n',
      'sys/fs/cgroup/pods/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/pods/memory.max': '4294967296\n',
      'sys/fs/cgroup/pods/one/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/pods/one/memory.max': 'max\n',
    });
    expect(cgroupLimits(root)).toEqual({ cores: 1.5, memoryBytes: 4294967296 });
  });

  it('of version 1', () => {
    const root = fakeRoot({
      'proc/self/cgroup': '5:memory:/box\n4:cpu,cpuacct:/box\n0::/\n',
      'sys/fs/cgroup/memory/box/memory.limit_in_bytes': '2147483648\n',
      'sys/fs/cgroup/cpu/box/cpu.cfs_quota_us': '400000\n',
      'sys/fs/cgroup/cpu/box/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    });
    expect(cgroupLimits(root)).toEqual({ cores: 4, memoryBytes: 2147483648 });
  });

  it('are none where there are no control groups', () => {
    expect(cgroupLimits(temporaryFolder())).toEqual({ cores: Infinity, memoryBytes: Infinity });
  });
});

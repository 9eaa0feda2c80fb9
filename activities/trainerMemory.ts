import { readFileSync } from 'node:fs';
import { formatMemory, usableMemory } from '../src/train/memory.js';

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Folders of this process's memory control group, version 2 and 1; a container sees its own as the root. */
function memoryGroupFolders(): string[] {
  const folders = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'];
  for (const line of readText('/proc/self/cgroup').split('\n')) {
    const [, controllers, path] = line.split(':');
    if (path === undefined) continue;
    if (controllers === '') folders.unshift(`/sys/fs/cgroup${path}`);
    else if (controllers?.split(',').includes('memory')) folders.unshift(`/sys/fs/cgroup/memory${path}`);
  }
  return folders;
}

/** How many processes of this group the system has ended for want of memory; undefined where it does not say. */
export function countMemoryKills(): number | undefined {
  for (const folder of memoryGroupFolders())
    for (const name of ['memory.events', 'memory.oom_control']) {
      const count = /^oom_kill (\d+)$/m.exec(readText(`${folder}/${name}`));
      if (count) return Number(count[1]);
    }
  return undefined;
}

/** Says how much a trainer had and how much there is, e.g. `it had 3100 MiB of the 4096 MiB that this worker may use`. */
export function describeMemory(peakBytes: number): string {
  const had = peakBytes > 0 ? `it had ${formatMemory(peakBytes)} of` : 'there are';
  return `${had} the ${formatMemory(usableMemory())} that this worker may use`;
}

/** What programs print when memory runs out: Node, wasm, TensorFlow, CUDA, C++ and Python. */
export const outOfMemoryWords =
  /heap out of memory|out of memory|OutOfMemory|MemoryError|bad_alloc|cannot enlarge memory|(buffer|memory) allocation failed|could not allocate|maximum memory size exceeded|OOM when allocating|CUDA_ERROR_OUT_OF_MEMORY|RESOURCE_EXHAUSTED/i;

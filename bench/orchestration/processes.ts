import { readFileSync } from 'node:fs';

/** CPU seconds of a process without its children (clock ticks are hundredths on Linux). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = fields.slice(11, 13).reduce((sum, field) => sum + Number(field), 0);
  return ticks / 100;
}

/** Resident memory of a process, in MiB. */
export function residentMebibytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / 2 ** 20;
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const listenState = '0A';

/** `0100007F:1F90` of /proc/net/tcp, or the 32 digits of tcp6, as an address. Words are in the machine's (little-endian) order. */
function decodeAddress(hex: string): string {
  const [host = '', port = ''] = hex.split(':');
  const bytes = host.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.reverse());
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16));
  const address = numbers.length === 4 ? numbers.join('.') : bytes.join('').toLowerCase();
  return `${address}:${Number.parseInt(port, 16)}`;
}

/** Addresses that a process listens on by TCP, from the kernel's tables: `127.0.0.1:7233`. Linux only. */
export function listeningAddresses(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listenState && sockets.has(inode ?? ''))
      .map(([, local = '']) => decodeAddress(local)),
  );
}

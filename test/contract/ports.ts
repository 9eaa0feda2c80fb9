import { freePort as firstFreePort } from '../../src/stack/ports.js';

/**
 * A port of loopback for a server that may be killed and started again. Below the range from which Linux takes the ports of
 * outgoing connections: while the server is down, whoever tries to reach it might be given its own port and keep it.
 */
export function freePort(): Promise<number> {
  return firstFreePort(20_000 + Math.floor(12_000 * Math.random()));
}

import { connect, createServer } from 'node:net';
import { RgsweepError } from '../errors.js';

export const loopback = '127.0.0.1';

/** Does anything accept connections at this port of the loopback interface? */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: loopback, port });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Can this port of the loopback interface be listened on? Port 0 gives any free one. */
function bindable(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: loopback, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

/**
 * The first port at or after `from` that nobody uses on loopback (a listener on all interfaces counts as using it).
 * @throws RgsweepError('server-unavailable') when `count` ports in a row are taken
 */
export async function freePort(from: number, count = 100): Promise<number> {
  for (let port = from; port < from + count && port < 65_536; port++)
    if (!(await answers(port)) && (await bindable(port)) !== undefined) return port;
  throw new RgsweepError(
    'server-unavailable',
    `ports ${from} to ${from + count - 1} of ${loopback} are all taken`,
    {
      remedy: 'end a program that listens there',
    },
  );
}

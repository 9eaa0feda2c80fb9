import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A network link that a test may cut and slow. */
export interface Link {
  readonly port: number;
  /** Nothing passes any more, in silence: connections stay as they are, new ones get no answer. */
  cut(): void;
  /** What was held back passes, and everything after it. */
  heal(): void;
  /** Every piece of data waits so long; 0: none. */
  slow(milliseconds: number): void;
  /** Handshakes that failed, as OpenSSL names the reason. */
  readonly refused: readonly string[];
  stop(): Promise<void>;
}

/**
 * Forwards a loopback port to another one.
 * @param tls ends TLS here, as a server with these certificates; what passes on is plain
 */
export async function startLink(target: number, tls?: TlsOptions): Promise<Link> {
  let isCut = false;
  let delay = 0;
  const held = new Set<() => void>();
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  const open = (): Promise<void> =>
    isCut ? new Promise((resolve) => void held.add(resolve)) : Promise.resolve();

  const forward = (from: Socket, to: Socket): void => {
    let last = Promise.resolve();
    // One after the other: a socket tells of its end also while it is paused, and what was said before is still on its way.
    const inOrder = (work: () => void): void => {
      last = last.then(async () => {
        if (delay > 0) await sleep(delay);
        await open();
        work();
      });
    };
    from.on('data', (chunk: Buffer) => {
      from.pause();
      inOrder(() => {
        to.write(chunk);
        from.resume();
      });
    });
    from.on('end', () => inOrder(() => to.end()));
    from.on('error', () => undefined);
    from.on('close', (failed) => {
      sockets.delete(from);
      if (failed) inOrder(() => to.destroy());
    });
    sockets.add(from);
  };
  const accept = async (client: Socket): Promise<void> => {
    client.on('error', () => undefined);
    await open();
    const server = connect(target, '127.0.0.1');
    forward(client, server);
    forward(server, client);
  };
  const server = tls
    ? createTlsServer(tls, (client) => void accept(client))
    : createServer((client) => void accept(client));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => refused.push(error.code ?? error.message));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => void (isCut = true),
    heal: () => {
      isCut = false;
      for (const pass of held) pass();
      held.clear();
    },
    slow: (milliseconds) => void (delay = milliseconds),
    refused,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

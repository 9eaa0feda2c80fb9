import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
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
  const whenOpen = (work: () => void): void => void (isCut ? held.add(work) : work());

  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      from.pause();
      const pass = (): void => {
        to.write(chunk);
        from.resume();
      };
      const arrive = (): void => whenOpen(pass);
      if (delay > 0) setTimeout(arrive, delay);
      else arrive();
    });
    from.on('end', () => whenOpen(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', (failed) => {
      sockets.delete(from);
      // What was said before a proper end is still on its way.
      if (failed) whenOpen(() => to.destroy());
    });
    sockets.add(from);
  };
  const accept = (client: Socket): void => {
    client.on('error', () => undefined);
    whenOpen(() => {
      const server = connect(target, '127.0.0.1');
      forward(client, server);
      forward(server, client);
    });
  };
  const server = tls ? createTlsServer(tls, accept) : createServer(accept);
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => refused.push(error.code ?? error.message));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => void (isCut = true),
    heal: () => {
      isCut = false;
      for (const work of [...held]) {
        held.delete(work);
        work();
      }
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

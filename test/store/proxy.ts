import { createServer, request as send, type IncomingMessage } from 'node:http';
import { once } from 'node:events';

/** What may go wrong between a client and its S3 server. */
export type Fault =
  /** Answer at once with this status and S3 error code; the server hears nothing. */
  | { kind: 'refuse'; status: number; code: string }
  /** Let the server do it, then break the connection before its answer. */
  | { kind: 'loseAnswer' }
  /** Let the server do it, run this, then break the connection. */
  | { kind: 'loseAnswerAfter'; run: () => Promise<void> }
  /** Break the connection before the server hears anything. */
  | { kind: 'reset' }
  /** Never answer. */
  | { kind: 'stall' }
  /** Break the connection in the middle of the answer's body. */
  | { kind: 'cutBody' }
  /** Fall silent in the middle of the answer's body. */
  | { kind: 'stallBody' };

export interface FaultyProxy {
  endpoint: string;
  /** Decides, for each request, what goes wrong; nothing when it gives undefined. */
  fault: (method: string, path: string) => Fault | undefined;
  /** Method and path of every request that came. */
  requests: string[];
  stop(): Promise<void>;
}

/** An HTTP proxy that hands requests to an S3 server as they are signed, and goes wrong as told. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);

  async function forward(incoming: IncomingMessage, body: Buffer): Promise<[IncomingMessage, Buffer]> {
    const headers = { ...incoming.headers };
    delete headers.expect;
    const outgoing = send({ hostname, port, method: incoming.method, path: incoming.url, headers });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return [answer, Buffer.concat(chunks)];
  }

  const server = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      proxy.requests.push(`${incoming.method} ${incoming.url}`);
      const fault = proxy.fault(incoming.method ?? '', incoming.url ?? '');
      if (fault?.kind === 'stall') return;
      if (fault?.kind === 'reset') {
        incoming.socket.destroy();
        return;
      }
      if (fault?.kind === 'refuse') {
        response.writeHead(fault.status, { 'content-type': 'application/xml' });
        response.end(
          `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>told to</Message></Error>`,
        );
        return;
      }
      const [answer, body] = await forward(incoming, Buffer.concat(chunks));
      if (fault?.kind === 'loseAnswerAfter') await fault.run();
      if (fault?.kind === 'loseAnswer' || fault?.kind === 'loseAnswerAfter') {
        incoming.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (fault?.kind === 'cutBody' || fault?.kind === 'stallBody') {
        response.write(body.subarray(0, body.length >> 1));
        if (fault.kind === 'cutBody') setTimeout(() => incoming.socket.destroy(), 50);
        return;
      }
      response.end(body);
    })().catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    fault: () => undefined,
    requests: [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

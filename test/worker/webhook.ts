import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Webhook {
  url: string;
  /** What came and was answered with 2xx. */
  accepted: { key: string; path: string; body: Record<string, unknown> }[];
  /** `Idempotency-Key` of what came and was not. */
  refused: string[];
  stop(): Promise<void>;
}

/**
 * An HTTP server on loopback that takes notices.
 * @param answer status for the request of this number, from 1, with headers if they matter
 */
export async function startWebhook(
  answer: (count: number) => number | { status: number; headers: Record<string, string> },
): Promise<Webhook> {
  let count = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const given = answer(++count);
      const { status, headers } = typeof given === 'number' ? { status: given, headers: {} } : given;
      const key = String(request.headers['idempotency-key']);
      if (status < 300)
        webhook.accepted.push({
          key,
          path: request.url ?? '',
          body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>,
        });
      else webhook.refused.push(key);
      response.writeHead(status, headers).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const webhook: Webhook = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    accepted: [],
    refused: [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return webhook;
}

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { startVersitygw, type Versitygw } from '../contract/versitygw.js';
import { makeCertificates, type Certificates } from './certificates.js';
import { fixtureTrainer, TestStack, sweepEnded } from './harness.js';
import { startLink, type Link } from './link.js';

export const steps = 60;

const sweepFile = (name: string) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { kernel: sigmoid, ordering: log-variance, cutoffWidth: { type: float, low: 0.3, high: 10, log: true } } }
pruner: { name: none, rungs: [${steps}] }
sampler: { name: random, seed: 5 }
budget: { trials: 3, concurrency: 2 }
train: { checkpointEverySteps: 10, heartbeatSeconds: 10, retryLongestSeconds: 2 }
`;

/** What the server must never see in plain text: fields, values and words that only payloads hold. */
export const secretWords = ['cutoffWidth', 'log-variance', 'checkpointEverySteps', 'words of a failure'];

/**
 * A stack whose workers and clients reach the Temporal server by mTLS over one link and the store over another. The development server
 * itself offers no TLS: the link ends it, verifies the client's certificate, and passes HTTP/2 on.
 */
export class NetworkStack {
  readonly folder = mkdtempSync(join(tmpdir(), 'rgsweep-network-'));
  readonly ledger = join(this.folder, 'ledger');
  readonly faults = join(this.folder, 'faults');
  readonly codecKey = `test:${randomBytes(32).toString('base64')}`;
  private readonly before = { ...process.env };
  certificates!: Certificates;
  stack!: TestStack;
  store!: ObjectStore;
  toServer!: Link;
  toStore!: Link;
  private s3: Versitygw | undefined;

  /** Temporal's own variables, as a client with this certificate would have them. */
  tls(identity?: { certificate: string; key: string }, ca = this.certificates.ca): NodeJS.ProcessEnv {
    return {
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
      ...(identity
        ? {
            TEMPORAL_TLS_CLIENT_CERT_PATH: identity.certificate,
            TEMPORAL_TLS_CLIENT_KEY_PATH: identity.key,
          }
        : {}),
    };
  }

  async start(versitygw: string): Promise<void> {
    mkdirSync(this.faults);
    writeFileSync(this.ledger, '');
    this.certificates = makeCertificates(join(this.folder, 'certificates'));
    const { ca, server, client } = this.certificates;
    // A profile of Temporal's own configuration file, as a team would share it.
    const profiles = join(this.folder, 'temporal.toml');
    writeFileSync(
      profiles,
      [
        '[profile.cluster.tls]',
        `server_ca_cert_path = "${ca}"`,
        'server_name = "temporal.test"',
        `client_cert_path = "${client.certificate}"`,
        `client_key_path = "${client.key}"`,
      ].join('\n'),
    );
    this.s3 = await startVersitygw(versitygw);
    this.toStore = await startLink(Number(new URL(this.s3.endpoint).port));
    Object.assign(process.env, this.s3.environment);
    this.stack = new TestStack(`s3://${this.s3.bucket}/network`);
    await this.stack.start({
      environment: {
        ...this.s3.environment,
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.toStore.port}`,
        TEMPORAL_CONFIG_FILE: profiles,
        TEMPORAL_PROFILE: 'cluster',
        RGSWEEP_CODEC_KEY: this.codecKey,
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '100',
        RGSWEEP_TEST_LEDGER: this.ledger,
        RGSWEEP_TEST_FAULTS: this.faults,
      },
      through: async (port) => {
        this.toServer = await startLink(port, {
          ca: readFileSync(ca),
          cert: readFileSync(server.certificate),
          key: readFileSync(server.key),
          requestCert: true,
          rejectUnauthorized: true,
          ALPNProtocols: ['h2'],
        });
        return this.toServer.port;
      },
    });
    this.store = await openStore(this.stack.storeUrl);
  }

  async launch(name: string): Promise<void> {
    const launched = await this.stack.run('launch', this.stack.writeSweep(name, sweepFile(name)));
    if (launched.code !== 0) throw new Error(launched.stderr);
  }

  /** Steps trained, repeated ones each time. */
  trained(): string[] {
    return readFileSync(this.ledger, 'utf8').trim().split('\n').filter(Boolean);
  }

  /** Cuts a link, heals it, and waits until training goes on. */
  async cut(link: Link, seconds: number): Promise<void> {
    link.cut();
    await sleep(1000 * seconds);
    link.heal();
  }

  ended(name: string, seconds: number): Promise<SweepSnapshot> {
    return sweepEnded(this.store, name, seconds);
  }

  async stop(): Promise<void> {
    this.toServer?.heal();
    this.toStore?.heal();
    await this.stack?.stop();
    await this.toServer?.stop();
    await this.toStore?.stop();
    await this.s3?.stop();
    rmSync(this.folder, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in this.before)) delete process.env[name];
    Object.assign(process.env, this.before);
  }
}

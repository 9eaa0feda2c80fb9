import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificates {
  ca: string;
  server: { certificate: string; key: string };
  client: { certificate: string; key: string };
  /** Signed by nobody we trust. */
  stranger: { certificate: string; key: string };
}

/** Is there an `openssl` to make certificates with? */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A test authority with a server's and a client's certificate, all of one day. */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string) =>
    openssl(
      ...['req', '-x509', ...newKey, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)],
      ...['-days', '1', '-subj', `/CN=${name}`],
    );
  const signed = (name: string, by: string) => {
    openssl(
      ...['req', ...newKey, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`],
    );
    writeFileSync(at(`${name}.ext`), 'subjectAltName=DNS:temporal.test\n');
    openssl(
      ...['x509', '-req', '-in', at(`${name}.csr`), '-CA', at(`${by}.pem`), '-CAkey', at(`${by}.key`)],
      ...['-CAcreateserial', '-days', '1', '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)],
    );
    return { certificate: at(`${name}.pem`), key: at(`${name}.key`) };
  };
  authority('authority');
  authority('nobody');
  return {
    ca: at('authority.pem'),
    server: signed('server', 'authority'),
    client: signed('client', 'authority'),
    stranger: signed('stranger', 'nobody'),
  };
}

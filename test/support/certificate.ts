/** Certificates that nobody has signed, made by openssl. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly key: string;
  /** Also what a client has to trust. */
  readonly certificate: string;
}

/** @param subject its names: `IP:127.0.0.1`, `DNS:gateway.example`. @param folder where the files go */
export function makeCertificate(folder: string, subject: string): CertificateFiles {
  const files = { key: join(folder, 'key.pem'), certificate: join(folder, 'cert.pem') };
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-addext', `subjectAltName=${subject}`],
    ...['-keyout', files.key, '-out', files.certificate],
  ]);
  if (status !== 0)
    throw new Error(`make a certificate for ${subject}: openssl ended with ${status}: ${stderr}`);
  return files;
}

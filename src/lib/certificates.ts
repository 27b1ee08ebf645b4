import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text; none: it has no block of one. @throws errors of node:crypto for a damaged one */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Whether it has certificates, all of them readable. TLS passes over others without a word. */
export function holdsCertificates(pem: string): boolean {
  try {
    return certificatesIn(pem).length > 0;
  } catch {
    return false;
  }
}

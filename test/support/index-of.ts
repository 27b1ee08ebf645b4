import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/event/digest.ts';

export const indexType = 'application/vnd.oci.image.index.v1+json';

function sha256(text: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  if (digest === null) throw new Error('make a digest: the hash is malformed');
  return digest;
}

/** An image index: platform (`linux/arm/v7`) to a word for the content of its manifest. */
export function indexOf(platforms: Readonly<Record<string, string>>) {
  const manifests = Object.entries(platforms).map(([platform, word]) => {
    const [os, architecture, variant] = platform.split('/');
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return {
      mediaType,
      digest: sha256(`${platform} ${word}`),
      size: 7,
      platform: { os, architecture, variant },
    };
  });
  const content = { schemaVersion: 2, mediaType: indexType, manifests };
  const body = JSON.stringify(content);
  return { digest: sha256(body), mediaType: indexType, content, bytes: Buffer.from(body) };
}

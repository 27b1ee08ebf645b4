import { randomUUID } from 'node:crypto';
import { randomDigest } from '../bench/sample.ts';

/** A push notification of CNCF Distribution 2.x and 3.x ("Notifications", envelope v1), about 900 bytes. */
export function pushNotification(repository: string, tag: string): string {
  const digest = randomDigest();
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return JSON.stringify({
    events: [
      {
        id: randomUUID(),
        timestamp: new Date().toISOString(),
        action: 'push',
        target: {
          mediaType,
          digest,
          size: 1_777,
          length: 1_777,
          repository,
          url: `http://registry.example.com:5000/v2/${repository}/manifests/${digest}`,
          tag,
        },
        request: {
          id: randomUUID(),
          addr: '192.0.2.10:51234',
          host: 'registry.example.com:5000',
          method: 'PUT',
          useragent: 'docker/27.3.1 go/go1.22.7 os/linux arch/amd64',
        },
        actor: { name: 'builder' },
        source: { addr: 'registry:5000', instanceID: '6e0d7e1c-9a3b-4a7e-8a6e-1d1f0a4f9b11' },
      },
    ],
  });
}

/** The exact result for each fixture. */

const fractional = (time: string) => ({ saidAt: Date.parse(time), occurredAt: Date.parse(time) });
/** A time in whole seconds counts as the end of its second. */
const seconds = (time: string) => ({ saidAt: Date.parse(time) + 999, occurredAt: Date.parse(time) });
/** Without a sender's time, the ledger stamps it. */
const arrival = {};

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const helloWorld = {
  kind: 'tag',
  registry: 'registry.example.test:5000',
  repository: 'library/hello-world',
  tag: 'latest',
  digest: 'sha256:d7b511ea99ce2ae3c49875a3c4a60b1ae54b9d4486b2f08e7d569c2fbc7a0bbd',
  mediaType: dockerManifest,
  size: 421,
  origin: 'webhook:distribution',
  ...fractional('2026-11-23T21:03:19.967Z'),
};
const ecrWeb = {
  kind: 'tag',
  registry: '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
  repository: 'web',
  tag: '1.4.2',
  digest: 'sha256:2fe73f6cd0726344faceb2e31fe523093f68ea9820e6ec1be561b8b57e87e747',
  size: null,
  ...seconds('2026-01-15T08:00:01Z'),
};
const acrDigest = 'sha256:d6404aedd782f2d4bb4dd3ab2d11905a7d1aaf4d9196e66442e2b1d202b8e735';

export interface Expected {
  readonly observations?: readonly object[];
  readonly incomplete?: readonly object[];
  readonly ignored?: readonly object[];
  readonly follow?: string;
}

export const expectations: Record<string, Expected> = {
  'distribution/manifest-push-tag': { observations: [helloWorld] },
  'distribution/mixed-envelope': {
    observations: [helloWorld],
    ignored: [
      { reason: 'blob', count: 2 },
      { reason: 'pull', count: 1 },
    ],
  },
  'gitlab/push-tag': {
    observations: [
      {
        ...helloWorld,
        registry: 'registry.gitlab.example.test',
        repository: 'acme/web/api',
        origin: 'webhook:gitlab',
      },
    ],
  },
  'harbor/push-artifact': {
    observations: [
      {
        kind: 'tag',
        registry: 'hub.harbor.com',
        repository: 'test-webhook/debian',
        tag: 'latest',
        digest: 'sha256:8a9e9863dbb6e10edb5adfe917c00da84e1700fa76e7ed02476aa6e6fb8ee0d8',
        mediaType: null,
        size: null,
        origin: 'webhook:harbor',
        dedupeWindowMs: 60_000,
        ...seconds('2020-04-15T03:45:08Z'),
      },
    ],
  },
  'harbor/push-image-v1-legacy': {
    observations: [
      {
        kind: 'tag',
        registry: 'demo.goharbor.io',
        repository: 'test123/alpine',
        tag: '3.10',
        digest: 'sha256:e4355b66995c96b4b468159fc5c7e3540fcef961189ca13fee877798649f531a',
        mediaType: null,
        size: null,
        origin: 'webhook:harbor',
        dedupeWindowMs: 60_000,
        ...seconds('2020-04-02T16:50:34Z'),
      },
    ],
  },
  'harbor/push-artifact-cloudevents': {
    observations: [
      {
        kind: 'tag',
        registry: 'harbor.example.test:8443',
        repository: 'apps/web',
        tag: '1.4.2',
        digest: 'sha256:f6f395cf40329b8d83fcd2a3ce838ebf2e9296da5579bb0649d22c7aced40904',
        mediaType: null,
        size: null,
        origin: 'webhook:harbor',
        ...seconds('2026-01-15T08:00:01Z'),
      },
    ],
  },
  'docker-hub/push': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'docker.io',
        repository: 'octoacme/web',
        tag: '1.4.2',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:docker-hub',
        dedupeKey: null,
        ...seconds('2026-01-15T08:00:00Z'),
      },
    ],
  },
  'docker-hub/push-legacy-numbers': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'docker.io',
        repository: 'svendowideit/testhook',
        tag: 'latest',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:docker-hub',
        dedupeKey: null,
        ...seconds('2014-12-03T00:22:41Z'),
      },
    ],
  },
  'quay/repo-push': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'quay.io',
        repository: 'hiddeco/foo',
        tag: '3.10',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:quay',
        dedupeKey: null,
        ...arrival,
      },
    ],
  },
  'ghcr/registry-package-published': {
    observations: [
      {
        kind: 'tag',
        registry: 'ghcr.io',
        repository: 'octoacme/web',
        tag: '1.4.2',
        digest: 'sha256:ff350b45e92d23c99d153b8679eb4096c95c0773b0332b34c4ab041d949bb405',
        mediaType: ociManifest,
        size: 1782,
        origin: 'webhook:ghcr',
        ...arrival,
      },
    ],
  },
  'ghcr/package-published-octokit': {
    observations: [
      {
        kind: 'manifest',
        registry: 'ghcr.io',
        repository: 'codertocat/hello-world',
        digest: 'sha256:3da1996a8115d7616457760d9920b815241d0a03b34cf5f04e9a0e9d8de37498',
        mediaType: dockerManifest,
        size: 1782,
        origin: 'webhook:ghcr',
        ...arrival,
      },
    ],
  },
  'acr/push': {
    observations: [
      {
        kind: 'tag',
        registry: 'acmeprod.azurecr.io',
        repository: 'web',
        tag: '1.4.2',
        digest: acrDigest,
        mediaType: dockerManifest,
        size: 2615,
        origin: 'webhook:acr',
        ...fractional('2026-01-15T08:00:01.261Z'),
      },
    ],
  },
  'acr/delete': {
    observations: [
      {
        kind: 'manifest-gone',
        registry: 'acmeprod.azurecr.io',
        repository: 'web',
        digest: acrDigest,
        origin: 'webhook:acr',
        ...fractional('2026-01-15T08:00:01.261Z'),
      },
    ],
  },
  'ecr/eventbridge-push': { observations: [{ ...ecrWeb, mediaType: ociManifest, origin: 'webhook:ecr' }] },
  'ecr/sns-notification-push': { observations: [{ ...ecrWeb, mediaType: null, origin: 'webhook:ecr' }] },
  'ecr/sns-subscription-confirmation': {
    ignored: [{ reason: 'ping', count: 1 }],
    follow:
      'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:111122223333:ecr-events&Token=c8009b9d1c300b81450eb5fc514ebb03b184f98e23514d867e16aa77c5ed4b32c8af0835244412f71916ff4eac98e1f42fc17d88bc9d8268fa03f781ae931fea',
  },
  'gar/pubsub-insert-digest-and-tag': {
    observations: [
      {
        kind: 'tag',
        registry: 'europe-west1-docker.pkg.dev',
        repository: 'acme-prod/containers/web',
        tag: '1.4.2',
        digest: 'sha256:87fcb8585fc0e4d6a85e62ea63a3bab028de39dea9e40257551ef51fa2616df6',
        mediaType: null,
        size: null,
        origin: 'webhook:gar',
        ...fractional('2026-01-15T08:00:01.805Z'),
      },
    ],
  },
  'gar/pubsub-insert-tag-only': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'us.gcr.io',
        repository: 'am/am.kebab.api',
        tag: 'test',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:gar',
        ...fractional('2020-01-30T04:18:04.805Z'),
      },
    ],
  },
  'gitea/package-created': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'git.example.test',
        repository: 'octoacme/web',
        tag: '1.4.2',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:gitea',
        ...seconds('2026-01-15T08:00:01Z'),
      },
    ],
  },
  'forgejo/package-deleted': {
    observations: [
      {
        kind: 'tag-gone',
        registry: 'git.example.test',
        repository: 'octoacme/web',
        tag: '1.4.1',
        origin: 'webhook:forgejo',
        ...arrival,
      },
    ],
  },
  'jfrog/docker-pushed': {
    observations: [
      {
        kind: 'tag',
        registry: 'acme.jfrog.example.test',
        repository: 'docker-local/web',
        tag: '1.4.2',
        digest: 'sha256:d21546908266217366330205a1d2518ab8e409cb9588011705f7ea0034af4819',
        mediaType: null,
        size: 1206,
        origin: 'webhook:jfrog',
        dedupeWindowMs: 60_000,
        ...arrival,
      },
    ],
  },
  'nexus/component-created': {
    incomplete: [
      {
        kind: 'tag',
        registry: 'nexus.example.test:8082',
        repository: 'app1/alpine',
        tag: '3.4',
        digest: null,
        mediaType: null,
        size: null,
        origin: 'webhook:nexus',
        ...fractional('2020-04-05T21:49:44.219Z'),
      },
    ],
  },
  'zot/image-updated': {
    observations: [
      {
        kind: 'tag',
        registry: 'zot.example.test',
        repository: 'web',
        tag: '1.4.2',
        digest: 'sha256:77db9571a66dcf65ea944fa140a84bb2dccf6eba0f45167cb2ff1faacc131e4e',
        mediaType: ociManifest,
        size: null,
        origin: 'webhook:zot',
        ...fractional('2026-01-15T08:00:01.123Z'),
      },
    ],
  },
  'cloudevents/binary-push': {
    observations: [
      {
        kind: 'tag',
        registry: 'registry.example.test',
        repository: 'web',
        tag: '1.4.2',
        digest: 'sha256:431f7ae6284a5e1e02ec3d1cf5c759f2cafd803327bba8389e11d55a0b079f3f',
        mediaType: ociManifest,
        size: null,
        origin: 'webhook:cloudevents',
        ...seconds('2026-01-15T08:00:01Z'),
      },
    ],
  },
  'cloudevents/structured-ecr-input-transformer': {
    observations: [{ ...ecrWeb, mediaType: null, origin: 'webhook:cloudevents' }],
  },
  'aliyun-acr/push': {
    observations: [
      {
        kind: 'tag',
        registry: 'registry.cn-hangzhou.aliyuncs.com',
        repository: 'octoacme/web',
        tag: '1.4.2',
        digest: 'sha256:58d0aa9f4c1679b0844c34cd1118953a1ac869d40f4177198c8184b481336656',
        mediaType: null,
        size: null,
        origin: 'webhook:aliyun-acr',
        dedupeWindowMs: 60_000,
        ...seconds('2026-01-15T08:00:01Z'),
      },
    ],
  },
};

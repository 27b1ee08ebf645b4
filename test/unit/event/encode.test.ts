import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/event/change.ts';
import { parseDigest } from '../../../src/event/digest.ts';
import { changeToCloudEvent, changeToJson, tagStateToJson } from '../../../src/event/encode.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const previousDigest = parseDigest(`sha256:${'b'.repeat(64)}`);
const updated: Change = {
  epoch: '7f3k9qzd',
  sequence: 1042,
  type: 'tag.updated',
  registry: 'docker.io',
  repository: 'library/nginx',
  tag: '1.27',
  digest,
  previousDigest,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: 10229,
  occurredAt: Date.UTC(2026, 10, 23, 20),
  recordedAt: Date.UTC(2026, 10, 23, 20, 0, 0, 120),
  origin: 'webhook:harbor-prod',
};
const wire =
  `{"position":"7f3k9qzd-1042","type":"tag.updated","registry":"docker.io","repository":"library/nginx",` +
  `"tag":"1.27","digest":"${digest}","previousDigest":"${previousDigest}",` +
  `"mediaType":"application/vnd.oci.image.index.v1+json","size":10229,` +
  `"occurredAt":"2026-11-23T20:00:00.000Z","recordedAt":"2026-11-23T20:00:00.120Z","origin":"webhook:harbor-prod"}`;

describe('changeToJson', () => {
  it('gives the documented members in the documented order', () => {
    expect(changeToJson(updated)).toBe(wire);
  });

  it('writes what is unknown as null', () => {
    expect(JSON.parse(changeToJson({ ...updated, digest: null, size: null, mediaType: null }))).toMatchObject(
      {
        digest: null,
        size: null,
        mediaType: null,
      },
    );
  });

  it('stays on one line whatever the strings hold, as an SSE field must', () => {
    expect(changeToJson({ ...updated, mediaType: 'a\r\nb\u2028' })).not.toMatch(/[\r\n]/);
  });
});

describe('changeToCloudEvent', () => {
  it('is a CloudEvents 1.0 object that carries the change as data', () => {
    expect(changeToCloudEvent(updated)).toBe(
      `{"specversion":"1.0","id":"7f3k9qzd-1042","source":"//docker.io/library/nginx",` +
        `"type":"io.manifeed.tag.updated","subject":"library/nginx:1.27","time":"2026-11-23T20:00:00.000Z",` +
        `"datacontenttype":"application/json","data":${wire}}`,
    );
  });

  it('names a manifest without a tag by its digest', () => {
    const pushed: Change = { ...updated, type: 'manifest.pushed', tag: null };
    expect(JSON.parse(changeToCloudEvent(pushed)).subject).toBe(`library/nginx@${digest}`);
    expect(JSON.parse(changeToCloudEvent({ ...pushed, digest: null })).subject).toBe('library/nginx');
  });
});

describe('tagStateToJson', () => {
  it('gives what a tag points at now', () => {
    const { registry, repository, mediaType, size } = updated;
    const row = { registry, repository, tag: '1.27', digest, mediaType, size, firstSeenAt: 0, updatedAt: 1 };
    expect(tagStateToJson(row)).toBe(
      `{"registry":"docker.io","repository":"library/nginx","tag":"1.27","digest":"${digest}",` +
        `"mediaType":"application/vnd.oci.image.index.v1+json","size":10229,` +
        `"firstSeenAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.001Z"}`,
    );
  });
});

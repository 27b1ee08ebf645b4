/** The update check, asked over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { get, post } from '../../../support/index-client.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await startGateway();
  await gateway.publish(
    push('nginx:1.27.3', 'three'),
    push('nginx:1.27.9', 'nine'),
    push('nginx:1.28.0', 'next'),
  );
  await gateway.publish(push('nginx:1.27.3-alpine', 'a3'), push('nginx:1.27.4-alpine', 'a4'));
});
afterEach(() => gateway.close());

const push = (reference: string, word: string) => ({ reference, digest: digest(word) });

describe('POST /v1/check', () => {
  it('tells which images have moved, and what is newer', async () => {
    const { status, body } = await post(gateway, '/v1/check', {
      images: [
        { image: 'nginx:1.27.3', digest: digest('three') },
        { image: 'nginx:1.27.3', digest: digest('before'), range: '^1.27' },
      ],
    });
    expect(status).toBe(200);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(body).toEqual({
      images: [
        {
          ...{ image: 'nginx:1.27.3', digest: digest('three'), moved: false, newest: null },
          ...{ certain: true, checkedAt: time, reason: null },
        },
        {
          ...{ image: 'nginx:1.27.3', digest: digest('three'), moved: true },
          newest: { tag: '1.28.0', digest: digest('next'), updatedAt: time },
          // Known by webhooks only: there may be tags that nobody announced.
          ...{ certain: false, checkedAt: null, reason: 'not-listed' },
        },
      ],
    });
  });

  it('takes the type that curl names by itself, and no other', async () => {
    const ask = (type: string) =>
      fetch(`${gateway.url}/v1/check`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '[{"image":"nginx:1.27.9"}]',
      });
    expect(await (await ask('application/x-www-form-urlencoded')).json()).toMatchObject({
      images: [{ digest: digest('nine') }],
    });
    expect((await ask('application/xml')).status).toBe(415);
    const faulty = await fetch(`${gateway.url}/v1/check`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'image=nginx',
    });
    expect([faulty.status, await faulty.json()]).toMatchObject([400, { errors: [{ code: 'BODY_INVALID' }] }]);
  });

  it('takes a digest twice if it is the same', async () => {
    const image = `nginx:1.27.9@${digest('nine')}`;
    const twice = (has: string) => post(gateway, '/v1/check', [{ image, digest: has }]);
    expect((await twice(digest('nine'))).body.images[0]?.moved).toBe(false);
    const { status, text } = await twice(digest('before'));
    expect([status, JSON.parse(text)]).toMatchObject([
      400,
      { errors: [{ code: 'PARAMETER_INVALID', detail: { parameter: 'images[0].digest' } }] },
    ]);
  });

  it('takes a list without an envelope too', async () => {
    const { body } = await post(gateway, '/v1/check', [{ image: 'nginx:1.27.9' }]);
    expect(body.images.map((each) => [each.image, each.digest])).toEqual([['nginx:1.27.9', digest('nine')]]);
  });

  it.each([
    { image: 'nginx', range: '^1.27', newest: '1.28.0' },
    { image: 'nginx:1.27.3', range: '~1.27', newest: '1.27.9' },
    { image: 'docker.io/library/nginx:1.27.3', range: '~1.27', newest: '1.27.9' },
    { image: 'nginx:~1.27', newest: '1.27.9' },
    { image: 'nginx:>=1.27 <1.27.9', newest: '1.27.4-alpine' },
    { image: 'nginx:1.27.3-alpine', range: '^1.27', newest: '1.27.4-alpine' },
    { image: 'nginx:1.27.3', range: '^2', newest: undefined },
  ])('finds the newest tag in the range of $image $range: $newest', async ({ newest, ...image }) => {
    const { body } = await post(gateway, '/v1/check', [image]);
    expect(body.images[0]?.newest?.tag).toBe(newest);
  });

  it.each([
    { image: 'nginx:1.99', digest: digest('x'), reason: 'unknown' },
    { image: 'never.example.com/heard/of:1', digest: digest('x'), reason: 'unknown' },
    { image: 'never.example.com/heard/of', range: '^1', reason: 'unknown' },
  ])('says that it does not know $image', async ({ reason, ...image }) => {
    const { body } = await post(gateway, '/v1/check', [image]);
    expect(body.images).toEqual([
      {
        ...{ image: image.image, digest: null, moved: null, newest: null },
        ...{ certain: false, checkedAt: null, reason },
      },
    ]);
  });

  it('says that a tag was deleted, and of one whose digest is still to come that it is not known', async () => {
    await gateway.publish({ reference: 'nginx:1.27.9', action: 'delete' });
    const { body } = await post(gateway, '/v1/check', [{ image: 'nginx:1.27.9', digest: digest('nine') }]);
    expect(body.images[0]).toMatchObject({ digest: null, moved: null, certain: false, reason: 'deleted' });
  });

  it('answers a thousand images, and refuses one more', async () => {
    const images = Array.from({ length: 1_000 }, () => ({ image: 'nginx:1.27.9', range: '^1' }));
    const { body } = await post(gateway, '/v1/check', { images });
    expect(body.images.filter(({ newest }) => newest?.tag === '1.28.0')).toHaveLength(1_000);
    const more = await post(gateway, '/v1/check', { images: [...images, { image: 'nginx' }] });
    expect(more.status).toBe(400);
    expect(more.body.errors[0]).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter: 'images' } });
  });

  it('refuses an image of 10,000 characters without repeating it', async () => {
    const refused = await post(gateway, '/v1/check', [{ image: `nginx:${'1'.repeat(10_000)}` }]);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0]?.detail?.parameter).toBe('images[0].image');
    expect(refused.text.length).toBeLessThan(200);
  });

  it.each([
    [{ images: [] }, 'images'],
    [{}, 'images'],
    [{ images: [{ image: 'nginx' }], more: 1 }, 'more'],
    [[{ image: 'nginx', tag: 'x' }], 'images[0].tag'],
    [[{ image: 7 }], 'images[0].image'],
    [[{ image: 'nginx' }, { image: 'NGINX' }], 'images[1].image'],
    [[{ image: 'nginx:1.27', digest: 'sha1:abc' }], 'images[0].digest'],
    [[{ image: 'nginx:1.27', digest: `md5:${'a'.repeat(32)}` }], 'images[0].digest'],
    [[{ image: 'nginx:1.27', range: '' }], 'images[0].range'],
    [[{ image: 'nginx:1.27', range: 'not a range' }], 'images[0].range'],
    [[{ image: 'nginx:^1.27', range: '^1.28' }], 'images[0].range'],
    [[{ image: 'nginx:1.27', platform: 'linux' }], 'images[0].platform'],
    [
      [{ image: 'a' }, { image: 'b' }, { image: 'c' }, { image: 'd', platform: 'foo/bar/baz/qux' }],
      'images[3].platform',
    ],
    [[{ image: 'a/../b:1' }], 'images[0].image'],
    ['text', 'body'],
  ])('refuses %j, naming %s', async (body, parameter) => {
    const refused = await post(gateway, '/v1/check', body);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0]).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter } });
    expect(refused.text.length).toBeLessThan(700);
  });
});

describe('GET /v1/check', () => {
  it('takes image repeatedly, with what the client has behind @', async () => {
    const { body } = await get(
      gateway,
      `/v1/check?image=nginx:1.27.9@${digest('nine')}&image=nginx:1.27.9@${digest('x')}&image=nginx:1.27.9`,
    );
    expect(body.images.map(({ moved }) => moved)).toEqual([false, true, null]);
  });

  it('takes one range for all', async () => {
    const { body } = await get(gateway, '/v1/check?image=nginx:1.27.3&image=nginx:1.27.3-alpine&range=~1.27');
    expect(body.images.map(({ newest }) => newest?.tag)).toEqual(['1.27.9', '1.27.4-alpine']);
  });

  it('needs an image', async () => {
    const { status, body } = await get(gateway, '/v1/check');
    expect([status, body.errors[0]?.detail?.parameter]).toEqual([400, 'image']);
  });
});

import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ManifeedError } from '../../../src/errors.ts';
import { serveApi } from '../../../src/http/api.ts';
import type { CallerGrant, Endpoint } from '../../../src/http/endpoint.ts';

const shown = { tag: 't', summary: 's', responses: { 200: { description: 'd', schema: z.string() } } };
const endpoints: readonly Endpoint[] = [
  { ...shown, method: 'get', path: '/open', mayCall: 'anyone', answersHead: true, handle: () => 'open' },
  { ...shown, method: 'put', path: '/admin', mayCall: 'admin', handle: () => 'admin' },
  { ...shown, method: 'get', path: '/metrics', mayCall: 'metrics', handle: () => 'metrics' },
  {
    ...shown,
    method: 'post',
    path: '/own',
    mayCall: 'sender',
    register: (server) => server.post('/own', () => 'own'),
  },
];

async function api(grant: CallerGrant) {
  const server = fastify({ exposeHeadRoutes: false });
  server.setErrorHandler((error, _request, reply) =>
    error instanceof ManifeedError ? reply.code(error.status).send(error.toBody()) : reply.send(error),
  );
  await serveApi(server, { version: '1', endpoints, authorise: () => grant });
  return server;
}

describe('serveApi', () => {
  it('serves every endpoint that the document names, and names every endpoint that it serves', async () => {
    const server = await api({ admin: true, metrics: true });
    const { paths } = (await server.inject('/openapi.json')).json();
    expect(Object.keys(paths)).toEqual(endpoints.map(({ path }) => path));
    for (const { method, path } of endpoints) {
      expect(Object.keys(paths[path])).toEqual([method]);
      expect((await server.inject({ method, url: path })).statusCode).toBe(200);
    }
  });

  it('answers HEAD only where the endpoint says so', async () => {
    const server = await api(null);
    expect((await server.inject({ method: 'HEAD', url: '/open' })).statusCode).toBe(200);
    expect((await server.inject({ method: 'HEAD', url: '/metrics' })).statusCode).toBe(404);
  });

  it.each([
    { grant: null, admin: 401, metrics: 401 },
    { grant: { admin: false, metrics: false }, admin: 403, metrics: 403 },
    { grant: { admin: false, metrics: true }, admin: 403, metrics: 200 },
    { grant: { admin: true, metrics: true }, admin: 200, metrics: 200 },
  ])('lets $grant call what its rights allow', async ({ grant, admin, metrics }) => {
    const server = await api(grant);
    expect((await server.inject({ method: 'PUT', url: '/admin' })).statusCode).toBe(admin);
    expect((await server.inject('/metrics')).statusCode).toBe(metrics);
    expect((await server.inject('/open')).statusCode).toBe(200);
  });

  it('documents the refusals of a right without being told', async () => {
    const server = await api(null);
    const { paths } = (await server.inject('/openapi.json')).json();
    expect(Object.keys(paths['/admin'].put.responses)).toEqual(['200', '401', '403']);
    expect(Object.keys(paths['/open'].get.responses)).toEqual(['200']);
    expect([paths['/admin'].put.security.length, paths['/own'].post.security.length]).toEqual([3, 0]);
  });
});

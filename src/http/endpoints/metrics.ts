import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import type { PrometheusMetrics } from '../metrics.ts';

/** `GET /metrics`. With open access anyone may call it. */
export function metrics(prometheus: Pick<PrometheusMetrics, 'contentType' | 'text'>): Endpoint {
  return {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    tag: 'operation',
    mayCall: 'metrics',
    responses: { 200: { description: 'Exposition', mediaType: 'text/plain', schema: z.string() } },
    handle: async (_request, reply) => reply.type(prometheus.contentType).send(await prometheus.text()),
  };
}

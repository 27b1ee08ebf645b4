import { json, type RegistryEndpoint } from '../endpoint.ts';

/** `GET /v2/`: says that this is a registry. Clients learn here, by a 401 before it, that a token is needed. */
export const ping: RegistryEndpoint = { of: 'root', route: [], handle: () => json({}) };

/** What makes a 404 the registry's own. */
export const registryHeaders = { 'docker-distribution-api-version': 'registry/2.0' };

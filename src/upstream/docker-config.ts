import { z } from 'zod';
import { canonicalRegistry, dockerHub } from '../event/reference.ts';
import { jsonOrNothing } from '../lib/json.ts';

/** A user's name and password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});

const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).optional(),
  credHelpers: z.record(z.string(), z.union([z.string(), entrySchema])).optional(),
});

/** Docker's own key of Docker Hub's entry, which goes before others of it. */
const hubKey = 'https://index.docker.io/v1/';

/**
 * The credentials for a registry in a Docker `config.json`: from `auths`, or from entries of `credHelpers` that
 * hold credentials. Helper programs are not run: that would run foreign code with the gateway's rights.
 *
 * @param text the file's content
 * @param host canonical registry host
 * @returns null if the file has none for the host
 * @throws Error if the file is no Docker config; the message quotes nothing of it
 */
export function credentialsFromDockerConfig(text: string, host: string): Credentials | null {
  const file = fileSchema.safeParse(jsonOrNothing(text));
  if (!file.success) throw new Error('read Docker config: not a Docker config.json: must be {"auths":{…}}');
  const { auths = {}, credHelpers = {} } = file.data;
  const others = [...Object.keys(auths), ...Object.keys(credHelpers)].filter((key) => hostOf(key) === host);
  for (const key of host === dockerHub ? [hubKey, ...others] : others) {
    for (const entry of [auths[key], credHelpers[key]]) {
      const credentials = typeof entry === 'object' ? credentialsOf(entry) : null;
      if (credentials !== null) return credentials;
    }
  }
  return null;
}

/** The registry of a key, a host or a URL, as Docker reads it; null: it is none. */
function hostOf(key: string): string | null {
  return canonicalRegistry(key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '');
}

function credentialsOf(entry: z.infer<typeof entrySchema>): Credentials | null {
  if (entry.username !== undefined && entry.password !== undefined) {
    return { username: entry.username, password: entry.password };
  }
  if (entry.auth === undefined) return null;
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  // Docker pads the password with NULs on some platforms.
  return colon < 1
    ? null
    : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
}

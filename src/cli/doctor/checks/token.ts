/** What the token may do. */
import { z } from 'zod';
import { FeedError } from '../../../../client/src/index.ts';
import { redirectOf } from '../../asking/fault.ts';
import { type Finding, failed, fine } from '../finding.ts';
import type { Means } from '../means.ts';
import { troubleOf } from '../trouble.ts';
import { answerOrError, question } from './question.ts';

const accessSchema = z.object({
  name: z.string().nullable(),
  repositories: z.array(z.string()),
  admin: z.boolean(),
  defaultRegistry: z.string(),
  gateway: z.string(),
});

/** What `GET /v1/access` tells (PROTOCOL.md, section 3). */
export type Access = z.infer<typeof accessSchema>;

/** Most patterns of a token that are shown. */
const maxShown = 3;

/** @returns what the token may do; null: not even that could be asked */
export async function examineToken(
  means: Means,
): Promise<{ readonly access: Access | null; readonly finding: Finding }> {
  const { token } = means.connection;
  const answer = await answerOrError(question(means, '/v1/access', { token }));
  if (answer instanceof FeedError) return { access: null, finding: refused(answer, token === undefined) };
  const { data, success } = accessSchema.safeParse(answer);
  if (!success) {
    const remedy = 'Use manifeed of the version that the gateway has';
    return { access: null, finding: failed('token', '/v1/access answers in another form', remedy) };
  }
  return { access: data, finding: fine('token', textOf(data)) };
}

function refused(error: FeedError, isMissing: boolean): Finding {
  const docs = 'docs/commands.md#doctor';
  if (error.code !== 'UNAUTHORIZED') {
    const { text, remedy, ...more } = troubleOf(error);
    return failed('token', text, remedy, more);
  }
  // It was not even sent.
  if (error.status === null)
    return failed('token', error.message, 'See that its file or variable holds the token alone', { docs });
  const elsewhere = redirectOf(error);
  if (elsewhere !== null) {
    const text = `this address redirects to ${elsewhere}, where no token is sent`;
    return failed('token', text, `Name ${elsewhere} with --gateway`, { docs });
  }
  if (isMissing)
    return failed('token', 'the gateway asks for a token, and none was given', 'Give one with --token-file', {
      docs,
    });
  const remedy =
    "Compare its SHA-256 with access[].sha256 of the gateway's configuration; manifeed token makes a new one";
  return failed('token', 'the gateway refuses this token: it does not know it', remedy, { docs });
}

function textOf({ name, repositories, admin, gateway }: Access): string {
  const more = repositories.length > maxShown ? ` and ${repositories.length - maxShown} more` : '';
  const seesAll = repositories.includes('**');
  const seen = seesAll ? 'all repositories' : `${repositories.slice(0, maxShown).join(', ')}${more}`;
  const also = admin ? ', and do what an administrator may' : '';
  if (name === null) return `none is needed: everybody may see ${seen}${also} (gateway ${gateway})`;
  return `it is ${name}, and may see ${seen}${also} (gateway ${gateway})`;
}

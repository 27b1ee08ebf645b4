import { openFeed } from '../../../client/src/index.ts';
import { gatewayUrl, session } from './gateway.ts';

/** One feed for all screens. Its streams begin when a screen asks for events. */
export const feed = openFeed(gatewayUrl, { token: () => session.token });

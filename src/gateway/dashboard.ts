/** Finds the built dashboard. */
import type { Config } from '../config/shape.ts';
import { type Dashboard, readDashboard } from '../http/dashboard/files.ts';
import type { Log } from '../lib/log.ts';
import { packageFolder } from '../lib/package-folder.ts';

/** Where the build puts it. */
const builtInto = new URL('dist/ui/', packageFolder);

interface DashboardOptions {
  readonly config: Pick<Config, 'ui'>;
  readonly log: Log;
  /** Default: where the build puts it. */
  readonly folder?: URL | undefined;
}

/** @returns null: it is switched off */
export async function openDashboard({
  config,
  log,
  folder = builtInto,
}: DashboardOptions): Promise<Dashboard | null> {
  if (!config.ui.enabled) return null;
  const dashboard = await readDashboard(folder);
  if ('missing' in dashboard)
    log.warn({ why: dashboard.missing }, 'no dashboard at /ui/: it is not built: run "npm run build"');
  return dashboard;
}

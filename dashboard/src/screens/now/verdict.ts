import type { Status, StatusWarning } from '../../gateway/status.ts';

/** One sentence that says how it is. The worst counts; what is on purpose (`info`) does not. */
export function verdictOf({ warnings }: Pick<Status, 'warnings'>): string {
  const critical = countOf(warnings, 'critical');
  if (critical > 0) return critical === 1 ? 'One thing needs you now' : `${critical} things need you now`;
  const mild = countOf(warnings, 'warning');
  if (mild > 0) return mild === 1 ? 'One thing to look at' : `${mild} things to look at`;
  return 'All is well';
}

function countOf(warnings: readonly StatusWarning[], severity: string): number {
  return warnings.filter((warning) => warning.severity === severity).length;
}

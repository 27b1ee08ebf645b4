import type { StatusWarning } from '../../gateway/status.ts';
import { docsUrl } from '../../lib/docs-url.ts';
import { warningPlace } from '../../lib/warning-place.ts';
import { Badge } from '../../parts/badge.tsx';
import { Breakable } from '../../parts/breakable.tsx';
import { Icon } from '../../parts/icon.tsx';

/** What an operator should know, the worst first: the cause, the cure, the setting, and where to read on. */
export function Warnings({ warnings }: { warnings: readonly StatusWarning[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings">
      {warnings.map((warning) => (
        <li key={`${warning.code} ${warning.about}`} class={warning.severity}>
          <Severity of={warning.severity} />
          <div>
            <p class="cause">
              {warning.about !== null && <strong>{warning.about}: </strong>}
              <Breakable text={warning.cause} />
            </p>
            <p>{warning.remedy}</p>
            <p class="muted">
              <Place of={warning} />
              {warning.setting !== null && (
                <span>
                  Setting <code>{warning.setting}</code>
                </span>
              )}
              <a href={docsUrl(warning.docs)} target="_blank" rel="noreferrer">
                Read more
                <Icon name="outside" />
              </a>
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Where the page itself has more of it: the remedy may name only a command. */
function Place({ of }: { of: StatusWarning }) {
  const place = warningPlace(of);
  return place === null ? null : <a href={place.href}>{place.words}</a>;
}

function Severity({ of }: { of: string }) {
  if (of === 'critical') return <Badge {...{ tone: 'bad', icon: 'critical' }}>Critical</Badge>;
  if (of === 'warning') return <Badge {...{ tone: 'warning', icon: 'warning' }}>Warning</Badge>;
  return <Badge {...{ tone: 'quiet', icon: 'info' }}>Note</Badge>;
}

import type { StatusWarning } from '../../gateway/status.ts';
import { docsUrl } from '../../lib/docs-url.ts';
import { warningHref } from '../../lib/warning-place.ts';
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
              <About of={warning} />
              <Breakable text={warning.cause} />
            </p>
            <p>{warning.remedy}</p>
            <p class="muted">
              {warning.setting !== null && (
                <>
                  Setting <code>{warning.setting}</code>{' '}
                </>
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

/** What it is about, with a link to its page. */
function About({ of }: { of: StatusWarning }) {
  if (of.about === null) return null;
  const href = warningHref(of);
  return <strong>{href === null ? of.about : <a href={href}>{of.about}</a>}: </strong>;
}

function Severity({ of }: { of: string }) {
  if (of === 'critical') return <Badge {...{ tone: 'bad', icon: 'critical' }}>Critical</Badge>;
  if (of === 'warning') return <Badge {...{ tone: 'warning', icon: 'warning' }}>Warning</Badge>;
  return <Badge {...{ tone: 'quiet', icon: 'info' }}>Note</Badge>;
}

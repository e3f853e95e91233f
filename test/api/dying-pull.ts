// A process of the HTTP interface that is killed while a client fetches. Arguments: at which step (`answered`: once it would answer).
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { perform } from '../../src/support/acts/act.ts';
import { leaseLeads, openPulling } from '../../src/support/acts/pull.ts';

const [at = ''] = process.argv.slice(2);
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const app = await openApp(loadConfig(), { log: silentLog });
const place = openPulling({
  ...app,
  step: (name) => {
    if (name === at) die();
  },
});
const scope = { kind: 'key', scopes: ['lead.pull'], clientId: 'essai' } as const;
const asked = { to: ['essai-pull'], input: {} };
const { items } = await perform(place, leaseLeads, { scope, actor: 'key:1' }, asked);
if (at === 'answered' && items.length > 0) die();
process.exit(9);

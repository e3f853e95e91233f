// A process of the HTTP interface that is killed while a client fetches. Arguments: at which step (`answered`: once it would answer).
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { createPulling } from '../../src/support/acts/pull.ts';

const [at = ''] = process.argv.slice(2);
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const app = await openApp(loadConfig(), { log: silentLog });
const pulling = createPulling({
  ...app,
  step: (name) => {
    if (name === at) die();
  },
});
const { items } = await pulling.lease({ scope: { clientId: 'essai' }, actor: 'key:1' }, 'essai-pull', 200);
if (at === 'answered' && items.length > 0) die();
process.exit(9);

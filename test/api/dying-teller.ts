// A process that tells the centre's tool what happened, until it is killed. Arguments: address, secret.
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { tellEvents } from '../../src/support/event-webhook.ts';

const [url = '', secret = ''] = process.argv.slice(2);
const config = loadConfig({
  ...process.env,
  RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
  RELAIS_ALLOW_PLAINTEXT: 'yes',
});
const { database } = await openApp(config, { log: silentLog });
await tellEvents({ database, network: config.network, log: silentLog }, { url, secrets: [secret] });
process.exit(9);

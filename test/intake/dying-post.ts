// A process that dies between the commit of a posted lead and its answer.
// Arguments: URL of the database, the key of the request in hex.
import { silentLog } from '../../src/log.ts';
import { createIntake } from '../../src/intake/accept.ts';
import { openDatabase } from '../../src/store/database.ts';
import { keyOf, postOf } from './posts.ts';

const [url = '', key = ''] = process.argv.slice(2);
const database = openDatabase({ url, connections: 3 });
const intake = createIntake({
  database,
  log: silentLog,
  digestKey: Buffer.alloc(32, 1),
  oppositionKey: Buffer.alloc(32, 2),
  snapshot: () => Promise.resolve(),
  secrets: { create: () => Promise.resolve(new Map()) },
  provenAfter: 0,
});
intake.onAccepted(() => void process.kill(process.pid, 'SIGKILL'));
await database.all('SELECT 1');
await intake.takePost(postOf('K-1', keyOf('K-1', Buffer.from(key, 'hex'))));

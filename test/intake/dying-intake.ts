// An intake process that dies over one lead, as an exhausted heap ends it: at once and without a word.
// Arguments: URL of the database, name of its keys schema, reference of the lead it dies over.
import { createIntake } from '../../src/intake/accept.ts';
import { silentLog } from '../../src/log.ts';
import { openDatabase } from '../../src/store/database.ts';

const [url = '', deadly = ''] = process.argv.slice(2);
const database = openDatabase({ url, connections: 3 });
const intake = createIntake({
  database,
  log: silentLog,
  digestKey: Buffer.alloc(32, 1),
  oppositionKey: Buffer.alloc(32, 2),
  snapshot: () => Promise.resolve(),
  secrets: {
    create: async (tx) => {
      const found = await tx.all('SELECT 1 FROM leads WHERE reference = ?', [deadly]);
      if (found.length > 0) process.kill(process.pid, 'SIGKILL');
      return new Map();
    },
  },
});
while ((await intake.acceptBatch(200)).taken > 0);
await database.close();

// A planner that dies over one lead, as an exhausted heap ends it. Arguments: URL of the database, reference of the lead.
import { createPlanner } from '../../src/delivery/plan.ts';
import { silentLog } from '../../src/log.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { createSign } from '../../src/privacy/macs.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { openDatabase } from '../../src/store/database.ts';

const [url = '', deadly = ''] = process.argv.slice(2);
const database = openDatabase({
  url,
  connections: 3,
  sign: createSign(createKeyRing([Buffer.alloc(32, 1)])),
});
const mapping = {
  accepts: ({ reference }: { reference: string }) => {
    if (reference === deadly) process.kill(process.pid, 'SIGKILL');
    return { yes: true };
  },
  actions: { create: {}, update: {}, erase: {} },
  updateOn: ['corrected'],
  maxAgeMs: 3_600_000,
} as unknown as CompiledMapping;
const planner = createPlanner({
  database,
  published: { version: () => Promise.resolve(mapping) },
  log: silentLog,
});
while ((await planner.planBatch(200)).taken > 0);
await database.close();

// A system that sends leads by SQL, as a process of its own: one row at a time, again until MySQL has committed it.
// Its words: URL of the intake account, rows a second. Prints each committed reference; SIGTERM ends it after the row in work.
import { openDatabase } from '../../../src/store/database.ts';
import { insertIntakeRows } from '../../../src/store/intake/intake.ts';

const [url = '', perSecond = '10'] = process.argv.slice(2);
const database = openDatabase({ url, connections: 1, silenceMs: 5_000 });
let stopping = false;
process.on('SIGTERM', () => void (stopping = true));

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
for (let number = 1; !stopping; number += 1) {
  const reference = `LAB-S-${String(number).padStart(6, '0')}`;
  const at = new Date();
  const recordedAt = at.toISOString();
  const row = {
    client_id: 'essai',
    kind: 'lead',
    reference,
    channel: 'web_form',
    collected_at: at,
    last_name: 'Martin',
    email: `essai.${number}@courriel.example`,
    mobile: `+336399800${String(number % 100).padStart(2, '0')}`,
    consents: JSON.stringify([{ purpose: 'marketing', channel: 'email', state: 'granted', recordedAt }]),
  };
  for (;;) {
    // An answer that was lost may belong to a committed row: the same row again is dropped as known.
    const committed = await insertIntakeRows(database, [row]).then(
      () => true,
      () => false,
    );
    if (committed) break;
    await pause(200);
  }
  process.stdout.write(`${reference}\n`);
  await pause(1_000 / Number(perSecond));
}
await database.close();

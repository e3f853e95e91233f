// C44: after a restore a client and a destination are given no number that was given since the backup.
import { nextNoteNumber } from '../../src/store/alerts/client-mails.ts';
import { raiseNumbers } from '../../src/store/backups/restores.ts';
import { takeSequence } from '../../src/store/destinations/destinations.ts';
import { insertVersion } from '../../src/store/destinations/mapping-versions.ts';
import type { Sql } from '../../src/store/database.ts';
import { insertInstruction } from '../../src/store/retention/register.ts';
import { openStoreHome } from '../store/home.ts';

const given = async (tx: Sql): Promise<readonly number[]> => {
  const { version } = await insertVersion(tx, {
    ...{ clientId: 'essai', destinationId: 'essai-crm', sources: '{}', author: 'tester', note: '' },
  });
  const instruction = await insertInstruction(tx, {
    ...{ clientId: 'essai', givenOn: '2026-11-02', givenBy: 'Mme Exemple', document: 'annexe 4' },
    ...{ covers: ['statistics'], operation: '', recordedBy: 'tester' },
  });
  return [await takeSequence(tx, 'essai-crm'), await nextNoteNumber(tx, 'essai'), instruction, version];
};

test('files, notes, instructions and versions go on above all that its age allows; a second restore goes on above the first', async () => {
  const home = await openStoreHome();
  const { owner } = home;
  await owner.run(
    "INSERT INTO destination_states (destination_id, client_id, circuit) VALUES ('essai-crm', 'essai', '{}')",
  );
  const give = (): Promise<readonly number[]> => owner.transaction(given);
  const raise = (): Promise<void> => owner.transaction((tx) => raiseNumbers(tx, { files: 300, others: 100 }));
  // A client without a number yet may have been given its first ones since the backup.
  await raise();
  expect(await give()).toEqual([301, 101, 101, 101]);
  expect(await give()).toEqual([302, 102, 102, 102]);
  await raise();
  await raise();
  expect(await give()).toEqual([903, 303, 303, 303]);
  await home.close();
});
